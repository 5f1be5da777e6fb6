package ledgertest

import (
	"encoding/hex"
	"slices"
	"sync"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// Channel is the name of every ledger's channel.
const Channel = "loyalty"

const regulator = "regulator"

// Ledger is a channel in memory.
type Ledger struct {
	Organisations []*Organisation // Brands in order, then the regulator.
	Brands        []*Organisation
	Genesis       string // Hash of block 0's header, hex.
	Now           int64  // Time of clearing's last transaction, Unix seconds.

	t          testing.TB
	programmes map[string]*Programme
	pending    []pendingTx
	hasher     blocks.CommitHasher

	people    sync.Mutex // Held by a call of People and the cut of its block.
	executing sync.Mutex // Guards the state and what is pending.
	state     map[string]map[string]record
	private   map[collection]map[string]record

	mu    sync.Mutex
	chain []blocks.Delivered
	grown chan struct{} // Closed and replaced when a block is added.
}

type record struct {
	value   []byte
	version *kvrwset.Version
}

// collection is a private data collection of a namespace.
type collection struct{ namespace, name string }

type pendingTx struct {
	envelope   []byte
	private    *rwset.TxPvtReadWriteSet
	simulation *simulation
	proposal   Proposal
}

// Proposal is an invocation and who endorses it.
type Proposal struct {
	Caller    *Identity
	Chaincode string
	Function  string
	Document  []byte
	Transient map[string][]byte
	Time      int64 // Unix seconds.
	Endorsers []*Identity

	Tamper func(*engine.Effects) // Changes what the endorsers sign; nil leaves it as the engine gave it.
	Alter  func(Footprint)       // The same, of all chaincodes that the call came through.
	As     *Invocation           // What the client's signed proposal says instead of what is executed: the endorsers' chaincode is another one.
	Signed []*Identity           // Who endorses instead of those who executed.
	Code   peer.TxValidationCode // Forces a validation code; the zero value lets the ledger judge read conflicts.
}

// Invocation is a function of a proposal's chaincode and its document.
type Invocation struct {
	Function string
	Document []byte
}

// New makes a ledger with a genesis block for these brands and a regulator.
func New(t testing.TB, brands ...string) *Ledger {
	t.Helper()
	l := &Ledger{t: t, programmes: map[string]*Programme{}, Now: Start, state: map[string]map[string]record{}, private: map[collection]map[string]record{}, grown: make(chan struct{})}
	for _, b := range brands {
		l.Brands = append(l.Brands, NewOrganisation(t, b, MSPOf(b)))
	}
	l.Organisations = append(slices.Clone(l.Brands), NewOrganisation(t, regulator, MSPOf(regulator)))
	l.AppendConfig(0, l.Organisations, msp.MSPRole_ORDERER)
	h, err := blocks.HeaderHash(l.chain[0].Block.Header)
	must(t, err)
	l.Genesis = hex.EncodeToString(h)
	return l
}

// AppendConfig adds a block with a channel configuration of these members, whose orderer organisations let identities of one role write blocks.
func (l *Ledger) AppendConfig(sequence uint64, members []*Organisation, writers msp.MSPRole_MSPRoleType) {
	l.t.Helper()
	header := &common.Header{
		ChannelHeader:   marshal(l.t, &common.ChannelHeader{Type: int32(common.HeaderType_CONFIG), ChannelId: Channel}),
		SignatureHeader: marshal(l.t, &common.SignatureHeader{Creator: l.Brands[0].Orderer.serialised(l.t)}),
	}
	payload := marshal(l.t, &common.Payload{Header: header, Data: marshal(l.t, configEnvelope(l.t, sequence, members, l.Brands, writers))})
	l.append([][]byte{marshal(l.t, &common.Envelope{Payload: payload})}, []byte{byte(peer.TxValidationCode_VALID)}, nil)
}

// Submit executes, endorses and queues a transaction for the next block, and returns its id; a refused call returns the engine's error and queues nothing.
func (l *Ledger) Submit(p Proposal) (string, error) {
	l.t.Helper()
	e, err := l.Endorse(p)
	if err != nil {
		return "", err
	}
	l.Queue(e)
	return e.ID, nil
}

// Endorsed is a transaction that was executed and endorsed, and that nobody has ordered.
type Endorsed struct {
	ID string

	tx pendingTx
}

// Endorse executes and endorses a transaction on the committed state; a refused call returns the engine's error.
func (l *Ledger) Endorse(p Proposal) (*Endorsed, error) {
	l.t.Helper()
	l.executing.Lock()
	defer l.executing.Unlock()
	s, err := l.simulate(p)
	if err != nil {
		return nil, err
	}
	results, private := s.encode(l.t)
	raw, id := envelope(l.t, p.recorded(), Channel, results, s.effects)
	return &Endorsed{ID: id, tx: pendingTx{raw, private, s, p}}, nil
}

// Queue puts an endorsed transaction into the next block.
func (l *Ledger) Queue(e *Endorsed) {
	l.executing.Lock()
	defer l.executing.Unlock()
	l.pending = append(l.pending, e.tx)
}

// recorded is the proposal as the block tells it.
func (p Proposal) recorded() Proposal {
	if p.As != nil {
		p.Function, p.Document = p.As.Function, p.As.Document
	}
	if p.Signed != nil {
		p.Endorsers = p.Signed
	}
	return p
}

// Evaluate executes a call on the committed state and returns its answer; nothing comes of it.
func (l *Ledger) Evaluate(p Proposal) ([]byte, error) {
	l.t.Helper()
	l.executing.Lock()
	defer l.executing.Unlock()
	s, err := l.simulate(p)
	if err != nil {
		return nil, err
	}
	return s.effects.Response, nil
}

// Cut validates what is queued, applies it and adds the block.
func (l *Ledger) Cut() blocks.Delivered {
	l.t.Helper()
	l.executing.Lock()
	defer l.executing.Unlock()
	number := uint64(len(l.chain))
	data, filter := make([][]byte, len(l.pending)), make([]byte, len(l.pending))
	private := map[uint64]*rwset.TxPvtReadWriteSet{}
	for i, p := range l.pending {
		data[i] = p.envelope
		if p.private != nil {
			private[uint64(i)] = p.private
		}
		code := l.judge(p)
		filter[i] = byte(code)
		if code == peer.TxValidationCode_VALID {
			l.apply(p, &kvrwset.Version{BlockNum: number, TxNum: uint64(i)})
		}
	}
	l.pending = nil
	return l.append(data, filter, private)
}

func (l *Ledger) judge(p pendingTx) peer.TxValidationCode {
	if p.proposal.Code != peer.TxValidationCode_VALID {
		return p.proposal.Code
	}
	for namespace, reads := range p.simulation.reads {
		if stale(reads, l.state[namespace]) {
			return peer.TxValidationCode_MVCC_READ_CONFLICT
		}
	}
	for c, reads := range p.simulation.privateReads {
		if stale(reads, l.private[c]) {
			return peer.TxValidationCode_MVCC_READ_CONFLICT
		}
	}
	return peer.TxValidationCode_VALID
}

// stale says whether any of the keys has another version by now.
func stale(reads map[string]*kvrwset.Version, state map[string]record) bool {
	for key, version := range reads {
		now := state[key].version
		if (now == nil) != (version == nil) || now != nil && (now.BlockNum != version.BlockNum || now.TxNum != version.TxNum) {
			return true
		}
	}
	return false
}

func (l *Ledger) apply(p pendingTx, v *kvrwset.Version) {
	for namespace, writes := range p.simulation.writes {
		if l.state[namespace] == nil {
			l.state[namespace] = map[string]record{}
		}
		for _, w := range writes {
			put(l.state[namespace], w.Key, record{w.Value, v})
		}
	}
	for c, writes := range p.simulation.privateWrites {
		if l.private[c] == nil {
			l.private[c] = map[string]record{}
		}
		for _, w := range writes {
			put(l.private[c], w.Key, record{w.Value, v})
		}
	}
}

// put writes a record; one without a value deletes.
func put(state map[string]record, key string, r record) {
	if r.value == nil {
		delete(state, key)
		return
	}
	state[key] = r
}

// append seals, signs and adds a block.
func (l *Ledger) append(data [][]byte, filter []byte, private map[uint64]*rwset.TxPvtReadWriteSet) blocks.Delivered {
	block := &common.Block{
		Header:   &common.BlockHeader{Number: uint64(len(l.chain))},
		Data:     &common.BlockData{Data: data},
		Metadata: &common.BlockMetadata{Metadata: make([][]byte, len(common.BlockMetadataIndex_name))},
	}
	block.Header.DataHash = DataHash(block)
	if len(l.chain) > 0 {
		var err error
		block.Header.PreviousHash, err = blocks.HeaderHash(l.chain[len(l.chain)-1].Block.Header)
		must(l.t, err)
	}
	block.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER] = filter
	delivered := blocks.Delivered{Block: block, Private: private}
	l.SignBlock(delivered)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.chain = append(l.chain, delivered)
	close(l.grown)
	l.grown = make(chan struct{})
	return delivered
}

// SignBlock signs a block as the first brand's ordering node and adds the commit hash; the genesis block gets neither. The commit hash is chained: blocks are
// signed once, in order.
func (l *Ledger) SignBlock(d blocks.Delivered) {
	if d.Block.Header.Number > 0 {
		l.ReplaceSignature(d.Block, l.Brands[0].Orderer)
	}
	decoded, err := d.Decode()
	must(l.t, err)
	if hash := l.hasher.Next(decoded); hash != nil {
		d.Block.Metadata.Metadata[common.BlockMetadataIndex_COMMIT_HASH] = marshal(l.t, &common.Metadata{Value: hash})
	}
}

// ReplaceSignature signs a block's header anew.
func (l *Ledger) ReplaceSignature(b *common.Block, signer *Identity) {
	value := marshal(l.t, &common.OrdererBlockMetadata{LastConfig: &common.LastConfig{}})
	header := marshal(l.t, &common.SignatureHeader{Creator: signer.serialised(l.t), Nonce: []byte("nonce")})
	b.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = marshal(l.t, &common.Metadata{
		Value: value, Signatures: []*common.MetadataSignature{{SignatureHeader: header, Signature: signer.sign(l.t, value, header, asn1Header(l.t, b.Header))}},
	})
}

// State returns the committed value of a key; nil when there is none.
func (l *Ledger) State(namespace, key string) []byte {
	l.executing.Lock()
	defer l.executing.Unlock()
	return l.state[namespace][key].value
}

// Private returns the committed value of a key of a private data collection; nil when there is none.
func (l *Ledger) Private(namespace, name, key string) []byte {
	l.executing.Lock()
	defer l.executing.Unlock()
	return l.private[collection{namespace, name}][key].value
}

// MSPOf is the MSP id of a member: AirlineMSP for airline.
func MSPOf(name string) string { return string(name[0]-'a'+'A') + name[1:] + "MSP" }

// member finds an organisation by its name.
func (l *Ledger) member(name string) *Organisation {
	l.t.Helper()
	i := slices.IndexFunc(l.Organisations, func(o *Organisation) bool { return o.Name == name })
	if i < 0 {
		l.t.Fatalf("the ledger has no member %s", name)
	}
	return l.Organisations[i]
}

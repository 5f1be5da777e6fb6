package sequencer

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
)

const (
	programmeName = "airline"
	issuer        = "AirlineMSP"
	patience      = time.Minute // A test that waits longer for an event has failed.
)

// fate is what becomes of a submitted transaction.
type fate int

const (
	committed   fate = iota
	lostAnswer       // Ordered, but the submitter is told otherwise.
	lost             // Never ordered, though the submitter is told that it was.
	refusedAck       // Never ordered, and the submitter is told so.
	held             // Ordered later, when the test says so.
	conflicting      // Ordered behind somebody else's write to a record that it has read.
)

// world is a ledger in memory with Fabric's semantics: endorsement reads committed state only, commitment checks the versions that were read. The
// real engine runs in it, and the real tables are written. It fails on demand in every way that a network does.
type world struct {
	t     testing.TB
	key   *ecdsa.PrivateKey
	ahead atomic.Int64 // Nanoseconds that the world's clock runs ahead of the machine's.

	programs rules.Cache

	mu        sync.Mutex
	state     map[string]stored
	chain     []block
	heldBack  []*attempt
	serial    int
	onEndorse func(request *wire.BatchRequest) error // Called before each endorsement; nil: nothing fails.
	onSubmit  func(request *wire.BatchRequest) fate  // nil: everything commits.
	listeners []func(projection.Outcome)
	store     *store.Store
	submitted chan struct{} // Holds a token after a submission.
}

type stored struct {
	value   []byte
	version int
}

type block struct {
	attempt *attempt
	event   wire.BatchEvent
	effects engine.Effects
	code    peer.TxValidationCode
}

// attempt is an endorsed batch.
type attempt struct {
	world   *world
	id      string
	request wire.BatchRequest
	details []byte
	reads   map[string]int
	effects engine.Effects
}

// newWorld founds a programme; the changes are made to it before.
func newWorld(t testing.TB, change ...func(*points.Programme)) *world {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, key: key, state: map[string]stored{}, submitted: make(chan struct{}, 1)}
	w.store = w.open(filepath.Join(t.TempDir(), "gateway.db"))
	programme := w.founded()
	for _, f := range change {
		f(&programme)
	}
	w.put(engine.ProgrammeKey(), programme)
	return w
}

// put commits a record that no batch writes.
func (w *world) put(key string, value any) {
	raw, err := wire.Encode(value)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state[key] = stored{raw, w.state[key].version + 1}
}

// get reads a committed record; false when there is none.
func (w *world) get(key string, into any) bool {
	w.mu.Lock()
	raw := w.state[key].value
	w.mu.Unlock()
	if raw == nil {
		return false
	}
	if err := wire.DecodeRecord(raw, into); err != nil {
		w.t.Error(err)
	}
	return true
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) open(path string) *store.Store {
	s, err := store.Open(context.Background(), path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.Close() })
	return s
}

func (w *world) founded() points.Programme {
	public, err := points.EncodePublicKey(&w.key.PublicKey)
	if err != nil {
		w.t.Fatal(err)
	}
	return points.Programme{
		V: 1, Brand: programmeName, MSP: issuer, Genesis: "00", DisplayName: "Miles", Currency: "GBP", BusinessDate: quantity.DayOf(time.Now().Unix()), Engine: 1,
		Terms: []terms.Terms{{
			Version: 1, Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30, UnreferencedReturns: true, Expiry: lots.Expiry{Kind: lots.Never},
			Transfers: terms.Transfers{Customer: true}, HoldMaxSeconds: 3600,
		}},
		Custodians: []points.CustodianKey{{Version: 1, Key: public}},
	}
}

// Programme implements Programmes.
func (w *world) Programme(context.Context, string) (points.Programme, error) {
	var p points.Programme
	w.get(engine.ProgrammeKey(), &p)
	return p, nil
}

// publish puts a rule set in force.
func (w *world) publish(set *rules.Set) {
	hash, err := wire.Hash(set)
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(engine.RuleSetKey(set.Version), set)
	p, _ := w.Programme(context.Background(), programmeName)
	p.RuleSets = append(p.RuleSets, points.Publication{Version: set.Version, Effective: set.Effective, Hash: hash})
	w.put(engine.ProgrammeKey(), p)
}

// advance moves the business date.
func (w *world) advance(days int) {
	p, _ := w.Programme(context.Background(), programmeName)
	p.BusinessDate += quantity.Day(days)
	w.put(engine.ProgrammeKey(), p)
}

// approve lets another organisation approve an operation.
func (w *world) approve(o *points.Operation) {
	digest, err := wire.Hash(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(engine.ApprovalKey(o.ID), points.Approval{V: 1, Operation: o.ID, Digest: digest, MSP: "HotelMSP", At: w.now().Unix()})
}

// Record implements Records.
func (w *world) Record(_ context.Context, _, object, id string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, r := range w.state {
		if found, attributes, err := engine.ParseKey(key); err == nil && found == object && len(attributes) == 1 && attributes[0] == id && r.value != nil {
			return r.value, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no %s %s", object, id)
}

// accounts gives every account.
func (w *world) accounts() []*points.Account {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*points.Account
	for key, r := range w.state {
		if object, _, err := engine.ParseKey(key); err != nil || object != engine.ObjectAccount || r.value == nil {
			continue
		}
		a := new(points.Account)
		if err := wire.DecodeRecord(r.value, a); err != nil {
			w.t.Error(err)
		}
		all = append(all, a)
	}
	return all
}

// Due implements Dues.
func (w *world) Due(_ context.Context, _ string, day quantity.Day, now int64, limit int) ([]points.AccountID, error) {
	p, _ := w.Programme(context.Background(), programmeName)
	var due []points.AccountID
	for _, a := range w.accounts() {
		gone := slices.ContainsFunc(slices.Concat(a.Lots, a.Suspense), func(l lots.Lot) bool {
			expiry := p.ExpiryOf(a, l)
			return expiry != 0 && expiry <= day
		})
		lapsed := slices.ContainsFunc(a.Holds, func(h points.Hold) bool { return h.Until <= now })
		if (gone || lapsed) && len(due) < limit {
			due = append(due, a.ID)
		}
	}
	return due, nil
}

// Disclosed implements Disclosures.
func (w *world) Disclosed(_ context.Context, id points.OperationID) (*points.Disclosed, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.chain {
		for i, r := range b.event.Receipts {
			if r.Operation != id {
				continue
			}
			details, salt, err := wire.DecodeDetails(b.attempt.details, b.attempt.request.Operations)
			return &points.Disclosed{Salt: hex.EncodeToString(wire.OperationSalt(salt, id)), Details: details.Operations[i]}, err
		}
	}
	return nil, fault.New(fault.NotFound, "the ledger has no operation %s", id)
}

// original is a committed receipt with its proof.
func (w *world) original(id points.OperationID) *points.Original {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.chain {
		i := slices.IndexFunc(b.event.Receipts, func(r points.Receipt) bool { return r.Operation == id })
		if i < 0 {
			continue
		}
		leaves, err := wire.Leaves(b.event.Receipts)
		if err != nil {
			w.t.Fatal(err)
		}
		path, err := wire.Prove(leaves, i)
		if err != nil {
			w.t.Fatal(err)
		}
		return &points.Original{Receipt: b.event.Receipts[i], Proof: points.InclusionProof{
			MSP: b.event.MSP, Lane: b.event.Lane, Seq: b.event.Seq, Index: i, Size: len(leaves), Hashes: path,
		}}
	}
	w.t.Fatalf("the ledger has no receipt of operation %s", id)
	return nil
}

// snapshot is the committed state as one endorsement reads it.
type snapshot struct {
	world *world
	reads map[string]int
}

func (s snapshot) Get(keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, k := range keys {
		r := s.world.state[k]
		values[i], s.reads[k] = r.value, r.version
	}
	return values, nil
}

func (s snapshot) Private(string, []string) ([][]byte, error) {
	return nil, errors.New("no private data here")
}

func (s snapshot) PrivateHash(string, string) ([]byte, error) {
	return nil, errors.New("no private hashes here")
}

func (s snapshot) Invoke(string, string, []byte) ([]byte, error) {
	return nil, errors.New("no other chaincode here")
}

// EndorseBatch implements Ledger.
func (w *world) EndorseBatch(ctx context.Context, build func() (ledger.Batch, error)) (Transaction, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	b, err := build()
	at := w.now()
	for ; err == nil && !b.NotAfter.IsZero() && !at.Before(b.NotAfter); at = w.now() {
		b, err = build() // As the real facade does when the machine stood still.
	}
	if err != nil {
		return nil, err
	}
	var request wire.BatchRequest
	if err := wire.Decode(b.Document, wire.MaxDocument, &request); err != nil {
		return nil, err
	}
	w.mu.Lock()
	fail := w.onEndorse
	w.mu.Unlock()
	if fail != nil {
		if err := fail(&request); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a, err := w.endorse(b.Document, b.Details, at)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// endorse runs the engine on the committed state.
func (w *world) endorse(document, details []byte, at time.Time) (*attempt, error) {
	w.serial++
	a := &attempt{world: w, id: fmt.Sprintf("tx%d", w.serial), details: details, reads: map[string]int{}}
	if err := wire.Decode(document, wire.MaxDocument, &a.request); err != nil {
		return nil, refusalOf(err)
	}
	var err error
	a.effects, err = engine.Points(engine.Call{
		Chaincode: engine.PointsPrefix + programmeName, Function: wire.FnSubmitBatch, Document: document, Time: at.Unix(),
		Caller: engine.Identity{MSP: issuer, Role: engine.RoleGateway}, Transient: map[string][]byte{wire.DetailsTransient: details},
		Programs: &w.programs,
	}, snapshot{w, a.reads})
	if err != nil {
		return nil, refusalOf(err)
	}
	return a, nil
}

func refusalOf(err error) error {
	class := ledger.Refused
	if fault.CodeOf(err) == fault.LaneSequence {
		class = ledger.LaneMoved
	}
	return &ledger.Failure{Class: class, Code: fault.CodeOf(err), Text: err.Error()}
}

func unavailable() error {
	return &ledger.Failure{Class: ledger.Retry, Code: fault.LedgerUnavailable, Text: "on demand"}
}

// TxID implements Transaction.
func (a *attempt) TxID() string { return a.id }

// Submit implements Transaction.
func (a *attempt) Submit(ctx context.Context) error {
	w := a.world
	defer func() {
		select {
		case w.submitted <- struct{}{}:
		default:
		}
	}()
	w.mu.Lock()
	choose := w.onSubmit
	w.mu.Unlock()
	become := committed
	if choose != nil {
		become = choose(&a.request)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch become {
	case lost:
		return nil
	case refusedAck:
		return unavailable()
	case held:
		w.mu.Lock()
		w.heldBack = append(w.heldBack, a)
		w.mu.Unlock()
		return nil
	case conflicting:
		w.mu.Lock()
		for k := range a.reads {
			w.state[k] = stored{w.state[k].value, w.state[k].version + 1}
		}
		w.mu.Unlock()
	}
	w.order(a)
	if become == lostAnswer {
		return unavailable()
	}
	return nil
}

// release orders what was held back.
func (w *world) release() int {
	w.mu.Lock()
	late := w.heldBack
	w.heldBack = nil
	w.mu.Unlock()
	for _, a := range late {
		w.order(a)
	}
	return len(late)
}

// order makes a block of one attempt, writes the tables and tells the listeners.
func (w *world) order(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := block{attempt: a, effects: a.effects, code: peer.TxValidationCode_VALID}
	for k, version := range a.reads {
		if w.state[k].version != version {
			b.code = peer.TxValidationCode_MVCC_READ_CONFLICT
		}
	}
	if b.code == peer.TxValidationCode_VALID {
		if err := json.Unmarshal(a.effects.EventPayload, &b.event); err != nil {
			w.t.Error(err)
		}
		for _, write := range a.effects.Writes {
			w.state[write.Key] = stored{write.Value, w.state[write.Key].version + 1}
		}
	}
	w.chain = append(w.chain, b)
	w.project(len(w.chain) - 1)
}

// project writes a block into the tables, as the projection does, and tells of it.
func (w *world) project(n int) {
	b := &w.chain[n]
	changes := store.Changes{Checkpoint: store.Checkpoint{Block: uint64(n), Hash: fmt.Sprint(n)}}
	o := projection.Outcome{
		Block: uint64(n), TxID: b.attempt.id, Code: b.code, Programme: programmeName, MSP: issuer, Lane: b.attempt.request.Lane, Seq: b.attempt.request.Seq,
	}
	if o.Valid() {
		o.Receipts = b.event.Receipts
		changes.Batches = []store.BatchRow{w.batchRow(n)}
	}
	if err := w.store.Project(context.Background(), changes); err != nil {
		w.t.Error(err)
	}
	for _, tell := range w.listeners {
		tell(o)
	}
}

func (w *world) batchRow(n int) store.BatchRow {
	b := &w.chain[n]
	row := store.BatchRow{
		Programme: programmeName, MSP: issuer, Lane: b.event.Lane, Seq: b.event.Seq, Root: b.event.Root, Block: uint64(n), Tx: b.attempt.id,
		TxTime: time.Now().UnixMilli(), Event: b.effects.EventPayload, Recover: func() ([]store.NewOperation, error) { return recovered(b.attempt) },
	}
	for _, r := range b.event.Receipts {
		body, err := wire.Encode(r)
		if err != nil {
			w.t.Error(err)
		}
		row.Receipts = append(row.Receipts, store.ReceiptRow{Receipt: r, Body: body})
	}
	return row
}

// recovered rebuilds outbox rows from what stands on the ledger, as the projection does.
func recovered(a *attempt) ([]store.NewOperation, error) {
	if len(a.request.Operations) == 0 {
		return nil, nil
	}
	details, _, err := wire.DecodeDetails(a.details, a.request.Operations)
	if err != nil {
		return nil, err
	}
	var all []store.NewOperation
	for i, o := range a.request.Operations {
		d := details.Operations[i]
		document, err := wire.Encode(o)
		if err != nil {
			return nil, err
		}
		private, err := wire.Encode(d)
		if err != nil {
			return nil, err
		}
		all = append(all, store.NewOperation{
			ID: o.ID, Kind: o.Kind, Account: o.Account, To: o.To, Shop: o.Shop, Natural: d.Natural, Idempotency: d.Idempotency, Request: d.Request, Lookup: d.Lookup,
			Document: document, Details: private,
		})
	}
	return all, nil
}

// replay brings a database that was put back up to date: every block behind its checkpoint is written again.
func (w *world) replay(s *store.Store) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.store = s
	checkpoint, found, err := s.Checkpoint(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	from := 0
	if found {
		from = int(checkpoint.Block) + 1
	}
	for n := from; n < len(w.chain); n++ {
		w.project(n)
	}
}

// receipts gives everything that the ledger has decided, in its order.
func (w *world) receipts() []points.Receipt {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []points.Receipt
	for _, b := range w.chain {
		if b.code == peer.TxValidationCode_VALID {
			all = append(all, b.event.Receipts...)
		}
	}
	return all
}

// account gives an account; an empty one when the ledger has none of this id.
func (w *world) account(id points.AccountID) points.Account {
	var a points.Account
	w.get(engine.AccountKey(id), &a)
	return a
}

func (w *world) posted(id points.AccountID) quantity.Points { return w.account(id).Posted }

func (w *world) setFaults(onEndorse func(*wire.BatchRequest) error, onSubmit func(*wire.BatchRequest) fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onEndorse, w.onSubmit = onEndorse, onSubmit
}

// decidedOnce fails unless the ledger has decided each of these operations exactly once.
func (w *world) decidedOnce(ids ...points.OperationID) {
	w.t.Helper()
	times := map[points.OperationID]int{}
	for _, r := range w.receipts() {
		times[r.Operation]++
	}
	for _, id := range ids {
		if times[id] != 1 {
			w.t.Errorf("operation %s was decided %d times", id, times[id])
		}
	}
}

func (w *world) codes() []fault.Code {
	var codes []fault.Code
	for _, r := range w.receipts() {
		if !slices.Contains(codes, r.Code) {
			codes = append(codes, r.Code)
		}
	}
	return codes
}

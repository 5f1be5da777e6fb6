package engine

import (
	"sort"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// submitBatch applies one pinned batch: it reads each record once, applies the operations in order, and writes each record once.
func submitBatch(c Call, s State) (Effects, error) {
	var request wire.BatchRequest
	if err := wire.Decode(c.Document, wire.MaxDocument, &request); err != nil {
		return Effects{}, err
	}
	if err := request.Validate(); err != nil {
		return Effects{}, err
	}
	programme, err := loadProgramme(c, s)
	if err != nil {
		return Effects{}, err
	}
	if err := requireRole(c, programme.MSP, RoleGateway); err != nil {
		return Effects{}, err
	}
	b := &batch{call: c, request: &request, programme: programme}
	if err := b.load(s); err != nil {
		return Effects{}, err
	}
	if err := b.gatherFacts(); err != nil {
		return Effects{}, err
	}
	b.apply()
	return b.effects()
}

// batch is a batch under way.
type batch struct {
	call      Call
	request   *wire.BatchRequest
	programme *points.Programme
	lane      points.Lane
	book      *points.Book
	originals map[string]points.Batch // By batch key, of the batches that returns refer to.
	before    map[string][]byte       // What was loaded, by key: a record that ends as it was is not written.
	facts     []points.Facts
	receipts  []points.Receipt
}

// load reads the lane, the accounts, the reversals and the batches that returns refer to, in one go.
func (b *batch) load(s State) error {
	keys := b.keys()
	values, err := s.Get(keys)
	if err != nil {
		return err
	}
	b.before = make(map[string][]byte, len(keys))
	for i, key := range keys {
		b.before[key] = values[i]
	}
	b.lane = points.Lane{V: 1, MSP: b.call.Caller.MSP, N: b.request.Lane}
	if _, err := b.decode(LaneKey(b.lane.MSP, b.lane.N), &b.lane); err != nil {
		return err
	}
	if b.request.Seq != b.lane.Seq+1 {
		return fault.New(fault.LaneSequence, "lane %d of %s stands at %d", b.lane.N, b.lane.MSP, b.lane.Seq)
	}
	return b.fillBook()
}

// keys lists every key that the batch reads, each once, in an order that follows from the request alone.
func (b *batch) keys() []string {
	keys := []string{LaneKey(b.call.Caller.MSP, b.request.Lane)}
	seen := map[string]bool{}
	add := func(key string) {
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	for i := range b.request.Operations {
		o := &b.request.Operations[i]
		if o.Kind == points.KindOpen {
			add(ExistsKey(o.Account))
			continue
		}
		for _, id := range o.Touched() {
			add(AccountKey(id))
		}
		if id, ok := o.Reverses(); ok {
			add(ReversalKey(id))
			p := o.Original.Proof
			add(BatchKey(p.MSP, p.Lane, p.Seq))
		}
	}
	return keys
}

func (b *batch) decode(key string, v any) (bool, error) {
	raw := b.before[key]
	if raw == nil {
		return false, nil
	}
	return true, wire.DecodeRecord(raw, v)
}

func (b *batch) fillBook() error {
	b.book = &points.Book{
		Programme: b.programme, Totals: b.lane.Totals, Now: b.call.Time,
		Accounts: map[points.AccountID]*points.Account{}, Reversals: map[points.OperationID]*points.Reversal{}, Taken: map[points.AccountID]bool{},
	}
	b.originals = map[string]points.Batch{}
	for i := range b.request.Operations {
		o := &b.request.Operations[i]
		if o.Kind == points.KindOpen {
			b.book.Taken[o.Account] = b.before[ExistsKey(o.Account)] != nil
			continue
		}
		for _, id := range o.Touched() {
			if err := b.loadAccount(id); err != nil {
				return err
			}
		}
		if err := b.loadReversal(o); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) loadAccount(id points.AccountID) error {
	if _, done := b.book.Accounts[id]; done {
		return nil
	}
	account := new(points.Account)
	there, err := b.decode(AccountKey(id), account)
	if err != nil || !there {
		return err
	}
	b.book.Accounts[id] = account
	return nil
}

func (b *batch) loadReversal(o *points.Operation) error {
	id, ok := o.Reverses()
	if !ok {
		return nil
	}
	reversal := new(points.Reversal)
	there, err := b.decode(ReversalKey(id), reversal)
	if err != nil {
		return err
	}
	if there {
		b.book.Reversals[id] = reversal
	}
	p := o.Original.Proof
	key := BatchKey(p.MSP, p.Lane, p.Seq)
	var original points.Batch
	there, err = b.decode(key, &original)
	if there {
		b.originals[key] = original
	}
	return err
}

// gatherFacts finds out, for each operation, what takes decoding and hashing.
func (b *batch) gatherFacts() error {
	b.facts = make([]points.Facts, len(b.request.Operations))
	if err := b.assess(); err != nil {
		return err
	}
	for i := range b.request.Operations {
		o := &b.request.Operations[i]
		if o.Authorisation != nil {
			digest, err := wire.MandateDigest(&o.Authorisation.Mandate)
			if err != nil {
				return err
			}
			b.facts[i].MandateDigest = digest
		}
		if o.Original != nil {
			p := &o.Original.Proof
			kept, known := b.originals[BatchKey(p.MSP, p.Lane, p.Seq)]
			b.facts[i].OriginalProven = known && kept.Count == p.Size && wire.VerifyInclusion(kept.Root, &o.Original.Receipt, p) == nil
		}
	}
	return nil
}

// assess takes the assessments from the private details, or, for an observer, from the receipts as committed.
func (b *batch) assess() error {
	operations := b.request.Operations
	if len(operations) == 0 {
		return nil // A fence has no details.
	}
	if b.call.Observed != nil {
		return b.observe()
	}
	details, salt, err := wire.DecodeDetails(b.call.Transient[wire.DetailsTransient], operations)
	if err != nil {
		return err
	}
	for i := range operations {
		d := &details.Operations[i]
		b.facts[i].Assessment = points.Assess(b.programme, operations[i].Kind, d)
		if b.facts[i].DetailsHash, err = wire.DetailsHash(salt, d); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) observe() error {
	receipts := b.call.Observed.Receipts
	if len(receipts) != len(b.request.Operations) {
		return fault.New(fault.DetailsMismatch, "%d operations have %d receipts", len(b.request.Operations), len(receipts))
	}
	for i := range receipts {
		b.facts[i].Assessment = points.ObservedAssessment(&b.request.Operations[i], &receipts[i])
		b.facts[i].DetailsHash = receipts[i].Details
	}
	return nil
}

func (b *batch) apply() {
	b.receipts = make([]points.Receipt, len(b.request.Operations))
	for i := range b.request.Operations {
		b.receipts[i] = b.book.Apply(&b.request.Operations[i], b.facts[i])
	}
}

func (b *batch) effects() (Effects, error) {
	leaves, err := wire.Leaves(b.receipts)
	if err != nil {
		return Effects{}, err
	}
	root, err := wire.Root(leaves)
	if err != nil {
		return Effects{}, err
	}
	var out Effects
	if out.Writes, err = b.writes(root); err != nil {
		return Effects{}, err
	}
	if b.call.Observed == nil && len(b.receipts) > 0 {
		out.Private = []PrivateWrite{{
			Collection: CollectionDetails,
			Key:        DetailsKey(b.lane.MSP, b.lane.N, b.request.Seq),
			Value:      b.call.Transient[wire.DetailsTransient],
		}}
	}
	out.EventName = wire.EventBatch
	event := wire.BatchEvent{V: 1, MSP: b.lane.MSP, Lane: b.lane.N, Seq: b.request.Seq, Root: root, Receipts: b.receipts}
	if out.EventPayload, err = wire.Encode(event); err != nil {
		return Effects{}, err
	}
	result := wire.BatchResult{Root: root, Count: len(b.receipts), Rejected: int(b.book.Totals.Rejected - b.lane.Totals.Rejected)}
	out.Response, err = wire.Encode(result)
	return out, err
}

// writes lists the lane, the batch and every changed record, ordered by key.
func (b *batch) writes(root string) ([]Write, error) {
	lane := b.lane
	lane.Seq, lane.Root, lane.Totals = b.request.Seq, root, b.book.Totals
	kept := points.Batch{V: 1, Root: root, Count: len(b.receipts), Engine: points.EngineVersion, Terms: b.programme.Current().Version}
	records := map[string]any{
		LaneKey(lane.MSP, lane.N):            lane,
		BatchKey(lane.MSP, lane.N, lane.Seq): kept,
	}
	for id, a := range b.book.Accounts {
		records[AccountKey(id)] = a
	}
	for id, r := range b.book.Reversals {
		records[ReversalKey(id)] = r
	}
	writes := make([]Write, 0, len(records))
	for key, record := range records {
		w, err := write(key, record)
		if err != nil {
			return nil, err
		}
		if string(w.Value) != string(b.before[key]) {
			writes = append(writes, w)
		}
	}
	for _, id := range b.book.Opened {
		writes = append(writes, Write{Key: ExistsKey(id), Value: existsMark})
	}
	sort.Slice(writes, func(i, j int) bool { return writes[i].Key < writes[j].Key })
	return writes, nil
}

// existsMark is the value of an ExistsKey; only its presence counts.
var existsMark = []byte("1")

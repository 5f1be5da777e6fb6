package engine

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// load reads the lane, what is in force, and every record that the operations touch, in one go.
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
	b.openBook()
	if err := b.loadRules(); err != nil {
		return err
	}
	if err := b.loadPrices(); err != nil {
		return err
	}
	for i := range b.request.Operations {
		if err := b.loadFor(&b.request.Operations[i]); err != nil {
			return err
		}
	}
	return nil
}

// keys lists every key that the batch reads, each once, in an order that follows from the request and the programme alone.
func (b *batch) keys() []string {
	keys := []string{LaneKey(b.call.Caller.MSP, b.request.Lane)}
	seen := map[string]bool{}
	add := func(key string) {
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	if p := points.InForce(b.programme.RuleSets, b.programme.BusinessDate); p != nil {
		add(RuleSetKey(p.Version))
	}
	if p := points.InForce(b.programme.PriceLists, b.programme.BusinessDate); p != nil {
		add(PricesKey(p.Version))
	}
	for i := range b.request.Operations {
		for _, key := range operationKeys(&b.request.Operations[i]) {
			add(key)
		}
	}
	return keys
}

// operationKeys are the keys that one operation reads, besides those of its batch.
func operationKeys(o *points.Operation) []string {
	if o.Kind == points.KindOpen {
		return []string{ExistsKey(o.Account)}
	}
	var keys []string
	for _, id := range o.Touched() {
		keys = append(keys, AccountKey(id))
	}
	if id, ok := o.Reverses(); ok {
		p := o.Original.Proof
		keys = append(keys, ReversalKey(id), BatchKey(p.MSP, p.Lane, p.Seq))
	}
	if o.Kind.NeedsApproval() {
		keys = append(keys, ApprovalKey(o.ID))
	}
	if o.Shop != "" {
		keys = append(keys, ShopKey(o.Shop))
	}
	if o.Kind == points.KindEarn && o.Claim != "" {
		keys = append(keys, ClaimKey(o.Claim))
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

func (b *batch) openBook() {
	b.book = &points.Book{
		Programme: b.programme, Lane: b.lane.N, Totals: b.lane.Totals, Budgets: b.lane.Budgets, Now: b.call.Time,
		Taken: map[points.AccountID]bool{}, Claimed: map[string]bool{},
		Accounts: map[points.AccountID]*points.Account{}, Reversals: map[points.OperationID]*points.Reversal{},
		Approvals: map[points.OperationID]*points.Approval{}, Shops: map[string]*points.Shop{},
	}
	b.originals = map[string]points.Batch{}
}

// loadRules takes the rule set in force, compiled once for each version.
func (b *batch) loadRules() error {
	p := points.InForce(b.programme.RuleSets, b.programme.BusinessDate)
	if p == nil {
		return nil
	}
	var err error
	b.book.Rules, err = b.call.Programs.Program(p.Hash, func() (*rules.Program, error) {
		set := new(rules.Set)
		there, err := b.decode(RuleSetKey(p.Version), set)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, fault.New(fault.StateCorrupt, "rule set %d is not there", p.Version)
		}
		return rules.Compile(set)
	})
	return err
}

func (b *batch) loadPrices() error {
	p := points.InForce(b.programme.PriceLists, b.programme.BusinessDate)
	if p == nil {
		return nil
	}
	b.book.Prices = new(terms.PriceList)
	there, err := b.decode(PricesKey(p.Version), b.book.Prices)
	if err == nil && !there {
		return fault.New(fault.StateCorrupt, "price list %d is not there", p.Version)
	}
	return err
}

// loadFor puts the records that one operation touches into the book.
func (b *batch) loadFor(o *points.Operation) error {
	if o.Kind == points.KindOpen {
		b.book.Taken[o.Account] = b.before[ExistsKey(o.Account)] != nil
		return nil
	}
	for _, id := range o.Touched() {
		if err := loadInto(b, b.book.Accounts, id, AccountKey(id)); err != nil {
			return err
		}
	}
	if o.Kind.NeedsApproval() {
		if err := loadInto(b, b.book.Approvals, o.ID, ApprovalKey(o.ID)); err != nil {
			return err
		}
	}
	if o.Shop != "" {
		if err := loadInto(b, b.book.Shops, o.Shop, ShopKey(o.Shop)); err != nil {
			return err
		}
	}
	if o.Kind == points.KindEarn && o.Claim != "" {
		b.book.Claimed[o.Claim] = b.before[ClaimKey(o.Claim)] != nil
	}
	return b.loadOriginal(o)
}

func (b *batch) loadOriginal(o *points.Operation) error {
	id, ok := o.Reverses()
	if !ok {
		return nil
	}
	if err := loadInto(b, b.book.Reversals, id, ReversalKey(id)); err != nil {
		return err
	}
	p := o.Original.Proof
	key := BatchKey(p.MSP, p.Lane, p.Seq)
	var original points.Batch
	there, err := b.decode(key, &original)
	if there {
		b.originals[key] = original
	}
	return err
}

// loadInto decodes the record under key into a map of the book, unless it is there already or doesn't exist.
func loadInto[K comparable, V any](b *batch, records map[K]*V, id K, key string) error {
	if _, done := records[id]; done {
		return nil
	}
	record := new(V)
	there, err := b.decode(key, record)
	if err != nil || !there {
		return err
	}
	records[id] = record
	return nil
}

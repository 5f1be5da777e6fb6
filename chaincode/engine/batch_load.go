package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
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
	if err := b.loadPartner(); err != nil {
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
	if b.exchange != nil {
		add(PartnerKey(b.exchange.Exchange.Partner))
	}
	if b.deposits != nil {
		for i := range b.deposits.Deposits {
			add(ExistsKey(b.deposits.Deposits[i].Account))
		}
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
	if o.Kind.Blind() {
		keys = append(keys, ExistsKey(o.Account))
	}
	if o.Partner != "" && o.Kind != points.KindDeposit {
		keys = append(keys, OptOutKey(o.Account))
	}
	for _, place := range o.Entries {
		keys = append(keys, InboxKey(o.Account, place))
	}
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
	if o.Request != "" {
		keys = append(keys, FreezeKey(o.Request))
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
		Freezes: map[points.OperationID]*points.FreezeRequest{},
		MSP:     b.lane.MSP, Seq: b.request.Seq, Exists: map[points.AccountID]bool{}, OptOuts: map[points.AccountID]*clearing.OptOut{},
		Inbox: map[points.InboxPlace]*points.InboxEntry{},
	}
	b.inboxKeys = map[points.InboxPlace]string{}
	if b.exchange != nil {
		b.book.Desk, b.book.Window, b.book.Closed = b.exchange.Desk, b.exchange.Window, b.exchange.Closed
		b.book.FromPartner = b.exchange.MSP == b.exchange.PartnerMSP
		b.book.FromIssuer = !b.book.FromPartner
		for _, id := range b.exchange.Receivers {
			b.book.Exists[id] = true
		}
	}
	if b.deposits != nil {
		b.book.Window, b.book.Partner = b.deposits.Window, &points.Partner{V: 1, Brand: b.deposits.Home}
		for i := range b.deposits.Deposits {
			id := b.deposits.Deposits[i].Account
			b.book.Exists[id] = b.before[ExistsKey(id)] != nil
		}
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

// loadPartner takes what the programme knows of the other brand of a cross-brand batch; without an agreement it has no offers.
func (b *batch) loadPartner() error {
	if b.exchange == nil {
		return nil
	}
	x := &b.exchange.Exchange
	b.book.Partner = &points.Partner{V: 1, Brand: x.Partner, MSP: b.exchange.PartnerMSP}
	_, err := b.decode(PartnerKey(x.Partner), b.book.Partner)
	return err
}

// loadForPartner puts the records of cross-brand operations, and of what waits in the inbox, into the book.
func (b *batch) loadForPartner(o *points.Operation) error {
	if o.Kind.Blind() {
		b.book.Exists[o.Account] = b.before[ExistsKey(o.Account)] != nil
	}
	if o.Partner != "" {
		if err := loadInto(b, b.book.OptOuts, o.Account, OptOutKey(o.Account)); err != nil {
			return err
		}
	}
	for _, place := range o.Entries {
		b.inboxKeys[place] = InboxKey(o.Account, place)
		if err := loadInto(b, b.book.Inbox, place, b.inboxKeys[place]); err != nil {
			return err
		}
	}
	return nil
}

// loadFor puts the records that one operation touches into the book.
func (b *batch) loadFor(o *points.Operation) error {
	if o.Kind == points.KindOpen {
		b.book.Taken[o.Account] = b.before[ExistsKey(o.Account)] != nil
		return nil
	}
	if err := b.loadForPartner(o); err != nil {
		return err
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
	if o.Request != "" {
		if err := loadInto(b, b.book.Freezes, o.Request, FreezeKey(o.Request)); err != nil {
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

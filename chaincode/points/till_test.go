package points_test

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// till is a book with what is around it: it numbers operations, gathers their facts as an engine does, and keeps every receipt as the only one of its batch.
// After each operation it looks whether the same came out for an observer without the private details, and whether a refusal changed nothing.
type till struct {
	*points.Book
	t        failer
	next     int
	roots    map[int64]string // Of batches, by sequence number.
	receipts map[points.OperationID]points.Receipt
	details  map[points.OperationID]points.Details
}

func newTill(t failer) *till {
	return &till{
		Book: newBook(), t: t, roots: map[int64]string{}, receipts: map[points.OperationID]points.Receipt{}, details: map[points.OperationID]points.Details{},
	}
}

func newBook() *points.Book {
	return &points.Book{
		Programme: programme(), Taken: map[points.AccountID]bool{}, Claimed: map[string]bool{}, Accounts: map[points.AccountID]*points.Account{},
		Reversals: map[points.OperationID]*points.Reversal{}, Approvals: map[points.OperationID]*points.Approval{}, Shops: map[string]*points.Shop{}, Now: start,
		Exists: map[points.AccountID]bool{}, OptOuts: map[points.AccountID]*clearing.OptOut{}, Inbox: map[points.InboxPlace]*points.InboxEntry{},
		Freezes: map[points.OperationID]*points.FreezeRequest{},
	}
}

// terms are those that new points are earned under; a test may change them before anything happens.
func (c *till) terms() *terms.Terms { return &c.Programme.Terms[0] }

func (c *till) account(h holder) *points.Account { return c.Accounts[h.id] }

// change makes of a usual operation and its details what a test needs.
type change func(*points.Operation, *points.Details)

// prepare makes an operation of the holder's, not signed yet.
func (c *till) prepare(h holder, kind points.Kind, changes ...change) (*points.Operation, points.Details) {
	c.next++
	o, d := &points.Operation{ID: operationID(c.next), Kind: kind, Account: h.id}, points.Details{}
	if kind.HasPurchase() {
		d.OccurredAt = dated
	}
	for _, change := range changes {
		change(o, &d)
	}
	d.Operation = o.ID
	return o, d
}

// signedKinds always need the controller's signature.
var signedKinds = []points.Kind{
	points.KindRedeem, points.KindHold, points.KindTransfer, points.KindGift, points.KindAccept, points.KindRekey, points.KindVeto, points.KindClose,
	points.KindSwap, points.KindOptOut, points.KindOptIn,
}

// do makes an operation of the holder's, signs it where its kind needs that, and applies it.
func (c *till) do(h holder, kind points.Kind, changes ...change) points.Receipt {
	c.t.Helper()
	o, d := c.prepare(h, kind, changes...)
	if slices.Contains(signedKinds, kind) && o.Authorisation == nil {
		o.Authorisation = h.sign(c.mandate(h, o, &d))
	}
	return c.apply(o, d)
}

// mandate is one that fits the operation now.
func (c *till) mandate(h holder, o *points.Operation, d *points.Details) points.Mandate {
	m := h.mandate(o, d, c.Now)
	m.Programme = c.Programme.Brand
	return m
}

// doSigned is do for kinds that may be signed and needn't.
func (c *till) doSigned(h holder, kind points.Kind, changes ...change) points.Receipt {
	c.t.Helper()
	o, d := c.prepare(h, kind, changes...)
	o.Authorisation = h.sign(c.mandate(h, o, &d))
	return c.apply(o, d)
}

// approve records another organisation's consent to an operation.
func (c *till) approve(o *points.Operation, msp string) {
	c.t.Helper()
	c.Approvals[o.ID] = &points.Approval{V: 1, Operation: o.ID, Digest: hashOf(c.t, o), MSP: msp, At: c.Now}
}

// doApproved approves an operation and applies it.
func (c *till) doApproved(h holder, kind points.Kind, changes ...change) points.Receipt {
	c.t.Helper()
	o, d := c.prepare(h, kind, changes...)
	c.approve(o, other)
	return c.apply(o, d)
}

func hashOf(t failer, v any) string {
	t.Helper()
	hash, err := wire.Hash(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return hash
}

// apply checks the form of an operation and its details, applies it, and compares with the observer and with before.
func (c *till) apply(o *points.Operation, d points.Details) points.Receipt {
	c.t.Helper()
	if err := o.Validate(); err != nil {
		c.t.Fatalf("the operation has the wrong form: %v", err)
	}
	if err := d.Validate(o.Kind); err != nil {
		c.t.Fatalf("the details have the wrong form: %v", err)
	}
	before := c.copy()
	r := c.Apply(o, c.facts(o, d))
	c.keep(r, d)
	after := shown(c.t, c.Book)
	c.observe(before, o, r, after)
	if n := len(c.Obligations); n != len(before.Obligations)+1 || (c.Obligations[n-1] != clearing.Obligation{}) != (r.Obligation != "") {
		c.t.Fatalf("%s has obligation %q, the book has %+v", o.Kind, r.Obligation, c.Obligations)
	}
	if r.Code != fault.OK {
		c.unchanged(before, o, r, after)
	}
	return r
}

// facts are gathered as the engine does.
func (c *till) facts(o *points.Operation, d points.Details) points.Facts {
	c.t.Helper()
	f := c.publicFacts(o)
	var disclosed *points.Details
	if o.Original != nil && d.Disclosed != nil && wire.VerifyDisclosed(d.Disclosed, &o.Original.Receipt) == nil {
		disclosed = &d.Disclosed.Details
	}
	f.Assessment = points.Assess(c.Programme, o, &d, disclosed)
	var err error
	if f.DetailsHash, err = wire.DetailsHash(salt, &d); err != nil {
		c.t.Fatalf("%v", err)
	}
	f.Seal = func(o *clearing.Obligation) (string, error) { return wire.Hash(o) }
	return f
}

// publicFacts are those that everybody can find out.
func (c *till) publicFacts(o *points.Operation) points.Facts {
	c.t.Helper()
	var f points.Facts
	if o.Authorisation != nil {
		f.MandateDigest = digestOf(o.Authorisation.Mandate)
		f.Quote = hashOf(c.t, c.QuoteOf(o, o.Authorisation.Mandate.Place))
	}
	if o.Kind.NeedsApproval() {
		f.Digest = hashOf(c.t, o)
	}
	if o.Original != nil {
		p := &o.Original.Proof
		root, known := c.roots[p.Seq]
		f.OriginalProven = known && wire.VerifyInclusion(root, &o.Original.Receipt, p) == nil
	}
	return f
}

// keep makes a batch of the receipt alone, for returns to refer to.
func (c *till) keep(r points.Receipt, d points.Details) {
	c.t.Helper()
	leaves, err := wire.Leaves([]points.Receipt{r})
	if err != nil {
		c.t.Fatalf("%v", err)
	}
	root, err := wire.Root(leaves)
	if err != nil {
		c.t.Fatalf("%v", err)
	}
	c.roots[int64(len(c.roots)+1)] = root
	c.receipts[r.Operation], c.details[r.Operation] = r, d
}

// original is a receipt with its place on the ledger.
func (c *till) original(r points.Receipt) *points.Original {
	c.t.Helper()
	for seq := int64(1); seq <= int64(len(c.roots)); seq++ {
		proof := points.InclusionProof{MSP: issuer, Seq: seq, Size: 1, Hashes: []string{}}
		if wire.VerifyInclusion(c.roots[seq], &r, &proof) == nil {
			return &points.Original{Receipt: r, Proof: proof}
		}
	}
	c.t.Fatalf("the receipt of %s was never given", r.Operation)
	return nil
}

// disclose are the details of an earlier operation, with their salt.
func (c *till) disclose(r points.Receipt) *points.Disclosed {
	return &points.Disclosed{Salt: hex.EncodeToString(wire.OperationSalt(salt, r.Operation)), Details: c.details[r.Operation]}
}

// copy shares nothing with the book that an operation changes.
func (c *till) copy() *points.Book {
	c.t.Helper()
	b := *c.Book
	b.Taken, b.Claimed = maps.Clone(b.Taken), maps.Clone(b.Claimed)
	b.Opened, b.Claims, b.Budgets = slices.Clone(b.Opened), slices.Clone(b.Claims), slices.Clone(b.Budgets)
	b.Accounts, b.Reversals = copies(c.t, b.Accounts), copies(c.t, b.Reversals)
	b.Approvals, b.Shops, b.Freezes = copies(c.t, b.Approvals), copies(c.t, b.Shops), copies(c.t, b.Freezes)
	b.OptOuts, b.Inbox, b.Obligations = copies(c.t, b.OptOuts), copies(c.t, b.Inbox), slices.Clone(b.Obligations)
	b.Folded, b.Dropped, b.Deposits = slices.Clone(b.Folded), slices.Clone(b.Dropped), slices.Clone(b.Deposits)
	return &b
}

func copies[K comparable, V any](t failer, records map[K]*V) map[K]*V {
	t.Helper()
	out := make(map[K]*V, len(records))
	for k, v := range records {
		out[k] = copyOf(t, v)
	}
	return out
}

// shown is everything of a book that is kept.
func shown(t failer, b *points.Book) string {
	t.Helper()
	return written(t, struct {
		Taken     map[points.AccountID]bool
		Opened    []points.AccountID
		Claimed   map[string]bool
		Claims    []string
		Accounts  map[points.AccountID]*points.Account
		Reversals map[points.OperationID]*points.Reversal
		Approvals map[points.OperationID]*points.Approval
		Shops     map[string]*points.Shop
		Freezes   map[points.OperationID]*points.FreezeRequest
		Budgets   []points.BudgetUse
		OptOuts   map[points.AccountID]*clearing.OptOut
		Inbox     map[string]*points.InboxEntry
		Folded    []points.InboxPlace
		Dropped   []points.Drop
		Deposits  []points.Deposit
		Totals    points.Totals
	}{
		b.Taken, b.Opened, b.Claimed, b.Claims, b.Accounts, b.Reversals, b.Approvals, b.Shops, b.Freezes, b.Budgets, b.OptOuts, inboxOf(b), b.Folded, b.Dropped, b.Deposits, b.Totals,
	})
}

// inboxOf are a book's inbox entries under places that can be written.
func inboxOf(b *points.Book) map[string]*points.InboxEntry {
	out := map[string]*points.InboxEntry{}
	for place, e := range b.Inbox {
		out[fmt.Sprint(place)] = e
	}
	return out
}

// observe applies the operation to the book as it was before with nothing but the public receipt, as it travels.
func (c *till) observe(before *points.Book, o *points.Operation, r points.Receipt, after string) {
	c.t.Helper()
	b := *before
	b.Accounts, b.Claimed = maps.Clone(b.Accounts), maps.Clone(b.Claimed)
	b.Reversals, b.Approvals, b.Shops = maps.Clone(b.Reversals), maps.Clone(b.Approvals), maps.Clone(b.Shops)
	b.OptOuts, b.Inbox, b.Obligations, b.Desk = maps.Clone(b.OptOuts), maps.Clone(b.Inbox), slices.Clone(b.Obligations), nil
	b.Folded, b.Dropped, b.Deposits = slices.Clone(b.Folded), slices.Clone(b.Dropped), slices.Clone(b.Deposits)
	f := c.publicFactsAt(&b, o)
	f.Assessment, f.DetailsHash, f.Obligation = points.ObservedAssessment(o, copyOf(c.t, &r)), r.Details, r.Obligation
	if seen := b.Apply(o, f); encode(c.t, seen) != encode(c.t, r) {
		c.t.Fatalf("an observer gets another receipt:\n%s\n%s", encode(c.t, seen), encode(c.t, r))
	}
	if seen := shown(c.t, &b); seen != after {
		c.t.Fatalf("an observer of %s (%s) gets another book:\n%s\n%s", o.Kind, r.Code, seen, after)
	}
}

func (c *till) publicFactsAt(b *points.Book, o *points.Operation) points.Facts {
	own := c.Book
	c.Book = b
	defer func() { c.Book = own }()
	return c.publicFacts(o)
}

// unchanged checks that a refusal left everything as it was but the lane's counts and, where the signature was good, the authorisation that is used up.
func (c *till) unchanged(before *points.Book, o *points.Operation, r points.Receipt, after string) {
	c.t.Helper()
	before.Totals.Operations++
	before.Totals.Rejected++
	if r.Authorisation != "" {
		before.Accounts[o.Account].Used, before.Accounts[o.Account].Floor = c.Accounts[o.Account].Used, c.Accounts[o.Account].Floor
		if !slices.ContainsFunc(c.Accounts[o.Account].Used, func(u points.UsedAuthorisation) bool { return u.ID == r.Authorisation }) {
			c.t.Fatalf("authorisation %s is not used up", r.Authorisation)
		}
	}
	if was := shown(c.t, before); was != after {
		c.t.Fatalf("%s refused with %s changed the book:\n%s\n%s", o.Kind, r.Code, was, after)
	}
	lapses := r.Code == fault.HoldUnknown || r.Code == fault.HoldLapsed
	if was, is := written(c.t, before.Desk), written(c.t, c.Desk); was != is && !lapses {
		c.t.Fatalf("%s refused with %s changed the desk:\n%s\n%s", o.Kind, r.Code, was, is)
	}
	if r.Outcome != points.Rejected || r.Points != o.Points || r.Award != nil || r.Moves != nil {
		c.t.Fatalf("a refusal shows more than was asked for: %s", encode(c.t, r))
	}
}

// sound checks every named invariant over a book that started empty.
func (c *till) sound() {
	c.t.Helper()
	accounts := make([]*points.Account, 0, len(c.Accounts))
	for _, a := range c.Accounts {
		accounts = append(accounts, a)
		for name, holds := range points.AccountInvariants() {
			if err := holds(a); err != nil {
				c.t.Fatalf("%s: %v", name, err)
			}
		}
	}
	for _, r := range c.Reversals {
		if err := points.ReversalWithinAward(r); err != nil {
			c.t.Fatalf("ReversalWithinAward: %v", err)
		}
	}
	if err := points.SupplyEqualsBalances(c.Totals, accounts); err != nil {
		c.t.Fatalf("SupplyEqualsBalances: %v", err)
	}
	inbox := slices.Collect(maps.Values(c.Inbox))
	if err := points.InboxEqualsWaiting(c.Totals, inbox); err != nil {
		c.t.Fatalf("InboxEqualsWaiting: %v", err)
	}
	if err := points.OpenedEqualsAccounts(c.Totals, len(accounts)); err != nil {
		c.t.Fatalf("OpenedEqualsAccounts: %v", err)
	}
}

// Changes that many tests need.

func of(n quantity.Points) change {
	return func(o *points.Operation, _ *points.Details) { o.Points = n }
}
func to(h holder) change { return func(o *points.Operation, _ *points.Details) { o.To = h.id } }
func hold(r points.Receipt) change {
	return func(o *points.Operation, _ *points.Details) { o.Hold = r.Operation }
}
func in(shop string) change {
	return func(o *points.Operation, d *points.Details) { o.Shop, d.Merchant = shop, shop }
}
func because(r points.Reason) change {
	return func(o *points.Operation, _ *points.Details) { o.Reason = r }
}
func whole(o *points.Operation, _ *points.Details) { o.Whole = true }
func paying(pence int64) change {
	return func(_ *points.Operation, d *points.Details) { d.AmountMinor, d.Currency = pence, "GBP" }
}
func event(t rules.EventType) change {
	return func(_ *points.Operation, d *points.Details) { d.Event = string(t) }
}

// back refers a return to a receipt.
func (c *till) back(r points.Receipt) change {
	return func(o *points.Operation, _ *points.Details) { o.Original = c.original(r) }
}

// disclosed adds the details of the purchase that is returned.
func (c *till) disclosed(r points.Receipt) change {
	return func(_ *points.Operation, d *points.Details) { d.Disclosed = c.disclose(r) }
}

// until ends a hold so many seconds from now.
func (c *till) until(seconds int64) change {
	return func(o *points.Operation, _ *points.Details) { o.Until = c.Now + seconds }
}

// open opens an account for each holder.
func (c *till) open(holders ...holder) {
	c.t.Helper()
	for _, h := range holders {
		want(c.t, c.do(h, points.KindOpen, func(o *points.Operation, _ *points.Details) { o.Controller = &h.controller }), fault.OK)
	}
}

// earn has a purchase of so many whole pounds accepted, dated on the business date.
func (c *till) earn(h holder, pounds int64) points.Receipt {
	c.t.Helper()
	return want(c.t, c.do(h, points.KindEarn, paying(pounds*100), c.now), fault.OK)
}

// now dates a purchase on the business date.
func (c *till) now(_ *points.Operation, d *points.Details) {
	d.OccurredAt = c.Programme.BusinessDate.String() + "T12:00:00Z"
}

// pass moves the business date and the time on.
func (c *till) pass(days int) {
	c.t.Helper()
	if err := c.Programme.Advance(c.Programme.BusinessDate+quantity.Day(days), c.Now); err != nil {
		c.t.Fatalf("%v", err)
	}
	c.Now += int64(days) * 86400
}

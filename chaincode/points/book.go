package points

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// Facts are what an operation needs besides itself and the book: everything that takes decoding, hashing or reading to find out.
type Facts struct {
	Assessment     Assessment
	DetailsHash    string // Goes into the receipt.
	MandateDigest  []byte // What the controller signed; nil without an authorisation.
	Quote          string // Hash of what the operation's quote says now; needed only where the mandate names a quote.
	Digest         string // Of the operation, which an approval names; empty for kinds that need none.
	OriginalProven bool   // A return's original receipt is in the batch that it names.

	Seal       func(*clearing.Obligation) (string, error) // Salted hash of an obligation; nil for an observer,
	Obligation string                                     // who takes it from the receipt.
}

// Book is a programme and those of its records that a batch touches, while the batch is applied.
// The maps hold the records that exist among those the batch touches; an account that is to be opened is looked up in Taken instead.
type Book struct {
	Programme *Programme
	Rules     *rules.Program     // In force on the business date; nil when the terms' rate alone decides.
	Prices    *terms.PriceList   // In force on the business date; nil without one.
	Taken     map[AccountID]bool // Ids of accounts to open that exist already.
	Opened    []AccountID        // Accounts opened by the batch, in order.
	Claimed   map[string]bool    // Anonymous receipts among those the batch claims that were claimed before or by it.
	Claims    []string           // Anonymous receipts claimed by the batch, in order.
	Accounts  map[AccountID]*Account
	Reversals map[OperationID]*Reversal
	Approvals map[OperationID]*Approval
	Freezes   map[OperationID]*FreezeRequest // Those that operations name.
	Shops     map[string]*Shop
	Budgets   []BudgetUse // Of the lane, ordered by campaign.
	Lane      int         // Its number, which decides the lane's slice of a budget.
	Totals    Totals      // Of the lane.
	Now       int64       // Transaction time, Unix seconds.

	MSP         string // The lane's submitter,
	Seq         int64  // and the batch's place in it.
	Partner     *Partner
	Desk        *clearing.Desk     // What the brands come to owe each other; nil in a batch of this programme alone, and for an observer.
	FromIssuer  bool               // The programme's own gateway submits the cross-brand batch: it can't bind the partner.
	FromPartner bool               // The partner's gateway does: it can't bind the issuer.
	Closed      []Kind             // Kinds of cross-brand operation that the members' statuses don't admit.
	Window      int64              // Clearing window of a cross-brand batch; 0 in others.
	Exists      map[AccountID]bool // Of accounts that are credited without being read.
	OptOuts     map[AccountID]*clearing.OptOut
	Inbox       map[InboxPlace]*InboxEntry // Those that folds name, until they are folded.
	Folded      []InboxPlace               // Entries folded by the batch, in order.
	Dropped     []Drop                     // Entries made by the batch, in order.
	Deposits    []Deposit                  // Made in the partner's programme, in order.
	Obligations []clearing.Obligation      // Of each operation in order; empty for those that oblige nobody.

	standard     *rules.Program // The rate of the terms in force in the form of rules, once it was needed.
	standardRate quantity.Ratio
}

// Apply applies one operation and returns its receipt. A refused operation changes nothing but the lane's counts; where the controller's signature was good, the
// authorisation, which is used up; and, where a partner's hold has lapsed, what the desk kept for it.
func (b *Book) Apply(o *Operation, f Facts) Receipt { return b.apply(b.try(o, f)) }

func (b *Book) try(o *Operation, f Facts) *trial {
	r := b.newReceipt(o, f)
	t := &trial{book: b, op: o, facts: f, receipt: &r, totals: b.Totals, terms: b.Programme.Current()}
	if b.Desk != nil {
		t.desk = b.Desk.Clone()
	}
	return t
}

func (b *Book) apply(t *trial) Receipt {
	r := t.receipt
	code := t.run()
	if code == fault.OK {
		code = t.seal()
	}
	if code == fault.OK {
		t.commit()
	} else {
		r.refuse(t.op.Points)
		t.letLapse(code)
		b.Obligations = append(b.Obligations, clearing.Obligation{})
	}
	r.Code = code
	b.Totals.Operations++
	if code != fault.OK {
		b.Totals.Rejected++
	}
	if a := b.Accounts[t.op.Account]; a != nil && !t.op.Kind.Blind() {
		r.Posted, r.Held = a.Posted, a.Held
	}
	return *r
}

func (b *Book) newReceipt(o *Operation, f Facts) Receipt {
	r := Receipt{
		V: 1, Operation: o.ID, Kind: o.Kind, Programme: b.Programme.Brand, Account: o.Account, To: o.To,
		Points: o.Points, Outcome: Accepted, BusinessDate: b.Programme.BusinessDate,
		Engine: b.Programme.Engine, Terms: b.Programme.Current().Version, Details: f.DetailsHash,
		Hold: o.Hold, Reason: o.Reason, Shop: o.Shop, Partner: o.Partner, Request: o.Request,
	}
	if b.Rules != nil {
		r.Rules = b.Rules.Set().Version
	}
	if o.Original != nil {
		r.Original = o.Original.Receipt.Operation
	}
	return r
}

// trial is one operation on copies of what it touches, so that a refusal leaves the book as it was.
type trial struct {
	book    *Book
	op      *Operation
	facts   Facts
	receipt *Receipt
	terms   *terms.Terms // In force.
	preview bool         // Nobody has signed yet, and nothing is kept.
	account *Account     // The operation's account: that of the side from.
	from    *side
	to      *side // Nil unless the operation touches a second account.
	totals  Totals
	budgets []BudgetUse // Nil unless changed.

	reversal *Reversal
	approval *Approval
	freezing *FreezeRequest // The request that a freeze uses up.
	shop     *Shop
	claim    string

	desk       *clearing.Desk       // Nil where the book has none.
	offer      *clearing.Offer      // What the customer gets at the partner; nil where nothing follows from it.
	obliges    bool                 // The operation makes the brands owe each other something: this,
	obligation *clearing.Obligation // which is nil without a desk.
	optOut     *clearing.OptOut     // Nil unless changed.
	drop       *Drop
	deposit    *Deposit     // Made in the partner's programme.
	incoming   *Deposit     // Made here by the partner's.
	folded     []InboxPlace // In the operation's order.
}

// verbs is what each kind of operation does, once its accounts are loaded and its authorisation is checked.
var verbs = map[Kind]func(*trial) fault.Code{
	KindEarn: (*trial).earn, KindRefer: (*trial).refer, KindRedeem: (*trial).redeem, KindReturn: (*trial).takeBack,
	KindTransfer: (*trial).transfer, KindGift: (*trial).gift, KindAccept: (*trial).accept,
	KindHold: (*trial).hold, KindCapture: (*trial).capture, KindVoid: (*trial).void,
	KindExpire: (*trial).sweep, KindAdjust: (*trial).adjust,
	KindRekey: (*trial).rekey, KindRecover: (*trial).recover, KindVeto: (*trial).veto, KindComplete: (*trial).complete,
	KindFreeze: (*trial).freeze, KindUnfreeze: (*trial).unfreeze, KindClose: (*trial).close,
	KindAward: (*trial).awardByPartner, KindSwap: (*trial).swap, KindDeposit: (*trial).take, KindFold: (*trial).fold, KindRefund: (*trial).refund,
	KindOptOut: (*trial).optsOut, KindOptIn: (*trial).optsIn,
}

func (t *trial) run() fault.Code {
	if code := t.belongs(); code != fault.OK {
		return code
	}
	if code := t.administered(); code != fault.OK {
		return code
	}
	if t.op.Kind == KindOpen {
		return t.open()
	}
	if t.op.Kind.Blind() {
		return t.runBlind()
	}
	existing := t.book.Accounts[t.op.Account]
	if existing == nil {
		return fault.AccountUnknown
	}
	if t.op.Authorisation != nil {
		if code := t.authorise(existing); code != fault.OK {
			return code
		}
	} else if t.op.Kind.signed() && !t.preview {
		return fault.AuthMissing
	}
	if t.facts.Assessment.Code != fault.OK {
		return t.facts.Assessment.Code
	}
	if code := t.load(); code != fault.OK {
		return code
	}
	if code := t.admit(); code != fault.OK {
		return code
	}
	if code := t.agree(); code != fault.OK {
		return code
	}
	return verbs[t.op.Kind](t)
}

// runBlind is run for a credit to the inbox: of the account it needs to know that it exists.
func (t *trial) runBlind() fault.Code {
	if !t.book.Exists[t.op.Account] {
		return fault.AccountUnknown
	}
	if t.facts.Assessment.Code != fault.OK && t.incoming == nil {
		return t.facts.Assessment.Code
	}
	if code := t.agree(); code != fault.OK {
		return code
	}
	return verbs[t.op.Kind](t)
}

// load copies the accounts that the operation touches and brings them up to date. A void or a capture looks at the hold before it could lapse, a sweep reports what is due.
func (t *trial) load() fault.Code {
	t.account = t.book.Accounts[t.op.Account].clone()
	t.from = &side{trial: t, account: t.account}
	if t.op.Kind == KindSwap && !t.book.Exists[t.op.To] {
		return fault.AccountUnknown
	}
	if t.op.To != "" && t.op.Kind != KindSwap {
		if t.op.To == t.op.Account {
			return fault.SameAccount
		}
		to := t.book.Accounts[t.op.To]
		if to == nil {
			return fault.AccountUnknown
		}
		t.to = &side{trial: t, account: to.clone()}
	}
	if t.op.Hold != "" {
		return t.checkHold()
	}
	return t.touch()
}

// checkHold refuses what refers to a hold that isn't open, before the sides are brought up to date.
func (t *trial) checkHold() fault.Code {
	owner := t.account
	if t.op.Kind == KindAccept {
		owner = t.to.account
	}
	if _, code := held(owner, t.op.Hold, t.book.Now); code != fault.OK {
		return code
	}
	return t.touch()
}

func (t *trial) touch() fault.Code {
	if code := t.from.touch(); code != fault.OK || t.to == nil {
		return code
	}
	return t.to.touch()
}

// admit checks the accounts' status: a frozen one gives nothing away, a closed one takes part in returns, adjustments and sweeps only, and after a recovery debits have to
// wait. A till relies on a hold that was made before: it can be captured.
func (t *trial) admit() fault.Code {
	switch {
	case t.account.Status == StatusClosed && !t.op.Kind.afterClosing(), t.to != nil && t.to.account.Status == StatusClosed:
		return fault.AccountClosed
	case t.account.Status == StatusFrozen && t.op.Kind.debits():
		return fault.AccountFrozen
	case t.op.Kind.debits() && t.book.Now < t.account.CoolUntil:
		return fault.CoolingOff
	case t.op.Kind.debits():
		return t.guarded()
	}
	return fault.OK
}

func (t *trial) commit() {
	b := t.book
	if t.from != nil {
		b.Accounts[t.op.Account] = t.account
		t.receipt.Moves = t.from.moves
	}
	if t.op.Kind == KindOpen {
		b.Opened = append(b.Opened, t.op.Account)
	}
	if t.to != nil {
		b.Accounts[t.op.To] = t.to.account
		t.receipt.ToMoves = t.to.moves
	}
	if t.reversal != nil {
		b.Reversals[t.reversal.Operation] = t.reversal
	}
	if t.approval != nil {
		b.Approvals[t.approval.Operation] = t.approval
	}
	if t.freezing != nil {
		b.Freezes[t.freezing.ID] = t.freezing
	}
	if t.shop != nil {
		b.Shops[t.shop.ID] = t.shop
	}
	if t.budgets != nil {
		b.Budgets = t.budgets
	}
	if t.claim != "" {
		b.Claimed[t.claim] = true
		b.Claims = append(b.Claims, t.claim)
	}
	t.commitCrossing()
	b.Totals = t.totals
}

func (t *trial) open() fault.Code {
	if t.book.Taken[t.op.Account] || t.book.Accounts[t.op.Account] != nil {
		return fault.AccountExists
	}
	if t.op.Controller.Kind == ControllerWebAuthn && t.book.Programme.RelyingParty.ID == "" {
		return fault.ControllerRefused
	}
	t.account = &Account{
		V: 1, ID: t.op.Account, Holder: t.op.Holder, Status: StatusActive, Controller: *t.op.Controller, Lots: []lots.Lot{}, Used: []UsedAuthorisation{},
		Active: t.activity(),
	}
	t.from = &side{trial: t, account: t.account}
	t.totals.Opened++
	return fault.OK
}

// sweep has brought the account up to date already; it is refused when nothing was due.
func (t *trial) sweep() fault.Code {
	if len(t.from.moves) == 0 && !t.from.thawed {
		return fault.NothingDue
	}
	for _, m := range t.from.moves {
		if m.Cause == lots.Expired {
			t.receipt.Points -= m.Points
		}
	}
	return fault.OK
}

// activity is what an account remembers of being used: the business date where a version of the terms lets points lapse by inactivity, nothing otherwise,
// so that accounts of other programmes don't change by the day.
func (t *trial) activity() quantity.Day {
	p := t.book.Programme
	for i := range p.Terms {
		if p.Terms[i].Expiry.Kind == lots.Inactivity {
			return p.BusinessDate
		}
	}
	return 0
}

func (t *trial) tally(total *quantity.Points, points quantity.Points) fault.Code {
	sum, err := total.Add(points)
	if err != nil {
		return fault.Limit
	}
	*total = sum
	return fault.OK
}

package points

import (
	"sort"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Facts are what an operation needs besides itself and the book: everything that takes decoding, hashing or reading to find out.
type Facts struct {
	Assessment     Assessment
	DetailsHash    string // Goes into the receipt.
	MandateDigest  []byte // What the controller signed; nil without an authorisation.
	OriginalProven bool   // A return's original receipt is in the batch that it names.
}

// Book is a programme and those of its records that a batch touches, while the batch is applied.
// Accounts and Reversals hold the records that exist among those the batch touches; an account that is to be opened is looked up in Taken instead.
type Book struct {
	Programme *Programme
	Taken     map[AccountID]bool // Ids of accounts to open that exist already.
	Opened    []AccountID        // Accounts opened by the batch, in order.
	Accounts  map[AccountID]*Account
	Reversals map[OperationID]*Reversal
	Totals    Totals // Of the lane.
	Now       int64  // Transaction time, Unix seconds.
}

// Touched lists the accounts an operation reads or writes.
func (o *Operation) Touched() []AccountID {
	if o.To != "" {
		return []AccountID{o.Account, o.To}
	}
	return []AccountID{o.Account}
}

// Reverses names the accrual whose reversal record the operation reads and writes, if any.
func (o *Operation) Reverses() (OperationID, bool) {
	if o.Kind != KindReturn || o.Original == nil {
		return "", false
	}
	return o.Original.Receipt.Operation, true
}

// Apply applies one operation and returns its receipt. A refused operation changes nothing but the lane's counts and, where the controller's signature
// was good, the authorisation, which is used up.
func (b *Book) Apply(o *Operation, f Facts) Receipt {
	r := b.newReceipt(o, f)
	t := &trial{book: b, op: o, facts: f, receipt: &r, totals: b.Totals}
	code := t.run()
	if code == fault.OK {
		t.commit()
	} else {
		r.Outcome, r.DebtRepaid, r.DebtIncurred = Rejected, 0, 0
	}
	r.Code = code
	b.Totals.Operations++
	if code != fault.OK {
		b.Totals.Rejected++
	}
	if a := b.Accounts[o.Account]; a != nil {
		r.Posted = a.Posted
	}
	return r
}

func (b *Book) newReceipt(o *Operation, f Facts) Receipt {
	r := Receipt{
		V: 1, Operation: o.ID, Kind: o.Kind, Programme: b.Programme.Brand, Account: o.Account, To: o.To,
		Points: o.Points, Outcome: Accepted, BusinessDate: b.Programme.BusinessDate,
		Engine: EngineVersion, Terms: b.Programme.Current().Version, Details: f.DetailsHash,
	}
	if o.Kind.HasPurchase() {
		r.Points = f.Assessment.Points
	}
	if o.Original != nil {
		r.Original = o.Original.Receipt.Operation
	}
	return r
}

// trial is one operation on copies of what it touches, so that a refusal leaves the book as it was.
type trial struct {
	book     *Book
	op       *Operation
	facts    Facts
	receipt  *Receipt
	account  *Account
	receiver *Account
	reversal *Reversal
	totals   Totals
}

func (t *trial) run() fault.Code {
	if t.op.Kind == KindOpen {
		return t.open()
	}
	existing := t.book.Accounts[t.op.Account]
	if existing == nil {
		return fault.AccountUnknown
	}
	if t.op.Authorisation != nil {
		if code := t.authorise(existing); code != fault.OK {
			return code
		}
	}
	if t.facts.Assessment.Code != fault.OK {
		return t.facts.Assessment.Code
	}
	t.account = t.book.Accounts[t.op.Account].clone()
	switch t.op.Kind {
	case KindEarn:
		return t.earn()
	case KindRedeem:
		return t.redeem()
	case KindTransfer:
		return t.transfer()
	default:
		return t.takeBack()
	}
}

func (t *trial) commit() {
	b := t.book
	b.Accounts[t.op.Account] = t.account
	if t.op.Kind == KindOpen {
		b.Opened = append(b.Opened, t.op.Account)
	}
	if t.receiver != nil {
		b.Accounts[t.op.To] = t.receiver
	}
	if t.reversal != nil {
		b.Reversals[t.reversal.Operation] = t.reversal
	}
	b.Totals = t.totals
}

func (t *trial) open() fault.Code {
	if t.book.Taken[t.op.Account] || t.book.Accounts[t.op.Account] != nil {
		return fault.AccountExists
	}
	t.account = &Account{V: 1, ID: t.op.Account, Status: StatusActive, Controller: *t.op.Controller, Lots: []Lot{}, Used: []UsedAuthorisation{}}
	t.totals.Opened++
	return fault.OK
}

func (t *trial) earn() fault.Code {
	repaid, code := t.credit(t.account, t.receipt.Points)
	if code != fault.OK {
		return code
	}
	t.receipt.DebtRepaid = repaid
	return t.tally(&t.totals.Issued, t.receipt.Points)
}

func (t *trial) redeem() fault.Code {
	if t.op.Authorisation == nil {
		return fault.AuthMissing
	}
	if code := spend(t.account, t.op.Points); code != fault.OK {
		return code
	}
	return t.tally(&t.totals.Redeemed, t.op.Points)
}

func (t *trial) transfer() fault.Code {
	if t.op.Authorisation == nil {
		return fault.AuthMissing
	}
	if t.op.To == t.op.Account {
		return fault.SameAccount
	}
	to := t.book.Accounts[t.op.To]
	if to == nil {
		return fault.AccountUnknown
	}
	if code := spend(t.account, t.op.Points); code != fault.OK {
		return code
	}
	t.receiver = to.clone()
	repaid, code := t.credit(t.receiver, t.op.Points)
	if code != fault.OK {
		return code
	}
	t.receipt.DebtRepaid = repaid
	return t.tally(&t.totals.Transferred, t.op.Points)
}

func (t *trial) takeBack() fault.Code {
	if t.op.Original != nil {
		if code := t.reverse(); code != fault.OK {
			return code
		}
	} else if code := t.unreferenced(); code != fault.OK {
		return code
	}
	return t.clawBack(t.receipt.Points)
}

func (t *trial) unreferenced() fault.Code {
	if !t.book.Programme.Current().UnreferencedReturns {
		return fault.ReturnUnreferenced
	}
	if t.op.Authorisation == nil {
		return fault.AuthMissing
	}
	return fault.OK
}

// reverse checks the original receipt and counts what is taken back of it.
func (t *trial) reverse() fault.Code {
	if !t.facts.OriginalProven {
		return fault.ReceiptInvalid
	}
	original := t.op.Original.Receipt
	if original.Kind != KindEarn || original.Outcome != Accepted || original.Account != t.op.Account || original.Programme != t.book.Programme.Brand {
		return fault.ReceiptNotReturnable
	}
	reversal := Reversal{V: 1, Operation: original.Operation, Awarded: original.Points}
	if known := t.book.Reversals[original.Operation]; known != nil {
		reversal = *known
	}
	taken, err := reversal.TakenBack.Add(t.receipt.Points)
	if err != nil || taken > reversal.Awarded {
		return fault.ReturnExceeds
	}
	reversal.TakenBack = taken
	t.reversal = &reversal
	return fault.OK
}

// clawBack takes points from the lots as far as they go and books the rest as debt.
func (t *trial) clawBack(points quantity.Points) fault.Code {
	spendable, err := t.account.Spendable()
	if err != nil {
		return fault.Limit
	}
	recovered := min(spendable, points)
	incurred := points - recovered
	if code := spend(t.account, recovered); code != fault.OK {
		return code
	}
	if t.account.Debt, err = t.account.Debt.Add(incurred); err != nil {
		return fault.Limit
	}
	if t.account.Posted, err = t.account.Posted.Sub(incurred); err != nil {
		return fault.Limit
	}
	t.receipt.DebtIncurred = incurred
	if code := t.tally(&t.totals.Recovered, recovered); code != fault.OK {
		return code
	}
	return t.tally(&t.totals.DebtIncurred, incurred)
}

// credit adds points to a: debt first, the rest to the lot of the terms in force. It returns what was repaid.
func (t *trial) credit(a *Account, points quantity.Points) (quantity.Points, fault.Code) {
	posted, err := a.Posted.Add(points)
	if err != nil {
		return 0, fault.Limit
	}
	repaid := min(a.Debt, points)
	a.Debt -= repaid
	a.Posted = posted
	a.addToLot(Lot{Terms: t.book.Programme.Current().Version, Points: points - repaid})
	return repaid, t.tally(&t.totals.DebtRepaid, repaid)
}

func (t *trial) tally(total *quantity.Points, points quantity.Points) fault.Code {
	sum, err := total.Add(points)
	if err != nil {
		return fault.Limit
	}
	*total = sum
	return fault.OK
}

// addToLot merges a lot into the one with the same key; lots are ordered by key.
func (a *Account) addToLot(lot Lot) {
	if lot.Points == 0 {
		return
	}
	i := sort.Search(len(a.Lots), func(i int) bool { return a.Lots[i].Terms >= lot.Terms })
	if i < len(a.Lots) && a.Lots[i].Terms == lot.Terms {
		a.Lots[i].Points += lot.Points // Bounded by Posted, which was checked.
		return
	}
	a.Lots = append(a.Lots, Lot{})
	copy(a.Lots[i+1:], a.Lots[i:])
	a.Lots[i] = lot
}

// spend takes points from the lots in their order; INSUFFICIENT_POINTS leaves the account unusable to the caller, who works on a copy.
func spend(a *Account, points quantity.Points) fault.Code {
	left := points
	kept := a.Lots[:0]
	for _, lot := range a.Lots {
		taken := min(lot.Points, left)
		lot.Points -= taken
		left -= taken
		if lot.Points > 0 {
			kept = append(kept, lot)
		}
	}
	if left > 0 {
		return fault.InsufficientPoints
	}
	a.Lots = kept
	a.Posted -= points
	return fault.OK
}

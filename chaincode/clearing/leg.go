package clearing

import (
	"regexp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxEntries bounds the bank payments of one leg, reversed ones included.
const MaxEntries = 32

// referenceForm is ISO 20022's Max35Text in the character set that banks pass on (SWIFT's X, without line breaks); no slash at either end and no two in a row, as
// the European Payments Council's guidelines for references ask.
var referenceForm = regexp.MustCompile(`^[A-Za-z0-9?:().,'+ -](/?[A-Za-z0-9?:().,'+ -]){0,34}$`)

// MaxReference is the length of a bank reference in characters.
const MaxReference = 35

// LegStatus says how far a leg has come.
type LegStatus string

// The statuses of a leg.
const (
	LegNotified LegStatus = "NOTIFIED" // To be paid; some of it may be.
	LegPaid     LegStatus = "PAID"     // The payer has entered payments of the whole amount.
	LegReceived LegStatus = "RECEIVED" // The payee has seen all of them come in.
	LegFinal    LegStatus = "FINAL"    // The payee's bank has booked them for good. Nothing is reversed any more.
	LegDeferred LegStatus = "DEFERRED" // The brands voted that the rest is owed again in the next netting.
)

// Leg is one payment between two members that settles a window.
type Leg struct {
	V        int            `json:"v"` // Record version, 1.
	Currency string         `json:"currency"`
	Window   int64          `json:"window"`
	From     string         `json:"from"`
	To       string         `json:"to"`
	Amount   quantity.Minor `json:"amount"` // 1 or more.
	Due      int64          `json:"due"`    // Unix seconds.
	Status   LegStatus      `json:"status"`
	Late     bool           `json:"late,omitzero"`     // It was past due before it was paid.
	Deferred quantity.Minor `json:"deferred,omitzero"` // The part that is owed again in the next netting.
	Entries  []Entry        `json:"entries,omitempty"`
}

// Entry is a bank payment of a leg.
type Entry struct {
	Reference string         `json:"reference"` // The bank's, as it stands in both banks' statements.
	Amount    quantity.Minor `json:"amount"`    // 1 or more.
	PaidAt    int64          `json:"paidAt"`    // Transaction times, Unix seconds.
	PaidBy    string         `json:"paidBy"`    // MSP ids.
	ReceiptAt int64          `json:"receiptAt,omitzero"`
	ReceiptBy string         `json:"receiptBy,omitempty"`
	Reversal  *Reversal      `json:"reversal,omitempty"`
}

// Reversal is the counter entry of a payment that was wrong: to the wrong account, of the wrong amount, returned by the bank.
type Reversal struct {
	Reason string `json:"reason"`
	At     int64  `json:"at"`
	By     string `json:"by"` // MSP id.
}

// Action is who does something to a leg and when.
type Action struct {
	MSP string
	At  int64 // Transaction time, Unix seconds.
}

// Paid is what payments entered and not reversed add up to.
func (l *Leg) Paid() quantity.Minor { return l.sum(func(*Entry) bool { return true }) }

// Received is what of them has come in.
func (l *Leg) Received() quantity.Minor {
	return l.sum(func(e *Entry) bool { return e.ReceiptAt != 0 })
}

func (l *Leg) sum(counts func(*Entry) bool) quantity.Minor {
	var total quantity.Minor
	for i := range l.Entries {
		if e := &l.Entries[i]; e.Reversal == nil && counts(e) {
			total += e.Amount // Never over Amount: Pay sees to it.
		}
	}
	return total
}

// Closed says whether nothing is to be done any more.
func (l *Leg) Closed() bool { return l.Status == LegFinal || l.Status == LegDeferred }

// Pay enters a bank payment of the payer's. INVALID_VALUE when the reference has a form that banks don't pass on, ALREADY_EXISTS when it was used for this leg,
// LEG_EXCEEDS when more would be paid than is left, LEG_STATUS when nothing is.
func (l *Leg) Pay(reference string, amount quantity.Minor, by Action) error {
	if l.Status != LegNotified {
		return l.refuse()
	}
	if len(reference) > MaxReference || !referenceForm.MatchString(reference) {
		return fault.New(fault.InvalidValue, "a bank reference has up to %d letters, digits, spaces and /-?:().,'+ and no slash at an end or beside another", MaxReference)
	}
	if l.entry(reference) != nil {
		return fault.New(fault.AlreadyExists, "the leg has a payment under this reference")
	}
	if len(l.Entries) >= MaxEntries {
		return fault.New(fault.TooLarge, "a leg has at most %d payments", MaxEntries)
	}
	if amount < 1 || amount > l.Amount-l.Paid() {
		return fault.New(fault.LegExceeds, "%d minor units are left to pay", int64(l.Amount-l.Paid()))
	}
	l.Entries = append(l.Entries, Entry{Reference: reference, Amount: amount, PaidAt: by.At, PaidBy: by.MSP})
	l.Late = l.Late || by.At > l.Due
	l.restate()
	return nil
}

// Receive notes that a payment came in. NOT_FOUND when none was entered under this reference with this amount, ALREADY_EXISTS when it was noted before, LEG_STATUS
// when the leg is closed.
func (l *Leg) Receive(reference string, amount quantity.Minor, by Action) error {
	if l.Closed() {
		return l.refuse()
	}
	e := l.entry(reference)
	if e == nil || e.Reversal != nil || e.Amount != amount {
		return fault.New(fault.NotFound, "no payment of this amount stands under this reference")
	}
	if e.ReceiptAt != 0 {
		return fault.New(fault.AlreadyExists, "the payment came in before")
	}
	e.ReceiptAt, e.ReceiptBy = by.At, by.MSP
	l.restate()
	return nil
}

// Reverse takes a wrong payment back by a counter entry: the payer while it has not come in, after that the payee, who sent it back. NOT_FOUND when there is no such
// payment, FORBIDDEN when it is the other's to reverse, LEG_STATUS when the leg is closed. member is the name of who reverses.
func (l *Leg) Reverse(reference, reason, member string, by Action) error {
	if l.Closed() {
		return l.refuse()
	}
	if err := ValidReason(reason); err != nil {
		return err
	}
	e := l.entry(reference)
	if e == nil || e.Reversal != nil {
		return fault.New(fault.NotFound, "no payment stands under this reference")
	}
	if received := e.ReceiptAt != 0; received && member != l.To || !received && member != l.From {
		return fault.New(fault.Forbidden, "the payer reverses what has not come in, the payee what has")
	}
	e.Reversal = &Reversal{Reason: reason, At: by.At, By: by.MSP}
	l.restate()
	return nil
}

// MarkLate notes that the leg is past due. LEG_STATUS unless it is to be paid, TOO_EARLY when it isn't due.
func (l *Leg) MarkLate(now int64) error {
	if l.Status != LegNotified || l.Late {
		return l.refuse()
	}
	if now <= l.Due {
		return fault.New(fault.TooEarly, "the leg is due at %d", l.Due)
	}
	l.Late = true
	return nil
}

// Finalise makes the leg final; LEG_STATUS unless it is received in full.
func (l *Leg) Finalise(payer, payee *Standing) error {
	if l.Status != LegReceived {
		return l.refuse()
	}
	l.Status = LegFinal
	return settle(payer, payee, l.Amount)
}

// Defer lets the rest of the leg be owed again. LEG_STATUS when nothing is left to pay, or a payment is under way, or the leg isn't late: a vote is no way to pay later.
func (l *Leg) Defer(payer, payee *Standing) error {
	if l.Status != LegNotified || !l.Late || l.Paid() != l.Received() {
		return l.refuse()
	}
	received := l.Received()
	l.Deferred, l.Status = l.Amount-received, LegDeferred
	if err := settle(payer, payee, received); err != nil {
		return err
	}
	return deferRest(payer, payee, l.Deferred)
}

// restate brings the status in line with the entries.
func (l *Leg) restate() {
	switch l.Amount {
	case l.Received():
		l.Status = LegReceived
	case l.Paid():
		l.Status = LegPaid
	default:
		l.Status = LegNotified
	}
}

// entry finds a payment, reversed or not: a reference is used once.
func (l *Leg) entry(reference string) *Entry {
	for i := range l.Entries {
		if l.Entries[i].Reference == reference {
			return &l.Entries[i]
		}
	}
	return nil
}

func (l *Leg) refuse() error { return fault.New(fault.LegStatus, "the leg is %s", l.Status) }

// Deferral is the motion to let the rest of a late leg be owed again in the next netting, so that a payer that fails doesn't keep its window from being settled.
type Deferral struct {
	Currency string `json:"currency"`
	Window   int64  `json:"window"`
	From     string `json:"from"`
	To       string `json:"to"`
}

func (d *Deferral) validate(c *Consortium) error {
	if err := quantity.ValidCurrency(d.Currency); err != nil {
		return err
	}
	if d.Window < 1 || d.Window > MaxWindow {
		return fault.New(fault.InvalidValue, "windows are numbered from 1 to %d", MaxWindow)
	}
	return c.needBrands(d.From, d.To)
}

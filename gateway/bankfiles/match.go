package bankfiles

import (
	"cmp"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxMatched bounds the entries that are matched at once.
const MaxMatched = 200_000

// Reason is why an entry was not counted for a leg.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	ReasonDuplicate         Reason = "DUPLICATE"               // The same booking was read before, from this file or another.
	ReasonPossibleDuplicate Reason = "POSSIBLE_DUPLICATE"      // Without a bank reference, and like one that was counted from another file: for a person to decide.
	ReasonConflict          Reason = "CONFLICTING_DUPLICATE"   // The same booking was read before with another amount or currency.
	ReasonSuperseded        Reason = "SUPERSEDED"              // Announced, and booked since.
	ReasonUnsplit           Reason = "UNSPLIT"                 // Several transactions whose amounts don't make the entry's.
	ReasonNoDetails         Reason = "NO_DETAILS"              // A batch whose transactions the bank doesn't list.
	ReasonNoReference       Reason = "NO_REFERENCE"            // It names no payment.
	ReasonUnknownLeg        Reason = "UNKNOWN_LEG"             // It names a payment that is none of these legs.
	ReasonContradiction     Reason = "CONTRADICTORY_REFERENCE" // End-to-end id and UETR name different payments.
	ReasonWrongAccount      Reason = "WRONG_ACCOUNT"           // It names a leg, on an account that is neither the payer's nor the payee's.
	ReasonWrongCurrency     Reason = "WRONG_CURRENCY"          // It names a leg, in another currency than the leg's.
	ReasonWrongDirection    Reason = "WRONG_DIRECTION"         // It names a leg and moves the balance the other way, or takes back what was never a payment.
	ReasonNoAmount          Reason = "NO_AMOUNT"               // It names a leg and moves nothing.
	ReasonNotBooked         Reason = "NOT_BOOKED"              // Neither booked nor a payment that is announced.
	ReasonNothingToReturn   Reason = "NOTHING_TO_RETURN"       // It takes back more than is counted as paid.
)

// Finding is an entry that was not counted, and why.
type Finding struct {
	Entry  Entry
	Reason Reason
	Leg    string // Id of the leg that the entry names; empty when it names none of them.
}

// State says how far one side of a leg has come, by what is booked less what was taken back.
type State string

// The states.
const (
	StateNone      State = "NONE"
	StateAnnounced State = "ANNOUNCED" // Nothing is booked, something is pending.
	StatePartial   State = "PARTIAL"   // Less than the leg.
	StateFull      State = "FULL"      // Exactly the leg.
	StateOver      State = "OVER"      // More than the leg.
	StateReturned  State = "RETURNED"  // All that was booked was taken back.
)

// Side is what the statements of one account say of a leg.
type Side struct {
	State     State
	Net       quantity.Money // Booked less taken back; never negative.
	Announced quantity.Money
	Payments  []Entry // Counted, in the order of their booking days.
	Returns   []Entry // Reversals and returned payments, taken off again.
	Pending   []Entry // Counted in Announced.
	Reference string  // The bank's, of the last of the payments.
	On        quantity.Day
}

// Settlement is a leg and what the payer's and the payee's accounts say of it. A member has only its own account's statements: the other side stays StateNone.
type Settlement struct {
	Leg      Leg
	Paid     Side
	Received Side
}

// Result accounts for every entry: it is once either in a settlement's Payments, Returns or Pending, or among the findings.
type Result struct {
	Settlements []Settlement // Of every leg, ordered by its id.
	Findings    []Finding    // In a fixed order.
}

// Match finds what entries pay or receive which legs, by the end-to-end id or, without one, by the UETR, on the payer's or the payee's account. It doesn't depend on the order of legs
// and entries. A booking that several files report counts once: it is known by its bank reference, account, direction and end-to-end id; notifications give way to statements and
// announcements to bookings. A bank that gives one booking two different references can't be found out.
//
// INVALID_VALUE or OUT_OF_RANGE for a leg that isn't valid or is given twice, and for sums above quantity.MaxMinor; TOO_LARGE for more than MaxLegs legs or MaxMatched
// entries.
func Match(legs []Leg, entries []Entry) (*Result, error) {
	if len(entries) > MaxMatched {
		return nil, fault.New(fault.TooLarge, "at most %d entries are matched at once", MaxMatched)
	}
	m, err := newMatcher(legs)
	if err != nil {
		return nil, err
	}
	distinct, repeated := sift(entries, func(e *Entry) string {
		if leg, why := m.named(e); why == "" {
			return leg
		}
		return ""
	})
	for _, f := range repeated {
		f.Leg, _ = m.named(&f.Entry)
		m.findings = append(m.findings, f)
	}
	// What is taken back is taken off what was paid, so that all payments are counted first.
	for _, back := range []bool{false, true} {
		for i := range distinct {
			if distinct[i].back() != back {
				continue
			}
			if err := m.place(&distinct[i]); err != nil {
				return nil, err
			}
		}
	}
	return m.result(), nil
}

// back says whether the entry takes an earlier one back.
func (e *Entry) back() bool { return e.Reversal || e.Return != "" }

type matcher struct {
	settlements map[string]*Settlement
	byUETR      map[string]string // Ids of legs.
	findings    []Finding
}

func newMatcher(legs []Leg) (*matcher, error) {
	if len(legs) > MaxLegs {
		return nil, fault.New(fault.TooLarge, "at most %d legs are matched at once", MaxLegs)
	}
	m := &matcher{settlements: make(map[string]*Settlement, len(legs)), byUETR: make(map[string]string, len(legs))}
	for i := range legs {
		l := &legs[i]
		if err := l.Valid(); err != nil {
			return nil, err
		}
		if m.settlements[l.ID] != nil {
			return nil, fault.New(fault.InvalidValue, "leg %s is given twice", l.ID)
		}
		none := Side{State: StateNone, Net: quantity.Money{Currency: l.Amount.Currency}, Announced: quantity.Money{Currency: l.Amount.Currency}}
		m.settlements[l.ID] = &Settlement{Leg: *l, Paid: none, Received: none}
		m.byUETR[UETR(l.ID)] = l.ID
	}
	return m, nil
}

// named is the leg that an entry names, and why it names none. A bank may give its own UETR: it counts only where there is no end-to-end id, or where it is another leg's.
func (m *matcher) named(e *Entry) (string, Reason) {
	byUETR := m.byUETR[e.UETR]
	_, known := m.settlements[e.EndToEndID]
	switch {
	case e.EndToEndID == "" && byUETR != "":
		return byUETR, ""
	case e.EndToEndID == "" && e.UETR == "":
		return "", ReasonNoReference
	case known && byUETR != "" && byUETR != e.EndToEndID, !known && byUETR != "":
		return byUETR, ReasonContradiction
	case !known:
		return "", ReasonUnknownLeg
	}
	return e.EndToEndID, ""
}

func (m *matcher) place(e *Entry) error {
	leg, why := m.named(e)
	if e.Trouble != "" {
		why = e.Trouble
	}
	if why != "" {
		m.findings = append(m.findings, Finding{Entry: *e, Reason: why, Leg: leg})
		return nil
	}
	why, err := m.settlements[leg].count(e)
	if why != "" {
		m.findings = append(m.findings, Finding{Entry: *e, Reason: why, Leg: leg})
	}
	return err
}

// count adds the entry to its side of the settlement, or says why not. OUT_OF_RANGE for a sum above quantity.MaxMinor.
func (s *Settlement) count(e *Entry) (Reason, error) {
	var side *Side
	forward := Debit
	switch e.Account {
	case s.Leg.Payer.Account.ID():
		side = &s.Paid
	case s.Leg.Payee.Account.ID():
		side, forward = &s.Received, Credit
	default:
		return ReasonWrongAccount, nil
	}
	switch {
	case e.Amount.Currency != s.Leg.Amount.Currency:
		return ReasonWrongCurrency, nil
	case (e.Direction == forward) == e.back():
		return ReasonWrongDirection, nil
	case e.Amount.Minor == 0:
		return ReasonNoAmount, nil
	case e.Booking == Booked && e.back():
		return side.takeBack(e), nil
	case e.Booking == Booked:
		return "", tally(&side.Payments, &side.Net, e)
	case e.Booking == Pending && !e.back():
		return "", tally(&side.Pending, &side.Announced, e)
	}
	return ReasonNotBooked, nil
}

func tally(to *[]Entry, sum *quantity.Money, e *Entry) error {
	total, err := add(*sum, e.Amount)
	if err != nil {
		return err
	}
	*sum, *to = total, append(*to, *e)
	return nil
}

func (s *Side) takeBack(e *Entry) Reason {
	if e.Amount.Minor > s.Net.Minor {
		return ReasonNothingToReturn
	}
	s.Net.Minor -= e.Amount.Minor
	s.Returns = append(s.Returns, *e)
	return ""
}

func (m *matcher) result() *Result {
	r := &Result{Findings: m.findings}
	for _, s := range m.settlements {
		s.Paid.finish(s.Leg.Amount)
		s.Received.finish(s.Leg.Amount)
		r.Settlements = append(r.Settlements, *s)
	}
	slices.SortFunc(r.Settlements, func(a, b Settlement) int { return cmp.Compare(a.Leg.ID, b.Leg.ID) })
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(byPlace(&a.Entry, &b.Entry), byContent(&a.Entry, &b.Entry), cmp.Compare(a.Reason, b.Reason))
	})
	return r
}

// finish orders what was counted and says how far the side has come.
func (s *Side) finish(due quantity.Money) {
	for _, list := range [][]Entry{s.Payments, s.Returns, s.Pending} {
		slices.SortFunc(list, func(a, b Entry) int {
			return cmp.Or(cmp.Compare(a.Booked, b.Booked), cmp.Compare(a.Value, b.Value), byPlace(&a, &b), byContent(&a, &b))
		})
	}
	if n := len(s.Payments); n > 0 {
		s.Reference, s.On = s.Payments[n-1].Reference(), s.Payments[n-1].Booked
	}
	switch {
	case s.Net.Minor > due.Minor:
		s.State = StateOver
	case s.Net.Minor == due.Minor:
		s.State = StateFull
	case s.Net.Minor > 0:
		s.State = StatePartial
	case len(s.Returns) > 0:
		s.State = StateReturned
	case len(s.Pending) > 0:
		s.State = StateAnnounced
	}
}

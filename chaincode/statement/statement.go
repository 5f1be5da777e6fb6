package statement

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Statement is a programme's statement over a period of business dates, both included. Its parts sum to its wholes: Closing.Outstanding is Opening.Outstanding with
// Flows, and it is the sum over Closing's places, over Funding, over Expiry and over Terms, as are the flows over Funding and Liability over all three.
type Statement struct {
	V         int           `json:"v"` // Document version, 1.
	Programme string        `json:"programme"`
	Currency  string        `json:"currency"`
	From      quantity.Day  `json:"from"` // 1970-01-01 for the beginning of the programme.
	To        quantity.Day  `json:"to"`
	Summary   Summary       `json:"summary"`
	Flows     Flows         `json:"flows"`
	Opening   Opening       `json:"opening"`
	Closing   Closing       `json:"closing"`
	Liability int64         `json:"liability"` // Minor units of the currency at the value published in the terms of each lot, rounded half-even once. Lapsed points are worth nothing.
	Terms     []TermsLine   `json:"terms"`     // Ordered by version.
	Funding   []FundingLine `json:"funding"`   // Ordered by reference.
	Expiry    []ExpiryLine  `json:"expiry"`    // Ordered by month, what no date ends last.
	Cohorts   []Cohort      `json:"cohorts"`   // Since the programme began; ordered as Expiry.
}

// Summary is what happened in the period as customers see it: credits are whole, with the part that paid debt.
type Summary struct {
	Issued       quantity.Points `json:"issued"`
	Redeemed     quantity.Points `json:"redeemed"`
	Expired      quantity.Points `json:"expired"`
	Returned     quantity.Points `json:"returned"` // Taken back from lots by returns of purchases.
	Restored     quantity.Points `json:"restored"` // Given back by returns of redemptions.
	AdjustedUp   quantity.Points `json:"adjustedUp"`
	AdjustedDown quantity.Points `json:"adjustedDown"` // Taken from lots.
	Forfeited    quantity.Points `json:"forfeited"`
	Transferred  quantity.Points `json:"transferred"`
	DebtIncurred quantity.Points `json:"debtIncurred"` // Part of returns and adjustments that accounts could not cover.
	DebtRepaid   quantity.Points `json:"debtRepaid"`
	Deposited    quantity.Points `json:"deposited"` // Awarded by partners, and brought by swaps.
	Swapped      quantity.Points `json:"swapped"`   // Became partners' points.
}

// Opening is the position when the period began.
type Opening struct {
	Outstanding quantity.Points `json:"outstanding"`
	Debt        quantity.Points `json:"debt"`
}

// Closing is the position when the period ended. Each point outstanding is in exactly one of the parts.
type Closing struct {
	Outstanding quantity.Points `json:"outstanding"` // Points in lots. Debt doesn't reduce it.
	Free        quantity.Points `json:"free"`
	Pending     quantity.Points `json:"pending"` // Not spendable yet.
	Held        quantity.Points `json:"held"`
	Suspense    quantity.Points `json:"suspense"`
	Inbox       quantity.Points `json:"inbox"`
	Lapsed      quantity.Points `json:"lapsed"` // Gone by their date; the ledger books it when their account is touched next.
	Debt        quantity.Points `json:"debt"`   // What accounts owe.
}

// TermsLine is what is outstanding under one version of the terms.
type TermsLine struct {
	Version     int             `json:"version"`
	Value       quantity.Ratio  `json:"value"` // Minor units per point.
	Outstanding quantity.Points `json:"outstanding"`
	Lapsed      quantity.Points `json:"lapsed"`
	Liability   int64           `json:"liability"`
}

// FundingLine is what one funding reference funds.
type FundingLine struct {
	Funding     string          `json:"funding"` // Empty for the programme's own.
	Flows       Flows           `json:"flows"`   // In the period.
	Outstanding quantity.Points `json:"outstanding"`
	Pending     quantity.Points `json:"pending"`
	Liability   int64           `json:"liability"`
}

// ExpiryLine is what is gone in one month if nobody uses it.
type ExpiryLine struct {
	Month       string          `json:"month"` // YYYY-MM of the last day on which the points can be spent; empty when no date is known.
	Outstanding quantity.Points `json:"outstanding"`
	Pending     quantity.Points `json:"pending"`
	Liability   int64           `json:"liability"`
}

// Value gives the published value of a version of the terms, in minor units per point; known is false when there is no such version.
type Value func(version int) (value quantity.Ratio, known bool)

// Of makes the statement of a book. STATEMENT_MISMATCH when holdings, moves and totals don't agree; INVALID_VALUE when the period, a move, a debt, a holding or a value
// can't be; NOT_FOUND for lots under terms without a value; OUT_OF_RANGE when a sum can't be counted.
func Of(b *Book, value Value) (*Statement, error) {
	if b.From > b.Day {
		return nil, fault.New(fault.InvalidValue, "a period from %s can't end on %s", b.From, b.Day)
	}
	s := newSums()
	for _, step := range []func(*Book) error{s.noteMoves, s.noteDebts, s.noteHoldings, s.reconcile} {
		if err := step(b); err != nil {
			return nil, err
		}
	}
	st := &Statement{
		V: 1, Programme: b.Programme, Currency: b.Currency, From: b.From, To: b.Day, Closing: s.closing, Flows: s.during,
		Terms: []TermsLine{}, Funding: []FundingLine{}, Expiry: []ExpiryLine{}, Cohorts: []Cohort{},
	}
	for _, step := range []func(*Statement) error{s.summarise, s.positions, s.fundings, s.cohorts} {
		if err := step(st); err != nil {
			return nil, err
		}
	}
	if err := s.value(st, value); err != nil {
		return nil, err
	}
	return st, nil
}

// origin is what a lot keeps for as long as it lives, whatever it is merged with.
type origin struct {
	terms   int
	funding string
}

// slot is a part of what is outstanding that has one value and stands in one line of each table.
type slot struct {
	origin
	month  string
	lapsed bool
}

// sums are a book added up.
type sums struct {
	before, during  Flows
	funded          map[string]*Flows          // Of the period, by funding.
	matured         map[string]*Flows          // Since the beginning, by month of expiry.
	net             map[origin]quantity.Points // Of all moves into lots and out of them.
	pinned          map[origin]quantity.Points // Of all moves into holds and out of them.
	waiting         map[origin]quantity.Points // Of all moves into the inbox and out of it.
	folded          quantity.Points
	owedBefore      debts
	owedDuring      debts
	closing         Closing
	lying           map[origin]quantity.Points // Holdings.
	held            map[origin]quantity.Points // Holdings in holds.
	inbox           map[origin]quantity.Points // Holdings in the inbox.
	slots           map[slot]quantity.Points
	pendingFunding  map[string]quantity.Points
	pendingMonth    map[string]quantity.Points
	maturing        map[string]quantity.Points // Holdings by month of the lots' own expiry.
	outstandingFund map[string]quantity.Points
}

func newSums() *sums {
	return &sums{
		funded: map[string]*Flows{}, matured: map[string]*Flows{}, net: map[origin]quantity.Points{}, pinned: map[origin]quantity.Points{},
		waiting: map[origin]quantity.Points{}, inbox: map[origin]quantity.Points{},
		lying: map[origin]quantity.Points{}, held: map[origin]quantity.Points{}, slots: map[slot]quantity.Points{},
		pendingFunding: map[string]quantity.Points{}, pendingMonth: map[string]quantity.Points{}, maturing: map[string]quantity.Points{}, outstandingFund: map[string]quantity.Points{},
	}
}

func (s *sums) noteMoves(b *Book) error {
	for i := range b.Moves {
		m := &b.Moves[i]
		if m.Day > b.Day {
			return fault.New(fault.InvalidValue, "a move of %s lies after %s", m.Day, b.Day)
		}
		if err := s.notePinned(&m.Move); err != nil {
			return err
		}
		if err := s.noteWaiting(&m.Move); err != nil {
			return err
		}
		if m.Cause == lots.Pinned || m.Cause == lots.Released || m.Cause == lots.Folded {
			continue
		}
		if err := s.noteMove(m, b.From); err != nil {
			return err
		}
	}
	return nil
}

// notePinned counts what goes into holds and comes out of them; whatever goes into one leaves the free lots, so its points are negative.
func (s *sums) notePinned(m *lots.Move) error {
	from := origin{m.Terms, m.Funding}
	switch {
	case m.Cause == lots.Captured, m.Cause == lots.Delivered:
		return addAt(s.pinned, from, m.Points)
	case m.Cause == lots.Pinned && m.Points < 0, m.Cause == lots.Released && m.Points > 0:
		return addAt(s.pinned, from, -m.Points)
	case m.Cause == lots.Pinned, m.Cause == lots.Released:
		return unmoved(m)
	default:
		return nil
	}
}

// noteWaiting counts what goes into the inbox and comes out of it.
func (s *sums) noteWaiting(m *lots.Move) error {
	from := origin{m.Terms, m.Funding}
	switch {
	case m.Cause == lots.Deposited:
		return addAt(s.waiting, from, m.Points)
	case m.Cause != lots.Folded:
		return nil
	case m.Points <= 0:
		return unmoved(m)
	}
	if err := add(&s.folded, m.Points); err != nil {
		return err
	}
	return addAt(s.waiting, from, -m.Points)
}

func (s *sums) noteMove(m *Move, start quantity.Day) error {
	flows := []*Flows{&s.before, at(s.matured, month(m.Expiry))}
	if m.Day >= start {
		flows = []*Flows{&s.during, at(s.matured, month(m.Expiry)), at(s.funded, m.Funding)}
	}
	for _, f := range flows {
		if err := f.note(&m.Move); err != nil {
			return err
		}
	}
	return addAt(s.net, origin{m.Terms, m.Funding}, m.Points)
}

func (s *sums) noteDebts(b *Book) error {
	for i := range b.Debts {
		d := &b.Debts[i]
		if d.Day > b.Day {
			return fault.New(fault.InvalidValue, "a debt of %s lies after %s", d.Day, b.Day)
		}
		owed := &s.owedBefore
		if d.Day >= b.From {
			owed = &s.owedDuring
		}
		if err := owed.note(d); err != nil {
			return err
		}
	}
	return nil
}

func (s *sums) noteHoldings(b *Book) error {
	for i := range b.Holdings {
		if err := s.noteHolding(&b.Holdings[i], b.Day); err != nil {
			return err
		}
	}
	return nil
}

func (s *sums) noteHolding(h *Holding, day quantity.Day) error {
	part := s.closing.part(h, day)
	if part == nil || h.Points < 1 {
		return fault.New(fault.InvalidValue, "%d points can't lie in %q", int64(h.Points), string(h.Place))
	}
	if h.Expiry != 0 && h.Gone != h.Expiry {
		return fault.New(fault.InvalidValue, "a lot that expires on %s can't be gone on %s", h.Expiry, h.Gone)
	}
	from := origin{h.Terms, h.Funding}
	for _, err := range []error{
		add(part, h.Points), add(&s.closing.Outstanding, h.Points), addAt(s.lying, from, h.Points),
		addAt(s.slots, slot{from, month(h.Gone), part == &s.closing.Lapsed}, h.Points),
		addAt(s.maturing, month(h.Expiry), h.Points), addAt(s.outstandingFund, h.Funding, h.Points),
	} {
		if err != nil {
			return err
		}
	}
	if h.Place == Inbox {
		if err := addAt(s.inbox, from, h.Points); err != nil {
			return err
		}
	}
	switch part {
	case &s.closing.Held:
		return addAt(s.held, from, h.Points)
	case &s.closing.Pending:
		if err := addAt(s.pendingFunding, h.Funding, h.Points); err != nil {
			return err
		}
		return addAt(s.pendingMonth, month(h.Gone), h.Points)
	default:
		return nil
	}
}

// part is the place of a holding in the position.
func (c *Closing) part(h *Holding, day quantity.Day) *quantity.Points {
	gone := h.Gone != 0 && h.Gone <= day
	switch {
	case h.Place == Hold:
		return &c.Held
	case h.Place != Account && h.Place != Suspense && h.Place != Inbox:
		return nil
	case gone:
		return &c.Lapsed
	case h.Place == Suspense:
		return &c.Suspense
	case h.Place == Inbox:
		return &c.Inbox
	case h.From > day:
		return &c.Pending
	default:
		return &c.Free
	}
}

// summarise tells the flows with what paid debt, and what was owed.
func (s *sums) summarise(st *Statement) error {
	whole, repaid, err := s.whole(&s.during, &s.owedDuring)
	if err != nil {
		return err
	}
	st.Summary = Summary{
		Issued: whole.Accrued, Redeemed: whole.Redeemed, Expired: whole.Expired, Returned: whole.Recovered, Restored: whole.Restored,
		AdjustedUp: whole.AdjustedUp, AdjustedDown: whole.AdjustedDown, Forfeited: whole.Forfeited, Transferred: whole.Sent,
		DebtIncurred: s.owedDuring.incurred, DebtRepaid: repaid, Deposited: whole.Deposited, Swapped: whole.Swapped,
	}
	return nil
}

// whole adds to flows what paid debt.
func (s *sums) whole(flows *Flows, owed *debts) (whole Flows, repaid quantity.Points, err error) {
	whole = *flows
	if err := whole.plus(&owed.repaid); err != nil {
		return Flows{}, 0, err
	}
	repaid, err = owed.all()
	return whole, repaid, err
}

func (s *sums) positions(st *Statement) error {
	outstanding, err := s.before.Net()
	if err != nil {
		return err
	}
	debt, err := s.owedBefore.net()
	if err != nil {
		return err
	}
	st.Opening = Opening{Outstanding: outstanding, Debt: debt}
	change, err := s.owedDuring.net()
	if err != nil {
		return err
	}
	st.Closing.Debt, err = debt.Add(change)
	return err
}

func (s *sums) fundings(st *Statement) error {
	for funding := range s.outstandingFund {
		at(s.funded, funding)
	}
	for _, funding := range slices.Sorted(maps.Keys(s.funded)) {
		st.Funding = append(st.Funding, FundingLine{
			Funding: funding, Flows: *s.funded[funding], Outstanding: s.outstandingFund[funding], Pending: s.pendingFunding[funding],
		})
	}
	return nil
}

// month is the month of the last day on which points that are gone on a day can be spent; empty when there is no such day.
func month(gone quantity.Day) string {
	if gone == 0 {
		return ""
	}
	return (gone - 1).String()[:len("2006-01")]
}

// byMonth orders months, with none last.
func byMonth(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "" || b != "" && a > b:
		return 1
	default:
		return -1
	}
}

// at finds the flows of a key, or makes them.
func at[K comparable](m map[K]*Flows, key K) *Flows {
	if m[key] == nil {
		m[key] = &Flows{}
	}
	return m[key]
}

func addAt[K comparable](m map[K]quantity.Points, key K, points quantity.Points) error {
	sum := m[key]
	err := add(&sum, points)
	m[key] = sum
	return err
}

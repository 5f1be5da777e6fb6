package audit

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// ClearingStatement is clearing in one currency, from the rebuilt state and what the audit added up.
type ClearingStatement struct {
	Currency string            `json:"currency"`
	Open     int64             `json:"open"` // The window where operations come in.
	Windows  []WindowStatement `json:"windows"`
	Pairs    []PairStatement   `json:"pairs"`
}

// WindowStatement says how far one window has come.
type WindowStatement struct {
	Number      int64                 `json:"number"`
	Status      clearing.WindowStatus `json:"status"`
	Batches     int                   `json:"batches"`
	Receipts    int                   `json:"receipts"`    // Of accepted operations, both programmes'.
	Disclosed   []PairNet             `json:"disclosed"`   // By pairs, into its netting.
	Undisclosed []clearing.Pair       `json:"undisclosed"` // When it was closed.
	Positions   []PositionStatement   `json:"positions"`
	Legs        []LegStatement        `json:"legs"`
	Carried     []netting.Obligation  `json:"carried"` // Into the next netting.
}

// PairNet is what a pair disclosed.
type PairNet struct {
	clearing.Pair
	Window int64          `json:"window"` // Whose net it is.
	Sum    quantity.Micro `json:"sum"`    // A owes B, in 10^-6 minor units.
	Net    quantity.Minor `json:"net"`
}

// PositionStatement is a member's position and whether it signed it.
type PositionStatement struct {
	netting.Position
	Signed bool `json:"signed"`
}

// LegStatement is a leg and how far it has come.
type LegStatement struct {
	netting.Payment
	Status   clearing.LegStatus `json:"status"`
	Paid     quantity.Minor     `json:"paid"`
	Received quantity.Minor     `json:"received"`
	Deferred quantity.Minor     `json:"deferred,omitzero"`
	Late     bool               `json:"late,omitzero"`
}

// PairStatement is what two brands came to owe each other. Without the pair's data there are no obligations in it.
type PairStatement struct {
	clearing.Pair
	Held          bool               `json:"held"`          // All of the pair's transactions were replayed from its data.
	FullReplays   int                `json:"fullReplays"`   // Transactions replayed from the pair's data.
	PublicReplays int                `json:"publicReplays"` // Transactions replayed from their public receipts.
	Services      []ServiceStatement `json:"services"`
	Booked        []BookedStatement  `json:"booked"` // By window.
	Disclosed     int64              `json:"disclosed"`
	Residual      quantity.Micro     `json:"residual"` // What rounding left: A owes B.
	Aside         []clearing.Aside   `json:"aside"`    // Disputed lines.
}

// ServiceStatement is what one brand came to owe for a service, or for the fee on it, less what returns took back.
type ServiceStatement struct {
	Debtor  string           `json:"debtor"`
	Service clearing.Service `json:"service"`
	Fee     bool             `json:"fee,omitzero"`
	Count   int64            `json:"count"`
	Micro   quantity.Micro   `json:"micro"` // 10^-6 minor units.
}

// BookedStatement is what a pair booked in one window, by direction.
type BookedStatement struct {
	Window int64             `json:"window"`
	Owed   [2]quantity.Micro `json:"owed"` // What A came to owe B, and B A.
	Count  int64             `json:"count"`
}

// fillClearing takes clearing's state into the statement.
func (a *Auditor) fillClearing() {
	a.statement.Clearing = []ClearingStatement{}
	all, f := a.clearingRecords()
	if f != nil {
		return // A finding of the invariants already.
	}
	for _, r := range all {
		c := ClearingStatement{Currency: r.currency, Open: r.pointer.Number, Windows: []WindowStatement{}, Pairs: []PairStatement{}}
		for _, number := range r.numbers() {
			c.Windows = append(c.Windows, a.stateWindow(r, number))
		}
		for _, ref := range a.statedPairs(r) {
			c.Pairs = append(c.Pairs, a.statePair(r, ref))
		}
		a.statement.Clearing = append(a.statement.Clearing, c)
	}
}

func (a *Auditor) stateWindow(r *clearingRecords, number int64) WindowStatement {
	w := r.windows[number]
	count := a.clearing.window(windowRef{r.currency, number})
	out := WindowStatement{
		Number: number, Status: w.Status, Batches: count.batches, Receipts: count.receipts, Disclosed: []PairNet{}, Undisclosed: append([]clearing.Pair{}, w.Undisclosed...),
		Positions: []PositionStatement{}, Legs: []LegStatement{}, Carried: []netting.Obligation{},
	}
	for _, n := range r.nets {
		if n.Window != number {
			continue
		}
		for _, d := range n.Nets {
			out.Disclosed = append(out.Disclosed, PairNet{clearing.Pair{A: n.A, B: n.B}, d.Window, d.Sum, d.Net})
		}
	}
	for _, p := range r.positionsOf(number) {
		out.Positions = append(out.Positions, PositionStatement{netting.Position{Member: p.Member, Net: p.Net}, p.Signed != nil})
	}
	for _, l := range r.legsOf(number) {
		out.Legs = append(out.Legs, LegStatement{netting.Payment{From: l.From, To: l.To, Amount: l.Amount}, l.Status, l.Paid(), l.Received(), l.Deferred, l.Late})
	}
	if n := r.nettings[number]; n != nil {
		out.Carried = append(out.Carried, n.Carried...)
	}
	return out
}

// statedPairs are those that have an allocation or booked something, in order.
func (a *Auditor) statedPairs(r *clearingRecords) []pairRef {
	seen := map[pairRef]bool{}
	for _, l := range r.allocations {
		seen[pairRef{l.A, l.B, r.currency}] = true
	}
	for _, ref := range a.clearing.refs() {
		if ref.currency == r.currency {
			seen[ref] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(x, y pairRef) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) })
}

func (a *Auditor) statePair(r *clearingRecords, ref pairRef) PairStatement {
	pair := clearing.Pair{A: ref.a, B: ref.b}
	counts := a.clearing.replays[clearing.PairCollection(ref.a, ref.b)]
	out := PairStatement{
		Pair: pair, Held: a.clearing.held(ref), FullReplays: counts[full], PublicReplays: counts[public],
		Services: []ServiceStatement{}, Booked: []BookedStatement{}, Aside: []clearing.Aside{},
	}
	if b := r.books[pair]; b != nil {
		out.Disclosed, out.Residual, out.Aside = b.Disclosed, b.Residual, append(out.Aside, b.Aside...)
	}
	account := a.clearing.pair(ref)
	for s, sum := range account.services {
		out.Services = append(out.Services, ServiceStatement{s.debtor, s.service, s.fee, sum.count, sum.micro})
	}
	slices.SortFunc(out.Services, func(x, y ServiceStatement) int {
		return cmp.Or(cmp.Compare(x.Debtor, y.Debtor), cmp.Compare(x.Service, y.Service), compareFlags(x.Fee, y.Fee))
	})
	for _, number := range slices.Sorted(maps.Keys(account.booked)) {
		w := account.booked[number]
		if w.unseen {
			continue
		}
		booked := BookedStatement{Window: number}
		for _, l := range w.lanes {
			booked.Count += l.count
			for i := range booked.Owed {
				booked.Owed[i] += l.owed[i]
			}
		}
		out.Booked = append(out.Booked, booked)
	}
	return out
}

// compareFlags puts what isn't set first.
func compareFlags(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	default:
		return 1
	}
}

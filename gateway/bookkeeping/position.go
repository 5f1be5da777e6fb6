package bookkeeping

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// Position sums up the lots of a programme's accounts.
type Position struct {
	programme *points.Programme
	sums      map[holding]quantity.Points
}

// holding is everything about a lot that lies somewhere but its points.
type holding struct {
	lots.Key
	place statement.Place
	gone  quantity.Day
}

// NewPosition makes an empty position.
func NewPosition(p *points.Programme) *Position {
	return &Position{programme: p, sums: map[holding]quantity.Points{}}
}

// Lying is everything about a lot of some account's that its being gone depends on, but its points.
type Lying struct {
	lots.Key
	Place  statement.Place // Account, Suspense or Hold.
	Active quantity.Day    // Business date of the account's last activity; 0 of a lot with an expiry, which doesn't depend on it.
}

// Lie hands over an account's lots; f's first error ends it.
func Lie(a *points.Account, f func(Lying, quantity.Points) error) error {
	if err := lie(a, a.Lots, statement.Account, f); err != nil {
		return err
	}
	if err := lie(a, a.Suspense, statement.Suspense, f); err != nil {
		return err
	}
	for i := range a.Holds {
		if err := lie(a, a.Holds[i].Lots, statement.Hold, f); err != nil {
			return err
		}
	}
	return nil
}

func lie(a *points.Account, list []lots.Lot, place statement.Place, f func(Lying, quantity.Points) error) error {
	for _, l := range list {
		at := Lying{Key: l.Key, Place: place}
		if l.Expiry == 0 {
			at.Active = a.Active
		}
		if err := f(at, l.Points); err != nil {
			return err
		}
	}
	return nil
}

// Note adds an account's lots; OUT_OF_RANGE when a sum can't be counted.
func (p *Position) Note(a *points.Account) error { return Lie(a, p.NoteSum) }

// NoteSum adds lots of any number of accounts; OUT_OF_RANGE when a sum can't be counted.
func (p *Position) NoteSum(at Lying, n quantity.Points) error {
	return p.add(&points.Account{Active: at.Active}, []lots.Lot{{Key: at.Key, Points: n}}, at.Place)
}

// NoteInbox adds a credit that waits for its account. No inactivity takes it: folding it is activity. OUT_OF_RANGE when a sum can't be counted.
func (p *Position) NoteInbox(e *points.InboxEntry) error {
	return p.add(&points.Account{Active: quantity.LastDay}, e.Lots, statement.Inbox)
}

func (p *Position) add(a *points.Account, list []lots.Lot, place statement.Place) error {
	for _, l := range list {
		at := holding{Key: l.Key, place: place, gone: p.programme.ExpiryOf(a, l)}
		sum, err := p.sums[at].Add(l.Points)
		if err != nil {
			return err
		}
		p.sums[at] = sum
	}
	return nil
}

// Holdings are the sums, in a stable order.
func (p *Position) Holdings() []statement.Holding {
	keys := slices.SortedFunc(maps.Keys(p.sums), func(a, b holding) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.gone, b.gone), cmp.Compare(a.Expiry, b.Expiry), cmp.Compare(a.From, b.From),
			cmp.Compare(a.Terms, b.Terms), cmp.Compare(a.Funding, b.Funding))
	})
	list := make([]statement.Holding, len(keys))
	for i, at := range keys {
		list[i] = statement.Holding{Lot: lots.Lot{Key: at.Key, Points: p.sums[at]}, Place: at.place, Gone: at.gone}
	}
	return list
}

// Totals are a programme's totals as a statement compares them with the movements.
func Totals(t points.Totals) *statement.Totals {
	return &statement.Totals{
		Issued: t.Issued, Restored: t.Restored, AdjustedUp: t.AdjustedUp, Redeemed: t.Redeemed, Recovered: t.Recovered, AdjustedDown: t.AdjustedDown,
		Expired: t.Expired, Forfeited: t.Forfeited, Transferred: t.Transferred, DebtIncurred: t.DebtIncurred, DebtRepaid: t.DebtRepaid,
		Deposited: t.Deposited, Folded: t.Folded, SwappedOut: t.SwappedOut,
	}
}

// Value is what a programme's terms publish.
func Value(p *points.Programme) statement.Value {
	return func(version int) (quantity.Ratio, bool) {
		if promised := terms.Find(p.Terms, version); promised != nil {
			return promised.Value, true
		}
		return quantity.Ratio{}, false
	}
}

// Due says when the first of an account's points are gone (0 when no date is known), and when its first hold lapses, in Unix seconds (0 without one): until then there is
// nothing to sweep. What a hold pins doesn't expire before the hold ends.
func Due(p *points.Programme, a *points.Account) (day quantity.Day, at int64) {
	for _, list := range [][]lots.Lot{a.Lots, a.Suspense} {
		for _, l := range list {
			if gone := p.ExpiryOf(a, l); gone != 0 && (day == 0 || gone < day) {
				day = gone
			}
		}
	}
	for i := range a.Holds {
		if until := a.Holds[i].Until; at == 0 || until < at {
			at = until
		}
	}
	return day, at
}

package audit

import (
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

// accountInvariants are the invariants of single accounts, in the order of their names.
var accountInvariants = func() []named {
	all := points.AccountInvariants()
	out := make([]named, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, named{name, all[name]})
	}
	return out
}()

type named struct {
	name string
	hold func(*points.Account) error
}

// checkTouched checks the invariants of every account and reversal that a valid transaction writes, and of the inboxes. It comes before the transaction is applied.
func (a *Auditor) checkTouched(t *blocks.Transaction, find findFunc) *Finding {
	for i := range t.Namespaces {
		n := &t.Namespaces[i]
		if !strings.HasPrefix(n.Name, engine.PointsPrefix) {
			continue
		}
		for _, w := range n.Writes {
			if w.Delete {
				continue // A credit that was folded.
			}
			if err := recordHolds(w.Key, w.Value); err != nil {
				return find(CheckInvariant, "%v", err).at(n.Name, w.Key)
			}
		}
		if f := a.checkInbox(t, n, find); f != nil {
			return f
		}
	}
	return nil
}

func recordHolds(key string, value []byte) error {
	object, _, err := engine.ParseKey(key)
	if err != nil {
		return err
	}
	switch object {
	case engine.ObjectAccount:
		var account points.Account
		if err := wire.DecodeRecord(value, &account); err != nil {
			return err
		}
		for _, i := range accountInvariants {
			if err := i.hold(&account); err != nil {
				return err
			}
		}
	case engine.ObjectReversal:
		var reversal points.Reversal
		if err := wire.DecodeRecord(value, &reversal); err != nil {
			return err
		}
		return points.ReversalWithinAward(&reversal)
	}
	return nil
}

// books are a programme's records in the rebuilt state.
type books struct {
	programme *points.Programme
	totals    points.Totals // Sum over all lanes.
	accounts  []*points.Account
	inbox     []*points.InboxEntry
}

// books reads a programme's records; a record that can't be read is a finding at the last block.
func (a *Auditor) books(brand string) (*books, *Finding) {
	namespace := engine.PointsPrefix + brand
	out := &books{}
	for key, e := range a.world.public[namespace] {
		object, _, err := engine.ParseKey(key)
		if err == nil {
			err = out.take(object, e.value)
		}
		if err != nil {
			return nil, blockFinding(CheckInvariant, e.version.Block, "%v", err).at(namespace, key)
		}
	}
	return out, nil
}

func (b *books) take(object string, value []byte) error {
	switch object {
	case engine.ObjectProgramme:
		b.programme = new(points.Programme)
		return wire.DecodeRecord(value, b.programme)
	case engine.ObjectAccount:
		account := new(points.Account)
		b.accounts = append(b.accounts, account)
		return wire.DecodeRecord(value, account)
	case engine.ObjectInbox:
		entry := new(points.InboxEntry)
		b.inbox = append(b.inbox, entry)
		return wire.DecodeRecord(value, entry)
	case engine.ObjectLane:
		var lane points.Lane
		if err := wire.DecodeRecord(value, &lane); err != nil {
			return err
		}
		var err error
		b.totals, err = b.totals.Plus(lane.Totals)
		return err
	}
	return nil
}

// checkInvariants checks what holds for whole programmes, and makes their statements.
func (a *Auditor) checkInvariants() error {
	for _, brand := range slices.Sorted(maps.Keys(a.programmes)) {
		b, f := a.books(brand)
		if f != nil {
			return f
		}
		if err := a.programmeHolds(brand, b); err != nil {
			f := blockFinding(CheckInvariant, a.Height()-1, "%v", err)
			f.Namespace = engine.PointsPrefix + brand
			return f
		}
	}
	return nil
}

func (a *Auditor) programmeHolds(brand string, b *books) error {
	if err := points.SupplyEqualsBalances(b.totals, b.accounts); err != nil {
		return err
	}
	if err := points.InboxEqualsWaiting(b.totals, b.inbox); err != nil {
		return err
	}
	if err := points.OpenedEqualsAccounts(b.totals, len(b.accounts)); err != nil {
		return err
	}
	if b.programme == nil {
		return fault.New(fault.StateCorrupt, "points were written before the programme was created")
	}
	var err error
	a.programmes[brand].Statement, err = a.stateProgramme(b)
	return err
}

// stateProgramme makes a programme's statement from the receipts' moves and the accounts' lots: STATEMENT_MISMATCH when a point of them is not accounted for.
func (a *Auditor) stateProgramme(b *books) (*statement.Statement, error) {
	p := b.programme
	book := &statement.Book{
		Programme: p.Brand, Currency: p.Currency, From: min(a.options.Since, p.BusinessDate), Day: p.BusinessDate, Totals: bookkeeping.Totals(b.totals),
	}
	position := bookkeeping.NewPosition(p)
	for _, account := range b.accounts {
		if err := position.Note(account); err != nil {
			return nil, err
		}
	}
	for _, entry := range b.inbox {
		if err := position.NoteInbox(entry); err != nil {
			return nil, err
		}
	}
	book.Holdings = position.Holdings()
	for m, points := range a.journal.Movements { // A statement is the same in every order.
		if m.Programme == p.Brand {
			book.Moves = append(book.Moves, m.Move(points))
		}
	}
	for o, points := range a.journal.Debts {
		if o.Programme == p.Brand {
			book.Debts = append(book.Debts, o.Debt(points))
		}
	}
	return statement.Of(book, bookkeeping.Value(p))
}

package store_test

import (
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/store"
)

func place(seq int64, n int) points.InboxPlace {
	return points.InboxPlace{MSP: "HotelMSP", Lane: 1032, Seq: seq, N: n}
}

// deposit puts a credit into the block under construction.
func (b *book) deposit(programme string, account int, p points.InboxPlace, n quantity.Points) {
	entry := points.InboxEntry{
		V: 1, Account: points.AccountID(id(account)), Operation: points.OperationID(id(100*account + p.N)), Partner: "hotel", Lots: []lots.Lot{{Points: n}},
	}
	b.changes.Inbox[store.InboxRef{Programme: programme, Account: entry.Account, Place: p}] = &store.InboxRow{Partner: "hotel", Points: n, Block: b.block, Body: b.encode(entry)}
}

func TestWhatWaitsIsListedInTheOrderInWhichItCameUntilItIsFolded(t *testing.T) {
	b := newBook(t)
	b.changes.Programmes["airline"] = b.encode(points.Programme{V: 1, Brand: "airline"})
	b.changes.Accounts[store.AccountRef{Programme: "airline", ID: points.AccountID(id(7))}] = store.AccountRow{Body: b.encode(points.Account{V: 1, ID: points.AccountID(id(7))})}
	b.deposit("airline", 8, place(1, 0), 5)
	b.cut()
	b.deposit("airline", 7, place(2, 0), 6)
	b.deposit("airline", 7, place(2, 1), 7)
	b.deposit("hotel", 9, place(2, 1), 8)
	b.cut()
	all, err := b.reads.Waiting(t.Context(), "airline", 10)
	if err != nil || len(all) != 3 || all[0].Place != place(1, 0) || all[0].Block != 0 || all[1].Block != 1 || all[0].Entry.Lots[0].Points != 5 {
		t.Errorf("%+v, %v", all, err)
	}
	if some, err := b.reads.Waiting(t.Context(), "airline", 1); err != nil || len(some) != 1 || some[0].Place != place(1, 0) {
		t.Errorf("%+v, %v", some, err)
	}
	if p, err := b.reads.Account(t.Context(), points.AccountID(id(7))); err != nil || p.Waiting != 13 {
		t.Errorf("%+v, %v", p, err)
	}
	b.changes.Inbox[store.InboxRef{Programme: "airline", Account: points.AccountID(id(7)), Place: place(2, 0)}] = nil
	b.cut()
	if p, err := b.reads.Account(t.Context(), points.AccountID(id(7))); err != nil || p.Waiting != 7 {
		t.Errorf("%+v, %v", p, err)
	}
	for _, limit := range []int{0, store.MaxWaiting + 1} {
		if _, err := b.reads.Waiting(t.Context(), "airline", limit); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestRefundsAreListedForOnePartnerHoweverMuchIsDueToOthers(t *testing.T) {
	b := newBook(t)
	claims := []points.Claim{
		{Operation: points.OperationID(id(1)), Partner: "grocer", Points: 1, Repaid: 9}, {Operation: points.OperationID(id(2)), Partner: "hotel", Points: 3, Repaid: 4},
		{Operation: points.OperationID(id(3)), Partner: "hotel", Points: 5},
	}
	for n := range 5 {
		a := points.Account{V: 1, ID: points.AccountID(id(n)), Claims: claims[:1]}
		if n == 4 {
			a.Claims = claims
		}
		b.changes.Accounts[store.AccountRef{Programme: "airline", ID: a.ID}] = store.AccountRow{Refundable: 9, Body: b.encode(a)}
	}
	b.cut()
	want := []store.Refund{{Account: points.AccountID(id(4)), Claim: claims[1]}}
	if got, err := b.reads.Refunds(t.Context(), "airline", "hotel", 2); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v (%v)", got, want, err)
	}
	if got, err := b.reads.Refunds(t.Context(), "airline", "grocer", 10); err != nil || len(got) != 5 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTheLastSettledWindowOfACurrencyIsTold(t *testing.T) {
	b := newBook(t)
	reads := store.NewClearingReads(b.store.Reader())
	if n, err := reads.Settled(t.Context(), "GBP"); err != nil || n != 0 {
		t.Errorf("before the first: %d (%v)", n, err)
	}
	b.changes.Clearing.Records = map[store.ClearingRef]store.ClearingRow{}
	for _, w := range []clearing.Window{
		{Currency: "GBP", Number: 9, Status: clearing.WindowSettled}, {Currency: "GBP", Number: 10, Status: clearing.WindowSettled},
		{Currency: "GBP", Number: 11, Status: clearing.WindowSettling}, {Currency: "EUR", Number: 12, Status: clearing.WindowSettled},
	} {
		_, attributes, err := engine.ParseKey(engine.WindowKey(w.Currency, w.Number))
		if err != nil {
			t.Fatal(err)
		}
		b.changes.Clearing.Records[store.ClearingRef{Object: engine.ObjectWindow, ID: attributes[0] + "/" + attributes[1]}] = store.ClearingRow{Body: b.encode(w)}
	}
	b.cut()
	if n, err := reads.Settled(t.Context(), "GBP"); err != nil || n != 10 {
		t.Errorf("got %d, want 10 (%v)", n, err)
	}
}

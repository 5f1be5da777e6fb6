package store_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/store"
)

func TestSendersAreThoseWhoTransferredToAnAccountTheLastInFront(t *testing.T) {
	b := newBook(t)
	b.block = 1
	for _, n := range []int{7, 8, 9, 10} {
		a := points.Account{V: 1, ID: points.AccountID(id(n)), Status: points.StatusActive, Used: []points.UsedAuthorisation{}}
		b.changes.Accounts[store.AccountRef{Programme: "airline", ID: a.ID}] = store.AccountRow{Body: b.encode(a)}
	}
	accepted := receipt(9, "airline", 10, 7)
	accepted.Kind = points.KindAccept // 10 took what 7 gave: that makes 10 no sender.
	b.batch("airline", 0, 1, receipt(1, "airline", 8, 7), receipt(2, "airline", 7, 8), receipt(3, "airline", 9, 0), accepted)
	b.cut()
	b.batch("airline", 0, 2, receipt(4, "airline", 9, 7), receipt(5, "airline", 9, 7))
	b.cut()
	for limit, want := range map[int][]string{1: {id(9)}, 2: {id(9), id(8)}, store.MaxPage: {id(9), id(8)}} {
		got, err := b.reads.Senders(t.Context(), points.AccountID(id(7)), limit)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d: %+v, %v", limit, got, err)
		}
		for i := range want {
			if string(got[i].Account.ID) != want[i] || got[i].Programme != "airline" {
				t.Errorf("%d: sender %d is %s of %s", limit, i, got[i].Account.ID, got[i].Programme)
			}
		}
	}
	for _, limit := range []int{0, store.MaxPage + 1} {
		if _, err := b.reads.Senders(t.Context(), points.AccountID(id(7)), limit); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%d senders at once: %v", limit, err)
		}
	}
}

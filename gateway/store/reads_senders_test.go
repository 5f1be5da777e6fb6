package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/store"
)

// offering is an account of which the transfers of some operations wait until a time for account 7.
func offering(b *book, n int, until int64, operations ...int) {
	a := points.Account{V: 1, ID: points.AccountID(id(n)), Status: points.StatusActive, Used: []points.UsedAuthorisation{}}
	for _, operation := range operations {
		a.Holds = append(a.Holds, points.Hold{ID: points.OperationID(id(operation)), Purpose: points.PurposeTransfer, Points: quantity.Points(operation), Until: until, To: points.AccountID(id(7)), Lots: []lots.Lot{}})
	}
	b.changes.Accounts[store.AccountRef{Programme: "airline", ID: a.ID}] = store.AccountRow{Body: b.encode(a)}
}

// sendersOf are the numbers of the accounts that have an open offer for account 7.
func sendersOf(t *testing.T, b *book, now int64, limit int) (got []string) {
	t.Helper()
	all, _, err := b.reads.Senders(t.Context(), []points.AccountID{points.AccountID(id(7))}, now, nil, limit)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if all[i].Programme != "airline" {
			t.Errorf("%s is of %s", all[i].Account.ID, all[i].Programme)
		}
		got = append(got, string(all[i].Account.ID))
	}
	return got
}

func TestSendersAreThoseOfWhomAnOfferWaitsForAnAccountTheLastInFront(t *testing.T) {
	const now = 100
	b := newBook(t)
	b.block = 1
	offering(b, 7, now)
	offering(b, 8, now+1, 1)
	offering(b, 9, now+1, 4, 5)
	offering(b, 10, now+1)
	accepted := receipt(9, "airline", 10, 7)
	accepted.Kind = points.KindAccept // 10 took what 7 gave: that makes 10 no sender.
	b.batch("airline", 0, 1, receipt(1, "airline", 8, 7), receipt(2, "airline", 7, 8), receipt(3, "airline", 9, 0), accepted)
	b.cut()
	b.batch("airline", 0, 2, receipt(4, "airline", 9, 7), receipt(5, "airline", 9, 7))
	b.cut()
	for limit, want := range map[int][]string{1: {id(9)}, 2: {id(9), id(8)}, store.MaxPage: {id(9), id(8)}} {
		if got := sendersOf(t, b, now, limit); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", limit, got, want)
		}
	}
	if got := sendersOf(t, b, now+1, store.MaxPage); len(got) != 0 {
		t.Errorf("what has lapsed makes senders: %v", got)
	}
	for _, limit := range []int{0, store.MaxPage + 1} {
		if _, _, err := b.reads.Senders(t.Context(), []points.AccountID{points.AccountID(id(7))}, now, nil, limit); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%d senders at once: %v", limit, err)
		}
	}
}

func TestNoFloodOfTransfersThatAreOverPushesAnOfferOut(t *testing.T) {
	const now = 100
	b := newBook(t)
	b.block = 1
	offering(b, 8, now+1, 1)
	b.batch("airline", 0, 1, receipt(1, "airline", 8, 7))
	b.cut()
	flood := make([]points.Receipt, store.MaxPage+1)
	for n := range flood {
		flood[n] = receipt(1000+n, "airline", 2000+n, 7)
		switch n % 3 {
		case 0: // Refused: it holds nothing.
			flood[n].Outcome, flood[n].Code = points.Rejected, fault.Limit
			offering(b, 2000+n, now)
		case 1: // Taken back.
			offering(b, 2000+n, now)
		default: // Lapsed, and not swept yet.
			offering(b, 2000+n, now, 1000+n)
		}
	}
	b.batch("airline", 0, 2, flood...)
	b.cut()
	if got := sendersOf(t, b, now, store.MaxPage); !slices.Equal(got, []string{id(8)}) {
		t.Errorf("%d senders: %v", len(got), got)
	}
	late := now + int64(366*24*time.Hour/time.Second)
	offering(b, 8, late+1, 1) // No terms let it wait for so long: what is older isn't looked at.
	b.cut()
	if got := sendersOf(t, b, late, store.MaxPage); len(got) != 0 {
		t.Errorf("what was sent before the longest period counts: %v", got)
	}
}

// TestNoOpenOfferIsLostBetweenPages reads a crowd of senders page by page, many of whose offers came in one block, to two accounts.
func TestNoOpenOfferIsLostBetweenPages(t *testing.T) {
	const now, crowd = 100, 2*store.MaxPage + 1
	b := newBook(t)
	for block := range 3 {
		b.block = uint64(block + 1)
		var receipts []points.Receipt
		for n := block; n < crowd; n += 3 {
			offering(b, 2000+n, now+1, 1000+n)
			receipts = append(receipts, receipt(1000+n, "airline", 2000+n, 7+n%2))
		}
		b.batch("airline", 0, int64(block+1), receipts...)
		b.cut()
	}
	for _, limit := range []int{7, store.MaxPage} {
		seen := map[points.AccountID]int{}
		var after *store.SenderPlace
		for page := 0; ; page++ {
			all, next, err := b.reads.Senders(t.Context(), []points.AccountID{points.AccountID(id(7)), points.AccountID(id(8))}, now, after, limit)
			if err != nil {
				t.Fatal(err)
			}
			for i := range all {
				seen[all[i].Account.ID]++
			}
			if next == nil {
				break
			}
			again, err := store.ParseSenderPlace(next.String())
			if err != nil || again != *next || page > crowd || len(all) != limit {
				t.Fatalf("page %d of %d ends at %v (%v)", page, len(all), next, err)
			}
			after = &again
		}
		if len(seen) != crowd {
			t.Errorf("%d of %d senders were read by %d", len(seen), crowd, limit)
		}
		for sender, times := range seen {
			if times != 1 {
				t.Errorf("%s came %d times", sender, times)
			}
		}
	}
	for _, text := range []string{"", "x", store.SenderPlace{Block: -1}.String()} {
		if _, err := store.ParseSenderPlace(text); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%q is taken for a place: %v", text, err)
		}
	}
}

package sequencer

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

func waiting(row int64, from, to string) *entry {
	return newEntry(store.Operation{Row: row, ID: points.OperationID(fmt.Sprint(row)), Account: points.AccountID(from), To: points.AccountID(to)})
}

// TestBatchesNeverShareAnAccountOrAShopAndKeepTheOrderOfEach takes and releases batches at random and checks what the queue promises after every step.
func TestBatchesNeverShareAnAccountOrAShopAndKeepTheOrderOfEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue(rapid.IntRange(1, 6).Draw(t, "batchMax"), 0)
		names := []string{"a", "b", "c", "d"}
		row, left := int64(0), 0
		var flying [][]*entry
		last := map[record]int64{}
		take := func(t *rapid.T) {
			batch := q.take(1)
			if len(batch) == 0 {
				return
			}
			if len(batch) > q.batchMax {
				t.Fatalf("a batch has %d operations, at most %d are allowed", len(batch), q.batchMax)
			}
			left -= len(batch)
			for _, other := range flying {
				for _, x := range other {
					for _, y := range batch {
						if shared(x, y) {
							t.Fatalf("operations %d and %d are in flight on one account or shop", x.operation.Row, y.operation.Row)
						}
					}
				}
			}
			for _, e := range batch {
				for _, r := range touched(&e.operation) {
					if last[r] > e.operation.Row {
						t.Fatalf("on %s operation %d came after operation %d", r, e.operation.Row, last[r])
					}
					last[r] = e.operation.Row
				}
			}
			flying = append(flying, batch)
		}
		land := func(t *rapid.T) {
			if len(flying) == 0 {
				t.Skip("nothing flies")
			}
			i := rapid.IntRange(0, len(flying)-1).Draw(t, "which")
			q.release(flying[i])
			flying = append(flying[:i], flying[i+1:]...)
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				row++
				left++
				to := ""
				if rapid.Bool().Draw(t, "transfer") {
					to = rapid.SampledFrom(names).Draw(t, "to")
				}
				e := waiting(row, rapid.SampledFrom(names).Draw(t, "from"), to)
				e.operation.Shop = rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "shop")
				q.add(e)
			},
			"take":    take,
			"release": land,
			"": func(t *rapid.T) {
				if q.waiting != left {
					t.Fatalf("the queue counts %d operations, %d are waiting", q.waiting, left)
				}
			},
		})
		for left > 0 || len(flying) > 0 {
			before := left
			take(t)
			if left == before && len(flying) == 0 {
				t.Fatalf("%d operations are stuck", left)
			}
			if left == before {
				land(t)
			}
		}
		if len(q.lines) != 0 {
			t.Fatalf("%d lines are remembered without an operation", len(q.lines))
		}
	})
}

func shared(x, y *entry) bool {
	a, b := &x.operation, &y.operation
	accounts := []points.AccountID{b.Account, b.To}
	return slices.Contains(accounts, a.Account) || a.To != "" && slices.Contains(accounts, a.To) || a.Shop != "" && a.Shop == b.Shop
}

func TestAShopIsNotTheAccountOfItsName(t *testing.T) {
	q := newQueue(1, 0)
	atShop := waiting(1, "a", "")
	atShop.operation.Shop = "b"
	q.add(atShop)
	q.add(waiting(2, "b", ""))
	if first, second := q.take(1), q.take(1); len(first) != 1 || len(second) != 1 {
		t.Errorf("the batches are %v and %v: the account waits for the shop", first, second)
	}
}

func TestTheCustomersOfAShopShareABatch(t *testing.T) {
	q := newQueue(10, 0)
	for i := range int64(4) {
		e := waiting(i+1, fmt.Sprint("a", i), "")
		e.operation.Shop = "corner"
		q.add(e)
	}
	if batch := q.take(1); len(batch) != 4 {
		t.Errorf("a batch has %d of the shop's 4 operations", len(batch))
	}
}

func TestABatchStaysWithinItsBytes(t *testing.T) {
	q := newQueue(500, 0)
	for i := range int64(200) {
		e := waiting(i+1, fmt.Sprint("a", i), "")
		e.operation.Document, e.operation.Details = make([]byte, 30<<10), make([]byte, 10<<10)
		q.add(e)
	}
	batches := 0
	for batch := q.take(1); len(batch) > 0; batch = q.take(1) {
		documents, details := 0, 0
		for _, e := range batch {
			documents += len(e.operation.Document) + 1
			details += len(e.operation.Details) + 1
		}
		if documents > wire.MaxDocument-envelopeSize/2 || details > wire.MaxDetails-envelopeSize/2 {
			t.Errorf("a batch has %d bytes and %d bytes of details", documents, details)
		}
		batches++
	}
	if batches != 2 {
		t.Errorf("6 MB take %d batches, want 2", batches)
	}
}

func TestAnOperationFromARefusedBatchComesInASmallerOne(t *testing.T) {
	q := newQueue(10, 0)
	for i := range int64(6) {
		e := waiting(i+1, fmt.Sprint("a", i), "")
		if i == 3 {
			e.cap = 2
		}
		q.add(e)
	}
	var sizes []int
	for batch := q.take(1); len(batch) > 0; batch = q.take(1) {
		sizes = append(sizes, len(batch))
	}
	if fmt.Sprint(sizes) != "[3 2 1]" {
		t.Errorf("batches have %v operations, want [3 2 1]", sizes)
	}
}

func TestCustodyWaitsForMandatesOfAnEarlierRunToLapse(t *testing.T) {
	q := newQueue(10, 100)
	debit := waiting(1, "a", "")
	debit.operation.Custody = true
	q.add(debit)
	q.add(waiting(2, "b", ""))
	if batch := q.take(99); len(batch) != 1 || batch[0].operation.Row != 2 {
		t.Errorf("before the second 100 the batch is %v", batch)
	}
	if q.wakeAt != 100 {
		t.Errorf("the queue wants to be looked at in second %d, want 100", q.wakeAt)
	}
	if batch := q.take(100); len(batch) != 1 || batch[0] != debit {
		t.Errorf("in second 100 the batch is %v", batch)
	}
}

func TestTheDocumentsAreCanonical(t *testing.T) {
	operation := points.Operation{ID: points.OperationID(someAccount), Kind: points.KindEarn, Account: someAccount}
	details := points.Details{Operation: operation.ID, AmountMinor: 5, Currency: "GBP"}
	o, err := wire.Encode(operation)
	if err != nil {
		t.Fatal(err)
	}
	d, err := wire.Encode(details)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		got  []byte
		want any
	}{
		{document(3, 7, [][]byte{o, o}), wire.BatchRequest{Lane: 3, Seq: 7, Operations: []points.Operation{operation, operation}}},
		{document(3, 7, nil), wire.BatchRequest{Lane: 3, Seq: 7, Operations: []points.Operation{}}},
		{privateDetails("ab", [][]byte{d}), wire.BatchDetails{V: 1, Salt: "ab", Operations: []points.Details{details}}},
	} {
		want, err := wire.Encode(c.want)
		if err != nil {
			t.Fatal(err)
		}
		if string(c.got) != string(want) || !json.Valid(c.got) {
			t.Errorf("got %s, want %s", c.got, want)
		}
	}
}

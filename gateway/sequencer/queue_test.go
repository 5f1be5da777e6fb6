package sequencer

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

func newHomeQueue(quietFrom int64) *queue {
	q := newQueue(quietFrom)
	q.open(home)
	return q
}

func waiting(row int64, from, to string) *entry {
	return newEntry(store.Operation{Row: row, ID: points.OperationID(fmt.Sprint(row)), Account: points.AccountID(from), To: points.AccountID(to)})
}

// TestBatchesNeverShareAnAccountOrAShopAndKeepTheOrderOfEach takes and releases batches of three routes at random and checks what the queue promises after every step.
func TestBatchesNeverShareAnAccountOrAShopAndKeepTheOrderOfEach(t *testing.T) {
	paths := []string{home, "hotel", "grocer"}
	rapid.Check(t, func(t *rapid.T) {
		q, batchMax := newHomeQueue(0), rapid.IntRange(1, 6).Draw(t, "batchMax")
		q.open("hotel")
		q.open("grocer")
		names := []string{"a", "b", "c", "d"}
		row, left := int64(0), map[string]int{}
		var flying [][]*entry
		last := map[place]int64{}
		take := func(t *rapid.T, path string) {
			batch := q.take(path, batchMax, 1)
			if len(batch) > batchMax {
				t.Fatalf("a batch has %d operations, at most %d are allowed", len(batch), batchMax)
			}
			left[path] -= len(batch)
			for _, other := range flying {
				for r := range recordsOf(batch) {
					if recordsOf(other)[r] {
						t.Fatalf("%s is in two batches under way", r)
					}
				}
			}
			for _, e := range batch {
				if e.path() != path {
					t.Fatalf("operation %d of route %q is in a batch of route %q", e.operation.Row, e.path(), path)
				}
				for _, r := range touched(&e.operation) {
					if last[place{r, path}] > e.operation.Row {
						t.Fatalf("on %s operation %d came after operation %d", r, e.operation.Row, last[place{r, path}])
					}
					last[place{r, path}] = e.operation.Row
				}
			}
			if len(batch) > 0 {
				flying = append(flying, batch)
			}
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
				e := waiting(row, rapid.SampledFrom(names).Draw(t, "from"), rapid.SampledFrom([]string{"", "a", "b", "x"}).Draw(t, "to"))
				e.operation.Partner = rapid.SampledFrom(paths).Draw(t, "path")
				e.operation.Kind = rapid.SampledFrom([]points.Kind{points.KindTransfer, points.KindSwap, points.KindAward}).Draw(t, "kind")
				if e.operation.Partner == home {
					e.operation.Kind, e.operation.Shop = points.KindTransfer, rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "shop")
				}
				left[e.path()]++
				q.add(e)
			},
			"take":    func(t *rapid.T) { take(t, rapid.SampledFrom(paths).Draw(t, "route")) },
			"release": land,
			"": func(t *rapid.T) {
				for _, path := range paths {
					if q.waiting[path] != left[path] {
						t.Fatalf("on route %q the queue counts %d operations, %d are waiting", path, q.waiting[path], left[path])
					}
				}
			},
		})
		for left[home]+left["hotel"]+left["grocer"] > 0 || len(flying) > 0 {
			before := fmt.Sprint(left)
			for _, path := range paths {
				take(t, path)
			}
			if fmt.Sprint(left) == before && len(flying) == 0 {
				t.Fatalf("%v operations are stuck", left)
			}
			if fmt.Sprint(left) == before {
				land(t)
			}
		}
		if len(q.lines) != 0 || len(q.busy) != 0 {
			t.Fatalf("%d lines are remembered without an operation, %d records as busy", len(q.lines), len(q.busy))
		}
	})
}

func TestWhatWaitsForAPartnerHoldsUpNothingElseOfItsAccount(t *testing.T) {
	q := newHomeQueue(0)
	q.open("hotel")
	abroad := waiting(1, "a", "")
	abroad.operation.Partner = "hotel"
	q.add(abroad)
	q.add(waiting(2, "a", ""))
	batch := q.take(home, 10, 1)
	if len(batch) != 1 || batch[0].operation.Row != 2 {
		t.Fatalf("the batch of the programme alone is %v", batch)
	}
	if batch := q.take("hotel", 10, 1); len(batch) != 0 {
		t.Errorf("the account is in two batches under way: %v", batch)
	}
	q.release(batch)
	if batch := q.take("hotel", 10, 1); len(batch) != 1 || batch[0] != abroad {
		t.Errorf("the batch with the partner is %v", batch)
	}
}

func TestTheReceiverOfASwapIsNoAccountOfTheProgrammeAndABlindCreditTouchesNone(t *testing.T) {
	q := newHomeQueue(0)
	q.open("hotel")
	for i, e := range []*entry{waiting(1, "a", "x"), waiting(2, "b", "x"), waiting(3, "a", ""), waiting(4, "a", "")} {
		e.operation.Partner, e.operation.Kind = "hotel", points.KindSwap
		if i > 1 {
			e.operation.Kind = points.KindAward
		}
		q.add(e)
	}
	for row := range int64(4) {
		if batch := q.take("hotel", 1, 1); len(batch) != 1 || batch[0].operation.Row != row+1 {
			t.Errorf("batch %d is %v", row, batch)
		}
	}
}

func TestAnAccountThatIsBusyOnOneRouteHasItsTurnOnAnother(t *testing.T) {
	q := newHomeQueue(0)
	q.open("hotel")
	q.add(waiting(1, "a", ""))
	first := q.take(home, 10, 1)
	abroad := waiting(2, "a", "")
	abroad.operation.Partner = "hotel"
	q.add(abroad)
	q.add(waiting(3, "a", ""))
	q.release(first)
	atHome, _ := q.next(home)
	withHotel, ok := q.next("hotel")
	if !ok || withHotel >= atHome {
		t.Errorf("the partner's turn is %d, the programme's own %d", withHotel, atHome)
	}
}

func TestAShopIsNotTheAccountOfItsName(t *testing.T) {
	q, batchMax := newHomeQueue(0), 1
	atShop := waiting(1, "a", "")
	atShop.operation.Shop = "b"
	q.add(atShop)
	q.add(waiting(2, "b", ""))
	if first, second := q.take(home, batchMax, 1), q.take(home, batchMax, 1); len(first) != 1 || len(second) != 1 {
		t.Errorf("the batches are %v and %v: the account waits for the shop", first, second)
	}
}

func TestTheCustomersOfAShopShareABatch(t *testing.T) {
	q, batchMax := newHomeQueue(0), 10
	for i := range int64(4) {
		e := waiting(i+1, fmt.Sprint("a", i), "")
		e.operation.Shop = "corner"
		q.add(e)
	}
	if batch := q.take(home, batchMax, 1); len(batch) != 4 {
		t.Errorf("a batch has %d of the shop's 4 operations", len(batch))
	}
}

func TestABatchStaysWithinItsBytes(t *testing.T) {
	q, batchMax := newHomeQueue(0), 500
	for i := range int64(200) {
		e := waiting(i+1, fmt.Sprint("a", i), "")
		e.operation.Document, e.operation.Details = make([]byte, 30<<10), make([]byte, 10<<10)
		q.add(e)
	}
	batches := 0
	for batch := q.take(home, batchMax, 1); len(batch) > 0; batch = q.take(home, batchMax, 1) {
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
	q, batchMax := newHomeQueue(0), 10
	for i := range int64(6) {
		e := waiting(i+1, fmt.Sprint("a", i), "")
		if i == 3 {
			e.cap = 2
		}
		q.add(e)
	}
	var sizes []int
	for batch := q.take(home, batchMax, 1); len(batch) > 0; batch = q.take(home, batchMax, 1) {
		sizes = append(sizes, len(batch))
	}
	if fmt.Sprint(sizes) != "[3 2 1]" {
		t.Errorf("batches have %v operations, want [3 2 1]", sizes)
	}
}

func TestCustodyWaitsForMandatesOfAnEarlierRunToLapse(t *testing.T) {
	q, batchMax := newHomeQueue(100), 10
	debit := waiting(1, "a", "")
	debit.operation.Custody = true
	q.add(debit)
	q.add(waiting(2, "b", ""))
	if batch := q.take(home, batchMax, 99); len(batch) != 1 || batch[0].operation.Row != 2 {
		t.Errorf("before the second 100 the batch is %v", batch)
	}
	if q.wakeAt != 100 {
		t.Errorf("the queue wants to be looked at in second %d, want 100", q.wakeAt)
	}
	if batch := q.take(home, batchMax, 100); len(batch) != 1 || batch[0] != debit {
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
		{exchangeDocument("airline", "hotel", 1025, 7, [][]byte{o}, 0), wire.Exchange{Home: "airline", Partner: "hotel", Lane: 1025, Seq: 7, Operations: []points.Operation{operation}}},
		{exchangeDocument("airline", "hotel", 1025, 7, nil, 4), wire.Exchange{Home: "airline", Partner: "hotel", Lane: 1025, Seq: 7, Operations: []points.Operation{}, Release: 4}},
		{privateDetails("ab", nil), wire.BatchDetails{V: 1, Salt: "ab", Operations: []points.Details{}}},
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

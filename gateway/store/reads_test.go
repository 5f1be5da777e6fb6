package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// book is a database and what was projected into it.
type book struct {
	t       *testing.T
	store   *store.Store
	reads   *store.Reads
	block   uint64
	changes store.Changes
}

func newBook(t *testing.T) *book {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "gateway.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &book{t: t, store: s, reads: store.NewReads(s.Reader())}
	b.next()
	return b
}

func (b *book) next() {
	b.changes = store.Changes{
		Programmes: map[string][]byte{}, Lanes: map[store.LaneRef][]byte{}, Accounts: map[store.AccountRef]store.AccountRow{}, Records: map[store.RecordRef][]byte{},
		Inbox: map[store.InboxRef]*store.InboxRow{},
	}
}

func id(n int) string { return fmt.Sprintf("%032x", n) }

func (b *book) encode(v any) []byte {
	b.t.Helper()
	raw, err := wire.Encode(v)
	if err != nil {
		b.t.Fatal(err)
	}
	return raw
}

// batch puts a batch of receipts into the block under construction.
func (b *book) batch(programme string, lane int, seq int64, receipts ...points.Receipt) {
	b.t.Helper()
	row := store.BatchRow{
		Programme: programme, MSP: "AirlineMSP", Lane: lane, Seq: seq, Root: "root", Block: b.block, Tx: fmt.Sprintf("tx%d-%d", lane, seq), TxTime: int64(b.block) * 1000,
		Event: b.encode(wire.BatchEvent{V: 1, MSP: "AirlineMSP", Lane: lane, Seq: seq, Root: "root", Receipts: receipts}),
	}
	for _, r := range receipts {
		row.Receipts = append(row.Receipts, store.ReceiptRow{Receipt: r, Body: b.encode(r)})
	}
	b.changes.Batches = append(b.changes.Batches, row)
}

func (b *book) cut() {
	b.t.Helper()
	b.changes.Checkpoint = store.Checkpoint{Block: b.block, Hash: "hash"}
	if err := b.store.Project(b.t.Context(), b.changes); err != nil {
		b.t.Fatal(err)
	}
	b.block++
	b.next()
}

func receipt(operation int, programme string, account, to int) points.Receipt {
	r := points.Receipt{
		V: 1, Operation: points.OperationID(id(operation)), Kind: points.KindEarn, Programme: programme, Account: points.AccountID(id(account)),
		Points: quantity.Points(operation), Outcome: points.Accepted, Code: fault.OK, BusinessDate: 20_000, Engine: 1, Terms: 1,
	}
	if to != 0 {
		r.Kind, r.To = points.KindTransfer, points.AccountID(id(to))
	}
	return r
}

func TestHistoryHasEveryReceiptOfAnAccountOnceNewestFirst(t *testing.T) {
	b := newBook(t)
	b.block = 1
	var want []points.OperationID // Newest first.
	next := 1
	add := func(account, to int) points.Receipt {
		r := receipt(next, "airline", account, to)
		next++
		if account == 7 || to == 7 {
			want = append(want, r.Operation)
		}
		return r
	}
	b.batch("airline", 0, 1, add(7, 0), add(8, 0), add(7, 0))
	b.batch("airline", 1, 1, add(9, 0), add(9, 8))
	b.cut()
	b.batch("airline", 0, 2, add(8, 7), add(7, 8), add(7, 7)) // The last was refused: sender and receiver are the same. It comes once.
	b.cut()
	b.cut()
	b.batch("airline", 0, 3, add(8, 0), add(9, 7))
	b.cut()
	slices.Reverse(want)
	for limit := 1; limit <= len(want)+1; limit++ {
		var got []points.OperationID
		var after *store.Cursor
		for page := 0; page <= len(want); page++ {
			entries, next, err := b.reads.History(t.Context(), points.AccountID(id(7)), after, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(entries) == 0 {
				t.Errorf("pages of %d: page %d is empty", limit, page)
			}
			for _, e := range entries {
				got = append(got, e.Receipt.Operation)
				if e.Time.UnixMilli() != e.Block*1000 || e.Receipt.Programme != "airline" {
					t.Errorf("%+v", e)
				}
			}
			if next == nil {
				break
			}
			parsed, err := store.ParseCursor(next.String())
			if err != nil {
				t.Fatal(err)
			}
			after = &parsed
		}
		if !slices.Equal(got, want) {
			t.Fatalf("pages of %d: %v, want %v", limit, got, want)
		}
	}
	if none, next, err := b.reads.History(t.Context(), points.AccountID(id(99)), nil, 10); err != nil || next != nil || len(none) != 0 {
		t.Errorf("%v, %v, %v", none, next, err)
	}
	for _, limit := range []int{0, store.MaxPage + 1} {
		if _, _, err := b.reads.History(t.Context(), points.AccountID(id(7)), nil, limit); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	for _, text := range []string{"", "x", "eyJiIjotMX0", "bnVsbA=="} {
		if _, err := store.ParseCursor(text); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("cursor %q: %v", text, err)
		}
	}
}

func TestAReceiptComesWithItsWholeBatch(t *testing.T) {
	b := newBook(t)
	b.block = 5
	b.batch("hotel", 3, 9, receipt(1, "hotel", 7, 0), receipt(2, "hotel", 8, 0))
	b.cut()
	c, err := b.reads.Receipt(t.Context(), points.OperationID(id(2)))
	if err != nil {
		t.Fatal(err)
	}
	if c.Index != 1 || c.Block != 5 || c.Tx != "tx3-9" || len(c.Batch.Receipts) != 2 || c.Receipt.Account != points.AccountID(id(8)) || c.Batch.Seq != 9 {
		t.Errorf("%+v", c)
	}
	if _, err := b.reads.Receipt(t.Context(), points.OperationID(id(3))); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("an unknown operation: %v", err)
	}
}

func TestAnOperationIsKnownFromTheOutboxOrFromItsReceipt(t *testing.T) {
	b := newBook(t)
	own := store.NewOperation{
		ID: points.OperationID(id(1)), Kind: points.KindOpen, Programme: "airline", Account: points.AccountID(id(7)), Lookup: "hash of a card", Document: []byte("{}"), Details: []byte("{}"),
	}
	if _, err := b.store.AcceptOperations(t.Context(), 1234, []store.NewOperation{own}, func([]store.Admission) {}, func() {}); err != nil {
		t.Fatal(err)
	}
	pending, err := b.reads.Operation(t.Context(), own.ID)
	if err != nil || pending.Done || pending.Receipt != nil || pending.AcceptedAt != time.UnixMilli(1234).UTC() {
		t.Errorf("%+v, %v", pending, err)
	}
	mine := receipt(1, "airline", 7, 0)
	b.block = 3
	b.batch("airline", 0, 1, mine)
	b.changes.Batches[0].Recover = func() ([]store.NewOperation, error) { return []store.NewOperation{own}, nil }
	b.batch("hotel", 0, 1, receipt(2, "hotel", 8, 0))
	b.cut()
	done, err := b.reads.Operation(t.Context(), own.ID)
	if err != nil || !done.Done || done.Code != fault.OK || done.Receipt == nil || !reflect.DeepEqual(*done.Receipt, mine) || done.Programme != "airline" || done.DoneAt.IsZero() {
		t.Errorf("%+v, %v", done, err)
	}
	foreign, err := b.reads.Operation(t.Context(), points.OperationID(id(2)))
	if err != nil || !foreign.Done || foreign.Programme != "hotel" || !foreign.AcceptedAt.IsZero() {
		t.Errorf("%+v, %v", foreign, err)
	}
	if _, err := b.reads.Operation(t.Context(), points.OperationID(id(3))); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("an unknown operation: %v", err)
	}
	several, err := b.reads.Operations(t.Context(), []points.OperationID{own.ID, points.OperationID(id(3))})
	if err != nil || len(several) != 1 || !several[own.ID].Done {
		t.Errorf("%+v, %v", several, err)
	}
	accounts, err := b.reads.Lookups(t.Context(), []string{"hash of a card", "of another"})
	if err != nil || len(accounts) != 1 || accounts["hash of a card"] != own.Account {
		t.Errorf("%v, %v", accounts, err)
	}
}

func TestPositionsProgrammesAndTotalsAreRead(t *testing.T) {
	b := newBook(t)
	if block, err := b.reads.Block(t.Context()); err != nil || block != -1 {
		t.Errorf("an empty database stands at %d (%v)", block, err)
	}
	b.block = 4
	for _, name := range []string{"hotel", "airline"} {
		b.changes.Programmes[name] = b.encode(points.Programme{V: 1, Brand: name, Currency: "GBP", BusinessDate: 20_000})
	}
	held := points.Account{V: 1, ID: points.AccountID(id(7)), Status: points.StatusActive, Posted: 12, Lots: []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 12}}, Used: []points.UsedAuthorisation{}}
	b.changes.Accounts[store.AccountRef{Programme: "hotel", ID: held.ID}] = store.AccountRow{Posted: 12, Body: b.encode(held)}
	for n, programme := range []string{"hotel", "hotel", "airline"} {
		lane := points.Lane{V: 1, MSP: "HotelMSP", N: n, Seq: 1, Totals: points.Totals{Operations: 3, Issued: 100}}
		b.changes.Lanes[store.LaneRef{Programme: programme, MSP: "HotelMSP", N: n}] = b.encode(lane)
	}
	b.cut()
	if block, err := b.reads.Block(t.Context()); err != nil || block != 4 {
		t.Errorf("it stands at %d (%v)", block, err)
	}
	p, err := b.reads.Account(t.Context(), held.ID)
	if err != nil || p.Programme != "hotel" || p.Account.Posted != 12 || len(p.Account.Lots) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := b.reads.Account(t.Context(), points.AccountID(id(8))); fault.CodeOf(err) != fault.AccountUnknown {
		t.Errorf("an unknown account: %v", err)
	}
	all, err := b.reads.Programmes(t.Context())
	if err != nil || len(all) != 2 || all[0].Brand != "airline" || all[1].Brand != "hotel" {
		t.Errorf("%+v, %v", all, err)
	}
	if one, err := b.reads.Programme(t.Context(), "hotel"); err != nil || one.BusinessDate != 20_000 {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := b.reads.Programme(t.Context(), "nobody"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("an unknown programme: %v", err)
	}
	if sum, err := b.reads.Totals(t.Context(), "hotel"); err != nil || sum.Issued != 200 || sum.Operations != 6 {
		t.Errorf("%+v, %v", sum, err)
	}
}

func TestQueriesAreBounded(t *testing.T) {
	b := newBook(t)
	if _, err := b.reads.Operations(context.Background(), make([]points.OperationID, store.MaxReadsAtOnce+1)); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("operations: %v", err)
	}
	if _, err := b.reads.Lookups(context.Background(), make([]string, store.MaxReadsAtOnce+1)); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("lookups: %v", err)
	}
}

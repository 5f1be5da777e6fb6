package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/store"
)

func TestRecordsAreReadOneByOneAndInPages(t *testing.T) {
	b := newBook(t)
	var want []string
	for n := 1; n <= 7; n++ {
		id := store.VersionID(n)
		want = append(want, id)
		b.changes.Records[store.RecordRef{Programme: "airline", Object: "terms", ID: id}] = []byte(`{"version":` + fmt.Sprint(n) + `}`)
	}
	b.changes.Records[store.RecordRef{Programme: "airline", Object: "prices", ID: "0001"}] = []byte("prices")
	b.changes.Records[store.RecordRef{Programme: "hotel", Object: "terms", ID: "0001"}] = []byte("other")
	b.cut()
	b.changes.Records[store.RecordRef{Programme: "airline", Object: "terms", ID: "0003"}] = []byte("changed")
	b.cut()
	for limit := 1; limit <= len(want)+1; limit++ {
		var got []string
		for after := ""; len(got) <= len(want); after = got[len(got)-1] {
			page, err := b.reads.Records(t.Context(), "airline", "terms", after, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				got = append(got, r.ID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v", limit, got)
		}
	}
	for object, n := range map[string]int{"terms": len(want), "prices": 1, "shop": 0} {
		if got, err := b.reads.Count(t.Context(), "airline", object); err != nil || got != n {
			t.Errorf("%s: %d records, %v", object, got, err)
		}
	}
	if body, err := b.reads.Record(t.Context(), "airline", "terms", "0003"); err != nil || string(body) != "changed" {
		t.Errorf("%s, %v", body, err)
	}
	for _, c := range [][3]string{{"airline", "terms", "0008"}, {"airline", "shop", "0001"}, {"grocer", "terms", "0001"}} {
		if body, err := b.reads.Record(t.Context(), c[0], c[1], c[2]); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%v: %s, %v", c, body, err)
		}
	}
	for _, limit := range []int{0, store.MaxPage + 1} {
		if _, err := b.reads.Records(t.Context(), "airline", "terms", "", limit); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// account puts an account's row into the block under construction.
func (b *book) account(programme string, n int, day quantity.Day, at int64) {
	b.changes.Accounts[store.AccountRef{Programme: programme, ID: points.AccountID(id(n))}] = store.AccountRow{DueDay: day, DueAt: at, Body: []byte("{}")}
}

func TestDueAccountsComeWithTheLongestWaitFirstAndOnce(t *testing.T) {
	const day, now = quantity.Day(20_000), int64(1_000)
	b := newBook(t)
	b.account("airline", 1, 0, 0)
	b.account("airline", 2, day+1, now+1)
	b.account("airline", 3, day, 0)
	b.account("airline", 4, day-5, now-50)
	b.account("airline", 5, day-9, now+50)
	b.account("airline", 6, 0, now)
	b.account("airline", 7, day+1, now-20)
	b.account("hotel", 8, day-1, now-1)
	b.cut()
	want := []points.AccountID{points.AccountID(id(5)), points.AccountID(id(4)), points.AccountID(id(3)), points.AccountID(id(7)), points.AccountID(id(6))}
	for limit := 1; limit <= len(want)+1; limit++ {
		got, err := b.reads.Due(t.Context(), "airline", day, now, limit)
		if err != nil || !slices.Equal(got, want[:min(limit, len(want))]) {
			t.Errorf("limit %d: %v, %v", limit, got, err)
		}
	}
	for _, c := range []struct {
		day  quantity.Day
		now  int64
		want []points.AccountID
	}{{day, 0, want[:3]}, {0, now, []points.AccountID{points.AccountID(id(4)), points.AccountID(id(7)), points.AccountID(id(6))}}, {0, 0, nil}} {
		if got, err := b.reads.Due(t.Context(), "airline", c.day, c.now, store.MaxDue); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("by day %d and second %d: %v, %v", c.day, c.now, got, err)
		}
	}
	b.account("airline", 5, 0, 0) // It was swept.
	b.account("airline", 4, 0, now-50)
	b.account("airline", 7, day+1, now+20)
	b.cut()
	want = []points.AccountID{points.AccountID(id(3)), points.AccountID(id(4)), points.AccountID(id(6))}
	if got, err := b.reads.Due(t.Context(), "airline", day, now, store.MaxDue); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, limit := range []int{0, store.MaxDue + 1} {
		if _, err := b.reads.Due(t.Context(), "airline", day, now, limit); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestDueAccountsAreFoundByTheirIndexes(t *testing.T) {
	b := newBook(t)
	rows, err := b.store.Reader().Query(`EXPLAIN QUERY PLAN `+store.DueQuery, "airline", 1, 1, "airline", 1, 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var n, parent, unused int
		var step string
		if err := rows.Scan(&n, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, step)
	}
	for _, want := range []string{
		"SEARCH accounts USING COVERING INDEX accounts_due_day (programme=? AND due_day>? AND due_day<?)",
		"SEARCH accounts USING INDEX accounts_due_at (programme=? AND due_at>? AND due_at<?)",
	} {
		if !slices.Contains(plan, want) {
			t.Errorf("the plan has no %q: %q", want, plan)
		}
	}
}

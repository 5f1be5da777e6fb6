package store_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/store"
)

const consentNow = 1_000

// consents puts consents of two programmes to several grantees into the database, of every status and time, and gives the airline's.
func (b *book) consents(n int) []privacy.Consent {
	b.t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	statuses := []privacy.Status{privacy.StatusGranted, privacy.StatusGranted, privacy.StatusGranted, privacy.StatusWithdrawn, privacy.StatusExpired}
	var all []privacy.Consent
	for i := range n {
		from := consentNow - 20 + random.Int64N(30)
		c := privacy.Consent{
			V: 1, ID: privacy.ConsentID(fmt.Sprintf("%032x", random.Uint64())), Hash: strings.Repeat("a", 64), Grantee: []string{"bank", "grocer", "hotel"}[random.IntN(3)], From: from,
			Until: from + 1 + random.Int64N(30), Policy: 1, Status: statuses[random.IntN(len(statuses))],
		}
		programme := []string{"airline", "airline", "hotel"}[i%3]
		b.changes.Records[store.RecordRef{Programme: programme, Object: "consent", ID: string(c.ID)}] = b.encode(c)
		if programme == "airline" {
			all = append(all, c)
		}
	}
	b.changes.Records[store.RecordRef{Programme: "airline", Object: "prices", ID: "0001"}] = []byte("no JSON")
	b.cut()
	slices.SortFunc(all, func(a, b privacy.Consent) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all
}

func TestConsentsToAGranteeComeInPages(t *testing.T) {
	b := newBook(t)
	all := b.consents(300)
	for _, grantee := range []string{"bank", "grocer", "hotel", "nobody"} {
		var want []privacy.Consent
		for _, c := range all {
			if c.Grantee == grantee && c.InForce(consentNow) == nil {
				want = append(want, c)
			}
		}
		if grantee != "nobody" && len(want) < 10 {
			t.Fatalf("%s: only %d are in force", grantee, len(want))
		}
		for _, limit := range []int{1, 7, store.MaxPage} {
			var got []privacy.Consent
			after := privacy.ConsentID("")
			for {
				page, err := b.reads.SharedWith(t.Context(), "airline", grantee, consentNow, after, limit)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, page...)
				if len(page) < limit {
					break
				}
				after = page[len(page)-1].ID
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, pages of %d: got %d consents, want %d", grantee, limit, len(got), len(want))
			}
		}
	}
	for _, limit := range []int{0, store.MaxPage + 1} {
		if _, err := b.reads.SharedWith(t.Context(), "airline", "hotel", consentNow, "", limit); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestConsentsAreCountedAsTheirRecordsSay(t *testing.T) {
	b := newBook(t)
	want := map[[2]string]store.ConsentSum{}
	overdue := map[privacy.ConsentID]int64{}
	for _, c := range b.consents(300) {
		sum := want[[2]string{c.Grantee, string(c.Status)}]
		sum.Grantee, sum.Status, sum.Count = c.Grantee, c.Status, sum.Count+1
		if c.InForce(consentNow) == nil {
			sum.InForce++
		}
		if c.Status == privacy.StatusGranted && c.Until <= consentNow {
			sum.Overdue++
			overdue[c.ID] = c.Until
		}
		want[[2]string{c.Grantee, string(c.Status)}] = sum
	}
	err := b.reads.Picture(t.Context(), func(p *store.Picture) error {
		sums, err := p.ConsentSums(t.Context(), "airline", consentNow)
		if err != nil || len(sums) != len(want) {
			t.Errorf("%d sums, want %d (%v)", len(sums), len(want), err)
		}
		for _, s := range sums {
			if s != want[[2]string{s.Grantee, string(s.Status)}] {
				t.Errorf("got %+v, want %+v", s, want[[2]string{s.Grantee, string(s.Status)}])
			}
		}
		list, err := p.OverdueConsents(t.Context(), "airline", consentNow, len(overdue)+1)
		if err != nil || len(list) != len(overdue) || len(list) < 10 {
			t.Errorf("%d are overdue, want %d (%v)", len(list), len(overdue), err)
		}
		for i, o := range list {
			if overdue[o.ID] != o.Until || i > 0 && list[i-1].Until > o.Until {
				t.Errorf("%+v, want %d", o, overdue[o.ID])
			}
		}
		some, err := p.OverdueConsents(t.Context(), "airline", consentNow, 3)
		if err != nil || !slices.Equal(some, list[:3]) {
			t.Errorf("the first three are %v (%v)", some, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestConsentsAreFoundByIndex: nobody's reading looks through others' consents, and no count opens a record.
func TestConsentsAreFoundByIndex(t *testing.T) {
	b := newBook(t)
	b.consents(10)
	for name, c := range map[string]struct {
		query, plan string
		args        []any
	}{
		"a page":  {store.Granted, "SEARCH c USING COVERING INDEX consents_granted (programme=? AND grantee=? AND id>?)", []any{"airline", "hotel", "", 1, 1, 1}},
		"a count": {store.ConsentSums, "SEARCH consents USING PRIMARY KEY (programme=?)", []any{1, 1, 1, "airline"}},
		"overdue": {store.OverdueConsents, "SEARCH consents USING COVERING INDEX consents_ends (programme=? AND ends<?)", []any{"airline", 1, 1}},
	} {
		if got := b.plan(c.query, c.args...); !slices.Contains(got, c.plan) || slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "SCAN") }) {
			t.Errorf("%s is answered by %q", name, got)
		}
	}
}

// plan is how SQLite answers a query.
func (b *book) plan(query string, args ...any) (steps []string) {
	b.t.Helper()
	rows, err := b.store.Reader().QueryContext(b.t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			b.t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil {
		b.t.Fatal(err)
	}
	return steps
}

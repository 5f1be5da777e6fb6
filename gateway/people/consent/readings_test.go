package consent

import (
	"context"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// lost is an owner whose answers get lost on their way.
type lost struct{ Owner }

func (l lost) Secrets(ctx context.Context, q Question) ([]Secret, error) {
	if _, err := l.Owner.Secrets(ctx, q); err != nil {
		return nil, err
	}
	return nil, fault.New(fault.IssuerUnavailable, "no answer")
}

// TestAGranteesCountsAreTheOwnersUnlessAnAnswerIsLost: what both sides count is compared in reports.
func TestAGranteesCountsAreTheOwnersUnlessAnAnswerIsLost(t *testing.T) {
	w, v, person := overVault(t)
	id := w.grantOf(person, wish())
	grantee := vaulttest.New(t)
	reader := w.reader("hotel")
	reader.Open, reader.Tally = Open, &Readings{DB: grantee.DB}
	read := func(attributes ...string) error {
		w.channel.mu.Lock()
		w.channel.customers = v.Ledger.Entries()
		w.channel.mu.Unlock()
		_, err := reader.Read(t.Context(), Wanted{Owner: "airline", Consent: id, Purpose: "stay", Attributes: attributes})
		return err
	}
	for _, attributes := range [][]string{nil, {"name"}, {"name"}} {
		if err := read(attributes...); err != nil {
			t.Fatal(err)
		}
	}
	compare := func() (owners, grantees map[string]int64) {
		owners, grantees = map[string]int64{}, map[string]int64{}
		logged, err := v.Accesses(t.Context(), 0, math.MaxInt32, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range logged {
			if c.Actor == "partner/hotel" && c.Purpose == "stay" {
				owners[c.Attribute] = c.Accesses
			}
		}
		counts, err := (&Readings{DB: grantee.DB}).Counts(t.Context(), 0, begin.Unix()*2, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range counts {
			if c.Owner == "airline" && c.Purpose == "stay" {
				grantees[c.Attribute] = c.Readings
			}
		}
		return owners, grantees
	}
	if owners, grantees := compare(); !reflect.DeepEqual(owners, grantees) || !reflect.DeepEqual(grantees, map[string]int64{"name": 3, "email": 1}) {
		t.Errorf("the owner counts %v, the grantee %v", owners, grantees)
	}
	if err := read("custom.diet"); err == nil {
		t.Error("an attribute that isn't agreed to is read")
	}
	reader.Owners["airline"] = lost{reader.Owners["airline"]}
	if err := read("email"); fault.CodeOf(err) != fault.IssuerUnavailable {
		t.Errorf("an answer that was lost: %v", err)
	}
	if owners, grantees := compare(); owners["email"] != 2 || grantees["email"] != 1 || owners["name"] != 3 || grantees["name"] != 3 {
		t.Errorf("after an answer was lost the owner counts %v, the grantee %v", owners, grantees)
	}
	if none, err := (&Readings{DB: grantee.DB}).Counts(t.Context(), 0, begin.Unix()/secondsPerDay*secondsPerDay, 100); err != nil || len(none) != 0 {
		t.Errorf("the days before have %v (%v)", none, err)
	}
}

func TestCountsOfReadingsAreDeletedOnceTheyAreOld(t *testing.T) {
	v := vaulttest.New(t)
	now := begin
	r := &Readings{DB: v.DB, Now: func() time.Time { return now }}
	if err := r.Note(t.Context(), "airline", "stay", []string{"name"}, begin); err != nil {
		t.Fatal(err)
	}
	for later, want := range []int{0, 1, 0} {
		now = begin.AddDate(0, 0, KeepReadingsDays+later)
		if n, err := r.Retain(t.Context(), nil); err != nil || n != want {
			t.Errorf("%d days after the last that is kept: %d, %v", later, n, err)
		}
	}
}

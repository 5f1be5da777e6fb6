package erasure_test

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

const story = "Mrs Canary's claim against us"

func (w *world) requireReason(person vault.PersonID, want string) {
	w.t.Helper()
	all, err := w.desk.Holds(w.t.Context(), person)
	w.try(err)
	if len(all) != 1 || all[0].Reason != want {
		w.t.Errorf("the holds are %+v", all)
	}
}

func (w *world) hold(person vault.PersonID, reason string) {
	w.t.Helper()
	_, err := w.desk.Hold(w.t.Context(), person, erasure.LegalHold{Reason: reason, SetBy: "compliance", Until: w.vault.Clock.Time.Add(time.Hour).UnixMilli(), Told: true})
	w.try(err)
}

func TestAHoldsReasonStandsSealedInTheDatabaseAndGoesWithThePersonsKey(t *testing.T) {
	w := newWorld(t)
	person := w.customer()
	w.hold(person, story)
	w.requireReason(person, story)
	if w.fileHolds([]byte("Canary's claim")) {
		t.Error("the reason stands in the file")
	}
	w.restart()
	w.requireReason(person, story)
}

func TestAMergerTakesHoldsAndTheirReasonsAlong(t *testing.T) {
	w := newWorld(t)
	keep := w.customer()
	gone, err := w.vault.Create(t.Context(), []vault.Attribute{{Name: "external", Value: "crm:1"}}, access)
	w.try(err)
	w.hold(gone, story)
	w.try(w.vault.Merge(t.Context(), vault.Merger{Keep: keep, Gone: gone}, access))
	w.requireReason(keep, story)
	other, err := w.vault.Create(t.Context(), []vault.Attribute{{Name: "external", Value: "crm:2"}}, access)
	w.try(err)
	w.try(w.vault.Merge(t.Context(), vault.Merger{Keep: other, Gone: keep, Overruled: []string{}}, access))
	w.requireReason(other, story)
	w.hold(gone, "by an id that leads to another") // The hold is the survivor's.
	if all, err := w.desk.Holds(t.Context(), other); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestReasonsOfAnOlderGatewayAreSealedAndClearedOutOfTheFile writes rows as earlier gateways did.
func TestReasonsOfAnOlderGatewayAreSealedAndClearedOutOfTheFile(t *testing.T) {
	w := newWorld(t)
	person, gone := w.customer(), vault.PersonID("00000000000000000000000000000000")
	until := w.vault.Clock.Time.Add(time.Hour).UnixMilli()
	for i, p := range []vault.PersonID{person, gone} {
		w.try(w.vault.DB.Write(t.Context(), func(tx *sqlite.Tx) error {
			_, err := tx.Exec(`INSERT INTO legal_holds (id, person, reason, set_by, set_at, until, told) VALUES (?, ?, ?, 'c', 1, ?, 1)`, i, string(p), story, until)
			return err
		}))
	}
	if !w.fileHolds([]byte("Canary's claim")) {
		t.Fatal("the reason isn't in the file: the search is broken")
	}
	w.restart()
	w.try(w.desk.SealReasons(t.Context()))
	w.requireReason(person, story)
	w.requireReasons(gone, 0)
	if w.fileHolds([]byte("Canary's claim")) {
		t.Error("the reason still stands in the file")
	}
	w.try(w.desk.SealReasons(t.Context())) // Nothing is left to do.
	w.requireReason(person, story)
}

func (w *world) requireReasons(person vault.PersonID, want int) {
	w.t.Helper()
	if all, err := w.desk.Holds(w.t.Context(), person); err != nil || len(all) != want {
		w.t.Errorf("%+v, %v", all, err)
	}
}

package signin

import (
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// proves lists which of some addresses a person has proved.
func (w *world) proves(person PersonID, addresses ...string) []string {
	w.t.Helper()
	all := make([]vault.Identifier, len(addresses))
	for i, a := range addresses {
		all[i] = email(a)
	}
	proved, _, err := w.Proved(w.t.Context(), person, all)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, p := range proved {
		out = append(out, p.Value)
	}
	return out
}

func TestAnAddressIsProvedByACodeAndWhatElseThePersonHas(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	if got := w.proves(o.Person, "typed-in@example.org", "ADA@example.org"); !slices.Equal(got, []string{"ADA@example.org"}) {
		t.Fatalf("after registering: %v", got)
	}
	w.pass(time.Minute)
	asked := do[Asked](t)(w.AskAddress(t.Context(), o.Person, Ask{Address: email("second@example.org")}))
	confirmation := Proof{Token: asked.Token, Code: "00000000", Address: email("second@example.org")}
	_, err := w.ConfirmAddress(t.Context(), &o.Session, confirmation)
	w.refuses(err, "a wrong code")
	if got := w.proves(o.Person, "second@example.org"); got != nil {
		t.Errorf("by a wrong code: %v", got)
	}
	confirmation.Code = w.code()
	if _, err := w.ConfirmAddress(t.Context(), &o.Session, confirmation); err != nil {
		t.Fatal(err)
	}
	if got := w.proves(o.Person, "second@example.org", "ada@example.org"); !slices.Equal(got, []string{"ada@example.org", "second@example.org"}) {
		t.Errorf("not the longest proved first: %v", got)
	}
}

func TestWhoHasNotShownTheSecondFactorProvesNoAddress(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	code := w.app(&o.Session)
	w.people.by[email("typed-in@example.org")] = o.Person
	p := w.signIn("typed-in@example.org")
	if p.Next != SecondFactor {
		t.Fatalf("%+v", p)
	}
	if got := w.proves(o.Person, "typed-in@example.org"); got != nil {
		t.Errorf("by a stranger whose address staff typed in: %v", got)
	}
	if _, err := w.AnswerFactor(t.Context(), Answer{Ticket: p.Ticket, Method: ByTOTP, Code: code()}); err != nil {
		t.Fatal(err)
	}
	if got := w.proves(o.Person, "typed-in@example.org"); len(got) != 1 {
		t.Errorf("by the person: %v", got)
	}
}

func TestWhatWasProvedIsOnePersonsAndGoesWithAMerger(t *testing.T) {
	w := newWorld(t)
	keep, gone := w.register("ada@example.org"), w.register("old@example.org")
	if got := w.proves(keep.Person, "old@example.org"); got != nil {
		t.Errorf("another person's address is proved: %v", got)
	}
	err := w.db.Write(t.Context(), func(tx *sqlite.Tx) error { return w.Merge(tx, keep.Person, gone.Person) })
	if err != nil {
		t.Fatal(err)
	}
	if got := w.proves(keep.Person, "old@example.org", "ada@example.org"); len(got) != 2 {
		t.Errorf("after the merger: %v", got)
	}
	if _, ever, err := w.Proved(t.Context(), gone.Person, nil); ever || err != nil {
		t.Errorf("the one that is gone has proved something: %v", err)
	}
}

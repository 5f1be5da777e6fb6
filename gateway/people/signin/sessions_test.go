package signin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

func TestASessionEndsWhenItIsIdleWhenItIsOldAndWhenItIsEnded(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	alive := func() bool {
		_, err := w.Authenticate(t.Context(), o.Token)
		if err != nil && fault.CodeOf(err) != fault.Unauthenticated {
			t.Fatal(err)
		}
		return err == nil
	}
	for passed := time.Duration(0); passed+SessionIdle-time.Second < SessionLifetime; passed += SessionIdle - time.Second {
		if !alive() {
			t.Fatalf("in use, it ended after %v", passed)
		}
		w.pass(SessionIdle - time.Second)
	}
	w.pass(SessionIdle - time.Second)
	if alive() {
		t.Error("it outlives its lifetime")
	}
	o = *w.signIn("ada@example.org").Opened
	w.pass(SessionIdle)
	if alive() {
		t.Error("it outlives idleness")
	}
	o = *w.signIn("ada@example.org").Opened
	if err := w.EndSession(t.Context(), o.Person, o.ID); err != nil || alive() {
		t.Errorf("it outlives its end: %v", err)
	}
	if _, err := w.Authenticate(t.Context(), o.ID); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("a session's name opens it: %v", err)
	}
}

func TestAPersonSeesAndEndsTheirOwnSessionsOnly(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.register("ada@example.org"), w.register("bob@example.org")
	w.pass(time.Minute)
	second := *w.signIn("ada@example.org").Opened
	list := do[[]Session](t)(w.Sessions(t.Context(), ada.Person))
	if len(list) != 2 || list[0].ID != second.ID {
		t.Fatalf("%+v", list)
	}
	if err := w.EndSession(t.Context(), ada.Person, bob.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("another person's session: %v", err)
	}
	if err := w.EndOtherSessions(t.Context(), ada.Person, second.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(t.Context(), ada.Token); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("the other session: %v", err)
	}
	for _, o := range []Opened{second, bob} {
		if _, err := w.Authenticate(t.Context(), o.Token); err != nil {
			t.Error(err)
		}
	}
}

func TestOfTooManySessionsTheOneUsedLongestAgoEnds(t *testing.T) {
	w := newWorld(t)
	first := w.register("ada@example.org")
	for range MaxSessions {
		w.pass(time.Second)
		err := w.db.Write(t.Context(), func(tx *sqlite.Tx) error {
			_, err := w.openSession(tx, first.Person, []string{ByCode}, "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if list := do[[]Session](t)(w.Sessions(t.Context(), first.Person)); len(list) != MaxSessions {
		t.Errorf("%d sessions", len(list))
	}
	if _, err := w.Authenticate(t.Context(), first.Token); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("the first one: %v", err)
	}
}

func TestAnExportHasNothingThatOpensAndForgettingLeavesNothing(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	w.app(&o.Session)
	codes := do[[]string](t)(w.NewRecoveryCodes(t.Context(), &o.Session))
	exported := do[any](t)(w.Export(t.Context(), o.Person))
	raw := string(do[[]byte](t)(json.Marshal(exported)))
	if !strings.Contains(raw, `"authenticator":true,"recoveryCodes":10`) || strings.Contains(raw, codes[0]) || strings.Contains(raw, o.Token) {
		t.Errorf("%s", raw)
	}
	err := w.db.Write(t.Context(), func(tx *sqlite.Tx) error { return w.Forget(tx, o.Person, nil) })
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range personTables {
		var n int
		if err := w.db.Reader().QueryRow("SELECT count(*) FROM "+table+" WHERE person = ?", o.Person).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s has %d rows, %v", table, n, err)
		}
	}
}

func TestMergedPersonsSignInAnew(t *testing.T) {
	w := newWorld(t)
	keep, gone := w.register("ada@example.org"), w.register("old@example.org")
	w.app(&gone.Session)
	err := w.db.Write(t.Context(), func(tx *sqlite.Tx) error { return w.Merge(tx, keep.Person, gone.Person) })
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Opened{keep, gone} {
		if _, err := w.Authenticate(t.Context(), o.Token); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("a session goes on: %v", err)
		}
	}
	if methods := do[[]string](t)(w.Factors(t.Context(), keep.Person)); len(methods) != 0 {
		t.Errorf("whoever had the other's app gets in with it: %v", methods)
	}
}

package erasure_test

import (
	"testing"

	"github.com/tallystick/tallystick/gateway/people/erasure"
)

// scrubs is how often people.db was rewritten: each VACUUM adds one to SQLite's schema version, and nothing else does once the schema stands.
func (w *world) scrubs() int {
	w.t.Helper()
	var n int
	w.try(w.vault.DB.Reader().QueryRow(`PRAGMA schema_version`).Scan(&n))
	return n
}

// TestErasuresThatWaitShareOneScrub: writes wait for a scrub, and it takes time in proportion to the whole database.
func TestErasuresThatWaitShareOneScrub(t *testing.T) {
	w := newWorld(t)
	w.customer()
	one, other := w.customer(w.account(120)), w.customer()
	keys := [][]byte{w.wrapped(one), w.wrapped(other)}
	first, second := w.ask(one), w.ask(other)
	before := w.scrubs()
	w.look()
	if got := w.scrubs() - before; got != 1 {
		t.Errorf("the database was rewritten %d times for two erasures", got)
	}
	if w.at(first.ID).Step != erasure.Done || w.at(second.ID).Step != erasure.Done {
		t.Errorf("they stand at %s and %s", w.at(first.ID).Step, w.at(second.ID).Step)
	}
	for _, key := range keys {
		if w.fileHolds(key) {
			t.Error("the file still holds a wrapped key")
		}
	}
	w.look()
	if got := w.scrubs() - before; got != 1 {
		t.Errorf("%d rewritings after a look at which nothing waited", got)
	}
}

package offers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/seal"
	"github.com/tallystick/tallystick/gateway/people/store"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

const ada, bob vault.PersonID = "ada", "bob"

func numbered(n int) string { return fmt.Sprintf("%032x", n) }

func newKeeper(t *testing.T) (*Keeper, string) {
	t.Helper()
	folder := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(folder, "people.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	k, err := New(db, make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k, folder
}

func (k *Keeper) of(t *testing.T, person vault.PersonID) Choices {
	t.Helper()
	all, err := k.Of(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsDeclinedIsRememberedUntilItLapsesAndWhoIsMutedUntilUnmuted(t *testing.T) {
	k, folder := newKeeper(t)
	now := time.Now()
	k.now = func() time.Time { return now }
	hold, sender := points.OperationID(numbered(1)), points.AccountID(numbered(2))
	for range 2 {
		must(t, k.Decline(t.Context(), ada, hold, now.Unix()+60))
		must(t, k.Mute(t.Context(), ada, sender))
	}
	if all := k.of(t, ada); len(all.Declined) != 1 || all.Declined[hold] == 0 || !slices.Equal(all.Muted, []points.AccountID{sender}) {
		t.Errorf("%+v", all)
	}
	if all := k.of(t, bob); len(all.Declined)+len(all.Muted) != 0 {
		t.Errorf("somebody else's: %+v", all)
	}
	must(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(hold)) || bytes.Contains(raw, []byte(sender)) {
			t.Errorf("%s has it in the open", path)
		}
		return err
	}))
	now = now.Add(time.Minute)
	if all := k.of(t, ada); len(all.Declined) != 0 || len(all.Muted) != 1 {
		t.Errorf("what has lapsed is remembered, or who is muted isn't: %+v", all)
	}
	must(t, k.Unmute(t.Context(), ada, sender))
	must(t, k.Unmute(t.Context(), ada, sender))
	if all := k.of(t, ada); len(all.Muted) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestChoicesHaveALimitOfWhichLapsedOnesAreNoPart(t *testing.T) {
	k, _ := newKeeper(t)
	now := time.Now()
	k.now = func() time.Time { return now }
	for n := range MaxMuted {
		must(t, k.Mute(t.Context(), ada, points.AccountID(numbered(n))))
	}
	if err := k.Mute(t.Context(), ada, points.AccountID(numbered(MaxMuted))); fault.CodeOf(err) != fault.Limit || strings.Contains(err.Error(), numbered(MaxMuted)) {
		t.Errorf("one more: %v", err)
	}
	must(t, k.Mute(t.Context(), ada, points.AccountID(numbered(0))))
	must(t, k.Mute(t.Context(), bob, points.AccountID(numbered(0))))
	for n := range MaxDeclined {
		must(t, k.Decline(t.Context(), ada, points.OperationID(numbered(n)), now.Unix()+60))
	}
	if err := k.Decline(t.Context(), ada, points.OperationID(numbered(MaxDeclined)), now.Unix()+60); fault.CodeOf(err) != fault.Limit {
		t.Errorf("one more: %v", err)
	}
	now = now.Add(time.Minute)
	must(t, k.Decline(t.Context(), ada, points.OperationID(numbered(MaxDeclined)), now.Unix()+60))
	var rows int
	if err := k.db.Reader().QueryRow("SELECT count(*) FROM offer_choices WHERE ends > 0").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows of offers (%v)", rows, err)
	}
}

func TestChoicesGoWithThePersonAndStayInAMerger(t *testing.T) {
	k, _ := newKeeper(t)
	until := time.Now().Unix() + 60
	must(t, k.Mute(t.Context(), ada, points.AccountID(numbered(1))))
	must(t, k.Mute(t.Context(), bob, points.AccountID(numbered(1))))
	must(t, k.Decline(t.Context(), bob, points.OperationID(numbered(2)), until))
	must(t, k.db.Write(t.Context(), func(tx *sqlite.Tx) error { return k.Merge(tx, ada, bob) }))
	if all, gone := k.of(t, ada), k.of(t, bob); len(all.Muted) != 1 || len(all.Declined) != 1 || len(gone.Muted)+len(gone.Declined) != 0 {
		t.Errorf("%+v, and of the other %+v", all, gone)
	}
	exported, err := k.Export(t.Context(), ada)
	if e, is := exported.(Exported); err != nil || !is || len(e.Muted) != 1 || len(e.Declined) != 1 {
		t.Errorf("%+v (%v)", exported, err)
	}
	must(t, k.db.Write(t.Context(), func(tx *sqlite.Tx) error { return k.Forget(tx, ada, nil) }))
	if all := k.of(t, ada); len(all.Muted)+len(all.Declined) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestAMergerKeepsToTheLimits(t *testing.T) {
	k, _ := newKeeper(t)
	until := time.Now().Unix() + 60
	fill := func(person vault.PersonID, from, muted, declined int) {
		for n := range muted {
			must(t, k.Mute(t.Context(), person, points.AccountID(numbered(from+n))))
		}
		for n := range declined {
			must(t, k.Decline(t.Context(), person, points.OperationID(numbered(from+n)), until+int64(from+n)))
		}
	}
	fill(ada, 0, MaxMuted, MaxDeclined)
	fill(bob, MaxDeclined, 2, 2)
	must(t, k.db.Write(t.Context(), func(tx *sqlite.Tx) error { return k.Merge(tx, ada, bob) }))
	all := k.of(t, ada)
	_, first := all.Declined[points.OperationID(numbered(1))]
	_, last := all.Declined[points.OperationID(numbered(MaxDeclined+1))]
	if len(all.Muted) != MaxMuted || len(all.Declined) != MaxDeclined || first || !last {
		t.Errorf("%d are muted and %d declined, the one that lapses first %t, the last %t", len(all.Muted), len(all.Declined), first, last)
	}
}

func TestNoChoicesAreExportedAsEmptyLists(t *testing.T) {
	k, _ := newKeeper(t)
	exported, err := k.Export(t.Context(), ada)
	if text, _ := json.Marshal(exported); err != nil || string(text) != `{"declined":[],"muted":[]}` {
		t.Errorf("%s (%v)", text, err)
	}
}

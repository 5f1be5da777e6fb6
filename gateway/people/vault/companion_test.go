package vault_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

func (c *companion) Name() string { return "visits" }

func (c *companion) Export(context.Context, vault.PersonID) (any, error) {
	return []string{"Monday"}, nil
}

func (c *companion) Merge(_ *sqlite.Tx, keep, gone vault.PersonID) error {
	if c.fail {
		return errCompanion
	}
	c.merged = append(c.merged, [2]vault.PersonID{keep, gone})
	return nil
}

func (c *companion) Forget(_ *sqlite.Tx, _ vault.PersonID, entries []privacy.EntryKey) error {
	c.forgotten = entries
	return nil
}

func (c *companion) Changed(_ *sqlite.Tx, _ vault.PersonID, names []string) error {
	c.changed = names
	return nil
}

func (c *companion) Changing(_ context.Context, _ *sqlite.Tx, _ vault.PersonID, change vault.IdentifierChange) error {
	c.changed = nil
	c.changing = append(c.changing, change)
	return nil
}

func (c *companion) InUse(_ *sqlite.Tx, change vault.ChangeID) error {
	c.inUse = append(c.inUse, change)
	return nil
}

func (c *companion) TakenBack(_ *sqlite.Tx, change vault.ChangeID) error {
	c.takenBack = append(c.takenBack, change)
	return nil
}

func TestACompanionKnowsBeforeWhichIdentifiersAreTakenAndGiven(t *testing.T) {
	v := vaulttest.New(t)
	c := &companion{}
	v.Register(c)
	id := create(t, v, "name", "Ada", "email", "a@example.com", "email", "b@example.com")
	update := func(remove []string, set ...vault.Attribute) {
		t.Helper()
		if err := v.Update(context.Background(), id, set, remove, desk); err != nil {
			t.Fatal(err)
		}
	}
	update(nil, vault.Attribute{Name: "name", Value: "Ada L."})
	update(nil, vault.Attribute{Name: "email", Value: "a@example.com"}, vault.Attribute{Name: "email", Value: "b@example.com"})
	if len(c.changing) != 0 {
		t.Fatalf("no identifier changes: %v", c.changing)
	}
	update([]string{"name"}, vault.Attribute{Name: "email", Value: "b@example.com"}, vault.Attribute{Name: "email", Value: "C@EXAMPLE.com"})
	if len(c.changing) != 1 || !slices.Equal(c.changing[0].Gone, []vault.Identifier{{Kind: vault.Email, Value: "a@example.com"}}) ||
		!slices.Equal(c.changing[0].Added, []vault.Identifier{{Kind: vault.Email, Value: "C@example.com"}}) || !slices.Contains(c.changed, "email") {
		t.Errorf("%+v, then %v", c.changing, c.changed)
	}
}

func TestACompanionKnowsWhichChangesTheLedgerRefused(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	id := create(t, v, "name", "Ada", "email", "a@example.com")
	c := &companion{}
	v.Register(c)
	v.Ledger.Before = func(privacy.Change) error { return fault.New(fault.InvalidValue, "refused") }
	if err := v.Update(ctx, id, attributes("email", "b@example.com"), nil, desk); fault.CodeOf(err) != fault.InvalidValue {
		t.Fatalf("%v", err)
	}
	if refused := c.changing[0].ID; !slices.Equal(c.takenBack, []vault.ChangeID{refused}) || len(c.inUse) != 0 {
		t.Errorf("taken back %v, in use %v", c.takenBack, c.inUse)
	}
	heal(v.Ledger)
	if err := v.Update(ctx, id, attributes("email", "c@example.com"), nil, desk); err != nil {
		t.Fatal(err)
	}
	if taken := c.changing[1].ID; !slices.Equal(c.inUse, []vault.ChangeID{taken}) || len(c.takenBack) != 1 || taken == c.takenBack[0] {
		t.Errorf("taken back %v, in use %v", c.takenBack, c.inUse)
	}
}

func TestIdentifiersThatAreKeptTooLongAreForetoldAsOtherRemovals(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	id := create(t, v, "name", "Ada", "email", "a@example.com", "email", "b@example.com")
	c := &companion{}
	v.Register(c)
	stale := func(name string, want int) {
		t.Helper()
		v.Clock.Time = v.Clock.Time.Add(time.Hour)
		if n, err := v.RemoveStale(ctx, id, name, v.Clock.Time.UnixMilli(), desk); err != nil || n != want {
			t.Fatalf("%s: %d values, %v", name, n, err)
		}
	}
	stale("name", 1)
	if len(c.changing) != 0 {
		t.Errorf("no identifier went: %+v", c.changing)
	}
	entries, err := v.Entries(ctx, id, []string{"email"})
	if err != nil {
		t.Fatal(err)
	}
	v.Ledger.Lose(entries[0].Key) // Is removed, although nobody can be told what it was.
	stale("email", 2)
	if len(c.changing) != 1 || len(c.changing[0].Gone) != 1 || c.changing[0].Gone[0].Kind != vault.Email || !slices.Equal(c.inUse[1:], []vault.ChangeID{c.changing[0].ID}) {
		t.Errorf("%+v, in use %v", c.changing, c.inUse)
	}
	stale("email", 0)
}

const (
	firstAccount  = points.AccountID("0123456789abcdef0123456789abcdef")
	secondAccount = points.AccountID("11111111111111111111111111111111")
)

func link(t *testing.T, v *vaulttest.Vault, id vault.PersonID, account points.AccountID) {
	t.Helper()
	if err := v.Link(context.Background(), id, "airline", account); err != nil {
		t.Fatal(err)
	}
	v.Clock.Time = v.Clock.Time.Add(1e9)
}

func TestAMergerJoinsValuesAccountsAndLogsAndLosesNothingUnsaid(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	c := &companion{}
	v.Register(c)
	keep := create(t, v, "name", "Ada", "phone", "+4915123456789", "language", "en")
	gone := create(t, v, "name", "A. Lovelace", "phone", "+14155550123", "birthday", "1985-12-10", "language", "en")
	link(t, v, keep, firstAccount)
	link(t, v, gone, secondAccount)
	read(t, v, gone, "birthday")
	err := v.Merge(ctx, vault.Merger{Keep: keep, Gone: gone}, desk)
	if fault.CodeOf(err) != fault.PersonConflict || err.Error() != "PERSON_CONFLICT: the persons differ in name" {
		t.Fatalf("got %v", err)
	}
	want(t, read(t, v, gone, "name"), "name", "A. Lovelace")
	if err := v.Merge(ctx, vault.Merger{Keep: keep, Gone: gone, Overruled: []string{"name"}}, desk); err != nil {
		t.Fatal(err)
	}
	for _, id := range []vault.PersonID{keep, gone} {
		want(t, read(t, v, id), "birthday", "1985-12-10", "language", "en", "name", "Ada", "phone", "+4915123456789", "phone", "+14155550123")
		links, err := v.Accounts(ctx, id)
		if err != nil || len(links) != 2 || links[0].Account != firstAccount {
			t.Errorf("%v, %v", links, err)
		}
	}
	if find(t, v, vault.Phone, "+14155550123") != keep || len(v.Ledger.Entries()) != 5 || !slices.Equal(c.merged, [][2]vault.PersonID{{keep, gone}, {keep, gone}}) /* Asked, then told. */ {
		t.Errorf("%d entries, %v", len(v.Ledger.Entries()), c.merged)
	}
	if !slices.Equal(c.changed, []string{"birthday", "language", "name", "phone"}) {
		t.Errorf("watchers were told %v", c.changed)
	}
	log, err := v.AccessLog(ctx, keep, 0, vault.MaxPage)
	if err != nil || !slices.ContainsFunc(log, func(a vault.Accessed) bool {
		return a.Action == vault.Reading && slices.Equal(a.Attributes, []string{"birthday"})
	}) {
		t.Errorf("the log of the person who is gone is lost: %v, %v", log, err)
	}
	if err := v.Merge(ctx, vault.Merger{Keep: keep, Gone: gone}, desk); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := v.Merge(ctx, vault.Merger{Keep: keep, Gone: keep}, desk); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("with itself: %v", err)
	}
	if keys, err := v.Destroy(ctx, gone); err != nil || len(keys) != 5 {
		t.Errorf("erasing by the old id: %v, %v", keys, err)
	}
}

func TestACompanionRefusesAMergerBeforeTheLedgerHearsOfIt(t *testing.T) {
	v := vaulttest.New(t)
	c := &companion{fail: true}
	v.Register(c)
	keep, gone := create(t, v, "name", "Ada"), create(t, v, "phone", "+14155550123")
	sent := len(v.Ledger.Sent)
	if err := v.Merge(context.Background(), vault.Merger{Keep: keep, Gone: gone}, desk); !errors.Is(err, errCompanion) || len(v.Ledger.Sent) != sent {
		t.Errorf("got %v, and %d changes were sent", err, len(v.Ledger.Sent)-sent)
	}
	want(t, read(t, v, gone), "phone", "+14155550123")
	c.fail = false
	if err := v.Merge(context.Background(), vault.Merger{Keep: keep, Gone: gone}, desk); err != nil {
		t.Error(err)
	}
}

func TestAMergerIsUnderWayUntilItIsKnownToBeCommitted(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	keep, gone := create(t, v, "name", "Ada"), create(t, v, "phone", "+14155550123")
	underWay := func(id vault.PersonID) (there bool) {
		if err := v.DB.Write(ctx, func(tx *sqlite.Tx) (err error) { there, err = vault.MergerUnderWay(tx, id); return err }); err != nil {
			t.Fatal(err)
		}
		return there
	}
	v.Ledger.After = vaulttest.Unavailable
	_ = v.Merge(ctx, vault.Merger{Keep: keep, Gone: gone}, desk)
	if !underWay(keep) || !underWay(gone) {
		t.Error("it isn't")
	}
	heal(v.Ledger)
	if err := v.Recover(ctx); err != nil || underWay(keep) || underWay(gone) {
		t.Errorf("it still is: %v", err)
	}
}

func TestAMergerWithoutAnAnswerIsEndedWhole(t *testing.T) {
	for name, crash := range crashes {
		v := vaulttest.New(t)
		ctx := context.Background()
		keep, gone := create(t, v, "name", "Ada"), create(t, v, "phone", "+14155550123")
		link(t, v, gone, secondAccount)
		crash(v.Ledger)
		if err := v.Merge(ctx, vault.Merger{Keep: keep, Gone: gone}, desk); fault.CodeOf(err) != fault.LedgerUnavailable {
			t.Fatalf("%s: %v", name, err)
		}
		v.Restart()
		heal(v.Ledger)
		if err := v.Update(ctx, gone, attributes("language", "en"), nil, desk); err != nil { // Ends the merger first.
			t.Fatalf("%s: %v", name, err)
		}
		want(t, read(t, v, keep), "language", "en", "name", "Ada", "phone", "+14155550123")
		if id, err := v.PersonOf(ctx, "airline", secondAccount); err != nil || id != keep {
			t.Errorf("%s: the account is %s's, %v", name, id, err)
		}
	}
}

func TestAnExportHasEverythingAboutOnePerson(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	v.Register(&companion{})
	ada := create(t, v, "name", "Ada", "card", "4539148803436467")
	create(t, v, "name", "Eve")
	link(t, v, ada, firstAccount)
	read(t, v, ada, "card")
	e, err := v.Export(ctx, ada, vault.Access{Actor: "person", Purpose: "access"})
	if err != nil {
		t.Fatal(err)
	}
	want(t, e.Attributes, "card", "4539148803436467", "name", "Ada")
	if len(e.Accounts) != 1 || len(e.AccessLog) != 3 || e.AccessLog[2].Action != vault.Exporting || e.AccessLog[0].Action != vault.Creating || e.Sections["visits"] == nil {
		t.Errorf("%+v", e)
	}
}

func TestAnAccountIsOnePersons(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	ada, eve := create(t, v, "name", "Ada"), create(t, v, "name", "Eve")
	link(t, v, ada, firstAccount)
	link(t, v, ada, firstAccount)
	if err := v.Link(ctx, eve, "airline", firstAccount); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("got %v", err)
	}
	if err := v.Link(ctx, eve, "hotel", firstAccount); err != nil {
		t.Errorf("of another programme: %v", err)
	}
	if id, err := v.PersonOf(ctx, "airline", firstAccount); err != nil || id != ada {
		t.Errorf("%s, %v", id, err)
	}
}

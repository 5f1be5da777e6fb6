package consent

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// stored is the ledger of a process, with the entries of a real vault.
type stored struct {
	*process
	ledger *vaulttest.Ledger
}

func (s stored) VaultEntries(ctx context.Context, keys []privacy.EntryKey) ([][]byte, error) {
	return s.ledger.VaultEntries(ctx, keys)
}

func (s stored) Share(ctx context.Context, share privacy.Share) error {
	s.mu.Lock()
	s.customers = s.ledger.Entries()
	s.mu.Unlock()
	return s.process.Share(ctx, share)
}

// overVault is a keeper over a real vault, with alice in it.
func overVault(t *testing.T) (*world, *vaulttest.Vault, vault.PersonID) {
	t.Helper()
	w, v := newWorld(t), vaulttest.New(t)
	v.Schema.Attributes = w.channel.policy.Attributes
	w.Keeper = New(Settings{
		Brand: "airline", Names: w.Names, DB: v.DB, Ledger: stored{w.process, v.Ledger}, Vault: OverVault(v.Vault, "airline"), Chain: w.process, Rewarder: w,
		Now: func() time.Time { return w.channel.now }, Log: slog.New(slog.DiscardHandler),
	})
	v.Register(w.Companion())
	person, err := v.Create(t.Context(), []vault.Attribute{{Name: "name", Value: "Alice Canary"}, {Name: "email", Value: "alice@canary.example"}}, vault.Access{Actor: "person", Purpose: "registration"})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Link(t.Context(), person, "airline", account); err != nil {
		t.Fatal(err)
	}
	return w, v, person
}

func (w *world) grantOf(person vault.PersonID, request Wish) privacy.ConsentID {
	w.t.Helper()
	p, err := w.Prepare(w.t.Context(), string(person), request)
	if err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256(p.Canonical)
	v, err := w.Grant(w.t.Context(), string(person), Agreement{Body: p.Body, Signature: signWith(w.wallet, sum[:])})
	if err != nil || !v.InForce {
		w.t.Fatalf("%+v (%v)", v, err)
	}
	return p.Body.ID
}

func (w *world) readFrom(v *vaulttest.Vault, id privacy.ConsentID) ([]Value, error) {
	w.channel.mu.Lock()
	w.channel.customers = v.Ledger.Entries()
	w.channel.mu.Unlock()
	reader := w.reader("hotel")
	reader.Open = Open
	values, err := reader.Read(w.t.Context(), Wanted{Owner: "airline", Consent: id, Purpose: "stay"})
	slices.SortFunc(values, func(a, b Value) int { return strings.Compare(a.Attribute, b.Attribute) })
	return values, err
}

func TestTheVaultsEntriesAreReadWithTheSecretsThatItHandsOut(t *testing.T) {
	w, v, person := overVault(t)
	id := w.grantOf(person, wish())
	if values, err := w.readFrom(v, id); err != nil || !slices.Equal(values, []Value{{"email", "alice@canary.example"}, {"name", "Alice Canary"}}) {
		t.Errorf("read %v (%v)", values, err)
	}
	log, err := v.AccessLog(t.Context(), person, 0, 10)
	if err != nil || log[0].Actor != "partner/hotel" || log[0].Purpose != "stay" || !slices.Equal(log[0].Attributes, []string{"email", "name"}) {
		t.Errorf("%+v (%v)", log, err)
	}
}

func TestAChangeInTheVaultReachesTheGranteeWithTheNextRound(t *testing.T) {
	w, v, person := overVault(t)
	id := w.grantOf(person, wish())
	if err := v.Update(t.Context(), person, []vault.Attribute{{Name: "name", Value: "Alice New"}}, []string{"email"}, vault.Access{Actor: "person", Purpose: "correction"}); err != nil {
		t.Fatal(err)
	}
	w.work(t.Context())
	if values, err := w.readFrom(v, id); err != nil || !slices.Equal(values, []Value{{"name", "Alice New"}}) {
		t.Errorf("read %v (%v)", values, err)
	}
}

func TestADestroyedPersonsConsentsAreEndedAndDeleted(t *testing.T) {
	w, v, person := overVault(t)
	id := w.grantOf(person, wish())
	held := w.channel.copies[id]
	if _, err := v.Destroy(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	for key := range held {
		if secrets, err := w.Disclose(t.Context(), "hotel", Question{id, "stay", []privacy.EntryKey{key}}); err == nil {
			t.Errorf("handed out %v", secrets)
		}
	}
	w.work(t.Context())
	if w.status(id) != privacy.StatusErased || len(w.held(id)) != 0 {
		t.Errorf("%s, copies of %v", w.status(id), w.held(id))
	}
	if list, err := w.List(t.Context(), string(person)); err != nil || len(list) != 0 {
		t.Errorf("%v (%v)", list, err)
	}
}

func TestAnExportHasConsentsAndSurveys(t *testing.T) {
	w, v, person := overVault(t)
	id := w.grantOf(person, wish())
	if err := w.PublishSurvey(t.Context(), testSurvey()); err != nil {
		t.Fatal(err)
	}
	if err := w.Answer(t.Context(), string(person), w.answers("vegan")); err != nil {
		t.Fatal(err)
	}
	export, err := v.Export(t.Context(), person, vault.Access{Actor: "person", Purpose: "export"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(export)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{string(id), `"survey":"diet"`, `"value":"vegan"`} {
		if !strings.Contains(string(body), part) {
			t.Errorf("%s isn't in %s", part, body)
		}
	}
}

// versions counts how often a version of the data policy is read.
type versions struct {
	Ledger
	read map[int]int
}

func (v versions) DataPolicy(ctx context.Context, version int) (privacy.Policy, error) {
	v.read[version]++
	policy, err := v.Ledger.DataPolicy(ctx, 1)
	policy.Version = version
	return policy, err
}

// TestNamesAndPoliciesAreAskedForOnce: a list or an export of many consents asks for the brands' names once, and for each version of the data policy once.
func TestNamesAndPoliciesAreAskedForOnce(t *testing.T) {
	const consents = 12
	w, _, person := overVault(t)
	for range consents {
		w.pass(time.Second)
		w.grantOf(person, wish())
	}
	rows, err := w.list(t.Context(), "person = ?", string(person))
	if err != nil || len(rows) != consents {
		t.Fatalf("%d consents (%v)", len(rows), err)
	}
	for i, r := range rows {
		r.signed.Body.Policy = 1 + i%2
	}
	counted := versions{w.ledger, map[int]int{}}
	w.ledger, w.named = counted, 0
	if list, err := w.List(t.Context(), string(person)); err != nil || len(list) != consents || w.named != 1 {
		t.Errorf("a list of %d asks for names %d times (%v)", len(list), w.named, err)
	}
	w.named = 0
	if all, err := w.receipts(t.Context(), rows); err != nil || len(all) != consents || w.named != 1 || counted.read[1]+counted.read[2] > 2 {
		t.Errorf("%d receipts ask for names %d times, for policies %v (%v)", len(all), w.named, counted.read, err)
	}
	w.named = 0
	if export, err := w.Companion().Export(t.Context(), person); err != nil || len(export.(Exported).Consents) != consents || w.named != 1 {
		t.Errorf("an export asks for names %d times (%v)", w.named, err)
	}
}

// What a grantee could keep of a reading, copies and secrets, opens nothing that the customer writes afterwards.
func TestASecretOpensOneEntryAlone(t *testing.T) {
	w, v, person := overVault(t)
	id := w.grantOf(person, wish())
	var keys []privacy.EntryKey
	for key := range w.channel.copies[id] {
		keys = append(keys, key)
	}
	secrets, err := w.Disclose(t.Context(), "hotel", Question{id, "stay", keys})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Update(t.Context(), person, []vault.Attribute{{Name: "name", Value: "Alice New"}}, nil, vault.Access{Actor: "person", Purpose: "correction"}); err != nil {
		t.Fatal(err)
	}
	opened := 0
	for key, raw := range v.Ledger.Entries() {
		for _, s := range secrets {
			if entry, err := Open("airline", key, raw, s.Secret); err == nil {
				opened++
				if entry.Value == "Alice New" {
					t.Error("an old secret opens a new value")
				}
			}
		}
	}
	if opened != 1 { // The e-mail address, which is as it was.
		t.Errorf("%d entries are opened", opened)
	}
}

package signin

import (
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// TestWhatAVaultRefusesIsntToldAndWhatRetentionTakesIs has a real vault make the changes.
func TestWhatAVaultRefusesIsntToldAndWhatRetentionTakesIs(t *testing.T) {
	v := vaulttest.New(t)
	w := newWorld(t)
	w.db, w.settings.DB, w.settings.People, w.settings.Now = v.DB, v.DB, v.Vault, v.Clock.Now
	w.restart()
	v.Register(w.Service)
	access := vault.Access{Actor: "desk", Purpose: "service"}
	kept, live := email("ada@example.org"), phone("+442079460958")
	ada := do[PersonID](t)(v.Create(t.Context(), []vault.Attribute{{Name: vault.Name, Value: "Ada"}, {Name: "email", Value: kept.Value}, {Name: "phone", Value: live.Value}}, access))
	for _, a := range []vault.Identifier{kept, live} {
		w.write(func(tx *sqlite.Tx) error { return w.noteProved(tx, ada, w.addressHash(a)) })
	}
	proved := func() []vault.Identifier {
		some, _, err := w.Proved(t.Context(), ada, []vault.Identifier{kept, live})
		if err != nil {
			t.Fatal(err)
		}
		return some
	}
	v.Ledger.Before = func(privacy.Change) error { return fault.New(fault.InvalidValue, "refused") }
	if err := v.Update(t.Context(), ada, nil, []string{"phone"}, access); fault.CodeOf(err) != fault.InvalidValue {
		t.Fatal(err)
	}
	v.Ledger.Before = nil
	if err := v.Update(t.Context(), ada, []vault.Attribute{{Name: vault.Name, Value: "Ada L."}}, nil, access); err != nil {
		t.Fatal(err)
	}
	if err := w.round(); err != nil || len(w.outbox().sent) != 0 || len(proved()) != 2 {
		t.Fatalf("a refused change is told: %v, %+v, proved %v", err, w.outbox().sent, proved())
	}
	v.Clock.Time = v.Clock.Time.Add(time.Hour)
	if n, err := v.RemoveStale(t.Context(), ada, "phone", v.Clock.Time.UnixMilli(), access); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if err := w.round(); err != nil || len(w.outbox().to(live.Value)) != 1 || len(w.outbox().to(kept.Value)) != 1 || !slices.Equal(proved(), []vault.Identifier{kept}) {
		t.Errorf("%v, %+v, proved %v", err, w.outbox().sent, proved())
	}
}

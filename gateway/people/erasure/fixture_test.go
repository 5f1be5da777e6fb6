package erasure_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// world is a desk over a real people.db, with everything around it in memory: the ledger, consents, accounts. Each call to the outside can be made to fail, before or after it took effect.
type world struct {
	t        *testing.T
	vault    *vaulttest.Vault
	desk     *erasure.Desk
	accounts map[points.AccountID]*erasure.Position
	consents map[vault.PersonID]int // Not ended yet.
	recorded map[privacy.ErasureID]privacy.Erasures
	closings []quantity.Points // What was forfeited, by closing.
	policy   *privacy.Policy
	seen     map[vault.PersonID]int64
	inactive time.Duration

	calls, failAt int // The failAt-th call to the outside fails.
	late          bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, vault: vaulttest.New(t), accounts: map[points.AccountID]*erasure.Position{}, consents: map[vault.PersonID]int{},
		recorded: map[privacy.ErasureID]privacy.Erasures{}, seen: map[vault.PersonID]int64{},
	}
	w.open()
	return w
}

// open makes the desk that a new process has.
func (w *world) open() {
	w.desk = erasure.New(erasure.Settings{
		Brand: vaulttest.Brand, DB: w.vault.DB, Vault: w.vault.Vault, Ledger: w, Policies: w, Consents: w, Positions: w, Operations: w, Activity: []erasure.Activity{w},
		Inactive: w.inactive, Now: w.vault.Clock.Now,
	})
	w.vault.Register(w.desk.Companion())
}

func (w *world) restart() {
	w.vault.Restart()
	w.open()
}

// outside does a call to the outside, unless it is its turn to fail.
func (w *world) outside(do func() error) error {
	w.calls++
	failed := fault.New(fault.LedgerUnavailable, "the ledger can't be reached")
	if w.calls != w.failAt {
		return do()
	}
	if w.late {
		if err := do(); err != nil {
			return err
		}
	}
	return failed
}

func (w *world) ChangeVault(ctx context.Context, change privacy.Change) error {
	return w.outside(func() error { return w.vault.Ledger.ChangeVault(ctx, change) })
}

func (w *world) VaultEntries(ctx context.Context, keys []privacy.EntryKey) (values [][]byte, err error) {
	err = w.outside(func() error {
		if len(keys) < 1 || len(keys) > privacy.MaxLookup {
			return fault.New(fault.TooLarge, "so many keys")
		}
		values, err = w.vault.Ledger.VaultEntries(ctx, keys)
		return err
	})
	return values, err
}

func (w *world) RecordErasures(_ context.Context, doc wire.NewErasures) (privacy.Erasures, error) {
	e := privacy.Erasures{V: 1, ID: doc.ID, Root: doc.Root, Count: doc.Count, Reason: doc.Reason, At: 1}
	return e, w.outside(func() error {
		if there, recorded := w.recorded[doc.ID]; recorded && there != e {
			return fault.New(fault.AlreadyExists, "other evidence has this id")
		}
		w.recorded[doc.ID] = e
		return e.Validate()
	})
}

func (w *world) DataPolicyInForce(context.Context) (privacy.Policy, wire.Published, error) {
	if w.policy == nil {
		return privacy.Policy{}, wire.Published{}, fault.New(fault.NotFound, "no data policy is in force")
	}
	return *w.policy, wire.Published{Version: w.policy.Version}, nil
}

func (w *world) EndAll(_ context.Context, person vault.PersonID) (ended int, err error) {
	err = w.outside(func() error {
		ended = w.consents[person]
		delete(w.consents, person)
		return nil
	})
	return ended, err
}

func (w *world) Account(_ context.Context, id points.AccountID) (p erasure.Position, err error) {
	err = w.outside(func() error {
		there := w.accounts[id]
		if there == nil {
			return fault.New(fault.AccountUnknown, "there is no such account")
		}
		p = *there
		return nil
	})
	return p, err
}

func (w *world) Close(_ context.Context, id points.AccountID, forfeit quantity.Points, _ string) (code fault.Code, err error) {
	err = w.outside(func() error {
		a := &w.accounts[id].Account
		left, _ := lots.Sum(a.Lots)
		switch {
		case a.Status == points.StatusClosed:
			code = fault.AccountClosed
		case len(a.Holds) > 0 || a.Debt > 0:
			code = fault.AccountUnsettled
		case left != forfeit:
			code = fault.ForfeitMismatch
		default:
			code, a.Status, a.Lots, a.Posted = fault.OK, points.StatusClosed, nil, 0
			w.closings = append(w.closings, forfeit)
		}
		return nil
	})
	return code, err
}

func (w *world) LastActive(_ context.Context, person vault.PersonID) (int64, error) {
	return w.seen[person], nil
}

// account opens an account in custody with points.
func (w *world) account(free quantity.Points, holds ...points.Hold) points.AccountID {
	id := points.AccountID(fmt.Sprintf("%032x", len(w.accounts)+1))
	a := points.Account{V: 1, ID: id, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerCustodian}, Holds: holds, Posted: free}
	if free > 0 {
		a.Lots = []lots.Lot{{Key: lots.Key{Terms: 1}, Points: free}}
	}
	for _, h := range holds {
		a.Held += h.Points
		a.Posted += h.Points
	}
	w.accounts[id] = &erasure.Position{Account: a}
	return id
}

var access = vault.Access{Actor: "crm", Purpose: "registration"}

// customer has values in the vault, and these accounts.
func (w *world) customer(accounts ...points.AccountID) vault.PersonID {
	w.t.Helper()
	id, err := w.vault.Create(w.t.Context(), []vault.Attribute{
		{Name: vault.Name, Value: "Ada Canary"}, {Name: string(vault.Phone), Value: fmt.Sprintf("+44770090%04d", len(w.seen)+1)}, {Name: vault.Birthday, Value: "1987-03-14"},
	}, access)
	w.try(err)
	w.seen[id] = w.vault.Clock.Time.UnixMilli()
	for _, a := range accounts {
		w.try(w.vault.Link(w.t.Context(), id, vaulttest.Brand, a))
	}
	return id
}

func (w *world) try(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// ask asks for an erasure, confirming what the plan says.
func (w *world) ask(person vault.PersonID) erasure.Erasure {
	w.t.Helper()
	plan, err := w.desk.Plan(w.t.Context(), person)
	w.try(err)
	e, err := w.desk.Request(w.t.Context(), erasure.Request{Person: person, Actor: vault.ActorPerson, Reason: privacy.ErasedOnRequest, Forfeit: plan.Forfeit})
	w.try(err)
	return e
}

func (w *world) look() {
	w.t.Helper()
	w.try(w.desk.Look(w.t.Context()))
}

func (w *world) at(id privacy.ErasureID) erasure.Erasure {
	w.t.Helper()
	e, err := w.desk.Get(w.t.Context(), id)
	w.try(err)
	return e
}

func (w *world) later(d time.Duration) { w.vault.Clock.Time = w.vault.Clock.Time.Add(d) }

func (w *world) database() string { return filepath.Join(w.vault.Folder, "people.db") }

func (w *world) wantCode(err error, want fault.Code) {
	w.t.Helper()
	if got := fault.CodeOf(err); got != want {
		w.t.Errorf("got %s (%v), want %s", got, err, want)
	}
}

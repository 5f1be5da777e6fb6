package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/evidence"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// erasureRoom is a bench with a vault and a desk. Its ledger, accounts and sequencer are the desk's alone.
type erasureRoom struct {
	*reception
	desk  *erasure.Desk
	roots map[privacy.ErasureID]string
	left  quantity.Points // On every account.
}

func newErasureRoom(t *testing.T) *erasureRoom {
	t.Helper()
	r := &erasureRoom{reception: newReception(t), roots: map[privacy.ErasureID]string{}}
	r.desk = erasure.New(erasure.Settings{
		Brand: vaulttest.Brand, DB: r.vault.DB, Vault: r.vault.Vault, Ledger: r, Policies: r, Positions: holding{r}, Operations: r, Now: r.vault.Clock.Now,
	})
	r.vault.Register(r.desk.Companion())
	r.server.people.Erasures = r.desk
	return r
}

func (r *erasureRoom) ChangeVault(ctx context.Context, change privacy.Change) error {
	return r.vault.Ledger.ChangeVault(ctx, change)
}

func (r *erasureRoom) VaultEntries(ctx context.Context, keys []privacy.EntryKey) ([][]byte, error) {
	return r.vault.Ledger.VaultEntries(ctx, keys)
}

func (r *erasureRoom) RecordErasures(_ context.Context, doc wire.NewErasures) (privacy.Erasures, error) {
	r.roots[doc.ID] = doc.Root
	return privacy.Erasures{}, nil
}

func (r *erasureRoom) DataPolicyInForce(context.Context) (privacy.Policy, wire.Published, error) {
	return privacy.Policy{}, wire.Published{}, fault.New(fault.NotFound, "none")
}

func (r *erasureRoom) Close(context.Context, points.AccountID, quantity.Points, string) (fault.Code, error) {
	return fault.OK, nil
}

type holding struct{ r *erasureRoom }

func (h holding) Account(_ context.Context, id points.AccountID) (erasure.Position, error) {
	return erasure.Position{
		Account: points.Account{ID: id, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerCustodian}}, Waiting: h.r.left,
	}, nil
}

func (r *erasureRoom) comply(method, path, body string) call {
	return call{method, path, ScopeCompliance, body, nil}
}

func TestTheComplianceDeskErasesAndGetsACertificateThatHolds(t *testing.T) {
	r := newErasureRoom(t)
	ada := r.create("1", attribute("name", "Ada")+","+attribute("phone", "+4915123456789"))
	path := "/v1/customers/" + ada + "/erasure"
	view := into[ErasureView](t, r.do(r.comply("GET", path, "")), http.StatusOK)
	if view.Erasure != nil || view.Plan.Values != 2 || view.Plan.Forfeit != 0 || len(view.Plan.Rules) != len(erasure.Rules) || view.Plan.LegalHold {
		t.Errorf("planned %+v", view)
	}
	r.problem(r.do(r.comply("POST", path, `{"forfeit":5}`)), fault.ForfeitMismatch)
	asked := r.vault.Clock.Time.Add(-48 * time.Hour).UTC().Format(time.RFC3339)
	e := into[Erasure](t, r.do(r.comply("POST", path, `{"forfeit":0,"askedAt":"`+asked+`"}`)), http.StatusAccepted)
	if e.Step != "waiting" || e.DueAt.Sub(e.RequestedAt) != erasure.Deadline || e.RequestedAt.Format(time.RFC3339) != asked {
		t.Errorf("noted %+v", e)
	}
	if list := into[ErasureList](t, r.do(r.comply("GET", "/v1/erasures", "")), http.StatusOK); len(list.Erasures) != 1 || list.Erasures[0].Id != e.Id {
		t.Errorf("listed %+v", list)
	}
	public := call{"GET", "/v1/erasures/" + e.Id, "", "", nil}
	if c := into[CertifiedErasure](t, r.do(public), http.StatusOK); c.Certificate != nil || c.Erasure.Step != "waiting" {
		t.Errorf("certified before it is done: %+v", c)
	}
	if err := r.desk.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := r.do(public)
	c := into[CertifiedErasure](t, w, http.StatusOK)
	if c.Erasure.Step != "done" || c.Certificate == nil || c.Proof == nil {
		t.Fatalf("done: %s", w.Body)
	}
	raw, err := json.Marshal(c.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.Verify(raw, c.Proof, r.roots[c.Proof.Erasures]); err != nil {
		t.Error(err)
	}
	if strings.Contains(w.Body.String(), ada) {
		t.Error("the certificate names the person")
	}
	r.problem(r.do(r.comply("GET", path, "")), fault.PersonUnknown)
	r.problem(r.do(call{"GET", "/v1/erasures/" + unknownID, "", "", nil}), fault.NotFound)
}

func TestARequestIsTakenBackAtTheDesk(t *testing.T) {
	r := newErasureRoom(t)
	path := "/v1/customers/" + r.create("1", attribute("name", "Ada")) + "/erasure"
	r.problem(r.do(r.comply("DELETE", path, "")), fault.NotFound)
	into[Erasure](t, r.do(r.comply("POST", path, `{"forfeit":0}`)), http.StatusAccepted)
	if w := r.do(r.comply("DELETE", path, "")); w.Code != http.StatusNoContent {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if view := into[ErasureView](t, r.do(r.comply("GET", path, "")), http.StatusOK); view.Erasure != nil {
		t.Errorf("still %+v", view.Erasure)
	}
}

func TestLegalHoldsAreSetListedAndLifted(t *testing.T) {
	r := newErasureRoom(t)
	ada := r.create("1", attribute("name", "Ada"))
	path := "/v1/customers/" + ada + "/legal-holds"
	until := r.vault.Clock.Time.Add(time.Hour).UTC().Format(time.RFC3339)
	h := into[LegalHold](t, r.do(r.comply("POST", path, `{"reason":"case 17","until":"`+until+`","told":false}`)), http.StatusCreated)
	if h.SetBy != ScopeCompliance || h.Reason != "case 17" || h.Told {
		t.Errorf("set %+v", h)
	}
	r.problem(r.do(r.comply("POST", "/v1/customers/"+ada+"/erasure", `{"forfeit":0}`)), fault.LegalHold)
	r.problem(r.do(r.comply("POST", path, `{"reason":"case 17","until":"2001-01-01T00:00:00Z","told":false}`)), fault.InvalidValue)
	e, err := r.desk.Request(t.Context(), erasure.Request{Person: vault.PersonID(ada), Actor: vault.ActorPerson, Reason: privacy.ErasedOnRequest})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.desk.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := into[CertifiedErasure](t, r.do(call{"GET", "/v1/erasures/" + string(e.ID), "", "", nil}), http.StatusOK); c.Erasure.Trouble != nil {
		t.Error("who asked for the erasure is told of a hold that mustn't be told")
	}
	if view := into[ErasureView](t, r.do(r.comply("GET", "/v1/customers/"+ada+"/erasure", "")), http.StatusOK); view.Erasure.Trouble == nil || *view.Erasure.Trouble != string(fault.LegalHold) {
		t.Errorf("compliance sees %+v", view.Erasure)
	}
	for _, want := range []int{http.StatusNoContent, http.StatusNotFound} {
		if w := r.do(r.comply("DELETE", path+"/"+h.Id, "")); w.Code != want {
			t.Errorf("%d, want %d", w.Code, want)
		}
	}
	if list := into[LegalHoldList](t, r.do(r.comply("GET", path, "")), http.StatusOK); len(list.Holds) != 1 || list.Holds[0].LiftedAt == nil || *list.Holds[0].LiftedBy != ScopeCompliance {
		t.Errorf("listed %+v", list)
	}
}

func TestErasuresAreCompliancesAlone(t *testing.T) {
	r := newErasureRoom(t)
	ada := r.create("1", attribute("name", "Ada"))
	for _, path := range []string{"/v1/customers/" + ada + "/erasure", "/v1/customers/" + ada + "/legal-holds", "/v1/erasures"} {
		for _, scope := range keyScopes {
			if w := r.do(call{"GET", path, scope, "", nil}); (w.Code == http.StatusOK) != (scope == ScopeCompliance) {
				t.Errorf("%s with scope %s: %d", path, scope, w.Code)
			}
		}
	}
	r.server.people.Erasures = nil
	r.problem(r.do(r.comply("GET", "/v1/erasures", "")), fault.NotFound)
}

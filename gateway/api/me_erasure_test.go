package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/erasure"
)

func TestACustomerErasesWhatIsKeptAfterAFreshProof(t *testing.T) {
	l := newLobby(t)
	room := &erasureRoom{reception: l.reception}
	desk := erasure.New(erasure.Settings{
		Brand: "airline", DB: l.vault.DB, Vault: l.vault.Vault, Ledger: room, Policies: room, Positions: holding{room}, Operations: room, Now: l.vault.Clock.Now,
	})
	l.vault.Register(desk.Companion())
	l.server.people.Erasures = desk
	token := l.register("ada@example.com")
	view := into[ErasureView](t, l.as(token, "GET", "/v1/me/erasure", ""), http.StatusOK)
	if view.Erasure != nil || view.Plan.Values == 0 || len(view.Plan.Rules) != len(erasure.Rules) {
		t.Errorf("planned %+v", view)
	}
	e := into[Erasure](t, l.as(token, "POST", "/v1/me/erasure", `{"forfeit":0}`), http.StatusAccepted)
	if w := l.as(token, "GET", "/v1/me/erasure", ""); !strings.Contains(w.Body.String(), e.Id) {
		t.Errorf("the request isn't shown: %s", w.Body)
	}
	if w := l.as(token, "DELETE", "/v1/me/erasure", ""); w.Code != http.StatusNoContent {
		t.Errorf("taken back: %d %s", w.Code, w.Body)
	}
	l.age(time.Hour)
	l.problem(l.as(token, "POST", "/v1/me/erasure", `{"forfeit":0}`), fault.StepUpRequired)
	l.problem(l.walkIn("GET", "/v1/me/erasure", ""), fault.Unauthenticated)
}

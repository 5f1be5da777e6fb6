package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// TestNothingIsServedUntilPeopleDbWasHeldAgainstTheErasures walks every route of the document.
func TestNothingIsServedUntilPeopleDbWasHeldAgainstTheErasures(t *testing.T) {
	r := newReception(t)
	ada := r.create("1", attribute("email", "ada@example.com"))
	closed := fault.New(fault.NotReady, "people.db is being held against the erasures on the ledger")
	r.server.people.Open = func() error { return closed }
	walked := 0
	for route := range r.server.rules {
		method, path, _ := strings.Cut(route, " ")
		w := r.do(call{method, strings.NewReplacer(":id", ada, ":name", "airline").Replace(path), ScopeCustomers, "", nil})
		itself := path == "/healthz" || path == "/readyz" || path == "/metrics" || path == "/v1/openapi.yaml" || path == "/v1/codes"
		if refused := w.Code == http.StatusServiceUnavailable && strings.Contains(w.Body.String(), string(fault.NotReady)); refused == itself {
			t.Errorf("%s: %d", route, w.Code)
		}
		walked++
	}
	if walked < 100 {
		t.Errorf("only %d routes were walked", walked)
	}
	r.server.people.Open = func() error { return nil }
	if w := r.ask("GET", "/"+ada, ""); w.Code != http.StatusOK {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

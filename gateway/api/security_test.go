package api

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// rings has security notices sent until the test ends.
func (l *lobby) rings() {
	ctx, end := context.WithCancel(l.t.Context())
	ended := make(chan struct{})
	go func() { _ = l.server.people.SignIn.Run(ctx); close(ended) }()
	l.t.Cleanup(func() { end(); <-ended })
}

// kindsOf lists what happened, the oldest first.
func kindsOf(events []SecurityEvent) []string {
	var kinds []string
	for _, e := range slices.Backward(events) {
		kinds = append(kinds, e.Kind)
	}
	slices.Sort(kinds)
	return kinds
}

func TestACustomerSeesWhatHappenedToTheirSignInAndNobodyElses(t *testing.T) {
	l := newLobby(t)
	token := l.register("ada@example.com")
	if w := l.prove("ada@example.com", "token"); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	into[RecoveryCodes](t, l.as(token, "POST", "/v1/me/recovery-codes", ""), http.StatusOK)
	events := into[SecurityEvents](t, l.as(token, "GET", "/v1/me/security-events", ""), http.StatusOK).Events
	if got := kindsOf(events); !slices.Equal(got, []string{"device-new", "recovery-renewed", "registered"}) {
		t.Errorf("%v", got)
	}
	for _, e := range events {
		if e.Told != (e.Kind != "registered") || e.At.IsZero() || e.Id == "" {
			t.Errorf("%+v", e)
		}
	}
	eve := l.register("eve@example.com")
	if got := kindsOf(into[SecurityEvents](t, l.as(eve, "GET", "/v1/me/security-events", ""), http.StatusOK).Events); !slices.Equal(got, []string{"registered"}) {
		t.Errorf("somebody else sees %v", got)
	}
	if e := into[vault.Export](t, l.as(eve, "GET", "/v1/me/export", ""), http.StatusOK); len(e.Sections["signIn"].(map[string]any)["events"].([]any)) != 1 {
		t.Errorf("an export has %v", e.Sections["signIn"])
	}
}

// TestStaffThatTakesAnAddressFromACustomerDoesntDoSoUnseen takes over an account by the brand's desk: the address that the customer had proved hears of it.
func TestStaffThatTakesAnAddressFromACustomerDoesntDoSoUnseen(t *testing.T) {
	l := newLobby(t)
	token := l.register("ada@example.com")
	person, err := l.vault.Find(t.Context(), vault.Identifier{Kind: vault.Email, Value: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	l.rings()
	body := `{"set":[{"name":"email","value":"thief@example.com"}]}`
	if w := l.do(call{"PATCH", "/v1/customers/" + string(person) + "?purpose=service", "customers", body, nil}); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	m := <-l.messages
	if m.To != (vault.Identifier{Kind: vault.Email, Value: "ada@example.com"}) || m.Subject != "Airline: security of your wallet" {
		t.Errorf("%+v", m)
	}
	proved, ever, err := l.server.people.SignIn.Proved(t.Context(), person, []vault.Identifier{{Kind: vault.Email, Value: "thief@example.com"}, {Kind: vault.Email, Value: "ada@example.com"}})
	if err != nil || len(proved) != 0 || !ever {
		t.Errorf("%v are proved, %v, %v", proved, ever, err)
	}
	events := into[SecurityEvents](t, l.as(token, "GET", "/v1/me/security-events", ""), http.StatusOK).Events
	if len(events) != 2 || !slices.ContainsFunc(events, func(e SecurityEvent) bool { return e.Kind == string(signin.IdentifierReplaced) && e.Device == nil }) {
		t.Errorf("%+v", events)
	}
	if len(l.messages) != 0 {
		t.Errorf("an address that nobody proved is written to: %+v", <-l.messages)
	}
}

func TestTheDocumentNamesEveryEvent(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData(documentYAML)
	if err != nil {
		t.Fatal(err)
	}
	var named []signin.Event
	for _, kind := range document.Components.Schemas["SecurityEvent"].Value.Properties["kind"].Value.Enum {
		named = append(named, signin.Event(kind.(string)))
	}
	slices.Sort(named)
	if !slices.Equal(named, signin.AllEvents) {
		t.Errorf("%v, there are %v", named, signin.AllEvents)
	}
}

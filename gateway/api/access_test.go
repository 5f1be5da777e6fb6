package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

func TestEveryRouteWantsAKeyOfOneOfItsScopes(t *testing.T) {
	b := newBench(t)
	for route, r := range b.server.rules {
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer(":id", account, ":operation", account, ":name", "airline", ":version", "1", ":partner", "hotel").Replace(path)
		key := []string{"Idempotency-Key", "k"}
		anonymous := b.do(call{method, path, "", "", key})
		if r.public {
			if anonymous.Code == http.StatusUnauthorized {
				t.Errorf("%s needs a key and shouldn't", route)
			}
			continue
		}
		b.problem(anonymous, fault.Unauthenticated)
		b.problem(b.do(call{method, path, "guessed", "", key}), fault.Unauthenticated)
		for _, scope := range []string{ScopeTill, ScopeOperator, ScopeRead} {
			w := b.do(call{method, path, scope, "", key})
			if may := (Key{Scopes: []string{scope}}).may(r); may == (w.Code == http.StatusForbidden) {
				t.Errorf("%s with scope %s: status %d", route, scope, w.Code)
			}
		}
	}
	if len(b.intakes) != 0 {
		t.Errorf("%d operations were recorded", len(b.intakes))
	}
}

func TestAKeyMustComeAsBearerToken(t *testing.T) {
	b := newBench(t)
	for _, header := range []string{"till", "Basic till", "Bearer", "Bearer ", "Bearer till till"} {
		w := b.do(call{"GET", "/v1/codes", "", "", []string{"Authorization", header}})
		b.problem(w, fault.Unauthenticated)
		if w.Header().Get("WWW-Authenticate") == "" {
			t.Error("no WWW-Authenticate")
		}
	}
}

func TestAReaderTakesNoOperations(t *testing.T) {
	b := newBenchOf(t, newGateway(), Parts{Member: "regulator"})
	for _, path := range []string{"/v1/operations", "/v1/operations/bulk", "/v1/accounts", "/v1/accounts/lookup", "/v1/mandates", "/v1/quotes", "/v1/operations/prepare"} {
		b.problem(b.do(call{"POST", path, ScopeRead, earn, []string{"Idempotency-Key", "k"}}), fault.ReadOnly)
	}
	b.problem(b.do(call{"POST", "/v1/programmes/airline/business-date", ScopeOperator, `{"date":"2030-01-01"}`, nil}), fault.ReadOnly)
	into[Account](t, b.get("/v1/accounts/"+account), http.StatusOK)
	if r := into[Readiness](t, b.get("/readyz"), http.StatusOK); r.Mode != Reader || !r.Ready {
		t.Errorf("%+v", r)
	}
}

func TestNothingPersonalAndNoKeyIsLogged(t *testing.T) {
	b := newBench(t)
	secrets := []string{"phone-secret", "key-secret", "challenge-secret", "receipt-secret", account}
	b.submit(`{"kind":"earn","reference":"phone-secret",`+strings.Replace(bought, "r-1", "receipt-secret", 1)+`}`, "Authorization", "Bearer key-secret")
	b.submit(`{"kind":"earn","reference":"phone-secret",` + strings.Replace(bought, "r-1", "receipt-secret", 1) + `}`)
	b.submit(strings.Replace(redeem, "four digits", "challenge-secret", 1))
	b.submit(`{"kind":"earn","phone-secret":"phone-secret"}`)
	b.get("/v1/accounts/" + account + "?reference=phone-secret")
	b.panics = true
	b.submit(earn)
	log := b.log.String()
	if strings.Count(log, `"msg":"request"`) != 6 || !strings.Contains(log, `"caller":"till"`) {
		t.Fatalf("the access log lacks lines: %s", log)
	}
	for _, s := range secrets {
		if strings.Contains(log, s) {
			t.Errorf("%s is in the log: %s", s, log)
		}
	}
}

func TestAPanicIsAnsweredAndTheServerGoesOn(t *testing.T) {
	b := newBench(t)
	b.panics = true
	p := b.problem(b.submit(earn), fault.Internal)
	if strings.Contains(p.Detail, "sequencer") || !strings.Contains(b.log.String(), "the sequencer is broken") || !strings.Contains(b.log.String(), p.RequestId) {
		t.Errorf("the cause belongs into the log, under the request id: %+v\n%s", p, b.log)
	}
	b.panics = false
	into[Operation](t, b.submit(earn), http.StatusOK)
}

func TestARequestIDOfTheCallerIsKeptWhenItCantBePersonal(t *testing.T) {
	b := newBench(t)
	for _, id := range []string{"9f86d081-884c-4d65-9a2f-eaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"} {
		if got := b.get("/healthz", "X-Request-Id", id).Header().Get("X-Request-Id"); got != id {
			t.Errorf("got %q", got)
		}
	}
	for _, id := range []string{"4929123412341234", "447700900123", "ada.lovelace_example.org", `"quoted" and spaced`, "9F86D081884C7D659A2FEAA0C55AD015"} {
		if got := b.get("/healthz", "X-Request-Id", id).Header().Get("X-Request-Id"); len(got) != 32 || got == id {
			t.Errorf("got %q", got)
		}
	}
}

func TestKeyFilesAreChecked(t *testing.T) {
	hash := strings.Repeat("a", 64)
	for name, c := range map[string]struct {
		content string
		ok      bool
	}{
		"good":            {"- {name: till, sha256: " + hash + ", scopes: [till, read]}\n", true},
		"unknown field":   {"- {name: till, sha256: " + hash + ", scopes: [till], key: x}\n", false},
		"unknown scope":   {"- {name: till, sha256: " + hash + ", scopes: [root]}\n", false},
		"no scope":        {"- {name: till, sha256: " + hash + ", scopes: []}\n", false},
		"short hash":      {"- {name: till, sha256: abcd, scopes: [till]}\n", false},
		"name used twice": {"- {name: till, sha256: " + hash + ", scopes: [till]}\n- {name: till, sha256: " + hash + ", scopes: [read]}\n", false},
		"no list":         {"till: x\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys.yaml")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadKeys(path); (err == nil) != c.ok || (err != nil && fault.CodeOf(err) != fault.InvalidValue) {
				t.Errorf("got %v", err)
			}
		})
	}
}

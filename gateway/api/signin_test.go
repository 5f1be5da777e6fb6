package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// lobby is a reception where customers sign in.
type lobby struct {
	*reception
	messages chan signin.Message
}

// Send implements signin.Sender.
func (l *lobby) Send(_ context.Context, m signin.Message) error {
	l.messages <- m
	return nil
}

func newLobby(t *testing.T) *lobby {
	t.Helper()
	l := &lobby{reception: newReception(t), messages: make(chan signin.Message, 100)}
	post := signin.NewPost(map[vault.Kind]signin.Sender{vault.Email: l, vault.Phone: l}, slog.New(slog.DiscardHandler))
	service, err := signin.New(signin.Settings{
		DB: l.vault.DB, People: l.vault, Post: post, Secret: []byte(strings.Repeat("s", signin.SecretSize)), Issuer: "Airline",
		Relying: func(context.Context) (signin.RelyingParty, error) {
			return signin.RelyingParty{RelyingParty: webauthn.RelyingParty{ID: "localhost", Origins: []string{"http://localhost:8080"}}, Name: "Airline"}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.vault.Register(service)
	l.server.people.SignIn = service
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { _ = post.Run(ctx); close(ended) }()
	t.Cleanup(func() { end(); <-ended })
	return l
}

var eightDigits = regexp.MustCompile(`\b\d{8}\b`)

// code is the one of the next message.
func (l *lobby) code() string {
	l.t.Helper()
	m := <-l.messages
	return eightDigits.FindString(m.Text)
}

// walkIn sends a request that has no API key.
func (l *lobby) walkIn(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	l.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	l.server.Handler().ServeHTTP(w, r)
	return w
}

// prove asks for a code and confirms it.
func (l *lobby) prove(address, delivery string) *httptest.ResponseRecorder {
	l.t.Helper()
	a := `{"kind":"email","value":"` + address + `"}`
	asked := into[SignInAsked](l.t, l.walkIn("POST", "/v1/sign-in/codes", `{"address":`+a+`,"language":"en"}`), http.StatusAccepted)
	return l.walkIn("POST", "/v1/sign-in/codes/confirmations", `{"token":"`+asked.Token+`","code":"`+l.code()+`","address":`+a+`,"delivery":"`+delivery+`"}`)
}

// register registers with an address and gives the session's token.
func (l *lobby) register(address string) string {
	l.t.Helper()
	p := into[SignInProgress](l.t, l.prove(address, "token"), http.StatusOK)
	if p.Next != "register" || p.Ticket == nil {
		l.t.Fatalf("%+v", p)
	}
	done := into[SignInProgress](l.t, l.walkIn("POST", "/v1/sign-in/registrations",
		`{"ticket":"`+*p.Ticket+`","address":{"kind":"email","value":"`+address+`"},"name":"Ada","language":"en","delivery":"token"}`), http.StatusOK)
	if done.Next != "signed-in" || done.Token == nil || done.Device == nil {
		l.t.Fatalf("%+v", done)
	}
	return *done.Token
}

// as sends a request under a session.
func (l *lobby) as(token, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	l.t.Helper()
	return l.walkIn(method, path, body, append(headers, "Authorization", "Bearer "+token)...)
}

// age makes everybody's last proof older.
func (l *lobby) age(by time.Duration) {
	l.t.Helper()
	err := l.vault.DB.Write(l.t.Context(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec("UPDATE signin_sessions SET proved = proved - ?", int64(by/time.Second))
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

func TestWhoRegistersHasAnAccountAndAProfile(t *testing.T) {
	l := newLobby(t)
	token := l.register("ada@example.com")
	me := into[Me](t, l.as(token, "GET", "/v1/me", ""), http.StatusOK)
	if len(me.Factors) != 0 || !me.Session.Current || me.ProvedUntil.Before(time.Now()) {
		t.Errorf("%+v", me)
	}
	person, err := l.vault.Find(t.Context(), vault.Identifier{Kind: vault.Email, Value: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	links, err := l.vault.Accounts(t.Context(), person)
	if err != nil || len(links) != 1 || links[0].Programme != "airline" {
		t.Errorf("%+v %v", links, err)
	}
	if text := l.log.String(); strings.Contains(text, "ada@") || strings.Contains(text, string(person)) {
		t.Errorf("the log names the customer: %s", text)
	}
	if w := l.as(token, "DELETE", "/v1/me/sessions/current", ""); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	l.problem(l.as(token, "GET", "/v1/me", ""), fault.Unauthenticated)
}

func TestASessionsCookieIsTheHostsAndNoScripts(t *testing.T) {
	l := newLobby(t)
	l.register("ada@example.com")
	w := l.prove("ada@example.com", "cookie")
	p := into[SignInProgress](t, w, http.StatusOK)
	if p.Next != "signed-in" || p.Token != nil || p.Device != nil {
		t.Errorf("%+v", p)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 2 || cookies[0].Name != sessionCookie || cookies[1].Name != deviceCookie {
		t.Fatalf("%v", cookies)
	}
	for _, c := range cookies {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
			t.Errorf("%s", c)
		}
	}
	cookie := cookies[0].Name + "=" + cookies[0].Value
	into[Me](t, l.walkIn("GET", "/v1/me", "", "Cookie", cookie), http.StatusOK)
	for name, headers := range map[string][]string{
		"another site's page":    {"Sec-Fetch-Site", "cross-site"},
		"a sister site's page":   {"Sec-Fetch-Site", "same-site"},
		"a page without the one": {"Origin", "https://evil.example"},
	} {
		l.problem(l.walkIn("DELETE", "/v1/me/sessions", "", append(headers, "Cookie", cookie)...), fault.Forbidden)
		l.problem(l.walkIn("POST", "/v1/sign-in/codes", `{"address":{"kind":"email","value":"a@example.com"}}`, headers...), fault.Forbidden)
		_ = name
	}
	if w := l.walkIn("DELETE", "/v1/me/sessions", "", "Cookie", cookie, "Sec-Fetch-Site", "same-origin"); w.Code != http.StatusNoContent {
		t.Errorf("from its own page: %d %s", w.Code, w.Body)
	}
	l.problem(l.walkIn("GET", "/v1/programmes", "", "Cookie", cookie), fault.Unauthenticated)
	out := l.walkIn("DELETE", "/v1/me/sessions/current", "", "Cookie", cookie, "Sec-Fetch-Site", "same-origin")
	if c := out.Result().Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("signing out leaves %v", c)
	}
}

func TestCustomersReachWhatIsForCustomersOnlyAndKeysDont(t *testing.T) {
	l := newLobby(t)
	token := l.register("ada@example.com")
	for route, r := range l.server.rules {
		method, path, _ := strings.Cut(route, " ")
		path = regexp.MustCompile(`:[a-z]+`).ReplaceAllString(path, "x")
		forCustomers := slices.Contains(r.scopes, ScopeCustomer)
		if forCustomers != strings.HasPrefix(path, "/v1/me") {
			t.Errorf("%s has the scopes %v", route, r.scopes)
		}
		if r.public {
			continue
		}
		if !forCustomers {
			l.problem(l.as(token, method, path, ""), fault.Forbidden)
			continue
		}
		for _, scope := range keyScopes {
			if w := l.do(call{method, path, scope, "", nil}); w.Code != http.StatusForbidden {
				t.Errorf("%s with a key of %s: %d", route, scope, w.Code)
			}
		}
		if w := l.walkIn(method, path, ""); w.Code != http.StatusUnauthorized {
			t.Errorf("%s without anything: %d", route, w.Code)
		}
	}
	l.server.people.SignIn = nil
	l.problem(l.walkIn("POST", "/v1/sign-in/codes", `{}`), fault.NotFound)
}

func TestWhatIsSensitiveNeedsAFreshProof(t *testing.T) {
	l := newLobby(t)
	token := l.register("ada@example.com")
	into[vault.Export](t, l.as(token, "GET", "/v1/me/export", ""), http.StatusOK)
	l.age(15 * time.Minute)
	l.problem(l.as(token, "GET", "/v1/me/export", ""), fault.StepUpRequired)
	into[Me](t, l.as(token, "GET", "/v1/me", ""), http.StatusOK)
	address := `{"kind":"email","value":"ada@example.com"}`
	asked := into[SignInAsked](t, l.as(token, "POST", "/v1/me/proofs/codes", `{"address":`+address+`}`), http.StatusAccepted)
	proof := `{"method":"code","token":"` + asked.Token + `","address":` + address + `,"code":"`
	l.problem(l.as(token, "POST", "/v1/me/proofs", proof+`00000000"}`), fault.SignInRefused)
	if w := l.as(token, "POST", "/v1/me/proofs", proof+l.code()+`"}`); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	into[vault.Export](t, l.as(token, "GET", "/v1/me/export", ""), http.StatusOK)
}

func TestAskingTooOftenSaysHowLongToWait(t *testing.T) {
	l := newLobby(t)
	var w *httptest.ResponseRecorder
	for range 5 {
		w = l.walkIn("POST", "/v1/sign-in/codes", `{"address":{"kind":"email","value":"ada@example.com"}}`)
	}
	l.problem(w, fault.AttemptsLimited)
	if wait := w.Header().Get("Retry-After"); len(wait) != 3 {
		t.Errorf("Retry-After %q, want minutes", wait)
	}
	l.server.people.Client = "X-Forwarded-For"
	for range 50 {
		w = l.walkIn("POST", "/v1/sign-in/passkeys/challenges", `{}`, "X-Forwarded-For", "203.0.113.9, 198.51.100.7")
	}
	l.problem(w, fault.AttemptsLimited)
	into[PasskeyCeremony](t, l.walkIn("POST", "/v1/sign-in/passkeys/challenges", `{}`, "X-Forwarded-For", "198.51.100.7, 203.0.113.9"), http.StatusOK)
}

func TestAWrongAddressIsPointedToAndNeverRepeated(t *testing.T) {
	l := newLobby(t)
	w := l.walkIn("POST", "/v1/sign-in/codes", `{"address":{"kind":"email","value":"sEcReT"}}`)
	p := l.problem(w, fault.InvalidValue)
	if p.Errors == nil || (*p.Errors)[0].Pointer != "/address" || strings.Contains(w.Body.String(), "sEcReT") {
		t.Errorf("%s", w.Body)
	}
}

// sensitive are the operations that must never be done on a code alone by who has a second factor, by their method and path.
var sensitive = []string{
	"POST /v1/me/operations", "POST /v1/me/passkeys/challenges", "POST /v1/me/passkeys", "DELETE /v1/me/passkeys/:id", "POST /v1/me/authenticator", "DELETE /v1/me/authenticator",
	"POST /v1/me/authenticator/confirmations", "POST /v1/me/recovery-codes", "POST /v1/me/erasure", "GET /v1/me/export", "PATCH /v1/me/profile", "POST /v1/me/addresses",
	"POST /v1/me/addresses/confirmations", "POST /v1/me/accounts/links/challenges", "POST /v1/me/consents",
}

func TestWhoHasASecondFactorDoesNothingSensitiveOnACodeAlone(t *testing.T) {
	for name, enrol := range map[string]func(l *lobby, token string) (proof string){
		"authenticator app": func(l *lobby, token string) string {
			e := into[AuthenticatorEnrolment](l.t, l.as(token, "POST", "/v1/me/authenticator", ""), http.StatusOK)
			now := time.Now().Add(-30 * time.Second)
			code := func(at time.Time) string {
				code, err := totp.GenerateCode(e.Secret, at)
				if err != nil {
					l.t.Fatal(err)
				}
				return code
			}
			if w := l.as(token, "POST", "/v1/me/authenticator/confirmations", `{"code":"`+code(now)+`"}`); w.Code != http.StatusNoContent {
				l.t.Fatalf("%d %s", w.Code, w.Body)
			}
			return `{"method":"totp","code":"` + code(now.Add(30*time.Second)) + `"}`
		},
		"recovery codes": func(l *lobby, token string) string {
			codes := into[RecoveryCodes](l.t, l.as(token, "POST", "/v1/me/recovery-codes", ""), http.StatusOK).Codes
			return `{"method":"recovery","code":"` + codes[0] + `"}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLobby(t)
			owners, thiefs := l.register("ada@example.com"), ""
			if p := into[SignInProgress](t, l.prove("ada@example.com", "token"), http.StatusOK); p.Token != nil {
				thiefs = *p.Token
			}
			if w := l.as(thiefs, "GET", "/v1/me/export", ""); w.Code != http.StatusOK {
				t.Fatalf("a code isn't enough where there is nothing else: %d %s", w.Code, w.Body)
			}
			proof := enrol(l, owners)
			var fresh []string
			for route, r := range l.server.rules {
				if !r.fresh {
					continue
				}
				fresh = append(fresh, route)
				method, path, _ := strings.Cut(route, " ")
				l.problem(l.as(thiefs, method, strings.ReplaceAll(path, ":id", "x"), ""), fault.StepUpRequired)
			}
			for _, route := range sensitive {
				if !slices.Contains(fresh, route) {
					t.Errorf("%s asks for no fresh proof", route)
				}
			}
			l.problem(l.as(thiefs, "POST", "/v1/me/proofs/codes", `{"address":{"kind":"email","value":"ada@example.com"}}`), fault.Forbidden)
			if me := into[Me](t, l.as(thiefs, "GET", "/v1/me", ""), http.StatusOK); me.ProvedUntil.After(time.Now()) {
				t.Errorf("the session says that it is strong until %s", me.ProvedUntil)
			}
			if w := l.as(thiefs, "POST", "/v1/me/proofs", proof); w.Code != http.StatusNoContent {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if w := l.as(thiefs, "GET", "/v1/me/export", ""); w.Code != http.StatusOK {
				t.Errorf("with the second factor: %d %s", w.Code, w.Body)
			}
		})
	}
}

package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// holder registers a customer whose account is one that the fixture knows, and gives the session's token.
func (l *lobby) holder(address string, id points.AccountID) string {
	l.t.Helper()
	token := l.register(address)
	person, err := l.vault.Find(l.t.Context(), vault.Identifier{Kind: vault.Email, Value: address})
	if err != nil {
		l.t.Fatal(err)
	}
	if err := l.vault.Link(l.t.Context(), person, "airline", id); err != nil {
		l.t.Fatal(err)
	}
	return token
}

func TestACustomerReadsChangesAndExportsTheirOwnData(t *testing.T) {
	l := newLobby(t)
	token := l.register("ada@example.com")
	set := func(body string) int { return l.as(token, "PATCH", "/v1/me/profile", body).Code }
	if set(`{"set":[{"name":"name","value":"Ada L."},{"name":"birthday","value":"1990-12-10"}],"remove":["language"]}`) != http.StatusNoContent {
		t.Fatal("the profile can't be changed")
	}
	l.problem(l.as(token, "PATCH", "/v1/me/profile", `{"set":[{"name":"email","value":"eve@example.com"}]}`), fault.InvalidValue)
	l.problem(l.as(token, "PATCH", "/v1/me/profile", `{"set":[{"name":"card","value":"4539148803436467"}]}`), fault.InvalidValue)
	l.problem(l.as(token, "PATCH", "/v1/me/profile", `{"remove":["email"]}`), fault.InvalidValue)

	phone := `{"kind":"phone","value":"+49 151 23456789"}`
	asked := into[SignInAsked](t, l.as(token, "POST", "/v1/me/addresses", `{"address":`+phone+`}`), http.StatusAccepted)
	confirmation := `{"token":"` + asked.Token + `","address":` + phone + `,"code":"`
	l.problem(l.as(token, "POST", "/v1/me/addresses/confirmations", confirmation+`00000000"}`), fault.SignInRefused)
	if w := l.as(token, "POST", "/v1/me/addresses/confirmations", confirmation+l.code()+`"}`); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if set(`{"remove":["email"]}`) != http.StatusNoContent {
		t.Error("an address can't be removed beside another")
	}
	got := map[string]string{}
	for _, a := range into[MyProfile](t, l.as(token, "GET", "/v1/me/profile", ""), http.StatusOK).Attributes {
		got[a.Name] = a.Value
	}
	if len(got) != 3 || got["name"] != "Ada L." || got["birthday"] != "1990-12-10" || got["phone"] != "+4915123456789" {
		t.Errorf("%v", got)
	}
	e := into[vault.Export](t, l.as(token, "GET", "/v1/me/export", ""), http.StatusOK)
	if len(e.Attributes) != 3 || len(e.Accounts) != 1 {
		t.Errorf("%+v", e)
	}
	l.age(15 * time.Minute)
	l.problem(l.as(token, "GET", "/v1/me/export", ""), fault.StepUpRequired)
	l.problem(l.as(token, "PATCH", "/v1/me/profile", `{"remove":["name"]}`), fault.StepUpRequired)
}

func TestACustomerSeesAllTheirProgrammesAtOnce(t *testing.T) {
	l := newLobby(t)
	token := l.holder("ada@example.com", account)
	person, err := l.vault.Find(t.Context(), vault.Identifier{Kind: vault.Email, Value: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.vault.Link(t.Context(), person, "hotel", stranger); err != nil {
		t.Fatal(err)
	}
	list := into[MyAccounts](t, l.as(token, "GET", "/v1/me/accounts", ""), http.StatusOK).Accounts
	if len(list) != 2 || !list[0].Own || list[0].Position.Id != account || list[1].Own || list[1].Programme != "hotel" {
		t.Fatalf("%+v", list)
	}
	seen := map[string]int{}
	path, pages := "/v1/me/history?limit=3", 0
	for cursor := ""; ; pages++ {
		page := into[History](t, l.as(token, "GET", path+cursor, ""), http.StatusOK)
		for _, e := range page.Entries {
			seen[string(e.Receipt.Operation)]++
		}
		if page.Next == nil || pages > 10 {
			break
		}
		cursor = "&cursor=" + *page.Next
	}
	if pages > 10 || len(seen) == 0 {
		t.Errorf("%d pages, %v", pages, seen)
	}
	into[MyAccounts](t, l.as(l.register("eve@example.com"), "GET", "/v1/me/accounts", ""), http.StatusOK)
}

func TestBeforeTwoAccountsAreLinkedOnTheLedgerTheCustomerIsToldAndConfirms(t *testing.T) {
	l := newLobby(t)
	token := l.holder("ada@example.com", account)
	transfer := `{"kind":"transfer","account":"` + account + `","to":"` + wallet + `","points":5}`
	submit := func(body string) *http.Response {
		return l.as(token, "POST", "/v1/me/operations", body, "Idempotency-Key", hexOf(body)[:20]).Result()
	}
	before := len(l.intakes)
	l.problem(l.as(token, "POST", "/v1/me/operations", `{"operation":`+transfer+`}`, "Idempotency-Key", "1"), fault.NoticeRequired)
	german := into[MyPreparedOperation](t, l.as(token, "POST", "/v1/me/operations/prepare", `{"operation":`+transfer+`,"language":"de-AT"}`), http.StatusOK)
	if german.Notice == nil || !strings.HasPrefix(german.Notice.Text, "Jedes Mitglied") || german.Mandate != nil {
		t.Fatalf("%+v", german)
	}
	other := strings.Replace(transfer, wallet, stranger, 1)
	l.problem(l.as(token, "POST", "/v1/me/operations", `{"operation":`+other+`,"acknowledged":"`+german.Notice.Hash+`"}`, "Idempotency-Key", "2"), fault.NoticeRequired)
	if len(l.intakes) != before {
		t.Fatal("something was recorded before the customer has agreed")
	}
	if r := submit(`{"operation":` + transfer + `,"acknowledged":"` + german.Notice.Hash + `"}`); r.StatusCode != http.StatusOK {
		t.Fatalf("%d", r.StatusCode)
	}
	in := l.intakes[len(l.intakes)-1]
	if !in.Custody || strings.Contains(in.Caller, "ada") || !strings.HasPrefix(in.Caller, "customer/") {
		t.Errorf("%+v", in)
	}
	optout := into[MyPreparedOperation](t, l.as(token, "POST", "/v1/me/operations/prepare", `{"operation":{"kind":"optout","account":"`+account+`","partner":"hotel"}}`), http.StatusOK)
	if optout.Notice != nil {
		t.Errorf("%+v", optout)
	}
}

func TestCustomersDoWhatIsTheirsWithTheirOwnAccountsOnly(t *testing.T) {
	l := newLobby(t)
	token := l.holder("ada@example.com", account)
	for name, c := range map[string]struct {
		operation string
		code      fault.Code
	}{
		"somebody else's account":     {`{"kind":"optout","account":"` + wallet + `","partner":"hotel"}`, fault.AccountUnknown},
		"no account":                  {`{"kind":"optout","partner":"hotel"}`, fault.InvalidValue},
		"an adjustment":               {`{"kind":"adjust","account":"` + account + `","points":5,"reason":"goodwill","operation":"` + unknownID + `"}`, fault.Forbidden},
		"points for nothing":          {`{"kind":"earn","account":"` + account + `","amountMinor":5,"occurredAt":"2026-01-01T00:00:00Z"}`, fault.Forbidden},
		"somebody looked up":          {`{"kind":"transfer","account":"` + account + `","toReference":"+4915123456789","points":5}`, fault.InvalidValue},
		"an authentication made up":   {`{"kind":"optout","account":"` + account + `","partner":"hotel","authentication":{"method":"otp","challenge":"x"}}`, fault.InvalidValue},
		"another programme's account": {`{"kind":"optout","account":"` + account + `","partner":"hotel","programme":"hotel"}`, fault.InvalidValue},
		"a passkey that isn't there":  {`{"kind":"rekey","account":"` + account + `"},"passkey":"AAAA"` + `,"language":"en"`, fault.NotFound},
	} {
		body := `{"operation":` + c.operation + `}`
		if strings.Contains(c.operation, `"passkey"`) {
			body = `{"operation":` + c.operation + `}`
		}
		for _, path := range []string{"/v1/me/operations/prepare", "/v1/me/operations"} {
			w := l.as(token, "POST", path, body, "Idempotency-Key", "k")
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != string(c.code) {
				t.Errorf("%s at %s: %d %s", name, path, w.Code, w.Body)
			}
		}
	}
}

func TestAnAccountOfAnyProgrammeIsLinkedByItsKey(t *testing.T) {
	l := newLobby(t)
	token := l.register("ada@example.com")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := points.EncodePublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	own := points.AccountID(strings.Repeat("7", 32))
	l.positions = map[points.AccountID]points.Account{own: {
		V: 1, ID: own, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerP256, Version: 1, Key: public},
	}}
	l.problem(l.as(token, "POST", "/v1/me/accounts/links/challenges", `{"account":"`+account+`"}`), fault.InvalidValue)
	p := into[PreparedAccountLink](t, l.as(token, "POST", "/v1/me/accounts/links/challenges", `{"account":"`+string(own)+`"}`), http.StatusOK)
	digest, err := hex.DecodeString(p.Digest)
	if err != nil {
		t.Fatal(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		t.Fatal(err)
	}
	link := `{"token":"` + p.Token + `","signature":"` + points.SignatureOver(r, s) + `"}`
	l.problem(l.as(l.register("eve@example.com"), "POST", "/v1/me/accounts/links", link), fault.SignInRefused)
	if w := l.as(token, "POST", "/v1/me/accounts/links", link); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	list := into[MyAccounts](t, l.as(token, "GET", "/v1/me/accounts", ""), http.StatusOK).Accounts
	if len(list) != 1 || list[0].Position.Id != string(own) {
		t.Errorf("%+v", list)
	}
	prepared := into[MyPreparedOperation](t, l.as(token, "POST", "/v1/me/operations/prepare", `{"operation":{"kind":"optout","account":"`+string(own)+`","partner":"hotel"}}`), http.StatusOK)
	if prepared.Mandate == nil || prepared.Mandate.Mandate.Account != own {
		t.Errorf("%+v", prepared)
	}
}

package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// reception is a bench with a vault.
type reception struct {
	*bench
	vault *vaulttest.Vault
}

func newReception(t *testing.T) *reception {
	t.Helper()
	b := newBench(t)
	v := vaulttest.New(t)
	b.server.people.Vault, b.server.people.Purposes = v, declared{"service"}
	return &reception{b, v}
}

// declared are the purposes of a data policy.
type declared []string

func (d declared) Declares(_ context.Context, code string) (bool, error) {
	return slices.Contains(d, code), nil
}

// ask calls a route of customers for the purpose "service".
func (r *reception) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	if !strings.Contains(path, "access-log") {
		path += mark + "purpose=service"
	}
	return r.do(call{method, "/v1/customers" + path, ScopeCustomers, body, headers})
}

func (r *reception) create(key, attributes string) string {
	r.t.Helper()
	return into[CustomerFound](r.t, r.ask("POST", "", `{"attributes":[`+attributes+`]}`, "Idempotency-Key", key), http.StatusCreated).Id
}

// attribute is one in JSON.
func attribute(name, value string) string { return fmt.Sprintf(`{"name":%q,"value":%q}`, name, value) }

func TestACustomerIsCreatedReadFoundChangedMergedAndExported(t *testing.T) {
	r := newReception(t)
	ada := r.create("1", attribute("name", "Ada")+","+attribute("phone", "0151 23456789"))
	if again := r.create("1", attribute("name", "Ada")+","+attribute("phone", "0151 23456789")); again != ada {
		t.Errorf("the same key created %s and %s", ada, again)
	}
	r.problem(r.ask("POST", "", `{"attributes":[`+attribute("name", "Eve")+`]}`, "Idempotency-Key", "1"), fault.IdempotencyConflict)
	if found := into[CustomerFound](t, r.ask("POST", "/find", `{"kind":"phone","value":"+4915123456789"}`), http.StatusOK); found.Id != ada {
		t.Errorf("found %s", found.Id)
	}
	if w := r.ask("PATCH", "/"+ada, `{"set":[`+attribute("email", "ada@example.com")+`],"remove":["name"]}`); w.Code != http.StatusNoContent {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	other := r.create("2", attribute("name", "Ada L."))
	if w := r.ask("POST", "/"+ada+"/merge", `{"gone":"`+other+`"}`); w.Code != http.StatusNoContent {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	c := into[Customer](t, r.ask("GET", "/"+other+"?attributes=name,email", ""), http.StatusOK)
	if c.Id != ada || len(c.Attributes) != 2 || c.Attributes[0] != (Attribute{"email", "ada@example.com"}) || c.Attributes[1] != (Attribute{"name", "Ada L."}) {
		t.Errorf("%+v", c)
	}
	e := into[vault.Export](t, r.ask("GET", "/"+ada+"/export", ""), http.StatusOK)
	if string(e.Person) != ada || len(e.Attributes) != 3 || len(e.AccessLog) < 5 || e.Format != vault.ExportFormat {
		t.Errorf("%+v", e)
	}
	log := into[AccessLog](t, r.ask("GET", "/"+ada+"/access-log?limit=2", ""), http.StatusOK)
	if len(log.Entries) != 2 || log.Next == nil || log.Entries[0].Action != "export" || log.Entries[0].Actor != ScopeCustomers || log.Entries[0].Purpose != "service" {
		t.Errorf("%+v", log)
	}
}

func TestWhatIsWrongWithACustomerIsPointedToAndNeverRepeated(t *testing.T) {
	r := newReception(t)
	ada := r.create("1", attribute("email", "ada@example.com"))
	const secret = "sEcReT"
	for name, c := range map[string]struct {
		w       *httptest.ResponseRecorder
		code    fault.Code
		pointer string
	}{
		"a phone":           {r.ask("POST", "", `{"attributes":[`+attribute("name", "x")+`,`+attribute("phone", secret)+`]}`, "Idempotency-Key", "a"), fault.InvalidValue, "/attributes/1"},
		"a birthday":        {r.ask("PATCH", "/"+ada, `{"set":[`+attribute("birthday", secret)+`]}`), fault.InvalidValue, "/set/0"},
		"a name of its own": {r.ask("PATCH", "/"+ada, `{"set":[`+attribute(secret, "x")+`]}`), fault.InvalidValue, "/set/0"},
		"an identifier":     {r.ask("POST", "/find", `{"kind":"card","value":"`+secret+`"}`), fault.InvalidValue, "/value"},
		"a kind":            {r.ask("POST", "/find", `{"kind":"`+secret+`","value":"x"}`), fault.InvalidValue, "/value"},
		"a taken address":   {r.ask("POST", "", `{"attributes":[`+attribute("email", "Ada@example.com")+`]}`, "Idempotency-Key", "b"), fault.PersonExists, ""},
		"a field":           {r.ask("PATCH", "/"+ada, `{"`+secret+`":[]}`), fault.Malformed, ""},
		"a person":          {r.ask("GET", "/"+unknownID, ""), fault.PersonUnknown, ""},
	} {
		p := r.problem(c.w, c.code)
		if c.pointer != "" && (p.Errors == nil || (*p.Errors)[0].Pointer != c.pointer) {
			t.Errorf("%s: %s", name, c.w.Body)
		}
		if name != "a field" && strings.Contains(c.w.Body.String(), secret) || strings.Contains(strings.ToLower(c.w.Body.String()), "ada@") {
			t.Errorf("%s: the answer repeats the value: %s", name, c.w.Body)
		}
	}
	if text := r.log.String(); strings.Contains(text, secret) || strings.Contains(text, "example.com") {
		t.Errorf("the log repeats a value: %s", text)
	}
}

func TestPersonalDataNeedAPurposeAndTheScopeOfCustomers(t *testing.T) {
	r := newReception(t)
	ada := r.create("1", attribute("name", "Ada"))
	r.problem(r.do(call{"GET", "/v1/customers/" + ada, ScopeCustomers, "", nil}), fault.Malformed)
	r.problem(r.do(call{"GET", "/v1/customers/" + ada + "?purpose=Ada+asked", ScopeCustomers, "", nil}), fault.PurposeUnknown)
	for _, scope := range keyScopes {
		if w := r.do(call{"GET", "/v1/customers/" + ada + "?purpose=service", scope, "", nil}); (w.Code == http.StatusOK) != (scope == ScopeCustomers) {
			t.Errorf("scope %s: %d", scope, w.Code)
		}
	}
	r.server.people.Vault = nil
	r.problem(r.ask("GET", "/"+ada, ""), fault.NotFound)
}

func TestAnAccountIsOpenedUnderARandomReferenceAndFoundByEveryIdentifier(t *testing.T) {
	r := newReception(t)
	ada := r.create("1", attribute("phone", "+4915123456789")+","+attribute("card", "4539148803436467"))
	opened := into[CustomerAccount](t, r.ask("POST", "/"+ada+"/accounts", `{}`, "Idempotency-Key", "o"), http.StatusOK)
	again := into[CustomerAccount](t, r.ask("POST", "/"+ada+"/accounts", `{}`, "Idempotency-Key", "o"), http.StatusOK)
	if len(r.intakes) != 1 || opened.Account != again.Account || opened.Programme != "airline" {
		t.Fatalf("%d openings, %+v, %+v", len(r.intakes), opened, again)
	}
	for _, shown := range []string{"4539 1488 0343 6467", "0151/23456789", "4915123456789x"} {
		lookup := r.do(call{"POST", "/v1/accounts/lookup", ScopeTill, fmt.Sprintf(`{"reference":%q}`, shown), nil})
		if shown == "4915123456789x" {
			r.problem(lookup, fault.AccountUnknown)
			continue
		}
		if a := into[LookupResponse](t, lookup, http.StatusOK); a.Account != opened.Account {
			t.Errorf("%s leads to %s", shown, a.Account)
		}
	}
	o := into[Operation](t, r.submit(strings.Replace(earn, `"account":"`+account+`"`, `"reference":"4539148803436467"`, 1)), http.StatusOK)
	if o.Account != opened.Account {
		t.Errorf("the purchase went to %s", o.Account)
	}
	if lookup := r.intakes[0].Lookup; lookup == r.Lookup("+4915123456789") || lookup == r.Lookup("4539148803436467") || lookup == "" {
		t.Errorf("the opening's reference is %s", lookup)
	}
	list := into[CustomerAccounts](t, r.ask("GET", "/"+ada+"/accounts", ""), http.StatusOK)
	if len(list.Accounts) != 1 || list.Accounts[0].Account != opened.Account {
		t.Errorf("%+v", list)
	}
}

func TestATillOpensNoSecondAccountForACustomerOfTheVault(t *testing.T) {
	r := newReception(t)
	open := func(key, reference string) *httptest.ResponseRecorder {
		return r.do(call{"POST", "/v1/accounts", ScopeTill, fmt.Sprintf(`{"reference":%q}`, reference), []string{"Idempotency-Key", key}})
	}
	into[Operation](t, open("before", "+442079460018"), http.StatusOK)
	ada := r.create("1", attribute("phone", "+4915123456789")+","+attribute("phone", "+442079460018"))
	into[Operation](t, open("nobody has an account yet", "+4915123456789"), http.StatusOK)
	into[CustomerAccount](t, r.ask("POST", "/"+ada+"/accounts", `{}`, "Idempotency-Key", "o"), http.StatusOK)
	r.problem(open("now she has", "0151 23456789"), fault.PersonExists)
	into[Operation](t, open("before", "+442079460018"), http.StatusOK)
}

func TestAnAccountThatIsThereIsLinkedToOnePersonOnly(t *testing.T) {
	r := newReception(t)
	ada, eve := r.create("1", attribute("name", "Ada")), r.create("2", attribute("name", "Eve"))
	link := func(person, account string) *httptest.ResponseRecorder {
		return r.ask("POST", "/"+person+"/accounts", `{"account":"`+account+`"}`, "Idempotency-Key", "l")
	}
	into[CustomerAccount](t, link(ada, account), http.StatusOK)
	into[CustomerAccount](t, link(ada, account), http.StatusOK)
	r.problem(link(eve, account), fault.AlreadyExists)
	r.problem(link(eve, unknownID), fault.AccountUnknown)
	r.problem(link(eve, stranger), fault.InvalidValue)
}

func TestAnOpeningThatTheLedgerRefusesLinksNothing(t *testing.T) {
	r := newReception(t)
	ada := r.create("1", attribute("name", "Ada"))
	r.refuse["open"] = fault.IssuingStopped
	r.problem(r.ask("POST", "/"+ada+"/accounts", `{}`, "Idempotency-Key", "o"), fault.IssuingStopped)
	if list := into[CustomerAccounts](t, r.ask("GET", "/"+ada+"/accounts", ""), http.StatusOK); len(list.Accounts) != 0 {
		t.Errorf("%+v", list)
	}
}

// TestPersonalDataAreReadForPublishedPurposesAlone: a name written as a code would stand in the log otherwise. Lines that stand there already are shown.
func TestPersonalDataAreReadForPublishedPurposesAlone(t *testing.T) {
	r := newReception(t)
	ada := r.create("1", attribute("email", "ada@example.com"))
	if err := r.vault.Record(t.Context(), vault.PersonID(ada), vault.Reading, vault.Access{Actor: "crm", Purpose: "ada-lovelace"}, []string{"email"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, path, body string }{
		{"POST", "", `{"attributes":[` + attribute("name", "x") + `]}`}, {"POST", "/find", `{"kind":"email","value":"ada@example.com"}`}, {"GET", "/" + ada, ""},
		{"PATCH", "/" + ada, `{"remove":["email"]}`}, {"POST", "/" + ada + "/merge", `{"gone":"` + unknownID + `"}`}, {"GET", "/" + ada + "/export", ""},
		{"GET", "/" + ada + "/accounts", ""}, {"POST", "/" + ada + "/accounts", "{}"},
	} {
		for _, purpose := range []string{"grace-hopper", "ada-lovelace", "services", "servic", "SERVICE"} {
			w := r.do(call{c.method, "/v1/customers" + c.path + "?purpose=" + purpose, ScopeCustomers, c.body, []string{"Idempotency-Key", "k"}})
			if !strings.Contains(w.Body.String(), string(fault.PurposeUnknown)) || strings.Contains(w.Body.String(), purpose+`"`) {
				t.Errorf("%s %s for %q: %d %s", c.method, c.path, purpose, w.Code, w.Body)
			}
		}
	}
	log := into[AccessLog](t, r.ask("GET", "/"+ada+"/access-log", ""), http.StatusOK)
	if len(log.Entries) != 2 || log.Entries[0].Purpose != "ada-lovelace" {
		t.Errorf("%+v", log)
	}
}

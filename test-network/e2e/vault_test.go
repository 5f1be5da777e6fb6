//go:build network

package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/store"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
	"github.com/tallystick/tallystick/test-network/canary"
)

// vaulted are values of the person whom the tests of the vault know. The phone number and the card are written otherwise than they are kept.
var vaulted = []canary.Canary{
	{Kind: canary.Name, Label: "name", Value: "Augusta Vaultcanary"}, {Kind: canary.Phone, Label: "phone", Value: "+44 7700 900588"},
	{Kind: canary.Phone, Label: "new phone", Value: "+44 7700 900733"}, {Kind: canary.Email, Label: "e-mail", Value: "augusta.vaultcanary@example.org"},
	{Kind: canary.Card, Label: "card", Value: "4539 1488 0343 6467"}, {Kind: canary.Birthday, Label: "birthday", Value: "1915-12-10"},
}

func vaultValue(label string) string {
	return vaulted[slices.IndexFunc(vaulted, func(c canary.Canary) bool { return c.Label == label })].Value
}

// person is what the tests look at in a customer's answer.
type person struct {
	ID         string            `json:"id"`
	Attributes []vault.Attribute `json:"attributes"`
}

// linked is what the tests look at in an account's answer.
type linked struct {
	Programme string `json:"programme"`
	Account   string `json:"account"`
}

// desk calls customers' routes at a brand's gateway for the purpose "service".
type desk struct {
	t     *testing.T
	brand string
	key   string
}

func newDesk(t *testing.T, brand string) *desk {
	t.Helper()
	return &desk{t, brand, three.key(t, brand, "customers")}
}

func (d *desk) ask(method, path, idempotency string, body any) answer {
	d.t.Helper()
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	if !strings.Contains(path, "access-log") {
		path += mark + "purpose=service"
	}
	return three.call(d.t, d.brand, request{method: method, path: "/v1/customers" + path, key: d.key, idempotency: idempotency, body: body})
}

func (d *desk) create(idempotency string, pairs ...string) string {
	d.t.Helper()
	a := d.ask("POST", "", idempotency, fields{"attributes": attributesOf(pairs...)})
	if a.status != http.StatusCreated {
		d.t.Fatalf("status %d: %s", a.status, a.body)
	}
	return decode[person](d.t, a.body).ID
}

func attributesOf(pairs ...string) []vault.Attribute {
	var all []vault.Attribute
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, vault.Attribute{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

// done requires an answer without content.
func (d *desk) done(a answer) {
	d.t.Helper()
	if a.status != http.StatusNoContent {
		d.t.Fatalf("status %d: %s", a.status, a.body)
	}
}

func (d *desk) find(kind, value string) answer {
	d.t.Helper()
	return d.ask("POST", "/find", "", fields{"kind": kind, "value": value})
}

// requirePerson reads a person and holds it against what it should have.
func (d *desk) requirePerson(id string, pairs ...string) {
	d.t.Helper()
	if p := ok[person](d.t, d.ask("GET", "/"+id, "", nil)); !slices.Equal(p.Attributes, attributesOf(pairs...)) {
		d.t.Errorf("got %v, want %v", p.Attributes, pairs)
	}
}

// TestCustomersInTheVault takes a person through a brand's vault over HTTP, and looks for every value on the disks of all members.
func TestCustomersInTheVault(t *testing.T) {
	d := newDesk(t, "grocer")
	id := d.create("vault-1", "name", vaultValue("name"), "phone", vaultValue("phone"), "email", vaultValue("e-mail"), "birthday", vaultValue("birthday"))
	if again := d.create("vault-1", "name", vaultValue("name"), "phone", vaultValue("phone"), "email", vaultValue("e-mail"), "birthday", vaultValue("birthday")); again != id {
		t.Errorf("the same key created %s and %s", id, again)
	}
	refused(t, d.ask("POST", "", "vault-2", fields{"attributes": attributesOf("email", strings.ToUpper(vaultValue("e-mail")))}), fault.PersonExists)
	d.done(d.ask("PATCH", "/"+id, "", fields{"set": attributesOf("phone", vaultValue("new phone"))}))
	refused(t, d.find("phone", vaultValue("phone")), fault.PersonUnknown)
	other := d.create("vault-3", "card", vaultValue("card"), "name", "A. V.")
	refused(t, d.ask("POST", "/"+id+"/merge", "", fields{"gone": other}), fault.PersonConflict)
	d.done(d.ask("POST", "/"+id+"/merge", "", fields{"gone": other, "overruled": []string{"name"}}))
	whole := []string{"birthday", "1915-12-10", "card", "4539148803436467", "email", vaultValue("e-mail"), "name", vaultValue("name"), "phone", "+447700900733"}
	d.requirePerson(id, whole...)
	d.requirePerson(other, whole...)

	account := ok[linked](t, d.ask("POST", "/"+id+"/accounts", "vault-open", fields{})).Account
	sale := ok[operation](t, three.submit(t, "grocer", three.purchase(t, "grocer", account, 5_000).with(fields{"account": nil, "reference": vaultValue("card")})))
	if sale.Account != account {
		t.Errorf("the card led to the account %s, not %s", sale.Account, account)
	}
	e := decode[vault.Export](t, d.ask("GET", "/"+id+"/export", "", nil).body)
	if len(e.Attributes) != 5 || len(e.AccessLog) < 6 || !strings.Contains(string(d.ask("GET", "/"+id+"/export", "", nil).body), sale.ID) {
		t.Errorf("the export is %+v", e)
	}

	d.requireOnlyCiphertext(id)
	d.requireNothingLost(id, other, account, whole)
	d.requireRotation(id, whole)
	d.requireBackup(id, account, whole)
}

// requireOnlyCiphertext looks through everything that nodes and gateways keep. That the entries themselves are found says that the search looks where they are.
func (d *desk) requireOnlyCiphertext(id string) {
	d.t.Helper()
	keys := d.entries(id)
	requireFound(d.t, three.dir.Data(""), nil, secret("an entry's key", keys[0]))
	requireAbsent(d.t, three.dir.Data(""), nil, vaulted...)
	requireAbsent(d.t, three.dir.Logs(), nil, vaulted...)
	for _, member := range three.members.Members {
		requireAbsent(d.t, three.dir.Gateway(member.Name), nil, vaulted...)
	}
}

// entries are the keys of a person's entries.
func (d *desk) entries(id string) []string {
	d.t.Helper()
	db := must[*sqlite.DB](d.t)(store.OpenReadOnly(d.database()))
	defer db.Close()
	rows, err := db.Reader().Query(`SELECT key FROM entries WHERE person = ?`, id)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			d.t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 || rows.Err() != nil {
		d.t.Fatal("the person has no entries", rows.Err())
	}
	return keys
}

func (d *desk) database() string {
	return filepath.Join(three.dir.Gateway(d.brand), "people", "people.db")
}

// requireNothingLost restarts the gateway, hard and then without its read model.
func (d *desk) requireNothingLost(id, other, account string, whole []string) {
	d.t.Helper()
	three.kill(d.t, "gateway."+d.brand)
	three.start(d.t, "gateway."+d.brand)
	three.awaitReady(d.t, d.brand)
	d.requirePerson(other, whole...)

	three.stop(d.t, "gateway."+d.brand)
	for _, file := range must[[]string](d.t)(filepath.Glob(filepath.Join(three.dir.Gateway(d.brand), "gateway.db*"))) {
		if err := os.Remove(file); err != nil {
			d.t.Fatal(err)
		}
	}
	three.start(d.t, "gateway."+d.brand)
	three.awaitReady(d.t, d.brand)
	d.requirePerson(id, whole...)
	if found := ok[person](d.t, d.find("card", vaultValue("card"))); found.ID != id {
		d.t.Errorf("the card finds %s", found.ID)
	}
	till := three.key(d.t, d.brand, "till")
	lookup := request{method: "POST", path: "/v1/accounts/lookup", key: till, body: fields{"reference": vaultValue("new phone")}}
	if a := ok[linked](d.t, three.call(d.t, d.brand, lookup)); a.Account != account {
		d.t.Errorf("the phone leads to %s", a.Account)
	}
	if again := ok[linked](d.t, d.ask("POST", "/"+id+"/accounts", "vault-open", fields{})); again.Account != account {
		d.t.Errorf("the opening was repeated: %s", again.Account)
	}
}

// requireRotation rotates both keys beside the running gateway, deletes the old ones and restarts.
func (d *desk) requireRotation(id string, whole []string) {
	d.t.Helper()
	config := three.gatewayConfig(d.brand)
	for _, kind := range []string{"master", "index"} {
		three.run(d.t, "tally-gateway", "people", "rotate-"+kind, "--config", config)
	}
	until(d.t, "the old keys can be retired", func() bool {
		return strings.Count(three.run(d.t, "tally-gateway", "people", "keys", "--config", config), "can be retired") == 2
	})
	for _, kind := range []string{"master", "index"} {
		three.run(d.t, "tally-gateway", "people", "retire-"+kind, "1", "--config", config)
	}
	three.stop(d.t, "gateway."+d.brand)
	three.start(d.t, "gateway."+d.brand)
	three.awaitReady(d.t, d.brand)
	d.requirePerson(id, whole...)
	if found := ok[person](d.t, d.find("email", vaultValue("e-mail"))); found.ID != id {
		d.t.Errorf("the address finds %s", found.ID)
	}
}

// requireBackup loses people.db: nobody is known, points stay. A backup brings everybody back.
func (d *desk) requireBackup(id, account string, whole []string) {
	d.t.Helper()
	three.stop(d.t, "gateway."+d.brand)
	folder, aside := filepath.Dir(d.database()), filepath.Join(three.dir.Gateway(d.brand), "people.lost")
	if err := os.Rename(folder, aside); err != nil {
		d.t.Fatal(err)
	}
	three.start(d.t, "gateway."+d.brand)
	three.awaitReady(d.t, d.brand)
	refused(d.t, d.ask("GET", "/"+id, "", nil), fault.PersonUnknown)
	refused(d.t, d.find("email", vaultValue("e-mail")), fault.PersonUnknown)
	if p := ok[position](d.t, three.call(d.t, d.brand, request{method: "GET", path: "/v1/accounts/" + account, key: three.key(d.t, d.brand, "till")})); p.Posted == 0 {
		d.t.Error("the points are gone")
	}
	three.stop(d.t, "gateway."+d.brand)
	if err := os.RemoveAll(folder); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(aside, folder); err != nil {
		d.t.Fatal(err)
	}
	three.start(d.t, "gateway."+d.brand)
	three.awaitReady(d.t, d.brand)
	d.requirePerson(id, whole...)
}

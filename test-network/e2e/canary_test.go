//go:build network

package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/client"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/test-network/canary"
)

// The canary test has a consortium of its own: what other tests leave behind would only make it slower.
const (
	canaryRun   = "test-network/run-e2e-canary"
	canaryPorts = 22400
)

// party is the canary test: guests, what was answered to whoever may learn nothing, and what is known to lie in each kind of store.
type party struct {
	*consortium
	erased    guest // Known to the staff first; erases herself in the wallet.
	stays     guest
	joins     guest // Registers in the wallet; is erased at the desk.
	nobody    guest // Is no customer.
	mail      *mailbox
	read      map[string]bool // Text messages.
	peers     []canary.Canary // Addresses that guests asked from.
	answers   []answer        // Of refused requests, and to tills: they must tell nothing.
	planted   []canary.Canary // Put where they may be, to show that the scan finds them there.
	operation string          // An operation's id, which is public.
	request   string          // A request's id, which logs and headers have.
	trace     string          // A trace's id, which traces, logs and headers have.
	sealed    [][]byte        // What people.db has sealed of those who are erased.
}

// guests are all whose canaries are looked for.
func (p *party) guests() []*guest { return []*guest{&p.erased, &p.stays, &p.joins, &p.nobody} }

// canaries are everybody's.
func (p *party) canaries() []canary.Canary {
	all := slices.Clone(p.peers)
	for _, g := range p.guests() {
		all = append(all, g.canaries()...)
	}
	return all
}

func TestNoCanaryLeavesTheVaultAndNothingCanBeReadAfterErasure(t *testing.T) {
	c := ownConsortium(t, "organizations/membership.yaml", canaryRun, canaryPorts)
	p := &party{consortium: c, erased: newGuest("Ada"), stays: newGuest("Bea"), joins: newGuest("Cleo"), nobody: newGuest("Noa"), read: map[string]bool{}}
	p.nobody.secondAddress()
	p.records(t)
	p.posts(t)
	p.plant(t)
	p.comes(t, &p.erased)
	p.comes(t, &p.stays)
	ada, cleo := p.signsIn(t)
	p.answersSurvey(t, ada, cleo)
	consents := []myConsent{p.agreed(t, ada), p.agreed(t, cleo)}
	p.objects(t, ada)
	p.recognised(t, ada)
	p.shares(t)
	p.shops(t)
	p.misbehaves(t)
	p.mistakes(t, cleo)
	p.mistraces(t)
	copies := p.copies(t)

	metrics := p.metrics(t)
	p.run(t, "tallynet", "stop")
	p.scan(t, metrics)
	p.requireCopies(t, copies, 2) // The owner's peer and the grantee's.
	p.requireNoCache(t, copies)
	p.keepsSealed(t)
	if read := p.decrypts(t); !read[p.erased.phone] || !read[p.stays.phone] || !read[p.joins.name] || !read["Changed: "+p.erased.story()] {
		t.Fatal("with the keys that there are before the erasure nothing could be decrypted: the attempt proves nothing")
	}
	p.run(t, "tallynet", "start")
	for _, member := range []string{"airline", "hotel", "grocer"} {
		p.awaitReady(t, member)
	}
	backup := p.backsUp(t)
	p.erasesHerself(t, ada)
	p.erase(t, cleo)
	p.requireWithdrawn(t, consents)
	p.restores(t, backup)
	metrics = p.metrics(t)
	p.run(t, "tallynet", "stop")
	p.scan(t, metrics)
	p.requireCopies(t, copies, 0)
	p.requireUnsealed(t)
	read := p.decrypts(t)
	for _, one := range append(p.erased.canaries(), p.joins.canaries()...) {
		if slices.ContainsFunc(slices.Collect(maps.Keys(read)), func(text string) bool { return strings.Contains(text, one.Value) }) {
			t.Errorf("after the erasure the %s could still be decrypted", one.Label)
		}
	}
	if !read[p.stays.phone] {
		t.Error("the other customer's data can't be read either")
	}
}

// plant puts texts into public and private state where they may stand: the scan must find these.
func (p *party) plant(t *testing.T) {
	public, private := secret("a text in public state", unique("planted-public-text")), secret("a text in private details", unique("planted-store"))
	p.planted = []canary.Canary{public, private}
	p.request = strings.Join([]string{randomHex(4), randomHex(2), randomHex(2), randomHex(2), randomHex(6)}, "-")
	p.shows(p.call(t, "airline", request{method: "GET", path: "/v1/programmes/airline", key: p.key(t, "airline", "read"), header: map[string]string{"X-Request-Id": p.request}}))
	words := map[string]string{"en": "Everything about " + public.Value}
	attribute := func(name string, most int) privacy.AttributeSchema {
		return privacy.AttributeSchema{Name: name, Kind: privacy.KindText, MaxBytes: most, Words: words}
	}
	operator := p.programme(t, "airline", membership.OperatorRole, "airline")
	day := must[quantity.Day](t)(quantity.ParseDay(p.businessDate(t, "airline")))
	there := must[privacy.Policies](t)(operator.DataPolicies(t.Context()))
	if _, err := operator.PublishDataPolicy(t.Context(), privacy.Policy{
		V: 1, Version: len(there.Versions) + 1, From: day, Prose: words, Purposes: []privacy.Purpose{{Code: "service", Words: words}, {Code: "offers", Words: words}, {Code: "stay", Words: words}},
		Attributes: []privacy.AttributeSchema{
			attribute("name", 200), attribute("phone", 200), attribute("email", 320), attribute("custom.diet", 200), attribute("custom.story", 1000),
		},
	}); err != nil {
		t.Fatal(err)
	}
}

// customers calls a route of the airline's for customers' data; a refusal is kept for the scan.
func (p *party) customers(t *testing.T, method, path string, body any) answer {
	t.Helper()
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	if !strings.HasSuffix(path, "/access-log") {
		path += mark + "purpose=service"
	}
	return p.keep(p.call(t, "airline", request{method: method, path: "/v1/customers" + path, key: p.key(t, "airline", "customers"), idempotency: unique("c"), body: body}))
}

func (p *party) keep(a answer) answer {
	if a.status >= http.StatusBadRequest {
		p.answers = append(p.answers, a)
	}
	return a
}

// comes brings a guest through everything that the vault does.
func (p *party) comes(t *testing.T, g *guest) {
	t.Helper()
	attributes := func(pairs ...string) fields {
		var all []fields
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, fields{"name": pairs[i], "value": pairs[i+1]})
		}
		return fields{"attributes": all}
	}
	created := func(a answer) string {
		if a.status != http.StatusCreated {
			t.Fatalf("%d: %s", a.status, a.body)
		}
		return decode[client.CustomerFound](t, a.body).Id
	}
	first := strings.Replace(g.email, "@", ".first@", 1)
	all := attributes("name", g.name, "phone", g.phone, "email", first, "card", g.card, "birthday", g.birthday, "custom.diet", "no "+g.name)
	var a answer
	untilDone(t, "the vault knows the data policy's attribute", func() error {
		if a = p.customers(t, "POST", "", all); a.status == http.StatusUnprocessableEntity {
			return a.unexpected()
		}
		return nil
	})
	g.id = created(a)
	change := fields{"set": []fields{{"name": "email", "value": g.email}}}
	if a = p.customers(t, "PATCH", "/"+g.id, change); a.status != http.StatusNoContent {
		t.Fatalf("%d: %s", a.status, a.body)
	}
	other := newGuest("Twin")
	gone := created(p.customers(t, "POST", "", attributes("phone", other.phone, "external", other.name)))
	if a = p.customers(t, "POST", "/"+g.id+"/merge", fields{"gone": gone}); a.status != http.StatusNoContent {
		t.Fatalf("%d: %s", a.status, a.body)
	}
	g.extra = append(other.canaries()[:2:2], canary.Canary{Kind: canary.Email, Label: "replaced e-mail", Value: first})
	for kind, value := range map[string]string{"phone": g.phone, "email": g.email, "card": g.card} {
		if found := ok[client.CustomerFound](t, p.customers(t, "POST", "/find", fields{"kind": kind, "value": value})); found.Id != g.id {
			t.Fatalf("found %s by %s", found.Id, kind)
		}
	}
	if a = p.customers(t, "GET", "/"+g.id, nil); !bytes.Contains(a.body, []byte(g.birthday)) {
		t.Fatalf("the vault gives %s", a.body)
	}
	ok[answerOnly](t, p.customers(t, "GET", "/"+g.id+"/export", nil))
	ok[answerOnly](t, p.customers(t, "GET", "/"+g.id+"/access-log", nil))
	g.account = ok[client.CustomerAccount](t, p.customers(t, "POST", "/"+g.id+"/accounts", fields{})).Account
}

// shares gives the hotel copies of the guests' entries, as consents do, signed by a wallet; nobody will purge those of the one who is erased.
func (p *party) shares(t *testing.T) {
	t.Helper()
	own := p.programme(t, "airline", membership.GatewayRole, "airline")
	versions := must[privacy.Policies](t)(own.DataPolicies(t.Context())).Versions
	signed := p.walletHolder(t).agrees(t, versions[len(versions)-1])
	record(t, own, &signed.Body)
	var entries []privacy.Put
	for key, value := range p.entriesInVault(t, own) {
		entries = append(entries, privacy.Put{Key: key, Value: value})
	}
	if len(entries) < 4 {
		t.Fatalf("only %d entries are in the vault", len(entries))
	}
	if err := own.Share(t.Context(), sharing(signed, entries[:2]...)); err != nil {
		t.Fatal(err)
	}
	hotel := p.programme(t, "hotel", membership.GatewayRole, "airline")
	untilDone(t, "the hotel's peer has two copies", func() error {
		shared, err := hotel.Shared(t.Context(), "hotel", signed.Body.ID)
		if err == nil && len(shared.Values) != 2 {
			err = fmt.Errorf("it has %d", len(shared.Values))
		}
		return err
	})
}

// shops does what tills do, with references in all their forms.
func (p *party) shops(t *testing.T) {
	t.Helper()
	till := p.key(t, "airline", "till")
	for _, g := range []*guest{&p.erased, &p.stays} {
		for _, reference := range []string{g.phone, strings.ReplaceAll(g.card, "4929", "4929 "), g.email} {
			p.keep(p.call(t, "airline", request{method: "POST", path: "/v1/accounts/lookup", key: till, body: fields{"reference": reference}}))
		}
		earn := p.purchase(t, "airline", g.account, 500_00).with(fields{"store": p.planted[1].Value})
		p.operation = ok[operation](t, p.submit(t, "airline", earn)).ID
		ok[operation](t, p.submit(t, "airline", p.purchase(t, "airline", "", 300_00).with(fields{"account": nil, "reference": g.phone})))
		ok[operation](t, p.submit(t, "airline", redemption(g.account, 3).with(fields{"authentication": fields{"method": "otp", "challenge": "born " + g.birthday}})))
		p.keep(p.call(t, "airline", request{
			method: "POST", path: "/v1/operations", key: till, idempotency: strings.ReplaceAll(g.email, "@", "/"), body: p.purchase(t, "airline", g.account, 100_00),
		}))
		for _, partner := range []string{"hotel", "grocer"} { // Tills of others ask for a customer of the airline's.
			p.keep(p.call(t, partner, request{
				method: "POST", path: "/v1/challenges", key: p.key(t, partner, "till"),
				body: fields{"programme": "airline", "kind": "phone", "value": g.phone, "store": "main-street", "terminal": "till-1", "purpose": "earn"},
			}))
			p.keep(p.call(t, partner, request{method: "POST", path: "/v1/identifications", key: p.key(t, partner, "till"), body: fields{"programme": "airline", "code": g.card}}))
		}
	}
}

// misbehaves sends personal data where they don't belong.
func (p *party) misbehaves(t *testing.T) {
	t.Helper()
	for _, one := range append(p.erased.canaries(), p.stays.canaries()...) {
		text := one.Value
		escaped := strings.NewReplacer(" ", "%20", "+", "%2B", "@", "%40").Replace(text)
		for _, r := range []request{
			{method: "POST", path: "/v1/operations", idempotency: unique("x"), body: []byte(`{"` + text + `":1}`)},
			{method: "POST", path: "/v1/operations", idempotency: unique("x"), body: []byte(`{"kind":"earn","account":"` + text + `"`)},
			{method: "POST", path: "/v1/operations", idempotency: unique("x"), body: fields{"kind": text, "account": text, "currency": text, "amountMinor": text}},
			{method: "POST", path: "/v1/accounts/lookup", body: fields{"reference": text, text: text}},
			{method: "GET", path: "/v1/accounts/" + escaped},
			{method: "GET", path: "/v1/customers/" + escaped + "?purpose=" + escaped},
			{method: "POST", path: "/v1/customers", idempotency: unique("x"), body: fields{"attributes": []fields{{"name": text, "value": text}}}},
			{method: "POST", path: "/v1/customers?purpose=service", idempotency: unique("x"), body: fields{
				"attributes": []fields{{"name": "phone", "value": "x" + text}, {"name": "birthday", "value": text + "?"}},
			}},
			{method: "POST", path: "/v1/customers/find?purpose=service", body: fields{"kind": text, "value": text}},
			{method: "DELETE", path: "/" + escaped},
		} {
			for _, member := range []string{"airline", "hotel"} {
				for _, scope := range []string{"customers", "till"} {
					r.key = p.key(t, member, scope)
					p.keep(p.call(t, member, r))
				}
			}
			r.key = text
			p.keep(p.call(t, "airline", r))
		}
		gateway := p.user(t, "airline", "gateway")
		for _, args := range [][]string{{"GetAccount", `{"account":"` + text + `"}`}, {text}, {"ChangeVault", text}, {"RecordConsent", `{"id":"` + text + `"}`}} {
			response, err := gateway.endorse(t, gateway.propose(t, "points-airline", nil, args...), "peer0.airline")
			if err != nil {
				t.Fatal(err)
			}
			p.answers = append(p.answers, answer{body: []byte(response.GetResponse().GetMessage())})
		}
	}
	if len(p.answers) < 100 {
		t.Fatalf("only %d requests were refused", len(p.answers))
	}
}

//go:build network

package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
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

// guest is a person whose data are canaries.
type guest struct {
	label    string
	id       string
	account  string
	name     string
	phone    string
	email    string
	card     string
	birthday string
	extra    []canary.Canary // Values that were replaced, or came with a merger.
}

// unique draws a guest. Numbers are of ranges that are reserved for tests; each card passes Luhn's check.
func newGuest(label string) guest {
	n := 1000 + rand.IntN(9000)
	return guest{
		label: label, name: fmt.Sprintf("Zoë%s Ångström-Quillfeather%d", label, n),
		phone: fmt.Sprintf("+4477009%05d", rand.IntN(100_000)), email: fmt.Sprintf("%s.quillfeather.%d%d@canary.example", strings.ToLower(label), n, rand.IntN(1_000_000)),
		card: luhnCard(), birthday: fmt.Sprintf("19%02d-%02d-%02d", 41+rand.IntN(50), 1+rand.IntN(12), 1+rand.IntN(28)),
	}
}

func luhnCard() string {
	digits := fmt.Sprintf("4929%04d%04d%03d", rand.IntN(10_000), rand.IntN(10_000), rand.IntN(1000))
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}

func (g *guest) canaries() []canary.Canary {
	all := append([]canary.Canary{
		{Kind: canary.Name, Label: "name", Value: g.name}, {Kind: canary.Phone, Label: "phone", Value: g.phone}, {Kind: canary.Email, Label: "e-mail", Value: g.email},
		{Kind: canary.Card, Label: "card", Value: g.card}, {Kind: canary.Birthday, Label: "birthday", Value: g.birthday},
	}, g.extra...)
	for i := range all {
		all[i].Label = g.label + "'s " + all[i].Label
	}
	return all
}

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
	copies := p.copies(t)

	metrics := p.metrics(t)
	p.run(t, "tallynet", "stop")
	p.scan(t, metrics)
	p.requireCopies(t, copies, 2) // The owner's peer and the grantee's.
	p.keepsSealed(t)
	if read := p.decrypts(t); !read[p.erased.phone] || !read[p.stays.phone] || !read[p.joins.name] || !read["Changed: "+p.erased.story()] {
		t.Fatal("with the keys that there are before the erasure nothing could be decrypted: the attempt proves nothing")
	}
	p.run(t, "tallynet", "start")
	for _, member := range []string{"airline", "hotel", "grocer"} {
		p.awaitReady(t, member)
	}
	p.erasesHerself(t, ada)
	p.erase(t, cleo)
	p.requireWithdrawn(t, consents)
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
		V: 1, Version: len(there.Versions) + 1, From: day, Prose: words, Purposes: []privacy.Purpose{{Code: "offers", Words: words}, {Code: "stay", Words: words}},
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
	until(t, "the vault knows the data policy's attribute", func() bool {
		a = p.customers(t, "POST", "", all)
		return a.status != http.StatusUnprocessableEntity
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
	shared := must[privacy.Shared](t)(p.programme(t, "hotel", membership.GatewayRole, "airline").Shared(t.Context(), "hotel", signed.Body.ID))
	if len(shared.Values) != 2 {
		t.Fatalf("the hotel has %d copies", len(shared.Values))
	}
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
			{method: "POST", path: "/v1/customers?purpose=service", idempotency: unique("x"), body: fields{"attributes": []fields{{"name": "phone", "value": "x" + text}, {"name": "birthday", "value": text + "?"}}}},
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

// metrics fetches what every node tells its operators.
func (p *party) metrics(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, member := range p.members.Members {
		for _, path := range []string{"/metrics", "/readyz"} {
			all[member.Name+path] = p.call(t, member.Name, request{method: "GET", path: path, key: p.key(t, member.Name, "read")}).body
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(must[[]byte](t)(os.ReadFile(p.dir.CACertificate(member.Name))))
		own := p.dir.Identity(member.Name, membership.PeerNode(member.Name, 0))
		pair := must[tls.Certificate](t)(tls.LoadX509KeyPair(own.TLSCertificate(), own.TLSKey()))
		trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}}}
		ports := map[string]int{}
		for i := range member.Peers {
			ports[membership.PeerNode(member.Name, i)] = p.members.PeerPorts(member.Name, i).Operations
		}
		for i := range member.Orderers {
			ports[membership.OrdererNode(member.Name, i)] = p.members.OrdererPorts(member.Name, i).Operations
		}
		for node, port := range ports {
			response, err := trusting.Get("https://" + membership.Address(port) + "/metrics")
			if err != nil {
				t.Fatalf("%s's metrics: %v", node, err)
			}
			all[node] = must[[]byte](t)(io.ReadAll(response.Body))
			if err := response.Body.Close(); err != nil || !bytes.Contains(all[node], []byte("# HELP")) {
				t.Fatalf("%s's metrics: %.200s, %v", node, all[node], err)
			}
		}
	}
	return all
}

// scan looks through everything that the stopped consortium left on disk, what was answered to whoever may learn nothing, and metrics.
func (p *party) scan(t *testing.T, metrics map[string][]byte) {
	t.Helper()
	controls := append(slices.Clone(p.planted), secret("an operation's id", p.operation), secret("a request's id", p.request))
	scanner := must[*canary.Scanner](t)(canary.NewScanner(slices.Concat(p.canaries(), controls)...))
	for i, a := range p.answers {
		scanner.Bytes(fmt.Sprintf("answer %d", i), a.body)
		for name, values := range a.header {
			scanner.Bytes(fmt.Sprintf("answer %d header %s", i, name), []byte(strings.Join(values, "\n")))
		}
	}
	for name, text := range metrics {
		scanner.Bytes(name, text)
	}
	scanner.Tree(p.dir.Root, nil)
	report := scanner.Report()
	for _, err := range report.Faults {
		t.Error(err)
	}
	t.Logf("%d bytes were looked at; opened: %v; %d answers", report.Size, report.Opened, len(p.answers))
	p.requireControls(t, report)
	p.requireMail(t)
	sent := 0
	for _, f := range report.Findings {
		switch {
		case slices.ContainsFunc(controls, func(c canary.Canary) bool { return c.Label == f.Canary }):
		case strings.HasPrefix(f.Where, p.messages()): // In place of a provider of text messages.
			sent++
		default:
			t.Error(f)
		}
	}
	if sent == 0 {
		t.Error("no phone number is found in the text messages: the scan is broken")
	}
}

// requireMail: the scanner finds addresses in e-mails as they went through the mail server, which is where they may be.
func (p *party) requireMail(t *testing.T) {
	t.Helper()
	scanner := must[*canary.Scanner](t)(canary.NewScanner(slices.Concat(p.erased.canaries(), p.joins.canaries())...))
	scanner.Bytes("e-mails", p.mail.everything())
	report := scanner.Report()
	if found := report.Of(canary.Bytes); !slices.Equal(found, []string{"Ada's e-mail", "Cleo's e-mail"}) {
		t.Errorf("in e-mails there are %q", found)
	}
}

// requireControls: what may stand in a store was found there, and nowhere else.
func (p *party) requireControls(t *testing.T, report *canary.Report) {
	t.Helper()
	public, private := p.planted[0].Label, p.planted[1].Label
	for store, want := range map[canary.Store][]string{
		canary.Blocks: {public, "an operation's id"}, canary.RaftLog: {public}, canary.LevelDB: {public, private}, canary.SQLite: {private, "an operation's id"},
		canary.Bytes: {"a request's id"}, canary.File: {"a request's id"},
	} {
		for _, label := range want {
			if found := report.Of(store); !slices.Contains(found, label) {
				t.Errorf("%s isn't found in any %s (found: %q): the scan is broken", label, store, found)
			}
		}
	}
	for _, f := range report.Findings {
		for _, outsider := range []string{"orderer", p.dir.Gateway("hotel"), p.dir.Gateway("grocer"), p.dir.Logs()} {
			if f.Canary == private && strings.Contains(f.Where, outsider) {
				t.Errorf("a text of the airline's private details is found outside: %s", f)
			}
		}
	}
}

// erase has a guest erased at the compliance desk.
func (p *party) erase(t *testing.T, v *visitor) {
	t.Helper()
	key, path := p.key(t, "airline", "compliance"), "/v1/customers/"+v.g.id+"/erasure"
	view := ok[client.ErasureView](t, p.call(t, "airline", request{method: "GET", path: path, key: key}))
	p.certified(t, v, view.Plan, p.call(t, "airline", request{method: "POST", path: path, key: key, body: fields{"forfeit": view.Plan.Forfeit}}))
}

// erasesHerself is a guest who has everything erased in the wallet.
func (p *party) erasesHerself(t *testing.T, v *visitor) {
	t.Helper()
	v.proves()
	view := ok[client.ErasureView](t, v.call("GET", "/v1/me/erasure", nil))
	v.refused(fault.ForfeitMismatch, "POST", "/v1/me/erasure", fields{"forfeit": view.Plan.Forfeit + 1})
	p.certified(t, v, view.Plan, v.call("POST", "/v1/me/erasure", fields{"forfeit": view.Plan.Forfeit}))
	if a := v.call("GET", "/v1/me/profile", nil); a.status != http.StatusUnauthorized {
		t.Errorf("after the erasure the session still gives %d %s", a.status, a.body)
	}
}

// certified waits until an erasure is done, and verifies its certificate with the command.
func (p *party) certified(t *testing.T, v *visitor, plan client.ErasurePlan, asked answer) {
	t.Helper()
	if plan.Forfeit == 0 || len(plan.Rules) == 0 {
		t.Fatalf("planned %+v", plan)
	}
	if asked.status != http.StatusAccepted {
		t.Fatalf("%d: %s", asked.status, asked.body)
	}
	id := decode[client.Erasure](t, asked.body).Id
	var done answer
	until(t, "the erasure is done", func() bool {
		done = p.call(t, "airline", request{method: "GET", path: "/v1/erasures/" + id})
		return ok[client.CertifiedErasure](t, done).Proof != nil
	})
	p.shows(done)
	certified := ok[client.CertifiedErasure](t, done)
	p.level(t)
	recorded := must[privacy.Erasures](t)(p.programme(t, "hotel", membership.GatewayRole, "airline").Erasures(t.Context(), certified.Proof.Erasures))
	file := filepath.Join(t.TempDir(), "certificate.json")
	if err := os.WriteFile(file, done.body, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", p.run(t, "tally-audit", "certificate", file, "--root", recorded.Root))
	if outcome := certified.Certificate.Accounts[0]; outcome.Outcome != "closed" || int64(outcome.Forfeited) != plan.Forfeit {
		t.Errorf("the account is %+v", outcome)
	}
	if certified.Certificate.Values != plan.Values || certified.Certificate.Consents != 1 {
		t.Errorf("%d values and %d consents were erased, %d values planned", certified.Certificate.Values, certified.Certificate.Consents, plan.Values)
	}
	for _, one := range []answer{
		p.customers(t, "GET", "/"+v.g.id, nil), p.customers(t, "POST", "/find", fields{"kind": "phone", "value": v.g.phone}),
		p.customers(t, "GET", "/"+v.g.id+"/access-log", nil),
	} {
		if one.status != http.StatusNotFound {
			t.Errorf("after the erasure: %d %s", one.status, one.body)
		}
	}
	if a := p.customers(t, "GET", "/"+p.stays.id, nil); !bytes.Contains(a.body, []byte(p.stays.phone)) {
		t.Errorf("the other customer: %s", a.body)
	}
}

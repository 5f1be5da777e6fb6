package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/consent"
	"github.com/tallystick/tallystick/gateway/people/lookup"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
	"github.com/tallystick/tallystick/gateway/store"
)

const canaryPhone = "+4930123456789"

// post is who brings messages to customers.
type post struct{ sent chan lookup.Message }

func (p *post) Challenge(_ context.Context, _ string, _ lookup.Question, m lookup.Message) error {
	p.sent <- m
	return nil
}

// crossed is a border with a customer at the airline, whose gateway answers the hotel's tills with a real desk over a real vault.
type crossed struct {
	*border
	*post
	vault  *vaulttest.Vault
	person vault.PersonID
	desk   *lookup.Desk
}

func newCrossed(t *testing.T) *crossed {
	t.Helper()
	c := &crossed{border: newBorder(t), post: &post{sent: make(chan lookup.Message, 100)}, vault: vaulttest.New(t)}
	var err error
	c.person, err = c.vault.Create(t.Context(), []vault.Attribute{{Name: "phone", Value: canaryPhone}}, vault.Access{Actor: "person", Purpose: "registration"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.vault.Link(t.Context(), c.person, "airline", account); err != nil {
		t.Fatal(err)
	}
	c.desk = lookup.New(lookup.Settings{
		Programme: "airline", DB: c.vault.DB, People: lookup.OverVault(c.vault.Vault, "airline", ""), Messenger: c.post, Keyed: hexOf, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = c.desk.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	c.airline.server.people.Desk = c.desk
	client := c.client(t, "hotel", c.authorities["hotel"].issue(gatewayName, time.Hour))
	c.hotel.server.people.Elsewhere = map[string]PartnerGateway{"airline": client}
	return c
}

func (c *crossed) ask(path string, f fields) *httptest.ResponseRecorder {
	c.hotel.t.Helper()
	return c.hotel.do(call{"POST", path, ScopeTill, f.String(), nil})
}

func atTill(more fields) fields {
	return fields{"store": "main-street", "terminal": "till-1"}.with(more)
}

func (c *crossed) challenge(phone string) *httptest.ResponseRecorder {
	return c.ask("/v1/challenges", atTill(fields{"programme": "airline", "kind": "phone", "value": phone}))
}

func TestATillKnowsAnotherBrandsCustomerByTheWalletsCode(t *testing.T) {
	c := newCrossed(t)
	code, _, err := c.desk.Code(t.Context(), string(c.person))
	if err != nil {
		t.Fatal(err)
	}
	request := atTill(fields{"code": code})
	got := into[Identification](t, c.ask("/v1/identifications", request), http.StatusOK)
	if got != (Identification{Programme: "airline", Account: account}) {
		t.Errorf("%+v", got)
	}
	c.hotel.problem(c.ask("/v1/identifications", request), fault.CodeUnknown)
	c.hotel.problem(c.ask("/v1/identifications", atTill(fields{"code": "TALLYID1:"})), fault.InvalidValue)
	c.hotel.problem(c.ask("/v1/identifications", atTill(fields{"code": strings.Replace(code, "AIRLINE", "BANK", 1)})), fault.InvalidValue)
	log, err := c.vault.AccessLog(t.Context(), c.person, 0, 10)
	if err != nil || log[0].Actor != "partner/hotel" || log[0].Purpose != "identification" {
		t.Errorf("%+v (%v)", log, err)
	}
	c.down.Store(true)
	c.hotel.problem(c.ask("/v1/identifications", request), fault.IssuerUnavailable)
}

func TestTheBrandsOwnTillAsksTheSameWay(t *testing.T) {
	c := newCrossed(t)
	code, _, err := c.desk.Code(t.Context(), string(c.person))
	if err != nil {
		t.Fatal(err)
	}
	got := into[Identification](t, c.airline.do(call{"POST", "/v1/identifications", ScopeTill, atTill(fields{"code": code}).String(), nil}), http.StatusOK)
	if got.Account != account {
		t.Errorf("%+v", got)
	}
}

func TestATillKnowsAnotherBrandsCustomerByAnAnswer(t *testing.T) {
	c := newCrossed(t)
	asked := into[Challenge](t, c.challenge(canaryPhone), http.StatusOK)
	path := "/v1/challenges/" + asked.Id + "/answers"
	waiting := into[ChallengeResult](t, c.ask(path, atTill(fields{"programme": "airline"})), http.StatusOK)
	if waiting.Status != string(lookup.Waiting) || waiting.Account != nil {
		t.Errorf("%+v", waiting)
	}
	message := <-c.sent
	if message.Partner != "hotel" || message.Name == "" || message.Store != "main-street" {
		t.Errorf("the message says %+v", message)
	}
	got := into[ChallengeResult](t, c.ask(path, atTill(fields{"programme": "airline", "code": message.Code})), http.StatusOK)
	if got.Status != string(lookup.Confirmed) || got.Account == nil || *got.Account != account {
		t.Errorf("%+v", got)
	}
	after := into[ChallengeResult](t, c.ask(path, atTill(fields{"programme": "airline"})), http.StatusOK)
	if after.Status != string(lookup.Over) || after.Account != nil {
		t.Errorf("told twice: %+v", after)
	}
	for name, log := range map[string]string{"hotel": c.hotel.log.String(), "airline": c.airline.log.String()} {
		for _, secret := range []string{canaryPhone, canaryPhone[1:], message.Code} {
			if strings.Contains(log, secret) {
				t.Errorf("the %s's log holds %s", name, secret)
			}
		}
	}
}

// varying is what differs between any two answers: random ids, and times.
var varying = regexp.MustCompile(`[0-9a-f]{32}|\d{4}-\d\d-\d\dT[0-9:]+(\.\d+)?Z`)

// Everything that a till gets, headers and all, is the same of somebody as of nobody, through both gateways.
func TestTillsCantTellWhoIsACustomer(t *testing.T) {
	c := newCrossed(t)
	conversation := func(phone, till string) (out []string) {
		at := func(more fields) fields { return atTill(more).with(fields{"terminal": till}) }
		see := func(w *httptest.ResponseRecorder) {
			h := w.Header().Clone()
			h.Del("X-Request-Id")
			out = append(out, fmt.Sprintln(w.Code, h, varying.ReplaceAllString(w.Body.String(), "...")))
		}
		challenge := func() *httptest.ResponseRecorder {
			return c.ask("/v1/challenges", at(fields{"programme": "airline", "kind": "phone", "value": phone}))
		}
		w := challenge()
		see(w)
		asked := into[Challenge](t, w, http.StatusOK)
		path := "/v1/challenges/" + asked.Id + "/answers"
		for range 7 {
			see(c.ask(path, at(fields{"programme": "airline"})))
			see(c.ask(path, at(fields{"programme": "airline", "code": "000000"})))
		}
		see(challenge())
		see(challenge())
		see(challenge())
		return out
	}
	somebody, nobody := conversation(canaryPhone, "till-1"), conversation("+4930987654321", "till-2")
	for i := range somebody {
		if somebody[i] != nobody[i] {
			t.Errorf("step %d:\n%s%s", i, somebody[i], nobody[i])
		}
	}
	if !strings.Contains(somebody[len(somebody)-1], "ATTEMPTS_LIMITED") {
		t.Errorf("the fourth challenge of one number: %s", somebody[len(somebody)-1])
	}
}

func TestAnIdentifierWithoutFormIsRefusedWithoutBeingRepeated(t *testing.T) {
	c := newCrossed(t)
	for _, value := range []string{"030123456789", "x@y", "+49"} {
		if w := c.challenge(value); w.Code != http.StatusUnprocessableEntity || strings.Contains(w.Body.String(), value) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

// grants is an owner's consents: what was asked of it, and what it answers.
type grants struct {
	Consents
	grantee string
	asked   consent.Question
	err     error
}

func (g *grants) Disclose(_ context.Context, grantee string, q consent.Question) ([]consent.Secret, error) {
	g.grantee, g.asked = grantee, q
	if g.err != nil {
		return nil, g.err
	}
	return []consent.Secret{{Key: q.Keys[0], Secret: []byte("secret of one entry")}}, nil
}

func TestSecretsAreHandedToTheMemberWhoseCertificateItIs(t *testing.T) {
	b := newBorder(t)
	g := &grants{}
	b.airline.server.people.Consents = g
	request := fields{"consent": hexOf("consent"), "purpose": "stay", "entries": []string{hexOf("entry")}}.String()
	client := b.client(t, "hotel", b.authorities["hotel"].issue(gatewayName, time.Hour))
	answer, err := client.Ask(t.Context(), "/v1/partner/secrets", []byte(request))
	if err != nil || !strings.Contains(string(answer), `"entry":"`+hexOf("entry")+`"`) {
		t.Errorf("%s (%v)", answer, err)
	}
	if g.grantee != "hotel" || string(g.asked.Consent) != hexOf("consent") || g.asked.Purpose != "stay" || string(g.asked.Keys[0]) != hexOf("entry") {
		t.Errorf("%s asks for %+v", g.grantee, g.asked)
	}
	g.err = fault.New(fault.ConsentNotInForce, "no")
	if _, err := client.Ask(t.Context(), "/v1/partner/secrets", []byte(request)); fault.CodeOf(err) != fault.ConsentNotInForce {
		t.Errorf("got %v", err)
	}
	if w := b.airline.do(call{"POST", "/v1/partner/secrets", ScopeCustomers, request, nil}); w.Code != http.StatusForbidden {
		t.Errorf("a key gets %d %s", w.Code, w.Body)
	}
}

// shelf is what others share with the brand.
type shelf struct {
	wanted consent.Wanted
	err    error
}

func (s *shelf) Read(_ context.Context, w consent.Wanted) ([]consent.Value, error) {
	s.wanted = w
	return []consent.Value{{Attribute: "name", Value: "Alice Canary"}}, s.err
}

func TestAMembersSystemReadsWhatIsShared(t *testing.T) {
	b := newBench(t)
	s := &shelf{}
	b.server.people.Shared = s
	read := call{"POST", "/v1/shared/" + hexOf("consent"), ScopeCustomers, fields{"owner": "hotel", "purpose": "stay", "attributes": []string{"name"}}.String(), nil}
	got := into[SharedValues](t, b.do(read), http.StatusOK)
	if len(got.Values) != 1 || got.Values[0].Value != "Alice Canary" || s.wanted.Owner != "hotel" || s.wanted.Purpose != "stay" || s.wanted.Attributes[0] != "name" {
		t.Errorf("%+v of %+v", got, s.wanted)
	}
	s.err = fault.New(fault.ConsentNotInForce, "withdrawn")
	b.problem(b.do(read), fault.ConsentNotInForce)
	read.key = ScopeTill
	b.problem(b.do(read), fault.Forbidden)
	if strings.Contains(b.log.String(), "Canary") {
		t.Error("the log holds a value")
	}
}

func TestConsentsToTheBrandAreListed(t *testing.T) {
	b := newBench(t)
	now := time.Now().Unix()
	keep := func(name, grantee string, from, until int64, status privacy.Status) {
		b.keep("airline", engine.ObjectConsent, hexOf(name), privacy.Consent{
			V: 1, ID: privacy.ConsentID(hexOf(name)), Hash: hash, Grantee: grantee, From: from, Until: until, Policy: 1, Status: status, At: from,
		})
	}
	keep("mine", "airline", now-10, now+1000, privacy.StatusGranted)
	keep("another's", "grocer", now-10, now+1000, privacy.StatusGranted)
	keep("withdrawn", "airline", now-10, now+1000, privacy.StatusWithdrawn)
	keep("over", "airline", now-10, now-1, privacy.StatusGranted)
	list := into[SharedConsentList](t, b.do(call{"GET", "/v1/shared?owner=airline", ScopeCustomers, "", nil}), http.StatusOK)
	if len(list.Consents) != 1 || list.Consents[0].Consent != hexOf("mine") || list.Next != nil {
		t.Errorf("%+v", list)
	}
}

// TestAListOfConsentsGoesOnWhereItEnded: each is on one page, however many of others' stand between.
func TestAListOfConsentsGoesOnWhereItEnded(t *testing.T) {
	b := newBench(t)
	now, mine := time.Now().Unix(), store.MaxPage+3
	for n := range 2 * mine {
		name := hexOf(fmt.Sprint("consent ", n))
		b.keep("airline", engine.ObjectConsent, name, privacy.Consent{
			V: 1, ID: privacy.ConsentID(name), Hash: hash, Grantee: []string{"airline", "grocer"}[n%2], From: now - 10, Until: now + 1000, Policy: 1, Status: privacy.StatusGranted, At: now - 10,
		})
	}
	seen := map[string]bool{}
	first := into[SharedConsentList](t, b.do(call{"GET", "/v1/shared?owner=airline", ScopeCustomers, "", nil}), http.StatusOK)
	if len(first.Consents) != store.MaxPage || first.Next == nil {
		t.Fatalf("the first page has %d, and goes on at %v", len(first.Consents), first.Next)
	}
	second := into[SharedConsentList](t, b.do(call{"GET", "/v1/shared?owner=airline&after=" + *first.Next, ScopeCustomers, "", nil}), http.StatusOK)
	for _, c := range slices.Concat(first.Consents, second.Consents) {
		seen[c.Consent] = true
	}
	if len(second.Consents) != 3 || second.Next != nil || len(seen) != mine {
		t.Errorf("the second page has %d of %d, and goes on at %v", len(second.Consents), len(seen), second.Next)
	}
}

func TestADataPolicyIsPublishedAndShownToAnybody(t *testing.T) {
	b := newBench(t)
	words := map[string]string{"en": "We keep what you tell us."}
	policy := privacy.Policy{
		V: 1, Version: 1, From: 19_000, Prose: words, Purposes: []privacy.Purpose{{Code: "stay", Words: words}},
		Attributes: []privacy.AttributeSchema{{Name: "name", Kind: privacy.KindText, MaxBytes: 200, Words: words}},
	}
	kept := into[points.Publication](t, b.do(b.asOperator("POST", "/v1/programmes/airline/data-policies", policy)), http.StatusOK)
	if kept.Hash != hashOf(policy) {
		t.Errorf("%+v", kept)
	}
	list := into[PublicationList](t, b.do(call{"GET", "/v1/programmes/airline/data-policies", "", "", nil}), http.StatusOK)
	if len(list.Publications) != 1 || list.InForce == nil || *list.InForce != 1 || list.Publications[0].Hash != kept.Hash {
		t.Errorf("%+v", list)
	}
	one := into[PublishedDataPolicy](t, b.do(call{"GET", "/v1/programmes/airline/data-policies/1", "", "", nil}), http.StatusOK)
	if one.Hash != kept.Hash || hashOf(one.Document) != kept.Hash {
		t.Errorf("%+v", one)
	}
	b.problem(b.do(call{"GET", "/v1/programmes/airline/data-policies/2", "", "", nil}), fault.NotFound)
	refused := b.asOperator("POST", "/v1/programmes/airline/data-policies", policy)
	refused.key = ScopeTill
	b.problem(b.do(refused), fault.Forbidden)
}

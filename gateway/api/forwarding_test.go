package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
)

func TestATillTakesAPartnersPointsThroughTheGatewayOfItsIssuer(t *testing.T) {
	b := newBorder(t)
	o := into[Operation](t, b.till("key-1", elsewhere(KindRedeem)), http.StatusOK)
	if o.Programme != "airline" || o.Partner == nil || *o.Partner != "hotel" || o.Status != DONE || o.Duplicate || len(b.hotel.intakes) != 0 {
		t.Errorf("%+v; %d recorded at the hotel", o, len(b.hotel.intakes))
	}
	in := b.airline.intakes[0]
	if in.Caller != "partner/hotel" || in.Details.Merchant != "hotel" || in.Operation.Partner != "hotel" || !in.Custody || in.IdempotencyKey == "key-1" || len(in.IdempotencyKey) != MaxKeyLength {
		t.Errorf("the airline recorded %+v", in)
	}
	b.airline.lawful()
	again := into[Operation](t, b.till("key-1", elsewhere(KindRedeem)), http.StatusOK)
	if again.Id != o.Id || !again.Duplicate {
		t.Errorf("sent again: %+v", again)
	}
	b.airline.hang = true
	pending := b.till("key-2", elsewhere(KindHold), "Prefer", "wait=0")
	if later := into[Operation](t, pending, http.StatusAccepted); later.Status != PENDING || pending.Header().Get("Location") != "/v1/operations/"+later.Id {
		t.Errorf("%+v", later)
	}
}

func TestEveryKindThatIsPassedOnIsTakenInAFormThatTheLedgerTakes(t *testing.T) {
	for _, kind := range passedOn {
		b := newBorder(t)
		into[Operation](t, b.till("key-1", elsewhere(kind)), http.StatusOK)
		if in := b.airline.intakes[0]; in.Operation.Kind != points.Kind(kind) || in.Operation.Partner != "hotel" {
			t.Errorf("%+v", in)
		}
		b.airline.lawful()
	}
}

func TestTheIssuersRefusalIsTheTills(t *testing.T) {
	b := newBorder(t)
	b.airline.refuse[points.KindRedeem] = fault.InsufficientPoints
	p := b.hotel.problem(b.till("key-1", elsewhere(KindRedeem)), fault.InsufficientPoints)
	if p.Operation == nil || p.Operation.Receipt == nil || p.Operation.Receipt.Programme != "airline" {
		t.Errorf("%+v", p)
	}
	b.hotel.committed = []points.Receipt{awardedByHotel().Receipt}
	p = b.hotel.problem(b.till("key-2", elsewhere(KindReturn, fields{"original": nil, "originalOperation": heldID})), fault.NotFound)
	if (*p.Errors)[0].Pointer != "/originalOperation" {
		t.Errorf("%+v", p.Errors)
	}
	bulk := fields{"operations": []fields{
		{"idempotencyKey": "a", "operation": requestsOf()[KindEarn]}, {"idempotencyKey": "b", "operation": elsewhere(KindReturn, fields{"original": nil, "originalOperation": heldID})},
		{"idempotencyKey": "c", "operation": elsewhere(KindVoid)}, {"idempotencyKey": "d", "operation": elsewhere(KindAward)},
	}}
	r := into[BulkResponse](t, b.hotel.do(call{"POST", "/v1/operations/bulk", ScopeTill, bulk.String(), nil}), http.StatusOK).Results
	if r[0].Status != http.StatusOK || r[1].Status != http.StatusNotFound || (*r[1].Problem.Errors)[0].Pointer != "/operations/1/operation/originalOperation" || r[2].Status != http.StatusOK || r[3].Status != http.StatusOK {
		t.Errorf("%+v", r)
	}
}

func TestACreditNeedsNobody(t *testing.T) {
	b := newBorder(t)
	b.down.Store(true)
	into[Operation](t, b.till("key-1", elsewhere(KindAward)), http.StatusOK)
	in := b.hotel.outbox.intakes[0]
	if in.Operation.Partner != "hotel" || in.Details.Merchant != "hotel" || in.Details.AmountMinor != 1234 || len(b.airline.intakes) != 0 {
		t.Errorf("%+v", in)
	}
	b.hotel.lawful()
}

func TestWithoutTheIssuerOnlyWhatItsCustomerSignedIsTaken(t *testing.T) {
	b := newBorder(t)
	b.down.Store(true)
	for _, kind := range passedOn {
		w := b.till("key-"+string(kind), elsewhere(kind))
		if b.hotel.problem(w, fault.IssuerUnavailable); w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: nobody says when to try again", kind)
		}
	}
	if len(b.hotel.outbox.intakes) != 0 {
		t.Fatalf("recorded %+v", b.hotel.outbox.intakes)
	}
	o := into[Operation](t, b.till("key-1", b.mandated(t, "m")), http.StatusOK)
	in := b.hotel.outbox.intakes[0]
	if o.Programme != "airline" || in.Custody || in.Operation.Authorisation == nil || in.Operation.Partner != "hotel" || in.Details.Merchant != "hotel" {
		t.Errorf("%+v", in)
	}
	b.down.Store(false)
	if again := into[Operation](t, b.till("key-1", b.mandated(t, "m")), http.StatusOK); again.Id != o.Id || !again.Duplicate || len(b.airline.intakes) != 0 {
		t.Errorf("what was recorded here went to the issuer as well: %+v", again)
	}
}

func TestAnAllowanceForThisMemberIsCapturedWithoutTheIssuer(t *testing.T) {
	for _, c := range []struct {
		name string
		hold points.Hold
		own  bool
	}{
		{"for the hotel", points.Hold{ID: points.OperationID(heldID), Purpose: points.PurposeAllowance, Partner: "hotel"}, true},
		{"for the grocer", points.Hold{ID: points.OperationID(heldID), Purpose: points.PurposeAllowance, Partner: "grocer"}, false},
		{"for the airline's own tills", points.Hold{ID: points.OperationID(heldID), Purpose: points.PurposeAllowance}, false},
		{"of another hold", points.Hold{ID: points.OperationID(unknownID), Purpose: points.PurposeAllowance, Partner: "hotel"}, false},
		{"no allowance", points.Hold{ID: points.OperationID(heldID), Partner: "hotel"}, false},
	} {
		b := newBorder(t)
		b.hotel.positions = map[points.AccountID]points.Account{account: {V: 1, ID: account, Status: points.StatusActive, Holds: []points.Hold{c.hold}}}
		into[Operation](t, b.till("key-1", elsewhere(KindCapture)), http.StatusOK)
		if own := len(b.hotel.outbox.intakes) == 1; own != c.own || own == (len(b.airline.intakes) == 1) {
			t.Errorf("%s: %d recorded here, %d at the issuer", c.name, len(b.hotel.outbox.intakes), len(b.airline.intakes))
		}
		b.hotel.positions[account] = points.Account{V: 1, ID: account, Status: points.StatusActive}
		into[Operation](t, b.till("key-1", elsewhere(KindCapture)), http.StatusOK)
		if c.own && len(b.airline.intakes) != 0 {
			t.Errorf("%s: sent again after the hold is gone, it went the other way", c.name)
		}
	}
}

func TestWhatEndsOrUndoesAnOperationGoesItsWay(t *testing.T) {
	b := newBorder(t)
	b.down.Store(true)
	held := into[Operation](t, b.till("key-1", b.mandated(t, "m").with(fields{"kind": "hold", "until": 2_000_000_000, "receiptNumber": nil})), http.StatusOK)
	redeemed := into[Operation](t, b.till("key-2", b.mandated(t, "n")), http.StatusOK)
	undone := redeemedAtHotel()
	undone.Receipt.Operation = points.OperationID(redeemed.Id)
	for key, request := range map[string]fields{
		"key-3": elsewhere(KindCapture, fields{"hold": held.Id}), "key-4": elsewhere(KindVoid, fields{"hold": held.Id, "authentication": agreed["authentication"]}),
		"key-5": elsewhere(KindReturn, fields{"original": undone}),
	} {
		into[Operation](t, b.till(key, request), http.StatusOK)
	}
	if len(b.hotel.outbox.intakes) != 5 || slices.ContainsFunc(b.hotel.outbox.intakes, func(in sequencer.Intake) bool { return in.Custody }) {
		t.Errorf("%+v", b.hotel.outbox.intakes)
	}
}

func TestTheVoidOfAHoldAtTheOwnTillNeedsNoIssuerWhoeverTookTheHold(t *testing.T) {
	b := newBorder(t)
	held := into[Operation](t, b.till("key-1", elsewhere(KindHold)), http.StatusOK)
	if len(b.airline.intakes) != 1 {
		t.Fatal("the hold didn't take the issuer's way")
	}
	b.down.Store(true)
	into[Operation](t, b.till("key-2", elsewhere(KindVoid, fields{"hold": held.Id})), http.StatusOK)
	if len(b.hotel.outbox.intakes) != 1 || len(b.airline.intakes) != 1 {
		t.Errorf("%d recorded here, %d at the issuer", len(b.hotel.outbox.intakes), len(b.airline.intakes))
	}
	b.hotel.lawful()
}

func TestALostAnswerIsNeverAnsweredByASecondDebit(t *testing.T) {
	b := newBorder(t)
	b.deaf.Store(true)
	request := b.mandated(t, "m")
	b.hotel.problem(b.till("key-1", request), fault.IssuerUnavailable)
	if len(b.airline.intakes) == 0 || len(b.hotel.outbox.intakes) != 1 {
		t.Fatalf("%d at the issuer, %d here", len(b.airline.intakes), len(b.hotel.outbox.intakes))
	}
	at := b.airline.committed[0]
	if at.Outcome != points.Accepted || b.hotel.committed[0].Code != fault.AuthReplayed {
		t.Fatalf("the ledger took %+v and %+v", at, b.hotel.committed[0])
	}
	b.deaf.Store(false)
	o := into[Operation](t, b.till("key-1", request), http.StatusOK)
	if o.Id != string(at.Operation) || !o.Duplicate || o.Receipt.Authorisation != hexOf("m") {
		t.Errorf("the till is told %+v", o)
	}
	b.down.Store(true)
	b.hotel.problem(b.till("key-1", request), fault.IssuerUnavailable)
}

func TestASignatureThatWasSpentOnAnotherReceiptIsNoDuplicate(t *testing.T) {
	b := newBorder(t)
	into[Operation](t, b.till("key-1", b.mandated(t, "m")), http.StatusOK)
	b.down.Store(true)
	other := b.mandated(t, "m", fields{"receiptNumber": "r-2"})
	b.hotel.problem(b.till("key-2", other), fault.IssuerUnavailable)
	b.down.Store(false)
	b.hotel.problem(b.till("key-2", other), fault.AuthReplayed)
}

func TestWhatTheLedgerTookFromHereStaysWhateverTheIssuerSays(t *testing.T) {
	b := newBorder(t)
	b.airline.hang = true
	b.deaf.Store(true)
	o := into[Operation](t, b.till("key-1", b.mandated(t, "m"), "Prefer", "wait=1"), http.StatusOK)
	b.deaf.Store(false)
	if again := into[Operation](t, b.till("key-1", b.mandated(t, "m")), http.StatusOK); again.Id != o.Id {
		t.Errorf("first %+v, then %+v", o, again)
	}
}

func TestARefusalThatTheIssuerMayContradictIsNotRead(t *testing.T) {
	b := newBorder(t)
	b.deaf.Store(true)
	b.hotel.problem(b.till("key-1", b.mandated(t, "m")), fault.IssuerUnavailable)
	mine := b.hotel.committed[0].Operation
	used := receipt(b.airline.committed[0].Operation, wallet)
	used.Authorisation = hexOf("m")
	for _, c := range []struct {
		name string
		last []store.Entry
		want int
	}{{"the signature served elsewhere", []store.Entry{{Receipt: used}}, http.StatusServiceUnavailable}, {"it didn't", nil, http.StatusOK}} {
		b.hotel.server.reader = withHistory{b.hotel.gateway, c.last}
		if w := b.hotel.get("/v1/operations/" + string(mine)); w.Code != c.want {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
}

// withHistory is a read model in which accounts have these entries, and operations are the airline's.
type withHistory struct {
	*gateway
	entries []store.Entry
}

func (h withHistory) History(context.Context, points.AccountID, *store.Cursor, int) ([]store.Entry, *store.Cursor, error) {
	return h.entries, nil, nil
}

func TestOnlyThePartnersOwnGatewayGetsThrough(t *testing.T) {
	b := newBorder(t)
	hotel, grocer := b.authorities["hotel"], b.authorities["grocer"]
	right := config.Partner{Member: "airline", Endpoint: b.endpoint, TLSRoot: b.authorities["airline"].root(), ServerName: gatewayName}
	with := func(change func(*config.Partner)) config.Partner {
		p := right
		change(&p)
		return p
	}
	stranger := newAuthority(t, "hotel")
	for name, c := range map[string]struct {
		to   config.Partner
		pair config.KeyPair
		code fault.Code
	}{
		"the hotel's gateway":                {right, hotel.issue(gatewayName, time.Hour), ""},
		"another authority of the same name": {right, stranger.issue(gatewayName, time.Hour), fault.IssuerUnavailable},
		"an auditor of the hotel's":          {right, hotel.issueAs("auditor", gatewayName, time.Hour), fault.IssuerUnavailable},
		"someone without a role":             {right, hotel.issueAs("", gatewayName, time.Hour), fault.IssuerUnavailable},
		"another certificate of the hotel's": {right, hotel.issue("peer0.hotel", time.Hour), fault.IssuerUnavailable},
		"one that has lapsed":                {right, hotel.issue(gatewayName, -time.Hour), fault.IssuerUnavailable},
		"the airline's own":                  {right, b.authorities["airline"].issue(gatewayName, time.Hour), fault.IssuerUnavailable},
		"none":                               {right, config.KeyPair{}, fault.IssuerUnavailable},
		"the grocer's":                       {right, grocer.issue(gatewayName, time.Hour), fault.Forbidden},
		"an issuer of another authority":     {with(func(p *config.Partner) { p.TLSRoot = hotel.root() }), hotel.issue(gatewayName, time.Hour), fault.IssuerUnavailable},
		"an issuer of another name":          {with(func(p *config.Partner) { p.ServerName = "peer0" }), hotel.issue(gatewayName, time.Hour), fault.IssuerUnavailable},
		"nobody at the port":                 {with(func(p *config.Partner) { p.Endpoint = closedPort(t) }), hotel.issue(gatewayName, time.Hour), fault.IssuerUnavailable},
	} {
		till := newHotel(t, b.clientAt(t, c.to, c.pair))
		before := len(b.airline.intakes)
		w := till.do(call{"POST", "/v1/operations", ScopeTill, elsewhere(KindRedeem).String(), []string{"Idempotency-Key", name}})
		if c.code == "" {
			into[Operation](t, w, http.StatusOK)
			continue
		}
		p := till.problem(w, c.code)
		if len(b.airline.intakes) != before {
			t.Errorf("%s: it was recorded", name)
		}
		if c.code == fault.Forbidden && (*p.Errors)[0].Pointer != "/partner" {
			t.Errorf("%s: %+v", name, p.Errors)
		}
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l := listen(t)
	defer l.Close()
	return l.Addr().String()
}

// visitWith sends a request to the gateway as another member's.
func (b *bench) visitWith(member string, c call) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(c.headers); i += 2 {
		r.Header.Set(c.headers[i], c.headers[i+1])
	}
	w := httptest.NewRecorder()
	b.server.PartnerHandler(func(*http.Request) (string, error) { return member, nil }).ServeHTTP(w, r)
	b.checkContract(r, w)
	return w
}

// routeCall is a request of a route, with ids that have their form.
func routeCall(route string) call {
	method, path, _ := strings.Cut(route, " ")
	path = strings.NewReplacer(":id", account, ":operation", account, ":name", "airline", ":version", "1", ":partner", "hotel").Replace(path)
	return call{method, path, "", "", []string{"Idempotency-Key", "k"}}
}

func TestAVisitorMayOnlyDoWhatItHasPartIn(t *testing.T) {
	passes := fields{"programme": "airline", "partner": "hotel"}
	for name, c := range map[string]struct {
		request fields
		pointer string
	}{
		"for another member":        {requestsOf()[KindRedeem].with(fields{"programme": "airline", "partner": "grocer"}), "/partner"},
		"for nobody":                {requestsOf()[KindRedeem].with(fields{"programme": "airline"}), "/partner"},
		"of the airline's own":      {requestsOf()[KindRedeem], "/programme"},
		"of its own programme":      {requestsOf()[KindRedeem].with(fields{"programme": "hotel", "partner": "hotel"}), "/programme"},
		"an award":                  {requestsOf()[KindAward].with(passes), "/kind"},
		"a freeze":                  {requestsOf()[KindFreeze], "/programme"},
		"by a customer's reference": {requestsOf()[KindRedeem].with(passes, fields{"account": nil, "reference": "card-1"}), "/reference"},
	} {
		b := newBench(t)
		b.record(KindOpen, fields{"reference": "card-1"})
		bulk := fields{"operations": []fields{{"idempotencyKey": "a", "operation": c.request}}}
		w := b.visitWith("hotel", call{"POST", "/v1/operations/bulk", "", bulk.String(), nil})
		r := into[BulkResponse](t, w, http.StatusOK).Results[0]
		if r.Status != http.StatusForbidden || (*r.Problem.Errors)[0].Pointer != "/operations/0/operation"+c.pointer || len(b.intakes) != 1 {
			t.Errorf("%s: %+v", name, r.Problem)
		}
	}
}

func TestAVisitorSeesNothingElse(t *testing.T) {
	b := newBench(t)
	for route, r := range b.server.rules {
		if r.public || slices.Contains(r.scopes, ScopePartner) {
			continue
		}
		c := routeCall(route)
		if w := b.visitWith("hotel", c); w.Code != http.StatusForbidden {
			t.Errorf("%s answers a visitor with %d", route, w.Code)
		}
	}
	if _, err := NewKeys([]Key{{Name: "x", SHA256: hash, Scopes: []string{ScopePartner}}}); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("a key has a visitor's scope: %v", err)
	}
	b.hang = true
	mine := into[BulkResponse](t, b.visitWith("hotel", call{"POST", "/v1/operations/bulk", "", fields{"operations": []fields{
		{"idempotencyKey": "a", "operation": requestsOf()[KindRedeem].with(fields{"programme": "airline", "partner": "hotel"})},
	}}.String(), []string{"Prefer", "respond-async"}}), http.StatusOK).Results[0].Operation
	own := into[Operation](t, b.submit(earn, "Prefer", "respond-async"), http.StatusAccepted)
	for id, want := range map[string]map[string]int{mine.Id: {"hotel": http.StatusOK, "grocer": http.StatusNotFound}, own.Id: {"hotel": http.StatusNotFound}} {
		for member, status := range want {
			if w := b.visitWith(member, call{"GET", "/v1/operations/" + id, "", "", nil}); w.Code != status {
				t.Errorf("%s reads %s: %d %s", member, id, w.Code, w.Body)
			}
		}
	}
}

func TestWhatNoBlockHasToldOfYetIsAskedOfItsIssuer(t *testing.T) {
	b := newBorder(t)
	b.airline.hang = true
	pending := into[Operation](t, b.hotel.do(call{"POST", "/v1/operations", ScopeTill, elsewhere(KindRedeem).String(), []string{"Idempotency-Key", "k", "Prefer", "respond-async"}}), http.StatusAccepted)
	if o := into[Operation](t, b.hotel.get("/v1/operations/"+pending.Id), http.StatusOK); o.Id != pending.Id || o.Status != PENDING || o.Programme != "airline" {
		t.Errorf("%+v", o)
	}
	b.hotel.problem(b.hotel.get("/v1/operations/"+unknownID), fault.NotFound)
	b.down.Store(true)
	b.hotel.problem(b.hotel.get("/v1/operations/"+pending.Id), fault.IssuerUnavailable)
}

func TestTheReturnOfARedemptionTakesTheOwnWayWhoeverSequencedTheRedemption(t *testing.T) {
	b := newBorder(t)
	into[Operation](t, b.till("key-1", elsewhere(KindReturn, fields{"original": redeemedAtHotel()})), http.StatusOK)
	if len(b.hotel.outbox.intakes) != 1 || len(b.airline.intakes) != 0 {
		t.Errorf("%d recorded here, %d at the issuer", len(b.hotel.outbox.intakes), len(b.airline.intakes))
	}
}

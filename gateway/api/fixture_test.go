package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
)

// Ids that the tests use.
const (
	account   = "0123456789abcdef0123456789abcdef"
	wallet    = "11111111111111111111111111111111" // An account with a key of its own.
	stranger  = "22222222222222222222222222222222" // Of another programme.
	unknownID = "ffffffffffffffffffffffffffffffff"
)

// gateway is a world without a ledger: it records what reaches it and answers at once, as far as the test lets it.
type gateway struct {
	mu                sync.Mutex
	intakes           []sequencer.Intake
	known             map[points.OperationID]store.Known
	lookups           map[string]points.AccountID
	committed         []points.Receipt
	refuse            map[points.Kind]fault.Code // What the ledger says to a kind.
	fail              error                      // What the sequencer says to everything.
	starting          error                      // What it says before it knows the past.
	hang              bool                       // Nothing is committed.
	panics            bool
	reasons, warnings []string
	troubles          []sequencer.PartnerTrouble
	date              quantity.Day
	dateErr           error
	office
	counter
	abroad
}

func newGateway() *gateway {
	return &gateway{known: map[points.OperationID]store.Known{}, lookups: map[string]points.AccountID{}, refuse: map[points.Kind]fault.Code{}, date: 20_000}
}

func (g *gateway) Started() error { return g.starting }

func (g *gateway) AcceptAll(_ context.Context, all []sequencer.Intake) []sequencer.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	results := make([]sequencer.Result, len(all))
	for i := range all {
		if g.panics {
			panic("the sequencer is broken")
		}
		if g.fail != nil {
			results[i].Err = g.fail
			continue
		}
		results[i].Ticket = g.accept(all[i])
	}
	return results
}

// Find knows what it has taken by its key.
func (g *gateway) Find(_ context.Context, in *sequencer.Intake) (sequencer.Ticket, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return sequencer.Ticket{}, slices.ContainsFunc(g.intakes, func(k sequencer.Intake) bool { return k.Caller == in.Caller && k.IdempotencyKey == in.IdempotencyKey }), nil
}

func (g *gateway) Sent(_ context.Context, caller, key string) (store.Operation, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.intakes, func(k sequencer.Intake) bool { return k.Caller == caller && k.IdempotencyKey == key })
	if i < 0 {
		return store.Operation{}, false, nil
	}
	in := g.intakes[i]
	document, err := wire.Encode(in.Operation)
	return store.Operation{ID: points.OperationID(hexOf(key)), Kind: in.Operation.Kind, Document: document, Custody: in.Custody}, true, err
}

func (g *gateway) accept(in sequencer.Intake) sequencer.Ticket {
	g.intakes = append(g.intakes, in)
	o := in.Operation
	o.ID = points.OperationID(hexOf(in.IdempotencyKey))
	if o.Kind == points.KindOpen {
		o.Account = points.AccountID(hexOf("account of " + in.Lookup))
		g.lookups[in.Lookup] = o.Account
	}
	ticket := sequencer.Ticket{Operation: store.Operation{ID: o.ID, Account: o.Account}}
	if _, there := g.known[o.ID]; there {
		ticket.Duplicate = true
	}
	done := make(chan struct{})
	ticket.Done = done
	k := store.Known{
		ID: o.ID, Kind: o.Kind, Programme: "airline", Partner: o.Partner, Account: o.Account, To: o.To, AcceptedAt: time.Unix(1_700_000_000, 0).UTC(),
	}
	if !g.hang {
		if !ticket.Duplicate {
			g.commit(&k, o.Authorisation)
		}
		close(done)
	}
	if !ticket.Duplicate {
		g.known[o.ID] = k
	}
	return ticket
}

func (g *gateway) commit(k *store.Known, a *points.Authorisation) {
	code, outcome := fault.OK, points.Accepted
	if c, refused := g.refuse[k.Kind]; refused {
		code, outcome = c, points.Rejected
	}
	r := receipt(k.ID, k.Account)
	if a != nil && g.signed != nil {
		if r.Authorisation = a.Mandate.ID; !g.signed.useUp(a.Mandate.ID) {
			r.Authorisation, code, outcome = "", fault.AuthReplayed, points.Rejected
		}
	}
	r.Kind, r.To, r.Code, r.Outcome, r.Partner = k.Kind, k.To, code, outcome, k.Partner
	k.Done, k.Code, k.Receipt, k.Programme, k.DoneAt = true, code, &r, r.Programme, k.AcceptedAt.Add(time.Second)
	g.committed = append(g.committed, r)
}

func receipt(id points.OperationID, of points.AccountID) points.Receipt {
	return points.Receipt{
		V: 1, Operation: id, Kind: points.KindEarn, Programme: "airline", Account: of, Points: 12, Outcome: points.Accepted, Code: fault.OK, Posted: 12,
		BusinessDate: 20_000, Engine: 1, Terms: 1, Details: strings.Repeat("a", 64),
	}
}

func hexOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

func (g *gateway) Account(_ context.Context, id points.AccountID) (store.Position, error) {
	p := store.Position{Programme: "airline", Account: points.Account{
		V: 1, ID: id, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerCustodian}, Posted: 12, Lots: []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 12}},
	}}
	p.Waiting = g.waiting
	if id == stranger {
		p.Programme = "hotel"
	}
	if a, there := g.positions[id]; there {
		p.Account = a
		return p, nil
	}
	switch id {
	case account:
	case wallet:
		p.Account.Controller = points.Controller{Kind: points.ControllerP256, Version: 1, Key: "k"}
	case stranger:
		p.Programme = "hotel"
		p.Account.Controller = points.Controller{Kind: points.ControllerP256, Version: 1, Key: "k"}
	default:
		return store.Position{}, fault.New(fault.AccountUnknown, "no programme has the account %s", id)
	}
	return p, nil
}

func (g *gateway) Operation(_ context.Context, id points.OperationID) (store.Known, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if k, ok := g.known[id]; ok {
		return k, nil
	}
	return store.Known{}, fault.New(fault.NotFound, "this gateway knows no operation %s", id)
}

func (g *gateway) Operations(_ context.Context, ids []points.OperationID) (map[points.OperationID]store.Known, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[points.OperationID]store.Known{}
	for _, id := range ids {
		out[id] = g.known[id]
	}
	return out, nil
}

// Receipt puts everything committed into one batch.
func (g *gateway) Receipt(_ context.Context, id points.OperationID) (store.Committed, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	leaves, err := wire.Leaves(g.committed)
	if err != nil {
		return store.Committed{}, err
	}
	root, err := wire.Root(leaves)
	if err != nil {
		return store.Committed{}, err
	}
	for i, r := range g.committed {
		if r.Operation == id {
			return store.Committed{
				Entry: store.Entry{Receipt: r, Block: 7, Index: i, Time: time.Unix(1_700_000_000, 0).UTC()}, Tx: strings.Repeat("b", 64),
				Batch: wire.BatchEvent{V: 1, MSP: "AirlineMSP", Lane: 3, Seq: 9, Root: root, Receipts: g.committed},
			}, nil
		}
	}
	return store.Committed{}, fault.New(fault.NotFound, "there is no receipt of operation %s", id)
}

func (g *gateway) History(_ context.Context, id points.AccountID, after *store.Cursor, limit int) ([]store.Entry, *store.Cursor, error) {
	if id == unknownID {
		return nil, nil, nil
	}
	const last = 4 // Newest first: places in the block go down.
	first := last
	if after != nil {
		first = after.Index - 1
	}
	var entries []store.Entry
	for i := first; i >= 0 && len(entries) < limit; i-- {
		entries = append(entries, store.Entry{Receipt: receipt(points.OperationID(hexOf(string(rune('a'+last-i)))), id), Block: 9, Index: i, Time: time.Unix(1_700_000_000, 0).UTC()})
	}
	if len(entries) > first {
		return entries, nil, nil
	}
	return entries, &store.Cursor{Block: 9, Index: entries[len(entries)-1].Index}, nil
}

func (g *gateway) Lookups(_ context.Context, lookups []string) (map[string]points.AccountID, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(lookups) > store.MaxReadsAtOnce {
		return nil, fault.New(fault.TooLarge, "at most %d references are looked up at once", store.MaxReadsAtOnce)
	}
	out := map[string]points.AccountID{}
	for _, l := range lookups {
		if a, ok := g.lookups[l]; ok {
			out[l] = a
		}
	}
	return out, nil
}

func programme() points.Programme {
	parameters := firstTerms()
	parameters.Prose = nil
	return points.Programme{
		V: 1, Brand: "airline", MSP: "AirlineMSP", Genesis: strings.Repeat("c", 64), DisplayName: "Airline Miles", Currency: "GBP", BusinessDate: 20_000, Engine: 1,
		Terms:       []terms.Terms{parameters},
		TermsHashes: []string{hashOf(firstTerms())},
		Custodians:  []points.CustodianKey{{Version: 1, Key: "k"}},
	}
}

func (g *gateway) Programmes(context.Context) ([]points.Programme, error) {
	return []points.Programme{programme()}, nil
}

func (g *gateway) Programme(_ context.Context, name string) (points.Programme, error) {
	p := g.amend(programme())
	g.furnish(&p)
	switch name {
	case "airline":
	case "hotel":
		p.Brand, p.MSP = "hotel", "HotelMSP"
	default:
		return points.Programme{}, fault.New(fault.NotFound, "there is no programme of this name")
	}
	return p, nil
}

func (g *gateway) Totals(context.Context, string) (points.Totals, error) {
	return points.Totals{Operations: 5, Opened: 2, Issued: 100, Redeemed: 30, Recovered: 10, DebtIncurred: 5, DebtRepaid: 2}, nil
}

func (g *gateway) Block(context.Context) (int64, error) { return 41, nil }

func (g *gateway) Lookup(reference string) string {
	if reference == "" {
		return ""
	}
	return hexOf("lookup " + reference)
}

func (g *gateway) Reasons(context.Context) []string { return g.reasons }

func (g *gateway) Warnings() []string { return g.warnings }

func (g *gateway) Troubles() []sequencer.PartnerTrouble { return g.troubles }

// calendar is the ledger's side of the business date.
type calendar struct{ g *gateway }

func (c calendar) AdvanceBusinessDate(_ context.Context, day quantity.Day) error {
	if c.g.dateErr != nil {
		return c.g.dateErr
	}
	if day <= c.g.date {
		return fault.New(fault.DateNotAllowed, "the business date is %s already", c.g.date)
	}
	c.g.date = day
	return nil
}

func (c calendar) Programme(context.Context) (points.Programme, error) {
	p := programme()
	p.BusinessDate = c.g.date
	return p, nil
}

// bench is a server under test. Every answer that it gives is checked against the OpenAPI document.
type bench struct {
	*gateway
	t      *testing.T
	server *Server
	log    *bytes.Buffer
	router routers.Router
}

// The callers' keys are their names.
func keysOf(t *testing.T) *Keys {
	t.Helper()
	var all []Key
	for _, name := range keyScopes {
		sum := sha256.Sum256([]byte(name))
		all = append(all, Key{Name: strings.ReplaceAll(name, ":", "-"), SHA256: hex.EncodeToString(sum[:]), Scopes: []string{name}})
	}
	k, err := NewKeys(all)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newBench(t *testing.T) *bench {
	t.Helper()
	g := newGateway()
	return newBenchOf(t, g, Parts{Member: "airline", Programme: "airline", Recorder: g, Partners: g.brands(), Hasher: g, Quoter: g, Administrator: calendar{g}, Approver: calendar{g}})
}

func newBenchOf(t *testing.T, g *gateway, p Parts) *bench {
	t.Helper()
	b := &bench{gateway: g, t: t, log: &bytes.Buffer{}}
	p.Keys, p.Reader, p.Condition, p.Metrics = keysOf(t), g, g, prometheus.NewRegistry()
	p.Log = slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if b.server, err = New(p); err != nil {
		t.Fatal(err)
	}
	if b.router, err = documented(); err != nil {
		t.Fatal(err)
	}
	return b
}

var documented = sync.OnceValues(func() (routers.Router, error) {
	openapi3filter.RegisterBodyDecoder("application/xml", openapi3filter.FileBodyDecoder) // Bank files are held against their own schemas, where they are written.
	doc, err := openapi3.NewLoader().LoadFromData(documentYAML)
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// call is a request; headers are pairs.
type call struct {
	method, path, key, body string
	headers                 []string
}

func (b *bench) do(c call) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	if c.body == "" {
		r = httptest.NewRequest(c.method, c.path, nil)
	}
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(c.headers); i += 2 {
		if r.Header.Set(c.headers[i], c.headers[i+1]); c.headers[i+1] == "" {
			r.Header.Del(c.headers[i])
		}
	}
	w := httptest.NewRecorder()
	b.server.Handler().ServeHTTP(w, r)
	b.checkContract(r, w)
	return w
}

// checkContract holds the answer against the document, when it has the route.
func (b *bench) checkContract(r *http.Request, w *httptest.ResponseRecorder) {
	b.t.Helper()
	route, parameters, err := b.router.FindRoute(r)
	if err != nil || strings.HasPrefix(w.Header().Get("Content-Type"), "application/yaml") {
		return
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		b.t.Errorf("%s %s answers %d outside the document: %v\n%s", r.Method, r.URL.Path, w.Code, err, w.Body)
	}
}

// submit posts one operation as a till, under a key of its own.
func (b *bench) submit(body string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do(call{"POST", "/v1/operations", ScopeTill, body, append([]string{"Idempotency-Key", "key-1"}, headers...)})
}

// get reads as a reader.
func (b *bench) get(path string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do(call{"GET", path, ScopeRead, "", headers})
}

func into[T any](t *testing.T, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var v T
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return v
}

// problem requires a problem document of this code with the status that the catalogue gives it.
func (b *bench) problem(w *httptest.ResponseRecorder, code fault.Code) Problem {
	b.t.Helper()
	p := into[Problem](b.t, w, fault.Lookup(code).Status)
	if p.Code != string(code) || w.Header().Get("Content-Type") != "application/problem+json" || p.RequestId != w.Header().Get(requestIDHeader) || p.Detail == "" {
		b.t.Fatalf("want %s, got %s", code, w.Body)
	}
	return p
}

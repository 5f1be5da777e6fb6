package replay

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/client"
)

// books is what a gateway has on disk: it outlives the process that serves it.
type books struct {
	mu       sync.Mutex
	byKey    map[string]client.Operation
	natural  map[string]client.Operation
	accounts map[string]string   // Reference -> account.
	order    map[string][]string // Account -> receipt numbers, in the order of arrival.
	balance  map[string]int64    // Account -> points.
	date     quantity.Day
	dates    []string
	refuse   map[string]fault.Code // Receipt number -> what the ledger says.
}

func newBooks() *books {
	return &books{
		byKey: map[string]client.Operation{}, natural: map[string]client.Operation{}, accounts: map[string]string{}, order: map[string][]string{},
		balance: map[string]int64{}, refuse: map[string]fault.Code{}, date: 10_000,
	}
}

// teller is a gateway's process over its books. hinder may change what happens to a call: it returns true when it has dealt with it.
type teller struct {
	*books
	t         *testing.T
	brand     string
	simulated bool
	losesDate bool // The answer to the next move of the business date.
	hinder    func(w http.ResponseWriter, call int, items []client.BulkItem) bool
	calls     int
}

func (g *teller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case r.URL.Path == "/readyz":
		answer(w, 200, client.Readiness{Ready: true, Member: g.brand, Mode: "writer", Reasons: []string{}})
	case r.Header.Get("Authorization") != "Bearer till" && !strings.HasSuffix(r.URL.Path, "/business-date"):
		problem(w, fault.Unauthenticated)
	case r.URL.Path == "/v1/operations/bulk":
		g.bulk(w, r)
	case r.URL.Path == "/v1/programmes/"+g.brand:
		answer(w, 200, client.Programme{
			Name: g.brand, Currency: "GBP", Simulated: g.simulated, BusinessDate: g.date.String(),
			Terms: []client.ProgrammeTerms{{Version: 1, Parameters: client.Terms{Version: 1, MaxReceiptAgeDays: 40}}},
		})
	case r.URL.Path == "/v1/programmes/"+g.brand+"/business-date":
		g.moveDate(w, r)
	default:
		problem(w, fault.NotFound)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func problemOf(code fault.Code) client.Problem {
	row := fault.Lookup(code)
	return client.Problem{Type: "t", Title: "t", Status: row.Status, Code: string(code), Class: client.ProblemClass(row.Class), Detail: "because"}
}

func problem(w http.ResponseWriter, code fault.Code) {
	answer(w, fault.Lookup(code).Status, problemOf(code))
}

func (g *teller) moveDate(w http.ResponseWriter, r *http.Request) {
	var body client.BusinessDate
	day, err := quantity.Day(0), json.NewDecoder(r.Body).Decode(&body)
	if err == nil {
		day, err = quantity.ParseDay(body.Date)
	}
	switch {
	case err != nil || r.Header.Get("Authorization") != "Bearer operator":
		problem(w, fault.Forbidden)
	case day <= g.date:
		problem(w, fault.DateNotAllowed)
	default:
		g.date = day
		g.dates = append(g.dates, body.Date)
		if g.losesDate {
			g.losesDate = false
			panic(http.ErrAbortHandler)
		}
		answer(w, 200, body)
	}
}

func (g *teller) bulk(w http.ResponseWriter, r *http.Request) {
	var body client.BulkRequest
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		problem(w, fault.Malformed)
		return
	}
	g.calls++
	if g.hinder != nil && g.hinder(w, g.calls, body.Operations) {
		return
	}
	answer(w, 200, client.BulkResponse{Results: g.record(body.Operations)})
}

// record does what a gateway does with a bulk: openings first.
func (g *teller) record(items []client.BulkItem) []client.BulkResult {
	results := make([]client.BulkResult, len(items))
	for _, openings := range []bool{true, false} {
		for i := range items {
			if (items[i].Operation.Kind == client.KindOpen) == openings {
				results[i] = g.recordOne(&items[i])
			}
		}
	}
	return results
}

func (g *teller) recordOne(item *client.BulkItem) client.BulkResult {
	o := &item.Operation
	natural := "open " + *o.Reference
	if o.Kind != client.KindOpen {
		natural = fmt.Sprint(o.Kind, *o.ReceiptNumber)
	}
	for _, earlier := range []func() (client.Operation, bool){
		func() (client.Operation, bool) { x, ok := g.byKey[item.IdempotencyKey]; return x, ok },
		func() (client.Operation, bool) { x, ok := g.natural[natural]; return x, ok },
	} {
		if x, ok := earlier(); ok {
			x.Duplicate = true
			return g.result(item, x)
		}
	}
	made := client.Operation{Id: fmt.Sprintf("%032x", len(g.natural)+1), Kind: o.Kind, Programme: g.brand, Status: client.DONE}
	if o.Kind == client.KindOpen {
		made.Account = "account of " + *o.Reference
		g.accounts[*o.Reference] = made.Account
	} else if failed := g.apply(o, &made); failed != nil {
		return client.BulkResult{IdempotencyKey: item.IdempotencyKey, Status: failed.Status, Problem: failed}
	}
	g.byKey[item.IdempotencyKey], g.natural[natural] = made, made
	return g.result(item, made)
}

// apply gives a point for each whole unit of money.
func (g *teller) apply(o *client.OperationRequest, made *client.Operation) *client.Problem {
	account, known := g.accounts[*o.Reference]
	if !known {
		p := problemOf(fault.AccountUnknown)
		return &p
	}
	if g.simulated {
		day, err := quantity.ParseDay((*o.OccurredAt)[:10])
		if err != nil || day > g.date+1 || day < g.date-40 {
			g.t.Errorf("%s is sent while the business date is %s", *o.OccurredAt, g.date)
		}
	}
	made.Account = account
	made.Receipt = &points.Receipt{Points: quantity.Points(*o.AmountMinor / 100)}
	if code, refused := g.refuse[*o.ReceiptNumber]; refused {
		p := problemOf(code)
		p.Operation = made
		return &p
	}
	g.order[account] = append(g.order[account], *o.ReceiptNumber)
	sign := int64(1)
	if o.Kind == client.KindReturn {
		sign = -1
		if o.OriginalOperation != nil {
			g.order[account] = append(g.order[account], "against "+*o.OriginalOperation)
		}
	}
	g.balance[account] += sign * int64(made.Receipt.Points)
	return nil
}

func (g *teller) result(item *client.BulkItem, o client.Operation) client.BulkResult {
	return client.BulkResult{IdempotencyKey: item.IdempotencyKey, Status: 200, Operation: &o}
}

// open starts a teller's process and gives sessions with it.
func open(t *testing.T, g *teller) Target {
	t.Helper()
	g.t = t
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return target(t, server.URL)
}

func target(t *testing.T, url string) Target {
	t.Helper()
	till, err := client.Open(url, "till")
	if err != nil {
		t.Fatal(err)
	}
	operator, err := client.Open(url, "operator")
	if err != nil {
		t.Fatal(err)
	}
	return Target{Gateway: till, Calendar: operator}
}

// serveAt starts a process at an address that can be used again after it was killed.
func serveAt(t *testing.T, address string, g http.Handler) (kill func(), at string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: g, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return func() { _ = server.Close() }, l.Addr().String()
}

type count struct {
	mu   sync.Mutex
	rows int
}

func (c *count) Add(rows int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows += rows
}

func options(targets ...Target) Options {
	return Options{Targets: targets, Bulk: 10, Concurrency: 4, DateStep: 30, RetryFor: time.Minute, Progress: &count{}}
}

// receipts is a file of n customers with sales and a return each, in the order of time.
func receipts(t *testing.T, customers int) *Rows {
	t.Helper()
	var b strings.Builder
	b.WriteString("customer_id,date_or_time,invoice_id,amount,is_return,original_invoice_id\n")
	for i := range 6 {
		for c := range customers {
			number, sign, original := fmt.Sprintf("s%d-%d", c, i), "", ""
			if i == 5 {
				number, sign, original = fmt.Sprintf("r%d", c), "-", fmt.Sprintf("s%d-1", c)
			}
			fmt.Fprintf(&b, "c%d,2011-0%d-03T10:%02d:00,%s,%s%d.50,%d,%s\n", c, i+1, c%60, number, sign, c+1, i/5, original)
		}
	}
	rows, err := Read(strings.NewReader(b.String()), DefaultMapping(), Places{Store: "s", Terminal: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows.Rejects) != 0 || len(rows.Rows) != 6*customers {
		t.Fatalf("%d rows, rejects %v", len(rows.Rows), rows.Rejects)
	}
	return rows
}

// check holds the books against the file: every row once, in order, and the balances right.
func (b *books) check(t *testing.T, customers int) {
	t.Helper()
	for c := range customers {
		account := b.accounts[fmt.Sprintf("c%d", c)]
		want := ""
		for i := range 5 {
			want += fmt.Sprintf("s%d-%d ", c, i)
		}
		original := b.natural[fmt.Sprintf("earns%d-1", c)].Id
		want += fmt.Sprintf("r%d against %s", c, original)
		if got := strings.Join(b.order[account], " "); got != want {
			t.Errorf("customer %d: recorded %q, want %q", c, got, want)
		}
		if b.balance[account] != int64(4*(c+1)) {
			t.Errorf("customer %d has %d points", c, b.balance[account])
		}
	}
}

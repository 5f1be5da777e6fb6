package replay

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
)

const customers = 23

func run(t *testing.T, rows *Rows, o Options) *Report {
	t.Helper()
	r, err := Run(t.Context(), rows, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryRowIsRecordedOnceInOrder(t *testing.T) {
	g := &teller{books: newBooks(), brand: "grocer"}
	o := options(open(t, g))
	r := run(t, receipts(t, customers), o)
	g.check(t, customers)
	if r.Accepted != 6*customers || r.Opened != customers || r.Duplicates != 0 || r.RefusedTotal() != 0 || r.Issued-r.TakenBack != 4*customers*(customers+1)/2 {
		t.Errorf("%+v", r)
	}
	if o.Progress.(*count).rows != 6*customers {
		t.Errorf("progress ends at %d", o.Progress.(*count).rows)
	}
}

func TestAReturnWaitsForTheReceiptOfItsPurchase(t *testing.T) {
	g := &teller{books: newBooks(), brand: "grocer"}
	o := options(open(t, g))
	o.Bulk, o.Concurrency = 100, 1
	run(t, receipts(t, 1), o)
	g.check(t, 1)
	if g.calls != 2 {
		t.Errorf("%d calls, want one up to the return and one with it", g.calls)
	}
}

func TestEveryIdempotencyKeyHasThePrefixAndIsTheSameNextTime(t *testing.T) {
	seen := map[string]int{}
	for range 2 {
		g := &teller{books: newBooks(), brand: "grocer"}
		o := options(open(t, g))
		o.Prefix = "mine-"
		run(t, receipts(t, customers), o)
		for key := range g.byKey {
			if !strings.HasPrefix(key, "mine-") {
				t.Errorf("key %s", key)
			}
			seen[key]++
		}
	}
	if len(seen) != 7*customers {
		t.Errorf("%d keys in two runs, want %d", len(seen), 7*customers)
	}
}

func TestSendingTheSameFileAgainChangesNothing(t *testing.T) {
	g := &teller{books: newBooks(), brand: "grocer"}
	o := options(open(t, g))
	run(t, receipts(t, customers), o)
	for _, prefix := range []string{"", "again-"} {
		o.Prefix = prefix
		r := run(t, receipts(t, customers), o)
		if r.Accepted != 0 || r.Opened != 0 || r.Duplicates != 6*customers || r.Known != customers || r.Issued != 0 {
			t.Errorf("prefix %q: %+v", prefix, r)
		}
	}
	g.check(t, customers)
}

func TestFailuresOnTheWayLoseAndDoubleNothing(t *testing.T) {
	for name, hinder := range map[string]func(g *teller) func(http.ResponseWriter, int, []client.BulkItem) bool{
		"the answer is lost": func(g *teller) func(http.ResponseWriter, int, []client.BulkItem) bool {
			return func(_ http.ResponseWriter, call int, items []client.BulkItem) bool {
				if call%3 != 1 {
					return false
				}
				g.record(items)
				panic(http.ErrAbortHandler)
			}
		},
		"the gateway isn't ready": func(*teller) func(http.ResponseWriter, int, []client.BulkItem) bool {
			return func(w http.ResponseWriter, call int, _ []client.BulkItem) bool {
				if call%2 == 1 {
					problem(w, fault.NotReady)
				}
				return call%2 == 1
			}
		},
		"half of a call, openings too, is refused for now": func(g *teller) func(http.ResponseWriter, int, []client.BulkItem) bool {
			return func(w http.ResponseWriter, call int, items []client.BulkItem) bool {
				if call > 4 {
					return false
				}
				var taken []client.BulkItem
				for i := range items {
					if i%2 == 1 {
						taken = append(taken, items[i])
					}
				}
				recorded := g.record(taken)
				results := make([]client.BulkResult, len(items))
				for i := range items {
					if i%2 == 1 {
						results[i] = recorded[i/2]
						continue
					}
					p := problemOf(fault.Overloaded)
					results[i] = client.BulkResult{IdempotencyKey: items[i].IdempotencyKey, Status: p.Status, Problem: &p}
				}
				answer(w, 200, client.BulkResponse{Results: results})
				return true
			}
		},
		"receipts are late": func(g *teller) func(http.ResponseWriter, int, []client.BulkItem) bool {
			return func(w http.ResponseWriter, call int, items []client.BulkItem) bool {
				if call%2 == 0 {
					return false
				}
				results := g.record(items)
				for i := range results {
					if results[i].Operation != nil {
						results[i].Status, results[i].Operation.Status = 202, client.PENDING
					}
				}
				answer(w, 200, client.BulkResponse{Results: results})
				return true
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := &teller{books: newBooks(), brand: "grocer"}
			g.hinder = hinder(g)
			r := run(t, receipts(t, customers), options(open(t, g)))
			if r.Accepted != 6*customers || r.Duplicates != 0 || r.RefusedTotal() != 0 || r.Retries == 0 {
				t.Errorf("%+v", r)
			}
			total := int64(0)
			for _, points := range g.balance {
				total += points
			}
			if total != r.Issued-r.TakenBack || total != 4*customers*(customers+1)/2 {
				t.Errorf("the gateway has %d points, the report %d", total, r.Issued-r.TakenBack)
			}
		})
	}
}

func TestTheReplayGoesOnAfterTheGatewayWasKilled(t *testing.T) {
	g := &teller{books: newBooks(), brand: "grocer", t: t}
	kill, address := serveAt(t, "127.0.0.1:0", g)
	killed := make(chan struct{})
	g.hinder = func(_ http.ResponseWriter, call int, items []client.BulkItem) bool {
		if call == 5 {
			g.record(items)
			close(killed)
			panic(http.ErrAbortHandler)
		}
		return false
	}
	go func() {
		<-killed
		kill()
		serveAt(t, address, &teller{books: g.books, brand: "grocer", t: t})
	}()
	run(t, receipts(t, customers), options(target(t, "http://"+address)))
	g.check(t, customers)
}

func TestAnInterruptedReplayResumesFromItsState(t *testing.T) {
	g := &teller{books: newBooks(), brand: "grocer"}
	o := options(open(t, g))
	o.Concurrency, o.StateFile = 1, filepath.Join(t.TempDir(), "state.json")
	ctx, interrupt := context.WithCancel(t.Context())
	g.hinder = func(_ http.ResponseWriter, call int, _ []client.BulkItem) bool {
		if call == 8 {
			interrupt()
		}
		return false
	}
	if _, err := Run(ctx, receipts(t, customers), o); err == nil {
		t.Fatal("it was not interrupted")
	}
	g.hinder = nil
	r := run(t, receipts(t, customers), o)
	if r.Resumed < 70 || r.Resumed+r.Accepted+r.Duplicates != 6*customers {
		t.Errorf("%+v", r)
	}
	g.check(t, customers)
	if again := run(t, receipts(t, customers), o); again.Resumed != 6*customers || again.Accepted+again.Duplicates != 0 {
		t.Errorf("%+v", again)
	}
	if _, err := Run(t.Context(), receipts(t, customers+1), o); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("a state of other receipts: %v", err)
	}
}

func TestTheBusinessDateOfASimulatedProgrammeMovesWithTheData(t *testing.T) {
	g := &teller{books: newBooks(), brand: "grocer", simulated: true, losesDate: true}
	run(t, receipts(t, customers), options(open(t, g)))
	g.check(t, customers)
	if got := strings.Join(g.dates, " "); got != "2011-02-01 2011-03-04 2011-05-02 2011-06-01 2011-06-03" {
		t.Errorf("moved to %s", got)
	}
	without := open(t, &teller{books: newBooks(), brand: "grocer", simulated: true})
	without.Calendar = nil
	if _, err := Run(t.Context(), receipts(t, 1), options(without)); fault.CodeOf(err) != fault.DateNotAllowed {
		t.Errorf("without an operator's key: %v", err)
	}
}

func TestRowsGoToTheirBrandsGateway(t *testing.T) {
	file := "brand,customer_id,date_or_time,invoice_id,amount\nairline,a,2026-01-01,1,10\nhotel,b,2026-01-01,2,20\ngrocer,c,2026-01-01,3,30\n"
	rows, err := Read(strings.NewReader(file), DefaultMapping(), Places{Store: "s", Terminal: "t"})
	if err != nil {
		t.Fatal(err)
	}
	airline, hotel := &teller{books: newBooks(), brand: "airline"}, &teller{books: newBooks(), brand: "hotel"}
	named := open(t, airline)
	named.Brand = "airline"
	r := run(t, rows, options(named, open(t, hotel)))
	if r.Accepted != 2 || r.Elsewhere != 1 || airline.balance["account of a"] != 10 || hotel.balance["account of b"] != 20 {
		t.Errorf("%+v, %v, %v", r, airline.balance, hotel.balance)
	}
	named.Brand = "hotel"
	if _, err := Run(t.Context(), rows, options(named)); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("another brand's gateway: %v", err)
	}
}

func TestRefusalsAreCountedByCodeAndListedWithTheirLines(t *testing.T) {
	g := &teller{books: newBooks(), brand: "grocer"}
	g.refuse["s0-1"], g.refuse["s1-2"], g.refuse["s2-0"] = fault.OutOfPeriod, fault.OutOfPeriod, fault.NaturalConflict
	r := run(t, receipts(t, customers), options(open(t, g)))
	if r.Refused["OUT_OF_PERIOD"] != 2 || r.Refused["RECEIPT_NUMBER_CONFLICT"] != 1 || r.Mistakes() != 1 || len(r.Rejects) != 3 {
		t.Errorf("%+v", r)
	}
	path := filepath.Join(t.TempDir(), "rejects.csv")
	if err := r.WriteRejects(path); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(path); err != nil || !strings.Contains(string(raw), "4,RECEIPT_NUMBER_CONFLICT: because\n") {
		t.Errorf("%v: %s", err, raw)
	}
}

func TestWhatTryingAgainCannotMendEndsTheReplay(t *testing.T) {
	g := &teller{books: newBooks(), brand: "grocer"}
	g.hinder = func(w http.ResponseWriter, _ int, _ []client.BulkItem) bool {
		problem(w, fault.Forbidden)
		return true
	}
	_, err := Run(t.Context(), receipts(t, customers), options(open(t, g)))
	g.mu.Lock() // Calls that were cut off may still be in its hands.
	calls := g.calls
	g.mu.Unlock()
	if fault.CodeOf(err) != fault.Forbidden || calls > 4 {
		t.Errorf("%v after %d calls", err, calls)
	}
	o := options(target(t, "http://127.0.0.1:1"))
	o.RetryFor = 10 * time.Millisecond
	if _, err := Run(t.Context(), receipts(t, 1), o); err == nil {
		t.Error("a gateway that isn't there: no error")
	}
}

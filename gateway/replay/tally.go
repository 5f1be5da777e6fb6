package replay

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
)

// Latencies are kept from 1 ms to 10 min with three digits.
const (
	longestLatency  = int64(10 * time.Minute / time.Millisecond)
	latencyAccuracy = 3
)

// Report is what became of a file.
type Report struct {
	Rows          int            `json:"rows"`          // Of known customers, to be sent.
	Anonymous     int            `json:"anonymous"`     // Rows without a customer.
	BadRows       int            `json:"badRows"`       // Rows that can't be read.
	Elsewhere     int            `json:"elsewhere"`     // Rows of brands that no gateway was given for.
	Resumed       int            `json:"resumed"`       // Rows that an earlier run finished.
	Accepted      int            `json:"accepted"`      // Applied by the ledger in this run.
	Duplicates    int            `json:"duplicates"`    // Known to the gateway before this run: nothing was changed.
	Refused       map[string]int `json:"refused"`       // By code.
	Opened        int            `json:"opened"`        // Accounts.
	Known         int            `json:"known"`         // Customers who had an account before.
	Issued        int64          `json:"issued"`        // Points, in this run.
	TakenBack     int64          `json:"takenBack"`     // Points, in this run.
	Retries       int            `json:"retries"`       // Calls that were made again.
	Seconds       float64        `json:"seconds"`       // Of sending.
	PerSecond     float64        `json:"perSecond"`     // Operations answered by the ledger, openings included.
	LatencyMillis Latency        `json:"latencyMillis"` // From first sending to the receipt.
	Rejects       []Reject       `json:"-"`
}

// Latency has percentiles in milliseconds.
type Latency struct {
	P50 int64 `json:"p50"`
	P95 int64 `json:"p95"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

// Mistakes counts what was refused for another reason than the programme's rules: a wrong request, or a fault of the gateway.
func (r *Report) Mistakes() int {
	n := 0
	for code, count := range r.Refused {
		if fault.Lookup(fault.Code(code)).Class != fault.ClassRefusal {
			n += count
		}
	}
	return n
}

// RefusedTotal counts all refusals.
func (r *Report) RefusedTotal() int {
	n := 0
	for _, count := range r.Refused {
		n += count
	}
	return n
}

// tally counts while the replay runs.
type tally struct {
	mu      sync.Mutex
	r       Report
	latency *hdrhistogram.Histogram
	began   time.Time
}

func newTally(rows *Rows) *tally {
	return &tally{
		latency: hdrhistogram.New(1, longestLatency, latencyAccuracy), began: time.Now(),
		r: Report{Rows: len(rows.Rows), Anonymous: rows.Anonymous, BadRows: len(rows.Rejects), Refused: map[string]int{}, Rejects: rows.Rejects},
	}
}

// start is when sending begins; what came before was reading and asking.
func (t *tally) start() { t.began = time.Now() }

// elsewhere counts a row that goes to no gateway.
func (t *tally) elsewhere() {
	t.r.Elsewhere++
	t.r.Rows--
}

func (t *tally) resumed(rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Resumed += rows
}

func (t *tally) retried() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Retries++
}

// report is the state of the counts now.
func (t *tally) report() *Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.r
	r.Seconds = time.Since(t.began).Seconds()
	if n := t.latency.TotalCount(); n > 0 {
		r.PerSecond = float64(n) / r.Seconds
		r.LatencyMillis = Latency{
			P50: t.latency.ValueAtQuantile(50), P95: t.latency.ValueAtQuantile(95), P99: t.latency.ValueAtQuantile(99), Max: t.latency.Max(),
		}
	}
	return &r
}

// count adds a final answer.
func (t *tally) count(p *parcel, r *client.BulkResult) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Problem != nil {
		t.refuse(p, r.Problem)
		return
	}
	duplicate := r.Operation.Duplicate && p.attempts == 1 // What this run sent before and had no answer to is its own.
	if !duplicate {
		t.answered(p)
	}
	switch {
	case p.row == nil && duplicate:
		t.r.Known++
	case p.row == nil:
		t.r.Opened++
	case duplicate:
		t.r.Duplicates++
	default:
		t.accept(p, r.Operation)
	}
}

func (t *tally) accept(p *parcel, o *client.Operation) {
	t.r.Accepted++
	if o.Receipt == nil {
		return
	}
	if p.row.Return {
		t.r.TakenBack += int64(o.Receipt.Points)
	} else {
		t.r.Issued += int64(o.Receipt.Points)
	}
}

func (t *tally) refuse(p *parcel, problem *client.Problem) {
	t.r.Refused[problem.Code]++
	if problem.Operation != nil {
		t.answered(p)
	}
	if p.row != nil {
		t.r.Rejects = append(t.r.Rejects, Reject{p.row.Line, problem.Code + ": " + problem.Detail})
	}
}

func (t *tally) answered(p *parcel) {
	_ = t.latency.RecordValue(min(max(time.Since(p.sent).Milliseconds(), 1), longestLatency))
}

package sequencer

import (
	"container/heap"
	"slices"

	"go.opentelemetry.io/otel/trace"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// Bounds of one batch in bytes, below the ledger's own, so that brackets, commas and numbers fit beside the operations.
const (
	envelopeSize = 1024
	mandateSize  = 1024 // What a mandate and its signature add to an operation that custody signs.
	maxDocument  = wire.MaxDocument - envelopeSize
	maxDetails   = wire.MaxDetails - envelopeSize
)

// sweepEvery is how often, in seconds, lapsed mandates of idle accounts are forgotten.
const sweepEvery = 60

// entry is an operation that the ledger hasn't decided yet.
type entry struct {
	operation store.Operation
	done      chan struct{} // Closed when it is decided.
	cap       int           // Size of the largest batch it may be in; 0: any. Shrinks when the batches it is in are refused as a whole.
	refusal   fault.Code    // Why it can't be in any batch; empty as long as it can.
	span      trace.Span    // From its acceptance to its outcome; nil where that isn't traced.
}

func newEntry(o store.Operation) *entry { return &entry{operation: o, done: make(chan struct{})} }

// path names the route that brings the entry to the ledger: the partner of a cross-brand operation, or none.
func (e *entry) path() string { return e.operation.Partner }

func (e *entry) documentSize() int {
	if e.operation.Custody {
		return len(e.operation.Document) + mandateSize
	}
	return len(e.operation.Document)
}

// queue orders what waits: on each route first come first served on each account and at each sponsored shop, and never one of them in two batches under way, whatever their
// routes. What waits for one route doesn't hold up another: its lanes may be full, or its partner may be out of reach. It has no lock and no clock of its own.
type queue struct {
	lines   map[place]*line
	ready   map[string]*readyHeap // By route.
	waiting map[string]int        // By route.
	busy    map[record]int        // Batches under way that a record is in.

	mandates  map[points.AccountID][]int64 // When custody's live mandates of an account lapse, Unix seconds.
	quietFrom int64                        // Before this second nothing is known of mandates signed before a restart: custody debits wait.
	held      []*line                      // Lines that wait for a mandate to lapse.
	wakeAt    int64                        // When the first of them can go on, Unix seconds; 0 when none is held.
	swept     int64
}

// record names what a batch reads and writes for an operation besides its own lane: an account, or a sponsored shop. Two batches that shared one would invalidate each
// other. Other records can't be shared, or need no line: an approval, an anonymous receipt and a credit that waits belong to one operation, what was returned of a receipt
// changes with its account only, and what operators publish and customers opt out of changes so seldom that a conflict is simply tried again.
type record string

func accountRecord(id points.AccountID) record { return record(id) }

// shopRecord is apart from every account's: no account's id has a slash.
func shopRecord(id string) record { return record("shop/" + id) }

// creditRecord is what a blind credit has to itself: it touches no account.
func creditRecord(id points.OperationID) record { return record("credit/" + id) }

// place is where a line stands: operations on one record that take one route.
type place struct {
	record record
	path   string
}

// line is the line of operations at a place.
type line struct {
	place
	waiting []*entry // In arrival order.
	queued  bool     // In its route's heap.
	turn    int64    // Arrival of the operation for which it was queued.
}

// newQueue makes an empty queue without routes.
func newQueue(quietFrom int64) *queue {
	return &queue{
		lines: map[place]*line{}, ready: map[string]*readyHeap{}, waiting: map[string]int{}, busy: map[record]int{},
		mandates: map[points.AccountID][]int64{}, quietFrom: quietFrom,
	}
}

// open makes room for a route.
func (q *queue) open(path string) { q.ready[path] = new(readyHeap) }

// touched lists the records of an operation, each once. The second account of a swap is another programme's.
func touched(o *store.Operation) []record {
	if o.Kind.Blind() {
		return []record{creditRecord(o.ID)}
	}
	records := []record{accountRecord(o.Account)}
	if o.To != "" && o.To != o.Account && o.Kind != points.KindSwap {
		records = append(records, accountRecord(o.To))
	}
	if o.Shop != "" {
		records = append(records, shopRecord(o.Shop))
	}
	return records
}

// add puts an operation in line, at the place that its arrival gives it.
func (q *queue) add(e *entry) {
	for _, r := range touched(&e.operation) {
		l := q.line(place{r, e.path()})
		at, _ := slices.BinarySearchFunc(l.waiting, e, func(x, y *entry) int { return int(x.operation.Row - y.operation.Row) })
		l.waiting = slices.Insert(l.waiting, at, e)
		q.queueUp(l)
	}
	q.waiting[e.path()]++
}

func (q *queue) line(p place) *line {
	l := q.lines[p]
	if l == nil {
		l = &line{place: p}
		q.lines[p] = l
	}
	return l
}

func (q *queue) queueUp(l *line) {
	if l.queued || q.busy[l.record] > 0 || len(l.waiting) == 0 {
		return
	}
	l.queued, l.turn = true, l.waiting[0].operation.Row
	heap.Push(q.ready[l.path], l)
}

// hold marks the records of operations that are in a batch under way without having been taken: those of a pin from before a restart.
func (q *queue) hold(entries []*entry) {
	for r := range recordsOf(entries) {
		q.busy[r]++
	}
}

// release ends a batch: its accounts and shops can be in another one.
func (q *queue) release(entries []*entry) {
	for r := range recordsOf(entries) {
		if q.busy[r]--; q.busy[r] > 0 {
			continue
		}
		delete(q.busy, r)
		for path := range q.ready {
			q.goOn(place{r, path})
		}
	}
}

// goOn lets the line at a place have its turn, or forgets it when nothing waits there.
func (q *queue) goOn(p place) {
	l := q.lines[p]
	if l == nil {
		return
	}
	q.queueUp(l)
	if len(l.waiting) == 0 {
		delete(q.lines, p)
	}
}

func recordsOf(entries []*entry) map[record]bool {
	records := map[record]bool{}
	for _, e := range entries {
		for _, r := range touched(&e.operation) {
			records[r] = true
		}
	}
	return records
}

// next is when the operation came that a route would take first; false when nothing of it can go now, as far as is known without looking closer.
func (q *queue) next(path string) (row int64, ok bool) {
	if h := *q.ready[path]; len(h) > 0 {
		return h[0].turn, true
	}
	return 0, false
}

// used notes when a mandate that was used on an account lapses.
func (q *queue) used(id points.AccountID, notAfter int64) {
	q.mandates[id] = append(q.mandates[id], notAfter)
}

// taking is a batch being put together.
type taking struct {
	entries  []*entry
	signed   map[points.AccountID]int // Mandates that the batch uses on each account.
	document int
	details  int
	limit    int
}

// take gives the next batch of a route with at most limit operations, in arrival order, and keeps its accounts and shops until release; nil when nothing can go now. now is
// in Unix seconds.
func (q *queue) take(path string, limit int, now int64) []*entry {
	q.wake(now)
	t := &taking{signed: map[points.AccountID]int{}, limit: limit}
	ready := q.ready[path]
	for len(t.entries) < t.limit && ready.Len() > 0 {
		l := heap.Pop(ready).(*line)
		l.queued = false
		if q.busy[l.record] > 0 || q.takeFrom(l, t, now) {
			continue
		}
		q.queueUp(l)
		break // The batch is full.
	}
	q.hold(t.entries)
	q.waiting[path] -= len(t.entries)
	slices.SortFunc(t.entries, func(x, y *entry) int { return int(x.operation.Row - y.operation.Row) })
	return t.entries
}

// takeFrom takes operations from the head of a line for as long as it can; false when the batch is full.
func (q *queue) takeFrom(l *line, t *taking, now int64) bool {
	for len(l.waiting) > 0 {
		e := l.waiting[0]
		if !t.fits(e) {
			return false
		}
		if !q.free(e) {
			return true // The other line brings it when it comes to its turn.
		}
		if e.operation.Custody && q.exhausted(&e.operation, t, now) {
			q.park(&e.operation, now)
			return true
		}
		q.move(e, t)
	}
	return true
}

// free says whether e heads all its lines and none of them is in a batch under way.
func (q *queue) free(e *entry) bool {
	for _, r := range touched(&e.operation) {
		if q.busy[r] > 0 || q.lines[place{r, e.path()}].waiting[0] != e {
			return false
		}
	}
	return true
}

func (t *taking) fits(e *entry) bool {
	limit := t.limit
	if e.cap > 0 {
		limit = min(limit, e.cap)
	}
	return len(t.entries) < limit && t.document+e.documentSize() < maxDocument && t.details+len(e.operation.Details) < maxDetails
}

func (q *queue) move(e *entry, t *taking) {
	t.entries = append(t.entries, e)
	t.document += e.documentSize() + 1
	t.details += len(e.operation.Details) + 1
	if e.cap > 0 {
		t.limit = min(t.limit, e.cap)
	}
	for _, r := range touched(&e.operation) {
		l := q.lines[place{r, e.path()}]
		l.waiting = l.waiting[1:]
		q.queueUp(l)
	}
	if e.operation.Custody {
		t.signed[e.operation.Account]++
	}
}

// exhausted says whether the account that signs has as many live mandates as it can remember.
func (q *queue) exhausted(o *store.Operation, t *taking, now int64) bool {
	if now < q.quietFrom {
		return true
	}
	return len(q.live(o.Account, now))+t.signed[o.Account] >= points.MaxUsedAuthorisations
}

// live forgets the account's mandates that have lapsed and gives the others.
func (q *queue) live(id points.AccountID, now int64) []int64 {
	left := slices.DeleteFunc(q.mandates[id], func(notAfter int64) bool { return notAfter < now })
	if len(left) == 0 {
		delete(q.mandates, id)
		return nil
	}
	q.mandates[id] = left
	return left
}

// park sets the line of the account that signs aside until its earliest mandate has lapsed. When its mandates are all in the batch that is being put together, it goes on
// when that ends.
func (q *queue) park(o *store.Operation, now int64) {
	at := q.quietFrom
	if live := q.live(o.Account, now); len(live) > 0 {
		at = max(at, slices.Min(live)+1)
	}
	if at <= now {
		return
	}
	if q.wakeAt == 0 || at < q.wakeAt {
		q.wakeAt = at
	}
	if l := q.lines[place{accountRecord(o.Account), o.Partner}]; !slices.Contains(q.held, l) {
		q.held = append(q.held, l)
	}
}

// wake puts the lines that were set aside back in line when the first of them can go on.
func (q *queue) wake(now int64) {
	if q.wakeAt != 0 && now >= q.wakeAt {
		q.wakeAt = 0
		held := q.held
		q.held = nil
		for _, l := range held {
			q.queueUp(l)
		}
	}
	if now-q.swept >= sweepEvery {
		q.swept = now
		for id := range q.mandates {
			q.live(id, now)
		}
	}
}

// readyHeap gives the line first whose first operation came first.
type readyHeap []*line

func (h readyHeap) Len() int           { return len(h) }
func (h readyHeap) Less(i, j int) bool { return h[i].turn < h[j].turn }
func (h readyHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *readyHeap) Push(x any)        { *h = append(*h, x.(*line)) }

func (h *readyHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return l
}

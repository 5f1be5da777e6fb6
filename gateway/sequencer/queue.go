package sequencer

import (
	"container/heap"
	"slices"

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
}

func newEntry(o store.Operation) *entry { return &entry{operation: o, done: make(chan struct{})} }

func (e *entry) documentSize() int {
	if e.operation.Custody {
		return len(e.operation.Document) + mandateSize
	}
	return len(e.operation.Document)
}

// queue orders what waits: first come first served on each account, and never one account in two batches under way. It has no lock and no clock of its own.
type queue struct {
	accounts map[points.AccountID]*account
	ready    readyHeap
	waiting  int
	batchMax int

	mandates  map[points.AccountID][]int64 // When custody's live mandates of an account lapse, Unix seconds.
	quietFrom int64                        // Before this second nothing is known of mandates signed before a restart: custody debits wait.
	held      []*account                   // Accounts that wait for a mandate to lapse.
	wakeAt    int64                        // When the first of them can go on, Unix seconds; 0 when none is held.
	swept     int64
}

// account is the line of operations on one account.
type account struct {
	id     points.AccountID
	line   []*entry // In arrival order.
	busy   bool     // In a batch under way.
	queued bool     // In the ready heap.
	turn   int64    // Arrival of the operation for which it was queued.
}

func newQueue(batchMax int, quietFrom int64) *queue {
	return &queue{accounts: map[points.AccountID]*account{}, batchMax: batchMax, mandates: map[points.AccountID][]int64{}, quietFrom: quietFrom}
}

func touched(o *store.Operation) []points.AccountID {
	if o.To == "" || o.To == o.Account {
		return []points.AccountID{o.Account}
	}
	return []points.AccountID{o.Account, o.To}
}

// add puts an operation in line, at the place that its arrival gives it.
func (q *queue) add(e *entry) {
	for _, id := range touched(&e.operation) {
		a := q.account(id)
		at, _ := slices.BinarySearchFunc(a.line, e, func(x, y *entry) int { return int(x.operation.Row - y.operation.Row) })
		a.line = slices.Insert(a.line, at, e)
		q.queueUp(a)
	}
	q.waiting++
}

func (q *queue) account(id points.AccountID) *account {
	a := q.accounts[id]
	if a == nil {
		a = &account{id: id}
		q.accounts[id] = a
	}
	return a
}

func (q *queue) queueUp(a *account) {
	if a.queued || a.busy || len(a.line) == 0 {
		return
	}
	a.queued, a.turn = true, a.line[0].operation.Row
	heap.Push(&q.ready, a)
}

// hold marks the accounts of operations that are in a batch under way without having been taken: those of a pin from before a restart.
func (q *queue) hold(entries []*entry) {
	for _, e := range entries {
		for _, id := range touched(&e.operation) {
			q.account(id).busy = true
		}
	}
}

// release ends a batch: its accounts can be in another one.
func (q *queue) release(entries []*entry) {
	for _, e := range entries {
		for _, id := range touched(&e.operation) {
			a := q.account(id)
			a.busy = false
			q.queueUp(a)
			if len(a.line) == 0 {
				delete(q.accounts, id)
			}
		}
	}
}

// used notes when a mandate that was used on an account lapses.
func (q *queue) used(id points.AccountID, notAfter int64) {
	q.mandates[id] = append(q.mandates[id], notAfter)
}

// taking is a batch being put together.
type taking struct {
	entries  []*entry
	accounts map[*account]int // Mandates that the batch uses on each account.
	document int
	details  int
	limit    int
}

// take gives the next batch, in arrival order, and keeps its accounts until release; nil when nothing can go now. now is in Unix seconds.
func (q *queue) take(now int64) []*entry {
	q.wake(now)
	t := &taking{accounts: map[*account]int{}, limit: q.batchMax}
	for len(t.entries) < t.limit && q.ready.Len() > 0 {
		a := heap.Pop(&q.ready).(*account)
		a.queued = false
		if a.busy || q.takeFrom(a, t, now) {
			continue
		}
		q.queueUp(a)
		break // The batch is full.
	}
	for a := range t.accounts {
		a.busy = true
	}
	q.waiting -= len(t.entries)
	slices.SortFunc(t.entries, func(x, y *entry) int { return int(x.operation.Row - y.operation.Row) })
	return t.entries
}

// takeFrom takes operations from the head of an account's line for as long as it can; false when the batch is full.
func (q *queue) takeFrom(a *account, t *taking, now int64) bool {
	for len(a.line) > 0 {
		e := a.line[0]
		if !t.fits(e) {
			return false
		}
		from, ok := q.free(e)
		if !ok {
			return true // The other account brings it when it comes to its turn.
		}
		if e.operation.Custody && q.exhausted(from, t, now) {
			q.park(from, now)
			return true
		}
		q.move(e, t)
	}
	return true
}

// free says whether e heads the lines of all its accounts and none of them is in a batch under way; it gives the account that is debited.
func (q *queue) free(e *entry) (*account, bool) {
	for _, id := range touched(&e.operation) {
		a := q.accounts[id]
		if a.busy || a.line[0] != e {
			return nil, false
		}
	}
	return q.accounts[e.operation.Account], true
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
	for _, id := range touched(&e.operation) {
		a := q.accounts[id]
		a.line = a.line[1:]
		t.accounts[a] += 0
		q.queueUp(a)
	}
	if e.operation.Custody {
		t.accounts[q.accounts[e.operation.Account]]++
	}
}

// exhausted says whether an account has as many live mandates as it can remember.
func (q *queue) exhausted(a *account, t *taking, now int64) bool {
	if now < q.quietFrom {
		return true
	}
	return len(q.live(a.id, now))+t.accounts[a] >= points.MaxUsedAuthorisations
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

// park sets an account aside until its earliest mandate has lapsed. When its mandates are all in the batch that is being put together, it goes on when that ends.
func (q *queue) park(a *account, now int64) {
	at := q.quietFrom
	if live := q.live(a.id, now); len(live) > 0 {
		at = max(at, slices.Min(live)+1)
	}
	if at <= now {
		return
	}
	if q.wakeAt == 0 || at < q.wakeAt {
		q.wakeAt = at
	}
	if !slices.Contains(q.held, a) {
		q.held = append(q.held, a)
	}
}

// wake puts the accounts that were set aside back in line when the first of them can go on.
func (q *queue) wake(now int64) {
	if q.wakeAt != 0 && now >= q.wakeAt {
		q.wakeAt = 0
		held := q.held
		q.held = nil
		for _, a := range held {
			q.queueUp(a)
		}
	}
	if now-q.swept >= sweepEvery {
		q.swept = now
		for id := range q.mandates {
			q.live(id, now)
		}
	}
}

// readyHeap gives the account first whose first operation came first.
type readyHeap []*account

func (h readyHeap) Len() int           { return len(h) }
func (h readyHeap) Less(i, j int) bool { return h[i].turn < h[j].turn }
func (h readyHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *readyHeap) Push(x any)        { *h = append(*h, x.(*account)) }

func (h *readyHeap) Pop() any {
	last := len(*h) - 1
	a := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return a
}

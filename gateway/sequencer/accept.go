package sequencer

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/tracing"
)

// MaxIntakes bounds one call of AcceptAll.
const MaxIntakes = 1000

// Accept records one operation. When it returns without an error, the operation is durable and will be brought to the ledger, whatever happens to this process.
func (s *Sequencer) Accept(ctx context.Context, in Intake) (Ticket, error) {
	r := s.AcceptAll(ctx, []Intake{in})[0]
	return r.Ticket, r.Err
}

// AcceptAll records many operations with one write to disk, each with its own answer in the same order. Errors: NOT_READY and TOO_LARGE for
// all of them; OVERLOADED and NOT_READY for those of one route, AGREEMENT_MISSING for those with a partner that has no agreement; INVALID_VALUE, OUT_OF_RANGE, TOO_LARGE,
// APPROVAL_MISSING, IDEMPOTENCY_CONFLICT, RECEIPT_NUMBER_CONFLICT and ALREADY_EXISTS for single ones.
func (s *Sequencer) AcceptAll(ctx context.Context, all []Intake) []Result {
	results := make([]Result, len(all))
	if err := s.admits(len(all)); err != nil {
		return failAll(results, err)
	}
	full := s.full(all)
	var places []int
	var good []*prepared
	var records []store.NewOperation
	for i := range all {
		if err := full[partnerOf(&all[i].Operation)]; err != nil {
			results[i].Err = err
			continue
		}
		p, err := s.prepare(ctx, &all[i])
		if err != nil {
			results[i].Err = err
			continue
		}
		places, good, records = append(places, i), append(good, p), append(records, p.record)
	}
	if len(good) == 0 {
		return results
	}
	admissions, err := s.record(ctx, records)
	if err != nil {
		for _, i := range places {
			results[i].Err = err
		}
		return results
	}
	for n, i := range places {
		results[i] = s.answer(good[n], &admissions[n])
	}
	return results
}

// admits says whether n operations may be taken at once.
func (s *Sequencer) admits(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.started(); err != nil {
		return err
	}
	if n > MaxIntakes {
		return fault.New(fault.TooLarge, "at most %d operations are taken at once", MaxIntakes)
	}
	return nil
}

// full says for which routes these are too many: OVERLOADED. A partner that is out of reach fills up its own route only.
func (s *Sequencer) full(all []Intake) map[string]error {
	more := map[string]int{}
	for i := range all {
		more[partnerOf(&all[i].Operation)]++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	full := map[string]error{}
	for path, n := range more {
		if r := s.routes[path]; r != nil && r.live+n > s.settings.Backlog {
			full[path] = fault.New(fault.Overloaded, "%d operations are waiting", r.live)
		}
	}
	return full
}

func failAll(results []Result, err error) []Result {
	for i := range results {
		results[i].Err = err
	}
	return results
}

// record writes the operations and puts the new ones in line. They are in s.live before anybody else can find them in the database.
func (s *Sequencer) record(ctx context.Context, records []store.NewOperation) ([]store.Admission, error) {
	var fresh []*entry
	writing, span := tracing.Start(ctx, tracing.Outbox)
	admissions, err := s.settings.Store.AcceptOperations(writing, s.now().UnixMilli(), records, func(admissions []store.Admission) {
		fresh = s.register(ctx, admissions)
	}, func() { s.unregister(fresh) })
	s.traceOutbox(span, len(records), err)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range fresh {
		s.queue.add(e)
		s.metrics.accepted(e.operation.Kind)
	}
	if len(fresh) > 0 {
		s.wake()
	}
	return admissions, nil
}

func (s *Sequencer) register(ctx context.Context, admissions []store.Admission) []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fresh []*entry
	for i := range admissions {
		if admissions[i].Inserted {
			e := newEntry(admissions[i].Operation)
			s.traceOperation(ctx, e)
			s.keep(e)
			fresh = append(fresh, e)
		}
	}
	return fresh
}

func (s *Sequencer) unregister(entries []*entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		s.forget(e)
		if e.span != nil {
			e.span.End()
		}
	}
}

// answer gives the ticket of an operation that was recorded now or before.
func (s *Sequencer) answer(p *prepared, a *store.Admission) Result {
	if !a.Inserted {
		if err := p.match(a); err != nil {
			return Result{Err: err}
		}
	}
	return Result{Ticket: Ticket{Operation: a.Operation, Duplicate: !a.Inserted, Done: s.done(a)}}
}

// done gives the channel that is closed when the operation is done. One that isn't live was done before.
func (s *Sequencer) done(a *store.Admission) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.live[a.Operation.ID]; ok {
		return e.done
	}
	return alreadyDone
}

var alreadyDone = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

package sequencer

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/store"
)

// What is about another programme's accounts can be passed on to the gateway that sequences that programme, or be recorded here. A till receipt, or a key, must not take both
// ways with two signatures: each serves once on the ledger, and so the customer would pay twice. PassOn notes what is sent before it is; AcceptPassedOn records what was sent and
// not answered, unless it was sent with another signature too. The two exclude each other, so that nothing is sent while it is being decided that it wasn't.

// Find gives what was recorded before under the intake's key or natural id, and whether anything was. Errors are those of AcceptAll.
func (s *Sequencer) Find(ctx context.Context, in *Intake) (Ticket, bool, error) {
	p, err := s.fillIn(ctx, in)
	if err != nil {
		return Ticket{}, false, err
	}
	return s.find(ctx, p)
}

// Sent gives what was recorded before under a caller's key, whatever was asked for by it, and whether anything was. NOT_READY when the database fails.
func (s *Sequencer) Sent(ctx context.Context, caller, key string) (store.Operation, bool, error) {
	earlier, found, err := s.settings.Store.Earlier(ctx, &store.NewOperation{Idempotency: s.hasher.Idempotency(caller, key)})
	return earlier.Operation, found, err
}

func (s *Sequencer) find(ctx context.Context, p *prepared) (Ticket, bool, error) {
	earlier, found, err := s.settings.Store.Earlier(ctx, &p.record)
	if err != nil || !found {
		return Ticket{}, false, err
	}
	r := s.answer(p, &earlier)
	return r.Ticket, r.Err == nil, r.Err
}

// PassOn notes durably that signed intakes are sent to their programme's own gateway. Those that are recorded here already are not to be sent: their results have tickets.
func (s *Sequencer) PassOn(ctx context.Context, all []Intake) []Result {
	results := make([]Result, len(all))
	s.passing.RLock()
	defer s.passing.RUnlock()
	var notes []store.PassedOn
	for i := range all {
		p, err := s.fillIn(ctx, &all[i])
		if err != nil {
			results[i].Err = err
			continue
		}
		var found bool
		if results[i].Ticket, found, results[i].Err = s.find(ctx, p); !found && results[i].Err == nil {
			notes = append(notes, p.passedOn())
		}
	}
	if err := s.settings.Store.NotePassedOn(ctx, s.now().UnixMilli(), notes); err != nil {
		return failAll(results, err)
	}
	return results
}

// AcceptPassedOn is AcceptAll for signed intakes that were passed on and not answered. ISSUER_UNAVAILABLE for what was also sent with another signature: the issuer may have it.
func (s *Sequencer) AcceptPassedOn(ctx context.Context, all []Intake) []Result {
	results := make([]Result, len(all))
	s.passing.Lock()
	defer s.passing.Unlock()
	var places []int
	var good []Intake
	for i := range all {
		if results[i].Err = s.checkPassedOn(ctx, &all[i]); results[i].Err == nil {
			places, good = append(places, i), append(good, all[i])
		}
	}
	if len(good) == 0 {
		return results
	}
	for n, r := range s.AcceptAll(ctx, good) {
		results[places[n]] = r
	}
	return results
}

func (s *Sequencer) checkPassedOn(ctx context.Context, in *Intake) error {
	p, err := s.fillIn(ctx, in)
	if err != nil {
		return err
	}
	otherwise, err := s.settings.Store.PassedOtherwise(ctx, p.passedOn())
	if err == nil && otherwise {
		return fault.New(fault.IssuerUnavailable, "this receipt was sent to the issuer with another signature, and the issuer hasn't said what became of it")
	}
	return err
}

func (p *prepared) passedOn() store.PassedOn {
	n := store.PassedOn{Natural: p.record.Natural, Idempotency: p.record.Idempotency}
	if a := p.operation.Authorisation; a != nil {
		n.Authorisation = a.Mandate.ID
	}
	return n
}

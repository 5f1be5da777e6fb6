package sequencer

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/store"
)

// rounds calls round at once and then every interval, and goes on without a pause while round says that there is more, until the context ends. A failure is logged and
// tried again.
func rounds(ctx context.Context, interval time.Duration, log *slog.Logger, round func(context.Context) (more bool, err error)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		wait := interval
		switch more, err := round(ctx); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			log.Warn("a round of what the gateway does by itself failed and is tried again", "error", err)
		case more:
			wait = 0
		}
		timer.Reset(wait)
	}
}

// errand is an operation that the gateway wants done by itself. Its key is the same for as long as the same is to be done, so that it is done once, also across a restart.
type errand struct {
	key       string
	operation points.Operation
}

// errands hands a sequencer what is to be done, and remembers what was done in vain.
type errands struct {
	sequencer *Sequencer
	caller    string // Owns the idempotency keys: no API key has such a name.
	log       *slog.Logger
	vain      map[string]bool // Keys of what is still to be done though it was decided; looked at anew in every round.
}

// run hands over up to limit errands that weren't done in vain, waits until the ledger has decided them and says whether there were as many.
func (e *errands) run(ctx context.Context, all []errand, limit int) (more bool, err error) {
	tickets, err := e.hand(ctx, e.choose(all, limit))
	for _, t := range tickets {
		select {
		case <-t.Done:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return len(tickets) == limit, err
}

func (e *errands) choose(all []errand, limit int) []errand {
	chosen, vain := make([]errand, 0, min(len(all), limit)), map[string]bool{}
	for _, one := range all {
		switch {
		case e.vain[one.key]:
			vain[one.key] = true
		case len(chosen) < limit:
			chosen = append(chosen, one)
		}
	}
	e.vain = vain
	return chosen
}

// hand gives the sequencer the errands and returns the tickets of those that aren't decided yet.
func (e *errands) hand(ctx context.Context, chosen []errand) (tickets []Ticket, failed error) {
	if len(chosen) == 0 {
		return nil, nil
	}
	intakes := make([]Intake, len(chosen))
	for i, one := range chosen {
		intakes[i] = Intake{Caller: e.caller, IdempotencyKey: one.key, RequestHash: sha256.Sum256([]byte(one.key)), Operation: one.operation}
	}
	for i, r := range e.sequencer.AcceptAll(ctx, intakes) {
		switch {
		case r.Err != nil:
			failed = r.Err
		case r.Ticket.Operation.Status == store.Done:
			e.inVain(chosen[i], r.Ticket.Operation.Code)
		default:
			tickets = append(tickets, r.Ticket)
		}
	}
	e.sequencer.metrics.errands(e.caller, len(tickets))
	return tickets, failed
}

// inVain notes that something is still to be done though it was decided: doing it again would change nothing.
func (e *errands) inVain(one errand, code fault.Code) {
	e.vain[one.key] = true
	e.log.Warn("something is still to be done though the ledger has decided it", "programme", e.sequencer.settings.Programme, "account", one.operation.Account,
		"kind", one.operation.Kind, "code", code)
}

// retrySeconds is how long something that was done in vain isn't tried again.
const retrySeconds = 3600

// period tells the times apart at which something can be tried that was done in vain before.
func (e *errands) period() int64 { return e.sequencer.now().Unix() / retrySeconds }

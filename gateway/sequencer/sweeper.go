package sequencer

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/store"
)

// Dues lists accounts of a programme on which points are gone by a business date, or a hold lapses by a time in Unix seconds: store.Reads. 0 asks for neither kind.
type Dues interface {
	Due(ctx context.Context, programme string, day quantity.Day, now int64, limit int) ([]points.AccountID, error)
}

// Sweeper has what is due expired on accounts that nobody touches. It works in rounds of a bounded number of accounts, each begun only when the one before is on the
// ledger and the tills leave room for it.
type Sweeper struct {
	Programme  string
	Programmes Programmes
	Dues       Dues
	Sequencer  *Sequencer
	Settings   config.Sweep
	Log        *slog.Logger

	left map[task]bool // What stayed due though it was swept; looked at anew in every round.
}

// task is an account to be swept. Its key is the same for as long as the same is due on it, so that it is swept once for that, also across a restart.
type task struct {
	account points.AccountID
	key     string
}

// sweepCaller owns the sweep's idempotency keys: no API key has such a name.
const sweepCaller = "gateway/sweep"

// lapseSeconds tells the lapses of an account's holds apart: what lapses in the same period of so many seconds is swept once, or else in the next one.
const lapseSeconds = 10

// Run looks at once and then every Interval what is due, and goes on without a pause while there is more than a round of it, until the context ends. A failure is logged
// and tried again.
func (s *Sweeper) Run(ctx context.Context) error {
	return rounds(ctx, s.Settings.Interval, s.Log.With("programme", s.Programme, "what", "sweep"), func(ctx context.Context) (bool, error) {
		swept, err := s.round(ctx)
		return swept == s.Settings.Outstanding, err
	})
}

// round sweeps up to Outstanding accounts and waits until they are decided; it says how many they were. While the tills are busy it sweeps none.
func (s *Sweeper) round(ctx context.Context) (int, error) {
	metrics := s.Sequencer.metrics
	if s.Sequencer.Ready() != nil || s.Sequencer.backlogOf(home) > s.Settings.Backlog {
		metrics.sweepPostponedTotal.Inc()
		return 0, nil
	}
	tasks, err := s.due(ctx)
	if err != nil || len(tasks) == 0 {
		return 0, err
	}
	tickets, err := s.hand(ctx, tasks)
	metrics.sweepOutstanding.Set(float64(len(tickets)))
	defer metrics.sweepOutstanding.Set(0)
	for _, t := range tickets {
		select {
		case <-t.Done:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return len(tickets), err
}

// due lists what is to be swept, Outstanding accounts at most: first those that the business date has come to, then those whose holds' time is over.
func (s *Sweeper) due(ctx context.Context) ([]task, error) {
	programme, err := s.Programmes.Programme(ctx, s.Programme)
	if err != nil {
		return nil, err
	}
	limit := min(s.Settings.Outstanding+len(s.left), store.MaxDue)
	dated, err := s.Dues.Due(ctx, s.Programme, programme.BusinessDate, 0, limit)
	if err != nil {
		return nil, err
	}
	now := s.Sequencer.now().Unix()
	lapsed, err := s.Dues.Due(ctx, s.Programme, 0, now, limit)
	if err != nil {
		return nil, err
	}
	var all []task
	for _, id := range dated {
		all = append(all, task{id, "date/" + programme.BusinessDate.String()})
	}
	for _, id := range lapsed {
		all = append(all, task{id, "hold/" + strconv.FormatInt(now/lapseSeconds, 10)})
	}
	return s.choose(all), nil
}

// choose leaves out what was swept in vain and takes each account once.
func (s *Sweeper) choose(all []task) []task {
	chosen, seen, left := make([]task, 0, s.Settings.Outstanding), map[points.AccountID]bool{}, map[task]bool{}
	for _, t := range all {
		switch {
		case s.left[t]:
			left[t] = true
		case !seen[t.account] && len(chosen) < s.Settings.Outstanding:
			seen[t.account] = true
			chosen = append(chosen, t)
		}
	}
	s.left = left
	s.Sequencer.metrics.sweepLeft.Set(float64(len(left)))
	return chosen
}

// hand gives the sequencer the expiry of what is due, and returns the tickets of what isn't decided yet.
func (s *Sweeper) hand(ctx context.Context, tasks []task) ([]Ticket, error) {
	intakes := make([]Intake, len(tasks))
	for i, t := range tasks {
		key := string(t.account) + "/" + t.key
		intakes[i] = Intake{
			Caller: sweepCaller, IdempotencyKey: key, RequestHash: sha256.Sum256([]byte(key)),
			Operation: points.Operation{Kind: points.KindExpire, Account: t.account},
		}
	}
	var tickets []Ticket
	var failed error
	for i, r := range s.Sequencer.AcceptAll(ctx, intakes) {
		switch {
		case r.Err != nil:
			failed = r.Err
		case r.Ticket.Operation.Status == store.Done:
			s.leave(tasks[i], r.Ticket.Operation.Code)
		default:
			tickets = append(tickets, r.Ticket)
		}
	}
	s.Sequencer.metrics.sweepTotal.Add(float64(len(tickets)))
	return tickets, failed
}

// leave notes that something stays due on an account though it was swept: sweeping it again would change nothing.
func (s *Sweeper) leave(t task, code fault.Code) {
	s.left[t] = true
	s.Log.Warn("something stays due on an account that was swept", "programme", s.Programme, "account", t.account, "due", t.key, "code", code)
}

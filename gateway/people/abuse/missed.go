package abuse

import (
	"context"
	"database/sql"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
	"github.com/tallystick/tallystick/gateway/store"
)

// A process that is killed takes along what it counted and hadn't written down yet. What it recorded stands in the outbox, from which a new process counts it for its account and
// its terminal. Of devices the outbox knows nothing, and of what was refused neither.

// Outbox has what the gateway has recorded: store.Store.
type Outbox interface {
	RecordedSince(ctx context.Context, programme string, kinds []points.Kind, since int64, each func(*store.Operation) error) error
}

// How far behind the last attempt that was written down an operation may have been recorded that wasn't, in seconds: attempts are written in the order in which they were counted,
// and are recorded within the time of one call. And how many are written at once.
const (
	missedSlack  = 60
	missedAtOnce = 5000
)

// countMissed counts what was recorded and isn't written down as counted, and writes it down.
func (v *Service) countMissed(ctx context.Context) error {
	if v.s.Outbox == nil || len(v.s.Rules.Velocity) == 0 {
		return nil
	}
	since, known, err := v.written(ctx)
	if err != nil {
		return err
	}
	var missed []Counted
	err = v.s.Outbox.RecordedSince(ctx, v.s.Programme, v.kinds(), since*1000, func(o *store.Operation) error {
		c, err := v.countedOf(o)
		if err != nil || c.Keys.Request == 0 || known[c.Keys.Request] { // Without a key it is the gateway's own, and nobody's attempt.
			return err
		}
		v.Recount(&c)
		missed = append(missed, c)
		if len(missed) < missedAtOnce {
			return nil
		}
		err = v.writeMissed(ctx, missed)
		missed = missed[:0]
		return err
	})
	if err != nil {
		return err
	}
	return v.writeMissed(ctx, missed)
}

// written gives the time from which on recorded operations may be missing among the attempts that are written down, Unix seconds, and the requests of those that aren't.
func (v *Service) written(ctx context.Context) (since int64, known map[uint64]bool, err error) {
	var last, foreign sql.NullInt64
	const q = `SELECT MAX(at) FILTER (WHERE key <> 0), MAX(at) FILTER (WHERE form <> ?) FROM abuse_counted`
	if err := v.s.DB.Reader().QueryRowContext(ctx, q, keyForm).Scan(&last, &foreign); err != nil {
		return 0, nil, sqlite.Failed(err)
	}
	since = max(last.Int64-missedSlack, v.now()-v.reach())
	if foreign.Valid { // What was recorded with these can't be known again, so that it would be counted twice.
		since = max(since, foreign.Int64+missedSlack)
	}
	known = map[uint64]bool{}
	rows, err := v.s.DB.Reader().QueryContext(ctx, `SELECT key FROM abuse_counted WHERE key <> 0 AND at > ?`, since-missedSlack)
	err = sqlite.Each(rows, err, func(row *sql.Rows) error {
		var key int64
		err := row.Scan(&key)
		known[uint64(key)] = true
		return sqlite.Failed(err)
	})
	return since, known, err
}

// countedOf is a recorded operation as it was counted.
func (v *Service) countedOf(recorded *store.Operation) (c Counted, err error) {
	var o points.Operation
	if err := wire.DecodeRecord(recorded.Document, &o); err != nil {
		return c, err
	}
	var d points.Details
	if err := wire.DecodeRecord(recorded.Details, &d); err != nil {
		return c, err
	}
	a := Attempt{Account: o.Account, Kind: o.Kind, Points: o.Points}
	mandate := ""
	if o.Authorisation != nil {
		mandate = o.Authorisation.Mandate.ID
	}
	c = Counted{
		Kind: o.Kind, Points: o.Points, At: recorded.AcceptedAt / 1000, Keys: a.KeysOf(recorded.Idempotency, recorded.Natural, mandate), Terminal: v.s.Terminal(&d),
	}
	c.Account, _ = idOf(o.Account)
	return c, nil
}

func (v *Service) writeMissed(ctx context.Context, missed []Counted) error {
	if len(missed) == 0 {
		return nil
	}
	v.s.Log.Info("operations that were recorded are counted now", "operations", len(missed))
	return v.s.DB.Write(ctx, func(tx *sqlite.Tx) error {
		for i := range missed {
			if err := writeCounted(tx, &missed[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

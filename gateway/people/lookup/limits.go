package lookup

import (
	"context"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// scope is what attempts are counted by.
type scope string

const (
	byPartner    scope = "partner"
	byTill       scope = "till"
	byIdentifier scope = "identifier" // Whoever asks, and whether or not anybody has it.
)

// limit bounds attempts of one scope in a window of the clock.
type limit struct {
	scope  scope
	window time.Duration
	most   int64
}

// The limits. A till serves a customer in some seconds; an identifier is asked for again only when a message got lost, and its owner is spared the others. What one
// partner may ask in a day bounds what it could learn by guessing codes: five guesses of a million each.
var limits = []limit{
	{byPartner, time.Minute, 600},
	{byPartner, 24 * time.Hour, 100_000},
	{byTill, time.Minute, 20},
	{byTill, 24 * time.Hour, 2_000},
	{byIdentifier, time.Hour, 3},
	{byIdentifier, 24 * time.Hour, 6},
}

// counted are the names by which one attempt is counted; an empty one isn't.
type counted map[scope]string

// count takes one attempt into account in a transaction of its own, so that it counts whatever becomes of it; ATTEMPTS_LIMITED when a limit is reached.
func (d *Desk) count(ctx context.Context, names counted) error {
	now := d.now()
	return d.db.Write(ctx, func(tx *sqlite.Tx) error {
		for _, l := range limits {
			if names[l.scope] == "" {
				continue
			}
			if err := l.count(tx, names[l.scope], now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *limit) count(tx *sqlite.Tx, name string, now time.Time) error {
	start := now.Truncate(l.window)
	bucket := hashOf(string(l.scope), strconv.FormatInt(int64(l.window/time.Second), 10), name)
	var n int64
	if _, err := tx.QueryRow("SELECT n FROM lookup_attempts WHERE bucket = ? AND start = ?", []any{bucket, start.UnixMilli()}, &n); err != nil {
		return err
	}
	if n >= l.most {
		return fault.New(fault.AttemptsLimited, "no more than %d attempts by one %s in %s: try again at %s", l.most, l.scope, l.window, start.Add(l.window).UTC().Format(time.RFC3339))
	}
	_, err := tx.Exec(`INSERT INTO lookup_attempts (bucket, start, until, n) VALUES (?, ?, ?, 1)
		ON CONFLICT (bucket, start) DO UPDATE SET n = n + 1`, bucket, start.UnixMilli(), start.Add(l.window).UnixMilli())
	return err
}

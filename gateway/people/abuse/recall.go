package abuse

import (
	"context"
	"database/sql"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// What velocity rules count is written down as it was counted, attempt by attempt and not rule by rule, so that a new process counts the same under whatever rules it has.

// forgetEvery is how often, in seconds, counts are forgotten that no window reaches any more; forgetAtOnce is how many of them go with one write.
const (
	forgetEvery  = 600
	forgetAtOnce = 5000
)

// Load recalls what accounts, devices and terminals did before this process: call it before the first attempt. It reads as many rows as attempts were counted within the longest
// window of the rules, and as many of the outbox as were recorded since the last one of those.
func (v *Service) Load(ctx context.Context) error {
	for _, load := range []func(context.Context) error{v.loadDevices, v.loadControllers, v.loadCounted, v.countMissed} {
		if err := load(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (v *Service) loadDevices(ctx context.Context) error {
	rows, err := v.s.DB.Reader().QueryContext(ctx, `SELECT account, device, first_at, last_at FROM abuse_devices ORDER BY first_at`)
	return sqlite.Each(rows, err, func(row *sql.Rows) error {
		var account points.AccountID
		var raw []byte
		var device Known
		if err := row.Scan(&account, &raw, &device.First, &device.Last); err != nil {
			return sqlite.Failed(err)
		}
		copy(device.Device[:], raw)
		v.Knows(account, device)
		return nil
	})
}

func (v *Service) loadControllers(ctx context.Context) error {
	since := v.now() - int64(v.s.Rules.NewController.For/time.Second)
	rows, err := v.s.DB.Reader().QueryContext(ctx, `SELECT account, at FROM abuse_controllers WHERE at > ?`, since)
	return sqlite.Each(rows, err, func(row *sql.Rows) error {
		var account points.AccountID
		var at int64
		if err := row.Scan(&account, &at); err != nil {
			return sqlite.Failed(err)
		}
		v.Changed(account, at)
		return nil
	})
}

func (v *Service) loadCounted(ctx context.Context) error {
	rows, err := v.s.DB.Reader().QueryContext(ctx, `SELECT at, kind, points, key, receipt, mandate, account, device, terminal FROM abuse_counted WHERE at > ? ORDER BY n`, v.now()-v.reach())
	return sqlite.Each(rows, err, func(row *sql.Rows) error {
		var c Counted
		var request, receipt, mandate int64
		var account, device, terminal sql.RawBytes
		if err := row.Scan(&c.At, &c.Kind, &c.Points, &request, &receipt, &mandate, &account, &device, &terminal); err != nil {
			return sqlite.Failed(err)
		}
		c.Keys = Keys{uint64(request), uint64(receipt), uint64(mandate)}
		copy(c.Account[:], account)
		copy(c.Device[:], device)
		copy(c.Terminal[:], terminal)
		v.Recount(&c)
		return nil
	})
}

// writeCounted writes what was counted, for the subjects for which it was.
func writeCounted(tx *sqlite.Tx, c *Counted) error {
	_, err := tx.Exec(`INSERT INTO abuse_counted (form, at, kind, points, key, receipt, mandate, account, device, terminal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		keyForm, c.At, string(c.Kind), int64(c.Points), int64(c.Keys.Request), int64(c.Keys.Receipt), int64(c.Keys.Mandate), subjectOrNull(c.Account), subjectOrNull(c.Device), subjectOrNull(c.Terminal))
	return err
}

func subjectOrNull(id [16]byte) any {
	if id == [16]byte{} {
		return nil
	}
	return id[:]
}

// forget deletes counts that no window reaches any more. They stand in the order in which they came, but for clocks that were set back: it ends at the first ones that are still
// needed.
func (v *Service) forget(ctx context.Context) error {
	now := v.now()
	if now < v.forgotten+forgetEvery {
		return nil
	}
	for {
		var gone int64
		err := v.s.DB.Write(ctx, func(tx *sqlite.Tx) (err error) {
			gone, err = tx.Change(`DELETE FROM abuse_counted WHERE n < (SELECT MIN(n) FROM abuse_counted) + ? AND at <= ?`, forgetAtOnce, now-v.reach())
			return err
		})
		if err != nil {
			return sqlite.Failed(err)
		}
		if gone < forgetAtOnce {
			v.forgotten = now
			return nil
		}
	}
}

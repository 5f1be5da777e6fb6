package lookup

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Code gives a customer's wallet a fresh identification code of the account, and when it lapses; NOT_FOUND without an account, ATTEMPTS_LIMITED when too many are alive. Earlier ones stay good until
// they lapse: one may be before a scanner just now.
func (d *Desk) Code(ctx context.Context, person string) (code string, ends time.Time, err error) {
	h, err := d.people.Of(ctx, person)
	if err != nil {
		return "", time.Time{}, err
	}
	now := d.now()
	ends = now.Add(CodeSeconds * time.Second)
	code, hash := newCode(d.programme)
	err = d.db.Write(ctx, func(tx *sqlite.Tx) error {
		var live int
		if _, err := tx.QueryRow("SELECT COUNT(*) FROM identification_codes WHERE account = ? AND until > ?", []any{string(h.Account), now.UnixMilli()}, &live); err != nil {
			return err
		}
		if live >= maxLiveCodes {
			return fault.New(fault.AttemptsLimited, "%d identification codes of the account are alive: wait until one has lapsed", live)
		}
		_, err := tx.Exec("INSERT INTO identification_codes (hash, person, account, until) VALUES (?, ?, ?, ?)", hash, h.Person, string(h.Account), ends.UnixMilli())
		return err
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return code, ends, nil
}

// Identify gives the account that a code stands for, once. CODE_UNKNOWN when there is no such code, when it was used, and when it has lapsed: which, nobody is told.
// ATTEMPTS_LIMITED when the partner or the till asks too often.
func (d *Desk) Identify(ctx context.Context, by Asker, code string) (points.AccountID, error) {
	if err := by.validate(); err != nil {
		return "", err
	}
	programme, secret, err := parse(code)
	if err != nil {
		return "", err
	}
	if err := d.count(ctx, counted{byPartner: by.Partner, byTill: by.till()}); err != nil {
		return "", err
	}
	h, err := d.useUp(ctx, hashOf(programme, secret))
	if err != nil {
		return "", err
	}
	if err := d.people.Told(ctx, h, by); err != nil {
		return "", err
	}
	return h.Account, nil
}

// useUp takes a code out of the database; the delete finds the row or not in one step, so that of two tills with one code one is served.
func (d *Desk) useUp(ctx context.Context, hash string) (h Holder, err error) {
	now := d.now().UnixMilli()
	err = d.db.Write(ctx, func(tx *sqlite.Tx) error {
		found, err := tx.QueryRow("DELETE FROM identification_codes WHERE hash = ? AND until > ? RETURNING person, account", []any{hash, now}, &h.Person, &h.Account)
		if err == nil && !found {
			return fault.New(fault.CodeUnknown, "the customer's wallet shows a fresh code every %d seconds", CodeSeconds)
		}
		return err
	})
	return h, err
}

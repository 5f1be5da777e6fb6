package store

import (
	"context"
	"database/sql"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

// granted finds by index the consents to one grantee that are granted, and leaves out those whose time hasn't begun or is over.
const granted = `SELECT r.body FROM consents c CROSS JOIN records r ON r.programme = c.programme AND r.object = 'consent' AND r.id = c.id
	WHERE c.programme = ? AND c.grantee = ? AND c.status = 'GRANTED' AND c.id > ? AND c.starts <= ? AND c.ends > ? ORDER BY c.id LIMIT ?`

// SharedWith returns up to limit (1 to MaxPage) consents of a programme's customers to a grantee that are in force at a time (Unix seconds), ordered by id, from behind the id
// after; from the first when it is empty.
func (r *Reads) SharedWith(ctx context.Context, programme, grantee string, now int64, after privacy.ConsentID, limit int) ([]privacy.Consent, error) {
	if limit < 1 || limit > MaxPage {
		return nil, fault.New(fault.InvalidValue, "a page has 1 to %d entries", MaxPage)
	}
	rows, err := r.db.QueryContext(ctx, granted, programme, grantee, string(after), now, now, limit)
	return bodies[privacy.Consent](rows, err)
}

// ConsentSum counts the consents of a programme's customers to one grantee that have one status.
type ConsentSum struct {
	Grantee string
	Status  privacy.Status
	Count   int
	InForce int // Of those granted: begun, and not over at the time that is asked about.
	Overdue int // Of those granted: over by then.
}

const consentSums = `SELECT grantee, status, COUNT(*), SUM(status = 'GRANTED' AND starts <= ? AND ends > ?), SUM(status = 'GRANTED' AND ends <= ?) FROM consents
	WHERE programme = ? GROUP BY grantee, status ORDER BY 1, 2`

// ConsentSums counts a programme's consents as of a time (Unix seconds), ordered by grantee and status.
func (p *Picture) ConsentSums(ctx context.Context, programme string, at int64) (list []ConsentSum, err error) {
	err = p.each(ctx, func(rows *sql.Rows) error {
		var s ConsentSum
		if err := rows.Scan(&s.Grantee, &s.Status, &s.Count, &s.InForce, &s.Overdue); err != nil {
			return storeError(err)
		}
		list = append(list, s)
		return nil
	}, consentSums, at, at, at, programme)
	return list, err
}

// OverdueConsent is one that is granted although its time is over.
type OverdueConsent struct {
	ID    privacy.ConsentID
	Until int64 // Unix seconds.
}

// OverdueConsents lists up to limit consents of a programme that are granted although they were over at a time (Unix seconds), those that ended first, first.
func (p *Picture) OverdueConsents(ctx context.Context, programme string, at int64, limit int) (list []OverdueConsent, err error) {
	err = p.each(ctx, func(rows *sql.Rows) error {
		var o OverdueConsent
		if err := rows.Scan(&o.ID, &o.Until); err != nil {
			return storeError(err)
		}
		list = append(list, o)
		return nil
	}, overdueConsents, programme, at, limit)
	return list, err
}

const overdueConsents = `SELECT id, ends FROM consents WHERE programme = ? AND status = 'GRANTED' AND ends <= ? ORDER BY ends, id LIMIT ?`

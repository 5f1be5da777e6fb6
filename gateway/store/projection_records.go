package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/privacy"
)

func projectProgrammes(tx *Tx, c Changes) error {
	for programme, body := range c.Programmes {
		if _, err := tx.Exec(`INSERT INTO programmes (programme, body) VALUES (?, ?)
			ON CONFLICT (programme) DO UPDATE SET body = excluded.body`, programme, body); err != nil {
			return err
		}
	}
	return nil
}

func projectLanes(tx *Tx, c Changes) error {
	for lane, body := range c.Lanes {
		if _, err := tx.Exec(`INSERT INTO lanes (programme, msp, n, body) VALUES (?, ?, ?, ?)
			ON CONFLICT (programme, msp, n) DO UPDATE SET body = excluded.body`, lane.Programme, lane.MSP, lane.N, body); err != nil {
			return err
		}
	}
	return nil
}

func projectRecords(tx *Tx, c Changes) error {
	for ref, body := range c.Records {
		if ref.Object == consentObject {
			if err := projectConsent(tx, ref, body); err != nil {
				return err
			}
		}
		if body == nil {
			if _, err := tx.Exec(`DELETE FROM records WHERE programme = ? AND object = ? AND id = ?`, ref.Programme, ref.Object, ref.ID); err != nil {
				return err
			}
			continue
		}
		if _, err := tx.Exec(`INSERT INTO records (programme, object, id, body) VALUES (?, ?, ?, ?)
			ON CONFLICT (programme, object, id) DO UPDATE SET body = excluded.body`, ref.Programme, ref.Object, ref.ID, body); err != nil {
			return err
		}
	}
	return nil
}

// consentObject is the object of consents in the ledger's keys.
const consentObject = "consent"

// projectConsent keeps what a consent is looked for by.
func projectConsent(tx *Tx, ref RecordRef, body []byte) error {
	if body == nil {
		_, err := tx.Exec(`DELETE FROM consents WHERE programme = ? AND id = ?`, ref.Programme, ref.ID)
		return err
	}
	var c privacy.Consent
	if err := decodeRow(body, &c); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO consents (programme, grantee, id, status, starts, ends) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (programme, grantee, id) DO UPDATE SET status = excluded.status, starts = excluded.starts, ends = excluded.ends`,
		ref.Programme, c.Grantee, ref.ID, string(c.Status), c.From, c.Until)
	return err
}

// projectAccounts writes one row at a time, ordered by key: an upsert of many rows may abort halfway, so that SQLite copies each page before it changes it;
// measured, that costs six times as much.
func projectAccounts(tx *Tx, c Changes) error {
	refs := slices.SortedFunc(maps.Keys(c.Accounts), func(a, b AccountRef) int {
		return cmp.Or(strings.Compare(a.Programme, b.Programme), strings.Compare(string(a.ID), string(b.ID)))
	})
	held := holdings{}
	for _, ref := range refs {
		a := c.Accounts[ref]
		if err := held.replace(tx, ref, &a); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO accounts (programme, id, posted, held, debt, total, due_day, due_at, refundable, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (programme, id) DO UPDATE SET posted = excluded.posted, held = excluded.held, debt = excluded.debt, total = excluded.total, due_day = excluded.due_day,
			due_at = excluded.due_at, refundable = excluded.refundable, body = excluded.body`,
			ref.Programme, string(ref.ID), int64(a.Posted), int64(a.Held), int64(a.Debt), int64(a.Posted+a.Debt), int64(a.DueDay), a.DueAt, int64(a.Refundable), a.Body); err != nil {
			return err
		}
	}
	return held.write(tx)
}

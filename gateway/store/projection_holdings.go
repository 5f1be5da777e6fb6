package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

// holdings are changes of what lies in all accounts together.
type holdings map[holdingAt]quantity.Points

type holdingAt struct {
	programme string
	bookkeeping.Lying
}

// heldRecord is what holdings need of a points.Account: taking the whole apart costs more.
type heldRecord struct {
	Active   quantity.Day `json:"active"`
	Lots     []lots.Lot   `json:"lots"`
	Suspense []lots.Lot   `json:"suspense"`
	Holds    []struct {
		Lots []lots.Lot `json:"lots"`
	} `json:"holds"`
}

// lotsOf takes out of an account's record what holdings need.
func lotsOf(body []byte) (*points.Account, error) {
	var record heldRecord
	if err := json.Unmarshal(body, &record); err != nil {
		return nil, fault.New(fault.Internal, "an account's record can't be read")
	}
	a := &points.Account{Active: record.Active, Lots: record.Lots, Suspense: record.Suspense}
	for _, hold := range record.Holds {
		a.Holds = append(a.Holds, points.Hold{Lots: hold.Lots})
	}
	return a, nil
}

// note takes an account's lots in, or out with the sign -1.
func (h holdings) note(programme string, a *points.Account, sign quantity.Points) error {
	return bookkeeping.Lie(a, func(at bookkeeping.Lying, n quantity.Points) error {
		key := holdingAt{programme, at}
		sum, err := h[key].Add(n * sign)
		h[key] = sum
		return err
	})
}

// replace takes out what the database has of an account, and takes in what the ledger has now.
func (h holdings) replace(tx *Tx, ref AccountRef, row *AccountRow) (err error) {
	var before []byte
	found, err := tx.QueryRow(`SELECT body FROM accounts WHERE programme = ? AND id = ?`, []any{ref.Programme, string(ref.ID)}, &before)
	if err != nil {
		return err
	}
	if found {
		old, err := lotsOf(before)
		if err != nil {
			return err
		}
		if err := h.note(ref.Programme, old, -1); err != nil {
			return err
		}
	}
	now := row.Lots
	if now == nil {
		if now, err = lotsOf(row.Body); err != nil {
			return err
		}
	}
	return h.note(ref.Programme, now, 1)
}

// write adds the changes, ordered by key for the reason that projectAccounts has, and deletes what is empty.
func (h holdings) write(tx *Tx) error {
	touched := map[string]bool{}
	for _, at := range slices.SortedFunc(maps.Keys(h), byLying) {
		n := h[at]
		if n == 0 {
			continue
		}
		touched[at.programme] = touched[at.programme] || n < 0
		if _, err := tx.Exec(`INSERT INTO holdings (programme, place, spendable_from, expiry, terms, funding, active, points) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (programme, place, spendable_from, expiry, terms, funding, active) DO UPDATE SET points = points + excluded.points`,
			at.programme, string(at.Place), int64(at.From), int64(at.Expiry), at.Terms, at.Funding, int64(at.Active), int64(n)); err != nil {
			return err
		}
	}
	for programme, less := range touched {
		if !less {
			continue
		}
		if _, err := tx.Exec(`DELETE FROM holdings WHERE programme = ? AND points = 0`, programme); err != nil {
			return err
		}
	}
	return nil
}

func byLying(a, b holdingAt) int {
	return cmp.Or(strings.Compare(a.programme, b.programme), cmp.Compare(a.Place, b.Place), cmp.Compare(a.From, b.From), cmp.Compare(a.Expiry, b.Expiry), cmp.Compare(a.Terms, b.Terms),
		strings.Compare(a.Funding, b.Funding), cmp.Compare(a.Active, b.Active))
}

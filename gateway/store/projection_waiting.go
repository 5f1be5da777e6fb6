package store

import (
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// InboxRef names a credit that waits for an account.
type InboxRef struct {
	Programme string
	Account   points.AccountID
	Place     points.InboxPlace
}

// InboxRow is a credit that waits, as the ledger has it.
type InboxRow struct {
	Partner string
	Points  quantity.Points
	Block   uint64 // In which it came.
	Body    []byte // points.InboxEntry.
}

// Reservation is what a hold at a partner keeps of the pair's limits.
type Reservation struct {
	Hold    points.OperationID
	Account points.AccountID
	Partner string
	Points  quantity.Points // Left in the hold.
	Single  bool            // The first capture ends it.
	Until   int64           // Unix seconds at which the hold lapses.
}

// ReservationChange is what a receipt tells of a reservation: it was made, some of it was captured, it ended with its hold, or the hold was found to be gone.
type ReservationChange struct {
	Hold     points.OperationID
	Made     *Reservation    // Nil unless it was made.
	Captured quantity.Points // 0 unless so much of it was.
	Ended    bool
	LapsedAt int64 // When the hold was found to be gone, Unix seconds: that ends a reservation whose time is over. 0 unless it was.
}

func projectInbox(tx *Tx, c Changes) error {
	for ref, row := range c.Inbox {
		p := ref.Place
		var err error
		if row == nil {
			_, err = tx.Exec(`DELETE FROM inbox WHERE programme = ? AND account = ? AND msp = ? AND lane = ? AND seq = ? AND n = ?`,
				ref.Programme, string(ref.Account), p.MSP, p.Lane, p.Seq, p.N)
		} else {
			_, err = tx.Exec(`INSERT INTO inbox (programme, account, msp, lane, seq, n, partner, points, block, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (programme, account, msp, lane, seq, n) DO NOTHING`,
				ref.Programme, string(ref.Account), p.MSP, p.Lane, p.Seq, p.N, row.Partner, int64(row.Points), int64(row.Block), row.Body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// projectReservations follows the receipts. Blocks up to the one where the tables stand are left out, since taking what was captured off a second time would be wrong.
func projectReservations(tx *Tx, c Changes, standing int64) error {
	for i := range c.Batches {
		b := &c.Batches[i]
		if int64(b.Block) <= standing {
			continue
		}
		for n := range b.Reservations {
			if err := projectReservation(tx, b.Programme, &b.Reservations[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

func projectReservation(tx *Tx, programme string, change *ReservationChange) error {
	if made := change.Made; made != nil {
		_, err := tx.Exec(`INSERT INTO reservations (programme, hold, account, partner, points, single, until) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (programme, hold) DO NOTHING`,
			programme, string(change.Hold), string(made.Account), made.Partner, int64(made.Points), made.Single, made.Until)
		return err
	}
	if _, err := tx.Exec(`UPDATE reservations SET points = points - ? WHERE programme = ? AND hold = ?`, int64(change.Captured), programme, string(change.Hold)); err != nil {
		return err
	}
	captured := change.Captured > 0
	_, err := tx.Exec(`DELETE FROM reservations WHERE programme = ? AND hold = ? AND (? OR until <= ? OR ? AND (single OR points <= 0))`,
		programme, string(change.Hold), change.Ended, change.LapsedAt, captured)
	return err
}

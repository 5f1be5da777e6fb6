package projection

import (
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// inboxAttributes is how many attributes the key of a credit that waits has: account, msp, lane, seq, n.
const inboxAttributes = 5

// addWaiting takes in a credit that waits, or that one was folded.
func (e *effects) addWaiting(block uint64, programme string, attributes []string, w blocks.Write) error {
	ref, err := inboxRef(programme, attributes)
	if err != nil {
		return err
	}
	if w.Delete {
		e.changes.Inbox[ref] = nil
		return nil
	}
	var entry points.InboxEntry
	if err := json.Unmarshal(w.Value, &entry); err != nil {
		return fault.New(fault.BlockInvalid, "a credit that waits can't be read")
	}
	sum, err := lots.Sum(entry.Lots)
	if err != nil {
		return fault.New(fault.BlockInvalid, "a credit that waits can't be counted")
	}
	e.changes.Inbox[ref] = &store.InboxRow{Partner: entry.Partner, Points: sum, Block: block, Body: w.Value}
	return nil
}

func inboxRef(programme string, attributes []string) (store.InboxRef, error) {
	if len(attributes) != inboxAttributes {
		return store.InboxRef{}, fault.New(fault.BlockInvalid, "the key of a credit that waits has %d attributes", len(attributes))
	}
	ref := store.InboxRef{Programme: programme, Account: points.AccountID(attributes[0]), Place: points.InboxPlace{MSP: attributes[1]}}
	var err error
	if ref.Place.Lane, err = strconv.Atoi(attributes[2]); err == nil {
		ref.Place.Seq, err = strconv.ParseInt(attributes[3], 10, 64)
	}
	if err == nil {
		ref.Place.N, err = strconv.Atoi(attributes[4])
	}
	if err != nil {
		return store.InboxRef{}, fault.New(fault.BlockInvalid, "the key of a credit that waits has no numbers")
	}
	return ref, nil
}

// addReservations follows what holds at partners keep of the pair's limits: now is the transaction's time in Unix seconds.
func addReservations(row *store.BatchRow, document *exchanged, now int64) error {
	if len(document.Operations) != len(row.Receipts) {
		return fault.New(fault.BlockInvalid, "a cross-brand batch of %d operations has %d receipts", len(document.Operations), len(row.Receipts))
	}
	for i := range row.Receipts {
		r, o := &row.Receipts[i].Receipt, &document.Operations[i]
		accepted := r.Outcome == points.Accepted
		switch {
		case r.Kind == points.KindHold && accepted:
			row.Reservations = append(row.Reservations, store.ReservationChange{Hold: r.Operation, Made: &store.Reservation{
				Hold: r.Operation, Account: r.Account, Partner: document.Partner, Points: r.Points, Single: o.Purpose == points.PurposeAllowance, Until: o.Until,
			}})
		case r.Kind == points.KindCapture && accepted:
			row.Reservations = append(row.Reservations, store.ReservationChange{Hold: r.Hold, Captured: r.Points})
		case r.Kind == points.KindVoid && accepted:
			row.Reservations = append(row.Reservations, store.ReservationChange{Hold: r.Hold, Ended: true})
		case (r.Kind == points.KindVoid || r.Kind == points.KindCapture) && (r.Code == fault.HoldUnknown || r.Code == fault.HoldLapsed):
			row.Reservations = append(row.Reservations, store.ReservationChange{Hold: r.Hold, LapsedAt: now})
		}
	}
	return nil
}

package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// MaxEvents is how many past events one call of Events returns.
const MaxEvents = 100_000

// Disclosed returns the private details of one of the gateway's own operations with the salt of their own, so that others can hold them against its receipt. NOT_FOUND
// when the gateway didn't submit it, when it isn't committed, or when the gateway never saw the salt.
func (r *Reads) Disclosed(ctx context.Context, id points.OperationID) (*points.Disclosed, error) {
	const q = `SELECT o.details, o.receipt, b.salt FROM operations o JOIN receipts r ON r.operation = o.id AND r.programme = o.programme
	           JOIN batches b ON b.programme = r.programme AND b.msp = r.msp AND b.lane = r.lane AND b.seq = r.seq WHERE o.id = ? AND o.status = 'DONE'`
	var details, body []byte
	var batchSalt string
	err := r.db.QueryRowContext(ctx, q, string(id)).Scan(&details, &body, &batchSalt)
	if errors.Is(err, sql.ErrNoRows) || err == nil && batchSalt == "" {
		return nil, fault.New(fault.NotFound, "this gateway can't disclose the details of operation %s", id)
	}
	if err != nil {
		return nil, storeError(err)
	}
	return disclose(id, details, body, batchSalt)
}

// disclose puts details and their salt together, and makes sure that they are what the receipt names.
func disclose(id points.OperationID, details, body []byte, batchSalt string) (*points.Disclosed, error) {
	salt, err := hex.DecodeString(batchSalt)
	if err != nil {
		return nil, fault.New(fault.Internal, "the salt of the batch of operation %s can't be read", id)
	}
	d := &points.Disclosed{Salt: hex.EncodeToString(wire.OperationSalt(salt, id))}
	var receipt points.Receipt
	if err := errors.Join(decodeRow(details, &d.Details), decodeRow(body, &receipt)); err != nil {
		return nil, err
	}
	if err := wire.VerifyDisclosed(d, &receipt); err != nil {
		return nil, fault.New(fault.NotFound, "this gateway's details of operation %s are not those that its receipt names", id)
	}
	return d, nil
}

// Events returns the last limit (1 to MaxEvents) events that this gateway submitted and that were accepted as accruals, oldest first, for the dry run of a rule set. A
// referral gives two: that of the account that was referred, and that of its referrer.
func (r *Reads) Events(ctx context.Context, programme string, limit int) ([]rules.DatedEvent, error) {
	if limit < 1 || limit > MaxEvents {
		return nil, fault.New(fault.InvalidValue, "at most %d past events are read at once", MaxEvents)
	}
	p, err := r.Programme(ctx, programme)
	if err != nil {
		return nil, err
	}
	rows, err := r.db.QueryContext(ctx, `SELECT kind, account, to_account, details, receipt FROM operations
		WHERE status = 'DONE' AND outcome = 'ACCEPTED' AND kind IN ('earn', 'refer') AND programme = ? ORDER BY rowid DESC LIMIT ?`, programme, limit)
	var events []rules.DatedEvent // Newest first.
	err = sqlite.Each(rows, err, func(row *sql.Rows) (err error) {
		events, err = scanEvents(row, &p, events)
		return err
	})
	if err != nil {
		return nil, err
	}
	events = events[:min(len(events), limit)]
	slices.Reverse(events)
	return events, nil
}

// scanEvents appends the events of one operation, as the chaincode saw them on its business date.
func scanEvents(rows *sql.Rows, p *points.Programme, events []rules.DatedEvent) ([]rules.DatedEvent, error) {
	var o points.Operation
	var details, body []byte
	if err := rows.Scan(&o.Kind, &o.Account, &o.To, &details, &body); err != nil {
		return nil, storeError(err)
	}
	var d points.Details
	var receipt struct {
		Programme    string       `json:"programme"`
		BusinessDate quantity.Day `json:"businessDate"`
	}
	if err := errors.Join(decodeRow(details, &d), decodeRow(body, &receipt)); err != nil {
		return nil, err
	}
	if receipt.Programme != p.Brand {
		return events, nil
	}
	then := *p
	then.BusinessDate = receipt.BusinessDate
	seen := points.Assess(&then, &o, &d, nil)
	if seen.ToEvent != nil {
		events = append(events, rules.DatedEvent{Customer: string(o.To), Day: receipt.BusinessDate, Event: *seen.ToEvent})
	}
	if seen.Event != nil {
		events = append(events, rules.DatedEvent{Customer: string(o.Account), Day: receipt.BusinessDate, Event: *seen.Event})
	}
	return events, nil
}

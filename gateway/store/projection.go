package store

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Checkpoint names the last block whose effects the tables hold.
type Checkpoint struct {
	Block uint64
	Hash  string // Of the block's header, hex.
	Time  int64  // Latest time that a transaction up to there states, Unix seconds. Given with changes, it need only cover their own blocks.
}

// Changes are the effects of one or several consecutive blocks on the tables of the projection.
type Changes struct {
	Checkpoint Checkpoint
	Programmes map[string][]byte // By programme: points.Programme.
	Lanes      map[LaneRef][]byte
	Accounts   map[AccountRef]AccountRow
	Records    map[RecordRef][]byte   // Nil for one that was deleted.
	Inbox      map[InboxRef]*InboxRow // Nil for an entry that was folded.
	Batches    []BatchRow             // In the ledger's order.
	Clearing   Clearing
}

// LaneRef names a lane.
type LaneRef struct {
	Programme, MSP string
	N              int
}

// AccountRef names an account.
type AccountRef struct {
	Programme string
	ID        points.AccountID
}

// AccountRow is an account's record as the ledger has it.
type AccountRow struct {
	Posted, Held, Debt quantity.Points
	DueDay             quantity.Day    // First business date on which some of its points are gone; 0 when no date is known.
	DueAt              int64           // When its first hold lapses, Unix seconds; 0 without one.
	Refundable         quantity.Points // What partners are to be refunded for, since debts of returned awards were repaid.
	Body               []byte
	Lots               *points.Account // What Body says of lots, suspense, holds' lots and last activity; nil: it is taken out of Body.
}

// RecordRef names a published document, a sponsored shop, an approval, a partner, an offer or an opt-out, by the object of its key on the ledger and the key's attributes,
// joined by slashes.
type RecordRef struct{ Programme, Object, ID string }

// BatchRow is a committed batch.
type BatchRow struct {
	Programme, MSP string
	Lane           int
	Seq            int64
	Root           string
	Salt           string // Of the private details of one of the gateway's own batches, hex; empty for others, and when the peer delivered none.
	Block          uint64
	Tx             string
	TxTime         int64 // Unix milliseconds.
	Event          []byte
	Receipts       []ReceiptRow // In their order within the batch.
	Reservations   []ReservationChange
	// Recover gives the operations of the batch in the same order, from the ledger's private details; nil for batches that aren't this gateway's own.
	Recover func() ([]NewOperation, error)
}

// ReceiptRow is a receipt with the canonical bytes that stand in its batch's event.
type ReceiptRow struct {
	Receipt points.Receipt
	Body    []byte
}

// Checkpoint returns where the projection stands; found is false for a database that has seen no block.
func (s *Store) Checkpoint(ctx context.Context) (c Checkpoint, found bool, err error) {
	rows, err := s.Reader().QueryContext(ctx, `SELECT block, block_hash, tx_time FROM checkpoint`)
	if err != nil {
		return Checkpoint{}, false, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return Checkpoint{}, false, storeError(rows.Err())
	}
	err = rows.Scan(&c.Block, &c.Hash, &c.Time)
	return c, err == nil, storeError(err)
}

// Project writes the changes and moves the checkpoint, all or nothing. Changes whose blocks the tables hold already change nothing.
func (s *Store) Project(ctx context.Context, c Changes) error {
	if s.ReadOnly() {
		return fault.New(fault.ReadOnly, "the database was opened for reading only")
	}
	return s.WriteAlone(ctx, func(tx *Tx) error {
		standing := int64(-1) // No block is below it.
		if _, err := tx.QueryRow(`SELECT block FROM checkpoint`, nil, &standing); err != nil || int64(c.Checkpoint.Block) <= standing {
			return err
		}
		for _, step := range []func(*Tx, Changes, int64) error{projectSums, projectTurnovers, projectAdjustments, projectReservations, projectClearing} {
			if err := step(tx, c, standing); err != nil {
				return err
			}
		}
		for _, step := range []func(*Tx, Changes) error{
			projectProgrammes, projectLanes, projectRecords, projectAccounts, projectInbox, projectBatches, projectReceipts, projectOperations,
		} {
			if err := step(tx, c); err != nil {
				return err
			}
		}
		if err := projectReturns(tx, c, standing); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO checkpoint (id, block, block_hash, tx_time) VALUES (1, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET block = excluded.block, block_hash = excluded.block_hash, tx_time = MAX(tx_time, excluded.tx_time)`,
			int64(c.Checkpoint.Block), c.Checkpoint.Hash, c.Checkpoint.Time)
		return err
	})
}

// Genesis returns the channel that the projected programmes belong to: the hash of its genesis block's header, hex. found is false before the first programme.
func (s *Store) Genesis(ctx context.Context) (hash string, found bool, err error) {
	rows, err := s.Reader().QueryContext(ctx, `SELECT body FROM programmes LIMIT 1`)
	if err != nil {
		return "", false, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return "", false, storeError(rows.Err())
	}
	var body []byte
	if err := rows.Scan(&body); err != nil {
		return "", false, storeError(err)
	}
	var programme points.Programme
	if err := wire.DecodeRecord(body, &programme); err != nil {
		return "", false, err
	}
	return programme.Genesis, true, nil
}

package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
)

// Recorder takes operations durably and sees them to the ledger: the sequencer.
type Recorder interface {
	// AcceptAll records operations, each with its own answer in the same order.
	AcceptAll(ctx context.Context, all []sequencer.Intake) []sequencer.Result
}

// ReadModel answers from the read model: store.Reads.
type ReadModel interface {
	Account(ctx context.Context, id points.AccountID) (store.Position, error)
	Operation(ctx context.Context, id points.OperationID) (store.Known, error)
	Operations(ctx context.Context, ids []points.OperationID) (map[points.OperationID]store.Known, error)
	Receipt(ctx context.Context, id points.OperationID) (store.Committed, error)
	History(ctx context.Context, id points.AccountID, after *store.Cursor, limit int) ([]store.Entry, *store.Cursor, error)
	Lookups(ctx context.Context, lookups []string) (map[string]points.AccountID, error)
	Programmes(ctx context.Context) ([]points.Programme, error)
	Programme(ctx context.Context, name string) (points.Programme, error)
	Totals(ctx context.Context, programme string) (points.Totals, error)
	Block(ctx context.Context) (int64, error)
}

// Hasher makes the keyed hash under which a customer's reference is known: fingerprint.Hasher.
type Hasher interface {
	Lookup(reference string) string
}

// Administrator changes the programme itself: the ledger facade with the operator's identity.
type Administrator interface {
	// AdvanceBusinessDate returns once the new date is committed; DATE_NOT_ALLOWED when the programme doesn't allow it.
	AdvanceBusinessDate(ctx context.Context, day quantity.Day) error
	// Programme reads the programme's record from the ledger itself.
	Programme(ctx context.Context) (points.Programme, error)
}

// Condition says what keeps the gateway from doing its work; nothing when it is ready.
type Condition interface {
	Reasons(ctx context.Context) []string
}

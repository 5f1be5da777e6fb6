package treasury

import (
	"context"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// Receipts finds committed receipts with their batches: store.Reads.
type Receipts interface {
	ReceiptIn(ctx context.Context, programme string, id points.OperationID) (store.Committed, error)
}

// Evidence assembles what shows that an operation stands on the ledger and what it made the pair owe each other: its receipt with the proof of inclusion, the obligation and the
// operation's own salt, which discloses nothing of any other. NOT_FOUND when the own peer doesn't hold the obligation.
func Evidence(ctx context.Context, reads *store.ClearingReads, receipts Receipts, operation points.OperationID) (wire.NewDispute, error) {
	o, batchSalt, err := reads.Obligation(ctx, operation)
	if err != nil {
		return wire.NewDispute{}, err
	}
	salt, err := hex.DecodeString(batchSalt)
	if err != nil {
		return wire.NewDispute{}, fault.New(fault.Internal, "the salt of a batch in the gateway's database isn't hex")
	}
	c, err := receipts.ReceiptIn(ctx, o.Home, operation)
	if err != nil {
		return wire.NewDispute{}, err
	}
	leaves, err := wire.Leaves(c.Batch.Receipts)
	if err != nil {
		return wire.NewDispute{}, err
	}
	path, err := wire.Prove(leaves, c.Index)
	if err != nil {
		return wire.NewDispute{}, err
	}
	return wire.NewDispute{
		Currency: o.Currency, Obligation: o.Obligation, Salt: hex.EncodeToString(wire.OperationSalt(salt, operation)),
		Evidence: points.Original{Receipt: c.Receipt, Proof: points.InclusionProof{
			MSP: c.Batch.MSP, Lane: c.Batch.Lane, Seq: c.Batch.Seq, Index: c.Index, Size: len(leaves), Hashes: path,
		}},
	}, nil
}

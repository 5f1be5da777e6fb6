package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// GetReceipt gives a receipt with its proof.
func (s *Server) GetReceipt(ctx context.Context, r GetReceiptRequestObject) (GetReceiptResponseObject, error) {
	if err := checkID("operation", r.Operation); err != nil {
		return nil, err
	}
	p := prover{reader: s.reader, leaves: map[batchPlace][][]byte{}}
	var proven ProvenReceipt
	var err error
	if r.Params.Programme != nil {
		proven, err = p.proveIn(ctx, *r.Params.Programme, points.OperationID(r.Operation))
	} else {
		proven, err = p.prove(ctx, points.OperationID(r.Operation))
	}
	if err != nil {
		return nil, err
	}
	return GetReceipt200JSONResponse(proven), nil
}

// batchPlace names a batch.
type batchPlace struct {
	programme, msp string
	lane           int
	seq            int64
}

// prover makes inclusion proofs; it keeps the leaves of a batch for the next receipt of the same batch.
type prover struct {
	reader ReadModel
	leaves map[batchPlace][][]byte
}

func (p *prover) prove(ctx context.Context, id points.OperationID) (ProvenReceipt, error) {
	c, err := p.reader.Receipt(ctx, id)
	if err != nil {
		return ProvenReceipt{}, err
	}
	return p.proof(&c)
}

// proveIn is prove for the receipt in one programme.
func (p *prover) proveIn(ctx context.Context, programme string, id points.OperationID) (ProvenReceipt, error) {
	c, err := p.reader.ReceiptIn(ctx, programme, id)
	if err != nil {
		return ProvenReceipt{}, err
	}
	return p.proof(&c)
}

func (p *prover) proof(c *store.Committed) (ProvenReceipt, error) {
	leaves, err := p.leavesOf(c)
	if err != nil {
		return ProvenReceipt{}, err
	}
	path, err := wire.Prove(leaves, c.Index)
	if err != nil {
		return ProvenReceipt{}, err
	}
	b := &c.Batch
	return ProvenReceipt{
		Receipt: c.Receipt, Root: b.Root, Block: c.Block, Transaction: c.Tx, TransactionTime: c.Time,
		Proof: points.InclusionProof{MSP: b.MSP, Lane: b.Lane, Seq: b.Seq, Index: c.Index, Size: len(leaves), Hashes: path},
	}, nil
}

func (p *prover) leavesOf(c *store.Committed) ([][]byte, error) {
	place := batchPlace{programme: c.Receipt.Programme, msp: c.Batch.MSP, lane: c.Batch.Lane, seq: c.Batch.Seq}
	if leaves, ok := p.leaves[place]; ok {
		return leaves, nil
	}
	leaves, err := wire.Leaves(c.Batch.Receipts)
	if err != nil {
		return nil, err
	}
	p.leaves[place] = leaves
	return leaves, nil
}

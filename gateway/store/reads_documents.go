package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// Document returns an operation of the gateway's outbox as it was recorded, without what custody signs later. NOT_FOUND when the outbox doesn't have it.
func (r *Reads) Document(ctx context.Context, id points.OperationID) (points.Operation, error) {
	var o points.Operation
	var document []byte
	err := r.db.QueryRowContext(ctx, `SELECT document FROM operations WHERE id = ?`, string(id)).Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return o, fault.New(fault.NotFound, "this gateway has recorded no operation %s", id)
	}
	if err != nil {
		return o, storeError(err)
	}
	return o, decodeRow(document, &o)
}

package sequencer

import (
	"bytes"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// match says whether the earlier operation is the same as p, so that it answers for it: IDEMPOTENCY_CONFLICT, RECEIPT_NUMBER_CONFLICT or ALREADY_EXISTS when it isn't.
func (p *prepared) match(a *store.Admission) error {
	earlier := &a.Operation
	if a.Match == store.ByIdempotency {
		if earlier.Request != p.record.Request {
			return fault.New(fault.IdempotencyConflict, "the key was used for another request")
		}
		return nil
	}
	if p.operation.Kind == points.KindOpen {
		return nil // One customer, one account: whatever else the second opening says.
	}
	same, err := p.sameContent(earlier)
	switch {
	case err != nil || same:
		return err
	case a.Match == store.ByID:
		return fault.New(fault.AlreadyExists, "operation %s was sent with another content", earlier.ID)
	default:
		return fault.New(fault.NaturalConflict, "operation %s has this receipt number", earlier.ID)
	}
}

func (p *prepared) sameContent(earlier *store.Operation) (bool, error) {
	var o points.Operation
	if err := wire.DecodeRecord(earlier.Document, &o); err != nil {
		return false, err
	}
	var d points.Details
	if err := wire.DecodeRecord(earlier.Details, &d); err != nil {
		return false, err
	}
	before, err := contentOf(o, d)
	if err != nil {
		return false, err
	}
	now, err := contentOf(p.operation, p.details)
	return err == nil && bytes.Equal(before, now), err
}

// contentOf is what an operation asks for, in canonical JSON: all of it but ids, hashes, salts, signatures and what is counted from its acceptance, which differ from one
// request to the next, and what this gateway adds by itself.
func contentOf(o points.Operation, d points.Details) ([]byte, error) {
	o.ID, o.Until, o.Authorisation = "", 0, nil
	if o.Original != nil {
		o.Original = &points.Original{Receipt: points.Receipt{Operation: o.Original.Receipt.Operation}}
	}
	d.Operation, d.PlaceSalt, d.Challenge, d.Disclosed = "", "", "", nil
	d.Natural, d.Idempotency, d.Request, d.Lookup = "", "", "", ""
	return wire.Encode(struct {
		Operation points.Operation `json:"operation"`
		Details   points.Details   `json:"details"`
	}{o, d})
}

package projection

import (
	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// secret is where a batch's private details stand: a programme's own in its brand's collection as wire.BatchDetails, those of a cross-brand batch in the pair's as
// wire.PairLines.
type secret struct{ chaincode, collection, key string }

// privateDetails is what both forms of a batch's details have.
type privateDetails struct {
	Salt       string           `json:"salt"`
	Operations []points.Details `json:"operations"` // Of wire.BatchDetails.
	Details    []points.Details `json:"details"`    // Of wire.PairLines.
}

func (d *privateDetails) all() []points.Details {
	if d.Details != nil {
		return d.Details
	}
	return d.Operations
}

// recovered rebuilds the outbox's rows of one of our own batches from the transaction and the private details that were delivered with it.
// NOT_FOUND when the peer delivered the block without them: without its natural ids the outbox can't tell a till receipt that was processed from a new one,
// so it must not go on.
func recovered(t *blocks.Transaction, place secret) ([]store.NewOperation, error) {
	var request struct { // Of wire.BatchRequest and wire.Exchange.
		Operations []points.Operation `json:"operations"`
	}
	if len(t.Args) != 2 {
		return nil, fault.New(fault.BlockInvalid, "transaction %s is not a batch of ours", t.ID)
	}
	if err := wire.DecodeRecord(t.Args[1], &request); err != nil {
		return nil, fault.New(fault.BlockInvalid, "the batch of transaction %s can't be read", t.ID)
	}
	if len(request.Operations) == 0 {
		return nil, nil
	}
	raw := delivered(t, place)
	if raw == nil {
		return nil, fault.New(fault.NotFound, "the peer delivered transaction %s without its private details: let the peer fetch them, then start again", t.ID)
	}
	var details privateDetails
	if err := wire.DecodeRecord(raw, &details); err != nil || len(details.all()) != len(request.Operations) {
		return nil, fault.New(fault.BlockInvalid, "the private details of transaction %s can't be read", t.ID)
	}
	out := make([]store.NewOperation, len(request.Operations))
	for i := range out {
		var err error
		if out[i], err = recoveredOne(&request.Operations[i], &details.all()[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// deliveredSalt is the salt of the private details that were delivered with one of our own batches; empty without them.
func deliveredSalt(t *blocks.Transaction, place secret) (string, error) {
	raw := delivered(t, place)
	if raw == nil {
		return "", nil
	}
	var details struct {
		Salt string `json:"salt"`
	}
	if err := json.Unmarshal(raw, &details); err != nil {
		return "", fault.New(fault.BlockInvalid, "the private details of a batch can't be read")
	}
	return details.Salt, nil
}

func delivered(t *blocks.Transaction, place secret) []byte {
	for _, w := range t.PrivateWrites(place.chaincode, place.collection) {
		if w.Key == place.key && len(w.Value) > 0 {
			return w.Value
		}
	}
	return nil
}

func recoveredOne(o *points.Operation, d *points.Details) (store.NewOperation, error) {
	document, err := wire.Encode(o)
	if err != nil {
		return store.NewOperation{}, err
	}
	details, err := wire.Encode(d)
	if err != nil {
		return store.NewOperation{}, err
	}
	n := store.NewOperation{
		ID: o.ID, Kind: o.Kind, Account: o.Account, To: o.To, Shop: o.Shop, Natural: d.Natural, Idempotency: d.Idempotency, Request: d.Request, Lookup: d.Lookup,
		Document: document, Details: details,
	}
	if !o.Kind.ChoosesPartners() {
		n.Partner = o.Partner
	}
	return n, nil
}

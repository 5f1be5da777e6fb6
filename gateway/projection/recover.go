package projection

import (
	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// recovered rebuilds the outbox's rows of one of our own batches from the transaction and the private details that were delivered with it.
// NOT_FOUND when the peer delivered the block without them: without its natural ids the outbox can't tell a till receipt that was processed from a new one,
// so it must not go on.
func recovered(t *blocks.Transaction, event *batchEvent) ([]store.NewOperation, error) {
	var request wire.BatchRequest
	if len(t.Args) != 2 {
		return nil, fault.New(fault.BlockInvalid, "transaction %s is not a batch of ours", t.ID)
	}
	if err := wire.DecodeRecord(t.Args[1], &request); err != nil {
		return nil, fault.New(fault.BlockInvalid, "the batch of transaction %s can't be read", t.ID)
	}
	if len(request.Operations) == 0 {
		return nil, nil
	}
	raw := privateDetails(t, event)
	if raw == nil {
		return nil, fault.New(fault.NotFound, "the peer delivered transaction %s without its private details: let the peer fetch them, then start again", t.ID)
	}
	var details wire.BatchDetails
	if err := wire.DecodeRecord(raw, &details); err != nil || len(details.Operations) != len(request.Operations) {
		return nil, fault.New(fault.BlockInvalid, "the private details of transaction %s can't be read", t.ID)
	}
	out := make([]store.NewOperation, len(request.Operations))
	for i := range out {
		var err error
		if out[i], err = recoveredOne(&request.Operations[i], &details.Operations[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// deliveredSalt is the salt of the private details that were delivered with one of our own batches; empty without them.
func deliveredSalt(t *blocks.Transaction, event *batchEvent) (string, error) {
	raw := privateDetails(t, event)
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

func privateDetails(t *blocks.Transaction, event *batchEvent) []byte {
	key := engine.DetailsKey(event.MSP, event.Lane, event.Seq)
	for _, w := range t.PrivateWrites(t.Chaincode, engine.CollectionDetails) {
		if w.Key == key && len(w.Value) > 0 {
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
	return store.NewOperation{
		ID: o.ID, Kind: o.Kind, Account: o.Account, To: o.To, Shop: o.Shop, Natural: d.Natural, Idempotency: d.Idempotency, Request: d.Request, Lookup: d.Lookup,
		Document: document, Details: details,
	}, nil
}

package reports

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/store"
)

// NameEvidence is the report of one record.
const NameEvidence Name = "evidence"

// Evidence is one public record about a customer's data or account, as it stands on the ledger. It names no customer.
type Evidence struct {
	Header
	Programme string         `json:"programme"`
	Kind      string         `json:"kind"`
	ID        string         `json:"id"`
	Record    jsontext.Value `json:"record"` // Canonical JSON.
}

// evidence are the objects whose records are evidence, by kind.
var evidence = map[string]string{
	"consent": engine.ObjectConsent, "erasures": engine.ObjectErasures, "freeze": engine.ObjectFreeze, "objection": engine.ObjectObjection,
}

// MakeEvidence finds a record by its kind (consent, erasures, freeze, objection) and id. INVALID_VALUE for another kind, NOT_FOUND when there is none.
func MakeEvidence(ctx context.Context, r Reader, programme, kind, id string) (*Evidence, error) {
	object, known := evidence[kind]
	if !known {
		return nil, fault.New(fault.InvalidValue, "kind must be consent, erasures, freeze or objection")
	}
	e := &Evidence{}
	err := e.make(ctx, r, NameEvidence, func(p *store.Picture, _ []points.Programme) error {
		body, err := p.Record(ctx, programme, object, id)
		e.Programme, e.Kind, e.ID, e.Record = programme, kind, id, body
		return err
	})
	return e, err
}

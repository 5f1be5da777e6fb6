package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// office is what operators do at a gateway of tests: it publishes what it is given and keeps records as the read model has them.
type office struct {
	ruleSets, prices []points.Publication
	custodians       []points.CustodianKey
	engine           int
	records          []record // Ordered as the read model answers them.
	events           []rules.DatedEvent
	book             *statement.Book
	refusal          error         // What the ledger says to an operator.
	busy             chan struct{} // A statement waits until it is closed; nil: no waiting.
	entered          chan struct{} // Told when a statement begins to wait.
}

// record is a row of the read model.
type record struct {
	programme, object string
	store.Record
}

// keep adds or replaces a record.
func (o *office) keep(programme, object, id string, document any) {
	body, err := wire.Encode(document)
	if err != nil {
		panic(err)
	}
	o.records = slices.DeleteFunc(o.records, func(r record) bool { return r.programme == programme && r.object == object && r.ID == id })
	o.records = append(o.records, record{programme, object, store.Record{ID: id, Body: body}})
	slices.SortFunc(o.records, func(a, b record) int { return cmp.Compare(a.ID, b.ID) })
}

// firstTerms is the first version of the terms of every programme.
func firstTerms() terms.Terms {
	return terms.Terms{
		Version: 1, Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30, UnreferencedReturns: true, Expiry: lots.Expiry{Kind: lots.Rolling, Months: 6},
		Prose: map[string]string{"en": "A mile a pound.", "de": "Eine Meile je Pfund: <mehr> & besser.", "zh": "每英镑一英里。"}, Value: quantity.Ratio{Num: 1, Den: 2},
		Transfers: terms.Transfers{Customer: true}, HoldMaxSeconds: 3600,
	}
}

func hashOf(v any) string {
	hash, err := wire.Hash(v)
	if err != nil {
		panic(err)
	}
	return hash
}

// amend adds to a programme what was published.
func (o *office) amend(p points.Programme) points.Programme {
	p.RuleSets, p.PriceLists, p.Custodians = o.ruleSets, o.prices, append(p.Custodians, o.custodians...)
	return p
}

func (o *office) Record(_ context.Context, programme, object, id string) ([]byte, error) {
	for _, r := range o.records {
		if r.programme == programme && r.object == object && r.ID == id {
			return r.Body, nil
		}
	}
	return nil, fault.New(fault.NotFound, "programme %s has no %s %s", programme, object, id)
}

func (o *office) Records(_ context.Context, programme, object, after string, limit int) ([]store.Record, error) {
	var out []store.Record
	for _, r := range o.records {
		if r.programme == programme && r.object == object && r.ID > after && len(out) < limit {
			out = append(out, r.Record)
		}
	}
	return out, nil
}

func (o *office) StatementBook(_ context.Context, programme string, from quantity.Day) (*statement.Book, statement.Value, error) {
	if o.busy != nil {
		o.entered <- struct{}{}
		<-o.busy
	}
	book := *o.book
	book.Programme, book.From = programme, from
	return &book, func(version int) (quantity.Ratio, bool) { return firstTerms().Value, version == 1 }, nil
}

func (o *office) Events(_ context.Context, programme string, limit int) ([]rules.DatedEvent, error) {
	if programme != "airline" || limit < 1 || limit > store.MaxEvents {
		return nil, fault.New(fault.InvalidValue, "%d events of %s", limit, programme)
	}
	return o.events[max(0, len(o.events)-limit):], nil
}

// publish keeps a version and lists it.
func (o *office) publish(object string, version int, effective quantity.Day, document any) (wire.Published, error) {
	if o.refusal != nil {
		return wire.Published{}, o.refusal
	}
	o.keep("airline", object, store.VersionID(version), document)
	return wire.Published{Version: version, Effective: effective, Hash: hashOf(document)}, nil
}

func (c calendar) ActivateEngine(_ context.Context, version int) (points.Programme, error) {
	p := points.Programme{Engine: c.g.engine}
	if version < p.Engine {
		return points.Programme{}, fault.New(fault.InvalidValue, "engine %d is active", p.Engine)
	}
	p.Engine, c.g.engine = version, version
	return p, nil
}

func (c calendar) PublishTerms(_ context.Context, doc wire.NewTerms) (wire.Published, error) {
	return c.g.publish(engine.ObjectTerms, doc.Version, doc.Effective, doc)
}

func (c calendar) PublishRuleSet(_ context.Context, doc wire.NewRuleSet) (wire.Published, error) {
	kept, err := c.g.publish(engine.ObjectRuleSet, doc.Version, doc.Effective, doc)
	c.g.ruleSets = append(c.g.ruleSets, kept)
	return kept, err
}

func (c calendar) PublishPrices(_ context.Context, doc wire.NewPrices) (wire.Published, error) {
	kept, err := c.g.publish(engine.ObjectPrices, doc.Version, doc.Effective, doc)
	c.g.prices = append(c.g.prices, kept)
	return kept, err
}

func (c calendar) RotateCustodian(_ context.Context, doc wire.NewCustodian) (points.CustodianKey, error) {
	if c.g.refusal != nil {
		return points.CustodianKey{}, c.g.refusal
	}
	key := points.CustodianKey{Version: len(c.g.custodians) + 2, Key: doc.Key}
	c.g.custodians = append(c.g.custodians, key)
	return key, nil
}

func (c calendar) PutShop(_ context.Context, doc wire.NewShop) (points.Shop, error) {
	shop := points.Shop{V: 1, ID: doc.ID, DisplayName: doc.DisplayName, Sponsor: doc.Sponsor, Status: doc.Status, AwardPerDay: doc.AwardPerDay, AcceptPerDay: doc.AcceptPerDay, Day: 20_000}
	if c.g.refusal != nil {
		return points.Shop{}, c.g.refusal
	}
	c.g.keep("airline", engine.ObjectShop, doc.ID, shop)
	return shop, nil
}

func (c calendar) Approve(_ context.Context, programme string, doc wire.Consent) (points.Approval, error) {
	if c.g.refusal != nil {
		return points.Approval{}, c.g.refusal
	}
	approval := points.Approval{V: 1, Operation: doc.Operation.ID, Digest: hashOf(doc.Operation), MSP: "AirlineMSP", At: 1_700_000_000}
	c.g.keep(programme, engine.ObjectApproval, string(doc.Operation.ID), approval)
	return approval, nil
}

// asOperator sends a document as an operator.
func (b *bench) asOperator(method, path string, document any) call {
	b.t.Helper()
	body, ok := document.(string)
	if !ok {
		raw, err := wire.Encode(document)
		if err != nil {
			b.t.Fatal(err)
		}
		body = string(raw)
	}
	return call{method, path, ScopeOperator, body, nil}
}

package api

import (
	"context"
	"slices"

	"golang.org/x/text/language"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

// QuoteOperation says what an operation would cost or award now. It records nothing.
func (s *Server) QuoteOperation(ctx context.Context, r QuoteOperationRequestObject) (QuoteOperationResponseObject, error) {
	it := &item{request: r.Body}
	if err := checkRequest(r.Body, "", &quoting); err != nil {
		return nil, err
	}
	if err := mayLookUp(ctx, it); err != nil {
		return nil, err
	}
	if err := s.direct(ctx, it); err != nil {
		return nil, err
	}
	if s.resolve(ctx, []*item{it}); it.err != nil {
		return nil, it.err
	}
	if err := s.newBuilder().draft(ctx, it); err != nil {
		return nil, err
	}
	if err := s.recall(ctx, it); err != nil {
		return nil, err
	}
	o, d := &it.intake.Operation, &it.intake.Details
	o.ID = points.OperationID(random.Hex(idBytes))
	d.Operation = o.ID
	result, err := s.preview(ctx, it)
	if err != nil {
		return nil, err
	}
	answer, err := s.quoted(ctx, &result, languageOf(r.Params))
	answer.PlaceSalt = d.PlaceSalt
	if err == nil {
		answer.WorthMinor, err = s.worth(ctx, &result)
	}
	return QuoteOperation200JSONResponse(answer), err
}

// preview has the ledger say what becomes of the item's operation: the programme alone, or two brands together.
func (s *Server) preview(ctx context.Context, it *item) (wire.QuoteResult, error) {
	o := it.intake.Operation
	details := wire.BatchDetails{V: 1, Salt: random.Hex(saltBytes), Operations: []points.Details{it.intake.Details}}
	if it.way.partner == "" {
		return s.quoter.Quote(ctx, wire.QuoteQuery{Operation: o}, details)
	}
	doc := wire.Exchange{Home: it.way.home, Partner: it.way.partner, Lane: clearing.CrossLaneFirst, Seq: 1, Operations: []points.Operation{o}}
	return s.quoter.QuoteExchange(ctx, doc, details)
}

// worth is the discount that points are worth at a partner; nil of anything but a redemption or a hold there. An offer that the peer has and the read model doesn't have yet
// is left out too.
func (s *Server) worth(ctx context.Context, q *wire.QuoteResult) (*Amount, error) {
	if q.Quote.Agreement == 0 || q.Quote.Operation != points.KindRedeem && q.Quote.Operation != points.KindHold {
		return nil, nil
	}
	var partner points.Partner
	err := s.readRecord(ctx, q.Quote.Programme, engine.ObjectPartner, q.Quote.Partner, &partner)
	offer := clearing.FindOffer(partner.Offers, q.Quote.Agreement)
	if fault.CodeOf(err) == fault.NotFound || err == nil && offer == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	minor, err := offer.Discount(q.Quote.Points)
	return &minor, err
}

// mayLookUp lets tills alone name customers: the answer would tell a reader whose account it is.
func mayLookUp(ctx context.Context, it *item) error {
	if list := it.names(); len(list) > 0 && !slices.Contains(scopesIn(ctx), ScopeTill) {
		return wrong(fault.Forbidden, "/"+list[0].field, "an API key needs the scope %s to name a customer; name the account", ScopeTill)
	}
	return nil
}

// recall completes what an operation refers to, as the sequencer does when it records one, and salts its place.
func (s *Server) recall(ctx context.Context, it *item) error {
	o, d := &it.intake.Operation, &it.intake.Details
	switch {
	case o.Kind == points.KindCapture && d.PlaceSalt == "":
		hold, err := s.disclosed(ctx, o.Hold)
		if hold != nil {
			d.PlaceSalt = hold.Details.PlaceSalt
		}
		return err
	case isPartial(o):
		var err error
		d.Disclosed, err = s.disclosed(ctx, o.Original.Receipt.Operation)
		return err
	case d.Store != "" && d.PlaceSalt == "":
		d.PlaceSalt = random.Hex(saltBytes)
	}
	return nil
}

// isPartial says whether what a return takes back follows from the purchase's details: by lines, or by amount of what rules have awarded.
func isPartial(o *points.Operation) bool {
	if o.Kind != points.KindReturn || o.Original == nil || o.Whole || o.Points != 0 {
		return false
	}
	return len(o.Lines) > 0 || o.Original.Receipt.Award != nil
}

// disclosed is an earlier operation's details; nil when this gateway doesn't have them.
func (s *Server) disclosed(ctx context.Context, id points.OperationID) (*points.Disclosed, error) {
	d, err := s.reader.Disclosed(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil
	}
	return d, err
}

func (s *Server) quoted(ctx context.Context, q *wire.QuoteResult, lang string) (QuotedOperation, error) {
	r := &q.Receipt
	out := QuotedOperation{
		Quote: q.Quote, Hash: q.Hash, Outcome: Outcome(r.Outcome), Code: string(r.Code), Points: int64(r.Points), Posted: int64(r.Posted), Held: int64(r.Held),
		Awards: []QuotedAward{}, ToAwards: []QuotedAward{}, Moves: append([]Move{}, r.Moves...),
	}
	for _, f := range []struct {
		into  **Points
		value int64
	}{{&out.ToPoints, int64(r.ToPoints)}, {&out.DebtRepaid, int64(r.DebtRepaid)}, {&out.DebtIncurred, int64(r.DebtIncurred)}} {
		if f.value != 0 {
			*f.into = &f.value
		}
	}
	if r.Outcome != points.Accepted || r.Kind != points.KindEarn && r.Kind != points.KindRefer {
		return out, nil
	}
	set, err := s.ruleSet(ctx, q.Quote.Programme, q.Quote.Rules)
	if err != nil {
		return QuotedOperation{}, err
	}
	out.Awards, out.ToAwards = awardsOf(awarded(r), set, lang), awardsOf(r.ToAward, set, lang)
	return out, nil
}

// awarded is what the rules gave; without a rule set, what the rate of the terms gave.
func awarded(r *points.Receipt) *rules.Outcome {
	if r.Award != nil || r.Points == 0 {
		return r.Award
	}
	return &rules.Outcome{Awards: []rules.Award{{Rule: rules.BaseRule, Points: r.Points}}}
}

func awardsOf(o *rules.Outcome, set *rules.Set, lang string) []QuotedAward {
	list := []QuotedAward{}
	if o == nil {
		return list
	}
	texts := rules.Explain(o, set, lang)
	for i, a := range o.Awards {
		award := QuotedAward{Rule: a.Rule, Points: int64(a.Points), Text: texts[i]}
		if a.Campaign != "" {
			award.Campaign = &a.Campaign
		}
		list = append(list, award)
	}
	return list
}

// languageOf is the language that the caller wants, as a tag; English when it doesn't say or what it says can't be read.
func languageOf(p QuoteOperationParams) string {
	if p.Language != nil {
		if tag, err := language.Parse(*p.Language); err == nil {
			return tag.String()
		}
	}
	if tags, _, err := language.ParseAcceptLanguage(valueOr(p.AcceptLanguage, "")); err == nil && len(tags) > 0 {
		return tags[0].String()
	}
	return language.English.String()
}

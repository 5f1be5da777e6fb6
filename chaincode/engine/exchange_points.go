package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// What clearing asks of points chaincodes within a cross-brand transaction. Each of these functions refuses every transaction whose client did not invoke clearing itself:
// otherwise a member could burn or make points without owing anything for it.

// applyExchange applies a cross-brand batch to the home programme.
func applyExchange(c Call, s State) (Effects, error) {
	var call wire.ExchangeCall
	p, err := openCallee(&c, &call)
	if err != nil {
		return Effects{}, err
	}
	if p.Brand != call.Exchange.Home {
		return Effects{}, fault.New(fault.WrongEntryPoint, "%s is not the batch's home programme", p.Brand)
	}
	if call.MSP != p.MSP && call.MSP != call.PartnerMSP {
		return Effects{}, fault.New(fault.Forbidden, "a cross-brand batch is sent for one of the two brands")
	}
	c.Caller.MSP = call.MSP
	x := &call.Exchange
	b := &batch{call: c, request: &wire.BatchRequest{Lane: x.Lane, Seq: x.Seq, Operations: x.Operations}, programme: p, exchange: &call}
	if err := b.run(s); err != nil {
		return Effects{}, err
	}
	return b.exchangeEffects()
}

// exchangeEffects are the batch's writes; what a batch of the programme alone tells in its event, the answer tells clearing.
func (b *batch) exchangeEffects() (Effects, error) {
	event, writes, err := b.outcome()
	if err != nil {
		return Effects{}, err
	}
	out, err := answer(wire.ExchangeAnswer{
		Event: event, Rejected: b.rejected(), Desk: b.book.Desk, Obligations: b.book.Obligations, Deposits: b.book.Deposits,
	})
	out.Writes = writes
	return out, err
}

// deposit credits accounts of this programme with what swaps into it, and returns of swaps out of it, bring.
func deposit(c Call, s State) (Effects, error) {
	var call wire.DepositCall
	p, err := openCallee(&c, &call)
	if err != nil {
		return Effects{}, err
	}
	b := &batch{call: c, request: &wire.BatchRequest{Lane: call.Lane, Seq: call.Seq}, programme: p, deposits: &call}
	b.call.Caller.MSP = call.MSP
	if err := b.load(s); err != nil {
		return Effects{}, err
	}
	if call.Seq <= b.lane.Seq {
		return Effects{}, fault.New(fault.LaneSequence, "lane %d of %s stands at %d", b.lane.N, b.lane.MSP, b.lane.Seq)
	}
	for i := range call.Deposits {
		receipt := b.book.Deposit(&call.Deposits[i])
		if receipt.Outcome != points.Accepted {
			return Effects{}, fault.New(receipt.Code, "deposit %s can't be made: the points would be burned for nothing", receipt.Operation)
		}
		b.receipts = append(b.receipts, receipt)
	}
	event, writes, err := b.outcome()
	if err != nil {
		return Effects{}, err
	}
	out, err := answer(event)
	out.Writes = writes
	return out, err
}

// putOffer publishes what the programme's customers get at another brand.
func putOffer(c Call, s State) (Effects, error) {
	var call wire.OfferCall
	if _, err := openCallee(&c, &call); err != nil {
		return Effects{}, err
	}
	partner := points.Partner{V: 1, Brand: call.Partner, MSP: call.PartnerMSP}
	if _, err := read(s, PartnerKey(call.Partner), &partner); err != nil {
		return Effects{}, err
	}
	var err error
	if partner.Offers, err = clearing.AddOffer(partner.Offers, call.Offer, c.Time); err != nil {
		return Effects{}, err
	}
	var out Effects
	for _, r := range []struct {
		key    string
		record any
	}{{OfferKey(call.Partner, call.Offer.Version), call.Offer}, {PartnerKey(call.Partner), partner}} {
		w, err := write(r.key, r.record)
		if err != nil {
			return Effects{}, err
		}
		out.Writes = append(out.Writes, w)
	}
	return out, nil
}

// openCallee decodes what clearing asks, and gives the programme that is asked.
func openCallee(c *Call, call any) (*points.Programme, error) {
	return c.admitted.programme, wire.Decode(c.Document, wire.MaxExchangeCall, call)
}

// getExisting says which of the named accounts exist. It answers clients and other chaincodes alike.
func getExisting(c Call, s State) (Effects, error) {
	var doc wire.ExistingQuery
	if err := wire.Decode(c.Document, wire.MaxDocument, &doc); err != nil {
		return Effects{}, err
	}
	if len(doc.Accounts) > wire.MaxExchange {
		return Effects{}, fault.New(fault.TooLarge, "ask for at most %d accounts", wire.MaxExchange)
	}
	keys := make([]string, len(doc.Accounts))
	for i, id := range doc.Accounts {
		if err := id.Validate(); err != nil {
			return Effects{}, err
		}
		keys[i] = ExistsKey(id)
	}
	values, err := s.Get(keys)
	if err != nil {
		return Effects{}, err
	}
	there := make([]bool, len(values))
	for i, v := range values {
		there[i] = v != nil
	}
	return answer(there)
}

func getPartner(c Call, s State) (Effects, error) {
	var doc wire.PartnerQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if !clearing.ValidName(doc.Partner) {
		return Effects{}, fault.New(fault.InvalidValue, "partner is a member's name")
	}
	return answerRecord(s, PartnerKey(doc.Partner))
}

package contract_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// asks is the query for a quote of an operation on the airline's accounts with the hotel; amount is the discount in pence.
func (c *consortium) asks(t *testing.T, o points.Operation, amount int64) stubtest.Proposal {
	t.Helper()
	doc := wire.Exchange{Home: "airline", Partner: "hotel", Lane: clearing.CrossLaneFirst, Seq: 1, Operations: []points.Operation{o}}
	p := c.call("clearing", c.client(hotel, "gateway"), wire.FnQuoteExchange, encode(t, doc))
	d := points.Details{Operation: o.ID, OccurredAt: now.Format(time.RFC3339), Store: "private-store"}
	if amount != 0 {
		d.AmountMinor, d.Currency = amount, "GBP"
	}
	p.Transient = map[string][]byte{wire.DetailsTransient: []byte(encode(t, wire.BatchDetails{V: 1, Salt: salt(1), Operations: []points.Details{d}}))}
	return p
}

func (c *consortium) quoted(t *testing.T, o points.Operation, amount int64) wire.QuoteResult {
	t.Helper()
	raw, err := c.Evaluate(c.asks(t, o, amount), hotel)
	if err != nil {
		t.Fatal(err)
	}
	var q wire.QuoteResult
	decode(t, raw, &q)
	return q
}

func TestASwapIsQuotedWithWhatItBringsAndTheVersionThatHolds(t *testing.T) {
	c := trading(t)
	q := c.quoted(t, swapOf(11, 201), 0)
	if q.Quote.Partner != "hotel" || q.Quote.Agreement != 1 || q.Quote.PartnerPoints != 100 || q.Receipt.Outcome != points.Accepted || q.Receipt.Posted != 1000-201 || q.Hash == "" {
		t.Errorf("quoted %+v", q)
	}
	if a := c.accountAt(t, "airline", accountID(1)); a.Posted != 1000 {
		t.Error("a quote takes points")
	}
	nowhere := swapOf(12, 201)
	nowhere.To = accountID(9)
	if q := c.quoted(t, nowhere, 0); q.Receipt.Code != fault.AccountUnknown {
		t.Errorf("to an account that the hotel doesn't have: %s", q.Receipt.Code)
	}
}

func TestAMandateThatNamesTheQuoteServesAsLongAsItsVersionDoes(t *testing.T) {
	c := trading(t)
	o := redemptionOf(11, 300)
	q := c.quoted(t, o, 0)
	o = c.signedWith(t, o, q.Hash)
	event, _ := c.done(t, exchangeDoc{by: hotel, home: "airline", seq: 1, salt: 2, ops: []points.Operation{o}})
	wantAccepted(t, event.Home.Receipts...)
	other := redemptionOf(12, 300)
	other = c.signedWith(t, other, c.quoted(t, redemptionOf(12, 299), 0).Hash)
	event, _ = c.done(t, exchangeDoc{by: hotel, home: "airline", seq: 2, salt: 3, ops: []points.Operation{other}})
	if r := event.Home.Receipts[0]; r.Code != fault.AuthMismatch {
		t.Errorf("a quote for other points serves: %s", r.Code)
	}
	late := redemptionOf(13, 300)
	late.Agreement = 2
	if q := c.quoted(t, late, 0); q.Receipt.Code != fault.OfferUnknown || q.Quote.Agreement != 0 {
		t.Errorf("a version that isn't there is quoted: %+v", q)
	}
}

func TestADiscountAtAPartnerIsQuotedInTheFewestPointsThatItTakes(t *testing.T) {
	c := trading(t)
	o := redemptionOf(11, 0)
	if q := c.quoted(t, o, 75); q.Quote.Points != 150 || q.Receipt.Points != 150 {
		t.Errorf("75 pence at half a penny: %+v", q)
	}
	_, err := c.Evaluate(c.asks(t, o, 0), hotel)
	if refusalOf(t, err).Code != fault.PriceUnknown {
		t.Errorf("neither points nor a discount: %v", err)
	}
	o.Agreement = 7
	_, err = c.Evaluate(c.asks(t, o, 75), hotel)
	if refusalOf(t, err).Code != fault.OfferUnknown {
		t.Errorf("of a version that isn't there: %v", err)
	}
}

func TestAQuoteBetweenBrandsIsAskedOfClearingAndForOneOperation(t *testing.T) {
	c := trading(t)
	o := swapOf(11, 201)
	for name, spoil := range map[string]func(*stubtest.Proposal) fault.Code{
		"two operations": func(p *stubtest.Proposal) fault.Code {
			p.Args[1] = bytes.Replace(p.Args[1], []byte(`"operations":[`), []byte(`"operations":[`+encode(t, o)+","), 1)
			return fault.InvalidValue
		},
		"with somebody else": func(p *stubtest.Proposal) fault.Code {
			p.Args[1] = bytes.Replace(p.Args[1], []byte(`"partner":"hotel"`), []byte(`"partner":"grocer"`), 1)
			return fault.InvalidValue
		},
		"no brand": func(p *stubtest.Proposal) fault.Code {
			p.Args[1] = bytes.ReplaceAll(p.Args[1], []byte("hotel"), []byte("regulator"))
			return fault.Forbidden
		},
		"itself": func(p *stubtest.Proposal) fault.Code {
			p.Args[1] = bytes.ReplaceAll(p.Args[1], []byte("hotel"), []byte("airline"))
			return fault.InvalidValue
		},
		"the points chaincode directly": func(p *stubtest.Proposal) fault.Code {
			call := wire.ExchangeCall{Exchange: wire.Exchange{Home: "airline", Partner: "hotel", Operations: []points.Operation{o}}, Receivers: []points.AccountID{}}
			p.Chaincode, p.Args = "points-airline", [][]byte{[]byte(wire.FnPreviewExchange), []byte(encode(t, call))}
			return fault.WrongEntryPoint
		},
	} {
		p := c.asks(t, o, 0)
		want := spoil(&p)
		if _, err := c.Evaluate(p, hotel); refusalOf(t, err).Code != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

package engine_test

import (
	"encoding/hex"
	"maps"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// quote asks for one and checks that nothing comes of it.
func (l *ledger) quote(t *testing.T, p pair) (wire.QuoteResult, error) {
	t.Helper()
	before := maps.Clone(l.points)
	p.details.Operation = p.op.ID
	call := ask(t, wire.FnQuote, wire.QuoteQuery{Operation: p.op}, engine.Identity{MSP: "HotelMSP"})
	details := wire.BatchDetails{V: 1, Salt: strings.Repeat("5a", 32), Operations: []points.Details{p.details}}
	call.Transient = map[string][]byte{wire.DetailsTransient: encode(t, details)}
	e, err := engine.Points(call, l.state())
	if err != nil {
		return wire.QuoteResult{}, err
	}
	if len(e.Writes)+len(e.Private) > 0 || e.EventName != "" || !maps.EqualFunc(before, l.points, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Errorf("a quote has effects: %+v", e)
	}
	var result wire.QuoteResult
	decodeRecord(t, e.Response, &result)
	return result, nil
}

func TestQuoteSaysWhatAnAccrualWillGive(t *testing.T) {
	l := founded(t)
	l.do(t, wire.FnPublishRuleSet, doubled(1, today()), operator)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	sale := accrual(2, accountID(1), 1050)
	quoted, err := l.quote(t, sale)
	if err != nil {
		t.Fatal(err)
	}
	got := l.submit(t, 0, 2, sale)[0]
	if quoted.Receipt.Points != 21 || quoted.Receipt.Posted != got.Posted || string(encode(t, quoted.Receipt.Award)) != string(encode(t, got.Award)) {
		t.Errorf("quoted %+v, got %+v", quoted.Receipt, got)
	}
}

func TestQuotedPriceHoldsUntilThePriceListChanges(t *testing.T) {
	l := founded(t)
	l.do(t, wire.FnPublishPrices, prices(1, today(), 10), operator)
	l.do(t, wire.FnPublishPrices, prices(2, today()+1, 9), operator)
	l.submit(t, 0, 1, opening(1, accountID(1)), accrual(2, accountID(1), 10000))
	mug := pair{points.Operation{ID: operationID(3), Kind: points.KindRedeem, Account: accountID(1)}, points.Details{Operation: operationID(3), Item: "mug", Pieces: 2}}
	quoted, err := l.quote(t, mug)
	if err != nil {
		t.Fatal(err)
	}
	if quoted.Quote.Points != 20 || quoted.Quote.Prices != 1 || quoted.Receipt.Code != fault.OK || quoted.Receipt.Posted != 80 {
		t.Fatalf("quoted %+v", quoted)
	}
	signed := func(n int) pair {
		p := mug
		p.op.ID, p.op.Points, p.details.Operation = operationID(n), quoted.Quote.Points, operationID(n)
		p.op.Authorisation = sign(custodian, points.Mandate{
			Format: 1, Genesis: genesis, Programme: "airline", Account: accountID(1), ControllerVersion: 1, Operation: points.KindRedeem,
			MaxPoints: quoted.Quote.Points, Quote: quoted.Hash, ID: string(operationID(n)), NotAfter: now + 60,
		})
		return p
	}
	if r := l.submit(t, 0, 2, signed(4))[0]; r.Code != fault.OK || r.Prices != 1 {
		t.Errorf("at the quoted price: %+v", r)
	}
	l.advance(t, today()+1)
	if r := l.submit(t, 0, 3, signed(5))[0]; r.Code != fault.AuthMismatch {
		t.Errorf("after the price changed: %s", r.Code)
	}
}

func TestQuotesRefuseWhatCanNotBeQuoted(t *testing.T) {
	redemption := func(item string, pieces int) pair {
		return pair{points.Operation{ID: operationID(3), Kind: points.KindRedeem, Account: accountID(1)}, points.Details{Item: item, Pieces: pieces}}
	}
	cases := map[string]struct {
		prices bool
		pair   pair
		code   fault.Code // Of the call, or of the receipt.
	}{
		"a redemption without points and prices": {false, redemption("mug", 1), fault.PriceUnknown},
		"an item that isn't there":               {true, redemption("bowl", 1), fault.PriceUnknown},
		"no pieces of an item":                   {true, redemption("mug", 0), fault.OutOfRange},
		"more than there is":                     {true, redemption("mug", 1), fault.InsufficientPoints},
		"an account that isn't there":            {true, accrual(3, accountID(9), 5), fault.AccountUnknown},
		"a transfer without a receiver":          {true, pair{op: points.Operation{ID: operationID(3), Kind: points.KindTransfer, Account: accountID(1), Points: 1}}, fault.InvalidValue},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := founded(t)
			if c.prices {
				l.do(t, wire.FnPublishPrices, prices(1, today(), 10), operator)
			}
			l.submit(t, 0, 1, opening(1, accountID(1)))
			result, err := l.quote(t, c.pair)
			code := fault.CodeOf(err)
			if err == nil {
				code = result.Receipt.Code
			}
			if code != c.code {
				t.Errorf("got %s, %v, want %s", code, err, c.code)
			}
		})
	}
}

func TestReturnByLinesNeedsThePurchasesOwnDetails(t *testing.T) {
	cases := map[string]struct {
		change func(*points.Disclosed)
		code   fault.Code
		points quantity.Points
	}{
		"as they were":   {func(*points.Disclosed) {}, fault.OK, 12},
		"other amounts":  {func(d *points.Disclosed) { d.Details.Lines[1].AmountMinor, d.Details.Lines[0].AmountMinor = 900, 100 }, fault.ReturnUndisclosed, 0},
		"another salt":   {func(d *points.Disclosed) { d.Salt = strings.Repeat("ff", 32) }, fault.ReturnUndisclosed, 0},
		"none disclosed": {nil, fault.ReturnUndisclosed, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := founded(t)
			l.do(t, wire.FnPublishRuleSet, doubled(1, today()), operator)
			l.submit(t, 0, 1, opening(1, accountID(1)))
			sale := accrual(2, accountID(1), 1000)
			sale.details.Lines = []points.Line{{AmountMinor: 400}, {AmountMinor: 600}}
			receipts := l.submit(t, 0, 2, sale)
			back := giveBack(3, prove(t, 0, 2, receipts, 0), 600)
			back.op.Lines = []int{1}
			if c.change != nil {
				salt, err := hex.DecodeString(strings.Repeat("5a", 32))
				if err != nil {
					t.Fatal(err)
				}
				copied := sale.details
				copied.Lines = append([]points.Line{}, sale.details.Lines...)
				back.details.Disclosed = &points.Disclosed{Salt: hex.EncodeToString(wire.OperationSalt(salt, sale.op.ID)), Details: copied}
				c.change(back.details.Disclosed)
			}
			again := back
			again.op.ID, again.details.Operation = operationID(4), operationID(4)
			got := l.submit(t, 0, 3, back, again)
			if got[0].Code != c.code || got[0].Code == fault.OK && got[0].Points != c.points {
				t.Errorf("got %s of %d, want %s of %d", got[0].Code, got[0].Points, c.code, c.points)
			}
			if c.code == fault.OK && got[1].Code != fault.ReturnExceeds {
				t.Errorf("the line again: %s", got[1].Code)
			}
		})
	}
}

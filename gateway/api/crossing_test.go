package api

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/sequencer"
)

func TestWhoTakesWhatPlacesWithAPartnerIsToldByTheRequest(t *testing.T) {
	toHotel, noTill := fields{"partner": "hotel"}, fields{"store": nil, "terminal": nil, "receiptNumber": nil}
	brought := points.Original{Receipt: receipt(points.OperationID(heldID), account), Proof: points.InclusionProof{MSP: "HotelMSP", Lane: 1024, Seq: 1, Size: 1, Hashes: []string{}}}
	brought.Receipt.Kind, brought.Receipt.Partner = points.KindDeposit, "hotel"
	taken := redeemedAtHotel()
	back := fields{"authentication": nil, "amountMinor": nil, "currency": nil, "whole": true}
	for _, v := range []variant{
		{"an allowance for a partner", KindHold, []fields{toHotel, noTill, {"purpose": "allowance", "agreement": 2}}, ""},
		{"a hold at a partner's till", KindHold, []fields{toHotel}, "/partner"},
		{"a redemption at a partner's till", KindRedeem, []fields{toHotel}, "/partner"},
		{"a capture at a partner's till", KindCapture, []fields{toHotel}, "/partner"},
		{"the void of what a partner's till relies on", KindVoid, []fields{toHotel}, "/partner"},
		{"a swap", KindSwap, []fields{{"programme": "airline", "agreement": 1}}, ""},
		{"a swap with nobody", KindSwap, []fields{{"programme": "airline", "partner": nil}}, "/partner"},
		{"a swap with itself", KindSwap, []fields{{"partner": "airline"}}, "/partner"},
		{"a swap with a stranger", KindSwap, []fields{{"partner": "bookshop"}}, "/partner"},
		{"a swap to a customer of the partner's", KindSwap, []fields{{"to": nil, "toReference": "card-1"}}, "/toReference"},
		{"the return of a swap", KindReturn, []fields{toHotel, back, {"original": brought}}, ""},
		{"the return of a swap by amount", KindReturn, []fields{toHotel, {"authentication": nil, "original": brought}}, "/points"},
		{"the return of what a partner's till took", KindReturn, []fields{toHotel, back, {"original": taken}}, "/partner"},
		{"a return at a partner without a receipt", KindReturn, []fields{toHotel}, "/original"},
		{"every partner opted out of", KindOptout, []fields{{"partner": "*"}}, ""},
		{"a swap with every partner", KindSwap, []fields{{"partner": "*"}}, "/partner"},
		{"an award of the own points", KindAward, []fields{{"programme": "airline"}}, "/programme"},
		{"an award of a stranger's", KindAward, []fields{{"programme": "bookshop"}}, "/programme"},
		{"an award to another programme's customer", KindAward, []fields{{"account": nil, "reference": "card-1"}}, "/reference"},
		{"an award that another member pays", KindAward, []fields{{"partner": "grocer"}}, "/partner"},
		{"a version of nobody's offer", KindRedeem, []fields{{"agreement": 1}}, "/agreement"},
		{"an item at a partner", KindRedeem, []fields{{"programme": "hotel", "item": "mug"}}, "/item"},
		{"a shop at a partner", KindRedeem, []fields{{"programme": "hotel", "shop": "corner"}}, "/shop"},
		{"another programme's accrual", KindEarn, []fields{{"programme": "hotel"}}, "/programme"},
	} {
		t.Run(v.name, func(t *testing.T) {
			if v.pointer != "" {
				expectPointer(t, v.kind, v.request(), v.pointer)
				return
			}
			b := newBench(t)
			into[Operation](t, b.do(b.post("/v1/operations", scopeOf(v.kind), v.request())), http.StatusOK)
			b.lawful()
			if in := b.intakes[0]; in.Operation.Partner != v.request()["partner"] || len(b.outbox.intakes) != 0 || in.Details.Store != "" && in.Details.Merchant != "airline" {
				t.Errorf("%+v", in)
			}
		})
	}
}

func TestASwapIntoTheOwnProgrammeFindsItsReceiverByReference(t *testing.T) {
	b := newBorder(t)
	into[Operation](t, b.hotel.do(call{"POST", "/v1/operations", ScopeTill, `{"kind":"open","reference":"guest-1"}`, []string{"Idempotency-Key", "open"}}), http.StatusOK)
	guest := hexOf("account of " + b.hotel.Lookup("guest-1"))
	into[Operation](t, b.till("key-1", elsewhere(KindSwap, fields{"to": nil, "toReference": "guest-1"})), http.StatusOK)
	if o := b.airline.intakes[0].Operation; string(o.To) != guest || o.Kind != points.KindSwap || o.Partner != "hotel" {
		t.Errorf("%+v", o)
	}
	b.airline.lawful()
}

func TestAMandateForAPartnersTillIsPreparedThereAndCoversWhatIsSent(t *testing.T) {
	for _, kind := range []Kind{KindRedeem, KindHold, KindSwap} {
		b := newBorder(t)
		request := elsewhere(kind, fields{"account": wallet, "authentication": nil, "agreement": 3})
		p := b.hotel.prepare(fields{"operation": request})
		p.Operation.Authorisation = &points.Authorisation{Mandate: p.Mandate, Signature: authorised(t, p.Mandate).Signature}
		w := b.hotel.do(call{"POST", "/v1/operations", ScopeTill, encoded(t, p.Operation), []string{"Idempotency-Key", "key-1"}})
		into[Operation](t, w, http.StatusOK)
		o, d, m := b.airline.intakes[0].Operation, b.airline.intakes[0].Details, p.Mandate
		if m.Programme != "airline" || m.Subject != points.SubjectHash(&o) || m.Receiver != o.To || m.Place != points.PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal) {
			t.Errorf("the ledger would refuse %+v for %+v with %+v", m, o, d)
		}
	}
	b := newBorder(t)
	p := b.hotel.problem(b.hotel.do(call{"POST", "/v1/mandates", ScopeTill, fields{"operation": elsewhere(KindRedeem, fields{"authentication": nil})}.String(), nil}), fault.InvalidValue)
	if (*p.Errors)[0].Pointer != "/operation/account" {
		t.Errorf("custody of another programme: %+v", p.Errors)
	}
}

// offersTo are what the airline's customers get at the hotel.
func offersTo() points.Partner {
	return points.Partner{V: 1, Brand: "hotel", MSP: "HotelMSP", Offers: []clearing.Offer{
		{Version: 1, From: 5, Acceptance: quantity.Ratio{Num: 1, Den: 2}, Swap: quantity.Ratio{Num: 1, Den: 3}, SwapMin: 10},
		{Version: 2, From: 9, Acceptance: quantity.Ratio{Num: 1, Den: 3}, Swap: quantity.Ratio{Num: 1, Den: 4}, SwapMin: 10, RedeemPerDay: 500},
	}}
}

func TestCustomersSeeWhatTheyGetAtPartners(t *testing.T) {
	b := newBench(t)
	b.keep("airline", engine.ObjectPartner, "hotel", offersTo())
	b.keep("airline", engine.ObjectPartner, "grocer", points.Partner{V: 1, Brand: "grocer", MSP: "GrocerMSP"})
	list := into[PartnerList](t, b.get("/v1/programmes/airline/partners?limit=1"), http.StatusOK)
	rest := into[PartnerList](t, b.get("/v1/programmes/airline/partners?after="+*list.Next), http.StatusOK)
	if len(list.Partners) != 1 || list.Partners[0].Brand != "grocer" || len(rest.Partners) != 1 || rest.Next != nil {
		t.Errorf("%+v, then %+v", list, rest)
	}
	if one := into[Partner](t, b.get("/v1/programmes/airline/partners/hotel"), http.StatusOK); len(one.Offers) != 2 || one.Offers[1] != offersTo().Offers[1] {
		t.Errorf("%+v", one)
	}
	b.problem(b.get("/v1/programmes/airline/partners/bookshop"), fault.NotFound)
	b.problem(b.get("/v1/programmes/bookshop/partners"), fault.NotFound)
}

func TestAQuoteBetweenBrandsSaysWhatItIsWorthAndWhichVersionHolds(t *testing.T) {
	b := newBorder(t)
	b.hotel.keep("airline", engine.ObjectPartner, "hotel", offersTo())
	r := receipt(unknownID, account)
	b.hotel.quotes(r)
	b.hotel.quoted.Quote = points.Quote{V: 1, Programme: "airline", Account: account, Operation: points.KindRedeem, Points: 31, Terms: 1, Partner: "hotel", Agreement: 2}
	q := b.hotel.quote(elsewhere(KindRedeem, fields{"authentication": nil, "agreement": 2}))
	if q.WorthMinor == nil || *q.WorthMinor != 10 || q.Quote.Agreement != 2 || q.PlaceSalt == "" {
		t.Errorf("%+v", q)
	}
	if x := b.hotel.exchange; x.Home != "airline" || x.Partner != "hotel" || len(x.Operations) != 1 || x.Operations[0].Agreement != 2 || x.Operations[0].Partner != "hotel" {
		t.Errorf("asked of the ledger: %+v", x)
	}
	b.hotel.quoted.Quote = points.Quote{V: 1, Programme: "airline", Account: account, Operation: points.KindSwap, Points: 31, Terms: 1, Partner: "hotel", Agreement: 2, PartnerPoints: 7}
	if q := b.hotel.quote(elsewhere(KindSwap, fields{"authentication": nil})); q.Quote.PartnerPoints != 7 || q.WorthMinor != nil {
		t.Errorf("%+v", q)
	}
	b.hotel.quoted.Quote.Operation, b.hotel.quoted.Quote.Agreement = points.KindRedeem, 9
	if q := b.hotel.quote(elsewhere(KindRedeem, fields{"authentication": nil})); q.WorthMinor != nil {
		t.Errorf("worth %d by a version that isn't known here yet", *q.WorthMinor)
	}
	b.airline.quotes(r)
	if q := into[QuotedOperation](t, b.airline.do(call{"POST", "/v1/quotes", ScopeTill, asked(KindSwap).String(), nil}), http.StatusOK); q.WorthMinor != nil || b.airline.exchange.Home != "airline" {
		t.Errorf("at home: %+v", q)
	}
}

func TestABalanceShowsWhatWaitsAndWhereItIsHeld(t *testing.T) {
	b := newBench(t)
	b.waiting = 40
	b.positions = map[points.AccountID]points.Account{account: {V: 1, ID: account, Status: points.StatusActive, Posted: 12, Held: 5, Controller: points.Controller{Kind: points.ControllerCustodian},
		Holds: []points.Hold{{ID: points.OperationID(heldID), Points: 5, Until: 9, Partner: "hotel", Agreement: 3}, {ID: unknownID, Points: 1, Until: 9}}}}
	a := into[Account](t, b.get("/v1/accounts/"+account), http.StatusOK)
	if a.Waiting != 40 || a.Posted != 12 || a.Holds[0].Partner == nil || *a.Holds[0].Partner != "hotel" || *a.Holds[0].Agreement != 3 || a.Holds[1].Partner != nil {
		t.Errorf("%+v", a)
	}
}

func TestTheGatewaysOwnKindsAreNobodysToSend(t *testing.T) {
	for _, kind := range []points.Kind{points.KindDeposit, points.KindFold, points.KindRefund} {
		b := newBench(t)
		p := b.problem(b.submit(`{"kind":"`+string(kind)+`","account":"`+account+`","points":5,"partner":"hotel"}`), fault.InvalidValue)
		if (*p.Errors)[0].Pointer != "/kind" || len(b.intakes) != 0 {
			t.Errorf("%s: %+v", kind, p.Errors)
		}
	}
}

func TestTheRoutesOfTheIssuersGatewayAreThoseOfTheDocument(t *testing.T) {
	var open []string
	for route, r := range newBench(t).server.rules {
		if slices.Contains(r.scopes, ScopePartner) {
			open = append(open, route)
		}
	}
	slices.Sort(open)
	want := []string{
		"GET /v1/operations/:id", "POST /v1/operations", "POST /v1/operations/bulk", "POST /v1/partner/challenges", "POST /v1/partner/challenges/:id/answers",
		"POST /v1/partner/identifications", "POST /v1/partner/secrets",
	}
	if !slices.Equal(open, want) {
		t.Errorf("open to other members: %q, want %q", open, want)
	}
}

func TestTheReturnOfWhatAnotherGatewayAnsweredForAMomentAgoCanBeTriedAgain(t *testing.T) {
	b := newBorder(t)
	for _, c := range []struct {
		age  time.Duration
		code fault.Code
	}{{0, fault.NotReady}, {travelTime / 2, fault.NotReady}, {-travelTime / 2, fault.NotReady}, {travelTime + time.Second, fault.NotFound}} {
		id := fmt.Sprintf("%08x", uint32(time.Now().Add(-c.age).Unix())) + heldID[8:]
		b.hotel.problem(b.till("key "+id, elsewhere(KindReturn, fields{"original": nil, "originalOperation": id})), c.code)
	}
	if n := len(b.airline.intakes); n != 0 {
		t.Errorf("%d operations were recorded", n)
	}
	drawn := sequencer.DrawnAt(points.OperationID(heldID))
	for age, code := range map[time.Duration]fault.Code{
		travelTime - 1: fault.NotReady, travelTime: fault.NotFound, -travelTime + 1: fault.NotReady, -travelTime: fault.NotFound,
	} {
		if err := notSeen(points.OperationID(heldID), "", drawn.Add(age)); fault.CodeOf(err) != code {
			t.Errorf("%s after it was drawn: %v, want %s", age, err, code)
		}
	}
}

package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// asked is a request as it is quoted: nobody has agreed yet.
func asked(kind Kind, changes ...fields) fields {
	return requestsOf()[kind].with(append([]fields{{"authentication": nil}}, changes...)...)
}

func (b *bench) quote(f fields, headers ...string) QuotedOperation {
	b.t.Helper()
	return into[QuotedOperation](b.t, b.do(call{"POST", "/v1/quotes", ScopeTill, f.String(), headers}), http.StatusOK)
}

// quotes lets the ledger answer a quote with a receipt.
func (b *bench) quotes(r points.Receipt) {
	b.quoted = wire.QuoteResult{
		Quote: points.Quote{V: 1, Programme: "airline", Account: r.Account, Operation: r.Kind, Points: r.Points, Terms: 1, Rules: r.Rules}, Hash: hash, Receipt: r,
	}
}

// summer is a rule set with words.
func summer() rules.Set {
	return rules.Set{
		V: 1, Version: 2, Zone: "Europe/London", MinorPerUnit: 100, Prose: rules.Words{"en": "A mile a pound, two in summer."},
		Counters:  []rules.Counter{{ID: "year-points", Measure: rules.Earned, Types: []rules.EventType{rules.Purchase}, Period: rules.ByYear}},
		Tiers:     []rules.Tier{{ID: "silver", Counter: "year-points", Threshold: 10}},
		Campaigns: []rules.Campaign{{ID: "sun", Name: rules.Words{"en": "Summer", "de": "Sommer"}, From: 19_000, Until: 21_000}},
		Rules: []rules.Rule{
			{ID: "mile", Name: rules.Words{"en": "A mile a pound", "de": "Eine Meile je Pfund"}, Types: []rules.EventType{rules.Purchase},
				Action: rules.Action{Rate: &quantity.Ratio{Num: 1, Den: 100}, Rounding: rules.Floor}},
			{ID: "double", Types: []rules.EventType{rules.Purchase}, Campaign: "sun", Action: rules.Action{Multiplier: &quantity.Ratio{Num: 2, Den: 1}}},
		},
	}
}

func TestAQuoteSaysWhichRuleGivesWhat(t *testing.T) {
	b := newBench(t)
	b.keep("airline", engine.ObjectRuleSet, store.VersionID(2), summer())
	r := receipt(unknownID, account)
	r.Rules, r.Points, r.Posted = 2, 24, 36
	r.Award = &rules.Outcome{Awards: []rules.Award{{Rule: "mile", Points: 12}, {Rule: "double", Points: 12, Campaign: "sun"}}}
	r.Moves = []lots.Move{{Lot: lots.Lot{Key: lots.Key{Terms: 1, Expiry: 20_100}, Points: 24}, Cause: lots.Accrued}}
	b.quotes(r)
	for _, c := range []struct {
		query   string
		headers []string
		want    []string
	}{
		{"", nil, []string{"A mile a pound: 12 points", "double (Summer): 12 points"}},
		{"?language=de", nil, []string{"Eine Meile je Pfund: 12 Punkte", "double (Sommer): 12 Punkte"}},
		{"", []string{"Accept-Language", "fr;q=0.3, de-AT;q=0.9"}, []string{"Eine Meile je Pfund: 12 Punkte", "double (Sommer): 12 Punkte"}},
		{"?language=en", []string{"Accept-Language", "de"}, []string{"A mile a pound: 12 points", "double (Summer): 12 points"}},
		{"?language=*&", []string{"Accept-Language", ";;;"}, []string{"A mile a pound: 12 points", "double (Summer): 12 points"}},
	} {
		q := into[QuotedOperation](t, b.do(call{"POST", "/v1/quotes" + c.query, ScopeRead, asked(KindEarn).String(), c.headers}), http.StatusOK)
		if q.Code != "OK" || q.Outcome != ACCEPTED || q.Points != 24 || q.Posted != 36 || q.Hash != hash || len(q.Moves) != 1 || len(q.Awards) != 2 {
			t.Fatalf("%+v", q)
		}
		if got := []string{q.Awards[0].Text, q.Awards[1].Text}; !slices.Equal(got, c.want) || *q.Awards[1].Campaign != "sun" || q.Awards[0].Campaign != nil || q.Awards[0].Points != 12 {
			t.Errorf("%s %v: %v", c.query, c.headers, got)
		}
	}
	if len(b.intakes) != 0 {
		t.Errorf("%d operations were recorded", len(b.intakes))
	}
}

func TestAQuoteOfAReferralHasBothSides(t *testing.T) {
	b := newBench(t)
	b.keep("airline", engine.ObjectRuleSet, store.VersionID(2), summer())
	r := receipt(unknownID, account)
	r.Kind, r.Rules, r.Points, r.ToPoints = points.KindRefer, 2, 3, 4
	r.Award, r.ToAward = &rules.Outcome{Awards: []rules.Award{{Rule: "mile", Points: 3}}}, &rules.Outcome{Awards: []rules.Award{{Rule: "mile", Points: 4}}}
	b.quotes(r)
	if q := b.quote(asked(KindRefer)); len(q.Awards) != 1 || len(q.ToAwards) != 1 || q.ToPoints == nil || *q.ToPoints != 4 || q.ToAwards[0].Points != 4 {
		t.Errorf("%+v", q)
	}
}

func TestWithoutARuleSetTheTermsGiveThePoints(t *testing.T) {
	b := newBench(t)
	b.quotes(receipt(unknownID, account))
	if q := b.quote(asked(KindEarn)); len(q.Awards) != 1 || q.Awards[0].Rule != rules.BaseRule || q.Awards[0].Points != 12 {
		t.Errorf("%+v", q.Awards)
	}
}

func TestRulesThatTheReadModelHasNotSeenYetGoByTheirIDs(t *testing.T) {
	b := newBench(t)
	r := receipt(unknownID, account)
	r.Rules, r.Award = 3, &rules.Outcome{Awards: []rules.Award{{Rule: "mile", Points: 12}}}
	b.quotes(r)
	if q := b.quote(asked(KindEarn)); len(q.Awards) != 1 || q.Awards[0].Text != "mile: 12 points" {
		t.Errorf("%+v", q.Awards)
	}
}

func TestWhatIsQuotedIsWhatWillBeSent(t *testing.T) {
	for kind := range requestsOf() {
		if !quoting.serves(kind) {
			continue
		}
		t.Run(string(kind), func(t *testing.T) {
			b := newBench(t)
			b.quotes(receipt(unknownID, account))
			request := asked(kind, fields{"placeSalt": nil})
			q := b.quote(request)
			if len(b.details.Operations) != 1 || len(b.details.Salt) != 64 || b.details.V != 1 {
				t.Fatalf("details %+v", b.details)
			}
			o, d := b.query.Operation, b.details.Operations[0]
			if o.Kind != points.Kind(kind) || o.Account != account || o.Authorisation != nil || len(o.ID) != 32 || d.Operation != o.ID {
				t.Errorf("%+v\n%+v", o, d)
			}
			if err := o.Validate(); err != nil {
				t.Errorf("the ledger would say %v to %+v", err, o)
			}
			if err := d.Validate(o.Kind); err != nil {
				t.Errorf("the ledger would say %v to %+v", err, d)
			}
			salted := request["store"] != nil && kind != KindCapture
			if (q.PlaceSalt != "") != salted || q.PlaceSalt != d.PlaceSalt || salted && len(q.PlaceSalt) != 64 {
				t.Errorf("salt %q, in the details %q", q.PlaceSalt, d.PlaceSalt)
			}
		})
	}
}

func TestARedemptionIsQuotedWithoutItsPriceAndItsReceiptNumber(t *testing.T) {
	b := newBench(t)
	r := receipt(unknownID, account)
	r.Kind, r.Points = points.KindRedeem, 150
	b.quotes(r)
	q := b.quote(asked(KindRedeem, fields{"points": nil, "receiptNumber": nil, "item": "mug"}))
	if o := b.query.Operation; q.Points != 150 || o.Points != 0 || b.details.Operations[0].Item != "mug" || len(q.Awards) != 0 {
		t.Errorf("%+v, asked for %+v", q, o)
	}
	again := b.quote(asked(KindRedeem, fields{"placeSalt": hash}))
	if again.PlaceSalt != hash || b.details.Operations[0].PlaceSalt != hash {
		t.Errorf("salt %q", again.PlaceSalt)
	}
}

func TestAQuoteRecallsWhatItRefersTo(t *testing.T) {
	b := newBench(t)
	b.quotes(receipt(unknownID, account))
	b.disclosures = map[points.OperationID]*points.Disclosed{points.OperationID(heldID): {Salt: hash, Details: points.Details{PlaceSalt: "5a17", AmountMinor: 1234}}}
	if q := b.quote(asked(KindCapture)); q.PlaceSalt != "5a17" {
		t.Errorf("the hold's salt is %q", q.PlaceSalt)
	}
	original := points.Original{Receipt: receipt(points.OperationID(heldID), account), Proof: points.InclusionProof{MSP: "AirlineMSP", Seq: 1, Size: 1, Hashes: []string{}}}
	byRules := original
	byRules.Receipt.Award = &rules.Outcome{}
	for _, c := range []struct {
		name    string
		changes fields
		want    bool
	}{
		{"by amount of what rules gave", fields{"original": byRules}, true}, {"by amount at the rate of the terms", fields{"original": original}, false},
		{"by lines", fields{"original": original, "returnLines": []int{0}}, true}, {"whole", fields{"original": byRules, "whole": true}, false},
	} {
		b.quote(asked(KindReturn, c.changes))
		if d := b.details.Operations[0].Disclosed; (d != nil) != c.want {
			t.Errorf("%s: disclosed %+v", c.name, d)
		}
	}
}

func TestARefusalIsQuotedAsOne(t *testing.T) {
	b := newBench(t)
	r := receipt(unknownID, account)
	r.Kind, r.Outcome, r.Code, r.Points, r.Posted = points.KindRedeem, points.Rejected, fault.InsufficientPoints, 5, 0
	b.quotes(r)
	if q := b.quote(asked(KindRedeem)); q.Outcome != REJECTED || q.Code != string(fault.InsufficientPoints) || q.Points != 5 || len(q.Awards) != 0 {
		t.Errorf("%+v", q)
	}
	b.quoteErr = fault.New(fault.PriceUnknown, "price list 1 has no such item")
	b.problem(b.do(call{"POST", "/v1/quotes", ScopeTill, asked(KindRedeem, fields{"points": nil, "item": "cup"}).String(), nil}), fault.PriceUnknown)
}

func TestBadRequestsForQuotesAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		key     string
		body    fields
		code    fault.Code
		pointer string
	}{
		"agreed already":             {ScopeTill, requestsOf()[KindRedeem], fault.InvalidValue, "/authentication"},
		"signed already":             {ScopeTill, signedRedemption().with(fields{"authorisation": authorised(t, bearer())}), fault.InvalidValue, "/authorisation"},
		"an opening":                 {ScopeTill, requestsOf()[KindOpen], fault.InvalidValue, "/kind"},
		"an adjustment":              {ScopeTill, requestsOf()[KindAdjust], fault.InvalidValue, "/kind"},
		"a capture without points":   {ScopeTill, asked(KindCapture, fields{"points": nil}), fault.InvalidValue, "/points"},
		"a late claim of no receipt": {ScopeTill, asked(KindEarn, fields{"lateClaim": true, "receiptNumber": nil}), fault.InvalidValue, "/receiptNumber"},
		"a negative amount":          {ScopeTill, asked(KindEarn, fields{"amountMinor": -1}), fault.OutOfRange, "/amountMinor"},
		"a salt of no place":         {ScopeTill, asked(KindHold, fields{"store": nil, "terminal": nil, "receiptNumber": nil, "placeSalt": hash}), fault.InvalidValue, "/store"},
		"a discount in dollars":      {ScopeTill, asked(KindRedeem, fields{"amountMinor": 5, "currency": "USD"}), fault.CurrencyMismatch, "/currency"},
		"a customer that is unknown": {ScopeTill, asked(KindEarn, fields{"account": nil, "reference": "card-9"}), fault.AccountUnknown, "/reference"},
		"a reader with a reference":  {ScopeRead, asked(KindEarn, fields{"account": nil, "reference": "card-9"}), fault.Forbidden, "/reference"},
		"a reader with a receiver":   {ScopeRead, asked(KindTransfer, fields{"to": nil, "toReference": "card-9"}), fault.Forbidden, "/toReference"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := b.problem(b.do(call{"POST", "/v1/quotes", c.key, c.body.String(), nil}), c.code)
			if p.Errors == nil || !slices.ContainsFunc(*p.Errors, func(e FieldError) bool { return e.Pointer == c.pointer }) || b.details.V != 0 {
				t.Errorf("points at %+v, want %s", p.Errors, c.pointer)
			}
		})
	}
}

func TestAQuoteSaysNothingPersonal(t *testing.T) {
	b := newBench(t)
	b.record(KindOpen, fields{"reference": "phone-secret"})
	b.quotes(receipt(unknownID, account))
	w := b.do(call{"POST", "/v1/quotes", ScopeTill, asked(KindEarn, fields{"account": nil, "reference": "phone-secret", "receiptNumber": "receipt-secret"}).String(), nil})
	into[QuotedOperation](t, w, http.StatusOK)
	for _, secret := range []string{"phone-secret", "receipt-secret", "main-street"} {
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s is in the answer: %s", secret, w.Body)
		}
	}
}

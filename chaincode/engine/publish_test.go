package engine_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

var hotelOperator = engine.Identity{MSP: "HotelMSP", Role: engine.RoleOperator}

// today is the business date of a founded ledger.
func today() quantity.Day { return quantity.DayOf(now) }

// ask makes a call of points-airline.
func ask(t tester, function string, document any, caller engine.Identity) engine.Call {
	t.Helper()
	return engine.Call{Chaincode: "points-airline", Function: function, Document: encode(t, document), Caller: caller, Time: now}
}

// do runs a call and commits it.
func (l *ledger) do(t tester, function string, document any, caller engine.Identity) engine.Effects {
	t.Helper()
	e, err := engine.Points(ask(t, function, document, caller), l.state())
	if err != nil {
		t.Fatalf("%s: %v", function, err)
	}
	l.points.commit(e)
	return e
}

func (l *ledger) advance(t tester, day quantity.Day) {
	t.Helper()
	l.do(t, wire.FnAdvanceBusinessDate, wire.BusinessDate{Date: day}, operator)
}

func nextTerms() wire.NewTerms {
	next := firstTerms()
	next.Version, next.Effective = 2, today()
	next.Prose = map[string]string{"en": "Two points for a pound.", "de": "Zwei Punkte je Pfund.", "zh": "每英镑两分。"}
	next.Rate.Num = 2
	return next
}

// doubled gives two points a pound, and a tier to who spent 100 pounds in a year.
func doubled(version int, effective quantity.Day) wire.NewRuleSet {
	return wire.NewRuleSet{
		V: 1, Version: version, Effective: effective, Zone: "Europe/London", MinorPerUnit: 100, Prose: rules.Words{"en": "Two points a pound."},
		Counters: []rules.Counter{{ID: "year", Measure: rules.Spend, Types: []rules.EventType{rules.Purchase}, Period: rules.ByYear}},
		Tiers:    []rules.Tier{{ID: "silver", Counter: "year", Threshold: 100}},
		Rules: []rules.Rule{{
			ID: "base", Types: []rules.EventType{rules.Purchase}, Action: rules.Action{Rate: &quantity.Ratio{Num: 2, Den: 100}, Rounding: rules.Floor},
		}},
	}
}

func prices(version int, effective quantity.Day, mug quantity.Points) wire.NewPrices {
	return wire.NewPrices{
		Version: version, Effective: effective, Discount: quantity.Ratio{Num: 2, Den: 1},
		Items: []terms.Item{{ID: "mug", Kind: terms.ItemGood, Points: mug, Name: map[string]string{"en": "Mug"}}},
	}
}

func kiosk() wire.NewShop {
	return wire.NewShop{ID: "kiosk", DisplayName: "Kiosk", Sponsor: "AirlineMSP", Status: points.ShopOpen, AwardPerDay: 10, AcceptPerDay: 5}
}

func TestProgrammeIsAdministeredByTheIssuersOperatorOnly(t *testing.T) {
	documents := map[string]any{
		wire.FnPublishTerms: nextTerms(), wire.FnPublishRuleSet: doubled(1, today()), wire.FnPublishPrices: prices(1, today(), 10),
		wire.FnRotateCustodian: wire.NewCustodian{Key: encodedKey(newKey())}, wire.FnPutShop: kiosk(),
	}
	callers := map[string]struct {
		caller engine.Identity
		entry  string
		code   fault.Code
	}{
		"the operator":               {operator, "points-airline", fault.OK},
		"the gateway":                {gateway, "points-airline", fault.Forbidden},
		"another brand's operator":   {hotelOperator, "points-airline", fault.Forbidden},
		"somebody without a role":    {engine.Identity{MSP: "AirlineMSP"}, "points-airline", fault.Forbidden},
		"through another chaincode":  {operator, "clearing", fault.WrongEntryPoint},
		"on another brand's points-": {operator, "points-hotel", fault.WrongEntryPoint},
	}
	for function, document := range documents {
		for name, c := range callers {
			t.Run(function+" by "+name, func(t *testing.T) {
				call := ask(t, function, document, c.caller)
				call.Chaincode = c.entry
				e, err := engine.Points(call, founded(t).state())
				wantCode(t, err, c.code)
				if err != nil && len(e.Writes) > 0 {
					t.Error("a refused call writes")
				}
			})
		}
	}
}

func TestPublishedVersionsAreNamedByTheirHashAndStay(t *testing.T) {
	l := founded(t)
	l.do(t, wire.FnPublishTerms, nextTerms(), operator)
	l.do(t, wire.FnPublishRuleSet, doubled(1, today()), operator)
	l.do(t, wire.FnPublishPrices, prices(1, today(), 10), operator)
	p := l.programme(t)
	if len(p.Terms) != 2 || len(p.TermsHashes) != 2 || len(p.RuleSets) != 1 || len(p.PriceLists) != 1 {
		t.Fatalf("the programme names %+v", p)
	}
	if strings.Contains(string(l.points[engine.ProgrammeKey()]), "Zwei") {
		t.Error("every batch reads the words of the terms")
	}
	for _, c := range []struct {
		function string
		version  int
		document any
		hash     string
	}{
		{wire.FnGetTerms, 1, firstTerms(), p.TermsHashes[0]},
		{wire.FnGetTerms, 2, nextTerms(), p.TermsHashes[1]},
		{wire.FnGetRuleSet, 1, doubled(1, today()), p.RuleSets[0].Hash},
		{wire.FnGetPrices, 1, prices(1, today(), 10), p.PriceLists[0].Hash},
	} {
		e, err := l.query(c.function, string(encode(t, wire.VersionQuery{Version: c.version})))
		hash, hashErr := wire.Hash(c.document)
		if err != nil || hashErr != nil || string(e.Response) != string(encode(t, c.document)) || hash != c.hash {
			t.Errorf("%s %d: %s (hash %s, named %s), %v, %v", c.function, c.version, e.Response, hash, c.hash, err, hashErr)
		}
	}
	for function, document := range map[string]any{
		wire.FnPublishTerms: nextTerms(), wire.FnPublishRuleSet: doubled(1, today()), wire.FnPublishPrices: prices(1, today(), 10),
	} {
		if _, err := engine.Points(ask(t, function, document, operator), l.state()); err == nil {
			t.Errorf("%s takes a version twice", function)
		}
	}
}

func TestWhatTakesSomethingFromHoldersWaitsForTheNotice(t *testing.T) {
	notice := quantity.Day(firstTerms().NoticeDays)
	shorter := nextTerms()
	shorter.Expiry.Months = 3
	dearer := prices(2, 0, 11)
	higher := doubled(2, 0)
	higher.Tiers[0].Threshold = 200
	cases := map[string]struct {
		function string
		document func(effective quantity.Day) any
	}{
		"terms with an earlier expiry": {wire.FnPublishTerms, func(d quantity.Day) any { shorter.Effective = d; return shorter }},
		"a dearer price list":          {wire.FnPublishPrices, func(d quantity.Day) any { dearer.Effective = d; return dearer }},
		"a rule set that asks more for a tier": {wire.FnPublishRuleSet, func(d quantity.Day) any {
			higher.Effective = d
			return higher
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := founded(t)
			l.do(t, wire.FnPublishRuleSet, doubled(1, today()), operator)
			l.do(t, wire.FnPublishPrices, prices(1, today(), 10), operator)
			_, err := engine.Points(ask(t, c.function, c.document(today()+notice-1), operator), l.state())
			wantCode(t, err, fault.NoticeTooShort)
			l.do(t, c.function, c.document(today()+notice), operator)
		})
	}
}

func TestRuleSetsFollowOneAnother(t *testing.T) {
	other := doubled(2, today())
	other.Counters[0].Period = rules.ByMonth
	float := doubled(1, today())
	float.Rules[0].When = "amount > 1.5"
	cases := map[string]struct {
		first bool // A version 1 was published before.
		next  wire.NewRuleSet
		code  fault.Code
	}{
		"the first":                         {false, doubled(1, today()), fault.OK},
		"the first as version 2":            {false, doubled(2, today()), fault.RuleInvalid},
		"in force before today":             {false, doubled(1, today()-1), fault.RuleInvalid},
		"a condition with a fraction":       {false, float, fault.RuleInvalid},
		"the second":                        {true, doubled(2, today()), fault.OK},
		"the third as the second":           {true, doubled(3, today()), fault.RuleInvalid},
		"a counter with another meaning":    {true, other, fault.RuleInvalid},
		"the second, in force next century": {true, doubled(2, today()+40000), fault.OK},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := founded(t)
			if c.first {
				l.do(t, wire.FnPublishRuleSet, doubled(1, today()), operator)
			}
			_, err := engine.Points(ask(t, wire.FnPublishRuleSet, c.next, operator), l.state())
			wantCode(t, err, c.code)
		})
	}
}

func TestCounterKeepsItsMeaningThroughAllVersions(t *testing.T) {
	without, monthly := doubled(2, today()), doubled(3, today())
	without.Counters, without.Tiers = nil, nil
	monthly.Counters[0].Period = rules.ByMonth
	l := founded(t)
	l.do(t, wire.FnPublishRuleSet, doubled(1, today()), operator)
	_, err := engine.Points(ask(t, wire.FnPublishRuleSet, without, operator), l.state())
	wantCode(t, err, fault.NoticeTooShort) // The tier is gone with the counter.
	without.Effective = today() + quantity.Day(firstTerms().NoticeDays)
	l.do(t, wire.FnPublishRuleSet, without, operator)
	monthly.Effective = without.Effective
	_, err = engine.Points(ask(t, wire.FnPublishRuleSet, monthly, operator), l.state())
	wantCode(t, err, fault.RuleInvalid)
	again := doubled(3, without.Effective)
	l.do(t, wire.FnPublishRuleSet, again, operator)
}

func TestBatchRunsUnderWhatIsInForceOnItsBusinessDate(t *testing.T) {
	l := founded(t)
	l.do(t, wire.FnPublishRuleSet, doubled(1, today()+1), operator)
	l.do(t, wire.FnPublishPrices, prices(1, today()+1, 10), operator)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	before := l.submit(t, 0, 2, accrual(2, accountID(1), 1000))[0]
	l.advance(t, today()+1)
	after := l.submit(t, 0, 3, accrual(3, accountID(1), 1000), debit(4, accountID(1), "", 7))
	if before.Points != 10 || before.Rules != 0 || before.Award != nil {
		t.Errorf("before the rules: %+v", before)
	}
	if r := after[0]; r.Points != 20 || r.Rules != 1 || r.Award == nil || r.Award.Awards[0].Rule != "base" {
		t.Errorf("under the rules: %+v", r)
	}
	if r := after[1]; r.Code != fault.PriceMismatch {
		t.Errorf("a redemption that buys nothing: %s", r.Code)
	}
	var batch points.Batch
	decodeRecord(t, l.points[engine.BatchKey("AirlineMSP", 0, 3)], &batch)
	if batch.Rules != 1 || batch.Terms != 1 {
		t.Errorf("the batch names %+v", batch)
	}
}

func TestKeptProgramsMakeNoDifference(t *testing.T) {
	l := founded(t)
	l.do(t, wire.FnPublishRuleSet, doubled(1, today()), operator)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	call := batchCall(t, 0, 2, accrual(2, accountID(1), 1000))
	want, err := engine.Points(call, l.state())
	if err != nil {
		t.Fatal(err)
	}
	call.Programs = new(rules.Cache)
	for range 3 {
		reads := &recorder{State: l.state()}
		got, err := engine.Points(call, reads)
		if err != nil || string(encode(t, got)) != string(encode(t, want)) {
			t.Fatalf("effects differ: %v", err)
		}
		if !reads.keys[engine.RuleSetKey(1)] {
			t.Error("a peer that keeps the program reads less: its endorsement would differ from the others'")
		}
	}
}

// recorder notes which keys are read.
type recorder struct {
	engine.State
	keys map[string]bool
}

func (r *recorder) Get(keys []string) ([][]byte, error) {
	if r.keys == nil {
		r.keys = map[string]bool{}
	}
	for _, k := range keys {
		r.keys[k] = true
	}
	return r.State.Get(keys)
}

func TestMissingPublicationIsACorruptState(t *testing.T) {
	for name, key := range map[string]string{"rule set": engine.RuleSetKey(1), "price list": engine.PricesKey(1)} {
		t.Run(name, func(t *testing.T) {
			l := founded(t)
			l.do(t, wire.FnPublishRuleSet, doubled(1, today()), operator)
			l.do(t, wire.FnPublishPrices, prices(1, today(), 10), operator)
			delete(l.points, key)
			_, err := engine.Points(batchCall(t, 0, 1, opening(1, accountID(1))), l.state())
			wantCode(t, err, fault.StateCorrupt)
		})
	}
}

func TestRotatedCustodianKeySignsNoLongerThanAMandateLives(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)), accrual(2, accountID(1), 1000))
	next := newKey()
	l.do(t, wire.FnRotateCustodian, wire.NewCustodian{Key: encodedKey(next)}, operator)
	_, err := engine.Points(ask(t, wire.FnRotateCustodian, wire.NewCustodian{Key: encodedKey(custodian)}, operator), l.state())
	wantCode(t, err, fault.InvalidValue)

	signed := func(n, version int, at int64) pair {
		p := debit(n, accountID(1), "", 1)
		m := p.op.Authorisation.Mandate
		m.ControllerVersion, m.NotAfter = version, at+60
		key := custodian
		if version == 2 {
			key = next
		}
		p.op.Authorisation = sign(key, m)
		return p
	}
	for _, c := range []struct {
		name    string
		version int
		at      int64
		code    fault.Code
	}{
		{"the old key as long as what it signed may live", 1, now + points.MaxAuthorisationSeconds, fault.OK},
		{"the old key later", 1, now + points.MaxAuthorisationSeconds + 1, fault.AuthExpired},
		{"the new key at once", 2, now, fault.OK},
		{"the new key later", 2, now + points.MaxAuthorisationSeconds + 1, fault.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := batchCall(t, 0, 2, signed(50, c.version, c.at))
			call.Time = c.at
			e, err := engine.Points(call, namespace{memory: maps.Clone(l.points), clearing: l.clearing})
			if err != nil {
				t.Fatal(err)
			}
			if got := eventOf(t, e).Receipts[0].Code; got != c.code {
				t.Errorf("got %s, want %s", got, c.code)
			}
		})
	}
}

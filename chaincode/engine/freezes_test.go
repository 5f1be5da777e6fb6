package engine_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

var (
	compliance      = engine.Identity{MSP: "AirlineMSP", Role: engine.RoleCompliance}
	hotelCompliance = engine.Identity{MSP: "HotelMSP", Role: engine.RoleCompliance}
	proof           = strings.Repeat("e1", 32)
)

func newFreeze(n int, account points.AccountID) wire.NewFreeze {
	return wire.NewFreeze{ID: operationID(n), Account: account, Reason: points.ReasonFraud, Evidence: proof, Until: now + 1000}
}

func freezing(n int, account points.AccountID, request points.OperationID) pair {
	o := points.Operation{ID: operationID(n), Kind: points.KindFreeze, Account: account, Reason: points.ReasonFraud, Request: request}
	return pair{o, points.Details{Operation: o.ID}}
}

func TestAnyBrandsComplianceAsksAndTheIssuersDecides(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	decision := wire.FreezeDecision{ID: operationID(9), Until: now + 500}
	for name, c := range map[string]struct {
		function string
		document any
		caller   engine.Identity
		code     fault.Code
	}{
		"another brand asks":            {wire.FnRequestFreeze, newFreeze(10, accountID(1)), hotelCompliance, fault.OK},
		"the issuer itself asks":        {wire.FnRequestFreeze, newFreeze(10, accountID(1)), compliance, fault.OK},
		"an operator asks":              {wire.FnRequestFreeze, newFreeze(10, accountID(1)), hotelOperator, fault.Forbidden},
		"the regulator asks":            {wire.FnRequestFreeze, newFreeze(10, accountID(1)), engine.Identity{MSP: "RegulatorMSP", Role: engine.RoleCompliance}, fault.Forbidden},
		"a stranger asks":               {wire.FnRequestFreeze, newFreeze(10, accountID(1)), engine.Identity{MSP: "BankMSP", Role: engine.RoleCompliance}, fault.Forbidden},
		"an id that was used":           {wire.FnRequestFreeze, newFreeze(9, accountID(1)), hotelCompliance, fault.AlreadyExists},
		"an account that isn't there":   {wire.FnRequestFreeze, newFreeze(10, accountID(7)), hotelCompliance, fault.AccountUnknown},
		"a reason that isn't listed":    {wire.FnRequestFreeze, wire.NewFreeze{ID: operationID(10), Account: accountID(1), Reason: "dislike", Evidence: proof, Until: now + 9}, hotelCompliance, fault.InvalidValue},
		"the issuer decides":            {wire.FnDecideFreeze, decision, compliance, fault.OK},
		"who asked decides":             {wire.FnDecideFreeze, decision, hotelCompliance, fault.Forbidden},
		"the issuer's operator decides": {wire.FnDecideFreeze, decision, operator, fault.Forbidden},
		"a request that isn't there":    {wire.FnDecideFreeze, wire.FreezeDecision{ID: operationID(8), Until: now + 5}, compliance, fault.NotFound},
		"neither an end nor a reason":   {wire.FnDecideFreeze, wire.FreezeDecision{ID: operationID(9)}, compliance, fault.InvalidValue},
		"an end and a reason":           {wire.FnDecideFreeze, wire.FreezeDecision{ID: operationID(9), Until: now + 5, Declined: points.DeclineEvidence}, compliance, fault.InvalidValue},
		"longer than was asked":         {wire.FnDecideFreeze, wire.FreezeDecision{ID: operationID(9), Until: now + 1001}, compliance, fault.InvalidValue},
		"declined":                      {wire.FnDecideFreeze, wire.FreezeDecision{ID: operationID(9), Declined: points.DeclineEvidence}, compliance, fault.OK},
	} {
		t.Run(name, func(t *testing.T) {
			if _, there := l.points[engine.FreezeKey(operationID(9))]; !there {
				l.do(t, wire.FnRequestFreeze, newFreeze(9, accountID(1)), hotelCompliance)
			}
			e, err := engine.Points(ask(t, c.function, c.document, c.caller), l.state())
			wantCode(t, err, c.code)
			writes := 2 // The request, and those of the brand that wait.
			if c.caller == compliance && c.function == wire.FnRequestFreeze {
				writes = 1
			}
			if err == nil && (len(e.Writes) != writes || e.EventName != wire.EventFreezeChanged || string(e.EventPayload) != string(e.Writes[0].Value)) {
				t.Errorf("writes %+v and tells %s of %s", e.Writes, e.EventName, e.EventPayload)
			}
		})
	}
}

func TestABrandHasALimitedNumberOfRequestsOpen(t *testing.T) {
	l := founded(t)
	var openings []pair
	for i := range points.MaxOpenFreezes/points.MaxOpenFreezesOfAccount + 2 {
		openings = append(openings, opening(1000+i, accountID(i)))
	}
	l.submit(t, 0, 1, openings...)
	asked := 0
	asks := func(account int, who engine.Identity) error {
		asked++
		e, err := engine.Points(ask(t, wire.FnRequestFreeze, newFreeze(asked, accountID(account)), who), l.state())
		if err == nil {
			l.points.commit(e)
		}
		return err
	}
	for range points.MaxOpenFreezesOfAccount {
		wantCode(t, asks(0, hotelCompliance), fault.OK)
	}
	wantCode(t, asks(0, hotelCompliance), fault.FreezeLimit)
	for range points.MaxOpenFreezesOfAccount + 1 {
		wantCode(t, asks(0, compliance), fault.OK)
	}
	l.do(t, wire.FnDecideFreeze, wire.FreezeDecision{ID: operationID(2), Declined: points.DeclineEvidence}, compliance)
	wantCode(t, asks(0, hotelCompliance), fault.OK)
	wantCode(t, asks(0, hotelCompliance), fault.FreezeLimit)
	for open := points.MaxOpenFreezesOfAccount; open < points.MaxOpenFreezes; open++ {
		wantCode(t, asks(open/points.MaxOpenFreezesOfAccount, hotelCompliance), fault.OK)
	}
	last := points.MaxOpenFreezes/points.MaxOpenFreezesOfAccount + 1
	wantCode(t, asks(last, hotelCompliance), fault.FreezeLimit)
	wantCode(t, asks(last, compliance), fault.OK)
	if _, there := l.points[engine.OpenFreezesKey("AirlineMSP")]; there {
		t.Error("the issuer's own requests are counted")
	}
}

func TestAnEarlierEngineLimitsNoRequestsAndALaterOneDecidesThem(t *testing.T) {
	l := founded(t)
	p := l.programme(t)
	p.Engine = 2
	l.points[engine.ProgrammeKey()] = encode(t, p)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	for n := range points.MaxOpenFreezesOfAccount + 1 {
		l.do(t, wire.FnRequestFreeze, newFreeze(10+n, accountID(1)), hotelCompliance)
	}
	if raw, there := l.points[engine.OpenFreezesKey("HotelMSP")]; there {
		t.Errorf("engine 2 has written %s", raw)
	}
	l.do(t, wire.FnActivateEngine, wire.EngineActivation{Engine: 3}, operator)
	l.do(t, wire.FnDecideFreeze, wire.FreezeDecision{ID: operationID(10), Declined: points.DeclineEvidence}, compliance)
	for n := range points.MaxOpenFreezesOfAccount {
		l.do(t, wire.FnRequestFreeze, newFreeze(20+n, accountID(1)), hotelCompliance)
	}
	_, err := engine.Points(ask(t, wire.FnRequestFreeze, newFreeze(30, accountID(1)), hotelCompliance), l.state())
	wantCode(t, err, fault.FreezeLimit)
}

func TestAnAcceptedRequestFreezesByABatchAndKeepsWhich(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)), accrual(2, accountID(1), 10_000))
	l.do(t, wire.FnRequestFreeze, newFreeze(9, accountID(1)), hotelCompliance)
	if r := l.submit(t, 0, 2, freezing(3, accountID(1), operationID(9)))[0]; r.Code != fault.FreezeUndecided {
		t.Fatalf("before the decision: %s", r.Code)
	}
	l.do(t, wire.FnDecideFreeze, wire.FreezeDecision{ID: operationID(9), Until: now + 500}, compliance)
	receipts := l.submit(t, 0, 3, freezing(4, accountID(1), operationID(9)), debit(5, accountID(1), "", 1), freezing(6, accountID(1), operationID(9)))
	if r := receipts[0]; r.Code != fault.OK || r.Until != now+500 || r.Request != operationID(9) {
		t.Errorf("frozen by %+v", r)
	}
	if receipts[1].Code != fault.AccountFrozen || receipts[2].Code != fault.FreezeUndecided {
		t.Errorf("then %s and %s", receipts[1].Code, receipts[2].Code)
	}
	raw, err := l.query(wire.FnGetFreeze, `{"id":"`+string(operationID(9))+`"}`)
	if err != nil || !strings.Contains(string(raw.Response), `"APPLIED"`) || !strings.Contains(string(raw.Response), string(operationID(4))) {
		t.Errorf("%s, %v", raw.Response, err)
	}
}

func TestAnObjectionIsRecordedByTheGatewayAndAnsweredByCompliance(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	objection := wire.NewObjection{ID: operationID(20), Account: accountID(1), Decision: operationID(4), Hash: proof}
	for caller, code := range map[engine.Identity]fault.Code{compliance: fault.Forbidden, {MSP: "HotelMSP", Role: engine.RoleGateway}: fault.Forbidden, gateway: fault.OK} {
		e, err := engine.Points(ask(t, wire.FnRecordObjection, objection, caller), l.state())
		if wantCode(t, err, code); err == nil && e.EventName != wire.EventObjectionChanged {
			t.Errorf("tells %s", e.EventName)
		}
	}
	l.do(t, wire.FnRecordObjection, objection, gateway)
	_, err := engine.Points(ask(t, wire.FnRecordObjection, objection, gateway), l.state())
	wantCode(t, err, fault.AlreadyExists)
	answer := wire.ObjectionAnswer{ID: operationID(20), Outcome: points.ObjectionUpheld, Answer: proof}
	_, err = engine.Points(ask(t, wire.FnAnswerObjection, answer, gateway), l.state())
	wantCode(t, err, fault.Forbidden)
	l.do(t, wire.FnAnswerObjection, answer, compliance)
	_, err = engine.Points(ask(t, wire.FnAnswerObjection, answer, compliance), l.state())
	wantCode(t, err, fault.ProposalClosed)
	raw, err := l.query(wire.FnGetObjection, `{"id":"`+string(operationID(20))+`"}`)
	if err != nil || !strings.Contains(string(raw.Response), `"UPHELD"`) {
		t.Errorf("%s, %v", raw.Response, err)
	}
}

func TestAProgrammeOfTheFirstEngineGoesOnAsItWasUntilALaterOneIsActivated(t *testing.T) {
	l := founded(t)
	p := l.programme(t)
	p.Engine = 1
	l.points[engine.ProgrammeKey()] = encode(t, p)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	_, err := engine.Points(ask(t, wire.FnRequestFreeze, newFreeze(9, accountID(1)), hotelCompliance), l.state())
	wantCode(t, err, fault.NotFounded)
	if r := l.submit(t, 0, 2, freezing(3, accountID(1), ""))[0]; r.Engine != 1 || r.Code != fault.OK || r.Until != 0 {
		t.Errorf("frozen by %+v", r)
	}
	_, err = engine.Points(ask(t, wire.FnActivateEngine, wire.EngineActivation{Engine: 2}, gateway), l.state())
	wantCode(t, err, fault.Forbidden)
	l.do(t, wire.FnActivateEngine, wire.EngineActivation{Engine: 2}, operator)
	l.do(t, wire.FnRequestFreeze, newFreeze(9, accountID(1)), hotelCompliance)
	unfreeze := points.Operation{ID: operationID(4), Kind: points.KindUnfreeze, Account: accountID(1), Reason: points.ReasonResolution}
	if r := l.submit(t, 0, 3, pair{unfreeze, points.Details{Operation: unfreeze.ID}})[0]; r.Engine != 2 || r.Code != fault.OK {
		t.Errorf("unfrozen by %+v", r)
	}
}

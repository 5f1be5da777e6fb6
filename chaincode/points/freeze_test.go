package points_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

const day30 = int64(30 * 86400)

// ending gives a freeze an end, some seconds from now.
func (c *till) ending(seconds int64) change {
	return func(o *points.Operation, _ *points.Details) { o.Until = c.Now + seconds }
}

func requested(id points.OperationID) change {
	return func(o *points.Operation, _ *points.Details) { o.Request = id }
}

// ask is another brand's request to freeze the holder's account.
func (c *till) ask(h holder, n int) *points.FreezeRequest {
	f := &points.FreezeRequest{
		V: 1, ID: operationID(n), Account: h.id, Reason: points.ReasonFraud, Evidence: strings.Repeat("e1", 32), Until: c.Now + day30, MSP: other, At: c.Now,
		Status: points.FreezeAsked,
	}
	c.Freezes[f.ID] = f
	return f
}

func TestAFreezeEndsWithoutAnybodysDoing(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	c := openWith(t, h, 100)
	c.open(friend)
	c.earn(friend, 50)
	r := want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud), c.ending(600)), fault.OK)
	if r.Until != c.Now+600 || c.account(h).FrozenUntil != c.Now+600 {
		t.Fatalf("frozen with %s", encode(t, r))
	}
	want(t, c.do(friend, points.KindTransfer, of(20), to(h)), fault.OK)
	c.Now += 599
	want(t, c.do(h, points.KindRedeem, of(1)), fault.AccountFrozen)
	if a := c.account(h).At(c.Now); a.Status != points.StatusFrozen || len(a.Suspense) != 1 {
		t.Errorf("a second before its end: %s", encode(t, a))
	}
	c.Now++
	if a := c.account(h).At(c.Now); a.Status != points.StatusActive || a.Lots[0].Points != 120 || len(a.Suspense) != 0 {
		t.Errorf("at its end: %s", encode(t, a))
	}
	if a := c.account(h); a.Status != points.StatusFrozen || len(a.Suspense) != 1 {
		t.Errorf("looking at it changed it: %s", encode(t, a))
	}
	want(t, c.do(h, points.KindRedeem, of(120)), fault.OK)
	if a := c.account(h); a.Status != points.StatusActive || a.FrozenUntil != 0 || a.Posted != 0 {
		t.Errorf("after its end: %s", encode(t, a))
	}
	c.sound()
}

func TestASweepTidiesAFreezeThatIsOver(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud), c.ending(600)), fault.OK)
	want(t, c.do(h, points.KindExpire), fault.NothingDue)
	c.Now += 600
	want(t, c.do(h, points.KindExpire), fault.OK)
	if a := c.account(h); a.Status != points.StatusActive || a.FrozenUntil != 0 {
		t.Errorf("swept: %s", encode(t, a))
	}
	want(t, c.do(h, points.KindExpire), fault.NothingDue)
}

func TestAFreezeLastsAtMostThirtyDaysAndIsProlongedByNoOtherFreeze(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	for _, seconds := range []int64{-1, 0, day30 + 1} {
		want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud), c.ending(seconds)), fault.FreezePeriod)
	}
	if r := want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud)), fault.OK); r.Until != c.Now+day30 {
		t.Errorf("without an end it ends at %d", r.Until)
	}
	want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud), c.ending(day30)), fault.AccountFrozen)
	c.Now += day30
	want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud), c.ending(day30)), fault.OK) // A new one.
}

func TestAFreezeFollowsAnAcceptedRequestOnce(t *testing.T) {
	h, stranger := ownHolder(1), ownHolder(2)
	c := openWith(t, h, 100)
	c.open(stranger)
	f := c.ask(h, 900)
	byRequest := func(h holder, changes ...change) points.Receipt {
		return c.do(h, points.KindFreeze, append([]change{because(points.ReasonFraud), requested(f.ID)}, changes...)...)
	}
	want(t, byRequest(h), fault.FreezeUndecided)
	if err := f.Accept(c.Now+1000, c.Now); err != nil {
		t.Fatal(err)
	}
	want(t, byRequest(stranger), fault.FreezeUndecided)
	want(t, byRequest(h, because(points.ReasonCourt)), fault.FreezeUndecided)
	want(t, byRequest(h, requested(operationID(901))), fault.FreezeUndecided)
	want(t, byRequest(h, c.ending(1001)), fault.FreezePeriod)
	r := want(t, byRequest(h, c.ending(1000)), fault.OK)
	if used := c.Freezes[f.ID]; used.Status != points.FreezeApplied || used.Operation != r.Operation || r.Request != f.ID || r.Until != used.End {
		t.Errorf("%+v after %s", used, encode(t, r))
	}
	want(t, byRequest(h), fault.FreezeUndecided)
	want(t, c.do(h, points.KindUnfreeze, because(points.ReasonResolution)), fault.OK)
	want(t, byRequest(h), fault.FreezeUndecided)
}

func TestANewDecisionProlongsAFreezeAndNoneShortensIt(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud), c.ending(1000)), fault.OK)
	ends := c.Now + 1000
	for n, later := range []int64{500, 2000} {
		f := c.ask(h, 900+n)
		if err := f.Accept(c.Now+later, c.Now); err != nil {
			t.Fatal(err)
		}
		want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud), requested(f.ID)), fault.OK)
		if ends = max(ends, c.Now+later); c.account(h).FrozenUntil != ends {
			t.Errorf("frozen until %d, want %d", c.account(h).FrozenUntil, ends)
		}
	}
}

func TestAnAcceptedRequestThatNobodyUsedLapses(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	f := c.ask(h, 900)
	if err := f.Accept(c.Now+1000, c.Now); err != nil {
		t.Fatal(err)
	}
	c.Now += 1000
	want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud), requested(f.ID)), fault.FreezeUndecided)
}

func TestARequestIsDecidedOnceAndInTime(t *testing.T) {
	fresh := func() *points.FreezeRequest {
		return &points.FreezeRequest{
			V: 1, ID: operationID(1), Account: accountID(1), Reason: points.ReasonTakeover, Evidence: strings.Repeat("e1", 32), Until: start + day30,
			MSP: other, At: start, Status: points.FreezeAsked,
		}
	}
	if err := fresh().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*points.FreezeRequest){
		"id": func(f *points.FreezeRequest) { f.ID = "1" }, "account": func(f *points.FreezeRequest) { f.Account = "x" },
		"reason":   func(f *points.FreezeRequest) { f.Reason = points.ReasonGoodwill },
		"evidence": func(f *points.FreezeRequest) { f.Evidence = "seen by Anna" },
		"no end":   func(f *points.FreezeRequest) { f.Until = start }, "too long": func(f *points.FreezeRequest) { f.Until++ },
	} {
		f := fresh()
		spoil(f)
		if codeOf(f.Validate()) != fault.InvalidValue {
			t.Errorf("%s: accepted", name)
		}
	}
	week := int64(points.FreezeDecisionSeconds)
	for name, c := range map[string]struct {
		decide func(*points.FreezeRequest) error
		code   fault.Code
		status points.FreezeStatus
	}{
		"accepted":           {func(f *points.FreezeRequest) error { return f.Accept(start+100, start+1) }, fault.OK, points.FreezeAccepted},
		"as long as asked":   {func(f *points.FreezeRequest) error { return f.Accept(f.Until, start+week-1) }, fault.OK, points.FreezeAccepted},
		"longer than asked":  {func(f *points.FreezeRequest) error { return f.Accept(f.Until+1, start+1) }, fault.InvalidValue, points.FreezeAsked},
		"an end in the past": {func(f *points.FreezeRequest) error { return f.Accept(start+1, start+1) }, fault.InvalidValue, points.FreezeAsked},
		"too late":           {func(f *points.FreezeRequest) error { return f.Accept(f.Until, start+week) }, fault.ProposalClosed, points.FreezeAsked},
		"declined":           {func(f *points.FreezeRequest) error { return f.Decline(points.DeclineEvidence, start+1) }, fault.OK, points.FreezeDeclined},
		"no reason":          {func(f *points.FreezeRequest) error { return f.Decline("whim", start+1) }, fault.InvalidValue, points.FreezeAsked},
		"declined too late":  {func(f *points.FreezeRequest) error { return f.Decline(points.DeclineEvidence, start+week) }, fault.ProposalClosed, points.FreezeAsked},
	} {
		f := fresh()
		if code := codeOf(c.decide(f)); code != c.code || f.Status != c.status {
			t.Errorf("%s: %s, then %s", name, code, f.Status)
		}
		if c.code == fault.OK && (codeOf(f.Accept(start+100, start+2)) != fault.ProposalClosed || codeOf(f.Decline(points.DeclineResolved, start+2)) != fault.ProposalClosed) {
			t.Errorf("%s: decided again", name)
		}
	}
	if f := fresh(); f.StatusAt(start+week-1) != points.FreezeAsked || f.StatusAt(start+week) != points.FreezeLapsed {
		t.Error("an undecided request doesn't lapse after a week")
	}
}

func TestAnObjectionIsAnsweredOnce(t *testing.T) {
	o := points.Objection{V: 1, ID: operationID(1), Account: accountID(1), Decision: operationID(2), Hash: genesis, At: start, AnswerBy: start + points.ObjectionSeconds}
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		outcome points.ObjectionOutcome
		hash    string
		code    fault.Code
	}{
		{"MAYBE", genesis, fault.InvalidValue}, {points.ObjectionOpen, genesis, fault.InvalidValue}, {points.ObjectionUpheld, "because", fault.InvalidValue},
		{points.ObjectionDismissed, genesis, fault.OK}, {points.ObjectionUpheld, genesis, fault.ProposalClosed},
	} {
		if code := codeOf(o.Resolve(c.outcome, c.hash, start+5)); code != c.code {
			t.Errorf("%s: %s, want %s", c.outcome, code, c.code)
		}
	}
	if o.Outcome != points.ObjectionDismissed || o.Answered != start+5 {
		t.Errorf("%+v", o)
	}
	for _, spoil := range []func(*points.Objection){
		func(o *points.Objection) { o.ID = "1" }, func(o *points.Objection) { o.Account = "" },
		func(o *points.Objection) { o.Decision = "" }, func(o *points.Objection) { o.Hash = "they are wrong" },
	} {
		bad := o
		if spoil(&bad); codeOf(bad.Validate()) != fault.InvalidValue {
			t.Errorf("accepted %+v", bad)
		}
	}
}

func TestTheFirstEngineFreezesAsItAlwaysDid(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	c.Programme.Engine = 1
	c.terms().Guard.Seconds = 1000
	want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud), c.ending(10)), fault.FreezePeriod)
	r := want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud)), fault.OK)
	if r.Until != 0 || r.Engine != 1 || c.account(h).FrozenUntil != 0 {
		t.Errorf("frozen with %s", encode(t, r))
	}
	c.Now += day30
	want(t, c.do(h, points.KindRedeem, of(1)), fault.AccountFrozen)
	want(t, c.do(h, points.KindUnfreeze, because(points.ReasonResolution)), fault.OK)
	next := h.following(points.ControllerP256)
	want(t, c.do(h, points.KindRekey, key(next.controller)), fault.OK)
	want(t, c.do(next, points.KindRedeem, of(100)), fault.OK)
}

func TestALaterEngineIsActivatedOnce(t *testing.T) {
	p := programme()
	p.Engine = 1
	for _, c := range []struct {
		engine int
		code   fault.Code
	}{{0, fault.InvalidValue}, {1, fault.InvalidValue}, {points.EngineVersion + 1, fault.InvalidValue}, {2, fault.OK}, {2, fault.InvalidValue}} {
		if code := codeOf(p.ActivateEngine(c.engine)); code != c.code {
			t.Errorf("engine %d: %s, want %s", c.engine, code, c.code)
		}
	}
}

func TestAnIssuerCantVoidWhatAPartnersTillReliesOn(t *testing.T) {
	for engine, code := range map[int]fault.Code{1: fault.OK, 2: fault.SubmitterRefused} {
		x, flyer, _ := travel(t)
		x.airline.Programme.Engine = engine
		h := want(t, x.cross(x.airline, flyer, points.KindHold, of(300), x.airline.until(600)), fault.OK)
		x.airline.FromIssuer = true
		want(t, x.cross(x.airline, flyer, points.KindVoid, hold(h)), code)
		if code == fault.OK {
			continue
		}
		x.airline.FromIssuer, x.airline.FromPartner = false, true
		want(t, x.cross(x.airline, flyer, points.KindCapture, of(100), hold(h)), fault.OK)
		want(t, x.cross(x.airline, flyer, points.KindVoid, hold(h)), fault.OK)
		second := want(t, x.cross(x.airline, flyer, points.KindHold, of(300), x.airline.until(600)), fault.OK)
		x.airline.FromIssuer, x.airline.FromPartner = true, false
		x.airline.Now += 600
		want(t, x.cross(x.airline, flyer, points.KindVoid, hold(second)), fault.HoldLapsed) // And its room is free again.
		if l := x.lanes[brand]; l.Reserved[0] != 0 {
			t.Errorf("%+v", l)
		}
		x.sound()
	}
}

// codeOf is OK where there is no error.
func codeOf(err error) fault.Code {
	if err == nil {
		return fault.OK
	}
	return fault.CodeOf(err)
}

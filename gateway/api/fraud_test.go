package api

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/abuse"
)

// suspicious judges as it is told, and keeps what it was shown.
type suspicious struct {
	action  abuse.Action
	shown   []abuse.Attempt
	told    []abuse.Attempt
	flagged []abuse.Flag
	decided abuse.FlagState
	waiting []abuse.Objection
	answer  string
}

func (s *suspicious) Check(a *abuse.Attempt) abuse.Verdict {
	s.shown = append(s.shown, *a)
	return abuse.Verdict{Action: s.action, Reason: abuse.ReasonVelocity}
}
func (s *suspicious) Tell(a *abuse.Attempt, _ abuse.Verdict) { s.told = append(s.told, *a) }
func (s *suspicious) IsStrong(method string) bool            { return method == "totp" }
func (s *suspicious) Flags(context.Context, abuse.FlagState, string, int) ([]abuse.Flag, error) {
	return s.flagged, nil
}
func (s *suspicious) DecideFlag(_ context.Context, _ string, state abuse.FlagState, _ string) error {
	s.decided = state
	return nil
}
func (s *suspicious) Notices(context.Context, []points.AccountID, int) ([]abuse.Notice, error) {
	return nil, nil
}
func (s *suspicious) Object(context.Context, string, []points.AccountID, string, string) (points.OperationID, error) {
	return "", nil
}
func (s *suspicious) Objections(context.Context) ([]abuse.Objection, error) { return s.waiting, nil }
func (s *suspicious) Answer(_ context.Context, _ points.OperationID, _ points.ObjectionOutcome, words, by string) error {
	s.answer = words + " by " + by
	return nil
}

func TestWhatIsWithheldIsNotRecordedAndTellsNoRule(t *testing.T) {
	for action, code := range map[abuse.Action]fault.Code{abuse.ActionRefuse: fault.Withheld, abuse.ActionStepUp: fault.StepUpRequired} {
		b := newBench(t)
		judge := &suspicious{action: action}
		b.server.people.Abuse = judge
		p := b.problem(b.do(b.post("/v1/operations", ScopeTill, requestsOf()[KindRedeem])), code)
		if len(b.intakes) != 0 || p.Detail != "the customer finds the reason among the notices" {
			t.Errorf("%s: recorded %d, told %q", action, len(b.intakes), p.Detail)
		}
	}
}

func TestWhatWasRecordedIsAnsweredWhateverTheJudgeSaysNow(t *testing.T) {
	b, judge := newBench(t), &suspicious{}
	b.server.people.Abuse = judge
	again := b.post("/v1/operations", ScopeTill, requestsOf()[KindRedeem])
	into[Operation](t, b.do(again), http.StatusOK)
	for _, action := range []abuse.Action{abuse.ActionRefuse, abuse.ActionStepUp, abuse.ActionFreeze, abuse.ActionFlag} {
		judge.action = action
		if o := into[Operation](t, b.do(again), http.StatusOK); !o.Duplicate || len(judge.told) != 0 {
			t.Errorf("%s: %+v, told %d", action, o, len(judge.told))
		}
	}
	judge.action = abuse.ActionRefuse
	b.problem(b.do(call{"POST", "/v1/operations", ScopeTill, requestsOf()[KindRedeem].String(), []string{"Idempotency-Key", "another"}}), fault.Withheld)
	if len(judge.told) != 1 {
		t.Errorf("of what is new and refused %d were told", len(judge.told))
	}
}

func TestAJudgeKnowsAReceiptUnderAnotherKey(t *testing.T) {
	b := newBench(t)
	judge := &suspicious{}
	b.server.people.Abuse = judge
	for _, key := range []string{"1", "2"} {
		into[Operation](t, b.do(call{"POST", "/v1/operations", ScopeTill, requestsOf()[KindRedeem].String(), []string{"Idempotency-Key", key}}), http.StatusOK)
	}
	if first, again := judge.shown[0].Keys, judge.shown[1].Keys; first.Receipt == 0 || first.Receipt != again.Receipt || first.Request == again.Request {
		t.Errorf("%+v, then %+v", first, again)
	}
}

func TestAJudgeIsShownWhoAsksAndHowTheyAgreed(t *testing.T) {
	b := newBench(t)
	judge := &suspicious{action: abuse.ActionFlag}
	b.server.people.Abuse = judge
	request := requestsOf()[KindRedeem]
	const device = "a-random-key-of-the-wallet"
	into[Operation](t, b.do(call{"POST", "/v1/operations", ScopeTill, request.String(), []string{"Idempotency-Key", "1", "X-Device-Key", device}}), http.StatusOK)
	into[Operation](t, b.do(call{"POST", "/v1/operations", ScopeTill, request.with(fields{"receiptNumber": "r-2", "authentication": fields{"method": "totp", "challenge": "x"}}).String(),
		[]string{"Idempotency-Key", "2", "X-Device-Key", "short"}}), http.StatusOK)
	browser := request.with(fields{"receiptNumber": "r-3"}).String()
	into[Operation](t, b.do(call{"POST", "/v1/operations", ScopeTill, browser, []string{"Idempotency-Key", "3", "Cookie", deviceCookie + "=" + device}}), http.StatusOK)
	for i, bound := range []string{".one-address", ".another"} { // What binds it changes, the browser doesn't.
		again := request.with(fields{"receiptNumber": "r-4" + bound}).String()
		into[Operation](t, b.do(call{"POST", "/v1/operations", ScopeTill, again, []string{"Idempotency-Key", "4" + bound, "Cookie", deviceCookie + "=" + device + bound}}), http.StatusOK)
		if got := judge.shown[3+i].Device; got != judge.shown[2].Device {
			t.Errorf("with %s the browser is %v", bound, got)
		}
	}
	first, second := judge.shown[0], judge.shown[1]
	if judge.shown[2].Device != first.Device {
		t.Errorf("what signing in left in the browser gives %+v", judge.shown[2])
	}
	if first.Account != account || first.Kind != points.KindRedeem || first.Points != 5 || first.Strong || first.Keys.Request == 0 || first.Keys.Receipt == 0 || first.Keys.Mandate != 0 || first.Keys.Request == second.Keys.Request || first.Terminal == (abuse.Device{}) {
		t.Errorf("%+v", first)
	}
	if first.Device != b.Device("wallet", device) || second.Device != (abuse.Device{}) || !second.Strong {
		t.Errorf("%+v, then %+v", first, second)
	}
}

// deciding is a ledger under the compliance identity that answers what it is asked.
type deciding struct{ asked, decided string }

func (d *deciding) RequestFreeze(_ context.Context, programme string, doc wire.NewFreeze) (points.FreezeRequest, error) {
	d.asked = programme
	return points.FreezeRequest{V: 1, ID: doc.ID, Account: doc.Account, Reason: doc.Reason, Evidence: doc.Evidence, Until: doc.Until, Status: points.FreezeAsked, At: doc.Until - 5}, nil
}

func (d *deciding) DecideFreeze(_ context.Context, programme string, doc wire.FreezeDecision) (points.FreezeRequest, error) {
	d.decided = programme
	return points.FreezeRequest{V: 1, ID: doc.ID, Account: account, Status: points.FreezeAccepted, End: doc.Until}, nil
}

func TestComplianceAsksOthersAndDecidesAtHome(t *testing.T) {
	b := newBench(t)
	asked := fields{"id": heldID, "account": account, "reason": "fraud", "evidence": hash, "until": 2_000_000_000}
	post := func(path string, body fields) call { return call{"POST", path, ScopeCompliance, body.String(), nil} }
	b.problem(b.do(post("/v1/programmes/hotel/freezes", asked)), fault.Forbidden) // Without an identity for it.
	d := &deciding{}
	b.server.people.Compliance = d
	if f := into[Freeze](t, b.do(post("/v1/programmes/hotel/freezes", asked)), http.StatusOK); d.asked != "hotel" || f.Id != heldID || f.Status != "ASKED" {
		t.Errorf("%+v at %s", f, d.asked)
	}
	b.problem(b.do(post("/v1/programmes/hotel/freezes/"+heldID+"/decisions", fields{"until": 2_000_000_000})), fault.Forbidden)
	if f := into[Freeze](t, b.do(post("/v1/programmes/airline/freezes/"+heldID+"/decisions", fields{"until": 2_000_000_000})), http.StatusOK); d.decided != "airline" || *f.End != 2_000_000_000 {
		t.Errorf("%+v at %s", f, d.decided)
	}
	b.problem(b.do(call{"POST", "/v1/programmes/airline/freezes/" + heldID + "/decisions", ScopeOperator, fields{"until": 5}.String(), nil}), fault.Forbidden)
	b.keep("airline", engine.ObjectFreeze, heldID, points.FreezeRequest{V: 1, ID: points.OperationID(heldID), Account: account, Status: points.FreezeAsked, At: 5, Until: 6})
	if f := into[Freeze](t, b.get("/v1/programmes/airline/freezes/"+heldID), http.StatusOK); f.Status != "LAPSED" {
		t.Errorf("long ago undecided: %+v", f)
	}
	if list := into[FreezeList](t, b.get("/v1/programmes/airline/freezes"), http.StatusOK); len(list.Freezes) != 1 {
		t.Errorf("%+v", list)
	}
}

func TestComplianceSeesHowLongAnObjectionHasWaited(t *testing.T) {
	b := newBench(t)
	now := time.Now().Unix()
	desk := &suspicious{}
	for _, age := range []int64{31 * secondsPerDay, 2*secondsPerDay + 60, 0} {
		desk.waiting = append(desk.waiting, abuse.Objection{ID: points.OperationID(heldID), Account: account, At: now - age, AnswerBy: now - age + points.ObjectionSeconds})
	}
	b.server.people.Abuse = desk
	list := into[ObjectionList](t, b.do(call{"GET", "/v1/compliance/objections", ScopeCompliance, "", nil}), http.StatusOK).Objections
	for i, want := range []struct {
		days    int
		overdue bool
	}{{31, true}, {2, false}, {0, false}} {
		if f := list[i]; f.AgeDays == nil || *f.AgeDays != want.days || f.Overdue == nil || *f.Overdue != want.overdue {
			t.Errorf("%d: %+v, want %+v", i, f, want)
		}
	}
}

func TestFlagsAndObjectionsAreForComplianceAlone(t *testing.T) {
	b := newBench(t)
	desk := &suspicious{flagged: []abuse.Flag{{ID: heldID, Account: account, Rule: "burst", State: abuse.FlagOpen, Times: 3}}, waiting: []abuse.Objection{{ID: points.OperationID(heldID), Account: account, Words: "why"}}}
	b.server.people.Abuse = desk
	for _, path := range []string{"/v1/compliance/flags", "/v1/compliance/objections"} {
		b.problem(b.do(call{"GET", path, ScopeOperator, "", nil}), fault.Forbidden)
	}
	if list := into[FlagList](t, b.do(call{"GET", "/v1/compliance/flags", ScopeCompliance, "", nil}), http.StatusOK); len(list.Flags) != 1 || list.Flags[0].Rule != "burst" || list.Next != nil {
		t.Errorf("%+v", list)
	}
	if w := b.do(call{"POST", "/v1/compliance/flags/" + heldID + "/decisions", ScopeCompliance, `{"state":"CONFIRMED"}`, nil}); w.Code != http.StatusNoContent || desk.decided != abuse.FlagConfirmed {
		t.Errorf("%d: %s", w.Code, desk.decided)
	}
	if list := into[ObjectionList](t, b.do(call{"GET", "/v1/compliance/objections", ScopeCompliance, "", nil}), http.StatusOK); len(list.Objections) != 1 || list.Objections[0].Words != "why" {
		t.Errorf("%+v", list)
	}
	w := b.do(call{"POST", "/v1/compliance/objections/" + heldID + "/answers", ScopeCompliance, `{"outcome":"UPHELD","words":"You are right."}`, nil})
	if w.Code != http.StatusNoContent || desk.answer != "You are right. by compliance" {
		t.Errorf("%d: %s", w.Code, desk.answer)
	}
}

package ledger

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

var (
	newFreeze    = wire.NewFreeze{ID: "9", Account: "1", Reason: points.ReasonFraud, Evidence: strings.Repeat("e", 64), Until: 900}
	acceptance   = wire.FreezeDecision{ID: "9", Until: 800}
	newObjection = wire.NewObjection{ID: "7", Account: "1", Decision: "9", Hash: strings.Repeat("d", 64)}
	dismissal    = wire.ObjectionAnswer{ID: "7", Outcome: points.ObjectionDismissed, Answer: strings.Repeat("c", 64)}
)

// guarding are the calls about freezes and objections: what they ask, what is refused when an earlier attempt was committed, and the record that this one left.
var guarding = map[string]struct {
	document any
	code     fault.Code
	record   any
	do       func(*Points, context.Context) (any, error)
	spoil    func(any) any // Makes the record another's.
}{
	wire.FnRequestFreeze: {
		newFreeze, fault.AlreadyExists,
		points.FreezeRequest{V: 1, ID: "9", Account: "1", Reason: points.ReasonFraud, Evidence: newFreeze.Evidence, Until: 900, MSP: own, Status: points.FreezeAsked},
		func(p *Points, ctx context.Context) (any, error) { return p.RequestFreeze(ctx, newFreeze) },
		func(r any) any { f := r.(points.FreezeRequest); f.MSP = "GrocerMSP"; return f },
	},
	wire.FnDecideFreeze: {
		acceptance, fault.ProposalClosed, points.FreezeRequest{V: 1, ID: "9", Until: 900, Status: points.FreezeAccepted, Decided: 5, End: 800},
		func(p *Points, ctx context.Context) (any, error) { return p.DecideFreeze(ctx, acceptance) },
		func(r any) any { f := r.(points.FreezeRequest); f.End = 700; return f },
	},
	wire.FnRecordObjection: {
		newObjection, fault.AlreadyExists, points.Objection{V: 1, ID: "7", Account: "1", Decision: "9", Hash: newObjection.Hash, At: 5},
		func(p *Points, ctx context.Context) (any, error) { return p.RecordObjection(ctx, newObjection) },
		func(r any) any { o := r.(points.Objection); o.Hash = "x"; return o },
	},
	wire.FnAnswerObjection: {
		dismissal, fault.ProposalClosed, points.Objection{V: 1, ID: "7", Outcome: points.ObjectionDismissed, Answer: dismissal.Answer, Answered: 6},
		func(p *Points, ctx context.Context) (any, error) { return p.AnswerObjection(ctx, dismissal) },
		func(r any) any { o := r.(points.Objection); o.Outcome = points.ObjectionUpheld; return o },
	},
	wire.FnActivateEngine: {
		wire.EngineActivation{Engine: 2}, fault.InvalidValue, points.Programme{V: 1, Engine: 2},
		func(p *Points, ctx context.Context) (any, error) {
			record, err := p.ActivateEngine(ctx, 2)
			return points.Programme{V: record.V, Engine: record.Engine}, err
		},
		func(r any) any { p := r.(points.Programme); p.Engine = 1; return p },
	},
}

func TestFreezesAndObjectionsAreCommittedAndAnswered(t *testing.T) {
	for function, c := range guarding {
		t.Run(function, func(t *testing.T) {
			s := newSetting(t)
			s.peers[0].result = encoded(t, c.record)
			got, err := c.do(s.client.Points("airline"), t.Context())
			if err != nil || !reflect.DeepEqual(got, c.record) {
				t.Errorf("got %+v (%v)", got, err)
			}
			p := s.peers[0].proposals[0]
			if p.function != function || string(p.document) != string(encoded(t, c.document)) || len(p.transient) != 0 {
				t.Errorf("the proposal is %+v", p)
			}
		})
	}
}

func TestWhatAnEarlierAttemptBroughtThereIsTheAnswer(t *testing.T) {
	for function, c := range guarding {
		t.Run(function, func(t *testing.T) {
			s := newSetting(t)
			s.peers[0].decline, s.peers[0].answer = refusal(c.code), encoded(t, c.record)
			if got, err := c.do(s.client.Points("airline"), t.Context()); err != nil || !reflect.DeepEqual(got, c.record) {
				t.Errorf("got %+v (%v)", got, err)
			}
			s.peers[0].answer = encoded(t, c.spoil(c.record))
			if got, err := c.do(s.client.Points("airline"), t.Context()); fault.CodeOf(err) != c.code || !reflect.ValueOf(got).IsZero() {
				t.Errorf("of somebody else's: got %+v (%v)", got, err)
			}
		})
	}
}

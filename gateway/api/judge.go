package api

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/abuse"
	"github.com/tallystick/tallystick/gateway/people/signin"
)

// deviceHeader carries the key by which a wallet's device is known.
const (
	deviceHeader = "X-Device-Key"
	deviceKey    = "tally.device"
)

// codeOf is the code of what isn't taken now.
var codeOf = map[abuse.Action]fault.Code{abuse.ActionRefuse: fault.Withheld, abuse.ActionStepUp: fault.StepUpRequired}

var deviceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{22,128}$`)

// deviceOf is the key by which the sender's device is known: the header's, or for the wallet's pages what signing in left in the browser; empty without a usable one.
func deviceOf(r *http.Request) string {
	device := r.Header.Get(deviceHeader)
	if cookie, err := r.Cookie(deviceCookie); device == "" && err == nil {
		device = cookie.Value
	}
	if device = signin.DeviceName(device); !deviceForm.MatchString(device) {
		return ""
	}
	return device
}

// judge has the items looked at that are about to be recorded, and gives those that may be.
func (s *Server) judge(ctx context.Context, items []*item) []*item {
	if s.people.Abuse == nil {
		return items
	}
	return slices.DeleteFunc(items, func(it *item) bool {
		it.err = s.judgeOne(ctx, it)
		return it.err != nil
	})
}

// judgeOne is WITHHELD or STEP_UP_REQUIRED for an operation that isn't taken now. Neither tells which rule was met. What was recorded before is answered as it was,
// and is no finding.
func (s *Server) judgeOne(ctx context.Context, it *item) error {
	o := &it.intake.Operation
	attempt := abuse.Attempt{
		Account: o.Account, Kind: o.Kind, Points: o.Points, Strong: o.Authorisation != nil, Terminal: s.hasher.Terminal(&it.intake.Details), At: time.Now().Unix(),
	}
	attempt.Keys = attempt.KeysOf(s.hasher.Idempotency(it.intake.Caller, it.key), s.hasher.NaturalOf(s.programme, o, &it.intake.Details), usedUp(o))
	if a := it.request.Authentication; a != nil {
		attempt.Strong = s.people.Abuse.IsStrong(a.Method)
	}
	if session := sessionIn(ctx); session != nil && !attempt.Strong {
		fresh, err := s.people.SignIn.Fresh(ctx, session)
		if err != nil {
			return err
		}
		attempt.Strong = fresh
	}
	if device := textIn(ctx, deviceKey); device != "" {
		attempt.Device = s.hasher.Device("wallet", device)
	}
	verdict := s.people.Abuse.Check(&attempt)
	if verdict.Action == abuse.ActionNone || s.isRecorded(ctx, it) {
		return nil
	}
	s.people.Abuse.Tell(&attempt, verdict)
	code := codeOf[verdict.Action]
	if code == "" {
		return nil
	}
	return fault.New(code, "the customer finds the reason among the notices")
}

// isRecorded says whether the outbox has the item already.
func (s *Server) isRecorded(ctx context.Context, it *item) bool {
	_, found, err := s.recorder.Find(ctx, &it.intake)
	return found || err != nil // What contradicts an earlier request is told by the recorder.
}

// usedUp is the id of the mandate by which the customer's own key agreed; empty for none.
func usedUp(o *points.Operation) string {
	if o.Authorisation == nil {
		return ""
	}
	return o.Authorisation.Mandate.ID
}

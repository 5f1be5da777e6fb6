package api

import (
	"context"
	"hash/fnv"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/abuse"
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
	if !deviceForm.MatchString(device) {
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
		Account: o.Account, Kind: o.Kind, Points: o.Points, Strong: o.Authorisation != nil, Key: keyOf(it.intake.Caller, it.key), At: time.Now().Unix(),
	}
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
	if d := &it.intake.Details; d.Terminal != "" {
		attempt.Terminal = s.hasher.Device("terminal", d.Merchant, d.Store, d.Terminal)
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

// keyOf is a hash by which it is seen that something is sent again; never 0.
func keyOf(caller, key string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(caller + "\x00" + key))
	return max(h.Sum64(), 1)
}

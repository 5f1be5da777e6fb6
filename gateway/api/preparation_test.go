package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestWhatIsPreparedForApprovalIsWhatWillBeSent(t *testing.T) {
	for _, kind := range []Kind{KindAdjust, KindRecover} {
		t.Run(string(kind), func(t *testing.T) {
			b := newBench(t)
			request := requestsOf()[kind].with(fields{"operation": nil, "account": wallet})
			w := b.do(call{"POST", "/v1/operations/prepare", ScopeOperator, request.String(), nil})
			p := into[PreparedOperation](t, w, http.StatusOK)
			if err := p.Operation.Validate(); err != nil {
				t.Errorf("nobody can approve %+v: %v", p.Operation, err)
			}
			if contains(w.Body.String(), "counted twice") {
				t.Errorf("the note is private: %s", w.Body)
			}
			digest, err := wire.Hash(p.Operation)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(p.Canonical))
			if p.Digest != digest || p.Digest != hex.EncodeToString(sum[:]) {
				t.Error("the digest is not that of the operation")
			}
			into[Operation](t, b.do(b.post("/v1/operations", ScopeOperator, request.with(fields{"operation": p.Operation.ID}))), http.StatusOK)
			if sent, err := wire.Hash(b.intakes[0].Operation); err != nil || sent != p.Digest {
				t.Errorf("%+v was approved, %+v is sent: %v", p.Operation, b.intakes[0].Operation, err)
			}
			again := into[PreparedOperation](t, b.do(call{"POST", "/v1/operations/prepare", ScopeTill, request.String(), nil}), http.StatusOK)
			if again.Operation.ID == p.Operation.ID {
				t.Error("two operations have one id")
			}
		})
	}
}

func TestBadRequestsForApprovalAreTold(t *testing.T) {
	ready := func(kind Kind, changes ...fields) fields {
		return requestsOf()[kind].with(append([]fields{{"operation": nil}}, changes...)...)
	}
	for name, c := range map[string]struct {
		body    fields
		code    fault.Code
		pointer string
	}{
		"an id already":        {requestsOf()[KindAdjust], fault.InvalidValue, "/operation"},
		"nobody approves this": {requestsOf()[KindRedeem], fault.InvalidValue, "/kind"},
		"no reason":            {ready(KindAdjust, fields{"reason": nil}), fault.InvalidValue, "/reason"},
		"nothing":              {ready(KindAdjust, fields{"points": 0}), fault.OutOfRange, "/points"},
		"an unknown account":   {ready(KindAdjust, fields{"account": unknownID}), fault.AccountUnknown, "/account"},
		"another programme's":  {ready(KindAdjust, fields{"account": stranger}), fault.AccountUnknown, "/account"},
		"no controller":        {ready(KindRecover, fields{"controller": nil}), fault.InvalidValue, "/controller"},
		"an unknown customer":  {ready(KindRecover, fields{"account": nil, "reference": "nobody"}), fault.AccountUnknown, "/reference"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := b.problem(b.do(call{"POST", "/v1/operations/prepare", ScopeOperator, c.body.String(), nil}), c.code)
			if p.Errors == nil || !slices.ContainsFunc(*p.Errors, func(e FieldError) bool { return e.Pointer == c.pointer }) {
				t.Errorf("points at %+v, want %s", p.Errors, c.pointer)
			}
		})
	}
}

func TestAnAdjustmentCanTakeAndGive(t *testing.T) {
	b := newBench(t)
	for _, n := range []points.AccountID{account, wallet} {
		into[PreparedOperation](t, b.do(call{"POST", "/v1/operations/prepare", ScopeOperator, requestsOf()[KindAdjust].with(fields{"operation": nil, "account": n, "points": 9007199254740991}).String(), nil}), http.StatusOK)
	}
}

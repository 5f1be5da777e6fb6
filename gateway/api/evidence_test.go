package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/reports"
)

// TestEvidenceIsGivenAsTheLedgerHasIt to an auditor's key, byte for byte, and nothing that is no evidence.
func TestEvidenceIsGivenAsTheLedgerHasIt(t *testing.T) {
	h := newHouse(t)
	asked := h.airline.AskFreeze(h.flyer, 3600)
	regulator := h.desk("regulator", reporting)
	at := "/v1/programmes/airline/evidence/"
	w := regulator.do(call{"GET", at + "freeze/" + string(asked), ScopeAudit, "", nil})
	found := into[reports.Evidence](t, w, http.StatusOK)
	if want := string(h.State("points-airline", engine.FreezeKey(asked))); string(found.Record) != want || !strings.Contains(want, string(points.FreezeAsked)) {
		t.Errorf("%s, the ledger has %s", found.Record, want)
	}
	for path, code := range map[string]fault.Code{
		at + "freeze/" + strings.Repeat("0", 32):                             fault.NotFound,
		at + "consent/" + string(asked):                                      fault.NotFound,
		at + "account/" + string(h.flyer):                                    fault.InvalidValue,
		at + "freeze/nonsense":                                               fault.InvalidValue,
		"/v1/programmes/nowhere/evidence/consent/" + strings.Repeat("0", 32): fault.NotFound,
	} {
		regulator.problem(regulator.do(call{"GET", path, ScopeAudit, "", nil}), code)
	}
	regulator.problem(regulator.do(call{"GET", at + "freeze/" + string(asked), ScopeTill, "", nil}), fault.Forbidden)
}

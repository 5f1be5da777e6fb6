package api

import (
	"net/http"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// goodwill is an adjustment in the hotel's programme that the hotel has prepared.
func goodwill() wire.Consent {
	return wire.Consent{Operation: points.Operation{ID: unknownID, Kind: points.KindAdjust, Account: account, Points: -50, Reason: points.ReasonGoodwill}}
}

func TestAnotherBrandsOperationIsApprovedAsItStands(t *testing.T) {
	b := newBench(t)
	given := into[Approval](t, b.do(b.asOperator("POST", "/v1/programmes/hotel/approvals", goodwill())), http.StatusOK)
	if given.Digest != hashOf(goodwill().Operation) || given.MSP != "AirlineMSP" || given.Operation != unknownID {
		t.Errorf("%+v", given)
	}
	if got := into[Approval](t, b.get("/v1/programmes/hotel/approvals/"+unknownID), http.StatusOK); got != given {
		t.Errorf("%+v", got)
	}
	if list := into[ApprovalList](t, b.get("/v1/programmes/hotel/approvals"), http.StatusOK); len(list.Approvals) != 1 || list.Approvals[0] != given || list.Next != nil {
		t.Errorf("%+v", list)
	}
	if list := into[ApprovalList](t, b.get("/v1/programmes/airline/approvals"), http.StatusOK); list.Approvals == nil || len(list.Approvals) != 0 {
		t.Errorf("%+v", list)
	}
}

func TestWhatCantBeApprovedIsRefusedBeforeTheLedgerIsAsked(t *testing.T) {
	changed := func(change func(*points.Operation)) wire.Consent {
		c := goodwill()
		change(&c.Operation)
		return c
	}
	for name, c := range map[string]struct {
		path    string
		consent wire.Consent
		code    fault.Code
		pointer string
	}{
		"the own programme's":        {"airline", goodwill(), fault.Forbidden, ""},
		"of no programme":            {"nobody", goodwill(), fault.NotFound, ""},
		"that needs no approval":     {"hotel", changed(func(o *points.Operation) { o.Kind, o.Points, o.Reason = points.KindExpire, 0, "" }), fault.InvalidValue, "/operation/kind"},
		"without a reason":           {"hotel", changed(func(o *points.Operation) { o.Reason = "" }), fault.InvalidValue, "/operation"},
		"of more points than can be": {"hotel", changed(func(o *points.Operation) { o.Points = 1 << 60 }), fault.OutOfRange, "/operation"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := b.problem(b.do(b.asOperator("POST", "/v1/programmes/"+c.path+"/approvals", c.consent)), c.code)
			if c.pointer != "" && (p.Errors == nil || (*p.Errors)[0].Pointer != c.pointer) {
				t.Errorf("points at %+v, want %s", p.Errors, c.pointer)
			}
			if len(b.records) != 0 {
				t.Error("it was approved")
			}
		})
	}
	g := newGateway()
	b := newBenchOf(t, g, Parts{Member: "airline", Programme: "airline", Recorder: g, Hasher: g, Quoter: g})
	b.problem(b.do(b.asOperator("POST", "/v1/programmes/hotel/approvals", goodwill())), fault.Forbidden)
}

func TestApprovalsThatAreNotThereAreRefused(t *testing.T) {
	b := newBench(t)
	b.keep("hotel", engine.ObjectApproval, account, points.Approval{V: 1, Operation: account, Digest: hashOf("x"), MSP: "AirlineMSP", Used: true})
	if got := into[Approval](t, b.get("/v1/programmes/hotel/approvals/"+account), http.StatusOK); !got.Used {
		t.Errorf("%+v", got)
	}
	for path, code := range map[string]fault.Code{
		"/v1/programmes/hotel/approvals/" + unknownID: fault.NotFound,
		"/v1/programmes/airline/approvals/" + account: fault.NotFound,
		"/v1/programmes/nobody/approvals/" + account:  fault.NotFound,
		"/v1/programmes/hotel/approvals/xyz":          fault.InvalidValue,
		"/v1/programmes/nobody/approvals":             fault.NotFound,
	} {
		b.problem(b.get(path), code)
	}
}

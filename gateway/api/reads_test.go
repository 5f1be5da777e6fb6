package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sequencer"
)

func TestAnAccountIsUnchangedUnderItsETag(t *testing.T) {
	b := newBench(t)
	w := b.get("/v1/accounts/" + account)
	a := into[Account](t, w, http.StatusOK)
	if a.Posted != 12 || a.Spendable != 12 || a.Debt != 0 || a.Programme != "airline" || a.Controller.Kind != string(points.ControllerCustodian) {
		t.Errorf("%+v", a)
	}
	tag := w.Header().Get("ETag")
	for _, header := range []string{tag, `"other", ` + tag, "W/" + tag, "*"} {
		if w := b.get("/v1/accounts/"+account, "If-None-Match", header); w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %s", header, w.Code, w.Body)
		}
	}
	into[Account](t, b.get("/v1/accounts/"+account, "If-None-Match", `"other"`), http.StatusOK)
}

func TestHistoryIsReadPageByPage(t *testing.T) {
	b := newBench(t)
	path, pages, seen := "/v1/accounts/"+account+"/history?limit=2", 0, map[points.OperationID]bool{}
	for cursor := ""; ; {
		page := into[History](t, b.get(path+cursor), http.StatusOK)
		for _, e := range page.Entries {
			if seen[e.Receipt.Operation] {
				t.Errorf("%s comes twice", e.Receipt.Operation)
			}
			seen[e.Receipt.Operation] = true
		}
		if pages++; page.Next == nil || pages > 5 {
			break
		}
		cursor = "&cursor=" + *page.Next
	}
	if pages != 3 || len(seen) != 5 {
		t.Errorf("%d pages, %d entries", pages, len(seen))
	}
}

func TestReadinessTellsWhatIsMissing(t *testing.T) {
	b := newBench(t)
	if r := into[Readiness](t, b.get("/readyz"), http.StatusOK); !r.Ready || len(r.Reasons) != 0 || r.Block != 41 || r.Member != "airline" || r.Mode != Writer {
		t.Errorf("%+v", r)
	}
	b.reasons = []string{"3 of 9 blocks are projected"}
	b.warnings = []string{"the certificate of identity has to be renewed"}
	if r := into[Readiness](t, b.get("/readyz"), http.StatusServiceUnavailable); r.Ready || len(r.Reasons) != 1 || r.Warnings == nil || len(*r.Warnings) != 1 {
		t.Errorf("%+v", r)
	}
	b.reasons, b.troubles = nil, []sequencer.PartnerTrouble{{Programme: "airline", Partner: "hotel", Reason: "no live peer"}}
	r := into[Readiness](t, b.get("/readyz"), http.StatusOK)
	if want := (PartnerTrouble{Programme: "airline", Partner: "hotel", Reason: "no live peer"}); !r.Ready || r.Partners == nil || len(*r.Partners) != 1 || (*r.Partners)[0] != want {
		t.Errorf("%+v", r)
	}
	into[Health](t, b.get("/healthz"), http.StatusOK)
}

func TestEveryCodeIsListedAndReportedWithItsStatus(t *testing.T) {
	b := newBench(t)
	list := into[CodeList](t, b.get("/v1/codes"), http.StatusOK)
	if len(list.Codes) != len(fault.Catalogue()) {
		t.Fatalf("%d codes", len(list.Codes))
	}
	for i, row := range fault.Catalogue() {
		if list.Codes[i].Code != string(row.Code) || list.Codes[i].Status != row.Status {
			t.Errorf("%+v", list.Codes[i])
		}
		if row.Class == fault.ClassOK {
			continue
		}
		b.fail = fault.New(row.Code, "because")
		if p := b.problem(b.submit(earn), row.Code); p.Class != ProblemClass(row.Class) || p.Title != row.Meaning {
			t.Errorf("%+v", p)
		}
	}
}

func TestMetricsCountRequestsByRoute(t *testing.T) {
	b := newBench(t)
	b.get("/v1/accounts/" + account)
	w := b.get("/metrics")
	for _, line := range []string{`tally_http_requests_total{method="GET",route="/v1/accounts/:id",status="200"} 1`, "tally_http_request_seconds_bucket"} {
		if !contains(w.Body.String(), line) {
			t.Errorf("%s is missing", line)
		}
	}
}

func TestServeEndsInOrder(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	listener := listen(t)
	ended := make(chan error, 1)
	go func() { ended <- b.server.Serve(ctx, listener) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/healthz")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

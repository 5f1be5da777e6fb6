package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestAnAccountIsUnchangedUnderItsETag(t *testing.T) {
	b := newBench(t)
	w := b.get("/v1/accounts/" + account)
	a := into[Account](t, w, http.StatusOK)
	if a.Posted != 12 || a.Spendable != 12 || a.Debt != 0 || a.Programme != "airline" || a.Controller.Kind != ControllerKindCustodian {
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

func TestAProgrammeTellsTermsTotalsAndThatItIsSimulated(t *testing.T) {
	b := newBench(t)
	p := into[Programme](t, b.get("/v1/programmes/airline"), http.StatusOK)
	if p.Totals == nil || p.Totals.Outstanding != 100-2-30-10 || p.Totals.Debt != 3 || p.Terms[0].Prose == "" || p.BusinessDate != "2024-10-04" || p.Simulated {
		t.Errorf("%+v", p)
	}
	if list := into[ProgrammeList](t, b.get("/v1/programmes"), http.StatusOK); len(list.Programmes) != 1 || list.Programmes[0].Totals != nil {
		t.Errorf("%+v", list)
	}
}

func TestTheBusinessDateMovesAheadOnly(t *testing.T) {
	b := newBench(t)
	move := func(name, date string) call {
		return call{"POST", "/v1/programmes/" + name + "/business-date", ScopeOperator, `{"date":"` + date + `"}`, nil}
	}
	into[BusinessDate](t, b.do(move("airline", "2024-10-06")), http.StatusOK)
	into[BusinessDate](t, b.do(move("airline", "2024-10-06")), http.StatusOK)
	b.problem(b.do(move("airline", "2024-10-05")), fault.DateNotAllowed)
	b.problem(b.do(move("hotel", "2024-10-07")), fault.Forbidden)
	b.problem(b.do(move("airline", "tomorrow")), fault.InvalidValue)
	b.dateErr = fault.New(fault.LedgerUnavailable, "no peer")
	b.problem(b.do(move("airline", "2024-10-07")), fault.LedgerUnavailable)
	if b.date != 20_002 {
		t.Errorf("the date is %s", b.date)
	}
}

func TestAPreparedMandateIsWhatTheChaincodeWillCheck(t *testing.T) {
	b := newBench(t)
	prepare := func(body string) call { return call{"POST", "/v1/mandates", ScopeTill, body, nil} }
	p := into[PreparedMandate](t, b.do(prepare(`{"account":"`+wallet+`","kind":"redeem","points":5,"store":"main-street","terminal":"till-1","validSeconds":60}`)), http.StatusOK)
	m := p.Mandate
	if m.Place != points.PlaceHash(p.PlaceSalt, "airline", "main-street", "till-1") || len(p.PlaceSalt) != 64 {
		t.Errorf("place %s, salt %s", m.Place, p.PlaceSalt)
	}
	if left := m.NotAfter - time.Now().Unix(); left < 50 || left > 60 || m.Genesis != programme().Genesis || m.MaxPoints != 5 || m.ControllerVersion != 1 || m.Operation != points.KindRedeem {
		t.Errorf("%+v", m)
	}
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(p.Canonical))
	if p.Digest != hex.EncodeToString(digest) || p.Digest != hex.EncodeToString(sum[:]) {
		t.Error("the digest is not that of the canonical mandate")
	}
	transfer := into[PreparedMandate](t, b.do(prepare(`{"account":"`+wallet+`","kind":"transfer","points":5,"receiver":"`+account+`"}`)), http.StatusOK)
	if transfer.Mandate.Place != "" || transfer.PlaceSalt != "" || transfer.Mandate.Receiver != account {
		t.Errorf("%+v", transfer)
	}
	for body, code := range map[string]fault.Code{
		`{"account":"` + account + `","kind":"redeem","points":5,"store":"s","terminal":"t"}`:                   fault.InvalidValue, // In custody.
		`{"account":"` + stranger + `","kind":"redeem","points":5,"store":"s","terminal":"t"}`:                  fault.AccountUnknown,
		`{"account":"` + unknownID + `","kind":"redeem","points":5,"store":"s","terminal":"t"}`:                 fault.AccountUnknown,
		`{"account":"` + wallet + `","kind":"redeem","points":0,"store":"s","terminal":"t"}`:                    fault.OutOfRange,
		`{"account":"` + wallet + `","kind":"redeem","points":5}`:                                               fault.InvalidValue,
		`{"account":"` + wallet + `","kind":"transfer","points":5}`:                                             fault.InvalidValue,
		`{"account":"` + wallet + `","kind":"earn","points":5}`:                                                 fault.InvalidValue,
		`{"account":"` + wallet + `","kind":"redeem","points":5,"store":"s","terminal":"t","validSeconds":601}`: fault.InvalidValue,
	} {
		b.problem(b.do(prepare(body)), code)
	}
}

func TestReadinessTellsWhatIsMissing(t *testing.T) {
	b := newBench(t)
	if r := into[Readiness](t, b.get("/readyz"), http.StatusOK); !r.Ready || len(r.Reasons) != 0 || r.Block != 41 || r.Member != "airline" || r.Mode != Writer {
		t.Errorf("%+v", r)
	}
	b.reasons = []string{"3 of 9 blocks are projected"}
	if r := into[Readiness](t, b.get("/readyz"), http.StatusServiceUnavailable); r.Ready || len(r.Reasons) != 1 {
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

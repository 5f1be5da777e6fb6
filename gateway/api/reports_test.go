package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/reports"
	"github.com/tallystick/tallystick/gateway/store"
)

// allReports are the routes of the reports that every gateway makes.
var allReports = []reports.Name{
	reports.NameSupply, reports.NameConcentration, reports.NameFlows, reports.NameConsents, reports.NameFreezes, reports.NameAdjustments, reports.NameLimitedNetwork,
}

// heldLog is an access log.
type heldLog []reports.AccessCount

func (l heldLog) Accesses(_ context.Context, from, to int64, _ int) ([]reports.AccessCount, error) {
	if from >= to {
		return nil, fault.New(fault.Internal, "from %d to %d", from, to)
	}
	return l, nil
}

func (l heldLog) Grantees(context.Context, int64, int64, int) ([]reports.GranteeSum, error) {
	return []reports.GranteeSum{{Grantee: "hotel", Purpose: "check-in", Month: "2026-01", Accesses: 3, Persons: 2}}, nil
}

func (l heldLog) Readings(context.Context, int64, int64, int) ([]reports.ReadingCount, error) {
	return []reports.ReadingCount{{Owner: "hotel", Purpose: "stay", Attribute: "name", Readings: 4}}, nil
}

// reporting lets a desk make reports. Its clearing has the store that they are made of.
func reporting(parts *Parts) {
	parts.Reports = Reports{
		Reader: parts.Clearing.Receipts.(*store.Reads), Rates: reports.Rates{Source: "ECB", AsOf: "2026-01-02", Euro: map[string]quantity.Ratio{"GBP": {Num: 117, Den: 100}}},
		Log: heldLog{{Actor: "partner/hotel", Purpose: "check-in", Action: "read", Attribute: "name", Accesses: 3, Persons: 2}},
	}
}

func (d *desk) audit(path string, headers ...string) (body string, media string) {
	d.t.Helper()
	w := d.do(call{"GET", path, ScopeAudit, "", headers})
	if w.Code != http.StatusOK {
		d.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.String(), w.Header().Get("Content-Type")
}

func TestReportsAreAnsweredAsDocumentsAndAsValues(t *testing.T) {
	h := newHouse(t)
	h.redeem(20, 30)
	airline := h.desk("airline", reporting)
	for _, name := range append(allReports, reports.NameAccesses) {
		path := "/v1/reports/" + string(name)
		if body, _ := airline.audit(path); !strings.Contains(body, `"report":"`+string(name)+`"`) || !strings.Contains(body, `"asOf":{"block":`) {
			t.Errorf("%s: %s", name, body)
		}
		body, media := airline.audit(path, "Accept", "text/csv")
		lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil || len(lines) == 0 || lines[0][0] != "report" || media != "text/csv; charset=utf-8" {
			t.Errorf("%s: %v, %s\n%s", name, err, media, body)
		}
	}
	flows := into[reports.Flows](t, airline.do(call{"GET", "/v1/reports/flows", ScopeAudit, "", nil}), http.StatusOK)
	if len(flows.Points) != 1 || flows.Points[0].Points != 50 || len(flows.Owed) != 1 || flows.Owed[0].Debtor != "airline" {
		t.Errorf("%+v", flows)
	}
	limited := into[reports.LimitedNetwork](t, airline.do(call{"GET", "/v1/reports/limited-network", ScopeAudit, "", nil}), http.StatusOK)
	if limited.RateSource != "ECB" || limited.Programmes[0].Rate == nil || limited.Programmes[0].AtPartners != 50 {
		t.Errorf("%+v", limited)
	}
}

func TestReportsAreSignedToBeKept(t *testing.T) {
	h := newHouse(t)
	h.redeem(20, 30)
	secret, public, err := checkpoint.NewKey("airline/reports")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := checkpoint.ParseKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	airline := h.desk("airline", reporting, func(p *Parts) {
		p.Reports.Signer = &reports.Signer{Member: "airline", Channel: "loyalty", Secret: secret, Software: "test"}
	})
	for _, name := range reports.Names() {
		body, _ := airline.audit("/v1/signed-reports/" + string(name))
		st, signers, err := reports.OpenSigned([]byte(body), keys)
		if err != nil || st.Header.Report != name || st.Member != "airline" || len(signers) != 1 {
			t.Errorf("%s: %+v, %v\n%s", name, st, err, body)
			continue
		}
		plain, _ := airline.audit("/v1/reports/" + string(name))
		var signed struct{ Report json.RawMessage }
		if err := json.Unmarshal([]byte(body), &signed); err != nil || !sameJSON(t, signed.Report, []byte(plain)) {
			t.Errorf("%s: signed is\n%s\nthe route gives\n%s", name, signed.Report, plain)
		}
	}
	airline.problem(airline.do(call{"GET", "/v1/signed-reports/flows?from=2026-01-02&to=2026-01-01", ScopeAudit, "", nil}), fault.InvalidValue)
	airline.problem(airline.do(call{"GET", "/v1/signed-reports/supply", ScopeRead, "", nil}), fault.Forbidden)
	if w := airline.do(call{"GET", "/v1/signed-reports/profit", ScopeAudit, "", nil}); w.Code == http.StatusOK {
		t.Errorf("an unknown report: %s", w.Body)
	}
	without := h.desk("hotel", reporting)
	without.problem(without.do(call{"GET", "/v1/signed-reports/supply", ScopeAudit, "", nil}), fault.NotFound)
}

// sameJSON says whether two documents are one.
func sameJSON(t *testing.T, one, two []byte) bool {
	t.Helper()
	a, b := jsontext.Value(one), jsontext.Value(two)
	if err := errors.Join(a.Canonicalize(), b.Canonicalize()); err != nil {
		t.Fatal(err)
	}
	return string(a) == string(b)
}

func TestReportsNeedTheirOwnScope(t *testing.T) {
	h := newHouse(t)
	airline := h.desk("airline", reporting)
	for _, name := range append(allReports, reports.NameAccesses) {
		for _, scope := range []string{ScopeTill, ScopeOperator, ScopeRead, ScopeTreasuryRead, ScopeGovernance} {
			airline.problem(airline.do(call{"GET", "/v1/reports/" + string(name), scope, "", nil}), fault.Forbidden)
		}
	}
	airline.problem(airline.do(call{"GET", "/v1/programmes/airline/statement", ScopeAudit, "", nil}), fault.Forbidden)
}

func TestAReportsPeriodIsChecked(t *testing.T) {
	h := newHouse(t)
	airline := h.desk("airline", reporting)
	for _, query := range []string{"?from=yesterday", "?to=2026-02-30", "?from=2026-01-02&to=2026-01-01"} {
		for _, name := range []reports.Name{reports.NameConcentration, reports.NameFlows, reports.NameAdjustments, reports.NameAccesses} {
			airline.problem(airline.do(call{"GET", "/v1/reports/" + string(name) + query, ScopeAudit, "", nil}), fault.InvalidValue)
		}
	}
	airline.audit("/v1/reports/flows?from=2026-01-01&to=2026-01-01")
}

func TestAGatewayWithoutTheirSourcesHasNoReports(t *testing.T) {
	h := newHouse(t)
	none := h.desk("airline")
	for _, name := range allReports {
		none.problem(none.do(call{"GET", "/v1/reports/" + string(name), ScopeAudit, "", nil}), fault.NotFound)
	}
	regulator := h.desk("regulator", reporting, func(p *Parts) { p.Reports.Log = nil })
	regulator.problem(regulator.do(call{"GET", "/v1/reports/accesses", ScopeAudit, "", nil}), fault.NotFound)
}

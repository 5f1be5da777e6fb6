package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestAProgrammeTellsWhatItPublishedAndWhatIsInForce(t *testing.T) {
	b := newBench(t)
	before := into[Programme](t, b.get("/v1/programmes/airline"), http.StatusOK)
	if before.InForce.Terms != 1 || before.InForce.RuleSet != nil || before.InForce.PriceList != nil || len(before.RuleSets) != 0 || before.BusinessDate != "2024-10-04" || before.Simulated {
		t.Errorf("before anything is published: %+v", before)
	}
	if one := before.Terms[0]; one.Hash != hashOf(firstTerms()) || one.Parameters.Rate != (quantity.Ratio{Num: 1, Den: 100}) || one.Parameters.Prose != nil {
		t.Errorf("terms %+v", one)
	}
	b.ruleSets = []points.Publication{{Version: 1, Effective: 19_000, Hash: hashOf("1")}, {Version: 2, Effective: 20_000, Hash: hashOf("2")}, {Version: 3, Effective: 20_001, Hash: hashOf("3")}}
	b.prices = []points.Publication{{Version: 1, Effective: 20_001, Hash: hashOf("4")}}
	after := into[Programme](t, b.get("/v1/programmes/airline"), http.StatusOK)
	if after.InForce.RuleSet == nil || *after.InForce.RuleSet != 2 || after.InForce.PriceList != nil || len(after.RuleSets) != 3 || after.RuleSets[2] != b.ruleSets[2] || after.PriceLists[0] != b.prices[0] {
		t.Errorf("after three rule sets and a price list of tomorrow: %+v", after)
	}
	if list := into[ProgrammeList](t, b.get("/v1/programmes"), http.StatusOK); len(list.Programmes) != 1 || list.Programmes[0].Totals != nil {
		t.Errorf("%+v", list)
	}
}

func TestTotalsTellEveryColumnAndThePositionsThatFollow(t *testing.T) {
	sum := points.Totals{
		Operations: 1, Rejected: 2, Opened: 3, Issued: 100_000, Redeemed: 5, Recovered: 7, Transferred: 11, DebtIncurred: 1300, DebtRepaid: 17,
		Expired: 19, Restored: 23, AdjustedUp: 29, AdjustedDown: 31, Forfeited: 37, Pinned: 4100, Unpinned: 43,
	}
	got, err := totalsOf(sum)
	want := Totals{
		Operations: 1, Rejected: 2, Opened: 3, Issued: 100_000, Redeemed: 5, Recovered: 7, Transferred: 11, DebtIncurred: 1300, DebtRepaid: 17,
		Expired: 19, Restored: 23, AdjustedUp: 29, AdjustedDown: 31, Forfeited: 37, Pinned: 4100, Unpinned: 43,
		Outstanding: 100_000 + 23 + 29 - 17 - 5 - 7 - 19 - 31 - 37, Held: 4057, Debt: 1283,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, want %+v (%v)", got, want, err)
	}
	b := newBench(t)
	if p := into[Programme](t, b.get("/v1/programmes/airline"), http.StatusOK); p.Totals == nil || p.Totals.Outstanding != 100-2-30-10 || p.Totals.Debt != 3 {
		t.Errorf("%+v", p.Totals)
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

func TestAnOperatorActivatesANewerEngineOnce(t *testing.T) {
	b := newBench(t)
	const path = "/v1/programmes/airline/engine"
	for range 2 {
		if got := into[EngineActivation](t, b.do(b.asOperator("POST", path, `{"engine":2}`)), http.StatusOK); got.Engine != 2 || b.engine != 2 {
			t.Errorf("%+v, on the ledger %d", got, b.engine)
		}
	}
	b.problem(b.do(b.asOperator("POST", path, `{"engine":1}`)), fault.InvalidValue)
	b.problem(b.do(b.asOperator("POST", path, `{"engine":0}`)), fault.InvalidValue)
	b.problem(b.do(b.asOperator("POST", path, `{}`)), fault.InvalidValue)
	b.problem(b.do(call{"POST", path, ScopeCompliance, `{"engine":3}`, nil}), fault.Forbidden)
}

func TestTheCustodiansKeyIsRotatedByTheIssuersOperator(t *testing.T) {
	b := newBench(t)
	const path = "/v1/programmes/airline/custodian-keys"
	if key := into[CustodianKey](t, b.do(b.asOperator("POST", path, `{"key":"new"}`)), http.StatusOK); key.Version != 2 || key.Key != "new" {
		t.Errorf("%+v", key)
	}
	if p := into[Programme](t, b.get("/v1/programmes/airline"), http.StatusOK); len(p.Custodians) != 2 || p.Custodians[1].Key != "new" {
		t.Errorf("%+v", p.Custodians)
	}
	b.problem(b.do(b.asOperator("POST", path, `{"key":"new","version":3}`)), fault.Malformed)
	b.refusal = fault.New(fault.InvalidValue, "no P-256 key")
	b.problem(b.do(b.asOperator("POST", path, `{"key":"x"}`)), fault.InvalidValue)
}

func TestOnlyTheOwnProgrammeIsAdministeredAndOnlyWithAnOperator(t *testing.T) {
	documents := map[string]any{
		"POST /business-date": `{"date":"2024-10-06"}`, "POST /terms": firstTerms(), "POST /rule-sets": springSet(t), "POST /prices": prices(),
		"PUT /shops/corner": cornerShop(), "POST /custodian-keys": `{"key":"new"}`, "POST /engine": `{"engine":2}`,
	}
	for route, document := range documents {
		method, path, _ := strings.Cut(route, " ")
		b := newBench(t)
		b.problem(b.do(b.asOperator(method, "/v1/programmes/hotel"+path, document)), fault.Forbidden)
		g := newGateway()
		b = newBenchOf(t, g, Parts{Member: "airline", Programme: "airline", Recorder: g, Hasher: g, Quoter: g})
		p := b.problem(b.do(b.asOperator(method, "/v1/programmes/airline"+path, document)), fault.Forbidden)
		if !contains(p.Detail, "operator") {
			t.Errorf("%s: %s", route, p.Detail)
		}
		b = newBenchOf(t, newGateway(), Parts{Member: "regulator"})
		b.problem(b.do(b.asOperator(method, "/v1/programmes/airline"+path, document)), fault.ReadOnly)
	}
}

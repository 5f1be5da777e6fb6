package contract_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/contract"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestOnlyExactNamesWithOneDocumentAreAdmitted(t *testing.T) {
	c := founded(t)
	before := c.State("points-airline")
	account := `{"account":"` + string(accountID(1)) + `"}`
	cases := []struct {
		name string
		args []string
		code fault.Code
	}{
		{"lower-case first letter", []string{"submitBatch", "{}"}, fault.UnknownFunction},
		{"lower-case query", []string{"getProgramme", "{}"}, fault.UnknownFunction},
		{"contract and function", []string{"points:GetProgramme", "{}"}, fault.UnknownFunction},
		{"type and function", []string{"PointsContract:GetProgramme", "{}"}, fault.UnknownFunction},
		{"no contract and function", []string{":GetProgramme", "{}"}, fault.UnknownFunction},
		{"the contract API's own contract", []string{"org.hyperledger.fabric:GetMetadata"}, fault.UnknownFunction},
		{"a method of the contract API", []string{"GetEvaluateTransactions"}, fault.UnknownFunction},
		{"another method of the contract API", []string{"GetTransactionContextHandler", "{}"}, fault.UnknownFunction},
		{"clearing's function", []string{wire.FnFound, "{}"}, fault.UnknownFunction},
		{"trailing space", []string{"GetProgramme ", "{}"}, fault.UnknownFunction},
		{"empty name", []string{"", "{}"}, fault.UnknownFunction},
		{"very long name", []string{strings.Repeat("G", 1<<20), "{}"}, fault.UnknownFunction},
		{"no arguments", nil, fault.ArgumentCount},
		{"no document", []string{wire.FnGetProgramme}, fault.ArgumentCount},
		{"surplus document", []string{wire.FnGetAccount, account, account}, fault.ArgumentCount},
		{"surplus empty argument", []string{wire.FnGetAccount, account, ""}, fault.ArgumentCount},
		{"empty document", []string{wire.FnGetProgramme, ""}, fault.Malformed},
		{"blank document", []string{wire.FnGetProgramme, " \n\t"}, fault.Malformed},
		{"null", []string{wire.FnSubmitBatch, "null"}, fault.Malformed},
		{"null with spaces", []string{wire.FnGetProgramme, " null "}, fault.Malformed},
		{"list", []string{wire.FnGetProgramme, "[]"}, fault.Malformed},
		{"unknown field", []string{wire.FnGetProgramme, `{"x":1}`}, fault.Malformed},
		{"wrong type", []string{wire.FnGetAccount, `{"account":1}`}, fault.Malformed},
		{"document over the limit", []string{wire.FnSubmitBatch, strings.Repeat(" ", wire.MaxDocument+1)}, fault.TooLarge},
		{"unknown account", []string{wire.FnGetAccount, account}, fault.NotFound},
		{"empty batch request", []string{wire.FnSubmitBatch, "{}"}, fault.InvalidValue},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := c.Endorse(c.call("points-airline", c.client(airline, "gateway"), tc.args...), airline, hotel)
			refusal := refusalOf(t, err)
			if refusal.Code != tc.code {
				t.Errorf("got %v, want %s", refusal, tc.code)
			}
			if len(refusal.Error()) > 1000 {
				t.Errorf("the refusal has %d bytes", len(refusal.Error()))
			}
		})
	}
	for _, document := range []string{"", " \n\t", "null", " null "} { // Before the document is parsed.
		_, err := c.Endorse(c.call("points-airline", c.client(airline, "gateway"), wire.FnGetProgramme, document), airline)
		if got := refusalOf(t, err); got.Code != fault.Malformed || !strings.Contains(got.Detail, "empty or null") {
			t.Errorf("%q: %v", document, got)
		}
	}
	if after := c.State("points-airline"); len(after) != len(before) {
		t.Error("a refused call changed the state")
	}
}

func TestTransactionsTimeMustBeNearThePeersClock(t *testing.T) {
	cases := []struct {
		name   string
		offset time.Duration
		code   fault.Code
	}{
		{"the same", 0, fault.OK},
		{"five minutes before", -contract.MaxClockSkew, fault.OK},
		{"five minutes after", contract.MaxClockSkew, fault.OK},
		{"a second more before", -contract.MaxClockSkew - time.Second, fault.ClockSkew},
		{"a second more after", contract.MaxClockSkew + time.Second, fault.ClockSkew},
		{"years", -20 * 365 * 24 * time.Hour, fault.ClockSkew},
	}
	c := founded(t)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			p := c.batch(t, 0, 1, opening(1, 1))
			p.Time = now.Add(tc.offset)
			_, err := c.Endorse(p, airline, hotel)
			if tc.code == fault.OK {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if got := refusalOf(t, err); got.Code != tc.code {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestOnePeersWrongClockStopsOnlyThatPeer(t *testing.T) {
	c := founded(t)
	c.clocks[hotel] = now.Add(time.Hour)
	p := c.batch(t, 0, 1, opening(1, 1))
	_, err := c.Endorse(p, airline, hotel)
	if got := refusalOf(t, err); got.Code != fault.ClockSkew {
		t.Errorf("got %v", got)
	}
	c.must(t, p, airline, grocer)
}

func TestClockIsNoPartOfTheResult(t *testing.T) {
	c := founded(t)
	c.clocks[hotel], c.clocks[airline] = now.Add(4*time.Minute), now.Add(-4*time.Minute)
	c.must(t, c.batch(t, 0, 1, opening(1, 1), accrual(2, 1)), airline, hotel)
}

func TestEveryFunctionOfTheEngineReachesIt(t *testing.T) {
	c := founded(t)
	for chaincode, table := range map[string][]engine.Access{"points-airline": engine.PointsAccess(), "clearing": engine.ClearingAccess()} {
		for _, row := range table {
			t.Run(row.Function, func(t *testing.T) {
				org, role, code, detail := airline, engine.RoleGateway, fault.Malformed, "a field that is not known"
				if row.Roles != nil {
					role = row.Roles[0]
				}
				if row.Party == engine.PartyOtherBrand {
					org = hotel
				}
				if row.Entry == engine.EntryClearing {
					code, detail = fault.WrongEntryPoint, row.Function
				}
				_, err := c.Endorse(c.call(chaincode, c.client(org, role), row.Function, `{"unknown":1}`), airline)
				if got := refusalOf(t, err); got.Code != code || !strings.Contains(got.Detail, detail) {
					t.Errorf("got %v", got)
				}
			})
		}
	}
}

func TestChaincodesHaveNoInit(t *testing.T) {
	d, err := contract.NewPoints(time.Now, discard())
	if err != nil {
		t.Fatal(err)
	}
	if r := d.Init(new(stub)); r.Status < 400 || fault.Parse(r.Message).Code != fault.UnknownFunction {
		t.Errorf("answered %v", r)
	}
}

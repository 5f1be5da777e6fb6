package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func (l *ledger) query(function, document string) (engine.Effects, error) {
	return engine.Points(engine.Call{Chaincode: "points-airline", Function: function, Document: []byte(document), Time: now}, l.state())
}

func TestQueriesAnswerFromTheLedgerAndWriteNothing(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	receipts := l.submit(t, 0, 2, accrual(2, accountID(1), 1000))
	l.submit(t, 0, 3, giveBack(3, prove(t, 0, 2, receipts, 0), 400))
	id, op := string(accountID(1)), string(operationID(2))
	lanes := `[` + string(l.points[engine.LaneKey("AirlineMSP", 0)]) + `,` + string(encode(t, points.Lane{V: 1, MSP: "AirlineMSP", N: 1})) + `]`
	cases := []struct{ function, document, want string }{
		{wire.FnGetProgramme, `{}`, string(l.points[engine.ProgrammeKey()])},
		{wire.FnGetAccount, `{"account":"` + id + `"}`, string(l.points[engine.AccountKey(accountID(1))])},
		{wire.FnGetLanes, `{"msp":"AirlineMSP","first":0,"count":2}`, lanes},
		{wire.FnGetBatch, `{"msp":"AirlineMSP","lane":0,"seq":2}`, string(l.points[engine.BatchKey("AirlineMSP", 0, 2)])},
		{wire.FnGetReversal, `{"operation":"` + op + `"}`, string(l.points[engine.ReversalKey(operationID(2))])},
	}
	for _, c := range cases {
		t.Run(c.function, func(t *testing.T) {
			e, err := l.query(c.function, c.document)
			if err != nil || c.want == "" || string(e.Response) != c.want {
				t.Errorf("answered %s, want %s, %v", e.Response, c.want, err)
			}
			if len(e.Writes)+len(e.Private) > 0 || e.EventName != "" {
				t.Errorf("a query has effects: %+v", e)
			}
		})
	}
}

func TestQueriesRefuseWhatTheyCanNotAnswer(t *testing.T) {
	id := strings.Repeat("0", 32)
	cases := []struct {
		name, function, document string
		code                     fault.Code
	}{
		{"no such account", wire.FnGetAccount, `{"account":"` + id + `"}`, fault.NotFound},
		{"account that could build another key", wire.FnGetAccount, `{"account":"a\u0000b"}`, fault.InvalidValue},
		{"no account", wire.FnGetAccount, `{}`, fault.InvalidValue},
		{"unknown field", wire.FnGetAccount, `{"account":"` + id + `","x":1}`, fault.Malformed},
		{"null", wire.FnGetAccount, `null`, fault.Malformed},
		{"programme by name", wire.FnGetProgramme, `{"name":"airline"}`, fault.Malformed},
		{"no lanes", wire.FnGetLanes, `{"msp":"AirlineMSP","first":0,"count":0}`, fault.InvalidValue},
		{"too many lanes", wire.FnGetLanes, `{"msp":"AirlineMSP","first":0,"count":257}`, fault.InvalidValue},
		{"lanes beyond the last", wire.FnGetLanes, `{"msp":"AirlineMSP","first":4095,"count":2}`, fault.InvalidValue},
		{"last lane", wire.FnGetLanes, `{"msp":"AirlineMSP","first":4095,"count":1}`, fault.OK},
		{"first lane and count overflow", wire.FnGetLanes, `{"msp":"AirlineMSP","first":9223372036854775807,"count":2}`, fault.InvalidValue},
		{"negative lane", wire.FnGetLanes, `{"msp":"AirlineMSP","first":-1,"count":1}`, fault.InvalidValue},
		{"lanes of an organisation that could build another key", wire.FnGetLanes, `{"msp":"A\u0000B","first":0,"count":1}`, fault.InvalidValue},
		{"no such batch", wire.FnGetBatch, `{"msp":"AirlineMSP","lane":0,"seq":7}`, fault.NotFound},
		{"batch zero", wire.FnGetBatch, `{"msp":"AirlineMSP","lane":0,"seq":0}`, fault.InvalidValue},
		{"batch of lane 4096", wire.FnGetBatch, `{"msp":"AirlineMSP","lane":4096,"seq":1}`, fault.InvalidValue},
		{"batch of nobody", wire.FnGetBatch, `{"msp":"","lane":0,"seq":1}`, fault.InvalidValue},
		{"no such reversal", wire.FnGetReversal, `{"operation":"` + id + `"}`, fault.NotFound},
		{"reversal of nothing", wire.FnGetReversal, `{"operation":""}`, fault.InvalidValue},
		{"document over the limit", wire.FnGetAccount, `{"account":"` + id + `"}` + strings.Repeat(" ", engine.MaxQuery), fault.TooLarge},
		{"function in another case", "getAccount", `{"account":"` + id + `"}`, fault.UnknownFunction},
		{"clearing's function", wire.FnGetMember, `{"name":"airline"}`, fault.UnknownFunction},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := founded(t).query(c.function, c.document)
			wantCode(t, err, c.code)
		})
	}
}

func TestQueriesBeforeTheProgrammeSayThatThereIsNone(t *testing.T) {
	_, err := (&ledger{points: memory{}, clearing: memory{}}).query(wire.FnGetProgramme, `{}`)
	wantCode(t, err, fault.NotFound)
}

func TestFunctionsAreListedByTheirExactNames(t *testing.T) {
	points := []string{
		"ActivateEngine", "Administer", "AdvanceBusinessDate", "AnswerObjection", "ApplyExchange", "Approve", "ChangeVault", "CreateProgramme", "DecideFreeze",
		"Deposit", "EndConsent", "GetAccount", "GetApproval", "GetBatch", "GetConsent", "GetDataPolicies", "GetDataPolicy", "GetErasures", "GetExisting", "GetFreeze",
		"GetLanes", "GetObjection", "GetPartner", "GetPrices", "GetProgramme", "GetReversal", "GetRuleSet", "GetShared", "GetShop", "GetTerms", "GetVault",
		"PreviewExchange", "PublishDataPolicy", "PublishPrices", "PublishRuleSet", "PublishTerms", "PutOffer", "PutShop", "Quote", "RecordConsent", "RecordErasures",
		"RecordObjection", "RequestFreeze", "RotateCustodian", "ShareEntries", "SubmitBatch", "Unshare",
	}
	if got := engine.PointsFunctions(); !slices.Equal(got, points) {
		t.Errorf("points has %q", got)
	}
	clearing := []string{
		"AcceptAgreement", "CloseMembership", "CloseWindow", "DiscloseNet", "Exchange", "FileDispute", "FinaliseLeg", "Found", "GetAgreement", "GetAllocation",
		"GetCalendar", "GetCap", "GetConsortium", "GetCurrencies", "GetCustodian", "GetDispute", "GetFinalStatement", "GetLeg", "GetLegs", "GetLines", "GetMember",
		"GetNetting", "GetOffered", "GetOpenWindow", "GetPair", "GetPairBook", "GetPairLanes", "GetPairNets", "GetPosition", "GetPositions", "GetProposal",
		"GetReservation", "GetReserve", "GetStanding", "GetTallies", "GetWindow", "GetWindows", "MarkLate", "MoveSlice", "NetWindow", "OpenClearing", "PayLeg",
		"Propose", "ProposeAgreement", "QuoteExchange", "ReceiveLeg", "ReverseEntry", "RollWindow", "SignPosition", "StartSettlement", "SubmitReserve", "UpholdDispute", "Vote",
		"WithdrawDispute",
	}
	if got := engine.ClearingFunctions(); !slices.Equal(got, clearing) {
		t.Errorf("clearing has %q", got)
	}
}

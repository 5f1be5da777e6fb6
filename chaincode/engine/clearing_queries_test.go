package engine_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// settledHouse has a record of everything.
func settledHouse(t tester) (*house, wire.NewDispute) {
	t.Helper()
	h := trio(t)
	doc := h.evidence(1, pounds(1))[0]
	h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
	h.net(1, nets{pairOfTwo: pounds(10)})
	h.settle(1)
	h.attest("hotel", h.custodian("bank"), 100, h.now+hour)
	h.carry(clearing.Motion{Exit: &clearing.Leave{Member: "grocer", HonourUntil: 15_046}})
	h.now += 72 * hour
	h.net(2, nil)
	h.must("airline", engine.RoleGateway, wire.FnStartSettlement, named(2))
	h.must("grocer", engine.RoleOperator, wire.FnCloseMembership, wire.Closing{Member: "grocer", Hash: closing().Hash, Windows: []wire.WindowQuery{named(2)}})
	return h, doc
}

func TestQueriesAnswerWithTheRecordsOfTheLedger(t *testing.T) {
	h, dispute := settledHouse(t)
	leg := wire.LegQuery{Currency: "GBP", Window: 1, From: "airline", To: "hotel"}
	pair := wire.PairCurrencyQuery{A: "airline", B: "hotel", Currency: "GBP"}
	member := wire.MemberCurrencyQuery{Member: "hotel", Currency: "GBP"}
	for function, c := range map[string]struct {
		document any
		key      string
		wrong    string // A document that has no place.
	}{
		wire.FnGetProposal:   {wire.VoteQuery{ID: "00000000000000000000000000000001"}, engine.VoteKey("00000000000000000000000000000001"), `{"id":"1"}`},
		wire.FnGetOpenWindow: {wire.CurrencyQuery{Currency: "GBP"}, engine.WindowKey("GBP", 3), `{"currency":"GB"}`},
		wire.FnGetWindow:     {named(1), engine.WindowKey("GBP", 1), `{"currency":"GBP","number":0}`},
		wire.FnGetNetting:    {named(1), engine.NettingKey("GBP", 1), `{"currency":"GBP","number":1000000000}`},
		wire.FnGetPosition: {
			wire.PositionQuery{Currency: "GBP", Window: 1, Member: "hotel"}, engine.PositionKey("GBP", 1, "hotel"), `{"currency":"GBP","window":1,"member":"Hotel"}`,
		},
		wire.FnGetLeg:        {leg, engine.LegKey("GBP", 1, "airline", "hotel"), `{"currency":"GBP","window":1,"from":"","to":"hotel"}`},
		wire.FnGetCap:        {member, engine.CapKey("hotel", "GBP"), `{"member":"hotel","currency":""}`},
		wire.FnGetReserve:    {member, engine.AttestedKey("hotel", "GBP"), `{"member":"h\u0000","currency":"GBP"}`},
		wire.FnGetStanding:   {member, engine.StandingKey("hotel", "GBP"), `{"member":"","currency":"GBP"}`},
		wire.FnGetAllocation: {pair, engine.AllocationKey("airline", "hotel", "GBP"), `{"a":"airline","b":"","currency":"GBP"}`},
		wire.FnGetPairBook:   {pair, engine.PairBookKey("airline", "hotel", "GBP"), `{"a":"airline","b":"hotel","currency":"gbp"}`},
		wire.FnGetPairNets: {
			wire.PairNetsQuery{A: "airline", B: "hotel", Currency: "GBP", Window: 1}, engine.PairNetsKey("GBP", 1, "airline", "hotel"),
			`{"a":"airline","b":"hotel","currency":"GBP","window":0}`,
		},
		wire.FnGetCustodian:      {wire.CustodianQuery{ID: "bank"}, engine.CustodianKey("bank"), `{"id":"B"}`},
		wire.FnGetFinalStatement: {wire.MemberQuery{Name: "grocer"}, engine.FinalStatementKey("grocer"), `{"name":""}`},
		wire.FnGetCurrencies:     {wire.Nothing{}, engine.CurrenciesKey(), `{"currency":"GBP"}`},
		wire.FnGetDispute: {
			wire.DisputeQuery{Currency: "GBP", Programme: "airline", Operation: dispute.Evidence.Receipt.Operation},
			engine.DisputeKey("GBP", "airline", dispute.Evidence.Receipt.Operation), `{"currency":"GBP","programme":"airline","operation":"x"}`,
		},
	} {
		t.Run(function, func(t *testing.T) {
			if h.state[c.key] == nil {
				t.Fatalf("the ledger has no %s", engine.ReadableKey(c.key))
			}
			e := h.must("hotel", "auditor", function, c.document)
			if string(e.Response) != string(h.state[c.key]) || len(e.Writes) > 0 {
				t.Errorf("answered %s", e.Response)
			}
			_, err := engine.Clearing(engine.Call{Chaincode: "clearing", Function: function, Document: []byte(c.wrong), Time: now}, h)
			if code := fault.CodeOf(err); code != fault.InvalidValue && code != fault.Malformed {
				t.Errorf("%s: %v", c.wrong, err)
			}
		})
	}
}

func TestListsAnswerWithWhatThereIs(t *testing.T) {
	h, _ := settledHouse(t)
	windows := record[[]clearing.Window](t, h.must("hotel", "", wire.FnGetWindows, wire.WindowsQuery{Currency: "GBP", First: 2, Count: wire.MaxWindowsPerQuery}).Response)
	if len(windows) != 2 || windows[0].Number != 2 || windows[1].Status != clearing.WindowOpen {
		t.Errorf("windows are %+v", windows)
	}
	h.refused(fault.InvalidValue, "hotel", "", wire.FnGetWindows, wire.WindowsQuery{Currency: "GBP", First: 1, Count: wire.MaxWindowsPerQuery + 1})
	legs := record[[]clearing.Leg](t, h.must("hotel", "", wire.FnGetLegs, named(1)).Response)
	positions := record[[]clearing.Position](t, h.must("hotel", "", wire.FnGetPositions, named(1)).Response)
	if len(legs) != 1 || legs[0].Amount != 900 || len(positions) != 2 || positions[0].Member != "airline" || positions[0].Signed == nil {
		t.Errorf("legs are %+v, positions %+v", legs, positions)
	}
	if got := record[[]clearing.Leg](t, h.must("hotel", "", wire.FnGetLegs, named(3)).Response); len(got) != 0 {
		t.Errorf("an open window has legs: %+v", got)
	}
	h.refused(fault.NotFound, "hotel", "", wire.FnGetPositions, named(3))
	h.refused(fault.NotFound, "hotel", "", wire.FnGetLegs, named(9))
	h.refused(fault.NotFound, "hotel", "", wire.FnGetOpenWindow, wire.CurrencyQuery{Currency: "EUR"})
}

func TestEventNamesWhatWasWritten(t *testing.T) {
	h := newHouse(t, "airline", "grocer")
	e := h.must("airline", engine.RoleOperator, wire.FnOpenClearing, wire.CurrencyQuery{Currency: "GBP"})
	event := record[wire.ClearingEvent](t, e.EventPayload)
	if e.EventName != wire.EventClearing || event.Function != wire.FnOpenClearing || strings.Join(event.Keys, " ") != "currencies window/GBP window/GBP/000000001" {
		t.Errorf("the event is %s %+v", e.EventName, event)
	}
}

func TestPublicFunctionsServeClearingOnlyAndAfterItsFounding(t *testing.T) {
	h := newHouse(t, "airline", "grocer")
	call := engine.Call{
		Chaincode: "points-airline", Function: wire.FnOpenClearing, Document: encode(t, wire.CurrencyQuery{Currency: "GBP"}),
		Caller: engine.Identity{MSP: "AirlineMSP", Role: engine.RoleOperator}, Time: now,
	}
	_, err := engine.Clearing(call, h)
	wantCode(t, err, fault.WrongEntryPoint)
	call.Chaincode, h.state = "clearing", memory{}
	_, err = engine.Clearing(call, h)
	wantCode(t, err, fault.NotFounded)
}

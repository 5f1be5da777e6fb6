package engine_test

import (
	"slices"
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestKeysAreFabricsCompositeKeys(t *testing.T) {
	cases := []struct {
		key, object string
		attributes  []string
	}{
		{engine.ProgrammeKey(), "programme", []string{}},
		{engine.ConsortiumKey(), "consortium", []string{}},
		{engine.AccountKey(accountID(7)), "account", []string{string(accountID(7))}},
		{engine.ExistsKey(accountID(7)), "exists", []string{string(accountID(7))}},
		{engine.ReversalKey(operationID(7)), "reversal", []string{string(operationID(7))}},
		{engine.ApprovalKey(operationID(7)), "approval", []string{string(operationID(7))}},
		{engine.ClaimKey("0a"), "claim", []string{"0a"}},
		{engine.ShopKey("kiosk"), "shop", []string{"kiosk"}},
		{engine.TermsKey(12), "terms", []string{"0012"}},
		{engine.RuleSetKey(12), "ruleset", []string{"0012"}},
		{engine.PricesKey(12), "prices", []string{"0012"}},
		{engine.LaneKey("AirlineMSP", 12), "lane", []string{"AirlineMSP", "0012"}},
		{engine.BatchKey("AirlineMSP", 12, 345), "batch", []string{"AirlineMSP", "0012", "0000000000000000345"}},
		{engine.WindowPointerKey("GBP"), "window", []string{"GBP"}},
		{engine.WindowKey("GBP", 12), "window", []string{"GBP", "000000012"}},
		{engine.AllocationKey("hotel", "airline", "GBP"), "allocation", []string{"airline", "hotel", "GBP"}},
		{engine.TallyKey("GBP", 12, "AirlineMSP", 1030), "tally", []string{"GBP", "000000012", "AirlineMSP", "1030"}},
		{engine.CurrenciesKey(), "currencies", []string{}},
		{engine.CalendarKey("GBP"), "calendar", []string{"GBP"}},
		{engine.VoteKey("0a"), "vote", []string{"0a"}},
		{engine.CapKey("hotel", "GBP"), "cap", []string{"hotel", "GBP"}},
		{engine.PairBookKey("hotel", "airline", "GBP"), "pairbook", []string{"airline", "hotel", "GBP"}},
		{engine.PairNetsKey("GBP", 12, "hotel", "airline"), "pairnets", []string{"GBP", "000000012", "airline", "hotel"}},
		{engine.NettingKey("GBP", 12), "netting", []string{"GBP", "000000012"}},
		{engine.DeferredKey("GBP"), "deferred", []string{"GBP"}},
		{engine.PositionKey("GBP", 12, "hotel"), "position", []string{"GBP", "000000012", "hotel"}},
		{engine.LegKey("GBP", 12, "hotel", "airline"), "leg", []string{"GBP", "000000012", "hotel", "airline"}},
		{engine.StandingKey("hotel", "GBP"), "standing", []string{"hotel", "GBP"}},
		{engine.DisputeKey("GBP", "hotel", operationID(7)), "dispute", []string{"GBP", "hotel", string(operationID(7))}},
		{engine.CustodianKey("bank"), "custodian", []string{"bank"}},
		{engine.AttestedKey("hotel", "GBP"), "attested", []string{"hotel", "GBP"}},
		{engine.FinalStatementKey("hotel"), "final", []string{"hotel"}},
		{engine.DataPoliciesKey(), "datapolicies", []string{}},
		{engine.DataPolicyKey(12), "datapolicy", []string{"0012"}},
		{engine.ConsentKey("0a"), "consent", []string{"0a"}},
		{engine.ErasuresKey("0a"), "erasures", []string{"0a"}},
		{engine.EntryKey("0b"), "entry", []string{"0b"}},
		{engine.ConsentBodyKey("0a"), "consentbody", []string{"0a"}},
		{engine.ShareKey("0a", "0b"), "share", []string{"0a", "0b"}},
		{engine.DetailsKey("AirlineMSP", 12, 345), "details", []string{"AirlineMSP", "0012", "0000000000000000345"}},
	}
	for _, c := range cases {
		t.Run(c.object, func(t *testing.T) {
			want, err := shim.CreateCompositeKey(c.object, c.attributes)
			if err != nil || c.key != want {
				t.Errorf("key is %q, Fabric's is %q, %v", c.key, want, err)
			}
			object, attributes, err := engine.ParseKey(c.key)
			if err != nil || object != c.object || !slices.Equal(attributes, c.attributes) {
				t.Errorf("taken apart as %s %q, %v", object, attributes, err)
			}
		})
	}
}

func TestKeysSortAsTheirNumbersDo(t *testing.T) {
	lanes := []string{engine.LaneKey("A", 0), engine.LaneKey("A", 9), engine.LaneKey("A", 10), engine.LaneKey("A", wire.MaxLane)}
	batches := []string{engine.BatchKey("A", 1, 9), engine.BatchKey("A", 1, 10), engine.BatchKey("A", 1, 1<<62), engine.BatchKey("A", 2, 1)}
	if !slices.IsSorted(lanes) || !slices.IsSorted(batches) {
		t.Error("keys are out of order")
	}
}

func TestOnlyCompositeKeysAreTakenApart(t *testing.T) {
	for _, key := range []string{"", "\x00", "\x00\x00", "account", "\x00account", "account\x00"} {
		if _, _, err := engine.ParseKey(key); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%q is a key: %v", key, err)
		}
	}
	if got := engine.ReadableKey(engine.LaneKey("AirlineMSP", 3)); got != "lane/AirlineMSP/0003" {
		t.Errorf("readable form is %s", got)
	}
}

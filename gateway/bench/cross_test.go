package bench

import (
	"encoding/json"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func valueOf(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

func TestCrossBrandLoadsTakePlaceWhereTheyDo(t *testing.T) {
	home, there, direct := newWorld(), newWorld(), newWorld()
	home.kinds, there.kinds = map[string]int{}, map[string]int{}
	o := options(home)
	o.Partner = &Partner{Name: "hotel", Gateway: there, Ledger: direct, Lanes: LaneRange{First: 1048, Count: 4}}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Measurements) != 12 || len(r.Ratios) != 7 {
		t.Fatalf("%d measurements, %d ratios", len(r.Measurements), len(r.Ratios))
	}
	for _, m := range r.Measurements {
		if m.Committed == 0 || m.FailedTotal() != 0 {
			t.Errorf("%+v", m)
		}
	}
	for _, ratio := range r.Ratios {
		if ratio.Times <= 0 {
			t.Errorf("%+v", ratio)
		}
	}
	if home.kinds["redeem - -"] == 0 || home.kinds["swap - hotel"] == 0 || len(home.kinds) != 3 {
		t.Errorf("at home: %v", home.kinds)
	}
	if there.kinds["redeem airline -"] == 0 || there.kinds["award airline -"] == 0 || len(there.kinds) != 2 {
		t.Errorf("at the partner: %v", there.kinds)
	}
	for lane := range direct.lanes {
		if lane < 1048 || lane > 1051 {
			t.Errorf("lane %d is none of the naive way's", lane)
		}
	}
}

func TestANaiveAwardIsATransactionBetweenTheTwoBrands(t *testing.T) {
	d := &naive{member: "airline", partner: "hotel", purchase: purchase{occurredAt: "2026-01-02T12:00:00Z"}}
	batch, err := d.batch(1048, 7, "00112233445566778899aabbccddeeff")
	if err != nil {
		t.Fatal(err)
	}
	var x wire.Exchange
	if err := wire.Decode(batch.Document, wire.MaxDocument, &x); err != nil {
		t.Fatal(err)
	}
	if err := x.Validate(); err != nil || x.Home != "hotel" || x.Partner != "airline" || x.Seq != 7 || x.Operations[0].Kind != points.KindAward {
		t.Errorf("%+v: %v", x, err)
	}
	var details wire.BatchDetails
	if err := json.Unmarshal(batch.Details, &details); err != nil || details.Operations[0].Operation != x.Operations[0].ID || details.Operations[0].AmountMinor != 0 {
		t.Errorf("%+v: %v", details, err)
	}
}

func TestNoLoadBeginsWhilePartnersAccountsCantBeOpened(t *testing.T) {
	there := newWorld()
	there.broken = fault.New(fault.NotReady, "no")
	o := options(newWorld())
	o.Partner = &Partner{Name: "hotel", Gateway: there, Ledger: newWorld(), Lanes: LaneRange{First: 1048, Count: 4}}
	if r, err := Run(t.Context(), o); fault.CodeOf(err) != fault.NotReady || len(r.Measurements) != 6 {
		t.Errorf("%v", err)
	}
}

func TestTheNaiveWaysLanesAreThoseOfTheProgrammeAlone(t *testing.T) {
	d := &naive{ledger: newWorld()}
	clients, err := d.clients(t.Context(), LaneRange{First: NaiveLane, Count: MaxClients}, func() string { return "" })
	if err != nil || NaiveLane+len(clients) > clearing.CrossLaneFirst {
		t.Errorf("%d clients from lane %d on: %v", len(clients), NaiveLane, err)
	}
	request := wire.BatchRequest{Lane: NaiveLane + MaxClients - 1, Seq: 1, Operations: []points.Operation{}}
	if err := request.Validate(); err != nil {
		t.Error(err)
	}
}

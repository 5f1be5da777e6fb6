package collections

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/network/membership"
)

// founded is the standing of a fresh consortium.
var founded membership.Standing

func consortium(brands ...string) *membership.Membership {
	m := &membership.Membership{Channel: "loyalty"}
	for _, name := range brands {
		m.Members = append(m.Members, membership.Member{Name: name, Kind: membership.Brand, Peers: 1, Orderers: 1})
	}
	m.Members = append(m.Members, membership.Member{Name: "regulator", Kind: membership.Regulator, Peers: 1})
	return m
}

func TestPairIsAlphabeticalWhoeverAsks(t *testing.T) {
	if Pair("hotel", "airline") != "pair-airline-hotel" || Pair("airline", "hotel") != "pair-airline-hotel" {
		t.Fatal(Pair("hotel", "airline"), Pair("airline", "hotel"))
	}
}

func TestClearingHasEveryPairOnce(t *testing.T) {
	m := consortium("hotel", "airline", "grocer", "cinema")
	var names []string
	for _, d := range For(m, founded, membership.Chaincode{Name: "clearing", Contract: membership.ClearingContract}) {
		names = append(names, d.Name)
	}
	want := "[pair-airline-cinema pair-airline-grocer pair-airline-hotel pair-cinema-grocer pair-cinema-hotel pair-grocer-hotel]"
	if fmt.Sprint(names) != want {
		t.Fatalf("got %v, want %s", names, want)
	}
}

func TestDetailsAreTheBrandsAndTheRegulatorsEndorsedByTheBrandAlone(t *testing.T) {
	m := consortium("airline", "hotel")
	m.Members[0].Peers = 2
	got := For(m, founded, m.Chaincodes()[0])
	want := Definition{
		Name: "details", Policy: "OutOf(1, 'AirlineMSP.member', 'RegulatorMSP.member')", MaxPeerCount: 3,
		MemberOnlyRead: true, MemberOnlyWrite: true, EndorsementPolicy: EndorsementPolicy{"OutOf(1, 'AirlineMSP.peer')"},
	}
	if got[0] != want {
		t.Fatalf("got  %+v\nwant %+v", got[0], want)
	}
}

func TestPersonalDataAreTheBrandsAloneOrSharedWithOneOther(t *testing.T) {
	m := consortium("hotel", "airline", "grocer")
	got := For(m, founded, m.Chaincodes()[0])[1:] // Of points-hotel.
	alone := EndorsementPolicy{"OutOf(1, 'HotelMSP.peer')"}
	want := []Definition{
		{Name: "customers", Policy: "OutOf(1, 'HotelMSP.member')", MaxPeerCount: 1, MemberOnlyRead: true, MemberOnlyWrite: true, EndorsementPolicy: alone},
		{Name: "shared-hotel-airline", Policy: "OutOf(1, 'HotelMSP.member', 'AirlineMSP.member')", MaxPeerCount: 2, MemberOnlyRead: true, MemberOnlyWrite: true, EndorsementPolicy: alone},
		{Name: "shared-hotel-grocer", Policy: "OutOf(1, 'HotelMSP.member', 'GrocerMSP.member')", MaxPeerCount: 2, MemberOnlyRead: true, MemberOnlyWrite: true, EndorsementPolicy: alone},
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func TestASecondPeerHasToHavePersonalDataWhereThereIsOne(t *testing.T) {
	m := consortium("airline", "hotel")
	m.Members[0].Peers = 2
	want := map[string][2]int32{ // Required and at most.
		"points-airline details": {0, 3}, "points-airline customers": {1, 2}, "points-airline shared-airline-hotel": {1, 3},
		"points-hotel details": {0, 2}, "points-hotel customers": {0, 1}, "points-hotel shared-hotel-airline": {0, 3},
		"clearing pair-airline-hotel": {0, 4},
	}
	for _, c := range m.Chaincodes() {
		for _, d := range For(m, founded, c) {
			name := c.Name + " " + d.Name
			if got := [2]int32{d.RequiredPeerCount, d.MaxPeerCount}; got != want[name] {
				t.Errorf("%s: %v, want %v", name, got, want[name])
			}
		}
	}
}

func TestEngineAndNetworkNameCollectionsAlike(t *testing.T) {
	if Details != engine.CollectionDetails || Customers != engine.CollectionCustomers || Shared("airline", "hotel") != engine.SharedCollection("airline", "hotel") {
		t.Fatal(engine.CollectionDetails, engine.CollectionCustomers, engine.SharedCollection("airline", "hotel"))
	}
}

func TestPackageCarriesWhatTheFilesSay(t *testing.T) {
	m := consortium("airline", "hotel", "grocer")
	for _, c := range m.Chaincodes() {
		made, err := Package(m, founded, c)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range For(m, founded, c) {
			static := made.GetConfig()[i].GetStaticCollectionConfig()
			if static.GetName() != d.Name || static.GetMaximumPeerCount() != d.MaxPeerCount || static.GetRequiredPeerCount() != 0 ||
				!static.GetMemberOnlyRead() || !static.GetMemberOnlyWrite() || static.GetBlockToLive() != 0 {
				t.Errorf("%s %s: %v", c.Name, d.Name, static)
			}
			if static.GetEndorsementPolicy().GetSignaturePolicy() == nil || static.GetMemberOrgsPolicy().GetSignaturePolicy() == nil {
				t.Errorf("%s %s lacks a policy", c.Name, d.Name)
			}
		}
	}
}

func TestCollectionsOfAFailedBrandPassToWhoActsForIt(t *testing.T) {
	m := consortium("airline", "hotel", "grocer")
	failed := membership.Standing{Administrators: map[string]string{"hotel": "grocer"}}
	before, after := map[string]Definition{}, map[string]Definition{}
	for _, c := range m.Chaincodes() {
		for i, d := range For(m, founded, c) {
			before[c.Name+" "+d.Name] = d
			now := For(m, failed, c)[i]
			after[c.Name+" "+now.Name] = now
		}
	}
	want := map[string][2]string{ // Holders and endorsers.
		"points-hotel details":              {"OutOf(1, 'GrocerMSP.member', 'RegulatorMSP.member')", "OutOf(1, 'GrocerMSP.peer')"},
		"points-hotel customers":            {"OutOf(1, 'GrocerMSP.member')", "OutOf(1, 'GrocerMSP.peer')"},
		"points-hotel shared-hotel-airline": {"OutOf(1, 'GrocerMSP.member', 'AirlineMSP.member')", "OutOf(1, 'GrocerMSP.peer')"},
		"points-hotel shared-hotel-grocer":  {"OutOf(1, 'GrocerMSP.member')", "OutOf(1, 'GrocerMSP.peer')"},
		// The customers agreed to the hotel, not to the grocer.
		"points-airline shared-airline-hotel": {"OutOf(1, 'AirlineMSP.member')", "OutOf(1, 'AirlineMSP.peer')"},
		"points-grocer shared-grocer-hotel":   {"OutOf(1, 'GrocerMSP.member')", "OutOf(1, 'GrocerMSP.peer')"},
		"clearing pair-airline-hotel":         {"OutOf(1, 'AirlineMSP.member', 'GrocerMSP.member', 'RegulatorMSP.member')", "OutOf(2, 'AirlineMSP.peer', 'GrocerMSP.peer')"},
		"clearing pair-grocer-hotel":          {"OutOf(1, 'GrocerMSP.member', 'AirlineMSP.member', 'RegulatorMSP.member')", "OutOf(2, 'GrocerMSP.peer', 'AirlineMSP.peer')"},
	}
	if len(before) != len(after) {
		t.Fatalf("%d collections became %d", len(before), len(after))
	}
	for name, was := range before {
		is, there := after[name]
		if !there {
			t.Errorf("%s is gone: Fabric can't remove or rename a collection", name)
		}
		w, passes := want[name]
		if !passes {
			if is != was {
				t.Errorf("%s has changed: %+v", name, is)
			}
			continue
		}
		if is.Policy != w[0] || is.EndorsementPolicy.SignaturePolicy != w[1] {
			t.Errorf("%s: %+v", name, is)
		}
	}
}

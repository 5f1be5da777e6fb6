package ledger

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// failing is a consortium whose hotel is administered by a brand, or by nobody.
func failing(administrator string) clearing.Consortium {
	c := clearing.Consortium{V: 1, Members: []clearing.Member{
		{Name: "airline", MSP: own, Kind: clearing.KindBrand}, {Name: "grocer", MSP: "GrocerMSP", Kind: clearing.KindBrand},
		{Name: "hotel", MSP: "HotelMSP", Kind: clearing.KindBrand},
	}}
	if administrator != "" {
		c.Members[2].Status, c.Members[2].Administrator = clearing.StatusAdministered, administrator
	}
	return c
}

func TestWhoActsForAFailedPartnerEndorsesInItsPlace(t *testing.T) {
	for administrator, second := range map[string]string{"GrocerMSP": "[AirlineMSP GrocerMSP]", own: "[AirlineMSP GrocerMSP]"} {
		s := newSetting(t)
		s.peers[0].dead["HotelMSP"] = true
		s.peers[0].answer = encoded(t, failing(administrator))
		for range 2 {
			if _, err := s.client.Exchange("airline", "hotel").EndorseBatch(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		// The query in between finds out; the second batch knows.
		if got, want := s.peers[0].asked(), "[[AirlineMSP HotelMSP] [AirlineMSP] "+second+" "+second+"]"; got != want {
			t.Errorf("administered by %s the endorsers were %s, want %s", administrator, got, want)
		}
	}
}

func TestWhatIsKnownOfFailedBrandsIsLookedAtAgain(t *testing.T) {
	s := newSetting(t)
	s.peers[0].dead["HotelMSP"] = true
	s.peers[0].answer = encoded(t, failing("GrocerMSP"))
	if _, err := s.client.Exchange("airline", "hotel").EndorseBatch(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	s.peers[0].dead["HotelMSP"], s.peers[0].answer = false, encoded(t, failing(""))
	s.client.speakers.asked = s.client.speakers.asked.Add(-speakersAge)
	s.peers[0].proposals = nil
	if _, err := s.client.Exchange("airline", "hotel").EndorseBatch(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if got, want := s.peers[0].asked(), "[[AirlineMSP] [AirlineMSP HotelMSP]]"; got != want {
		t.Errorf("asked were %s, want %s", got, want)
	}
	if members := s.client.speakers.members; members != nil {
		t.Errorf("a reinstated brand is still taken for failed: %+v", members)
	}
}

func TestAdministratorTakesAProgrammeOverWithAnotherBrand(t *testing.T) {
	s := newSetting(t)
	s.config.Programme, s.config.ActsFor = "hotel", "hotel"
	client, err := Connect(s.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	s.peers[0].dead["HotelMSP"] = true
	programme := points.Programme{Brand: "hotel", Administration: &points.Administration{MSP: own}}
	s.peers[0].result = encoded(t, programme)
	got, err := client.Points("hotel").Administer(t.Context())
	if err != nil || got.Authority() != own {
		t.Fatalf("%+v, %v", got, err)
	}
	last := s.peers[0].proposals[len(s.peers[0].proposals)-1]
	if last.chaincode != "points-hotel" || last.function != wire.FnAdminister || string(last.document) != "{}" {
		t.Errorf("the proposal is %+v", last)
	}
	s.peers[0].refuse = refusal(fault.MemberStatus)
	if _, err := client.Points("hotel").Administer(t.Context()); fault.CodeOf(err) != fault.MemberStatus {
		t.Errorf("of a brand in good standing: %v", err)
	}
}

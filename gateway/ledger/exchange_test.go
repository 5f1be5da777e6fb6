package ledger

import (
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestACrossBrandBatchIsEndorsedByTheTwoBrandsWhoeverSubmitsIt(t *testing.T) {
	s := newSetting(t)
	for _, x := range []*Exchange{s.client.Exchange("airline", "grocer"), s.client.Exchange("grocer", "airline")} {
		for range 2 {
			if _, err := x.EndorseBatch(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, want := s.peers[0].asked(), "[[AirlineMSP GrocerMSP] [AirlineMSP GrocerMSP] [AirlineMSP GrocerMSP] [AirlineMSP GrocerMSP]]"; got != want {
		t.Errorf("endorsers were %s, want %s", got, want)
	}
	p := s.peers[0].proposals[0]
	if p.chaincode != "clearing" || p.function != wire.FnExchange || string(p.document) != `{"lane":0}` || string(p.transient[wire.DetailsTransient]) != `{"v":1}` {
		t.Errorf("the proposal is %+v", p)
	}
}

func TestAPartnerThatCanNotBeReachedIsWaitedForAndNobodyElseIsAsked(t *testing.T) {
	s := newSetting(t)
	s.peers[0].dead["HotelMSP"] = true
	x := s.client.Exchange("airline", "hotel")
	for range 2 {
		if _, err := x.EndorseBatch(t.Context(), batch); ClassOf(err) != Retry || fault.CodeOf(err) != fault.LedgerUnavailable {
			t.Errorf("got class %s: %v", ClassOf(err), err)
		}
	}
	// After each attempt the own peer is asked whether the partner has failed.
	if got, want := s.peers[0].asked(), "[[AirlineMSP HotelMSP] [AirlineMSP] [AirlineMSP HotelMSP] [AirlineMSP]]"; got != want {
		t.Errorf("endorsers were %s, want %s", got, want)
	}
	if _, err := s.client.Points("airline").EndorseBatch(t.Context(), batch); err != nil {
		t.Errorf("a batch of the own programme alone: %v", err)
	}
	if _, err := s.client.Exchange("airline", "nobody").EndorseBatch(t.Context(), batch); ClassOf(err) != Refused || fault.CodeOf(err) != fault.NotFound {
		t.Errorf("with a partner that the configuration doesn't know: %v", err)
	}
}

func TestTheOwnPeersWordOnACrossBrandBatchHasTheClassesOfAnyBatch(t *testing.T) {
	for code, want := range map[fault.Code]Class{
		fault.LaneSequence: LaneMoved, fault.AgreementMissing: Refused, fault.WindowOrder: Refused, fault.TooLarge: Refused, fault.StateCorrupt: Fatal,
	} {
		s := newSetting(t)
		s.peers[0].refuse = said(codes.Aborted, "failed", own, "chaincode response 500, "+string(code)+": no")
		if _, err := s.client.Exchange("airline", "hotel").EndorseBatch(t.Context(), batch); ClassOf(err) != want || fault.CodeOf(err) != code {
			t.Errorf("%s: got class %s: %v", code, ClassOf(err), err)
		}
		s.peers[0].refuse = said(codes.Aborted, "failed", "HotelMSP", "chaincode response 500, "+string(code)+": no")
		if _, err := s.client.Exchange("airline", "hotel").EndorseBatch(t.Context(), batch); ClassOf(err) != Retry {
			t.Errorf("%s, said by the partner alone: got class %s: %v", code, ClassOf(err), err)
		}
	}
}

func TestThePairsLanesAreReadByItsNamesInOrder(t *testing.T) {
	s := newSetting(t)
	s.peers[0].answer = encoded(t, []clearing.PairLane{{V: 1, Currency: "GBP", MSP: own, N: 1024, Released: 3}})
	for _, x := range []*Exchange{s.client.Exchange("hotel", "airline"), s.client.Exchange("airline", "hotel")} {
		lanes, err := x.Lanes(t.Context())
		if err != nil || len(lanes) != 1 || lanes[0].Released != 3 {
			t.Errorf("got %+v (%v)", lanes, err)
		}
	}
	for _, p := range s.peers[0].proposals {
		if p.chaincode != "clearing" || p.function != wire.FnGetPairLanes || string(p.document) != `{"a":"airline","b":"hotel"}` {
			t.Errorf("the query is %+v", p)
		}
	}
	s.peers[0].refuse = refusal(fault.AgreementMissing)
	if _, err := s.client.Exchange("airline", "hotel").Lanes(t.Context()); fault.CodeOf(err) != fault.AgreementMissing {
		t.Errorf("got %v", err)
	}
}

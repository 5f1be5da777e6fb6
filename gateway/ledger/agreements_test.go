package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

var agreement = clearing.Agreement{V: 1, Salt: strings.Repeat("ab", 32), Version: 2, A: "airline", B: "hotel", Currency: "GBP"}

func TestAnAgreementTravelsInTheTransientFieldToExactlyTheTwoBrands(t *testing.T) {
	s := newSetting(t)
	if err := s.client.Clearing().Pair("hotel").Propose(t.Context(), &agreement); err != nil {
		t.Fatal(err)
	}
	p := s.peers[0].proposals[0]
	if p.chaincode != "clearing" || p.function != wire.FnProposeAgreement || string(p.document) != `{"a":"airline","b":"hotel"}` ||
		string(p.transient[wire.AgreementTransient]) != string(encoded(t, agreement)) {
		t.Errorf("the proposal is %+v", p)
	}
	if got := s.peers[0].asked(); got != "[[AirlineMSP HotelMSP]]" || s.peers[0].submitted != 1 {
		t.Errorf("endorsers were %s, %d transactions were submitted", got, s.peers[0].submitted)
	}
}

func TestTheOtherBrandOfAPairIsNeverReplaced(t *testing.T) {
	s := newSetting(t)
	s.peers[0].dead["HotelMSP"] = true
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.client.Clearing().Pair("hotel").Accept(ctx, 1, "h"); err == nil {
		t.Error("accepted without the other brand's peer")
	}
	for _, partner := range []string{"airline", "nobody"} {
		if err := s.client.Clearing().Pair(partner).Accept(t.Context(), 1, "h"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", partner, err)
		}
	}
	if s.peers[0].submitted != 0 {
		t.Error("something was submitted")
	}
}

func TestAnAcceptanceThoughtLostIsFoundOnTheLedger(t *testing.T) {
	s := newSetting(t)
	sum := sha256.Sum256(encoded(t, wire.AgreementProposal{V: 1, Proposer: "hotel", Agreement: agreement}))
	hash := hex.EncodeToString(sum[:])
	s.peers[0].decline, s.peers[0].answer = refusal(fault.ProposalMismatch), encoded(t, agreement)
	if err := s.client.Clearing().Pair("hotel").Accept(t.Context(), 2, hash); err != nil {
		t.Error(err)
	}
	if err := s.client.Clearing().Pair("hotel").Accept(t.Context(), 2, strings.Repeat("0", 64)); fault.CodeOf(err) != fault.ProposalMismatch {
		t.Errorf("another content: %v", err)
	}
	s.peers[0].decline, s.peers[0].refuse = nil, refusal(fault.ProposalMismatch)
	if err := s.client.Clearing().Pair("hotel").Accept(t.Context(), 2, hash); fault.CodeOf(err) != fault.ProposalMismatch {
		t.Errorf("nothing accepted: %v", err)
	}
}

func TestASliceWhoseMoveIsUncertainIsNotMovedAgain(t *testing.T) {
	s := newSetting(t)
	pair := s.client.Clearing().Pair("hotel")
	s.peers[0].validity = peer.TxValidationCode_MVCC_READ_CONFLICT
	if err := pair.MoveSlice(t.Context(), wire.SliceMove{Amount: 1}); err != nil || s.peers[0].submitted != 2 {
		t.Errorf("after a conflict %d were submitted, %v", s.peers[0].submitted, err)
	}
	s.peers[0].lose = said(codes.Unavailable, "gone", "", "")
	if err := pair.MoveSlice(t.Context(), wire.SliceMove{Amount: 1}); ClassOf(err) != Fatal || fault.CodeOf(err) != fault.LedgerUnavailable || s.peers[0].submitted != 3 {
		t.Errorf("after a loss %d were submitted, %v", s.peers[0].submitted, err)
	}
}

func TestAPairsDataIsReadFromTheOwnPeer(t *testing.T) {
	s := newSetting(t)
	pair := s.client.Clearing().Pair("hotel")
	read := func(answer any, f func() error) {
		t.Helper()
		s.peers[0].answer = encoded(t, answer)
		if err := f(); err != nil {
			t.Error(err)
		}
	}
	read(wire.PairRecord{V: 1}, func() error { _, err := pair.Record(t.Context()); return err })
	read(wire.AgreementProposal{V: 1}, func() error { _, err := pair.Proposed(t.Context()); return err })
	read(agreement, func() error { _, err := pair.Agreement(t.Context(), 2); return err })
	read([]clearing.PairLane{}, func() error { _, err := pair.Lanes(t.Context()); return err })
	read([]clearing.Tally{}, func() error { _, err := pair.Tallies(t.Context(), "GBP", 3); return err })
	if got := s.peers[0].asked(); got != "[[AirlineMSP] [AirlineMSP] [AirlineMSP] [AirlineMSP] [AirlineMSP]]" {
		t.Errorf("asked were %s", got)
	}
	want := []string{wire.FnGetPair, wire.FnGetOffered, wire.FnGetAgreement, wire.FnGetPairLanes, wire.FnGetTallies}
	for i, p := range s.peers[0].proposals {
		if p.function != want[i] {
			t.Errorf("call %d was %s", i, p.function)
		}
	}
}

package ledgertest_test

import (
	"context"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

func agreed(t *testing.T) (*ledgertest.Ledger, *ledgertest.Pair) {
	t.Helper()
	l := ledgertest.New(t, "airline", "grocer", "hotel")
	l.Found()
	l.Create(0)
	l.Create(2)
	p := l.Pair("hotel", "airline")
	p.Allocate([2]quantity.Minor{1600, 3200})
	p.Agree(p.Terms(1))
	return l, p
}

func TestAnAcceptedAgreementWritesThroughBothProgrammesChaincodes(t *testing.T) {
	l, p := agreed(t)
	var g clearing.Agreement
	if err := wire.DecodeRecord(l.Private(engine.ClearingChaincode, p.Collection(), engine.AgreementKey(1)), &g); err != nil || g.Version != 1 {
		t.Fatalf("%+v, %v", g, err)
	}
	if l.Private(engine.ClearingChaincode, p.Collection(), engine.ProposedKey()) != nil {
		t.Error("the proposal is still there")
	}
	for namespace, partner := range map[string]string{"points-airline": "hotel", "points-hotel": "airline"} {
		if l.State(namespace, engine.OfferKey(partner, 1)) == nil {
			t.Errorf("%s has no offer of %s", namespace, partner)
		}
	}
	if b, err := l.Block(l.Height() - 1).Decode(); err != nil || !b.Transactions[0].Valid() || len(b.Transactions[0].Namespaces) != 3 {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestAPeerDeliversPrivateDataToMembersOfTheCollectionOnly(t *testing.T) {
	l, p := agreed(t)
	for member, want := range map[string]int{"airline": 2, "hotel": 2, "regulator": 2, "grocer": 0} {
		got := 0
		for d, err := range l.Peer(member).Blocks(context.Background(), 0, l.Height()-1, blocks.WithPrivate) {
			if err != nil {
				t.Fatal(err)
			}
			b, err := d.Decode()
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Transactions {
				if len(b.Transactions[i].PrivateWrites(engine.ClearingChaincode, p.Collection())) > 0 {
					got++
				}
			}
		}
		if got != want {
			t.Errorf("%s got the pair's data of %d transactions, want %d", member, got, want)
		}
	}
}

func TestPrivateReadsOfAnOlderVersionConflict(t *testing.T) {
	l, p := agreed(t)
	lanes := clearing.CrossLanes(clearing.Member{Name: "airline", MSP: "AirlineMSP"}, clearing.Member{Name: "hotel", MSP: "HotelMSP", Number: 2})
	for range 2 {
		if _, err := l.Submit(ledgertest.Proposal{
			Caller: p.A.Gateway, Chaincode: engine.ClearingChaincode, Function: wire.FnMoveSlice, Document: l.Encode(wire.PairQuery{A: "airline", B: "hotel"}),
			Transient: map[string][]byte{wire.SliceTransient: l.Encode(wire.SliceMove{Salt: ledgertest.Salt, From: lanes[0], To: lanes[1], Amount: 1})},
			Time:      l.Now, Endorsers: p.Endorsers(), Tamper: func(e *engine.Effects) { e.Private = e.Private[:1] },
		}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := l.Cut().Decode()
	if err != nil || !b.Transactions[0].Valid() || b.Transactions[1].Code != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("%v %v, %v", b.Transactions[0].Code, b.Transactions[1].Code, err)
	}
}

func TestOnlyMembersOfACollectionEndorseWhatReadsIt(t *testing.T) {
	l, p := agreed(t)
	_, err := l.Evaluate(ledgertest.Proposal{
		Caller: p.A.Gateway, Chaincode: engine.ClearingChaincode, Function: wire.FnGetPair, Document: l.Encode(wire.PairQuery{A: "airline", B: "hotel"}),
		Time: l.Now, Endorsers: l.BrandPeers()[1:2],
	})
	if fault.CodeOf(err) != fault.PrivateUnavailable {
		t.Errorf("a third brand's peer answers: %v", err)
	}
	if _, err := l.Evaluate(ledgertest.Proposal{
		Caller: p.A.Gateway, Chaincode: engine.ClearingChaincode, Function: wire.FnGetPair, Document: l.Encode(wire.PairQuery{A: "airline", B: "hotel"}),
		Time: l.Now, Endorsers: p.Endorsers(),
	}); err != nil {
		t.Error(err)
	}
}

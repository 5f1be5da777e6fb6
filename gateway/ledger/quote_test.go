package ledger

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestAQuoteBetweenBrandsIsAskedOfTheOwnPeersWithItsDetails(t *testing.T) {
	s := newSetting(t)
	s.peers[0].answer = encoded(t, wire.QuoteResult{Hash: "h", Quote: points.Quote{Partner: "hotel", PartnerPoints: 7}})
	doc := wire.Exchange{Home: "airline", Partner: "hotel", Lane: clearing.CrossLaneFirst, Seq: 1, Operations: []points.Operation{}}
	q, err := s.client.Clearing().QuoteExchange(t.Context(), doc, wire.BatchDetails{V: 1, Salt: "salt"})
	if err != nil || q.Hash != "h" || q.Quote.PartnerPoints != 7 {
		t.Fatalf("%+v (%v)", q, err)
	}
	p := s.peers[0].proposals[0]
	if p.chaincode != "clearing" || p.function != wire.FnQuoteExchange || len(p.transient[wire.DetailsTransient]) == 0 || s.peers[0].asked() != "[["+own+"]]" {
		t.Errorf("the query is %+v, asked of %s", p, s.peers[0].asked())
	}
	s.peers[0].refuse = refusal(fault.PriceUnknown)
	if _, err := s.client.Clearing().QuoteExchange(t.Context(), doc, wire.BatchDetails{}); fault.CodeOf(err) != fault.PriceUnknown {
		t.Errorf("got %v", err)
	}
}

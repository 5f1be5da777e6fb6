//go:build network

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// testCollusionIsDetected: two of three brands run the same altered chaincode, which nets a window in favour of one of them. Nothing prevents it; the audit names it,
// and the third doesn't sign.
func testCollusionIsDetected(t *testing.T, c *consortium) {
	flyer := c.customer(t, "airline", 10_000)
	accepted(t, c.trade(t, trade{
		by: "hotel", home: "airline", partner: "hotel", operations: []points.Operation{flyer.redeem(t, "hotel", "hotel", 8_000)},
	}).event.Home.Receipts...)
	c.roll(t, 3)
	c.share(t, "hotel", membership.TreasurerRole, wire.FnDiscloseNet, c.disclosure(t, airlineHotel, 3))
	c.share(t, "hotel", membership.OperatorRole, wire.FnCloseWindow, windowOf(3))
	c.requireHonestBooks(t) // So far everything follows from the rules, attacks included.

	lie := newLie(t)
	c.alter(t, "airline", alteration{write: lie.write})
	c.alter(t, "grocer", alteration{write: lie.write})
	u, p := c.shared(t, "airline", membership.OperatorRole, wire.FnNetWindow, windowOf(3))
	responses := u.endorsed(t, p, peersOf("airline", "grocer")...)
	if honest := u.endorsed(t, p, peersOf("hotel")...)[0]; string(honest.GetPayload()) == string(responses[0].GetPayload()) {
		t.Fatal("the altered chaincodes net as the honest one: this attack attacks nothing")
	}
	u.committedAs(t, peer.TxValidationCode_VALID, p, responses...)
	c.level(t)

	result := look[clearing.Netting](t, c, "hotel", wire.FnGetNetting, windowOf(3))
	owed := look[clearing.PairNets](t, c, "hotel", wire.FnGetPairNets, wire.PairNetsQuery{A: "airline", B: "hotel", Currency: currency, Window: 3}).Nets[0].Net
	if len(result.Payments) != 1 || result.Payments[0].Amount >= owed {
		t.Fatalf("the airline pays %+v of %d: nobody was cheated", result.Payments, owed)
	}
	c.refuseSharedBy(t, fault.PositionMismatch, "hotel", wire.PositionSignature{
		Currency: currency, Window: 3, Member: "hotel", Net: owed, Root: look[clearing.Window](t, c, "hotel", wire.FnGetWindow, windowOf(3)).Root,
	})
	out, err := c.attempt("tally-audit", "--config", c.gatewayConfig("regulator"))
	requireDifference(t, out, err, p.txID, "netting/"+currency+"/000000003", "block")
}

// refuseSharedBy requires the member's own peer alone, which is honest, to refuse its signature.
func (c *consortium) refuseSharedBy(t *testing.T, code fault.Code, member string, doc wire.PositionSignature) {
	t.Helper()
	u, p := c.shared(t, member, membership.TreasurerRole, wire.FnSignPosition, doc)
	u.refusedAt(t, code, p, membership.PeerNode(member, 0))
}

// lie halves what a netting makes a member pay, in every record that says so.
type lie struct {
	t    *testing.T
	root string
}

func newLie(t *testing.T) *lie { return &lie{t: t} }

func (l *lie) write(key string, value []byte) []byte {
	object, attributes, err := engine.ParseKey(key)
	if err != nil {
		return value
	}
	switch {
	case object == engine.ObjectNetting:
		n := decode[clearing.Netting](l.t, value)
		for i := range n.Settled {
			n.Settled[i].Amount /= 2
		}
		for i := range n.Payments {
			n.Payments[i].Amount /= 2
		}
		for i := range n.Positions {
			n.Positions[i].Net = half(n.Positions[i].Net)
		}
		changed := []byte(document(l.t, n))
		sum := sha256.Sum256(changed)
		l.root = hex.EncodeToString(sum[:])
		return changed
	case object == engine.ObjectPosition:
		position := decode[clearing.Position](l.t, value)
		position.Net, position.Root = half(position.Net), l.root
		return []byte(document(l.t, position))
	case object == engine.ObjectWindow && len(attributes) == 2:
		window := decode[clearing.Window](l.t, value)
		window.Root = l.root
		return []byte(document(l.t, window))
	}
	return value
}

// half keeps a payer's and a payee's the same.
func half(net quantity.Minor) quantity.Minor { return net / 2 }

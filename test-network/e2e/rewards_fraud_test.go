//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// frozenSeconds is how long the issuer freezes: long enough to look at it on a busy machine. Other parts run meanwhile.
const frozenSeconds = 60

// complying has a member's compliance bring a document to the airline's ledger.
func (c *consortium) complying(t *testing.T, member, function string, doc any, peers ...string) []byte {
	t.Helper()
	u := c.user(t, member, string(membership.ComplianceRole))
	return u.valid(t, u.propose(t, membership.PointsChaincode("airline"), nil, function, document(t, doc)), peers...).GetResponse().GetPayload()
}

// frozen is a customer whom the airline freezes for a while, because the hotel asked for it.
type frozen struct {
	holder
	until int64 // Seconds since 1970.
}

// mug is what is bought in the parts that wait for something to be over.
func mug() fields {
	return fields{"kind": "redeem", "points": 500, "item": "mug", "pieces": 1}.with(till("till-1"))
}

// begins: the hotel asks, the airline accepts, its gateway freezes by itself.
func (f *frozen) begins(t *testing.T, c *consortium) {
	h := newHolder(t, c, "p256", 100_000)
	airline, hotel, grocer := membership.PeerNode("airline", 0), membership.PeerNode("hotel", 0), membership.PeerNode("grocer", 0)
	request := wire.NewFreeze{
		ID: newID(), Account: points.AccountID(h.account), Reason: points.ReasonTakeover, Evidence: strings.Repeat("e1", 32), Until: time.Now().Unix() + 3600,
	}
	c.complying(t, "hotel", wire.FnRequestFreeze, request, airline, hotel)
	asking := c.user(t, "hotel", string(membership.ComplianceRole))
	decision := wire.FreezeDecision{ID: request.ID, Until: time.Now().Unix() + frozenSeconds}
	asking.refusedAt(t, fault.Forbidden, asking.propose(t, membership.PointsChaincode("airline"), nil, wire.FnDecideFreeze, document(t, decision)), airline, grocer)
	c.complying(t, "airline", wire.FnDecideFreeze, decision, airline, grocer)

	until(t, "the airline's gateway has frozen the account", func() bool { return c.account(t, "airline", h.account).FrozenUntil == decision.Until })
	refused(t, h.do(t, mug(), nil), fault.AccountFrozen)
	kept := decode[points.FreezeRequest](t, asking.query(t, membership.PointsChaincode("airline"), wire.FnGetFreeze, document(t, wire.FreezeQuery{ID: request.ID})))
	if kept.Status != points.FreezeApplied || kept.MSP != "HotelMSP" {
		t.Errorf("the request is %+v", kept)
	}
	f.holder, f.until = h, decision.Until
}

// ends: the freeze ends without anybody's doing.
func (f *frozen) ends(t *testing.T, c *consortium) {
	until(t, "the freeze's time is over", func() bool { return time.Now().Unix() >= f.until })
	untilOK(t, "the freeze is over", func() answer { return f.do(t, mug(), nil) })
	if a := c.account(t, "airline", f.account); a.Status != points.StatusActive || a.FrozenUntil != 0 {
		t.Errorf("after its freeze the account is %s until %d", a.Status, a.FrozenUntil)
	}
}

// guarded is a customer with a new controller, whose debits are limited for a while.
type guarded struct{ holder }

// begins: after a rekey three mugs of 500 points may go in the guard's time, and no fourth.
func (g *guarded) begins(t *testing.T, c *consortium) {
	h := newHolder(t, c, "p256", 400_000)
	next := h
	next.key = must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	key := must[string](t)(points.EncodePublicKey(&next.key.PublicKey))
	ok[operation](t, h.do(t, mug(), nil))
	ok[operation](t, h.do(t, fields{"kind": "rekey", "controller": fields{"kind": "p256", "key": key}}, nil))
	for range 3 {
		ok[operation](t, next.do(t, mug(), nil))
	}
	refused(t, next.do(t, mug(), nil), fault.CoolingOff)
	g.holder = next
}

// ends: after the guard's time a fourth may go.
func (g *guarded) ends(t *testing.T, c *consortium) {
	end := c.account(t, "airline", g.account).Guard.Until // Trying meanwhile would use up all the authorisations that an account remembers, and then wait for two minutes.
	until(t, "the guard's time is over", func() bool { return time.Now().Unix() >= end })
	untilOK(t, "the guard is over", func() answer { return g.do(t, mug(), nil) })
}

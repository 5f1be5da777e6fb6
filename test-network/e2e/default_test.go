//go:build network

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

const (
	defaultRun   = "test-network/run-e2e-default"
	defaultPorts = 31400
)

// standIn is the grocer's gateway for the hotel.
type standIn struct {
	base, key string
}

func (c *consortium) standIn(t *testing.T) standIn {
	t.Helper()
	data := string(must[[]byte](t)(os.ReadFile(filepath.Join(c.dir.Organisation("grocer"), "gateway-hotel", "api-keys.txt"))))
	_, rest, _ := strings.Cut(data, "till: ")
	key, _, _ := strings.Cut(rest, "\n")
	port, _ := c.members.StandInPorts("hotel")
	s := standIn{base: "http://" + membership.Address(port), key: key}
	until(t, "the administrator's gateway is ready", func() bool {
		a, err := tryAt(s.base, request{method: "GET", path: "/readyz"})
		return err == nil && a.status == 200
	})
	return s
}

func (s standIn) submit(t *testing.T, body any) answer {
	t.Helper()
	return must[answer](t)(decidedAt(s.base, request{method: "POST", path: "/v1/operations", key: s.key, idempotency: unique("op"), body: body}))
}

func (s standIn) posted(t *testing.T, account string) int64 {
	t.Helper()
	return ok[position](t, must[answer](t)(tryAt(s.base, request{method: "GET", path: "/v1/accounts/" + account, key: s.key}))).Posted
}

// TestDefault kills every process of the hotel and lets the grocer act for it: custody and self-custody customers spend on, at home and at the airline, nothing is issued any
// more, and the books stay honest.
func TestDefault(t *testing.T) {
	c := ownConsortium(t, "organizations/membership.yaml", defaultRun, defaultPorts)
	c.awaitPartners(t, sampleBrands...) // From then on no gateway writes to the lanes of the trades below by itself.
	guest := c.funded(t, "hotel", 500)  // In the hotel's custody.
	own := c.customer(t, "hotel", 300)  // With a key of their own.
	before := c.trade(t, trade{by: "airline", home: "hotel", partner: "airline", k: 3, operations: []points.Operation{own.redeem(t, "airline", "airline", 20)}})
	accepted(t, before.event.Home.Receipts...)

	for _, name := range []string{"gateway.hotel", "chaincode0.hotel", "peer0.hotel", "orderer0.hotel", "ca.hotel"} {
		c.kill(t, name)
	}
	died := time.Now()
	t.Log(c.run(t, "tallynet", "administer", "--member", "hotel", "--administrator", "grocer", "--honour-days", "30"))
	acted := time.Now()
	t.Logf("the grocer acted for the hotel after %v", acted.Sub(died))
	for _, member := range []string{"airline", "grocer"} {
		c.awaitReady(t, member)
	}
	s := c.standIn(t)
	t.Logf("its gateway served after %v", time.Since(died))

	member := look[clearing.Member](t, c, "airline", wire.FnGetMember, wire.MemberQuery{Name: "hotel"})
	earliest, latest := quantity.DayOf(died.Unix())+30, quantity.DayOf(acted.Unix())+30 // The same but at midnight.
	if member.State() != clearing.StatusAdministered || member.Administrator != "GrocerMSP" || member.HonourUntil < earliest || member.HonourUntil > latest {
		t.Errorf("clearing says %+v", member)
	}

	t.Run("nothing is issued", func(t *testing.T) {
		earn := c.purchaseOn(today(), guest, 1000)
		a := s.submit(t, earn)
		if got := decode[problem](t, a.body); got.Code != string(fault.IssuingStopped) {
			t.Errorf("status %d: %.300s", a.status, a.body)
		}
	})
	t.Run("a customer in custody spends at home", func(t *testing.T) {
		ok[operation](t, s.submit(t, redemption(guest, 40)))
		if got := s.posted(t, guest); got != 460 {
			t.Errorf("%d points are left, want 460", got)
		}
	})
	t.Run("a customer in custody spends at the airline", func(t *testing.T) {
		// Until the administrator's peer has the pair's data, its gateway says that it can't: a till tries again.
		redeem := request{
			method: "POST", path: "/v1/operations", key: c.key(t, "airline", "till"), idempotency: unique("op"), body: redemption(guest, 60).with(fields{"programme": "hotel"}),
		}
		until(t, "the administrator's gateway takes it", func() bool {
			a := c.operated(t, "airline", redeem)
			if a.status == 503 {
				return false
			}
			ok[operation](t, a)
			return true
		})
		until(t, "the administrator's gateway has seen it", func() bool { return s.posted(t, guest) == 400 })
	})
	t.Run("a customer with a key spends at the airline, endorsed by the airline and the grocer", func(t *testing.T) {
		c.awaitPartners(t, "airline") // It started again.
		u, p, _ := c.proposeTrade(t, trade{by: "airline", home: "hotel", partner: "airline", k: 3, operations: []points.Operation{own.redeem(t, "airline", "airline", 30)}})
		accepted(t, eventOf[wire.ExchangeEvent](t, u.valid(t, p, peersOf("airline", "grocer")...)).Home.Receipts...)
		until(t, "the administrator's gateway has seen it", func() bool { return s.posted(t, string(own.account)) == 250 })
	})
	t.Run("what was redeemed before comes back", func(t *testing.T) {
		back := trade{by: "airline", home: "hotel", partner: "airline", k: 3, operations: []points.Operation{own.back(t, &before.event.Home, 0)}}
		u, p, _ := c.proposeTrade(t, back)
		accepted(t, eventOf[wire.ExchangeEvent](t, u.valid(t, p, peersOf("airline", "grocer")...)).Home.Receipts...)
		until(t, "the administrator's gateway has seen it", func() bool { return s.posted(t, string(own.account)) == 270 })
	})
	t.Run("the audit finds nothing wrong", func(t *testing.T) {
		if out, err := c.attempt("tally-audit", "--config", c.gatewayConfig("regulator")); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("once more does nothing", func(t *testing.T) {
		_, height := c.quiet(t, "airline")
		c.run(t, "tallynet", "administer", "--member", "hotel", "--administrator", "grocer")
		if got := c.height(t, "airline"); got != height {
			t.Errorf("%d blocks became %d", height, got)
		}
	})
	t.Run("the hotel's processes come back and have no say", func(t *testing.T) {
		c.run(t, "tallynet", "start", "peer0.hotel", "chaincode0.hotel")
		u := c.user(t, "hotel", string(membership.GatewayRole))
		p := u.propose(t, "points-hotel", nil, wire.FnSubmitBatch, fence(attackLane, 1))
		u.refusedAt(t, fault.Forbidden, p, "peer0.grocer", "peer0.airline")
	})
}

// purchaseOn is a complete accrual on a day.
func (c *consortium) purchaseOn(day, account string, minor int64) fields {
	return fields{
		"kind": "earn", "account": account, "amountMinor": minor, "currency": "GBP", "occurredAt": day + "T00:00:01Z",
		"store": "main-street", "terminal": "till-1", "receiptNumber": unique("r"),
	}
}

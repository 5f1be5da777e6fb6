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
)

// operate sends an operation with the operator's key of a member.
func (c *consortium) operate(t *testing.T, member string, body any) answer {
	t.Helper()
	return c.operated(t, member, request{method: "POST", path: "/v1/operations", key: c.key(t, member, "operator"), idempotency: unique("op"), body: body})
}

// testGiftsAndTransfers sends points that the receiver accepts, and a gift that whoever has its code takes, once.
func testGiftsAndTransfers(t *testing.T, c *consortium) {
	sender, friend := newHolder(t, c, "p256", 100_000), newHolder(t, c, "p256", 100)
	sent := ok[operation](t, sender.do(t, fields{"kind": "transfer", "to": friend.account, "points": 300}, nil))
	if p := c.account(t, "airline", friend.account); p.Posted != 1 {
		t.Fatalf("before it is accepted the friend has %d", p.Posted)
	}
	stranger := newHolder(t, c, "p256", 100)
	refused(t, stranger.do(t, fields{"kind": "accept", "hold": sent.ID, "to": sender.account}, nil), fault.HoldPurpose)
	ok[operation](t, friend.do(t, fields{"kind": "accept", "hold": sent.ID, "to": sender.account}, nil))

	type gift struct {
		operation
		ClaimCode string `json:"claimCode"`
	}
	asked := sender.ask(t, fields{"kind": "gift", "points": 200}, nil)
	code, _ := asked.Operation["claimCode"].(string)
	given := ok[gift](t, c.submit(t, "airline", asked.Operation.with(fields{"authorisation": sender.authorise(t, asked)})))
	if code == "" {
		code = given.ClaimCode
	}
	wrong := strings.Repeat("A", 22)
	refused(t, stranger.do(t, fields{"kind": "accept", "hold": given.ID, "to": sender.account, "claimCode": wrong}, nil), fault.ClaimInvalid)
	ok[operation](t, stranger.do(t, fields{"kind": "accept", "hold": given.ID, "to": sender.account, "claimCode": code}, nil))
	refused(t, friend.do(t, fields{"kind": "accept", "hold": given.ID, "to": sender.account, "claimCode": code}, nil), fault.HoldUnknown)
	for account, want := range map[string]int64{sender.account: 500, friend.account: 301, stranger.account: 201} {
		if p := c.account(t, "airline", account); int64(p.Posted) != want || p.Held != 0 {
			t.Errorf("an account has %d posted and %d held, want %d", p.Posted, p.Held, want)
		}
	}
}

// prepare has the airline's operator write down an operation that another brand has to approve.
func (c *consortium) prepare(t *testing.T, body fields) fields {
	t.Helper()
	type document struct {
		Operation fields `json:"operation"`
	}
	return ok[document](t, c.call(t, "airline", request{method: "POST", path: "/v1/operations/prepare", key: c.key(t, "airline", "operator"), body: body})).Operation
}

// approve has the hotel's operator approve what the airline prepared, and waits until the airline's own gateway knows of it.
func (c *consortium) approve(t *testing.T, prepared fields) {
	t.Helper()
	ok[fields](t, c.call(t, "hotel", request{
		method: "POST", path: "/v1/programmes/airline/approvals", key: c.key(t, "hotel", "operator"), idempotency: unique("approval"), body: fields{"operation": prepared},
	}))
	id, _ := prepared["id"].(string)
	untilOK(t, "the approval is in the issuer's read model", func() answer {
		return c.call(t, "airline", request{method: "GET", path: "/v1/programmes/airline/approvals/" + id, key: c.key(t, "airline", "operator")})
	})
}

// testAdjustmentNeedsAnotherBrand: the issuer prepares, another brand approves, the issuer sends; nothing less and nothing else.
func testAdjustmentNeedsAnotherBrand(t *testing.T, c *consortium) {
	account := c.open(t, "airline", fields{"reference": unique("customer")})
	body := fields{"kind": "adjust", "account": account, "points": 250, "reason": "goodwill"}
	prepared := c.prepare(t, body)
	send := body.with(fields{"operation": prepared["id"], "note": "for the delay"})
	refused(t, c.submit(t, "airline", send), fault.Forbidden)
	refused(t, c.operate(t, "airline", send), fault.ApprovalMissing)
	own := request{
		method: "POST", path: "/v1/programmes/airline/approvals", key: c.key(t, "airline", "operator"), idempotency: unique("approval"), body: fields{"operation": prepared},
	}
	refused(t, c.call(t, "airline", own), fault.Forbidden)
	c.approve(t, prepared)
	refused(t, c.operate(t, "airline", send.with(fields{"points": 251})), fault.ApprovalMissing)
	done := ok[operation](t, c.operate(t, "airline", send))
	if r := done.Receipt; r.Approver != "HotelMSP" || r.Reason != points.ReasonGoodwill || r.Posted != 250 {
		t.Errorf("the receipt is %+v", r)
	}
}

// recovered is a customer whose lost key is replaced after another brand's approval and a wait.
type recovered struct{ next holder }

// complete is what puts the new key in force.
func (r *recovered) complete() fields { return fields{"kind": "complete", "account": r.next.account} }

// begins: within the wait the old key can veto.
func (r *recovered) begins(t *testing.T, c *consortium) {
	h := newHolder(t, c, "p256", 100_000)
	next := h
	next.key = must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	r.next = next
	recover := func() {
		body := fields{"kind": "recover", "account": h.account, "controller": fields{"kind": "p256", "key": must[string](t)(points.EncodePublicKey(&next.key.PublicKey))}}
		prepared := c.prepare(t, body)
		c.approve(t, prepared)
		ok[operation](t, c.operate(t, "airline", body.with(fields{"operation": prepared["id"]})))
	}
	recover()
	refused(t, c.operate(t, "airline", r.complete()), fault.RecoveryWaiting)
	ok[operation](t, h.do(t, fields{"kind": "veto"}, nil))
	refused(t, c.operate(t, "airline", r.complete()), fault.RecoveryUnknown)
	recover()
}

// ends: with the new key in force and the cooling-off over the customer spends; while the account is frozen nothing is spent.
func (r *recovered) ends(t *testing.T, c *consortium) {
	h, next := r.next, r.next
	untilOK(t, "the recovery's wait is over", func() answer { return c.operate(t, "airline", r.complete()) })
	cool := c.account(t, "airline", h.account).CoolUntil // Trying meanwhile would use up all the authorisations that an account remembers.
	until(t, "the cooling-off's time is over", func() bool { return time.Now().Unix() >= cool })
	untilOK(t, "the cooling-off is over", func() answer { return next.do(t, mug(), nil) })

	ok[operation](t, c.operate(t, "airline", fields{"kind": "freeze", "account": h.account, "reason": "fraud"}))
	refused(t, next.do(t, mug(), nil), fault.AccountFrozen)
	ok[operation](t, c.submit(t, "airline", c.purchase(t, "airline", h.account, 10_000)))
	if p := c.account(t, "airline", h.account); p.Posted != 600 || len(p.Suspense) != 1 {
		t.Errorf("frozen, the account has %d posted and %d lots in suspense", p.Posted, len(p.Suspense))
	}
	ok[operation](t, c.operate(t, "airline", fields{"kind": "unfreeze", "account": h.account, "reason": "resolution"}))
	ok[operation](t, next.do(t, mug(), nil))
}

// testShop: a sponsored shop awards and accepts within its own limits.
func testShop(t *testing.T, c *consortium) {
	shop := fields{"id": "kiosk", "displayName": "Kiosk", "sponsor": "AirlineMSP", "status": "OPEN", "awardPerDay": 100, "acceptPerDay": 600}
	put := request{method: "PUT", path: "/v1/programmes/airline/shops/kiosk", key: c.key(t, "airline", "operator"), idempotency: unique("shop"), body: shop}
	ok[fields](t, c.call(t, "airline", put))
	h := newHolder(t, c, "p256", 200_000)
	sale := c.purchase(t, "airline", h.account, 9_000).with(fields{"shop": "kiosk"})
	ok[operation](t, c.submit(t, "airline", sale))
	refused(t, c.submit(t, "airline", sale.with(fields{"receiptNumber": unique("r")})), fault.Limit)
	mug := fields{"kind": "redeem", "points": 500, "item": "mug", "pieces": 1, "shop": "kiosk"}
	ok[operation](t, h.do(t, mug.with(till("till-1")), nil))
	refused(t, h.do(t, mug.with(till("till-1")), nil), fault.Limit)
}

//go:build network

package e2e

import (
	"net/http"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// testEventsAndTiers: under the hotel's rules a referral pays both sides once, a check-in pays, an anonymous receipt is claimed by one customer, and what is spent makes a tier.
func testEventsAndTiers(t *testing.T, c *consortium) {
	today := c.businessDate(t, "hotel")
	set := fields{
		"v": 1, "version": 1, "effective": today, "zone": "Europe/London", "minorPerUnit": 100,
		"prose": fields{
			"en": "A point for every pound; silver members (500 pounds in a calendar year) get a quarter more. A check-in gives 5 points, bringing a friend 500 to each of you.",
			"de": "Ein Punkt je Pfund; Silberkunden (500 Pfund im Kalenderjahr) ein Viertel mehr. Ein Check-in bringt 5 Punkte, einen Freund zu werben beiden je 500.",
			"zh": "每满一英镑得一分；银卡会员（一年满500英镑）多得四分之一。签到得5分，推荐朋友双方各得500分。",
		},
		"counters": []fields{{"id": "year", "measure": "spend", "types": []string{"purchase"}, "period": "year"}},
		"tiers":    []fields{{"id": "silver", "counter": "year", "threshold": 500, "graceDays": 31}},
		"rules": []fields{
			{"id": "base", "types": []string{"purchase"}, "action": fields{"rate": fields{"num": 1, "den": 100}, "rounding": "floor"}},
			{"id": "silver", "types": []string{"purchase"}, "when": `tier == "silver"`, "action": fields{"multiplier": fields{"num": 5, "den": 4}}},
			{"id": "checkin", "types": []string{"checkin"}, "action": fields{"fixed": 5}},
			{"id": "referred", "types": []string{"referral"}, "action": fields{"fixed": 500}},
			{"id": "referrer", "types": []string{"referrer"}, "action": fields{"fixed": 500}},
		},
	}
	ok[fields](t, c.call(t, "hotel", request{
		method: "POST", path: "/v1/programmes/hotel/rule-sets", key: c.key(t, "hotel", "operator"), idempotency: unique("rules"), body: set,
	}))
	member, friend := c.open(t, "hotel", fields{"reference": unique("customer")}), c.open(t, "hotel", fields{"reference": unique("customer")})
	at := today + "T09:30:00Z"

	referral := fields{"kind": "refer", "account": friend, "to": member, "occurredAt": at}
	if r := ok[operation](t, c.submit(t, "hotel", referral)).Receipt; r.Points != 500 || r.ToPoints != 500 {
		t.Errorf("the referral gave %d and %d, want 500 to each", r.Points, r.ToPoints)
	}
	refused(t, c.submit(t, "hotel", referral), fault.EventRepeated)
	refused(t, c.submit(t, "hotel", referral.with(fields{"to": friend})), fault.SameAccount)
	ok[operation](t, c.submit(t, "hotel", fields{"kind": "earn", "event": "checkin", "account": member, "occurredAt": at}))

	late := c.purchase(t, "hotel", member, 2_000).with(fields{"lateClaim": true})
	ok[operation](t, c.submit(t, "hotel", late))
	refused(t, c.submit(t, "hotel", late.with(fields{"account": friend})), fault.NaturalConflict)

	ok[operation](t, c.submit(t, "hotel", c.purchase(t, "hotel", member, 50_000)))
	if r := ok[operation](t, c.submit(t, "hotel", c.purchase(t, "hotel", member, 10_000))).Receipt; r.Points != 125 {
		t.Errorf("as a silver member the purchase gave %d, want 125", r.Points)
	}
	type standing struct {
		Posted int64  `json:"posted"`
		Tier   string `json:"tier"`
	}
	for account, want := range map[string]standing{member: {500 + 5 + 20 + 500 + 125, "silver"}, friend: {500, ""}} {
		a := c.call(t, "hotel", request{method: http.MethodGet, path: "/v1/accounts/" + account, key: c.key(t, "hotel", "till")})
		if got := ok[standing](t, a); got != want {
			t.Errorf("an account stands at %+v, want %+v", got, want)
		}
	}
}

//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// attribute is one of an element, once it is there.
func (b *browser) attribute(selector, name string) (value string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(selector), chromedp.AttributeValue(selector, name, &value, nil))
	return value
}

// follows goes to an address by which one wallet hands something to another.
func (b *browser) follows(address, page string) {
	b.t.Helper()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(address))
	b.ready(page)
}

// excludes keeps the hotel from awarding points to the account, and lets it again.
func (b *browser) excludes(t *testing.T, account string) {
	t.Helper()
	award := fields{"kind": "award", "programme": "airline", "account": account, "points": 10}
	b.visit("partners")
	b.picture("14-partners")
	b.click(`[aria-label="Exclude: Hotel Nights"]`)
	b.reads("#message", "is excluded")
	refused(t, three.submit(t, "hotel", award.with(till("till-1"))), fault.OptedOut)
	b.click(`[aria-label="Allow again: Hotel Nights"]`)
	b.reads("#message", "allowed again")
	ok[operation](t, three.submit(t, "hotel", award.with(till("till-1"))))
}

// stopsAnotherKey is asked by the brand for another key, with another member's approval as for one that is lost, and stops it.
func (b *browser) stopsAnotherKey(t *testing.T, account string) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	body := fields{"kind": "recover", "account": account, "controller": fields{"kind": "p256", "key": must[string](t)(points.EncodePublicKey(&key.PublicKey))}}
	prepared := three.prepare(t, body)
	three.approve(t, prepared)
	ok[operation](t, three.operate(t, "airline", body.with(fields{"operation": prepared["id"]})))
	b.visit("overview")
	b.reads("#recoveries", "Somebody wants another key")
	b.picture("15-another-key")
	b.click("#recoveries button")
	b.reads("#message", "It is stopped")
	refused(t, three.operate(t, "airline", fields{"kind": "complete", "account": account}), fault.RecoveryUnknown)
}

// answersASurvey answers one that is rewarded: the answer is among her data, the points in her account.
func (b *browser) answersASurvey(t *testing.T) {
	t.Helper()
	three.rewardSurveys(t)
	now := time.Now().UTC()
	words := func(text string) fields { return fields{"en": text} }
	survey := fields{
		"id": "diet-" + randomHex(4), "title": words("What do you eat?"), "purpose": "research", "from": now.Add(-time.Hour).Format(time.RFC3339), "until": now.Add(time.Hour).Format(time.RFC3339),
		"questions": []fields{{"attribute": "custom.diet", "words": words("On board I'd like"), "labels": fields{"vegan": words("plants only")}, "required": true}}, "rewarded": true,
	}
	a := three.call(t, "airline", request{method: "POST", path: "/v1/surveys", key: three.key(t, "airline", "operator"), body: survey})
	if a.status/100 != 2 {
		t.Fatalf("the survey can't be published: %d %s", a.status, a.body)
	}
	b.visit("surveys")
	b.reads("#surveys", "There are points for it.")
	b.reads(`[value="vegan"]`, "plants only")
	b.reads(`[value="vegetarian"]`, "vegetarian")
	b.do(chromedp.SetValue(`[name="custom.diet"]`, "vegan"))
	b.picture("12-surveys")
	b.click("#surveys form button")
	b.reads("#message", "Thank you.")
	b.reads("#surveys", "Answered on")
	until(t, "the survey's points to be in the history", func() bool {
		b.visit("overview")
		return strings.Contains(b.text("#history"), "+50")
	})
	b.visit("data")
	b.reads("#others", "what you eat vegan")
}

// rewardSurveys gives 50 points for a survey, and for purchases what the airline's terms give.
func (c *consortium) rewardSurveys(t *testing.T) {
	t.Helper()
	type programme struct {
		RuleSets []struct{ Version int } `json:"ruleSets"`
	}
	key := c.key(t, "airline", "operator")
	there := ok[programme](t, c.call(t, "airline", request{method: "GET", path: "/v1/programmes/airline", key: key})).RuleSets
	set := fields{
		"v": 1, "version": len(there) + 1, "effective": c.businessDate(t, "airline"), "zone": "Europe/London", "minorPerUnit": 100, "prose": fields{"en": "One mile per pound, 50 for a survey."},
		"rules": []fields{
			{"id": "base", "types": []string{"purchase"}, "action": fields{"rate": fields{"num": 1, "den": 100}, "rounding": "floor"}},
			{"id": "survey", "types": []string{"survey"}, "action": fields{"fixed": 50}},
		},
	}
	ok[fields](t, c.call(t, "airline", request{method: "POST", path: "/v1/programmes/airline/rule-sets", key: key, idempotency: unique("rules"), body: set}))
	until(t, "the rules to be in force", func() bool {
		now := ok[programme](t, c.call(t, "airline", request{method: "GET", path: "/v1/programmes/airline", key: key})).RuleSets
		return slices.ContainsFunc(now, func(s struct{ Version int }) bool { return s.Version == len(there)+1 })
	})
}

// seesAnotherBrandToo links an account of the hotel's, whose passkey says in the hotel's wallet that it is hers, sees both, and swaps between them.
func (b *browser) seesAnotherBrandToo(t *testing.T) {
	t.Helper()
	hotel := openBrowser(t, three, "hotel")
	_, account := hotel.register("ada", "Ada Lovelace")
	hotel.visit("security")
	hotel.click("#passkey-form button")
	hotel.reads("#message", "is added")
	hotel.click("#sign-out")
	hotel.ready("sign-in")
	hotel.click("#passkey")
	hotel.ready("overview")
	hotel.visit("security")
	hotel.click("#control button")
	hotel.reads("#message", "new key")

	b.visit("link")
	b.reads("#choose", "Nothing of it stands on the ledger")
	b.fill("#account", account)
	b.click("#agreed")
	b.click("#link-form button")
	hotel.follows(b.attribute("#go", "href"), "vouch")
	hotel.reads("#ask", "Airline Miles wants to show you this account there")
	hotel.picture("16-vouch")
	hotel.click("#agreed")
	hotel.click("#vouch-form button")
	b.follows(hotel.attribute("#return", "href"), "link")
	b.reads("#message", "is added")
	b.visit("overview")
	b.reads("#accounts", "Hotel Nights")

	b.sends(fields{"kind": "swap", "points": 20})
	until(t, "what was swapped to be with the hotel", func() bool {
		b.visit("overview")
		return strings.HasPrefix(b.text("#accounts .card:nth-child(2) .figure"), "10") && strings.Contains(b.text("#history"), "Received in a swap")
	})
	b.picture("17-two-brands")
}

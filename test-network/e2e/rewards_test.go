//go:build network

package e2e

import (
	"net/http"
	"testing"
)

// Where the consortium of TestRewards lives.
const (
	rewardsPorts = 30200
	rewardsRun   = "test-network/run-e2e-rewards"
)

// TestRewards runs everything that a points ledger does beyond plain earning on a network of its own, whose programmes have rich terms.
func TestRewards(t *testing.T) {
	c := ownConsortium(t, "test-network/rewards.yaml", rewardsRun, rewardsPorts)
	c.publishMugs(t)
	recovered, guarded, frozen := &recovered{}, &guarded{}, &frozen{} // Their times pass while other parts run: long enough for a busy machine to do in them what has to be done.
	for _, part := range []struct {
		name string
		run  func(*testing.T, *consortium)
	}{
		{"from quote to return at the till", testTillFlow}, {"wallet and passkey", testWalletAndPasskey}, {"gifts and transfers", testGiftsAndTransfers},
		{"adjustment", testAdjustmentNeedsAnotherBrand}, {"a freeze that another brand asks for", frozen.begins}, {"debits under a new controller", guarded.begins},
		{"recovery", recovered.begins}, {"sponsored shop", testShop}, {"events and tiers", testEventsAndTiers}, {"a year under rules", testYearUnderRules},
		{"recovery and freezing", recovered.ends}, {"debits after the guard", guarded.ends}, {"the freeze ends by itself", frozen.ends}, {"sweep", testSweep},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, c) })
	}
	report := c.requireHonestBooks(t)
	t.Log(lastLines(report))
	text := c.call(t, "airline", request{method: "GET", path: "/v1/programmes/airline/statement", key: c.key(t, "airline", "operator")})
	if text.status != http.StatusOK {
		t.Errorf("the airline's statement: %d %.300s", text.status, text.body)
	}
}

// publishMugs gives the airline a price list: a point a penny, and mugs.
func (c *consortium) publishMugs(t *testing.T) {
	t.Helper()
	list := fields{
		"version": 1, "effective": c.businessDate(t, "airline"), "discount": fields{"num": 1, "den": 1}, "minPoints": 0,
		"items": []fields{{"id": "mug", "kind": "good", "points": 500, "name": fields{"en": "Mug", "de": "Becher", "zh": "杯子"}}},
	}
	ok[fields](t, c.call(t, "airline", request{
		method: "POST", path: "/v1/programmes/airline/prices", key: c.key(t, "airline", "operator"), idempotency: unique("prices"), body: list,
	}))
}

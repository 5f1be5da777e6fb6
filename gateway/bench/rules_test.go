package bench

import (
	"context"
	"testing"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/client"
)

// press keeps what was published.
type press struct{ sets []wire.NewRuleSet }

func (p *press) PublishRuleSet(_ context.Context, set wire.NewRuleSet) (points.Publication, error) {
	p.sets = append(p.sets, set)
	return points.Publication{Version: set.Version}, nil
}

func TestRulesAndSignaturesAreMeasuredLast(t *testing.T) {
	w, p := newWorld(), &press{}
	o := options(w)
	o.Publisher = p
	o.Programme.BusinessDate = 15000
	o.Programme.RuleSets = []points.Publication{{Version: 1}}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Measurements) != 7 || r.Measurements[6].Committed == 0 || len(r.Ratios) != 4 || r.Ratios[3].Times <= 0 {
		t.Fatalf("%d measurements, ratios %+v", len(r.Measurements), r.Ratios)
	}
	if len(p.sets) != 1 || p.sets[0].Version != 2 || p.sets[0].Effective != 15000 {
		t.Errorf("published %+v", p.sets)
	}
	if _, err := rules.Compile(&p.sets[0]); err != nil {
		t.Errorf("the rule set can't be published: %v", err)
	}
}

func TestHalfOfTheOperationsUnderRulesAreSigned(t *testing.T) {
	th := &through{purchase: purchase{minor: 100, currency: "GBP"}, run: "r"}
	kinds, keys := map[client.Kind]int{}, map[string]bool{}
	for range 100 {
		key, o := th.mixed("a")
		keys[key] = true
		kinds[o.Kind]++
	}
	if len(keys) != 100 || kinds[client.KindEarn] != 50 || kinds[client.KindRedeem] != 50 {
		t.Errorf("%d keys, kinds %v", len(keys), kinds)
	}
}

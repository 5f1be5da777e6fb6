package rules_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

func TestStandardIsAPlainRateRoundedDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := quantity.Ratio{Num: rapid.Int64Range(0, quantity.MaxRatioTerm).Draw(t, "num"), Den: rapid.Int64Range(1, quantity.MaxRatioTerm).Draw(t, "den")}
		ev := purchase(rapid.OneOf(rapid.Int64Range(0, 100_000), rapid.Int64Range(0, quantity.MaxMinor)).Draw(t, "minor"))
		ev.Type = rapid.SampledFrom(rules.EventTypes()).Draw(t, "type")
		o, code := rules.Standard(rate).Evaluate(ev, &rules.Standing{}, 20_000, nil)
		want, err := rate.Floor(ev.AmountMinor)
		switch {
		case ev.Type != rules.Purchase:
			if code != fault.OK || len(o.Awards) != 0 {
				t.Errorf("%s: %s, %v", ev.Type, code, o)
			}
		case err != nil:
			if code != fault.OutOfRange {
				t.Errorf("%s, want %v", code, err)
			}
		case code != fault.OK || int64(o.Points()) != want || len(o.Progress) != 0 || want > 0 && o.Awards[0].Rule != rules.BaseRule:
			t.Errorf("%s, %v, want %d", code, o, want)
		}
	})
}

func TestStandardIsWhatASetOfOneRateGives(t *testing.T) {
	base := rate(rules.BaseRule, 3, 200)
	published := compile(t, setOf(base))
	standard := rules.Standard(quantity.Ratio{Num: 3, Den: 200})
	if standard.Set().Version != 0 || published.Set().Version != 1 {
		t.Error("a version of no set")
	}
	var a, b rules.Standing
	for _, minor := range []int64{0, 66, 67, 1_000, 99_999} {
		x, y := book(t, standard, purchase(minor), &a, 20_000), book(t, published, purchase(minor), &b, 20_000)
		if !bytes.Equal(encoded(t, &x), encoded(t, &y)) || !bytes.Equal(encoded(t, &a), encoded(t, &b)) {
			t.Errorf("%d: %s and %s", minor, encoded(t, &x), encoded(t, &y))
		}
	}
}

func TestAProgramKnowsItsCampaigns(t *testing.T) {
	p := compile(t, springSet(t))
	if c := p.Campaign("spring"); c == nil || c.Budget != 1_000_000 {
		t.Errorf("got %v", c)
	}
	if c := p.Campaign("autumn"); c != nil {
		t.Errorf("got %v", c)
	}
	if c := rules.Standard(quantity.Ratio{Num: 1, Den: 1}).Campaign(""); c != nil {
		t.Errorf("got %v", c)
	}
}

func TestCompilingLeavesTheSetAlone(t *testing.T) {
	set := springSet(t)
	was := encoded(t, set)
	p := compile(t, set)
	book(t, p, busyEvent(), new(rules.Standing), 20_000)
	if !bytes.Equal(was, encoded(t, set)) || p.Set() != set {
		t.Error("the set changed")
	}
}

package rules_test

import (
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/rules"
)

func TestExplainSaysWhichRuleGaveWhat(t *testing.T) {
	set := springSet(t)
	o := evaluate(t, compile(t, set), busyEvent(), &rules.Standing{}, day(t, "2026-03-07"))
	cases := map[string][]string{
		"en": {"Purchase: 196 points", "Bakery: 25 points", "Double points (Spring weekends): 221 points"},
		"de": {"Einkauf: 196 Punkte", "Backwaren: 25 Punkte", "Doppelte Punkte (Frühlingswochenenden): 221 Punkte"},
		"zh": {"购物: 196 积分", "面包房: 25 积分", "双倍积分 (春季周末): 221 积分"},
	}
	for other, like := range map[string]string{"de-AT": "de", "zh-Hans": "zh", "en-GB": "en", "fr": "en", "": "en"} {
		cases[other] = cases[like]
	}
	for language, want := range cases {
		if got := rules.Explain(&o, set, language); !slices.Equal(got, want) {
			t.Errorf("in %q: %q", language, got)
		}
	}
}

func TestExplainCountsASinglePoint(t *testing.T) {
	set := setOf(fixed("one", 1))
	o := evaluate(t, compile(t, set), purchase(1), &rules.Standing{}, 0)
	for language, want := range map[string]string{"en": "one: 1 point", "de": "one: 1 Punkt", "zh": "one: 1 积分"} {
		if got := rules.Explain(&o, set, language); !slices.Equal(got, []string{want}) {
			t.Errorf("in %s: %q", language, got)
		}
	}
}

func TestExplainNamesWhatTheSetDoesntKnow(t *testing.T) {
	o := rules.Outcome{Awards: []rules.Award{{Rule: "gone", Points: 2, Campaign: "over"}}}
	if got := rules.Explain(&o, setOf(fixed("r", 1)), "en"); !slices.Equal(got, []string{"gone: 2 points"}) {
		t.Errorf("got %q", got)
	}
	if got := rules.Explain(&rules.Outcome{}, setOf(fixed("r", 1)), "en"); len(got) != 0 {
		t.Errorf("nothing is explained as %q", got)
	}
}

func TestWordsAreFoundInAnotherFormOfTheLanguage(t *testing.T) {
	w := rules.Words{"en": "english", "de": "deutsch", "zh-Hans": "简体", "zh-Hant": "繁體"}
	for language, want := range map[string]string{
		"en": "english", "en-US": "english", "de-CH": "deutsch", "zh-Hant": "繁體", "zh": "简体", "zh-SG": "简体", "fr": "english", "z": "english",
	} {
		for range 20 { // A map has no order.
			if got := w.In(language, "none"); got != want {
				t.Errorf("%s: %s, want %s", language, got, want)
			}
		}
	}
	if got := (rules.Words{"de": "deutsch"}).In("fr", "none"); got != "none" {
		t.Errorf("got %s", got)
	}
	if got := (rules.Words{"en-GB": "british"}).In("fr", "none"); got != "british" {
		t.Errorf("got %s", got)
	}
	if got := rules.Words(nil).In("en", "none"); got != "none" {
		t.Errorf("got %s", got)
	}
}

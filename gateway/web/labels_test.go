package web_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/consent"
)

// TestCustomersReadLabelsInTheirLanguageAndNoCodes shows a survey, what is known and who looked: the survey's own labels before the policy's, another language's where
// theirs isn't there, and the value where there is none.
func TestCustomersReadLabelsInTheirLanguageAndNoCodes(t *testing.T) {
	words := func(en, de string) map[string]string { return map[string]string{"en": en, "de": de} }
	diet := privacy.AttributeSchema{
		Name: "custom.diet", Kind: privacy.KindChoice, MaxBytes: 20, Choices: []string{"veg-1", "veg-2", "veg-3", "any-4"}, Words: words("what you eat", "was Sie essen"),
		Labels: privacy.Labels{"veg-1": words("vegan", "rein pflanzlich"), "veg-2": words("vegetarian", "vegetarisch"), "any-4": {"en": "everything"}},
	}
	news := privacy.AttributeSchema{Name: "custom.news", Kind: privacy.KindFlag, MaxBytes: 5, Words: words("news", "Neues"), Labels: privacy.Labels{"true": words("gladly", "gern")}}
	policy := privacy.Policy{V: 1, Version: 1, Prose: words("Words.", "Worte."), Purposes: []privacy.Purpose{{Code: "research", Words: words("to learn", "um zu lernen")}}, Attributes: []privacy.AttributeSchema{diet, news}}
	published := map[string]any{"version": 1, "effective": "2026-01-01", "hash": "h", "document": policy}
	now := time.Now()
	survey := consent.Survey{ID: "diet", Title: words("What do you eat?", "Was essen Sie?"), Purpose: "research", From: now, Until: now.Add(time.Hour), Questions: []consent.SurveyQuestion{
		{Attribute: "custom.diet", Words: words("On board", "An Bord"), Labels: privacy.Labels{"veg-2": words("no meat", "ohne Fleisch")}}, {Attribute: "custom.news", Words: map[string]string{"en": "News?"}},
	}}
	p := openPhone(t, map[string]any{
		"GET /v1/me/surveys":     map[string]any{"policy": published, "surveys": []any{map[string]any{"survey": survey, "attributes": []any{diet, news}}}},
		"GET /v1/me/data-policy": published,
		"GET /v1/me/profile": map[string]any{"attributes": []any{
			map[string]any{"name": "custom.diet", "value": "veg-2"}, map[string]any{"name": "custom.news", "value": "false"}, map[string]any{"name": "marketing.sms", "value": "true"},
		}},
		"GET /v1/me/access-log": map[string]any{"lines": []any{
			map[string]any{"actor": "partner/hotel", "action": "read", "attributes": []string{"custom.diet"}, "purpose": "research", "at": now},
			map[string]any{"actor": "person", "action": "read", "attributes": []string{"email"}, "purpose": "own-data", "at": now},
		}},
	})
	options := func() (all []string) {
		p.do(chromedp.Evaluate(`[...document.querySelectorAll("option")].map((o) => o.innerText + (o.lang ? "/" + o.lang : ""))`, &all))
		return all
	}
	same := func(got []string, want ...string) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%q, want %q", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q, want %q", got[i], want[i])
			}
		}
	}
	p.visit("surveys?language=de")
	same(options(), "–", "rein pflanzlich", "ohne Fleisch", "veg-3", "everything/en", "–", "gern", "Nein")
	p.reads("h2", "Was essen Sie?")
	var language string
	p.do(chromedp.Evaluate(`document.querySelector("label:nth-of-type(2) span").lang`, &language))
	if language != "en" {
		t.Errorf("a question in English on a German page is said to be in %q", language)
	}
	p.visit("surveys?language=zh")
	same(options(), "–", "vegan/en", "no meat/en", "veg-3", "everything/en", "–", "gladly/en", "否")
	p.visit("data?language=de")
	p.reads("#others", "was Sie essen vegetarisch")
	p.reads("#others", "Neues Nein")
	p.reads("#others", "Werbung per SMS Ja")
	p.visit("access-log?language=de")
	p.reads("#log", "was Sie essen")
	p.reads("#log", "um zu lernen")
	p.reads("#log", "E-Mail-Adresse")
	p.reads("#log", "Ihre eigenen Daten")
	p.api.set("GET /v1/me/data-policy", fault.NotFound)
	p.visit("data?language=en")
	p.reads("#others", "custom.diet veg-2")
}

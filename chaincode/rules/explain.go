package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/quantity"
)

// fallbackLanguage is used where a name isn't there in the language asked for.
const fallbackLanguage = "en"

// In returns the words in a language, or in another form of it: de serves de-AT, and zh-Hans serves zh. Without them it returns the English words, or else what is given.
func (w Words) In(language, otherwise string) string {
	if text, ok := w.inFormOf(language); ok {
		return text
	}
	if text, ok := w.inFormOf(fallbackLanguage); ok {
		return text
	}
	return otherwise
}

func (w Words) inFormOf(language string) (string, bool) {
	if text, ok := w[language]; ok {
		return text, true
	}
	base := baseOf(language)
	if text, ok := w[base]; ok {
		return text, true
	}
	for _, other := range slices.Sorted(maps.Keys(w)) {
		if baseOf(other) == base {
			return w[other], true
		}
	}
	return "", false
}

// baseOf is a language tag without script and region.
func baseOf(language string) string {
	base, _, _ := strings.Cut(language, "-")
	return base
}

// Explain says in words which rule gave what, one line per award, in the order of the rules. Languages are those of the rules' names; en, de and zh have words of their own for points.
func Explain(o *Outcome, set *Set, language string) []string {
	lines := make([]string, 0, len(o.Awards))
	for i := range o.Awards {
		a := &o.Awards[i]
		name := a.Rule
		if r := findRule(set.Rules, a.Rule); r != nil {
			name = r.Name.In(language, a.Rule)
		}
		if c := findCampaign(set.Campaigns, a.Campaign); c != nil {
			name += " (" + c.Name.In(language, c.ID) + ")"
		}
		lines = append(lines, name+": "+inWords(a.Points, language))
	}
	return lines
}

func inWords(p quantity.Points, language string) string {
	one, many := "point", "points"
	switch baseOf(language) {
	case "de":
		one, many = "Punkt", "Punkte"
	case "zh":
		one, many = "积分", "积分"
	}
	if p == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", int64(p), many)
}

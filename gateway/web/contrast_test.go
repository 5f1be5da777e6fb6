package web_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Least contrasts of WCAG 2.2, level AA: of text (1.4.3), and of what is needed to see a control, its state or its focus (1.4.11, 2.4.11).
const (
	leastOfText    = 4.5
	leastOfControl = 3.0
)

// pair is a foreground on a background, by the names of the stylesheet's colours.
type pair struct {
	front, back string
	least       float64
}

// rests are the backgrounds on which elements without one of their own stand.
var rests = []string{"paper", "card"}

var (
	schemes    = regexp.MustCompile(`(?s):root \{(.*?)\}`)
	variable   = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	rule       = regexp.MustCompile(`(?s)([^{}]+)\{([^{}]*)\}`)
	color      = regexp.MustCompile(`(?:^|[;\s])color: ([^;]+)`)
	background = regexp.MustCompile(`background(?:-color)?: ([^;]+)`)
	border     = regexp.MustCompile(`(?:border|border-color|outline|accent-color): ([^;]+)`)
	used       = regexp.MustCompile(`var\(--([a-z-]+)\)`)
)

func stylesheet(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("static/wallet.css")
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(raw), "")
}

// named gives the variable's name in a value, or fails: a colour without a name has no counterpart in the other scheme.
func named(t *testing.T, selector, value string) string {
	t.Helper()
	if m := used.FindStringSubmatch(value); m != nil {
		return m[1]
	}
	if slices.ContainsFunc([]string{"inherit", "transparent", "currentColor", "none", "0"}, func(word string) bool { return strings.HasPrefix(value, word) }) {
		return ""
	}
	t.Errorf("%s has the colour %q, which no scheme has a name for", selector, value)
	return ""
}

// separators divide what isn't a control: their lines say nothing that isn't said otherwise.
var separators = []string{"header", ".card", "th, td", ".list > li", ".list > li:last-child", ".tag", "dialog", "fieldset", "#message, .note", ".menu a"}

// pairsOf finds every pair of the stylesheet: each rule's colour on its background, or on those that it can stand on, and the lines and marks of controls on what is around them.
func pairsOf(t *testing.T, css string) []pair {
	t.Helper()
	all := []pair{{"accent", "warn-paper", leastOfText}, {"focus", "warn-paper", leastOfControl}} // Links within notes.
	for _, m := range rule.FindAllStringSubmatch(css, -1) {
		selector, body := strings.TrimSpace(m[1]), m[2]
		if strings.HasSuffix(selector, ":root") || selector == ".qr" || strings.HasSuffix(selector, "::backdrop") { // A QR code is black on white in any scheme; a backdrop has nothing on it.
			continue
		}
		backs := rests
		if b := background.FindStringSubmatch(body); b != nil {
			if name := named(t, selector, b[1]); name != "" {
				backs = []string{name}
			}
		}
		front := "ink" // What html has, and everything inherits.
		if c := color.FindStringSubmatch(body); c != nil {
			if name := named(t, selector, c[1]); name != "" {
				front = name
			}
		}
		for _, back := range backs {
			all = append(all, pair{front, back, leastOfText})
		}
		if slices.Contains(separators, selector) {
			continue
		}
		for _, l := range border.FindAllStringSubmatch(body, -1) {
			name := named(t, selector, lastWord(l[1]))
			for _, back := range rests {
				if name != "" {
					all = append(all, pair{name, back, leastOfControl})
				}
			}
		}
	}
	return all
}

func lastWord(value string) string { return value[strings.LastIndex(value, " ")+1:] }

// luminance is the relative luminance of a colour #rrggbb, as WCAG 2.2 defines it.
func luminance(hex string) float64 {
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		return math.NaN()
	}
	channel := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(n>>16) + 0.7152*channel(n>>8) + 0.0722*channel(n)
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrastIsComputedAsTheGuidelinesDo(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want string
	}{{"#000000", "#ffffff", "21.00"}, {"#ffffff", "#767676", "4.54"}, {"#777777", "#ffffff", "4.48"}, {"#0b5d5b", "#0b5d5b", "1.00"}} {
		if got := fmt.Sprintf("%.2f", contrast(c.a, c.b)); got != c.want {
			t.Errorf("%s on %s has %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

func TestEveryTextAndControlHasEnoughContrastInBothSchemes(t *testing.T) {
	css := stylesheet(t)
	pairs := pairsOf(t, css)
	roots := schemes.FindAllStringSubmatch(css, -1)
	if len(roots) != 2 || len(pairs) < 40 {
		t.Fatalf("%d schemes and %d pairs were found", len(roots), len(pairs))
	}
	lowest := math.Inf(1)
	for i, scheme := range []string{"light", "dark"} {
		colours := map[string]string{}
		for _, v := range variable.FindAllStringSubmatch(roots[i][1], -1) {
			colours[v[1]] = v[2]
		}
		for _, p := range pairs {
			front, back := colours[p.front], colours[p.back]
			if front == "" || back == "" {
				t.Fatalf("the %s scheme lacks %s or %s", scheme, p.front, p.back)
			}
			got := contrast(front, back)
			if got < p.least {
				t.Errorf("%s: %s on %s has %.2f, which has to be %.1f", scheme, p.front, p.back, got, p.least)
			}
			lowest = min(lowest, got/p.least)
		}
	}
	t.Logf("the narrowest is %.2f times what it has to be", lowest)
}

package canary

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// One of each kind.
var (
	person   = Canary{Name, "name", "Zoë Ångström-Featherstonehaugh"}
	phone    = Canary{Phone, "phone", "+447700900461"}
	email    = Canary{Email, "e-mail", "Zoe.Canary+club@Example.org"}
	card     = Canary{Card, "card", "4929 1234 8765 0017"}
	birthday = Canary{Birthday, "birthday", "1987-03-14"}
	note     = Canary{Text, "note", "allergic to \"kiwi\" & <nuts>"}
)

func newScanner(t testing.TB, canaries ...Canary) *Scanner {
	t.Helper()
	s, err := NewScanner(canaries...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hexOf(sum []byte) string { return hex.EncodeToString(sum) }

func TestFindsEveryFormOfACanary(t *testing.T) {
	s := newScanner(t, person, phone, email, card, birthday, note)
	two, one, five, wide := sha256.Sum256([]byte("4929123487650017")), sha1.Sum([]byte("+447700900461")), md5.Sum([]byte("zoe.canary+club@example.org")), sha512.Sum512([]byte("1987-03-14"))
	quoted, err := json.Marshal(note.Value)
	if err != nil {
		t.Fatal(err)
	}
	for name, leak := range map[string]struct {
		text string
		of   Canary
	}{
		"name in capitals":          {"dear ZOË ÅNGSTRÖM-FEATHERSTONEHAUGH!", person},
		"name decomposed":           {norm.NFD.String(person.Value), person},
		"name decomposed, small":    {strings.ToLower(norm.NFD.String(person.Value)), person},
		"name without accents":      {"zoe angstrom-featherstonehaugh", person},
		"family name alone":         {"ångström-featherstonehaugh, z.", person},
		"name in ASCII JSON":        {`{"n":"Zo\u00EB \u00c5ngstr\u00f6m-Featherstonehaugh"}`, person},
		"name in Latin-1":           {"Zo\xeb \xc5ngstr\xf6m-Featherstonehaugh", person},
		"name in a URL":             {"?q=" + url.QueryEscape(person.Value), person},
		"name as a Go byte slice":   {fmt.Sprintf("%d", []byte(person.Value)), person},
		"name in text protobuf":     {`Zo\303\253 \303\205ngstr\303\266m-Featherstonehaugh`, person},
		"phone digits":              {"447700900461", phone},
		"phone with 00":             {"call 00447700900461 now", phone},
		"phone national":            {"07700 900461", phone},
		"phone national, digits":    {"(7700900461)", phone},
		"phone spaced":              {"+44 7700 900 461", phone},
		"phone bracketed":           {"(07700) 900461", phone},
		"phone with no-break space": {"+44\u00a07700\u00a0900461", phone},
		"phone, SHA-1":              {string(one[:]), phone},
		"phone, SHA-1, cut":         {hexOf(one[:10]), phone},
		"phone in hex capitals":     {strings.ToUpper(hexOf([]byte(phone.Value))), phone},
		"e-mail in capitals":        {"ZOE.CANARY+CLUB@EXAMPLE.ORG", email},
		"e-mail's local part":       {"user=zoe.canary+club", email},
		"e-mail in a URL":           {"zoe.canary%2bclub%40example.org", email},
		"e-mail, Gravatar":          {hexOf(five[:]), email},
		"e-mail in UTF-16":          {"z\x00o\x00e\x00.\x00c\x00a\x00n\x00a\x00r\x00y\x00+\x00c\x00l\x00u\x00b\x00@\x00E\x00x\x00a\x00m\x00p\x00l\x00e\x00.\x00o\x00r\x00g\x00", email},
		"card digits":               {"x4929123487650017x", card},
		"card with hyphens":         {"4929-1234-8765-0017", card},
		"card, SHA-256":             {hexOf(two[:]), card},
		"card, SHA-256, capitals":   {strings.ToUpper(hexOf(two[:])), card},
		"card, SHA-256, base64":     {base64.StdEncoding.EncodeToString(two[:]), card},
		"card, SHA-256, base64url":  {base64.RawURLEncoding.EncodeToString(two[:]), card},
		"card, first half":          {string(two[:16]), card},
		"birthday in German":        {"geboren 14.03.1987", birthday},
		"birthday in words":         {"14 march 1987", birthday},
		"birthday, digits":          {"dob=19870314&", birthday},
		"birthday, SHA-512":         {base64.StdEncoding.EncodeToString(wide[:]), birthday},
		"note in JSON":              {string(quoted), note},
		"note in HTML":              {"allergic to &#34;kiwi&#34; &amp; &lt;nuts&gt;", note},
		"note in base45":            {base45([]byte("xx" + note.Value)), note},
	} {
		s.Bytes(name, []byte("before "+leak.text+" after"))
		if found := s.Report().Of(Bytes); !slices.Contains(found, leak.of.Label) {
			t.Errorf("%s: found %q in %q", name, found, leak.text)
		}
	}
}

func TestFindsBase64WhereverItBegins(t *testing.T) {
	s := newScanner(t, card)
	for before := range 7 {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
			text := strings.Repeat("\xff", before) + card.Value + "\xfe\xfe"
			s.Bytes("", []byte("?!"+encoding.EncodeToString([]byte(text))))
			// The unwrapping finds it as well, so ask for the direct trace.
			if !slices.ContainsFunc(s.Report().Findings, func(f Finding) bool { return strings.Contains(f.Form, "base64") }) {
				t.Errorf("%d bytes before: not found", before)
			}
		}
	}
}

func TestFindsNothingInRandomData(t *testing.T) {
	s := newScanner(t, person, phone, email, card, birthday, note)
	chance := rand.NewChaCha8([32]byte{1})
	data := make([]byte, 4<<20)
	_, _ = chance.Read(data)
	s.look(Bytes, "random bytes", data)
	s.look(Bytes, "random hexadecimal", []byte(hex.EncodeToString(data)))
	s.look(Bytes, "random base64", []byte(base64.StdEncoding.EncodeToString(data)))
	s.look(Bytes, "other people", []byte("Zoe Featherstone +447700900462 zoe@example.org 4929 1234 8765 0018 1987-03-15"))
	if found := s.Report().Findings; len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestCountsShortDigitsOnlyWhenTheyStandAlone(t *testing.T) {
	s := newScanner(t, birthday)
	for text, want := range map[string]bool{"19870314": true, ",19870314\n": true, "a19870314": false, "198703140": false, "f19870314b": false} {
		s.Bytes("", []byte(text))
		if got := len(s.Report().Findings) > 0; got != want {
			t.Errorf("%q found: %v", text, got)
		}
	}
}

func TestRefusesCanariesThatCouldNotBeFound(t *testing.T) {
	for _, c := range []Canary{
		{Name, "short", "Ada"}, {Phone, "national", "07700900461"}, {Card, "no digits", "not a card"}, {Email, "none", "zoe.example"}, {Birthday, "no day", "14.03.1987"},
		{Text, "not UTF-8", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"}, {"other", "no kind", "something long"}, {Text, "too long", strings.Repeat("x", maxLength+1)},
	} {
		if _, err := NewScanner(c); err == nil {
			t.Errorf("%s: accepted", c.Label)
		}
		if _, err := NewScanner(c); err != nil && strings.Contains(err.Error(), c.Value) {
			t.Errorf("%s: the error repeats the value", c.Label)
		}
	}
}

// TestMatcherFindsWhatASimpleSearchFinds compares the matcher with bytes.Index on texts over a small alphabet, where patterns overlap each other.
func TestMatcherFindsWhatASimpleSearchFinds(t *testing.T) {
	alphabet := rapid.SampledFrom([]byte("aAbB\x00\x80"))
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(alphabet, 0, 200).Draw(t, "data")
		var patterns []*pattern
		for i := range rapid.IntRange(1, 5).Draw(t, "patterns") {
			text := append([]byte("ab"), rapid.SliceOfN(alphabet, 6, 8).Draw(t, "text")...)
			if start := rapid.IntRange(0, 250).Draw(t, "from data"); start+len(text) <= len(data) {
				text = bytes.Clone(data[start : start+len(text)])
			}
			if bytes.Equal(text[:8], make([]byte, 8)) {
				continue
			}
			patterns = append(patterns, &pattern{trace: trace{form: fmt.Sprint(i), text: text, folded: i%2 == 0}})
		}
		type place struct {
			form string
			at   int
		}
		got, want := map[place]bool{}, map[place]bool{}
		newMatcher(patterns).search(data, func(p *pattern, at int) { got[place{p.form, at}] = true })
		for _, p := range patterns {
			for at := range data {
				rest := data[at:]
				if len(rest) < len(p.text) {
					break
				}
				same := bytes.Equal(rest[:len(p.text)], p.text)
				if p.folded {
					same = bytes.Equal(lower(rest[:len(p.text)]), lower(p.text))
				}
				if same {
					want[place{p.form, at}] = true
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("found %v, want %v", got, want)
		}
	})
}

func TestFoldsAsciiCapitalsOnly(t *testing.T) {
	for c := range 256 {
		word := uint64(c) * 0x0101010101010101
		if got := fold(word); got != uint64(lower([]byte{byte(c)})[0])*0x0101010101010101 {
			t.Errorf("%#02x becomes %#x", c, got)
		}
	}
}

func lower(text []byte) []byte {
	out := bytes.Clone(text)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

func BenchmarkSearch(b *testing.B) {
	var canaries []Canary
	for i := range 40 {
		canaries = append(canaries, Canary{Name, fmt.Sprint(i), fmt.Sprintf("Given%d Family%d", i*7919, i*104729)}, Canary{Phone, fmt.Sprint(i), fmt.Sprintf("+4477009%05d", i*7919%100000)})
	}
	s := newScanner(b, canaries...)
	data := make([]byte, 16<<20)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(data)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s.look(Bytes, "random", data)
	}
	b.ReportMetric(float64(len(s.matcher.exact.byKey)+len(s.matcher.folded.byKey)), "keys")
}

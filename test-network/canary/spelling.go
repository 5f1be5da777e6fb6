package canary

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// spelling is one way to write a canary. Machines write the common ones: of those every encoding and hash is looked for. The others come from people's habits of
// grouping digits and words; there are hundreds, and they are looked for as text, after what is encoded has been decoded.
type spelling struct {
	name, text string
	habit      habit
}

// habit tells whether a spelling is common.
type habit int

const (
	common habit = iota
	rare
)

// separators stand between groups of digits or words.
var separators = []struct{ name, text string }{
	{"spaces", " "}, {"no-break spaces", "\u00a0"}, {"narrow no-break spaces", "\u202f"}, {"hyphens", "-"}, {"dots", "."}, {"slashes", "/"}, {"underscores", "_"},
}

// spellings are all ways in which a canary is written that this package knows, without repetition; spellings that are too short to tell are left out.
func (c Canary) spellings() []spelling {
	all := []spelling{{"as given", c.Value, common}}
	switch c.Kind {
	case Name:
		all = append(all, nameSpellings(c.Value)...)
	case Phone:
		all = append(all, phoneSpellings(c.Value)...)
	case Email:
		all = append(all, emailSpellings(c.Value)...)
	case Card:
		all = append(all, cardSpellings(c.Value)...)
	case Birthday:
		all = append(all, birthdaySpellings(c.Value)...)
	}
	for _, s := range all {
		all = append(all, normalForms(s)...)
	}
	return distinct(all)
}

func distinct(all []spelling) []spelling {
	seen := map[string]bool{}
	var kept []spelling
	for _, s := range all {
		if len(s.text) >= minLength && !seen[s.text] {
			seen[s.text] = true
			kept = append(kept, s)
		}
	}
	return kept
}

// normalForms are the Unicode normal forms of a text, and the text without its accents. Case is dealt with by the matcher for ASCII; other letters have their own forms here.
func normalForms(s spelling) []spelling {
	if isASCII(s.text) {
		return nil
	}
	bare, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s.text)
	forms := []spelling{
		{s.name + " in NFC", norm.NFC.String(s.text), s.habit}, {s.name + " in NFD", norm.NFD.String(s.text), s.habit}, {s.name + " in NFKC", norm.NFKC.String(s.text), s.habit},
	}
	if err == nil {
		forms = append(forms, spelling{s.name + " without accents", bare, s.habit})
	}
	for _, f := range forms[:len(forms):len(forms)] {
		forms = append(forms, spelling{f.name + " in capitals", strings.ToUpper(f.text), rare}, spelling{f.name + " in small letters", strings.ToLower(f.text), rare})
	}
	return forms
}

func nameSpellings(name string) []spelling {
	words := strings.Fields(name)
	all := []spelling{{"joined", strings.Join(words, ""), common}}
	for _, separator := range append(separators, struct{ name, text string }{"plus signs", "+"}) {
		all = append(all, spelling{"with " + separator.name, strings.Join(words, separator.text), rare})
	}
	if last := len(words) - 1; last > 0 {
		first := strings.Join(words[:last], " ")
		all = append(all, spelling{"family name first", words[last] + ", " + first, common}, spelling{"turned round", words[last] + " " + first, common})
	}
	for _, word := range words {
		all = append(all, spelling{"one word", word, common})
	}
	return all
}

func emailSpellings(address string) []spelling {
	local, domain, _ := strings.Cut(address, "@")
	plain, _, _ := strings.Cut(local, "+")
	return []spelling{
		{"local part", local, common}, {"without tag", plain + "@" + domain, common}, {"without dots", strings.ReplaceAll(plain, ".", "") + "@" + domain, common},
		{"as a link", "mailto:" + address, common}, {"spelled out", local + " at " + domain, rare}, {"spelled out", local + "(at)" + domain, rare},
		{"spelled out", local + "[at]" + domain, rare}, {"as a file name", local + "_" + domain, rare}, {"as a file name", local + "-" + domain, rare},
	}
}

// groupings are usual cuts of digits, from the left; the last size repeats.
var groupings = [][]int{{4}, {3}, {2}, {3, 3, 4}, {4, 6}, {5, 6}, {5, 3, 3}, {3, 4, 4}, {2, 4, 4}, {4, 3, 3}, {1, 3, 3, 4}}

func grouped(digits string, sizes []int, separator string) string {
	var groups []string
	for i := 0; len(digits) > 0; i++ {
		size := min(sizes[min(i, len(sizes)-1)], len(digits))
		groups = append(groups, digits[:size])
		digits = digits[size:]
	}
	return strings.Join(groups, separator)
}

// phoneSpellings writes a number with each length of country code that there is, since the number alone doesn't tell which one is right.
func phoneSpellings(phone string) []spelling {
	digits := digitsOf(phone)
	all := []spelling{
		{"digits", digits, common}, {"with +", "+" + digits, common}, {"with 00", "00" + digits, common}, {"with 011", "011" + digits, rare}, {"as a link", "tel:+" + digits, common},
	}
	for code := 1; code <= 3; code++ {
		country, national := digits[:code], digits[code:]
		all = append(all, spelling{"national", national, common}, spelling{"national with 0", "0" + national, common})
		for _, separator := range separators {
			for _, sizes := range groupings {
				cut := grouped(national, sizes, separator.text)
				all = append(all, spelling{"grouped with " + separator.name, "+" + country + separator.text + cut, rare}, spelling{"national, grouped with " + separator.name, cut, rare},
					spelling{"national with 0, grouped with " + separator.name, grouped("0"+national, sizes, separator.text), rare})
			}
		}
		for size := 2; size <= 5 && size < len(national); size++ {
			all = append(all, spelling{"with a bracketed prefix", "(0" + national[:size-1] + ") " + national[size-1:], rare},
				spelling{"with a bracketed prefix", "(" + national[:size] + ") " + national[size:], rare}, spelling{"with a bracketed 0", "+" + country + " (0) " + national, rare})
		}
	}
	return all
}

func cardSpellings(card string) []spelling {
	digits := digitsOf(card)
	all := []spelling{{"digits", digits, common}}
	for _, separator := range separators {
		all = append(all, spelling{"grouped with " + separator.name, grouped(digits, []int{4}, separator.text), rare},
			spelling{"grouped with " + separator.name, grouped(digits, []int{4, 6, 5}, separator.text), rare})
	}
	return all
}

// birthdayLayouts are ways to write a day.
var birthdayLayouts = []string{
	"2006-01-02", "02.01.2006", "2.1.2006", "02/01/2006", "01/02/2006", "2006/01/02", "20060102", "02012006", "01022006", "02-01-2006", "2 January 2006", "January 2, 2006",
	"2 Jan 2006", "02 Jan 2006", "02-Jan-2006", "Jan 2, 2006", "2006.01.02", "2006 01 02", "02 01 2006",
}

func birthdaySpellings(day string) []spelling {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil
	}
	var all []spelling
	for _, layout := range birthdayLayouts {
		all = append(all, spelling{"as " + layout, t.Format(layout), common})
	}
	return append(all, spelling{"in seconds", strconv.FormatInt(t.Unix(), 10), rare}, spelling{"in milliseconds", strconv.FormatInt(t.UnixMilli(), 10), rare})
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

package canary

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// trace is one form in which a canary could have leaked.
type trace struct {
	form string
	text []byte
	// folded traces are found whatever the case of their ASCII letters.
	folded bool
	// bounded traces count only when neither a letter nor a digit touches them: short runs of digits turn up in random hexadecimal by chance.
	bounded bool
}

// shortDigits is the length below which a run of digits must stand alone.
const shortDigits = 12

// Of a hash so many bytes are looked for: what is cut shorter than the hash is found, and nothing is found by chance.
const (
	hashBytes       = 8  // As they are, and in hexadecimal.
	hashBase64Bytes = 12 // In base64, where the ends of a piece are lost to its neighbours.
)

// traces are all forms of a canary that are looked for.
func (c Canary) traces() []trace {
	var all []trace
	for _, s := range c.spellings() {
		if s.habit == rare {
			all = append(all, asText(s))
			continue
		}
		all = append(all, legible(s)...)
		for _, cased := range cases(s) {
			all = append(all, encoded(cased)...)
			all = append(all, hashed(cased)...)
		}
	}
	long := all[:0]
	for _, t := range all {
		if len(t.text) >= minLength {
			long = append(long, t)
		}
	}
	return long
}

// cases are a spelling as it is, in small letters and in capitals: what is encoded or hashed keeps its case.
func cases(s spelling) []spelling {
	return distinct([]spelling{s, {s.name + ", small letters", strings.ToLower(s.text), s.habit}, {s.name + ", capitals", strings.ToUpper(s.text), s.habit}})
}

// asText is the text itself.
func asText(s spelling) trace {
	return trace{form: s.name, text: []byte(s.text), folded: true, bounded: len(s.text) < shortDigits && digitsOf(s.text) == s.text}
}

// legible are the forms in which the text's letters can still be read, so that their case doesn't matter.
func legible(s spelling) []trace {
	text := []byte(s.text)
	all := []trace{asText(s)}
	add := func(form, text string) {
		if text != s.text {
			all = append(all, trace{form: s.name + ", " + form, text: []byte(text), folded: true})
		}
	}
	quoted, err := json.Marshal(s.text)
	if err == nil {
		add("as JSON", string(quoted[1:len(quoted)-1]))
	}
	ascii := strconv.QuoteToASCII(s.text)
	add("as ASCII JSON", asciiJSON(s.text))
	add("as a quoted string", ascii[1:len(ascii)-1])
	add("in a URL's query", url.QueryEscape(s.text))
	add("in a URL's path", url.PathEscape(s.text))
	add("percent-encoded", eachByte(s.text, "%%%02x", ""))
	add("in HTML", html.EscapeString(s.text))
	add("in HTML with numbers", numericHTML(s.text))
	add("with octal escapes", escapedBytes(s.text, `\%03o`))
	add("with hexadecimal escapes", escapedBytes(s.text, `\x%02x`))
	add("quoted-printable", escapedBytes(s.text, "=%02x"))
	add("in hexadecimal", hex.EncodeToString(text))
	add("in spaced hexadecimal", eachByte(s.text, "%02x", " "))
	add("in hexadecimal with colons", eachByte(s.text, "%02x", ":"))
	add("as numbers", eachByte(s.text, "%d", " "))
	add("as numbers with commas", eachByte(s.text, "%d", ","))
	for _, page := range []*charmap.Charmap{charmap.Windows1252, charmap.ISO8859_15} {
		if narrow, err := page.NewEncoder().String(s.text); err == nil {
			add("in "+page.String(), narrow)
		}
	}
	little, big := utf16Of(s.text)
	add("in UTF-16LE", little)
	add("in UTF-16BE", big)
	return all
}

// encoded are forms that depend on every bit of the text.
func encoded(s spelling) []trace {
	var all []trace
	for form, text := range base64Forms([]byte(s.text)) {
		all = append(all, trace{form: s.name + ", in " + form, text: []byte(text)})
	}
	for pad := range 5 {
		all = append(all, trace{form: s.name + ", in base32", text: []byte(aligned(base32.StdEncoding.EncodeToString, []byte(s.text), pad, 5)), folded: true})
	}
	for skip := range 2 {
		all = append(all, trace{form: s.name + ", in base45", text: []byte(base45([]byte(s.text[skip:])))})
	}
	return all
}

// hashed are the hashes of a text without a salt, with and without a line end.
func hashed(s spelling) []trace {
	var all []trace
	for _, text := range []string{s.text, s.text + "\n"} {
		for name, sum := range sums([]byte(text)) {
			form := s.name + ", " + name
			all = append(all, trace{form: form, text: sum[:hashBytes]},
				trace{form: form + " in hexadecimal", text: []byte(hex.EncodeToString(sum[:hashBytes])), folded: true})
			for encoding, piece := range base64Forms(sum[:hashBase64Bytes]) {
				all = append(all, trace{form: form + " in " + encoding, text: []byte(piece)})
			}
		}
	}
	return all
}

func sums(text []byte) map[string][]byte {
	md, one, short, two, wide, cut, half := md5.Sum(text), sha1.Sum(text), sha256.Sum224(text), sha256.Sum256(text), sha512.Sum512(text), sha512.Sum384(text), sha512.Sum512_256(text)
	return map[string][]byte{
		"MD5": md[:], "SHA-1": one[:], "SHA-224": short[:], "SHA-256": two[:], "SHA-384": cut[:], "SHA-512": wide[:], "SHA-512/256": half[:],
	}
}

// base64Forms are the characters that a text gives within any base64 text, wherever it begins in it, in both alphabets.
func base64Forms(text []byte) map[string]string {
	forms := map[string]string{}
	for pad := range 3 {
		standard := aligned(base64.StdEncoding.EncodeToString, text, pad, 6)
		forms[fmt.Sprintf("base64 at %d", pad)] = standard
		if urls := aligned(base64.URLEncoding.EncodeToString, text, pad, 6); urls != standard {
			forms[fmt.Sprintf("base64url at %d", pad)] = urls
		}
	}
	return forms
}

// aligned encodes a text that comes after pad other bytes, and gives the characters of so many bits that depend on nothing but the text.
func aligned(encode func([]byte) string, text []byte, pad, bits int) string {
	whole := encode(append(make([]byte, pad), text...))
	first := (pad*8 + bits - 1) / bits
	last := (pad + len(text)) * 8 / bits
	return whole[first:last]
}

const base45Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// base45 encodes pairs of bytes (RFC 9285); an odd last byte is left out, as it depends on what follows.
func base45(text []byte) string {
	var b strings.Builder
	for i := 0; i+1 < len(text); i += 2 {
		n := int(text[i])<<8 | int(text[i+1])
		b.WriteByte(base45Alphabet[n%45])
		b.WriteByte(base45Alphabet[n/45%45])
		b.WriteByte(base45Alphabet[n/2025])
	}
	return b.String()
}

// asciiJSON escapes everything that isn't ASCII, as many languages' encoders do.
func asciiJSON(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		switch {
		case unit >= 0x80:
			fmt.Fprintf(&b, `\u%04x`, unit)
		case unit == '"' || unit == '\\' || unit == '/':
			b.WriteByte('\\')
			b.WriteByte(byte(unit))
		default:
			b.WriteByte(byte(unit))
		}
	}
	return b.String()
}

func numericHTML(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "&#%d;", r)
	}
	return b.String()
}

func eachByte(text, format, separator string) string {
	parts := make([]string, len(text))
	for i := range len(text) {
		parts[i] = fmt.Sprintf(format, text[i])
	}
	return strings.Join(parts, separator)
}

// escapedBytes escapes the bytes that aren't ASCII.
func escapedBytes(text, format string) string {
	var b strings.Builder
	for i := range len(text) {
		if text[i] < 0x80 {
			b.WriteByte(text[i])
			continue
		}
		fmt.Fprintf(&b, format, text[i])
	}
	return b.String()
}

func utf16Of(text string) (little, big string) {
	var l, b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		l = append(l, byte(unit), byte(unit>>8))
		b = append(b, byte(unit>>8), byte(unit))
	}
	return string(l), string(b)
}

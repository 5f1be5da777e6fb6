package wire

import "strings"

// base45Alphabet is the alphabet of RFC 9285: the characters of a QR code's alphanumeric mode. The encoding is written here because of the two libraries that can be had,
// one panics on a character outside the alphabet and takes numbers that are too large, the other is the encoding of another standard.
const base45Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

const base45 = len(base45Alphabet)

// encodeBase45 writes two bytes as three characters, a single last byte as two, the least significant first.
func encodeBase45(raw []byte) string {
	var b strings.Builder
	for ; len(raw) >= 2; raw = raw[2:] {
		n := int(raw[0])<<8 | int(raw[1])
		b.WriteByte(base45Alphabet[n%base45])
		b.WriteByte(base45Alphabet[n/base45%base45])
		b.WriteByte(base45Alphabet[n/base45/base45])
	}
	if len(raw) == 1 {
		b.WriteByte(base45Alphabet[int(raw[0])%base45])
		b.WriteByte(base45Alphabet[int(raw[0])/base45])
	}
	return b.String()
}

// decodeBase45 reads what encodeBase45 wrote and nothing else: every text that it takes has one value, and every value one text.
func decodeBase45(text string) ([]byte, bool) {
	raw := make([]byte, 0, len(text)/3*2+1)
	for len(text) > 0 {
		group := text[:min(3, len(text))]
		text = text[len(group):]
		n, weight := 0, 1
		for i := range len(group) {
			digit := strings.IndexByte(base45Alphabet, group[i])
			if digit < 0 {
				return nil, false
			}
			n += digit * weight
			weight *= base45
		}
		switch {
		case len(group) == 3 && n <= 0xffff:
			raw = append(raw, byte(n>>8), byte(n))
		case len(group) == 2 && n <= 0xff:
			raw = append(raw, byte(n))
		default:
			return nil, false
		}
	}
	return raw, true
}

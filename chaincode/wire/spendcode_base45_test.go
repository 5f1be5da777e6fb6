package wire

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestBase45GivesTheExamplesOfRFC9285(t *testing.T) {
	for plain, text := range map[string]string{"AB": "BB8", "Hello!!": "%69 VD92EX0", "base-45": "UJCLQE7W581", "ietf!": "QED8WEX0", "": ""} {
		if got := encodeBase45([]byte(plain)); got != text {
			t.Errorf("%q is written as %q, not as %q", plain, got, text)
		}
		if raw, ok := decodeBase45(text); !ok || string(raw) != plain {
			t.Errorf("%q is read as %q", text, raw)
		}
	}
}

func TestBase45IsRefusedWhenNobodyWroteIt(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"the RFC's too large number", "GGW"},
		{"one more than two bytes hold", "HGW"},
		{"largest of three characters", ":::"},
		{"one more than one byte holds", "V5"},
		{"a single character", "A"},
		{"four characters", "BB8A"},
		{"small letters", "bb8"},
		{"a line break", "BB8\n"},
		{"a character outside", "#"},
		{"outside ASCII", "BÄ"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if raw, ok := decodeBase45(c.text); ok {
				t.Errorf("read as %x", raw)
			}
		})
	}
	if raw, ok := decodeBase45("FGW"); !ok || !bytes.Equal(raw, []byte{0xff, 0xff}) {
		t.Errorf("the largest pair is read as %x", raw)
	}
}

func TestBase45IsOneToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "raw")
		if back, ok := decodeBase45(encodeBase45(raw)); !ok || !bytes.Equal(back, raw) {
			t.Fatalf("%x came back as %x", raw, back)
		}
		text := rapid.StringOfN(rapid.RuneFrom([]rune(base45Alphabet)), 0, 12, -1).Draw(t, "text")
		if read, ok := decodeBase45(text); ok && encodeBase45(read) != text {
			t.Fatalf("%q and %q are both %x", text, encodeBase45(read), read)
		}
	})
}

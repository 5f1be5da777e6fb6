package random

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestWhatIsDrawnHasItsLengthAndIsNewEachTime(t *testing.T) {
	one, other := Bytes(16), Bytes(16)
	if len(one) != 16 || len(other) != 16 || bytes.Equal(one, other) {
		t.Errorf("drawn: %x and %x", one, other)
	}
	text := Hex(16)
	if raw, err := hex.DecodeString(text); err != nil || len(raw) != 16 || text == Hex(16) {
		t.Errorf("drawn: %s, %v", text, err)
	}
}

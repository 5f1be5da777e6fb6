package abuse

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// TestWhatIsStoredStaysReadable opens an objection's words as the first release wrote them: databases are full of them.
func TestWhatIsStoredStaysReadable(t *testing.T) {
	v, err := New(Settings{Secret: bytes.Repeat([]byte{7}, 32), Rules: &Rules{}})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hex.DecodeString("bee9a72a8b80db85696940d9ab84d5c1f8afe70495e39d9bc198dd29e255b9970541355446fc2b88763a0e0ed0b8a7baa8e74dcb3a2b4064a52ed27fad91fc104ddb")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.openWords("0123", sealed); err != nil || got != "not me" {
		t.Errorf("opened %q, %v", got, err)
	}
	if _, err := v.openWords("0124", sealed); fault.CodeOf(err) != fault.StateCorrupt {
		t.Errorf("opened as another's: %v", err)
	}
}

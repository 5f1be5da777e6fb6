package seal

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

func sealer(t *testing.T, first byte) Sealer {
	t.Helper()
	s, err := New(bytes.Repeat([]byte{first}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsSealedOpensInItsPlaceUnderItsKeyAlone(t *testing.T) {
	s, plain := sealer(t, 7), []byte("a wrapped key")
	sealed := s.Seal(plain, "here")
	if got, err := s.Open(sealed, "here"); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("opened: %q, %v", got, err)
	}
	if again := s.Seal(plain, "here"); bytes.Equal(again, sealed) {
		t.Error("the same text is sealed to the same bytes twice")
	}
	altered := bytes.Clone(sealed)
	altered[len(altered)-1] ^= 1
	for name, attempt := range map[string]func() ([]byte, error){
		"another place": func() ([]byte, error) { return s.Open(sealed, "there") },
		"another key":   func() ([]byte, error) { return sealer(t, 8).Open(sealed, "here") },
		"altered":       func() ([]byte, error) { return s.Open(altered, "here") },
		"cut":           func() ([]byte, error) { return s.Open(sealed[:10], "here") },
		"nothing":       func() ([]byte, error) { return s.Open(nil, "here") },
	} {
		if got, err := attempt(); got != nil || fault.CodeOf(err) != fault.StateCorrupt {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestKeysHaveOneLength(t *testing.T) {
	for _, size := range []int{0, 16, 24, KeySize - 1, KeySize + 1} {
		if _, err := New(make([]byte, size)); fault.CodeOf(err) != fault.Internal {
			t.Errorf("a key of %d bytes: %v", size, err)
		}
	}
}

// TestEachPurposeHasAKeyOfItsOwn also pins the derivation: a key that comes out otherwise opens nothing that is stored.
func TestEachPurposeHasAKeyOfItsOwn(t *testing.T) {
	secret := bytes.Repeat([]byte{7}, 32)
	one, err := Derive(secret, "tallystick/entry/1|8cea5adc4ab6c9ed923e08fcf7afbe7a")
	if err != nil || hex.EncodeToString(one) != "519fb24f6d9eece6ea3aab8f42e38e7064c5d7e0b281e87c0d84b81ed6e7c5b4" {
		t.Errorf("derived %x, %v", one, err)
	}
	if other, err := Derive(secret, "another"); err != nil || bytes.Equal(one, other) {
		t.Errorf("another purpose's key is %x, %v", other, err)
	}
}

package signin

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// TestWhatIsStoredStaysReadable opens a secret and makes a hash as the first release did: databases are full of them.
func TestWhatIsStoredStaysReadable(t *testing.T) {
	k, err := newKeys(bytes.Repeat([]byte{7}, SecretSize))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hex.DecodeString("e67a1e669228fc5fb3c66b3d6123516ae4e47a565563b00340b6e44f3ec892b73f5a10f9b7498d506c860d9f08392b79")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.open("totp|person", sealed); err != nil || string(got) != "twenty bytes of seed" {
		t.Errorf("opened %q, %v", got, err)
	}
	if _, err := k.open("totp|another", sealed); fault.CodeOf(err) != fault.Internal {
		t.Errorf("opened for somebody else: %v", err)
	}
	if got := k.hash("use", "a", "b"); got != "fbc357b59adf85efd7734564e77c1ab5772051b37f3c1ca80785c6ab605b0f75" {
		t.Errorf("the hash is %s", got)
	}
}

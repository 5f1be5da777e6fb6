package webauthn_test

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

// FuzzCheck checks that whatever is taken says, also to the standard library's JSON decoder, what it must say, and that every refusal has the one code.
func FuzzCheck(f *testing.F) {
	for _, c := range cases {
		made := good()
		c.change(&made)
		f.Add(made.authenticatorData(), []byte(made.client))
	}
	f.Fuzz(func(t *testing.T, authenticatorData, client []byte) {
		a := webauthn.NewAssertion(authenticatorData, client)
		err := webauthn.Check(a, party, challenge)
		if _, digestErr := webauthn.Digest(a); (digestErr == nil) != (a.Validate() == nil) {
			t.Fatalf("Digest says %v, Validate %v", digestErr, a.Validate())
		}
		if err != nil {
			if fault.CodeOf(err) != fault.AuthInvalid {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		var members map[string]any
		if err := json.Unmarshal(client, &members); err != nil {
			t.Fatal(err)
		}
		where, _ := members["origin"].(string)
		cross, framed := members["crossOrigin"]
		if members["type"] != "webauthn.get" || members["challenge"] != encoded || !slices.Contains(party.Origins, where) || framed && cross != false {
			t.Fatalf("%s is taken", client)
		}
		id := sha256.Sum256([]byte(party.ID))
		flags := authenticatorData[32]
		if [32]byte(authenticatorData) != id || flags&(up|uv|at) != up|uv || flags&(be|bs) == bs || (flags&ed == 0) != (len(authenticatorData) == 37) {
			t.Fatalf("%x is taken", authenticatorData)
		}
	})
}

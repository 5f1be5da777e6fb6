package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/evidence"
)

func TestACertificateIsVerifiedOffline(t *testing.T) {
	certificate, err := wire.Encode(evidence.Certificate{V: 1, ID: "e", Brand: "airline", Salt: strings.Repeat("5", 64)})
	if err != nil {
		t.Fatal(err)
	}
	leaves := [][]byte{[]byte("another"), evidence.LeafOf(certificate), []byte("a third")}
	root, err := wire.Root(leaves)
	if err != nil {
		t.Fatal(err)
	}
	path, err := wire.Prove(leaves, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := json.Marshal(map[string]any{"certificate": json.RawMessage(certificate), "proof": evidence.Proof{Erasures: "batch", Root: root, Index: 1, Size: 3, Hashes: path}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		answer, root string
		holds        bool
	}{
		"as it is":     {string(answer), root, true},
		"altered":      {strings.Replace(string(answer), "airline", "hotel", 1), root, false},
		"another root": {string(answer), hex.EncodeToString(evidence.LeafOf(certificate)), false},
		"no proof":     {`{"certificate":{}}`, root, false},
		"no answer":    {`x`, root, false},
	} {
		var out bytes.Buffer
		command := command()
		command.SetArgs([]string{"certificate", "-", "--root", c.root})
		command.SetIn(strings.NewReader(c.answer))
		command.SetOut(&out)
		if err := command.Execute(); (err == nil) != c.holds || c.holds != strings.Contains(out.String(), "leaf 1 of 3") {
			t.Errorf("%s: %v, %q", name, err, out.String())
		}
	}
}

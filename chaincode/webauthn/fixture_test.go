package webauthn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/tallystick/tallystick/chaincode/webauthn"
)

const (
	site   = "example.org"
	origin = "https://example.org"
)

// The flags by their names in the specification.
const (
	up = 1 << 0
	uv = 1 << 2
	be = 1 << 3
	bs = 1 << 4
	at = 1 << 6
	ed = 1 << 7
)

var (
	party     = &webauthn.RelyingParty{ID: site, Origins: []string{origin, "https://wallet.example.org:8443"}}
	challenge = func() []byte { sum := sha256.Sum256([]byte("a mandate")); return sum[:] }()
	encoded   = base64.RawURLEncoding.EncodeToString(challenge)
)

// ceremony is everything that a client and an authenticator put into an assertion.
type ceremony struct {
	site       string
	flags      byte
	counter    uint32
	extensions []byte
	client     string
}

func good() ceremony { return ceremony{site: site, flags: up | uv, client: clientData(origin, "")} }

// clientData is what a browser writes, with further members after its own.
func clientData(origin, more string) string {
	return `{"type":"webauthn.get","challenge":"` + encoded + `","origin":"` + origin + `","crossOrigin":false` + more + `}`
}

func (c ceremony) authenticatorData() []byte {
	id := sha256.Sum256([]byte(c.site))
	return append(binary.BigEndian.AppendUint32(append(id[:], c.flags), c.counter), c.extensions...)
}

func (c ceremony) assertion() *webauthn.Assertion {
	return webauthn.NewAssertion(c.authenticatorData(), []byte(c.client))
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// sign gives an authenticator's signature, made from the specification's words and not with Digest.
func (c ceremony) sign(key *ecdsa.PrivateKey) []byte {
	client := sha256.Sum256([]byte(c.client))
	h := sha256.New()
	h.Write(c.authenticatorData())
	h.Write(client[:])
	signature, err := ecdsa.SignASN1(rand.Reader, key, h.Sum(nil))
	if err != nil {
		panic(err)
	}
	return signature
}

// byLibrary verifies the ceremony with go-webauthn, as a server would that has just sent the challenge.
func byLibrary(t interface {
	Helper()
	Fatal(...any)
}, c ceremony, key *ecdsa.PublicKey, signature []byte) error {
	t.Helper()
	raw, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	cose, err := webauthncbor.Marshal(webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: raw[1:33], YCoord: raw[33:],
	})
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	body, err := json.Marshal(map[string]any{"id": "aWQ", "rawId": "aWQ", "type": "public-key", "response": map[string]any{
		"authenticatorData": text(c.authenticatorData()), "clientDataJSON": text([]byte(c.client)), "signature": text(signature),
	}})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return err
	}
	return parsed.Verify(encoded, party.ID, "", party.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false, true, true, cose, protocol.SignaturePolicy{})
}

func refusedAs(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Fatalf("refused: %v", err)
	case want != "" && (err == nil || err.Error() != want):
		t.Fatalf("got %v, want %s", err, want)
	}
}

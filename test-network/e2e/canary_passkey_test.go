//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
	"github.com/tallystick/tallystick/network/nodeconfig"
)

// authenticator makes and uses one passkey (Web Authentication Level 3), as a device does that has verified its user.
type authenticator struct {
	key            *ecdsa.PrivateKey
	id             []byte
	user           string // Handle, base64url.
	origin, domain string
	used           uint32
}

// Flags of authenticator data (section 6.1).
const (
	userPresent  = 0x01
	userVerified = 0x04
	keyAttached  = 0x40
)

// ceremony is what the gateway asks for.
type ceremony struct {
	Token   string
	Options struct {
		Challenge string
		User      struct{ ID string }
	}
}

func newAuthenticator(t *testing.T, origin string) *authenticator {
	t.Helper()
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return &authenticator{key: must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), id: id, origin: origin, domain: nodeconfig.WalletHost}
}

// client is the client's part: what was asked, and by whom.
func (a *authenticator) client(t *testing.T, kind, challenge string) []byte {
	t.Helper()
	return must[[]byte](t)(json.Marshal(fields{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false}))
}

func (a *authenticator) data(flags byte) []byte {
	sum := sha256.Sum256([]byte(a.domain))
	a.used++
	return binary.BigEndian.AppendUint32(append(sum[:], flags), a.used)
}

// credential is the answer's outer form.
func (a *authenticator) credential(response fields) fields {
	return fields{"id": base64url(a.id), "rawId": base64url(a.id), "type": "public-key", "response": response}
}

func base64url(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// makes a passkey: ES256, without attestation.
func (a *authenticator) makes(t *testing.T, c ceremony) fields {
	t.Helper()
	a.user = c.Options.User.ID
	point := must[[]byte](t)(a.key.PublicKey.Bytes())[1:]
	cose := slices.Concat([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20}, point[:32], []byte{0x22, 0x58, 0x20}, point[32:])
	data := slices.Concat(a.data(userPresent|userVerified|keyAttached), make([]byte, 16), []byte{0, byte(len(a.id))}, a.id, cose)
	object := slices.Concat([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), []byte{byte(len(data))}, data)
	return a.credential(fields{"clientDataJSON": base64url(a.client(t, "webauthn.create", c.Options.Challenge)), "attestationObject": base64url(object)})
}

// signs what it is asked to.
func (a *authenticator) signs(t *testing.T, c ceremony) fields {
	t.Helper()
	said, data := a.client(t, "webauthn.get", c.Options.Challenge), a.data(userPresent|userVerified)
	hash := sha256.Sum256(said)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature := must[[]byte](t)(ecdsa.SignASN1(rand.Reader, a.key, digest[:]))
	return a.credential(fields{"clientDataJSON": base64url(said), "authenticatorData": base64url(data), "signature": base64url(signature), "userHandle": a.user})
}

// keys adds a passkey whose label is the customer's name, and signs in by it. Others that say canaries are refused.
func (v *visitor) keys() {
	v.t.Helper()
	ask := func(path string) ceremony {
		return decode[ceremony](v.t, v.succeeds("POST", path, fields{}).body)
	}
	begin := func() ceremony {
		return decode[ceremony](v.t, v.succeeds("POST", "/v1/me/passkeys/challenges", nil).body)
	}
	device := newAuthenticator(v.t, nodeconfig.WalletOrigin(v.p.members, "airline"))
	stranger := newAuthenticator(v.t, "https://canary.example/?"+v.g.email)
	c := begin()
	v.refused(fault.SignInRefused, "POST", "/v1/me/passkeys", fields{"token": c.Token, "credential": stranger.makes(v.t, c), "label": v.g.name})
	c = begin()
	v.call("POST", "/v1/me/passkeys", fields{"token": c.Token, "credential": device.makes(v.t, c), "label": strings.Repeat(v.g.name, 3)})
	c = begin()
	v.succeeds("POST", "/v1/me/passkeys", fields{"token": c.Token, "credential": device.makes(v.t, c), "label": v.g.name})
	c = ask("/v1/sign-in/passkeys/challenges")
	v.refused(fault.SignInRefused, "POST", "/v1/sign-in/passkeys", fields{"token": c.Token, "credential": stranger.signs(v.t, c)})
	c = ask("/v1/sign-in/passkeys/challenges")
	v.took(v.succeeds("POST", "/v1/sign-in/passkeys", fields{"token": c.Token, "credential": device.signs(v.t, c), "delivery": "token"}))
	if list := ok[client.MyPasskeys](v.t, v.call("GET", "/v1/me/passkeys", nil)).Passkeys; len(list) != 1 || list[0].Label != v.g.name {
		v.t.Errorf("the passkeys are %+v", list)
	}
}

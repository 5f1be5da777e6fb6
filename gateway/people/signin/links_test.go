package signin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

func sign(t *testing.T, key *ecdsa.PrivateKey, digest []byte) string {
	t.Helper()
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		t.Fatal(err)
	}
	return points.SignatureOver(r, s)
}

func TestAnAccountIsLinkedByItsControllersSignatureOnly(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.register("ada@example.org"), w.register("bob@example.org")
	key := do[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	other := do[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	controller := points.Controller{Kind: points.ControllerP256, Version: 1, Key: do[string](t)(points.EncodePublicKey(&key.PublicKey))}
	request := LinkRequest{Genesis: strings.Repeat("a", 64), Gateway: "airline", Programme: "hotel", Account: points.AccountID(strings.Repeat("1", 32))}
	begin := func() PreparedLink { return do[PreparedLink](t)(w.BeginLink(t.Context(), ada.Person, request)) }
	confirm := func(person PersonID, p PreparedLink, signature string, c points.Controller) error {
		account, err := w.ConfirmLink(t.Context(), person, Signed{Token: p.Token, Signature: signature}, c, &webauthn.RelyingParty{})
		if err == nil && account != request.Account {
			t.Errorf("linked %s", account)
		}
		return err
	}
	p := begin()
	if !strings.Contains(p.Canonical, `"gateway":"airline"`) || strings.Contains(p.Canonical, string(ada.Person)) {
		t.Errorf("%s", p.Canonical)
	}
	w.refuses(confirm(ada.Person, p, sign(t, other, p.Digest), controller), "another key")
	w.refuses(confirm(bob.Person, p, sign(t, key, p.Digest), controller), "another person")
	w.refuses(confirm(ada.Person, p, sign(t, key, begin().Digest), controller), "what was prepared another time")
	w.refuses(confirm(ada.Person, p, sign(t, key, p.Digest), points.Controller{Kind: points.ControllerCustodian}), "an account in custody")
	if err := confirm(ada.Person, p, sign(t, key, p.Digest), controller); err != nil {
		t.Fatal(err)
	}
	w.refuses(confirm(ada.Person, p, sign(t, key, p.Digest), controller), "a second time")
	late := begin()
	w.pass(lifetimes[awaitsLink])
	w.refuses(confirm(ada.Person, late, sign(t, key, late.Digest), controller), "late")
}

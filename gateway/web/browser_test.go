package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	cdp "github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/gateway/web"
)

// chromium is a headless Chromium with a virtual authenticator at a page of the wallet; api answers below /v1/.
func chromium(t *testing.T, api http.Handler) (ctx context.Context, origin string) {
	t.Helper()
	found, err := exec.Command("../../scripts/chromium.sh").Output()
	if err != nil {
		t.Fatalf("no Chromium: %v", err)
	}
	w, err := web.New("Airline")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", w)
	mux.Handle("/v1/", api)
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux}}
	s.Start()
	t.Cleanup(s.Close)
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(strings.TrimSpace(string(found))), chromedp.UserDataDir(t.TempDir())}
	for _, flag := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, end := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(end)
	ctx, end = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	t.Cleanup(end)
	page := ctx
	t.Cleanup(func() { _ = chromedp.Cancel(page) }) // Closes the browser and waits for it, so that nothing is written into its profile any more.
	origin = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	err = chromedp.Run(ctx, chromedp.Navigate(origin+web.Path+"sign-in"), cdp.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdp.AddVirtualAuthenticator(&cdp.VirtualAuthenticatorOptions{
			Protocol: cdp.AuthenticatorProtocolCtap2, Transport: cdp.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return ctx, origin
}

func run(t *testing.T, ctx context.Context, expression string, into any) {
	t.Helper()
	wait := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	if err := chromedp.Run(ctx, chromedp.Evaluate(expression, into, wait)); err != nil {
		t.Fatal(err)
	}
}

// TestAPasskeyInTheWalletSignsAsTheLedgerWants has the wallet's own scripts make a passkey and sign with it, often enough that signatures with high s come up, and checks
// everything as chaincode does.
func TestAPasskeyInTheWalletSignsAsTheLedgerWants(t *testing.T) {
	ctx, origin := chromium(t, http.NotFoundHandler())
	text := func(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
	var made struct {
		ID       string `json:"id"`
		Response struct {
			AttestationObject string `json:"attestationObject"`
		} `json:"response"`
	}
	run(t, ctx, fmt.Sprintf(`import("/wallet/static/tally.js").then((m) => m.createPasskey({challenge: %q, rp: {id: "localhost", name: "Airline"}, user: {id: %q, name: "a", displayName: "a"},
		pubKeyCredParams: [{type: "public-key", alg: -7}], authenticatorSelection: {residentKey: "required", userVerification: "required"}, excludeCredentials: []}))`,
		text(make([]byte, 32)), text(make([]byte, 32))), &made)
	raw, err := base64.RawURLEncoding.DecodeString(made.Response.AttestationObject)
	if err != nil {
		t.Fatal(err)
	}
	var attestation protocol.AttestationObject
	if err := webauthncbor.Unmarshal(raw, &attestation); err != nil {
		t.Fatal(err)
	}
	if err := attestation.AuthData.Unmarshal(attestation.RawAuthData); err != nil {
		t.Fatal(err)
	}
	parsed, err := webauthncose.ParsePublicKey(attestation.AuthData.AttData.CredentialPublicKey)
	if err != nil {
		t.Fatal(err)
	}
	cose, is := parsed.(webauthncose.EC2PublicKeyData)
	if !is {
		t.Fatalf("the key is a %T", parsed)
	}
	key, err := p256.ParseKey(text(append(append([]byte{4}, cose.XCoord...), cose.YCoord...)))
	if err != nil {
		t.Fatal(err)
	}
	rp := &webauthn.RelyingParty{ID: "localhost", Origins: []string{origin}}
	for i := range 12 {
		digest := sha256.Sum256([]byte{byte(i)})
		var signed struct {
			Signature string              `json:"signature"`
			WebAuthn  *webauthn.Assertion `json:"webauthn"`
		}
		run(t, ctx, fmt.Sprintf(`import("/wallet/static/operations.js").then((m) => m.passkeySignature({challenge: %q, relyingParty: "localhost"}, %q))`, text(digest[:]), made.ID), &signed)
		if err := webauthn.Check(signed.WebAuthn, rp, digest[:]); err != nil {
			t.Fatal(err)
		}
		covered, err := webauthn.Digest(signed.WebAuthn)
		if err != nil || !p256.Verify(key, covered, signed.Signature) {
			t.Fatalf("signature %d is not one of the ledger's: %v", i, err)
		}
	}
}

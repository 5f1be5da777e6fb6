package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/signin"
)

// genesis is the scripted network's.
var genesis = strings.Repeat("c", 64)

// statement is what a gateway asks an account's controller to sign.
func statement(t *testing.T, programme, gateway string, notAfter time.Time) string {
	t.Helper()
	raw, err := wire.Encode(signin.LinkStatement{
		Purpose: "tallystick account link", Genesis: genesis, Gateway: gateway, Programme: programme, Account: points.AccountID(mine), Nonce: "bm9uY2U", NotAfter: notAfter.Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// brands are the airline with its wallet at one origin and the hotel with its own at another.
func brands(airline, hotel string) map[string]any {
	return map[string]any{
		"partners": []any{
			map[string]any{"member": "airline", "name": "Airline Miles", "own": true, "genesis": genesis, "relyingParty": "localhost", "wallets": []string{airline}},
			map[string]any{"member": "hotel", "name": "Hotel Nights", "own": false, "genesis": genesis, "relyingParty": "localhost", "wallets": []string{hotel}},
		},
		"exclusions": []any{map[string]any{"account": mine, "everyone": false, "partners": []string{"hotel"}}},
	}
}

const hotelOrigin = "https://wallet.hotel.example"

// carries is the part of an address behind the # that takes something from one wallet to another.
func carries(t *testing.T, given map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// passkey makes one in the virtual authenticator and gives its id.
func (p *phone) passkey() string {
	p.t.Helper()
	p.do(chromedp.Navigate(p.origin+"/wallet/sign-in"), chromedp.WaitReady("body[data-ready]"))
	zeros := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	var made struct {
		ID string `json:"id"`
	}
	run(p.t, p.ctx, fmt.Sprintf(`import("/wallet/static/tally.js").then((m) => m.createPasskey({challenge: %q, rp: {id: "localhost", name: "Airline"}, user: {id: %q, name: "a", displayName: "a"},
		pubKeyCredParams: [{type: "public-key", alg: -7}], authenticatorSelection: {residentKey: "required", userVerification: "required"}, excludeCredentials: []}))`, zeros, zeros), &made)
	return made.ID
}

func TestAnAccountIsLinkedThroughItsOwnBrandsWallet(t *testing.T) {
	p := openPhone(t, map[string]any{"POST /v1/me/accounts/links": fault.SignInRefused})
	p.api.set("GET /v1/me/partners", brands(p.origin, hotelOrigin))
	asks := statement(t, "hotel", "airline", time.Now().Add(time.Minute))
	p.api.set("POST /v1/me/accounts/links/challenges", map[string]any{"token": "bm9uY2U", "canonical": asks, "digest": "d", "challenge": "c", "relyingParty": "hotel.example"})
	p.visit("link")
	p.fill("#account", mine)
	p.click("#link-form button")
	if p.api.was("links/challenges") {
		t.Fatal("it goes on before the customer has read the notice")
	}
	p.click("#agreed")
	p.click("#link-form button")
	p.reads("#elsewhere", "Go to Hotel Nights")
	p.fits("link-elsewhere")
	var href string
	run(t, p.ctx, `Promise.resolve(document.getElementById("go").href)`, &href)
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(href, hotelOrigin+"/wallet/vouch#"))
	var carried struct{ Statement, Back string }
	if err != nil || json.Unmarshal(raw, &carried) != nil || carried.Statement != asks || carried.Back != p.origin {
		t.Errorf("the link to the hotel is %s", href)
	}
	back := carries(t, map[string]any{"token": "bm9uY2U", "signature": "s", "webauthn": map[string]any{}})
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.origin+"/wallet/link#"+back))
	p.reads("#message.bad", "wrong, used or too old")
	p.api.set("POST /v1/me/accounts/links", nil)
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.origin+"/wallet/link#"+back))
	p.reads("#message.good", "is added")
}

// TestAnAccountIsLinkedByASignatureOfAKeyOutsideOfTheBrowser has the customer copy the statement from the page, sign it elsewhere with the account's P-256 key, and paste the signature.
func TestAnAccountIsLinkedByASignatureOfAKeyOutsideOfTheBrowser(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := points.EncodePublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := p256.ParseKey(public)
	if err != nil {
		t.Fatal(err)
	}
	asks := statement(t, "hotel", "airline", time.Now().Add(time.Minute))
	p := openPhone(t, map[string]any{
		"POST /v1/me/accounts/links":            fault.SignInRefused,
		"POST /v1/me/accounts/links/challenges": map[string]any{"token": "bm9uY2U", "canonical": asks, "digest": "d"}, // No challenge: the key is no passkey.
	})
	p.visit("link")
	p.fill("#account", mine)
	p.click("#agreed")
	p.click("#link-form button")
	p.reads("#statement", "tallystick account link")
	p.fits("link-by-key")
	var shown, focus string
	p.do(chromedp.Evaluate(`document.getElementById("statement").textContent`, &shown), chromedp.Evaluate(`document.activeElement.id`, &focus))
	if shown != asks || focus != "by-key-title" {
		t.Fatalf("the page has %s to be signed, and the focus is at %s", shown, focus)
	}
	digest := sha256.Sum256([]byte(shown))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := points.SignatureOver(r, s)
	p.fill("#signature", " "+signature+" ") // As it is copied.
	p.click("#key-form button")
	p.reads("#message.bad", "wrong, used or too old")
	p.api.set("POST /v1/me/accounts/links", nil)
	p.click("#key-form button")
	p.reads("#message.good", "is added")
	sent := p.api.all("POST /v1/me/accounts/links {")
	var body struct{ Token, Signature string }
	if len(sent) != 2 || json.Unmarshal([]byte(strings.TrimPrefix(sent[1], "POST /v1/me/accounts/links ")), &body) != nil {
		t.Fatalf("sent: %v", sent)
	}
	if body.Token != "bm9uY2U" || !p256.Verify(verifier, digest[:], body.Signature) {
		t.Errorf("what arrives isn't the key's signature of what was shown: %+v", body)
	}
}

func TestTheWalletVouchesForAnAccountToAWalletOfTheNetworkAlone(t *testing.T) {
	p := openPhone(t, map[string]any{})
	p.api.set("GET /v1/me/partners", brands(p.origin, hotelOrigin))
	account := position(mine, 10)
	account["passkey"] = p.passkey()
	p.api.set("GET /v1/me/accounts", map[string]any{"accounts": []any{account}})
	soon := time.Now().Add(time.Minute)
	good := statement(t, "airline", "hotel", soon)
	for name, given := range map[string]map[string]any{
		"a stranger's page":                 {"statement": good, "back": "https://evil.example"},
		"too old":                           {"statement": statement(t, "airline", "hotel", time.Now().Add(-time.Minute)), "back": hotelOrigin},
		"good for hours":                    {"statement": statement(t, "airline", "hotel", time.Now().Add(time.Hour)), "back": hotelOrigin},
		"another network's":                 {"statement": strings.Replace(good, genesis, strings.Repeat("d", 64), 1), "back": hotelOrigin},
		"null":                              {"statement": "null", "back": hotelOrigin},
		"another programme's":               {"statement": statement(t, "grocer", "hotel", soon), "back": hotelOrigin},
		"something that could be a mandate": {"statement": strings.Replace(good, `"account"`, `"Account"`, 1), "back": hotelOrigin},
		"something more in it":              {"statement": strings.Replace(good, `{`, `{"a":1,`, 1), "back": hotelOrigin},
		"nothing":                           {},
	} {
		p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.origin+"/wallet/vouch#"+carries(t, given)), chromedp.WaitReady("body[data-ready]"))
		var hidden bool
		run(t, p.ctx, `Promise.resolve(document.getElementById("ask").hidden && !document.getElementById("nothing").hidden)`, &hidden)
		if !hidden {
			t.Errorf("%s is offered for signing, or not said to be nothing", name)
		}
		if kept := p.kept(); kept != "" {
			t.Errorf("%s: the tab keeps %s", name, kept)
		}
	}
	given := carries(t, map[string]any{"statement": good, "back": hotelOrigin})
	p.do(chromedp.Evaluate(`location.hash = "`+given+`"`, nil)) // Followed while the page is open.
	p.reads("#ask", "Hotel Nights wants to show you this account")
	var address string
	p.do(chromedp.Evaluate(`location.href`, &address))
	if strings.Contains(address, given) || p.kept() != given {
		t.Errorf("the statement stays in the address bar, %s, or isn't kept", address)
	}
	p.click("#refuse")
	p.do(chromedp.WaitReady(`body[data-page="overview"]`))
	if kept := p.kept(); kept != "" {
		t.Errorf("it was refused, and the tab keeps %s", kept)
	}
	p.visit("vouch#" + given)
	p.reads("#ask", "Hotel Nights wants to show you this account")
	p.click("#agreed")
	p.click("#vouch-form button")
	p.reads("#done", "Back to Hotel Nights")
	p.fits("vouch-signed")
	var href string
	run(t, p.ctx, `Promise.resolve(document.getElementById("return").href)`, &href)
	if !strings.HasPrefix(href, hotelOrigin+"/wallet/link#") {
		t.Fatalf("the way back is %s", href)
	}
	signs(t, href, good)
}

// signs checks that what an address takes back was signed for a statement.
func signs(t *testing.T, address, statement string) {
	t.Helper()
	_, fragment, _ := strings.Cut(address, "#")
	raw, err := base64.RawURLEncoding.DecodeString(fragment)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Token, Signature string
		WebAuthn         struct{ AuthenticatorData, ClientDataJSON string }
	}
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	client, err := base64.RawURLEncoding.DecodeString(back.WebAuthn.ClientDataJSON)
	if err != nil {
		t.Fatal(err)
	}
	var data struct{ Type, Challenge string }
	if err := json.Unmarshal(client, &data); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(statement))
	if data.Type != "webauthn.get" || data.Challenge != base64.RawURLEncoding.EncodeToString(digest[:]) || back.Token != "bm9uY2U" || back.Signature == "" || back.WebAuthn.AuthenticatorData == "" {
		t.Errorf("what was signed is %s in %s", client, raw)
	}
}

func TestBrandsAreExcludedAndLetInAgain(t *testing.T) {
	p := openPhone(t, map[string]any{
		"POST /v1/me/operations/prepare": map[string]any{"operation": map[string]any{"kind": "optin"}},
		"POST /v1/me/operations":         map[string]any{"id": strings.Repeat("f", 32), "status": "DONE"},
	})
	p.api.set("GET /v1/me/partners", brands(p.origin, hotelOrigin))
	p.visit("partners")
	p.reads("#exclusions", "excluded")
	p.click(`[aria-label="Allow again: Hotel Nights"]`)
	p.reads("#message", "allowed again")
	p.click(`[aria-label="Exclude: All other brands"]`)
	p.reads("#message", "All other brands are excluded")
	if !p.api.was("prepare", `"kind":"optin"`, `"partner":"hotel"`) || !p.api.was("prepare", `"kind":"optout"`, `"partner":"*"`) {
		t.Errorf("sent: %v", p.api.sent)
	}
}

func TestAChangeOfKeyThatIsAskedForIsShownAndStopped(t *testing.T) {
	account := position(mine, 10)
	account["position"].(map[string]any)["recovery"] = map[string]any{"operation": theirs, "from": time.Now().Add(72 * time.Hour).Unix(), "controller": map[string]any{"kind": "p256", "version": 2}}
	p := openPhone(t, map[string]any{
		"GET /v1/me/accounts":            map[string]any{"accounts": []any{account}},
		"GET /v1/me/history":             map[string]any{"entries": []any{}},
		"GET /v1/me/transfers":           map[string]any{"incoming": []any{}, "outgoing": []any{}},
		"POST /v1/me/operations/prepare": map[string]any{"operation": map[string]any{"kind": "veto"}},
		"POST /v1/me/operations":         map[string]any{"id": strings.Repeat("f", 32), "status": "DONE"},
	})
	p.visit("?recovery")
	p.reads("#recoveries", "Somebody wants another key")
	p.api.set("POST /v1/me/operations", pending)
	p.click("#recoveries button")
	p.reads("#message", "in a moment")
	p.api.set("POST /v1/me/operations", map[string]any{"id": strings.Repeat("f", 32), "status": "DONE"})
	p.api.set("GET /v1/me/accounts", map[string]any{"accounts": []any{position(mine, 10)}})
	p.click("#recoveries button")
	p.reads("#message", "It is stopped")
	var left int
	run(t, p.ctx, `Promise.resolve(document.getElementById("recoveries").children.length)`, &left)
	if left != 0 || !p.api.was("prepare", `"kind":"veto"`) {
		t.Errorf("%d are left; sent %v", left, p.api.sent)
	}
}

//go:build network

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// TestWalletInABrowser is a customer's first hour: register, a passkey, sign in with it, make it the only key that spends, redeem with it at a till.
func TestWalletInABrowser(t *testing.T) {
	b := openBrowser(t, three, "airline")
	address, account := b.register("ada", "Ada Lovelace")
	if !strings.HasPrefix(b.text("#accounts .figure"), "0") {
		t.Errorf("a new account holds %s points", b.text("#accounts .figure"))
	}
	ok[operation](t, three.submit(t, "airline", three.purchase(t, "airline", account, 50_000)))
	b.visit("overview")
	b.reads("#accounts .figure", "500")
	b.reads("#history", "Earned")
	b.picture("3-overview")

	b.visit("security")
	b.fill("#label", "My phone")
	b.click("#passkey-form button")
	b.reads("#passkeys", "My phone")
	b.picture("4-security")
	b.click("#sign-out")
	b.ready("sign-in")
	b.click("#passkey")
	b.ready("overview")
	b.reads("#accounts .figure", "500")

	b.visit("security")
	b.reads("#sessions", "passkey")
	b.click("#control button")
	b.reads("#message", "new key")
	if c := three.account(t, "airline", account).Controller; c.Kind != points.ControllerWebAuthn || c.Version != 1 {
		t.Fatalf("the account's controller is %+v", c)
	}
	b.redeem(t, account)
	b.app(t)
	b.givesPointsAway(t, account)
	b.stopsAnotherKey(t, account)
	three.foundingPolicyAgain(t)
	b.visit("data")
	b.reads("#addresses", address)
	b.picture("7-data")
	b.decides(t)
	b.seesWhatIsDone(t)
	b.answersASurvey(t)
	b.excludes(t, account)
	b.seesAnotherBrandToo(t)
}

// register makes a customer and gives their address and account.
func (b *browser) register(nick, name string) (address, account string) {
	b.t.Helper()
	address = nick + "-" + randomHex(4) + "@example.com"
	b.visit("sign-in")
	b.picture("1-sign-in")
	b.enter(address)
	b.fill("#code", b.code(address))
	b.click("#confirm-form button")
	b.fill("#name", name)
	b.picture("2-register")
	b.click("#register-form button")
	b.ready("overview")
	return address, b.text("#accounts .id")
}

// enter asks for a code.
func (b *browser) enter(address string) {
	b.t.Helper()
	b.fill("#value", address)
	b.click("#ask-form button")
}

// redeem signs what a till prepares with the passkey, in the page, and has the till send it.
func (b *browser) redeem(t *testing.T, account string) {
	t.Helper()
	refused(t, three.submit(t, "airline", redemption(account, 10)), fault.AuthInvalid)
	sale := redemption(account, 10).with(fields{"authentication": nil})
	prepared := ok[map[string]any](t, three.call(t, "airline", request{
		method: "POST", path: "/v1/mandates", key: three.key(t, "airline", "till"), body: fields{"operation": sale},
	}))
	shown := must[[]byte](t)(json.Marshal(prepared))
	var signed map[string]any
	b.run(fmt.Sprintf(`import("/wallet/static/operations.js").then((m) => m.passkeySignature(%s))`, shown), &signed)
	signed["mandate"] = prepared["mandate"]
	operation := prepared["operation"].(map[string]any)
	operation["authorisation"] = signed
	ok[map[string]any](t, three.submit(t, "airline", operation))
	refused(t, three.submit(t, "airline", fields(operation).with(fields{"receiptNumber": unique("r")})), fault.AuthReplayed)
	b.visit("overview")
	b.reads("#accounts .figure", "490")
}

// app sets an authenticator app up, signs in with a code and the app's, and shows that a code serves once.
func (b *browser) app(t *testing.T) {
	t.Helper()
	b.visit("security")
	b.click("#app-begin")
	secret := strings.ReplaceAll(b.text("#app-secret"), " ", "")
	b.picture("5-authenticator")
	b.fill("#app-code", must[string](t)(totp.GenerateCode(secret, time.Now())))
	b.click("#app-form button")
	b.reads("#app-on", "set up")
	b.click("#recovery-renew")
	b.reads("#recovery-left", "10")
}

// foundingPolicyAgain publishes the airline's first data policy as the next version: other tests on this network publish ones of their own.
func (c *consortium) foundingPolicyAgain(t *testing.T) {
	t.Helper()
	first := ok[struct{ Document privacy.Policy }](t, c.call(t, "airline", request{method: "GET", path: "/v1/programmes/airline/data-policies/1"})).Document
	operator := c.programme(t, "airline", membership.OperatorRole, "airline")
	first.Version = len(must[privacy.Policies](t)(operator.DataPolicies(t.Context())).Versions) + 1
	first.From = must[quantity.Day](t)(quantity.ParseDay(c.businessDate(t, "airline")))
	published := must[wire.Published](t)(operator.PublishDataPolicy(t.Context(), first))
	until(t, "the founding policy to be shown again", func() bool {
		list := ok[struct{ Publications []points.Publication }](t, c.call(t, "airline", request{method: "GET", path: "/v1/programmes/airline/data-policies"}))
		return list.Publications[len(list.Publications)-1].Hash == published.Hash
	})
}

// decides gives the hotel a consent, signed with the passkey, and takes it back.
func (b *browser) decides(t *testing.T) {
	t.Helper()
	b.visit("consents")
	b.reads("#policy", "encrypted under a key of your own")
	tomorrow := time.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	b.do(chromedp.SetValue("#grantee", "hotel"), chromedp.SetValue("#purpose", "service"), chromedp.SetValue("#until", tomorrow))
	b.click(`input[name=attribute][value=name]`)
	b.click("#wish-form button")
	b.reads("#notice-text", "to serve you better when you are there")
	b.picture("8-consent")
	b.click("#agree")
	b.reads("#message", "Your consent is recorded")
	until(t, "the consent to be in force", func() bool {
		b.visit("consents")
		return strings.Contains(b.text("#consents"), "in force")
	})
	b.click("#consents .row button")
	until(t, "the consent to be withdrawn", func() bool {
		b.visit("consents")
		return strings.Contains(b.text("#consents"), "withdrawn")
	})
	b.picture("9-withdrawn")
}

// seesWhatIsDone walks through the pages that tell the customer what is known, decided and would be erased.
func (b *browser) seesWhatIsDone(t *testing.T) {
	t.Helper()
	b.visit("access-log")
	b.reads("#log", "You")
	b.picture("10-access-log")
	b.visit("code")
	var width int
	b.run(`new Promise((done) => { const p = document.getElementById("picture"); const look = () => p.naturalWidth ? done(p.naturalWidth) : setTimeout(look, 50); look(); })`, &width)
	if width < 100 {
		t.Errorf("the identification code is %d pixels wide", width)
	}
	b.picture("11-code")
	b.visit("notices")
	b.reads("#empty", "Nothing has been decided")
	for _, told := range []string{"A passkey was added", "An authenticator app was set up", "New recovery codes were made", "Another key controls an account"} {
		b.reads("#events", told)
	}
	b.picture("14-notices")
	b.visit("security")
	b.reads("#events", "You registered")
	b.isTold("a passkey was added", "another key controls an account")
	b.visit("erasure")
	b.reads("#forfeit", "0 points are forfeited") // The account is under the customer's own key.
	b.picture("13-erasure")
}

//go:build network

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// givesPointsAway sends points to a friend's account and gives some with a link: who is told what before, what arrives, what is taken back, and what both find in their history. The friend's
// account is in the brand's custody, the giver's under her passkey.
func (b *browser) givesPointsAway(t *testing.T, account string) {
	t.Helper()
	friend := openBrowser(t, three, "airline")
	address, other := friend.register("bob", "Bob Babbage")

	b.sends(fields{"kind": "transfer", "to": other, "points": 9999})
	if said := b.text("#message.bad"); said != "There are not enough points." {
		t.Errorf("a refusal is told as %q", said)
	}
	b.sends(fields{"kind": "transfer", "to": other, "points": 25})
	b.reads("#result", "25 points wait")
	friend.visit("overview")
	friend.reads("#waiting", "offers you points")
	friend.reads("#history", "Offered to you")
	friend.visit("transfers")
	friend.picture("6-waiting")
	friend.click("#incoming button:not(.quiet)")
	friend.agrees()
	friend.reads("#message", "are yours")

	b.sends(fields{"kind": "gift", "points": 30})
	b.picture("6-gift")
	friend.opens(b.text("#claim"))
	friend.agrees()
	friend.reads("#message", "are yours")
	friend.visit("overview")
	friend.reads("#accounts .figure", "55")
	friend.reads("#history", "+30")

	b.sends(fields{"kind": "transfer", "to": other, "points": 5})
	friend.visit("transfers")
	friend.click("#incoming button.quiet")
	friend.reads("#message", "goes back to the sender")
	friend.visit("transfers") // Remembered by the gateway.
	friend.reads("#incoming", "Nothing.")
	b.sends(fields{"kind": "gift", "points": 7})
	link := b.text("#claim")
	b.visit("transfers")
	for range 2 {
		b.click("#outgoing button")
		b.reads("#message", "free again")
	}
	friend.opens(link)
	if said := friend.text("#message.bad"); !strings.Contains(said, "isn't waiting any more") {
		t.Errorf("a gift that was taken back is told as %q", said)
	}
	b.visit("overview")
	b.reads("#accounts .figure", "435")
	b.reads("#history", "Taken by the other")
	b.picture("6-history")
	if a := three.account(t, "airline", account); a.Held != 0 || a.Posted != 435 {
		t.Errorf("the giver has %d posted and %d held", a.Posted, a.Held)
	}
	friend.repeats(t, address, other)
}

// repeats confirms a gift from custody, gives another proof, and confirms the same once more, as a page does that had no answer: it is answered as before, the gift's code included.
func (b *browser) repeats(t *testing.T, address, account string) {
	t.Helper()
	type answer struct {
		ID, ClaimCode string
		Duplicate     bool
	}
	var first, again, told answer
	var token string
	b.run(fmt.Sprintf(`(async () => {
		window.operations = await import("/wallet/static/operations.js");
		window.prepared = await operations.prepare({kind: "gift", account: %q, points: 3});
		return operations.submit(prepared, prepared.notice);
	})()`, account), &first)
	b.run(fmt.Sprintf(`import("/wallet/static/tally.js").then(async (m) => (await m.api("POST", "/v1/me/proofs/codes", {address: {kind: "email", value: %q}})).token)`, address), &token)
	proof := fmt.Sprintf(`{method: "code", token: %q, code: %q, address: {kind: "email", value: %q}}`, token, b.code(address), address)
	b.run(`import("/wallet/static/tally.js").then((m) => m.api("POST", "/v1/me/proofs", `+proof+`))`, nil)
	b.run(`operations.submit(prepared, prepared.notice)`, &again)
	b.run(`import("/wallet/static/tally.js").then((m) => m.api("GET", "/v1/me/operations", undefined, {"Idempotency-Key": prepared.key}))`, &told)
	for _, a := range []answer{again, told} {
		if first.ClaimCode == "" || a.ID != first.ID || a.ClaimCode != first.ClaimCode || !a.Duplicate {
			t.Errorf("first answered with %+v, then with %+v", first, a)
		}
	}
	if held := three.account(t, "airline", account).Held; held != 3 {
		t.Errorf("%d points are held for one gift of 3", held)
	}
}

// sends fills in the page for sending, and confirms once the notice was shown.
func (b *browser) sends(what fields) {
	b.t.Helper()
	b.visit("send")
	b.click(fmt.Sprintf("[value=%s]", what["kind"]))
	b.fill("#points", fmt.Sprint(what["points"]))
	if to, is := what["to"].(string); is {
		b.fill("#to", to)
	}
	b.click("#send-form button")
	b.picture("6-notice")
	b.agrees()
	b.do(chromedp.WaitVisible("#done:not([hidden]), #message.bad"))
}

// agrees confirms what every member of the network will see.
func (b *browser) agrees() {
	b.t.Helper()
	b.reads("#notice", "Every member of the network sees")
	b.click("#agreed")
	b.click("#agree-form button")
}

// opens follows a gift's link.
func (b *browser) opens(link string) {
	b.t.Helper()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link))
	b.ready("transfers")
	b.click("#gift-form button")
	b.do(chromedp.WaitVisible("#agree:not([hidden]), #message.bad"))
}

package web_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// Ids of the scripted accounts.
var (
	mine   = strings.Repeat("1", 32)
	theirs = strings.Repeat("2", 32)
)

// pending is the answer to an operation that is recorded and not on the ledger yet.
var pending = map[string]any{"id": strings.Repeat("f", 32), "status": "PENDING"}

// position is an account of the airline's as the API tells it.
func position(id string, spendable int) map[string]any {
	return map[string]any{
		"programme": "airline", "name": "Airline Miles", "own": true,
		"position": map[string]any{
			"id": id, "programme": "airline", "status": "ACTIVE", "posted": spendable, "spendable": spendable, "held": 0, "pending": 0, "waiting": 0, "debt": 0,
			"lots": []any{}, "suspense": []any{}, "holds": []any{}, "expiries": []any{}, "counters": []any{}, "controller": map[string]any{"kind": "custodian", "version": 0},
		},
	}
}

func transfer(n, kind, from, to string) map[string]any {
	o := map[string]any{"hold": strings.Repeat(n, 32), "kind": kind, "programme": "airline", "from": from, "points": 1250, "until": time.Now().Add(72 * time.Hour).Unix()}
	if to != "" {
		o["to"] = to
	}
	return o
}

func TestTransfersAreTakenLeftAndTakenBack(t *testing.T) {
	taken := transfer("a", "transfer", theirs, mine)
	p := openPhone(t, map[string]any{
		"GET /v1/me/accounts":      map[string]any{"accounts": []any{position(mine, 500)}},
		"GET /v1/me/history":       map[string]any{"entries": []any{}},
		"GET /v1/me/transfers":     map[string]any{"incoming": []any{taken, transfer("b", "transfer", theirs, mine)}, "outgoing": []any{transfer("c", "gift", mine, ""), transfer("d", "transfer", mine, theirs)}},
		"GET /v1/me/muted-senders": map[string]any{"accounts": []any{}},
		"PUT /v1/me/transfers/" + strings.Repeat("b", 32) + "/refusal": nil,
		"PUT /v1/me/muted-senders/" + theirs:                           nil,
		"DELETE /v1/me/muted-senders/" + theirs:                        nil,
		"POST /v1/me/operations/prepare":                               map[string]any{"operation": map[string]any{"kind": "accept", "account": mine}, "notice": map[string]any{"text": "Every member sees it.", "hash": "h"}},
		"POST /v1/me/operations":                                       map[string]any{"id": strings.Repeat("f", 32), "status": "DONE"},
	})
	p.visit("")
	p.reads("#waiting", "offers you points")
	p.api.set("GET /v1/me/transfers", map[string]any{"incoming": []any{}, "outgoing": []any{}, "next": "n"})
	p.visit("?muted")
	var announced string
	p.do(chromedp.Evaluate(`document.getElementById("waiting").innerText`, &announced))
	if announced != "" {
		t.Errorf("of offers that the customer doesn't want to see it says %q", announced)
	}
	p.api.set("GET /v1/me/transfers", map[string]any{"incoming": []any{taken, transfer("b", "transfer", theirs, mine)}, "outgoing": []any{transfer("c", "gift", mine, ""), transfer("d", "transfer", mine, theirs)}})
	p.visit("transfers")
	outgoing := []any{transfer("c", "gift", mine, ""), transfer("d", "transfer", mine, theirs)}
	p.api.set("GET /v1/me/transfers", map[string]any{"incoming": []any{taken}, "outgoing": outgoing, "next": "n"})
	p.click("#incoming li:nth-child(2) button.quiet")
	p.reads("#message", "goes back to the sender")
	p.api.set("GET /v1/me/transfers", map[string]any{"incoming": []any{transfer("e", "transfer", theirs, mine)}, "outgoing": []any{}})
	p.click("#more")
	p.reads("#incoming li:nth-child(2)", "1,250 points")
	p.api.set("GET /v1/me/transfers", map[string]any{"incoming": []any{}, "outgoing": outgoing})
	p.api.set("GET /v1/me/muted-senders", map[string]any{"accounts": []any{theirs}})
	p.click("#incoming li:nth-child(1) button:nth-child(3)")
	p.reads("#message", "aren't shown any more")
	p.fits("transfers-muted")
	p.api.set("GET /v1/me/transfers", map[string]any{"incoming": []any{taken}, "outgoing": outgoing})
	p.api.set("GET /v1/me/muted-senders", map[string]any{"accounts": []any{}})
	p.click("#muted button")
	p.reads("#message", "are shown again")
	if !p.api.was("PUT", strings.Repeat("b", 32)+"/refusal") || !p.api.was("PUT /v1/me/muted-senders/"+theirs) || !p.api.was("DELETE /v1/me/muted-senders/"+theirs) {
		t.Errorf("sent: %v", p.api.sent)
	}
	p.visit("transfers?again")
	p.reads("#incoming", "1,250 points")
	p.click("#incoming li:nth-child(1) button:not(.quiet)")
	p.reads("#notice", "Every member sees it.")
	p.fits("transfers-agree")
	if p.api.was("POST /v1/me/operations ") {
		t.Fatal("something was sent before the customer has agreed")
	}
	p.click("#agreed")
	p.click("#agree-form button")
	p.reads("#message", "are yours")
	if !p.api.was("POST /v1/me/operations/prepare", `"kind":"accept"`, `"hold":"`+strings.Repeat("a", 32), `"to":"`+theirs) || !p.api.was("POST /v1/me/operations ", `"acknowledged":"h"`) {
		t.Errorf("sent: %v", p.api.sent)
	}
	p.api.set("POST /v1/me/operations", pending)
	p.click("#outgoing li:nth-child(1) button")
	p.reads("#message", "in a moment")
	p.api.set("POST /v1/me/operations", map[string]any{"id": strings.Repeat("f", 32), "status": "DONE"})
	p.click("#outgoing li:nth-child(1) button")
	p.reads("#message", "free again")
	if !p.api.was("POST /v1/me/operations/prepare", `"kind":"void"`, strings.Repeat("c", 32)) {
		t.Errorf("sent: %v", p.api.sent)
	}
}

func TestAGiftLinkThatHasLapsedIsToldInWords(t *testing.T) {
	p := openPhone(t, map[string]any{
		"GET /v1/me/accounts":       map[string]any{"accounts": []any{position(mine, 500)}},
		"GET /v1/me/transfers":      map[string]any{"incoming": []any{}, "outgoing": []any{}},
		"GET /v1/me/muted-senders":  map[string]any{"accounts": []any{}},
		"POST /v1/me/gifts/lookups": fault.HoldUnknown,
	})
	p.visit("transfers?language=de#" + strings.Repeat("a", 32) + "." + strings.Repeat("B", 22))
	var address string
	run(t, p.ctx, `Promise.resolve(location.href)`, &address)
	if strings.Contains(address, strings.Repeat("B", 22)) {
		t.Errorf("the code stays in the address bar: %s", address)
	}
	p.click("#gift-form button")
	p.reads("#message.bad", "Das wartet nicht mehr")
	p.fits("gift-lapsed")
	if !p.api.was("lookups", strings.Repeat("a", 32), strings.Repeat("B", 22)) {
		t.Errorf("sent: %v", p.api.sent)
	}
	if kept := p.kept(); kept != "" {
		t.Errorf("the tab keeps %s", kept)
	}
}

func TestAGiftIsKeptUntilItIsTakenOrItsReaderSignsOut(t *testing.T) {
	gift := strings.Repeat("a", 32) + "." + strings.Repeat("B", 22)
	p := openPhone(t, map[string]any{
		"GET /v1/me/accounts":            map[string]any{"accounts": []any{position(mine, 500)}},
		"GET /v1/me/transfers":           map[string]any{"incoming": []any{transfer("b", "transfer", theirs, mine)}, "outgoing": []any{}},
		"GET /v1/me/muted-senders":       map[string]any{"accounts": []any{}},
		"POST /v1/me/gifts/lookups":      transfer("a", "gift", theirs, ""),
		"POST /v1/me/operations/prepare": map[string]any{"operation": map[string]any{"kind": "accept"}, "notice": map[string]any{"text": "Seen.", "hash": "h"}},
		"POST /v1/me/operations":         map[string]any{"id": strings.Repeat("f", 32), "status": "DONE"},
		"DELETE /v1/me/sessions/current": nil,
	})
	agree := func() {
		p.reads("#notice", "Seen.")
		p.click("#agreed")
		p.click("#agree-form button")
		p.reads("#message", "are yours")
	}
	p.visit("transfers?keeps#" + gift)
	p.click("#incoming li:nth-child(1) button:not(.quiet)")
	agree()
	if kept := p.kept(); kept != gift {
		t.Errorf("another transfer was taken, and the tab keeps %q", kept)
	}
	p.click("#gift-form button")
	agree()
	if kept := p.kept(); kept != "" {
		t.Errorf("the gift was taken, and the tab keeps %q", kept)
	}
	p.visit("transfers?again#" + gift)
	p.click("#sign-out")
	p.do(chromedp.WaitReady(`body[data-page="sign-in"][data-ready]`))
	if kept := p.kept(); kept != "" {
		t.Errorf("after signing out the tab keeps %q", kept)
	}
}

// TestAConfirmationWhoseAnswerIsLostIsSentOnceMoreAsTheSame has the second try told what became of the first, and the gift's link shown by it.
func TestAConfirmationWhoseAnswerIsLostIsSentOnceMoreAsTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		claimCode string // As the operation has it that was prepared.
		signs     bool
		answer    map[string]any
	}{
		"in custody":     {"", false, map[string]any{"id": strings.Repeat("a", 32), "status": "DONE", "duplicate": true, "claimCode": strings.Repeat("B", 22)}},
		"by its own key": {strings.Repeat("B", 22), true, map[string]any{"id": strings.Repeat("a", 32), "status": "PENDING", "duplicate": true}},
	} {
		t.Run(name, func(t *testing.T) {
			operation := map[string]any{"kind": "gift", "account": mine, "points": 25}
			prepared := map[string]any{"operation": operation, "notice": map[string]any{"text": "Seen.", "hash": "h"}}
			p := openPhone(t, map[string]any{"GET /v1/me/accounts": map[string]any{"accounts": []any{position(mine, 500)}}, "POST /v1/me/operations": lost{}})
			if c.signs {
				operation["claimCode"] = c.claimCode
				prepared["passkey"] = p.passkey()
				prepared["mandate"] = map[string]any{"mandate": map[string]any{}, "challenge": "YQ", "relyingParty": "localhost"}
			}
			p.api.set("POST /v1/me/operations/prepare", prepared)
			p.visit("send?lost")
			p.click(`[name=kind][value=gift]`)
			p.fill("#points", "25")
			p.click("#send-form button")
			p.reads("#notice", "Seen.")
			p.click("#agreed")
			p.click("#agree-form button")
			p.reads("#message.bad", "try again")
			p.api.set("POST /v1/me/operations", c.answer)
			p.click("#agree-form button")
			p.reads("#claim", "#"+strings.Repeat("a", 32)+"."+strings.Repeat("B", 22))
			keys, bodies := p.api.sentUnder("POST /v1/me/operations "), p.api.all("POST /v1/me/operations {")
			if len(keys) != 2 || keys[0] != keys[1] || len(bodies) != 2 || bodies[0] != bodies[1] {
				t.Fatalf("sent %v as %v", bodies, keys)
			}
			p.visit("send?next")
			p.click(`[name=kind][value=gift]`)
			p.fill("#points", "25")
			p.click("#send-form button")
			p.click("#agreed")
			p.click("#agree-form button")
			p.reads("#claim", strings.Repeat("B", 22))
			if keys = p.api.sentUnder("POST /v1/me/operations "); len(keys) != 3 || keys[2] == keys[0] {
				t.Errorf("what is prepared anew is another: %v", keys)
			}
		})
	}
}

// TestAConfirmationWhosePageIsLeftIsToldAndNotMadeTwice loads the page again when the answer was lost: what was recorded is shown with the gift's link until it was seen, and what wasn't is
// sent next under the same key, so that the gateway can't record both.
func TestAConfirmationWhosePageIsLeftIsToldAndNotMadeTwice(t *testing.T) {
	p := openPhone(t, map[string]any{
		"GET /v1/me/accounts":            map[string]any{"accounts": []any{position(mine, 500)}},
		"POST /v1/me/operations/prepare": map[string]any{"operation": map[string]any{"kind": "gift", "account": mine, "points": 25}, "notice": map[string]any{"text": "Seen.", "hash": "h"}},
		"POST /v1/me/operations":         lost{},
	})
	confirm := func() {
		p.click(`[name=kind][value=gift]`)
		p.fill("#points", "25")
		p.click("#send-form button")
		p.reads("#notice", "Seen.")
		p.click("#agreed")
		p.click("#agree-form button")
	}
	p.visit("send?lost")
	confirm()
	p.reads("#message.bad", "try again")
	if kept := p.kept(); strings.Contains(kept, mine) || strings.Contains(kept, "gift") || strings.Contains(kept, "25,") {
		t.Errorf("the tab keeps more than a key: %s", kept)
	}
	p.visit("send?absent")
	p.reads("#message", "has not arrived")
	confirm()
	p.reads("#message.bad", "try again")
	p.api.set("GET /v1/me/operations", map[string]any{
		"id": strings.Repeat("a", 32), "status": "DONE", "outcome": "ACCEPTED", "claimCode": strings.Repeat("B", 22),
		"receipt": points.Receipt{Kind: points.KindGift, Points: 25, Outcome: points.Accepted},
	})
	for range 2 {
		p.visit("transfers?language=de")
		p.reads(".unfinished", "25 Punkte")
		p.reads(".unfinished .claim", "#"+strings.Repeat("a", 32)+"."+strings.Repeat("B", 22))
	}
	p.fits("unfinished")
	p.click(".unfinished .row button")
	if kept := p.kept(); kept != "" {
		t.Errorf("it was seen, and the tab keeps %s", kept)
	}
	p.api.set("POST /v1/me/operations", map[string]any{"id": strings.Repeat("a", 32), "status": "DONE"})
	p.visit("send?language=en")
	confirm()
	p.reads("#result", "ledger")
	sent := p.api.sentUnder("POST /v1/me/operations ")
	if len(sent) != 3 || sent[0] != sent[1] || sent[2] == sent[0] {
		t.Errorf("sent under %v", sent)
	}
	if kept := p.kept(); kept != "" {
		t.Errorf("it was answered, and the tab keeps %s", kept)
	}
}

// TestTwoConfirmationsWhoseAnswersAreLostAreBothTold: the second one is made before the first one's outcome was seen. A gift's link that the gateway withholds takes a proof first.
func TestTwoConfirmationsWhoseAnswersAreLostAreBothTold(t *testing.T) {
	recorded := func(n string, more map[string]any) map[string]any {
		answer := map[string]any{"id": strings.Repeat(n, 32), "status": "DONE", "outcome": "ACCEPTED", "receipt": points.Receipt{Kind: points.KindGift, Points: 25, Outcome: points.Accepted}}
		maps.Copy(answer, more)
		return answer
	}
	p := openPhone(t, map[string]any{
		"GET /v1/me":                     map[string]any{"factors": []string{"totp"}},
		"POST /v1/me/proofs":             nil,
		"GET /v1/me/accounts":            map[string]any{"accounts": []any{position(mine, 500)}},
		"POST /v1/me/operations/prepare": map[string]any{"operation": map[string]any{"kind": "gift", "account": mine, "points": 25}, "notice": map[string]any{"text": "Seen.", "hash": "h"}},
		"POST /v1/me/operations":         lost{},
		"GET /v1/me/operations":          recorded("a", map[string]any{"claimCodeWithheld": true}),
	})
	for _, visit := range []string{"send?one", "send?two"} {
		p.visit(visit)
		if visit == "send?two" {
			p.reads(".unfinished", "proved again")
		}
		p.click(`[name=kind][value=gift]`)
		p.fill("#points", "25")
		p.click("#send-form button")
		p.reads("#notice", "Seen.")
		p.click("#agreed")
		p.click("#agree-form button")
		p.reads("#message.bad", "try again")
	}
	sent := p.api.sentUnder("POST /v1/me/operations ")
	if len(sent) != 2 || sent[0] == sent[1] || !strings.Contains(p.kept(), sent[0]) || !strings.Contains(p.kept(), sent[1]) {
		t.Fatalf("sent under %v, and the tab keeps %s", sent, p.kept())
	}
	p.visit("transfers?both")
	p.reads(".unfinished ~ .unfinished", "25 points")
	p.api.set("GET /v1/me/operations", recorded("a", map[string]any{"claimCode": strings.Repeat("B", 22)}))
	p.click(".unfinished button:not(.quiet)")
	p.fill("#step-up [name=code]", "123456")
	p.click("#step-up form button")
	p.reads(".unfinished .claim", "#"+strings.Repeat("a", 32)+"."+strings.Repeat("B", 22))
	p.fits("unfinished-proved")
	for range 2 {
		if p.kept() == "" {
			t.Fatal("one that wasn't seen is forgotten")
		}
		p.click(".unfinished .row button")
	}
	if kept := p.kept(); kept != "" {
		t.Errorf("both were seen, and the tab keeps %s", kept)
	}
}

func TestRefusalsAreToldInWordsWithTheCodeOfThoseThatHaveNone(t *testing.T) {
	p := openPhone(t, map[string]any{"GET /v1/me/accounts": map[string]any{"accounts": []any{position(mine, 500)}}})
	for _, c := range []struct {
		language string
		code     fault.Code
		want     string
	}{
		{"en", fault.Limit, "more than is allowed today"}, {"de", fault.InsufficientPoints, "nicht genug Punkte"}, {"zh", fault.TransferRefused, "品牌条款不允许"}, {"en", "FROM_A_NEWER_GATEWAY", "FROM_A_NEWER_GATEWAY"},
	} {
		p.api.set("POST /v1/me/operations/prepare", c.code)
		p.visit("send?language=" + c.language)
		p.fill("#points", "25")
		p.fill("#to", theirs)
		p.click("#send-form button")
		p.reads("#message.bad", c.want)
		var marked bool
		run(t, p.ctx, `Promise.resolve(document.activeElement.id === "points" && document.activeElement.getAttribute("aria-invalid") === "true" && !document.body.innerText.includes("developer"))`, &marked)
		if !marked {
			t.Errorf("%s: the field isn't marked, or the API's sentence is shown", c.code)
		}
		p.fits("refused-" + c.language)
	}
}

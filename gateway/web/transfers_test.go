package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Ids of the scripted accounts.
var (
	mine   = strings.Repeat("1", 32)
	theirs = strings.Repeat("2", 32)
)

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
		"GET /v1/me/accounts":            map[string]any{"accounts": []any{position(mine, 500)}},
		"GET /v1/me/history":             map[string]any{"entries": []any{}},
		"GET /v1/me/transfers":           map[string]any{"incoming": []any{taken, transfer("b", "transfer", theirs, mine)}, "outgoing": []any{transfer("c", "gift", mine, ""), transfer("d", "transfer", mine, theirs)}},
		"POST /v1/me/operations/prepare": map[string]any{"operation": map[string]any{"kind": "accept", "account": mine}, "notice": map[string]any{"text": "Every member sees it.", "hash": "h"}},
		"POST /v1/me/operations":         map[string]any{"id": strings.Repeat("f", 32), "status": "DONE"},
	})
	p.visit("")
	p.reads("#waiting", "offers you points")
	p.visit("transfers")
	p.click("#incoming li:nth-child(2) button.quiet")
	p.reads("#message", "goes back to the sender")
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

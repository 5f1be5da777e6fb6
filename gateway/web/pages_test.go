package web_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tallystick/tallystick/gateway/web"
)

// Width of a page on a large screen, in CSS pixels.
const deskWidth = 1280

// everyPage is what a customer can open, with an account and little else.
var everyPage = []string{"", "send", "transfers", "data", "code", "surveys", "consents", "access-log", "partners", "notices", "security", "link", "vouch", "erasure", "sign-in"}

// little is what the API answers to who has one account and has done nothing.
func little() map[string]any {
	return map[string]any{
		"GET /v1/me":                       map[string]any{"session": map[string]any{}, "factors": []any{}, "recoveryCodes": 0},
		"GET /v1/me/accounts":              map[string]any{"accounts": []any{position(mine, 500)}},
		"GET /v1/me/history":               map[string]any{"entries": []any{}},
		"GET /v1/me/transfers":             map[string]any{"incoming": []any{transfer("a", "transfer", theirs, mine)}, "outgoing": []any{transfer("b", "gift", mine, "")}},
		"GET /v1/me/muted-senders":         map[string]any{"accounts": []any{theirs}},
		"GET /v1/me/profile":               map[string]any{"attributes": []any{map[string]any{"name": "name", "value": "Ada"}, map[string]any{"name": "marketing.sms", "value": "true"}}},
		"GET /v1/me/challenges":            map[string]any{"challenges": []any{}},
		"POST /v1/me/identification-codes": map[string]any{"qr": ""},
		"GET /v1/me/surveys":               map[string]any{"surveys": []any{}},
		"GET /v1/me/consents":              map[string]any{"consents": []any{}, "grantees": []any{}},
		"GET /v1/me/access-log":            map[string]any{"lines": []any{}},
		"GET /v1/me/notices":               map[string]any{"notices": []any{}, "security": []any{}},
		"GET /v1/me/security-events":       map[string]any{"events": []any{}},
		"GET /v1/me/passkeys":              map[string]any{"passkeys": []any{}},
		"GET /v1/me/sessions":              map[string]any{"sessions": []any{}},
		"GET /v1/me/erasure":               map[string]any{"plan": map[string]any{"accounts": []any{}, "forfeit": 0, "dueAt": 0}},
	}
}

// TestEveryPageFitsItsScreenInEveryLanguage opens every page as a customer without anything unusual would see it, on a phone and on a large screen. Each says in what language it is, names
// its fields and buttons, and is no wider than the screen.
func TestEveryPageFitsItsScreenInEveryLanguage(t *testing.T) {
	for _, language := range web.Languages {
		t.Run(language, func(t *testing.T) {
			p := openPhone(t, little())
			p.api.set("GET /v1/me/partners", brands(p.origin, hotelOrigin))
			for _, width := range []int64{phoneWidth, deskWidth} {
				p.do(emulation.SetDeviceMetricsOverride(width, phoneHeight, 1, width == phoneWidth))
				for _, page := range everyPage {
					p.do(chromedp.Navigate(p.origin+"/wallet/"+page+"?language="+language), chromedp.WaitReady("body[data-ready]"))
					p.fits(fmt.Sprintf("%d-%s-%s", width, language, page))
					var said string
					p.do(chromedp.Evaluate(`document.documentElement.lang + (document.querySelector("#message.bad")?.innerText || "")`, &said))
					if said != language {
						t.Errorf("%s in %s says %q", page, language, said)
					}
				}
			}
		})
	}
}

// TestTheKeyboardReachesEverythingAndIsSeenThere walks every page by the tabulator.
func TestTheKeyboardReachesEverythingAndIsSeenThere(t *testing.T) {
	p := openPhone(t, little())
	p.api.set("GET /v1/me/partners", brands(p.origin, hotelOrigin))
	for _, page := range everyPage {
		p.do(chromedp.Navigate(p.origin+"/wallet/"+page+"?language=en"), chromedp.WaitReady("body[data-ready]"))
		p.walksByKeys(page)
	}
}

// walksByKeys presses the tabulator until the page is left again and wants to have been everywhere that can be clicked or filled in, each time with a visible mark.
func (p *phone) walksByKeys(page string) {
	p.t.Helper()
	const clickable = `[...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter((e) => e.offsetParent && !e.disabled)`
	var there, reached int
	p.do(chromedp.Evaluate(clickable+`.filter((e) => e.type !== "radio" || e.checked).length`, &there), // Of radio buttons the chosen one: arrows lead to the others.
		chromedp.Evaluate(`window.met = new Set()`, nil))
	for range there + 3 {
		var unmarked string
		p.do(chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`(() => {
			const e = document.activeElement;
			if (e === document.body) return "";
			window.met.add(e);
			const style = getComputedStyle(e);
			return style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2 ? e.outerHTML : "";
		})()`, &unmarked))
		if unmarked != "" {
			p.t.Errorf("%s: nothing shows that the keyboard is at %s", page, unmarked)
		}
	}
	p.do(chromedp.Evaluate(clickable+`.filter((e) => window.met.has(e)).length`, &reached))
	if reached != there {
		p.t.Errorf("%s: the keyboard reaches %d of %d", page, reached, there)
	}
}

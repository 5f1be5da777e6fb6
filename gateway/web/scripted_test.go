package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Sizes of the pages that are looked at: a small phone, in CSS pixels.
const (
	phoneWidth  = 360
	phoneHeight = 740
)

// scripted answers as the API would, what a test has written down; it keeps what it was sent. It stands for what a real network can't be brought to say in a test's time.
type scripted struct {
	mu      sync.Mutex
	answers map[string]any // By method and path; a fault.Code is that problem.
	sent    []string       // Method, path and body.
	keys    [][2]string    // Calls with an idempotency key, and the key.
}

// lost is an answer that doesn't arrive: what was sent did.
type lost struct{}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call := r.Method + " " + r.URL.Path
	if r.Method != http.MethodGet {
		s.sent = append(s.sent, call+" "+string(body))
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		s.keys = append(s.keys, [2]string{call + " ", key})
	}
	answer, known := s.answers[call]
	status := http.StatusOK
	if !known {
		answer = fault.NotFound
	}
	if code, is := answer.(fault.Code); is {
		row := fault.Lookup(code)
		status = row.Status
		answer = map[string]any{"code": code, "class": row.Class, "detail": "a developer's sentence", "status": status, "errors": []map[string]string{{"pointer": "/operation/points", "detail": "x"}}}
	}
	w.Header().Set("Content-Type", "application/json")
	if _, is := answer.(lost); is {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush() // A browser sends again by itself what got no answer at all.
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *scripted) set(call string, answer any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[call] = answer
}

// sentUnder are the idempotency keys that came with a call, in order.
func (s *scripted) sentUnder(call string) (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k[0] == call {
			keys = append(keys, k[1])
		}
	}
	return keys
}

// all are the calls that came whose text begins with something.
func (s *scripted) all(call string) (found []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sent := range s.sent {
		if strings.HasPrefix(sent, call) {
			found = append(found, sent)
		}
	}
	return found
}

// was says whether something was sent whose text contains all parts.
func (s *scripted) was(parts ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sent := range s.sent {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(sent, p)
		}
		if all {
			return true
		}
	}
	return false
}

// phone is a Chromium of a phone's size at a wallet whose API is scripted.
type phone struct {
	t      *testing.T
	ctx    context.Context
	origin string
	api    *scripted
}

func openPhone(t *testing.T, answers map[string]any) *phone {
	t.Helper()
	p := &phone{t: t, api: &scripted{answers: answers}}
	p.ctx, p.origin = chromium(t, p.api)
	p.do(emulation.SetDeviceMetricsOverride(phoneWidth, phoneHeight, 1, true))
	return p
}

func (p *phone) do(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		var page string
		_ = chromedp.Run(p.ctx, chromedp.Evaluate(`location.href + "\n" + document.body.innerText`, &page))
		p.t.Fatalf("%v at %s", err, page)
	}
}

// visit opens a page and holds it against what every page keeps to.
func (p *phone) visit(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.origin+"/wallet/"+path), chromedp.WaitReady("body[data-ready]"))
	page, _, _ := strings.Cut(path, "#")
	p.fits("page-" + page)
}

// fits looks for what is wider than the phone, and for fields and buttons that no screen reader can name.
func (p *phone) fits(what string) {
	p.t.Helper()
	var wide int
	var nameless []string
	p.do(chromedp.Evaluate(`document.documentElement.scrollWidth - window.innerWidth`, &wide),
		chromedp.Evaluate(`[...document.querySelectorAll("input,select,textarea,button,a[href]")].filter((e) => e.offsetParent && !e.labels?.length && !e.innerText?.trim() && !e.getAttribute("aria-label")).map((e) => e.outerHTML)`, &nameless))
	if wide > 0 || len(nameless) > 0 {
		p.t.Errorf("%s is %d pixels wider than a phone; without a name: %v", what, wide, nameless)
	}
	p.picture(what)
}

// picture keeps a picture in the folder of TALLY_SCREENSHOTS, for people to look at.
func (p *phone) picture(name string) {
	folder := os.Getenv("TALLY_SCREENSHOTS")
	if folder == "" {
		return
	}
	var png []byte
	p.do(chromedp.FullScreenshot(&png, 100))
	name = strings.NewReplacer("?", "-", "=", "-").Replace(name)
	if err := os.WriteFile(filepath.Join(folder, "phone-"+name+".png"), png, 0o600); err != nil {
		p.t.Error(err)
	}
}

func (p *phone) click(selector string) {
	p.t.Helper()
	p.do(chromedp.WaitVisible(selector), chromedp.Click(selector))
}

func (p *phone) fill(selector, text string) {
	p.t.Helper()
	p.do(chromedp.WaitVisible(selector), chromedp.SendKeys(selector, text))
}

// kept is what this tab keeps.
func (p *phone) kept() (all string) {
	p.t.Helper()
	p.do(chromedp.Evaluate(`Object.values(sessionStorage).join(" ")`, &all))
	return all
}

// reads waits until an element's text contains something.
func (p *phone) reads(selector, want string) {
	p.t.Helper()
	expression := fmt.Sprintf(`!!document.querySelector(%q)?.innerText.includes(%q)`, selector, want)
	for deadline := time.Now().Add(time.Minute); ; {
		var there bool
		p.do(chromedp.Evaluate(expression, &there))
		if there {
			return
		}
		if time.Now().After(deadline) {
			var text string
			p.do(chromedp.Evaluate(`document.body.innerText`, &text))
			p.t.Fatalf("%s doesn't say %q: %s", selector, want, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

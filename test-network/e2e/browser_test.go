//go:build network

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/network/nodeconfig"
)

// screenshotsVariable names a folder for pictures of the pages, for people to look at; without it none are taken.
const screenshotsVariable = "TALLY_SCREENSHOTS"

// browserPatience bounds a whole test in a browser, on a busy machine.
const browserPatience = 5 * patience

// browser is a headless Chromium with a virtual authenticator, at one brand's wallet.
type browser struct {
	t        *testing.T
	ctx      context.Context
	origin   string
	messages string // Folder of what the gateway would send.
	seen     []string
}

// openBrowser starts a Chromium with a fresh profile and ends it with the test.
func openBrowser(t *testing.T, c *consortium, member string) *browser {
	t.Helper()
	found, err := exec.Command(filepath.Join(root, "scripts/chromium.sh")).Output()
	if err != nil {
		t.Fatalf("no Chromium: %v", err)
	}
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(strings.TrimSpace(string(found))), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1100, 900), chromedp.WSURLReadTimeout(patience)}
	for _, flag := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocated, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, endPage := chromedp.NewContext(allocated)
	t.Cleanup(endPage)
	page := ctx
	if err := chromedp.Run(page); err != nil { // Starts the browser, whose life is that of the first context it is run with: not of one that times out.
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = chromedp.Cancel(page) }) // Closes the browser and waits for it, so that nothing is written into its profile any more.
	ctx, endWaiting := context.WithTimeout(ctx, browserPatience)
	t.Cleanup(endWaiting)
	b := &browser{t: t, ctx: ctx, origin: nodeconfig.WalletOrigin(c.members, member), messages: nodeconfig.GatewayFiles(c.dir, member).Messages}
	chromedp.ListenTarget(ctx, func(event any) {
		if thrown, is := event.(*runtime.EventExceptionThrown); is {
			t.Errorf("a page's script failed: %s", thrown.ExceptionDetails.Error())
		}
	})
	b.do(chromedp.Navigate("about:blank"), webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
	return b
}

func (b *browser) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatalf("%v at %s", err, b.page())
	}
}

// page is where the browser is and what it shows, for people.
func (b *browser) page() (shown string) {
	_ = chromedp.Run(b.ctx, chromedp.Evaluate(`location.href + "\n" + document.body.innerText`, &shown))
	return shown
}

// ready waits until a page's script has done what it does first.
func (b *browser) ready(page string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(fmt.Sprintf("body[data-page=%q][data-ready]", page)))
}

// visit opens a page of the wallet.
func (b *browser) visit(page string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.origin + "/wallet/" + strings.TrimPrefix(page, "overview")))
	b.ready(page)
}

// click clicks what is visible.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(selector), chromedp.Click(selector))
}

// fill types into an empty field.
func (b *browser) fill(selector, text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(selector), chromedp.SendKeys(selector, text))
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	var text string
	b.do(chromedp.WaitVisible(selector), chromedp.Text(selector, &text))
	return strings.TrimSpace(text)
}

// reads waits until an element's text contains something.
func (b *browser) reads(selector, want string) {
	b.t.Helper()
	expression := fmt.Sprintf(`document.querySelector(%q)?.innerText.includes(%q) || document.querySelector("#message.bad")?.innerText`, selector, want)
	deadline := time.Now().Add(patience)
	for {
		var got any
		b.do(chromedp.Evaluate(expression, &got))
		if got == true {
			return
		}
		if text, is := got.(string); is && text != "" || time.Now().After(deadline) {
			b.t.Fatalf("%s doesn't say %q, the page says %q: %s", selector, want, text, b.page())
		}
		time.Sleep(pollEvery)
	}
}

// run has the page run an asynchronous expression and decodes what it gives.
func (b *browser) run(expression string, into any) {
	b.t.Helper()
	b.do(chromedp.Evaluate(expression, into, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
}

// picture keeps a picture of the page where somebody wants one.
func (b *browser) picture(name string) {
	folder := os.Getenv(screenshotsVariable)
	if folder == "" {
		return
	}
	var png []byte
	b.do(chromedp.FullScreenshot(&png, 100))
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600)); err != nil {
		b.t.Error(err)
	}
}

var sentCode = regexp.MustCompile(`\b\d{8}\b`)

// code waits for the next message with a code to an address and gives the code.
func (b *browser) code(address string) string {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		names, err := filepath.Glob(filepath.Join(b.messages, "*.json"))
		if err != nil {
			b.t.Fatal(err)
		}
		for _, name := range names {
			if slices.Contains(b.seen, name) {
				continue
			}
			b.seen = append(b.seen, name)
			raw, err := os.ReadFile(name)
			if err != nil {
				b.t.Fatal(err)
			}
			var message struct{ To, Text string }
			if err := json.Unmarshal(raw, &message); err != nil {
				b.t.Fatal(err)
			}
			if code := sentCode.FindString(message.Text); message.To == address && code != "" {
				return code
			}
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("no message with a code was sent to the address, beside %d that were looked at", len(b.seen))
		}
		time.Sleep(pollEvery)
	}
}

// isTold waits until messages have gone out in which all of this stands.
func (b *browser) isTold(what ...string) {
	b.t.Helper()
	until(b.t, "security notices", func() bool {
		names, err := filepath.Glob(filepath.Join(b.messages, "*.json"))
		if err != nil {
			b.t.Fatal(err)
		}
		var all strings.Builder
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				b.t.Fatal(err)
			}
			all.Write(raw)
		}
		return !slices.ContainsFunc(what, func(one string) bool { return !strings.Contains(all.String(), one) })
	})
}

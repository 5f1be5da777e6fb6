package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/gateway/people/signin"
)

func TestEveryEventHasWords(t *testing.T) {
	raw, err := os.ReadFile("texts/events.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]map[string]string
	if err := yaml.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	for _, kind := range signin.AllEvents {
		if texts["event."+string(kind)] == nil {
			t.Errorf("nothing is said of %s", kind)
		}
	}
}

// answers stands in for the API: what the pages ask for, and what they get.
const answers = `(() => {
	const at = "2026-11-26T03:22:00Z";
	const events = [
		{id: "1", kind: "controller-changed", at, told: true},
		{id: "2", kind: "passkey-added", at, device: "Chrome, Linux", told: true},
		{id: "3", kind: "device-new", at, device: "Safari, iPhone", told: true},
		{id: "4", kind: "registered", at, device: "Chrome, Linux", told: false},
	];
	const all = {
		"/v1/me": {session: {}, factors: ["passkey"], recoveryCodes: 3}, "/v1/me/passkeys": {passkeys: []}, "/v1/me/sessions": {sessions: []}, "/v1/me/accounts": {accounts: []},
		"/v1/me/security-events": {events}, "/v1/me/notices": {notices: [], security: events.filter((e) => e.told)},
	};
	const real = window.fetch;
	window.fetch = async (url, ...rest) => {
		const answer = all[new URL(url, location.href).pathname];
		return answer ? new Response(JSON.stringify(answer), {headers: {"Content-Type": "application/json"}}) : real(url, ...rest);
	};
})()`

// TestACustomerReadsWhatHappenedToTheirSignIn opens the pages that show it. With TALLY_SCREENSHOTS it keeps pictures there.
func TestACustomerReadsWhatHappenedToTheirSignIn(t *testing.T) {
	ctx, origin := chromium(t, http.NotFoundHandler())
	stub := chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(answers).Do(ctx)
		return err
	})
	if err := chromedp.Run(ctx, page.Enable(), stub); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		page, language string
		want, not      []string
	}{
		{"security", "en", []string{"Another key controls an account", "A passkey was added", "Chrome, Linux", "You registered"}, []string{"event."}},
		{"notices", "de", []string{"Anmeldung von einem neuen Gerät", "Safari, iPhone", "Ein anderer Schlüssel kontrolliert ein Konto"}, []string{"event.", "registriert"}},
	} {
		var said string
		var png []byte
		err := chromedp.Run(ctx, chromedp.Navigate(fmt.Sprintf("%s/wallet/%s?language=%s", origin, c.page, c.language)), chromedp.WaitReady("body[data-ready]"),
			chromedp.WaitVisible("#events li"), chromedp.Text("#events", &said), chromedp.FullScreenshot(&png, 100))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s doesn't say %q: %s", c.page, want, said)
			}
		}
		for _, not := range c.not {
			if strings.Contains(said, not) {
				t.Errorf("%s says %q: %s", c.page, not, said)
			}
		}
		if folder := os.Getenv("TALLY_SCREENSHOTS"); folder != "" {
			if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, "events-"+c.page+".png"), png, 0o600)); err != nil {
				t.Error(err)
			}
		}
	}
}

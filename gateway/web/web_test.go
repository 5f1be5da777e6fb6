package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/gateway/web"
)

func wallet(t *testing.T) *httptest.Server {
	t.Helper()
	w, err := web.New("Airline Miles")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(w)
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a, string(body)
}

var links = regexp.MustCompile(`(?:href|src)="(/wallet/[^"]*)"`)

func TestEveryPageIsThereInEveryLanguageWithAllThatItLinksTo(t *testing.T) {
	s := wallet(t)
	seen := map[string]bool{}
	queue := []string{web.Path, web.Path + "sign-in", web.Path + "erasure"}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		for _, language := range web.Languages {
			a, body := get(t, s.URL+path, "Accept-Language", language)
			if a.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d", path, a.StatusCode)
			}
			if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") && !strings.Contains(body, `lang="`+language+`"`) {
				t.Errorf("%s isn't in %s", path, language)
			}
			for _, m := range links.FindAllStringSubmatch(body, -1) {
				queue = append(queue, m[1])
			}
		}
	}
	if len(seen) < 12 {
		t.Errorf("only %d addresses were reached", len(seen))
	}
}

var inline = regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\son\w+=|\sstyle=`)

func TestPagesHaveNoScriptAndNoStyleWithinThem(t *testing.T) {
	s := wallet(t)
	for _, path := range []string{"", "send", "data", "consents", "access-log", "notices", "security", "erasure", "sign-in"} {
		a, body := get(t, s.URL+web.Path+path)
		if found := inline.FindString(body); found != "" {
			t.Errorf("%s has %q, which its policy forbids", path, found)
		}
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if strings.Count(body, "<label") != strings.Count(body, "</label>") || strings.Count(body, "<h1") != 1 {
			t.Errorf("%s: labels or headings are at fault", path)
		}
	}
}

func TestAChosenLanguageStays(t *testing.T) {
	s := wallet(t)
	a, _ := get(t, s.URL+web.Path+"?language=de", "Accept-Language", "zh")
	if got := a.Header.Get("Content-Language"); got != "de" {
		t.Errorf("asked for German, got %s", got)
	}
	cookie := a.Header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "tally-language=de;") {
		t.Errorf("cookie %q", cookie)
	}
	a, _ = get(t, s.URL+web.Path, "Accept-Language", "zh", "Cookie", "tally-language=de")
	if got := a.Header.Get("Content-Language"); got != "de" {
		t.Errorf("chosen German, got %s", got)
	}
	a, _ = get(t, s.URL+web.Path, "Accept-Language", "zh-Hant-TW, en;q=0.5", "Cookie", "tally-language=fr")
	if got := a.Header.Get("Content-Language"); got != "zh" {
		t.Errorf("a browser that prefers Chinese gets %s", got)
	}
}

func TestThereIsNothingElse(t *testing.T) {
	s := wallet(t)
	for _, path := range []string{"/", "/v1/me", web.Path + "nothing", web.Path + "texts/fr.json", web.Path + "static/../web.go", web.Path + "pages/layout.html"} {
		if a, _ := get(t, s.URL+path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	a, err := http.Post(s.URL+web.Path, "text/plain", strings.NewReader("x"))
	if err != nil || a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a post: %v %v", a.StatusCode, err)
	}
}

package partners

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/config"
)

// talker is a client of a server that answers as the test says.
func talker(t *testing.T, answer http.HandlerFunc, pause time.Duration) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return &Client{member: "airline", base: server.URL, http: server.Client(), log: slog.New(slog.DiscardHandler), pause: pause}
}

func TestAnAnswerIsTheIssuersOrNone(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		code   fault.Code
	}{
		"an answer":                        {200, `{"results":[]}`, ""},
		"a refusal":                        {403, `{"code":"FORBIDDEN","class":"request","detail":"no"}`, fault.Forbidden},
		"not ready":                        {503, `{"code":"NOT_READY","class":"retry","detail":"wait"}`, fault.IssuerUnavailable},
		"a conflict that may pass":         {409, `{"code":"LANE_SEQUENCE","class":"retry","detail":"wait"}`, fault.IssuerUnavailable},
		"too many attempts":                {429, `{"code":"ATTEMPTS_LIMITED","class":"retry","detail":"in 3 s"}`, fault.AttemptsLimited},
		"a fault":                          {500, `{"code":"INTERNAL","class":"internal","detail":"log"}`, fault.IssuerUnavailable},
		"a code of a later version":        {409, `{"code":"BRAND_NEW","class":"refusal","detail":"?"}`, fault.IssuerUnavailable},
		"something that stands in between": {404, `<html>`, fault.IssuerUnavailable},
	} {
		client := talker(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}, 0)
		got, err := client.Submit(context.Background(), []byte(`{}`), 0)
		if (err == nil) != (c.code == "") || err != nil && fault.CodeOf(err) != c.code || err == nil && string(got) != c.body {
			t.Errorf("%s: %q (%v)", name, got, err)
		}
	}
}

func TestTheIssuerIsToldHowLongToWait(t *testing.T) {
	var prefer, path string
	client := talker(t, func(_ http.ResponseWriter, r *http.Request) { prefer, path = r.Header.Get("Prefer"), r.URL.Path }, 0)
	if _, err := client.Submit(context.Background(), []byte(`{}`), 9*time.Second+time.Millisecond); err != nil || prefer != "wait=9" || path != "/v1/operations/bulk" {
		t.Errorf("%s %s (%v)", path, prefer, err)
	}
	if _, err := client.Operation(context.Background(), "abc"); err != nil || path != "/v1/operations/abc" {
		t.Errorf("%s (%v)", path, err)
	}
}

func TestAQuestionGoesToItsRoute(t *testing.T) {
	var path, body, media string
	client := talker(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		path, body, media = r.URL.Path, string(raw), r.Header.Get("Content-Type")
		_, _ = io.WriteString(w, "answer")
	}, 0)
	if got, err := client.Ask(context.Background(), "/v1/partner/secrets", []byte("{}")); err != nil || string(got) != "answer" || path != "/v1/partner/secrets" || body != "{}" || media != "application/json" {
		t.Errorf("%s to %s as %s: %s (%v)", body, path, media, got, err)
	}
}

func TestAGatewayThatGaveNoAnswerIsLeftAloneForAWhile(t *testing.T) {
	var asked atomic.Int32
	client := talker(t, func(http.ResponseWriter, *http.Request) { asked.Add(1); panic(http.ErrAbortHandler) }, time.Hour)
	for range 3 {
		if _, err := client.Operation(context.Background(), "abc"); fault.CodeOf(err) != fault.IssuerUnavailable {
			t.Errorf("got %v", err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("it was asked %d times", asked.Load())
	}
	client.until = time.Now()
	_, _ = client.Operation(context.Background(), "abc")
	if asked.Load() != 2 {
		t.Errorf("after the pause it was asked %d times", asked.Load())
	}
}

func TestACallerWhoGivesUpIsNotTheGatewaysFault(t *testing.T) {
	client := talker(t, func(http.ResponseWriter, *http.Request) {}, time.Hour)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.Operation(ctx, "abc"); fault.CodeOf(err) != fault.IssuerUnavailable || !client.mayTry() {
		t.Errorf("got %v", err)
	}
}

func TestWhatCantBeUsedIsNamed(t *testing.T) {
	for name, open := range map[string]func() error{
		"no certificate": func() error { _, err := Open(config.KeyPair{Cert: "none", Key: "none"}, nil); return err },
		"no root": func() error {
			_, err := Open(config.KeyPair{}, []config.Partner{{Member: "hotel", TLSRoot: "none"}})
			return err
		},
		"an empty root": func() error {
			_, err := Open(config.KeyPair{}, []config.Partner{{Member: "hotel", TLSRoot: "/dev/null"}})
			return err
		},
	} {
		if err := open(); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%s: %v", name, err)
		}
	}
	d, err := Open(config.KeyPair{}, nil)
	if err != nil || d.Client("hotel", 0, slog.New(slog.DiscardHandler)) != nil {
		t.Errorf("a client of nobody's gateway: %v", err)
	}
	if _, err := d.MemberOf(httptest.NewRequest(http.MethodGet, "/", nil)); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("a member without a certificate: %v", err)
	}
}

func TestTheCallersTraceGoesOnWithoutWhatElseStandsThere(t *testing.T) {
	var header http.Header
	client := talker(t, func(_ http.ResponseWriter, r *http.Request) { header = r.Header }, 0)
	state, err := trace.ParseTraceState("vendor=name")
	if err != nil {
		t.Fatal(err)
	}
	for _, given := range []trace.SpanContextConfig{{}, {TraceID: trace.TraceID{0xab}, SpanID: trace.SpanID{0xcd}, TraceFlags: trace.FlagsSampled, TraceState: state}} {
		in := trace.NewSpanContext(given)
		if _, err := client.Operation(trace.ContextWithSpanContext(context.Background(), in), "abc"); err != nil {
			t.Fatal(err)
		}
		want := ""
		if in.IsValid() {
			want = "00-ab000000000000000000000000000000-cd00000000000000-01"
		}
		if header.Get("traceparent") != want || header.Get("tracestate") != "" {
			t.Errorf("the other gateway gets %v", header)
		}
	}
}

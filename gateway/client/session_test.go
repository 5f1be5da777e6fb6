package client_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
)

// gateway answers every call alike and keeps the last one.
type gateway struct {
	status       int
	media, body  string
	method, path string
	key, sent    string
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	g.method, g.path, g.key, g.sent = r.Method, r.URL.String(), r.Header.Get("Authorization"), string(raw)
	w.Header().Set("Content-Type", g.media)
	w.WriteHeader(g.status)
	_, _ = io.WriteString(w, g.body)
}

func open(t *testing.T, g *gateway) *client.Session {
	t.Helper()
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	s, err := client.Open(server.URL, "secret")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// calls are the methods of a session that ask for one thing, and what they must send.
var calls = map[string]func(context.Context, *client.Session) (any, error){
	"POST /v1/quotes?language=de": func(ctx context.Context, s *client.Session) (any, error) {
		q, err := s.Quote(ctx, client.OperationRequest{Kind: client.KindEarn}, "de")
		return q.Hash, err
	},
	"POST /v1/quotes": func(ctx context.Context, s *client.Session) (any, error) {
		q, err := s.Quote(ctx, client.OperationRequest{Kind: client.KindEarn}, "")
		return q.Hash, err
	},
	"POST /v1/mandates": func(ctx context.Context, s *client.Session) (any, error) {
		p, err := s.Mandate(ctx, client.MandateRequest{Operation: client.OperationRequest{Kind: client.KindRedeem}})
		return p.Digest, err
	},
	"POST /v1/operations/prepare": func(ctx context.Context, s *client.Session) (any, error) {
		p, err := s.Prepare(ctx, client.OperationRequest{Kind: client.KindAdjust})
		return p.Digest, err
	},
	"GET /v1/accounts/abc": func(ctx context.Context, s *client.Session) (any, error) {
		a, err := s.Account(ctx, "abc")
		return a.Programme, err
	},
}

func TestCallsGoToTheirRoutes(t *testing.T) {
	for route, send := range calls {
		t.Run(route, func(t *testing.T) {
			g := &gateway{status: http.StatusOK, media: "application/json", body: `{"hash":"x","digest":"x","programme":"x"}`}
			got, err := send(t.Context(), open(t, g))
			if err != nil || got != "x" || g.method+" "+g.path != route || g.key != "Bearer secret" {
				t.Errorf("%v, %v, %+v", got, err, g)
			}
			if strings.HasPrefix(route, "POST") != strings.Contains(g.sent, `"kind":`) {
				t.Errorf("sent %q", g.sent)
			}
		})
	}
}

func TestAProblemIsAnErrorWithItsCode(t *testing.T) {
	for route, send := range calls {
		t.Run(route, func(t *testing.T) {
			g := &gateway{status: http.StatusConflict, media: "application/problem+json", body: `{"code":"HOLD_LAPSED","class":"refusal","detail":"too late"}`}
			if _, err := send(t.Context(), open(t, g)); fault.CodeOf(err) != fault.HoldLapsed || client.Retryable(err) {
				t.Errorf("got %v", err)
			}
			g = &gateway{status: http.StatusServiceUnavailable, media: "application/problem+json", body: `{"code":"OVERLOADED","class":"retry","detail":"later"}`}
			if _, err := send(t.Context(), open(t, g)); !client.Retryable(err) {
				t.Errorf("got %v", err)
			}
			g = &gateway{status: http.StatusBadGateway, media: "text/html", body: "<html>"}
			if _, err := send(t.Context(), open(t, g)); err == nil || !strings.Contains(err.Error(), "502") {
				t.Errorf("got %v", err)
			}
		})
	}
}

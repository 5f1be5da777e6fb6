package partners

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/tracing"
)

// Bounds of calls to another member's gateway.
const (
	connectTimeout = time.Second     // A gateway that can't be reached keeps a till waiting so long.
	answerMargin   = 3 * time.Second // Past the time that the issuer itself waits for receipts.
	lookTimeout    = 2 * time.Second // For what became of an operation.
	askTimeout     = 5 * time.Second // For an answer from the other gateway's own database.
	maxIdle        = 64              // Connections kept.
	maxAnswer      = 16 << 20        // Bytes of an answer: 500 operations with their receipts.

	// DefaultPause is how long nothing is tried after a gateway wasn't reached.
	DefaultPause = time.Second
)

// Client passes operations on to one member's gateway. Its methods may be called from several goroutines; their errors are coded.
type Client struct {
	member string
	base   string
	http   *http.Client
	log    *slog.Logger
	pause  time.Duration
	verify func(tls.ConnectionState) error // Of whoever answered.

	mu    sync.Mutex
	until time.Time // Nothing is tried before.
}

// Client gives the client of a member's gateway; nil when the configuration has none. pause is how long nothing is tried after it wasn't reached.
func (d *Directory) Client(member string, pause time.Duration, log *slog.Logger) *Client {
	for i := range d.partners {
		if p := &d.partners[i]; p.Member == member {
			return &Client{member: member, base: "https://" + p.Endpoint, http: d.transport(p), log: log, pause: pause, verify: d.verifyServer}
		}
	}
	return nil
}

func (d *Directory) transport(p *partner) *http.Client {
	client := &http.Client{Transport: &http.Transport{
		DialContext: (&net.Dialer{Timeout: connectTimeout}).DialContext, TLSHandshakeTimeout: connectTimeout, MaxIdleConnsPerHost: maxIdle, IdleConnTimeout: time.Minute,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, GetClientCertificate: d.clientCertificate, RootCAs: p.roots, ServerName: p.ServerName, VerifyConnection: d.verifyServer},
	}}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clients = append(d.clients, client)
	return client
}

// Close ends connections that nobody uses.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Submit sends a BulkRequest and gives the BulkResponse. The other gateway waits up to wait, in whole seconds, for receipts. ISSUER_UNAVAILABLE when it wasn't reached, gave no
// answer, or can take nothing now: it may have taken what was sent all the same. Another code is its own, and it has taken nothing.
func (c *Client) Submit(ctx context.Context, bulk []byte, wait time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+answerMargin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/operations/bulk", bytes.NewReader(bulk))
	if err != nil {
		return nil, fault.New(fault.Internal, "a request can't be made: %v", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Prefer", "wait="+strconv.Itoa(int(wait/time.Second)))
	return c.do(r)
}

// Operation gives the Operation of this id; NOT_FOUND when the other gateway knows none in which this member has part.
func (c *Client) Operation(ctx context.Context, id points.OperationID) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/v1/operations/"+string(id), nil)
	if err != nil {
		return nil, fault.New(fault.Internal, "a request can't be made: %v", err)
	}
	return c.do(r)
}

// Ask sends a document to a route of the other gateway and gives its answer. ISSUER_UNAVAILABLE when it wasn't reached, gave no answer, or can't serve now.
func (c *Client) Ask(ctx context.Context, route string, document []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+route, bytes.NewReader(document))
	if err != nil {
		return nil, fault.New(fault.Internal, "a request can't be made: %v", err)
	}
	r.Header.Set("Content-Type", "application/json")
	return c.do(r)
}

func (c *Client) do(r *http.Request) ([]byte, error) {
	if !c.mayTry() {
		return nil, c.unavailable("it wasn't reached a moment ago")
	}
	ctx, span := tracing.StartCall(r.Context(), tracing.Partner)
	defer span.End()
	tracing.Propagator{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	answer, err := c.http.Do(r.WithContext(ctx))
	if err != nil {
		c.rest(r.Context())
		c.log.Warn("another member's gateway gave no answer", "partner", c.member, "err", err)
		return nil, c.unavailable("it gave no answer")
	}
	defer func() { _ = answer.Body.Close() }()
	if span.IsRecording() {
		span.SetAttributes(tracing.With(c.member), tracing.Status(answer.StatusCode))
	}
	if answer.TLS != nil && c.verify(*answer.TLS) != nil { // Revoked while the request was under way, over a connection from before.
		defer c.Close()
		return nil, c.unavailable("its certificate was revoked")
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		c.log.Warn("another member's gateway broke off", "partner", c.member, "err", err)
		return nil, c.unavailable("it broke off")
	}
	if answer.StatusCode == http.StatusOK {
		return body, nil
	}
	return nil, c.problem(answer.StatusCode, body)
}

// problem is the other gateway's refusal of a whole call. Where the same call may succeed later, the gateway is out of reach as far as the caller is concerned.
func (c *Client) problem(status int, body []byte) error {
	var p struct {
		Code   fault.Code `json:"code"`
		Class  string     `json:"class"`
		Detail string     `json:"detail"`
	}
	err := json.Unmarshal(body, &p)
	limited := p.Code == fault.AttemptsLimited // Says to the caller when to come back; the gateway is well.
	if err != nil || !fault.Known(p.Code) || p.Class == string(fault.ClassRetry) && !limited || status >= http.StatusInternalServerError {
		c.log.Warn("another member's gateway can't serve", "partner", c.member, "status", status, "code", p.Code)
		return c.unavailable(fmt.Sprintf("it answered %d", status))
	}
	return fault.New(p.Code, "%s's gateway: %s", c.member, p.Detail)
}

func (c *Client) unavailable(why string) error {
	return fault.New(fault.IssuerUnavailable, "%s's gateway: %s", c.member, why)
}

func (c *Client) mayTry() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !time.Now().Before(c.until)
}

// rest lets the gateway alone for a while, unless it was the caller who gave up.
func (c *Client) rest(ctx context.Context) {
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = time.Now().Add(c.pause)
}

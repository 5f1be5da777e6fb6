//go:build network

package e2e

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// connections lets many requests of one test share connections; the limit is above the clients of any test.
var connections = &http.Client{
	Timeout:   patience,
	Transport: &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true},
}

// longestWait asks for the receipt of an operation for as long as a gateway waits: on a busy machine it takes its time.
const longestWait = "wait=30"

// request is one HTTP call. A body that is no []byte is sent as JSON.
type request struct {
	method, path string
	key          string // API key.
	idempotency  string
	media        string            // Of the body, JSON when empty.
	accept       string            // What the answer shall be, when it isn't JSON.
	header       map[string]string // Further ones.
	body         any
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// operation is what the tests look at in an operation's answer.
type operation struct {
	ID        string          `json:"id"`
	Account   string          `json:"account"`
	Status    string          `json:"status"`
	Duplicate bool            `json:"duplicate"`
	Outcome   string          `json:"outcome"`
	Code      string          `json:"code"`
	Receipt   *points.Receipt `json:"receipt"`
}

// position is what the tests look at in an account's answer.
type position struct {
	Posted    int64 `json:"posted"`
	Spendable int64 `json:"spendable"`
	Debt      int64 `json:"debt"`
}

// problem is an RFC 9457 problem document.
type problem struct {
	Status    int        `json:"status"`
	Code      string     `json:"code"`
	Detail    string     `json:"detail"`
	RequestID string     `json:"requestId"`
	Operation *operation `json:"operation"`
}

// try sends a request; an error means that no answer came.
func (c *consortium) try(member string, r request) (answer, error) { return tryAt(c.url(member), r) }

// tryAt sends a request to any gateway.
func tryAt(base string, r request) (answer, error) {
	raw, ok := r.body.([]byte)
	if !ok && r.body != nil {
		var err error
		if raw, err = json.Marshal(r.body); err != nil {
			return answer{}, err
		}
	}
	call, err := http.NewRequest(r.method, base+r.path, bytes.NewReader(raw))
	if err != nil {
		return answer{}, err
	}
	if r.body != nil {
		call.Header.Set("Content-Type", cmp.Or(r.media, "application/json"))
	}
	if r.accept != "" {
		call.Header.Set("Accept", r.accept)
	}
	if r.key != "" {
		call.Header.Set("Authorization", "Bearer "+r.key)
	}
	call.Header.Set("Prefer", longestWait)
	if r.idempotency != "" {
		call.Header.Set("Idempotency-Key", r.idempotency)
	}
	for name, value := range r.header {
		call.Header.Set(name, value)
	}
	response, err := connections.Do(call)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: body}, err
}

// decided sends an operation until it is decided: a gateway on a busy machine may answer first that it has taken it.
func (c *consortium) decided(member string, r request) (answer, error) {
	return decidedAt(c.url(member), r)
}

// decidedAt does so at any gateway. Every answer that isn't final has taken as long as a gateway waits.
func decidedAt(base string, r request) (answer, error) {
	for begin := time.Now(); ; {
		a, err := tryAt(base, r)
		if err != nil || a.status != http.StatusAccepted || time.Since(begin) > patience {
			return a, err
		}
	}
}

// operated sends an operation until it is decided; no answer at all ends the test.
func (c *consortium) operated(t *testing.T, member string, r request) answer {
	t.Helper()
	a, err := c.decided(member, r)
	if err != nil {
		t.Fatalf("%s %s at %s: %v", r.method, r.path, member, err)
	}
	return a
}

func (c *consortium) call(t *testing.T, member string, r request) answer {
	t.Helper()
	a, err := c.try(member, r)
	if err != nil {
		t.Fatalf("%s %s at %s: %v", r.method, r.path, member, err)
	}
	return a
}

// ok requires success and decodes the answer.
func ok[T any](t *testing.T, a answer) T {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %.500s", a.status, a.body)
	}
	return decode[T](t, a.body)
}

// untilOK asks again and again until an answer is success; the failure of the test repeats the last answer.
func untilOK(t *testing.T, what string, ask func() answer) {
	t.Helper()
	untilDone(t, what, func() error {
		if a := ask(); a.status != http.StatusOK {
			return a.unexpected()
		}
		return nil
	})
}

// refused requires a problem document of exactly this code, with the status that the catalogue gives it.
func refused(t *testing.T, a answer, code fault.Code) problem {
	t.Helper()
	want := fault.Lookup(code).Status
	if a.status != want {
		t.Fatalf("got status %d, %.500s; want %d %s", a.status, a.body, want, code)
	}
	p := decode[problem](t, a.body)
	if p.Code != string(code) || p.Status != want {
		t.Fatalf("got %.500s; want %d %s", a.body, want, code)
	}
	if p.Detail == "" || p.RequestID == "" {
		t.Fatalf("the problem document lacks detail or request id: %s", a.body)
	}
	return p
}

// unique gives a value that no other call of this run has: a till's receipt number, an idempotency key.
func unique(prefix string) string { return prefix + "-" + randomHex(8) }

func randomHex(bytes int) string {
	raw := make([]byte, bytes)
	_, _ = rand.Read(raw)
	return hex.EncodeToString(raw)
}

// fields is a JSON object under construction.
type fields map[string]any

// with copies the object with some fields changed; a nil value removes its field.
func (f fields) with(changes fields) fields {
	out := fields{}
	for k, v := range f {
		out[k] = v
	}
	for k, v := range changes {
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = v
	}
	return out
}

// purchase is a complete accrual of this many minor units, on the programme's own business date.
func (c *consortium) purchase(t *testing.T, member, account string, minor int64) fields {
	t.Helper()
	return fields{
		"kind": "earn", "account": account, "amountMinor": minor, "currency": "GBP", "occurredAt": c.businessDate(t, member) + "T09:30:00Z",
		"store": "main-street", "terminal": "till-1", "receiptNumber": unique("r"),
	}
}

// redemption is a complete debit of an account in custody.
func redemption(account string, points int64) fields {
	return fields{
		"kind": "redeem", "account": account, "points": points, "store": "main-street", "terminal": "till-1", "receiptNumber": unique("r"),
		"authentication": fields{"method": "otp", "challenge": "four digits, answered"},
	}
}

// open opens an account; body is its reference and controller.
func (c *consortium) open(t *testing.T, member string, body fields) string {
	t.Helper()
	a := c.operated(t, member, request{method: "POST", path: "/v1/accounts", key: c.key(t, member, "till"), idempotency: unique("open"), body: body})
	return ok[operation](t, a).Account
}

// submit sends one operation under a key of its own.
func (c *consortium) submit(t *testing.T, member string, body any) answer {
	t.Helper()
	return c.operated(t, member, request{method: "POST", path: "/v1/operations", key: c.key(t, member, "till"), idempotency: unique("op"), body: body})
}

// position asks a member's gateway for an account of its programme.
func (c *consortium) position(t *testing.T, member, account string) position {
	t.Helper()
	return ok[position](t, c.call(t, member, request{method: "GET", path: "/v1/accounts/" + account, key: c.key(t, member, "till")}))
}

// funded opens an account in custody that holds this many points.
func (c *consortium) funded(t *testing.T, member string, points int64) string {
	t.Helper()
	account := c.open(t, member, fields{"reference": unique("customer")})
	ok[operation](t, c.submit(t, member, c.purchase(t, member, account, points*100)))
	return account
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }

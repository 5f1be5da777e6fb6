package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// MaxBulk is how many operations one bulk call takes.
const MaxBulk = 500

// Bounds of a session's connections. An answer may take as long as the gateway waits for receipts.
const (
	requestTimeout = 60 * time.Second
	maxIdlePerHost = 256
)

// Session talks to one gateway with one API key. Its methods may be called from several goroutines. Their errors are *ProblemError when the gateway answered,
// and the network's own otherwise; Retryable tells what may succeed later under the same idempotency key.
type Session struct{ api *ClientWithResponses }

// ProblemError is a gateway's problem document.
type ProblemError struct{ Problem Problem }

// Error gives "CODE: detail".
func (e *ProblemError) Error() string { return e.Problem.Code + ": " + e.Problem.Detail }

// Unwrap gives the coded error.
func (e *ProblemError) Unwrap() error {
	return &fault.Error{Code: fault.Code(e.Problem.Code), Detail: e.Problem.Detail}
}

// errNoDocument is an answer that no gateway gives: something stands between, or another server is at the address.
var errNoDocument = errors.New("the answer is not one of a Tallystick gateway")

// Open prepares a session; nothing is sent yet. INVALID_VALUE when the address is no http or https URL.
func Open(gateway, apiKey string) (*Session, error) {
	u, err := url.Parse(gateway)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fault.New(fault.InvalidValue, "a gateway's address must be a URL such as http://127.0.0.1:8080")
	}
	transport := &http.Transport{
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, MaxIdleConnsPerHost: maxIdlePerHost, IdleConnTimeout: time.Minute,
	}
	withKey := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+apiKey)
		return nil
	}
	api, err := NewClientWithResponses(gateway, WithHTTPClient(&http.Client{Transport: transport, Timeout: requestTimeout}), WithRequestEditorFn(withKey))
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "a gateway's address must be a URL: %v", err)
	}
	return &Session{api: api}, nil
}

// API is the generated client, for calls that Session has no method for.
func (s *Session) API() *ClientWithResponses { return s.api }

// Submit records one operation and waits for its receipt. A refused operation is a *ProblemError whose problem carries it.
func (s *Session) Submit(ctx context.Context, key string, o OperationRequest) (Operation, error) {
	r, err := s.api.SubmitOperationWithResponse(ctx, &SubmitOperationParams{IdempotencyKey: key}, o)
	if err != nil {
		return Operation{}, err
	}
	if r.JSON202 != nil {
		return *r.JSON202, nil
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
}

// SubmitAll records up to MaxBulk operations and waits up to wait (at most 30 s) for their receipts; the results are in the order of the items.
func (s *Session) SubmitAll(ctx context.Context, items []BulkItem, wait time.Duration) ([]BulkResult, error) {
	prefer := fmt.Sprintf("wait=%d", int(wait/time.Second))
	r, err := s.api.SubmitOperationsWithResponse(ctx, &SubmitOperationsParams{Prefer: &prefer}, BulkRequest{Operations: items})
	if err != nil {
		return nil, err
	}
	body, err := answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
	if err != nil {
		return nil, err
	}
	if len(body.Results) != len(items) {
		return nil, fmt.Errorf("%w: %d results for %d operations", errNoDocument, len(body.Results), len(items))
	}
	return body.Results, nil
}

// Quote asks what an operation would cost or award now; nothing is recorded. The texts are in the language of the tag, or in English where it is empty.
func (s *Session) Quote(ctx context.Context, o OperationRequest, language string) (QuotedOperation, error) {
	params := &QuoteOperationParams{}
	if language != "" {
		params.Language = &language
	}
	r, err := s.api.QuoteOperationWithResponse(ctx, params, o)
	if err != nil {
		return QuotedOperation{}, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
}

// Mandate asks for what a wallet must sign for an operation; Authorise signs it.
func (s *Session) Mandate(ctx context.Context, m MandateRequest) (PreparedMandate, error) {
	r, err := s.api.PrepareMandateWithResponse(ctx, m)
	if err != nil {
		return PreparedMandate{}, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
}

// Prepare asks for the exact operation that another organisation has to approve.
func (s *Session) Prepare(ctx context.Context, o OperationRequest) (PreparedOperation, error) {
	r, err := s.api.PrepareOperationWithResponse(ctx, o)
	if err != nil {
		return PreparedOperation{}, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
}

// Account reads an account's position.
func (s *Session) Account(ctx context.Context, id string) (Account, error) {
	r, err := s.api.GetAccountWithResponse(ctx, id, &GetAccountParams{})
	if err != nil {
		return Account{}, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
}

// Readiness asks whether the gateway accepts operations. An unready gateway is an answer, not an error.
func (s *Session) Readiness(ctx context.Context) (Readiness, error) {
	r, err := s.api.GetReadinessWithResponse(ctx)
	if err != nil {
		return Readiness{}, err
	}
	if r.JSON503 != nil {
		return *r.JSON503, nil
	}
	return answer(r.JSON200, nil, r.HTTPResponse)
}

// Programme reads a programme with its totals.
func (s *Session) Programme(ctx context.Context, name string) (Programme, error) {
	r, err := s.api.GetProgrammeWithResponse(ctx, name)
	if err != nil {
		return Programme{}, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
}

// Partner reads what a programme's customers get at another brand.
func (s *Session) Partner(ctx context.Context, programme, partner string) (Partner, error) {
	r, err := s.api.GetPartnerWithResponse(ctx, programme, partner)
	if err != nil {
		return Partner{}, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
}

// Receipt reads the receipt that an operation has in a programme, with its proof: a swap has one in either programme.
func (s *Session) Receipt(ctx context.Context, programme, operation string) (ProvenReceipt, error) {
	r, err := s.api.GetReceiptWithResponse(ctx, operation, &GetReceiptParams{Programme: &programme})
	if err != nil {
		return ProvenReceipt{}, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
}

// AdvanceBusinessDate moves a programme's business date ahead to day, YYYY-MM-DD.
func (s *Session) AdvanceBusinessDate(ctx context.Context, programme, day string) error {
	r, err := s.api.AdvanceBusinessDateWithResponse(ctx, programme, BusinessDate{Date: day})
	if err != nil {
		return err
	}
	_, err = answer(r.JSON200, r.ApplicationproblemJSONDefault, r.HTTPResponse)
	return err
}

func answer[T any](body *T, problem *Problem, r *http.Response) (T, error) {
	if body != nil {
		return *body, nil
	}
	var none T
	if problem != nil && problem.Code != "" {
		return none, &ProblemError{Problem: *problem}
	}
	return none, fmt.Errorf("%w: status %d", errNoDocument, r.StatusCode)
}

// Retryable says whether the same call may succeed later: the gateway couldn't be reached, broke off, or answered a code of class retry.
func Retryable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var p *ProblemError
	if errors.As(err, &p) {
		return p.Problem.Class == Retry
	}
	return true
}

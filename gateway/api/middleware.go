package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

const (
	requestIDHeader = "X-Request-Id"
	requestIDKey    = "tally.requestId"
	codeKey         = "tally.code"

	idempotencyHeader = "Idempotency-Key"
)

// MaxKeyLength bounds an idempotency key, in bytes.
const MaxKeyLength = 64

// requestIDForm is a UUID (RFC 9562), or its 32 digits alone as in the trace id of W3C's Trace Context. It stands in the log and comes back: what is shorter, or
// freer, could be a phone number, a card number or a name.
var requestIDForm = regexp.MustCompile(`^[0-9a-f]{8}(-?)[0-9a-f]{4}(-?)[0-9a-f]{4}(-?)[0-9a-f]{4}(-?)[0-9a-f]{12}$`)

func requestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// identify gives the request an id: the caller's own when it can't be anything else, else a random one.
func identify(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !requestIDForm.MatchString(id) {
		id = random.Hex(16)
	}
	c.Set(requestIDKey, id)
	if device := deviceOf(c.Request); device != "" {
		c.Set(deviceKey, device)
	}
	c.Header(requestIDHeader, id)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
}

// requestIDOf and callerIn find them in a handler's context.
func requestIDOf(ctx context.Context) string { return textIn(ctx, requestIDKey) }
func callerIn(ctx context.Context) string    { return textIn(ctx, callerKey) }

// scopesIn finds the scopes of the caller's key.
func scopesIn(ctx context.Context) []string {
	scopes, _ := ctx.Value(scopesKey).([]string)
	return scopes
}

func textIn(ctx context.Context, key string) string {
	text, _ := ctx.Value(key).(string)
	return text
}

// observe writes one line of access log and the metrics of every request. The route's pattern is logged, never the path, a query, a header or a body.
func (s *Server) observe(c *gin.Context) {
	start := time.Now()
	c.Next()
	route, status, took := c.FullPath(), c.Writer.Status(), time.Since(start)
	if route == "" {
		route = "none"
	}
	s.metrics.requests.WithLabelValues(c.Request.Method, route, strconv.Itoa(status)).Inc()
	s.metrics.seconds.WithLabelValues(c.Request.Method, route).Observe(took.Seconds())
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	s.log.Log(c.Request.Context(), level, "request", "requestId", requestID(c), "traceId", traceID(c), "method", c.Request.Method, "route", route, "status", status,
		"code", c.GetString(codeKey), "caller", callerOf(c), "ms", took.Milliseconds(), "bytes", c.Writer.Size())
}

// recoverPanic answers INTERNAL when a handler panics. http.ErrAbortHandler is the way to end a connection and is passed on.
func (s *Server) recoverPanic(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		s.log.Error("panic", "requestId", requestID(c), "route", c.FullPath(), "panic", cause, "stack", string(debug.Stack()))
		abort(c, fault.New(fault.Internal, "the log has the cause under this requestId"))
	}()
	c.Next()
}

// aboutItself are the routes that say how the gateway is, and nothing of anybody.
var aboutItself = []string{"/healthz", "/readyz", "/metrics", "/v1/openapi.yaml", "/v1/codes"}

// awaitPeople serves nothing until people.db holds nobody any more who was erased: sessions, references at tills, and other members' questions lead to persons, too.
func (s *Server) awaitPeople(c *gin.Context) {
	if s.people.Open == nil || slices.Contains(aboutItself, c.FullPath()) {
		return
	}
	if err := s.people.Open(); err != nil {
		abort(c, err)
	}
}

// requireKey refuses a request without a usable Idempotency-Key on routes that need one.
func (s *Server) requireKey(c *gin.Context) {
	if !s.rules[c.Request.Method+" "+c.FullPath()].keyed {
		return
	}
	if values := c.Request.Header.Values(idempotencyHeader); len(values) != 1 || !usableKey(values[0]) {
		abort(c, wrong(fault.IdempotencyMissing, idempotencyHeader, "send one %s header of 1 to %d printable ASCII characters", idempotencyHeader, MaxKeyLength))
	}
}

// usableKey says whether an idempotency key has 1 to MaxKeyLength printable ASCII characters.
func usableKey(key string) bool {
	if key == "" || len(key) > MaxKeyLength {
		return false
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}

// readBody reads the body within the route's limit and decodes it strictly, before the generated code sees it. The generated decoder alone would take unknown,
// duplicate and differently cased fields.
func (s *Server) readBody(c *gin.Context) {
	route := c.Request.Method + " " + c.FullPath()
	limit := s.rules[route].bodyLimit
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	if err != nil {
		abort(c, bodyError(err, limit))
		return
	}
	if media := s.rules[route].media; media != "" {
		if given, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || given != media {
			abort(c, wrong(fault.Malformed, "Content-Type", "the body must be %s", media))
			return
		}
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
		return
	}
	newBody, takesBody := bodies[route]
	if !takesBody {
		if len(body) > 0 {
			abort(c, fault.New(fault.Malformed, "this route takes no body"))
		}
		return
	}
	if media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || media != "application/json" {
		abort(c, wrong(fault.Malformed, "Content-Type", "the body must be application/json"))
		return
	}
	if err := wire.Decode(body, int(limit), newBody()); err != nil {
		abort(c, err)
		return
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
}

func bodyError(err error, limit int64) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.New(fault.TooLarge, "the body has more than %d bytes", limit)
	}
	return fault.New(fault.Malformed, "the body could not be read")
}

// bodies has an empty request of every route that takes one.
var bodies = map[string]func() any{
	"PATCH /v1/me/profile":                  func() any { return new(MyProfileChange) },
	"POST /v1/me/addresses":                 func() any { return new(SignInCodeRequest) },
	"POST /v1/me/addresses/confirmations":   func() any { return new(AddressConfirmation) },
	"POST /v1/me/accounts/links/challenges": func() any { return new(AccountLinkRequest) },
	"POST /v1/me/accounts/links":            func() any { return new(AccountLink) },
	"POST /v1/me/operations/prepare":        func() any { return new(MyOperationRequest) },
	"POST /v1/me/operations":                func() any { return new(MyOperationRequest) },
	"POST /v1/me/gifts/lookups":             func() any { return new(GiftLookup) },

	"POST /v1/sign-in/codes":                  func() any { return new(SignInCodeRequest) },
	"POST /v1/sign-in/codes/confirmations":    func() any { return new(SignInCodeConfirmation) },
	"POST /v1/sign-in/registrations":          func() any { return new(RegistrationRequest) },
	"POST /v1/sign-in/factors":                func() any { return new(SignInFactor) },
	"POST /v1/sign-in/passkeys/challenges":    func() any { return new(PasskeyChallengeRequest) },
	"POST /v1/sign-in/passkeys":               func() any { return new(PasskeyAnswer) },
	"POST /v1/me/proofs/codes":                func() any { return new(SignInCodeRequest) },
	"POST /v1/me/proofs":                      func() any { return new(ProofRequest) },
	"POST /v1/me/proofs/passkeys":             func() any { return new(PasskeyAnswer) },
	"POST /v1/me/passkeys":                    func() any { return new(NewPasskey) },
	"POST /v1/me/authenticator/confirmations": func() any { return new(AuthenticatorCode) },

	"POST /v1/operations":                         func() any { return new(OperationRequest) },
	"POST /v1/operations/bulk":                    func() any { return new(BulkRequest) },
	"POST /v1/operations/prepare":                 func() any { return new(OperationRequest) },
	"POST /v1/quotes":                             func() any { return new(OperationRequest) },
	"POST /v1/accounts":                           func() any { return new(OpenRequest) },
	"POST /v1/accounts/lookup":                    func() any { return new(LookupRequest) },
	"POST /v1/customers":                          func() any { return new(CustomerRequest) },
	"POST /v1/customers/find":                     func() any { return new(IdentifierRequest) },
	"PATCH /v1/customers/:id":                     func() any { return new(CustomerChange) },
	"POST /v1/customers/:id/merge":                func() any { return new(MergeRequest) },
	"POST /v1/customers/:id/accounts":             func() any { return new(CustomerAccountRequest) },
	"POST /v1/mandates":                           func() any { return new(MandateRequest) },
	"POST /v1/programmes/:name/business-date":     func() any { return new(BusinessDate) },
	"POST /v1/programmes/:name/engine":            func() any { return new(EngineActivation) },
	"POST /v1/programmes/:name/terms":             func() any { return new(Terms) },
	"POST /v1/programmes/:name/rule-sets":         func() any { return new(RuleSet) },
	"POST /v1/programmes/:name/rule-sets/dry-run": func() any { return new(RuleSet) },
	"POST /v1/programmes/:name/prices":            func() any { return new(PriceList) },
	"PUT /v1/programmes/:name/shops/:id":          func() any { return new(ShopRequest) },
	"POST /v1/programmes/:name/custodian-keys":    func() any { return new(CustodianRequest) },
	"POST /v1/programmes/:name/approvals":         func() any { return new(Consent) },
	"POST /v1/programmes/:name/data-policies":     func() any { return new(DataPolicy) },

	"POST /v1/programmes/:name/freezes":               func() any { return new(FreezeAsked) },
	"POST /v1/programmes/:name/freezes/:id/decisions": func() any { return new(FreezeDecided) },
	"POST /v1/compliance/flags/:id/decisions":         func() any { return new(FlagDecided) },
	"POST /v1/compliance/objections/:id/answers":      func() any { return new(ObjectionAnswered) },
	"POST /v1/me/notices/:id/objections":              func() any { return new(ObjectionMade) },

	"POST /v1/me/consents/preparations":       func() any { return new(ConsentWish) },
	"POST /v1/me/consents":                    func() any { return new(ConsentAgreement) },
	"POST /v1/me/surveys/:id/answers":         func() any { return new(SurveyAnswers) },
	"POST /v1/me/identification-codes":        func() any { return new(IdentificationCodeRequest) },
	"PUT /v1/me/challenges/:id/decision":      func() any { return new(ChallengeDecision) },
	"POST /v1/surveys":                        func() any { return new(Survey) },
	"POST /v1/shared/:consent":                func() any { return new(SharedRequest) },
	"POST /v1/identifications":                func() any { return new(IdentificationRequest) },
	"POST /v1/challenges":                     func() any { return new(ChallengeRequest) },
	"POST /v1/challenges/:id/answers":         func() any { return new(ChallengeAnswer) },
	"POST /v1/partner/identifications":        func() any { return new(IdentificationRequest) },
	"POST /v1/partner/challenges":             func() any { return new(ChallengeRequest) },
	"POST /v1/partner/challenges/:id/answers": func() any { return new(ChallengeAnswer) },
	"POST /v1/partner/secrets":                func() any { return new(SecretsRequest) },

	"POST /v1/customers/:id/erasure":     func() any { return new(DeskErasureRequest) },
	"POST /v1/me/erasure":                func() any { return new(ErasureRequest) },
	"POST /v1/customers/:id/legal-holds": func() any { return new(LegalHoldRequest) },

	"POST /v1/clearing/members/:name/closing":                          func() any { return new(MembershipClosing) },
	"POST /v1/clearing/currencies":                                     func() any { return new(CurrencyRequest) },
	"POST /v1/clearing/pairs/:a/:b/agreements":                         func() any { return new(AgreementRequest) },
	"POST /v1/clearing/pairs/:a/:b/acceptances":                        func() any { return new(AcceptanceRequest) },
	"POST /v1/clearing/pairs/:a/:b/slices":                             func() any { return new(SliceRequest) },
	"POST /v1/clearing/windows/:currency/:number/steps":                func() any { return new(WindowStepRequest) },
	"POST /v1/clearing/windows/:currency/:number/disclosures":          func() any { return new(DisclosureRequest) },
	"POST /v1/clearing/windows/:currency/:number/signatures":           func() any { return new(SignatureRequest) },
	"POST /v1/clearing/windows/:currency/:number/legs/:from/:to/steps": func() any { return new(LegStepRequest) },
	"POST /v1/clearing/disputes":                                       func() any { return new(DisputeRequest) },
	"POST /v1/clearing/disputes/:currency/:name/:operation/steps":      func() any { return new(DisputeStepRequest) },
	"POST /v1/clearing/reserves":                                       func() any { return new(ReserveRequest) },
	"POST /v1/clearing/proposals":                                      func() any { return new(ProposalRequest) },
	"POST /v1/clearing/proposals/:id/votes":                            func() any { return new(VoteRequest) },
}

package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits of what callers send.
const (
	MaxText      = 64  // Bytes of a store, terminal or receipt number.
	MaxReference = 256 // Bytes of a customer's reference or a challenge.
	saltBytes    = 32
)

var (
	idForm     = regexp.MustCompile(`^[0-9a-f]{32}$`)
	hashForm   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	methodForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
)

// shape says which fields a kind takes, besides kind itself.
type shape struct{ required, optional []string }

var (
	purchase = []string{"amountMinor", "currency", "occurredAt", "store", "terminal", "receiptNumber"}
	holder   = []string{"account", "reference"}
	consent  = []string{"authentication", "authorisation"}
	shapes   = map[Kind]shape{
		KindOpen:     {nil, []string{"reference", "controller"}},
		KindEarn:     {purchase, holder},
		KindRedeem:   {[]string{"points", "store", "terminal", "receiptNumber"}, slices.Concat(holder, consent, []string{"placeSalt"})},
		KindTransfer: {[]string{"to", "points"}, slices.Concat(holder, consent)},
		KindReturn:   {purchase, slices.Concat(holder, consent, []string{"placeSalt", "originalOperation", "original"})},
	}
)

// present lists the fields that a request has, in the document's order.
func present(r *OperationRequest) []string {
	var names []string
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"account", r.Account != nil}, {"reference", r.Reference != nil}, {"controller", r.Controller != nil}, {"amountMinor", r.AmountMinor != nil},
		{"currency", r.Currency != nil}, {"occurredAt", r.OccurredAt != nil}, {"store", r.Store != nil}, {"terminal", r.Terminal != nil},
		{"receiptNumber", r.ReceiptNumber != nil}, {"points", r.Points != nil}, {"to", r.To != nil}, {"authentication", r.Authentication != nil},
		{"authorisation", r.Authorisation != nil}, {"placeSalt", r.PlaceSalt != nil}, {"originalOperation", r.OriginalOperation != nil},
		{"original", r.Original != nil},
	} {
		if f.given {
			names = append(names, f.name)
		}
	}
	return names
}

// checker collects what is wrong with a request; at is the pointer of the request within the body.
type checker struct {
	at     string
	code   fault.Code // Of the first mistake.
	fields []FieldError
}

func (c *checker) add(code fault.Code, field, detail string) {
	if c.code == "" {
		c.code = code
	}
	c.fields = append(c.fields, FieldError{Pointer: c.at + "/" + field, Detail: detail})
}

// claim is what must hold of a field.
type claim struct {
	holds         bool
	code          fault.Code
	field, detail string
}

func (c *checker) must(x claim) {
	if !x.holds {
		c.add(x.code, x.field, x.detail)
	}
}

// failure is nil when nothing was wrong.
func (c *checker) failure() error {
	if len(c.fields) == 0 {
		return nil
	}
	first := c.fields[0]
	return &failure{coded: fault.New(c.code, "%s: %s", strings.TrimPrefix(first.Pointer, "/"), first.Detail), fields: c.fields}
}

// checkRequest says everything that can be said about a request without looking anything up: OUT_OF_RANGE and INVALID_VALUE with pointers to the fields.
func checkRequest(r *OperationRequest, at string) error {
	c := &checker{at: at}
	s, known := shapes[r.Kind]
	if !known {
		c.add(fault.InvalidValue, "kind", "must be open, earn, redeem, transfer or return")
		return c.failure()
	}
	c.checkShape(r, s)
	c.checkValues(r)
	c.checkConsent(r)
	return c.failure()
}

func (c *checker) checkShape(r *OperationRequest, s shape) {
	given := present(r)
	for _, name := range s.required {
		c.must(claim{slices.Contains(given, name), fault.InvalidValue, name, "is required for " + string(r.Kind)})
	}
	for _, name := range given {
		c.must(claim{slices.Contains(s.required, name) || slices.Contains(s.optional, name), fault.InvalidValue, name, "is not a field of " + string(r.Kind)})
	}
	if r.Kind != KindOpen {
		c.must(claim{(r.Account != nil) != (r.Reference != nil), fault.InvalidValue, "account", "give either account or reference"})
	}
}

func (c *checker) checkConsent(r *OperationRequest) {
	signed, custody := r.Authorisation != nil, r.Authentication != nil
	switch r.Kind {
	case KindRedeem, KindTransfer:
		c.must(claim{signed != custody, fault.InvalidValue, "authorisation", "give either authentication (custody) or authorisation (self-custody)"})
	case KindReturn:
		sources := 0
		for _, given := range []bool{r.Original != nil, r.OriginalOperation != nil, signed || custody} {
			if given {
				sources++
			}
		}
		c.must(claim{sources <= 1 && !(signed && custody), fault.InvalidValue, "original", "give at most one of originalOperation, original, authentication and authorisation"})
	}
	if r.Kind == KindRedeem || r.Kind == KindReturn {
		c.must(claim{signed == (r.PlaceSalt != nil), fault.InvalidValue, "placeSalt", "goes with authorisation, as the mandate was prepared"})
	}
}

func (c *checker) checkValues(r *OperationRequest) {
	c.id("account", r.Account)
	c.id("to", r.To)
	c.id("originalOperation", r.OriginalOperation)
	c.text("reference", r.Reference, MaxReference)
	c.text("store", r.Store, MaxText)
	c.text("terminal", r.Terminal, MaxText)
	c.text("receiptNumber", r.ReceiptNumber, MaxText)
	if r.AmountMinor != nil {
		c.must(claim{*r.AmountMinor >= 0 && *r.AmountMinor <= quantity.MaxMinor, fault.OutOfRange, "amountMinor", "must lie between 0 and 9007199254740991; a return is positive too"})
	}
	if r.Points != nil {
		c.must(claim{*r.Points >= 1 && *r.Points <= quantity.MaxPoints, fault.OutOfRange, "points", "must lie between 1 and 9007199254740991"})
	}
	if r.Currency != nil {
		c.must(claim{quantity.ValidCurrency(*r.Currency) == nil, fault.InvalidValue, "currency", "must be a three-letter ISO 4217 code"})
	}
	if r.OccurredAt != nil {
		t, err := time.Parse(time.RFC3339, *r.OccurredAt)
		c.must(claim{err == nil && t.Year() >= 1970 && t.Year() <= 9999, fault.InvalidValue, "occurredAt", "must be an RFC 3339 time with its zone, from 1970 on"})
	}
	if r.PlaceSalt != nil {
		c.must(claim{hashForm.MatchString(*r.PlaceSalt), fault.InvalidValue, "placeSalt", "must be 64 lower-case hex digits"})
	}
	if a := r.Authentication; a != nil {
		c.must(claim{methodForm.MatchString(a.Method), fault.InvalidValue, "authentication/method", "must be 1 to 32 lower-case letters, digits and dashes"})
		c.text("authentication/challenge", &a.Challenge, MaxReference)
	}
	if k := r.Controller; k != nil {
		c.must(claim{k.Kind == ControllerRequestKindP256, fault.InvalidValue, "controller/kind", "must be p256; leave controller out for custody"})
		c.must(claim{controllerOf(k).Validate() == nil, fault.InvalidValue, "controller/key", "must be an uncompressed P-256 point in base64url without padding"})
	}
}

func (c *checker) id(field string, value *string) {
	if value != nil {
		c.must(claim{idForm.MatchString(*value), fault.InvalidValue, field, "must be 32 lower-case hex digits"})
	}
}

func (c *checker) text(field string, value *string, limit int) {
	if value == nil {
		return
	}
	ok := *value != "" && len(*value) <= limit && utf8.ValidString(*value) && strings.TrimSpace(*value) == *value && !strings.ContainsFunc(*value, unicode.IsControl)
	if limit == MaxText {
		c.must(claim{ok, fault.InvalidValue, field, "must have 1 to 64 bytes, no control characters and no space at either end"})
		return
	}
	c.must(claim{ok, fault.InvalidValue, field, "must have 1 to 256 bytes, no control characters and no space at either end"})
}

// controllerOf is the controller of a new account: the customer's own key, or the brand's custody.
func controllerOf(r *ControllerRequest) *points.Controller {
	if r == nil {
		return &points.Controller{Kind: points.ControllerCustodian}
	}
	return &points.Controller{Kind: points.ControllerP256, Version: 1, Key: r.Key}
}

// requestHash identifies a request's content, whatever spelling of JSON it came in.
func requestHash(r *OperationRequest) ([sha256.Size]byte, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return [sha256.Size]byte{}, fault.New(fault.Internal, "a request can't be encoded: %v", err)
	}
	return sha256.Sum256(raw), nil
}

// detailsOf is the private part of an operation. A till's operation names its place; salt keeps the place from being guessed from a mandate.
func (s *Server) detailsOf(r *OperationRequest) points.Details {
	d := points.Details{
		AmountMinor: valueOr(r.AmountMinor, 0), Currency: valueOr(r.Currency, ""), OccurredAt: valueOr(r.OccurredAt, ""),
		Store: valueOr(r.Store, ""), Terminal: valueOr(r.Terminal, ""), Reference: valueOr(r.ReceiptNumber, ""), PlaceSalt: valueOr(r.PlaceSalt, ""),
	}
	if r.Store != nil {
		d.Merchant = s.member
	}
	if a := r.Authentication; a != nil {
		sum := sha256.Sum256([]byte(a.Challenge))
		d.Challenge = a.Method + ":" + hex.EncodeToString(sum[:])
	}
	return d
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Limits of what callers send.
const (
	MaxText      = 64  // Bytes of a store, terminal, channel or receipt number.
	MaxReference = 256 // Bytes of a customer's reference or a challenge.
)

var (
	idForm        = regexp.MustCompile(`^[0-9a-f]{32}$`)
	hashForm      = regexp.MustCompile(`^[0-9a-f]{64}$`)
	methodForm    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	itemForm      = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	claimForm     = regexp.MustCompile(`^[A-Za-z0-9_-]{22,128}$`)
	signatureForm = regexp.MustCompile(`^[A-Za-z0-9_-]{86}$`)
)

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

// Each of the following looks at a value of one field, if it is there.

func (c *checker) matches(field string, value *string, form *regexp.Regexp, detail string) {
	if value != nil {
		c.must(claim{form.MatchString(*value), fault.InvalidValue, field, detail})
	}
}

func (c *checker) id(field string, value *string) {
	c.matches(field, value, idForm, "must be 32 lower-case hex digits")
}

func (c *checker) hash(field string, value *string) {
	c.matches(field, value, hashForm, "must be 64 lower-case hex digits")
}

func (c *checker) text(field string, value *string, limit int) {
	if value == nil {
		return
	}
	ok := *value != "" && len(*value) <= limit && utf8.ValidString(*value) && strings.TrimSpace(*value) == *value && !strings.ContainsFunc(*value, unicode.IsControl)
	c.must(claim{ok, fault.InvalidValue, field, fmt.Sprintf("must have 1 to %d bytes, no control characters and no space at either end", limit)})
}

func (c *checker) oneOf(field string, value *string, values []string) {
	if value != nil {
		c.must(claim{slices.Contains(values, *value), fault.InvalidValue, field, "must be " + strings.Join(values, ", ")})
	}
}

// span is a range of whole numbers.
type span struct{ least, most int64 }

func within[T ~int | ~int64](c *checker, field string, value *T, s span) {
	if value != nil {
		c.must(claim{int64(*value) >= s.least && int64(*value) <= s.most, fault.OutOfRange, field, fmt.Sprintf("must lie between %d and %d", s.least, s.most)})
	}
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// names gives texts of a type of their own as plain ones.
func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

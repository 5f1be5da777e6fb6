package vault

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// The kinds of values that a data policy declares for custom attributes.
const (
	Text   = "text"
	Date   = "date" // YYYY-MM-DD.
	Choice = "choice"
	Flag   = "flag"   // true or false.
	Number = "number" // Decimal: 12, -3.50.
)

// Declared is a custom attribute as the data policy in force declares it.
type Declared struct {
	Name     string // Without "custom.".
	Kind     string
	MaxBytes int // Of text; MaxCustomBytes when 0.
	Choices  []string
}

var numberForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?$`)

func (r *rules) normalCustom(a Attribute) (string, error) {
	d, declared := r.custom[strings.TrimPrefix(a.Name, CustomPrefix)]
	if !declared {
		return "", fault.New(fault.InvalidValue, "the data policy in force declares no %s", a.Name)
	}
	switch d.Kind {
	case Text:
		limit := MaxCustomBytes
		if d.MaxBytes > 0 {
			limit = min(limit, d.MaxBytes)
		}
		return normalText(a.Name, a.Value, limit)
	case Date:
		if _, err := time.Parse(time.DateOnly, a.Value); err != nil {
			return "", fault.New(fault.InvalidValue, "%s is a day as YYYY-MM-DD", a.Name)
		}
	case Choice:
		if !slices.Contains(d.Choices, a.Value) {
			return "", fault.New(fault.InvalidValue, "%s is one of the choices that the data policy declares", a.Name)
		}
	case Flag:
		if a.Value != flagSet && a.Value != flagOff {
			return "", fault.New(fault.InvalidValue, "%s is true or false", a.Name)
		}
	case Number:
		if !numberForm.MatchString(a.Value) {
			return "", fault.New(fault.InvalidValue, "%s is a decimal number, such as 12 or -3.50", a.Name)
		}
	default:
		return "", fault.New(fault.InvalidValue, "%s is of a kind that this gateway doesn't know", a.Name)
	}
	return a.Value, nil
}

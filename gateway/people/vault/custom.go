package vault

import (
	"regexp"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

var numberForm = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,17})$`)

// normalCustom checks an attribute by what the data policy in force declares of it.
func (r *rules) normalCustom(a Attribute) (string, error) {
	d, declared := r.custom[a.Name]
	if !declared {
		return "", fault.New(fault.InvalidValue, "the data policy in force declares no such custom attribute")
	}
	if len(a.Value) > d.MaxBytes {
		return "", fault.New(fault.InvalidValue, "%s has no more than %d bytes", a.Name, d.MaxBytes)
	}
	switch d.Kind {
	case privacy.KindText:
		return normalText(a.Name, a.Value, d.MaxBytes)
	case privacy.KindDate:
		if _, err := time.Parse(time.DateOnly, a.Value); err != nil {
			return "", fault.New(fault.InvalidValue, "%s is a day as YYYY-MM-DD", a.Name)
		}
	case privacy.KindChoice:
		if !slices.Contains(d.Choices, a.Value) {
			return "", fault.New(fault.InvalidValue, "%s is one of the choices that the data policy declares", a.Name)
		}
	case privacy.KindFlag:
		if a.Value != flagSet && a.Value != flagOff {
			return "", fault.New(fault.InvalidValue, "%s is true or false", a.Name)
		}
	case privacy.KindNumber:
		if !numberForm.MatchString(a.Value) {
			return "", fault.New(fault.InvalidValue, "%s is a whole number", a.Name)
		}
	default:
		return "", fault.New(fault.InvalidValue, "%s is of a kind that this gateway doesn't know", a.Name)
	}
	return a.Value, nil
}

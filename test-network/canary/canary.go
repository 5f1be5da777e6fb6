package canary

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind tells which spellings a canary has.
type Kind string

// Kinds of canaries.
const (
	Name     Kind = "name"
	Phone    Kind = "phone"    // In international form, with its leading +.
	Email    Kind = "email"    //
	Card     Kind = "card"     // Digits, spaces and hyphens allowed.
	Birthday Kind = "birthday" // As 2006-01-02.
	Text     Kind = "text"     // Anything else that is looked for as it stands.
)

// Least length in bytes, and the most that is sensible: traces longer than maxLength aren't overlapped between two pieces of a large file.
const (
	minLength = 8
	maxLength = 256
)

// Canary is a text that must not be found where it doesn't belong.
type Canary struct {
	Kind  Kind
	Label string // What a finding calls it, so that reports needn't repeat the value.
	Value string
}

// check tells what is wrong with a canary: one that can't be found would make every test pass.
func (c Canary) check() error {
	if len(c.Value) < minLength || len(c.Value) > maxLength || !utf8.ValidString(c.Value) {
		return fmt.Errorf("canary %s: want %d to %d bytes of UTF-8", c.Label, minLength, maxLength)
	}
	digits := len(digitsOf(c.Value))
	switch c.Kind {
	case Phone:
		if !strings.HasPrefix(c.Value, "+") || digits < minLength {
			return fmt.Errorf("canary %s: a phone number is in international form", c.Label)
		}
	case Card:
		if digits < minLength {
			return fmt.Errorf("canary %s: a card number has at least %d digits", c.Label, minLength)
		}
	case Email:
		if strings.Count(c.Value, "@") != 1 {
			return fmt.Errorf("canary %s: not an e-mail address", c.Label)
		}
	case Birthday:
		if _, err := time.Parse(time.DateOnly, c.Value); err != nil {
			return fmt.Errorf("canary %s: a birthday is written 2006-01-02", c.Label)
		}
	case Name, Text:
	default:
		return fmt.Errorf("canary %s: no kind %q", c.Label, c.Kind)
	}
	return nil
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

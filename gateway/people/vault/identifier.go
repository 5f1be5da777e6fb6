package vault

import (
	"net/mail"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Kind says what an identifier is.
type Kind string

// The kinds of identifiers; attributes of these names are identifiers.
const (
	Phone    Kind = "phone"    // E.164: +14155550123.
	Email    Kind = "email"    // RFC 5322 address without name; the domain in lower case and ASCII (IDNA).
	Card     Kind = "card"     // Digits with a check digit (ISO/IEC 7812-1, Luhn).
	External Kind = "external" // Another system's id, such as crm:12345; compared as it is.
)

// Kinds lists all kinds in a stable order.
var Kinds = []Kind{Phone, Email, Card, External}

// Limits of identifiers.
const (
	MaxEmailBytes    = 254 // RFC 5321 with its erratum 1690.
	MinCardDigits    = 8
	MaxCardDigits    = 19 // ISO/IEC 7812-1.
	MaxExternalBytes = 128
	maxPhoneInput    = 64
	maxCardInput     = 64
)

// Identifier names one person. Values are normalised before they are compared, so callers give them as people write them.
type Identifier struct {
	Kind  Kind
	Value string
}

// Normalise gives the form in which an identifier is kept; region is the country of phone numbers without a country code, or empty. INVALID_VALUE says what is
// wrong and never repeats the value.
func (i Identifier) Normalise(region string) (Identifier, error) {
	var value string
	var err error
	switch i.Kind {
	case Phone:
		value, err = normalPhone(i.Value, region)
	case Email:
		value, err = normalEmail(i.Value)
	case Card:
		value, err = normalCard(i.Value)
	case External:
		value, err = normalExternal(i.Value)
	default:
		err = fault.New(fault.InvalidValue, "an identifier is a phone, email, card or external")
	}
	return Identifier{i.Kind, value}, err
}

// lookup is what the index hashes of a normalised identifier. Mail providers don't tell local parts apart by case, and people don't write them the same twice.
func (i Identifier) lookup() string {
	if i.Kind == Email {
		return string(i.Kind) + "|" + strings.ToLower(i.Value)
	}
	return string(i.Kind) + "|" + i.Value
}

func normalPhone(text, region string) (string, error) {
	if len(text) > maxPhoneInput {
		return "", fault.New(fault.InvalidValue, "a phone number has no more than %d characters", maxPhoneInput)
	}
	parsed, err := phonenumbers.Parse(text, region)
	if err != nil {
		if region == "" {
			return "", fault.New(fault.InvalidValue, "a phone number starts with + and the country code")
		}
		return "", fault.New(fault.InvalidValue, "this is no phone number, neither with + and a country code nor one of %s", region)
	}
	if parsed.GetExtension() != "" {
		return "", fault.New(fault.InvalidValue, "a phone number has no extension")
	}
	if !phonenumbers.IsPossibleNumber(parsed) {
		return "", fault.New(fault.InvalidValue, "this can't be a phone number: its length fits no number of its country")
	}
	return phonenumbers.Format(parsed, phonenumbers.E164), nil
}

func normalEmail(text string) (string, error) {
	text = norm.NFC.String(strings.TrimSpace(text))
	if len(text) > MaxEmailBytes {
		return "", fault.New(fault.InvalidValue, "an e-mail address has no more than %d bytes", MaxEmailBytes)
	}
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Name != "" || parsed.Address != text {
		return "", fault.New(fault.InvalidValue, "an e-mail address is local@domain, without a name, quotes or comments")
	}
	at := strings.LastIndexByte(text, '@')
	domain, err := idna.Lookup.ToASCII(text[at+1:])
	if err != nil || domain == "" {
		return "", fault.New(fault.InvalidValue, "the e-mail address's domain is no domain name")
	}
	if !strings.Contains(domain, ".") {
		return "", fault.New(fault.InvalidValue, "the e-mail address's domain has no dot")
	}
	if at+1+len(domain) > MaxEmailBytes {
		return "", fault.New(fault.InvalidValue, "an e-mail address has no more than %d bytes", MaxEmailBytes)
	}
	return text[:at+1] + strings.ToLower(domain), nil
}

func normalCard(text string) (string, error) {
	if len(text) > maxCardInput {
		return "", fault.New(fault.InvalidValue, "a card number has no more than %d digits", MaxCardDigits)
	}
	digits := strings.NewReplacer(" ", "", "-", "").Replace(text)
	for _, d := range digits {
		if d < '0' || d > '9' {
			return "", fault.New(fault.InvalidValue, "a card number has digits only, with spaces or hyphens between them")
		}
	}
	if len(digits) < MinCardDigits || len(digits) > MaxCardDigits {
		return "", fault.New(fault.InvalidValue, "a card number has %d to %d digits", MinCardDigits, MaxCardDigits)
	}
	if !luhn(digits) {
		return "", fault.New(fault.InvalidValue, "the card number's check digit is wrong")
	}
	return digits, nil
}

// luhn checks the last digit by ISO/IEC 7812-1, annex B: from the right, every second digit doubled, digit sums added.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return sum%10 == 0
}

func normalExternal(text string) (string, error) {
	text = norm.NFC.String(strings.TrimSpace(text))
	if text == "" || len(text) > MaxExternalBytes {
		return "", fault.New(fault.InvalidValue, "an external id has 1 to %d bytes", MaxExternalBytes)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fault.New(fault.InvalidValue, "an external id has printable characters only")
	}
	return text, nil
}

package bankfiles

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Lengths of texts, in characters. The schema's own limits are maxID (Max35Text), maxOtherAccount (Max34Text) and maxRemittance (Max140Text).
const (
	MaxMessageID = 30 // Of the schema's 35, as the ids of the payments in the message are made of it.
	MaxLegID     = maxID
	MaxName      = 70 // The schema has 140; the payment schemes cut at 70 (EPC132-08, AT-02 and AT-21).

	maxID           = 35
	maxMember       = 32
	maxOtherAccount = 34
	maxRemittance   = 140
	minIBAN         = 15 // Norway's, the shortest of ISO 13616.
	maxIBAN         = 34
)

// latin are the characters that every bank takes in every field (EPC217-08, the SWIFT X set without line ends).
const latin = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ "

var (
	ibanForm = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]+$`)
	bicForm  = regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`) // BICFIDec2014Identifier
)

// checkText returns INVALID_VALUE unless s has 1 to most characters of the latin set and no blank at either end, which banks cut off. The text itself is not repeated, only the
// first character that can't stand.
func checkText(field, s string, most int) error {
	if n := utf8.RuneCountInString(s); n < 1 || n > most {
		return fault.New(fault.InvalidValue, "%s has %d characters: it needs 1 to %d", field, n, most)
	}
	for _, r := range s {
		if !strings.ContainsRune(latin, r) {
			return fault.New(fault.InvalidValue, "%s has the character %U, which banks don't take: write it with letters a to z, digits, blanks and / - ? : ( ) . , ' +", field, r)
		}
	}
	if strings.TrimSpace(s) != s {
		return fault.New(fault.InvalidValue, "%s begins or ends with a blank", field)
	}
	return nil
}

// checkID returns INVALID_VALUE unless s can be a reference: a text as above, which by EPC217-08 neither begins nor ends with a slash nor has two in a row.
func checkID(field, s string, most int) error {
	if err := checkText(field, s, most); err != nil {
		return err
	}
	if strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/") || strings.Contains(s, "//") {
		return fault.New(fault.InvalidValue, "%s begins or ends with a slash, or has two in a row", field)
	}
	return nil
}

// checkIBAN returns INVALID_VALUE unless s has the form and the check digits of ISO 13616 (remainder 1 of 97, ISO 7064). The length that each country prescribes is the bank's to check.
func checkIBAN(field, s string) error {
	if len(s) < minIBAN || len(s) > maxIBAN || !ibanForm.MatchString(s) {
		return fault.New(fault.InvalidValue, "%s is no IBAN: two capital letters, two digits and up to 30 capital letters and digits, without blanks", field)
	}
	rest := 0
	for _, c := range s[4:] + s[:4] {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	if rest != 1 {
		return fault.New(fault.InvalidValue, "%s is no IBAN: its check digits don't fit", field)
	}
	return nil
}

func checkBIC(field, s string) error {
	if !bicForm.MatchString(s) {
		return fault.New(fault.InvalidValue, "%s is no BIC: 8 or 11 capital letters and digits", field)
	}
	return nil
}

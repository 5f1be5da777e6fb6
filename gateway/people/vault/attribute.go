package vault

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

// Attribute is one value of one person. Phones, e-mails, cards and external ids may have several values: several attributes of one name.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Names of built-in attributes besides those of identifiers, and what names of groups start with.
const (
	Name            = "name"
	Birthday        = "birthday" // YYYY-MM-DD.
	Language        = "language" // BCP 47.
	MarketingPrefix = "marketing."
	CustomPrefix    = "custom."
)

// Limits of attributes. MaxValues is of one person, MaxValuesPerName of one name.
const (
	MaxNameBytes     = 200             // Of a person's name.
	MaxLanguageBytes = 35              // BCP 47, section 4.4.1.
	MaxValues        = privacy.MaxPuts // A merger brings all of one person's into one change.
	MaxValuesPerName = 10
	firstBirthyear   = 1900
	birthdayForm     = time.DateOnly
	flagSet, flagOff = "true", "false"
)

// channels of marketing are these and what the data policy in force declares: names of attributes aren't encrypted, so nobody makes them up.
var channels = []string{"email", "phone", "post", "push", "sms"}

// Invalid is what is wrong with one of several attributes. It never holds the value.
type Invalid struct {
	Index int // In the caller's list.
	Name  string
	coded *fault.Error
}

// Error gives "CODE: detail".
func (i *Invalid) Error() string { return i.coded.Error() }

// Unwrap gives the coded error.
func (i *Invalid) Unwrap() error { return i.coded }

// Multiple says whether an attribute may have several values: those that are identifiers may.
func Multiple(name string) bool { return slices.Contains(Kinds, Kind(name)) }

// anyDeclared says whether the data policy has to be asked what it declares.
func anyDeclared(all []Attribute) bool {
	return slices.ContainsFunc(all, func(a Attribute) bool {
		channel, marketing := strings.CutPrefix(a.Name, MarketingPrefix)
		return strings.HasPrefix(a.Name, CustomPrefix) || marketing && !slices.Contains(channels, channel)
	})
}

// rules are what a vault checks attributes by.
type rules struct {
	region string
	custom map[string]privacy.AttributeSchema // Declared by the data policy in force, by name; custom.* and marketing.*.
	today  time.Time
}

// normalAll normalises a list and checks it as a whole: no value twice, and no more values than a name may have.
func (r *rules) normalAll(all []Attribute) ([]Attribute, error) {
	if len(all) > MaxValues {
		return nil, fault.New(fault.PersonLimit, "a person has no more than %d values", MaxValues)
	}
	out := make([]Attribute, 0, len(all))
	count := map[string]int{}
	for i, a := range all {
		normal, err := r.normal(a)
		if err != nil {
			return nil, invalid(i, a.Name, err)
		}
		if containsSame(out, normal) {
			return nil, invalid(i, a.Name, fault.New(fault.InvalidValue, "%s: the value is there twice", a.Name))
		}
		count[normal.Name]++
		if !Multiple(normal.Name) && count[normal.Name] > 1 {
			return nil, invalid(i, a.Name, fault.New(fault.InvalidValue, "%s has one value", a.Name))
		}
		if count[normal.Name] > MaxValuesPerName {
			return nil, invalid(i, a.Name, fault.New(fault.PersonLimit, "%s has no more than %d values", a.Name, MaxValuesPerName))
		}
		out = append(out, normal)
	}
	return out, nil
}

// containsSame says whether a list has a value that is the same to the vault: identifiers are the same when the index can't tell them apart.
func containsSame(list []Attribute, a Attribute) bool {
	return slices.ContainsFunc(list, func(b Attribute) bool { return sameAttribute(a, b) })
}

func sameAttribute(a, b Attribute) bool {
	if a.Name != b.Name || !Multiple(a.Name) {
		return a == b
	}
	return Identifier{Kind(a.Name), a.Value}.lookup() == Identifier{Kind(b.Name), b.Value}.lookup()
}

func invalid(index int, name string, err error) error {
	var coded *fault.Error
	if !errors.As(err, &coded) {
		coded = fault.New(fault.CodeOf(err), "the attribute can't be taken")
	}
	if !plainName(name) {
		name = ""
	}
	return &Invalid{Index: index, Name: name, coded: coded}
}

// plainName keeps what a caller wrote in place of a name out of answers: it may be anything.
func plainName(name string) bool { return CheckName(name) == nil }

// CheckName refuses what can't be the name of an attribute, without repeating it.
func CheckName(name string) error {
	if !privacy.ValidAttribute(name) {
		return fault.New(fault.InvalidValue, "an attribute's name has lower-case letters and digits, joined by dots and hyphens, %d bytes at most", privacy.MaxAttributeName)
	}
	return nil
}

func (r *rules) normal(a Attribute) (Attribute, error) {
	if err := CheckName(a.Name); err != nil {
		return a, err
	}
	var err error
	switch {
	case Multiple(a.Name):
		var id Identifier
		id, err = Identifier{Kind(a.Name), a.Value}.Normalise(r.region)
		a.Value = id.Value
	case a.Name == Name:
		a.Value, err = normalText(Name, a.Value, MaxNameBytes)
	case a.Name == Birthday:
		err = r.checkBirthday(a.Value)
	case a.Name == Language:
		a.Value, err = normalLanguage(a.Value)
	case strings.HasPrefix(a.Name, MarketingPrefix):
		err = r.checkMarketing(a)
	case strings.HasPrefix(a.Name, CustomPrefix):
		a.Value, err = r.normalCustom(a)
	default:
		err = fault.New(fault.InvalidValue, "there are the attributes name, birthday, language, phone, email, card, external, marketing.* and custom.*, no other")
	}
	return a, err
}

// normalText takes one line of text of 1 to limit bytes.
func normalText(name, text string, limit int) (string, error) {
	if !utf8.ValidString(text) {
		return "", fault.New(fault.InvalidValue, "%s is no UTF-8", name)
	}
	text = norm.NFC.String(strings.TrimSpace(text))
	if text == "" || len(text) > limit {
		return "", fault.New(fault.InvalidValue, "%s has 1 to %d bytes", name, limit)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", fault.New(fault.InvalidValue, "%s has no control characters", name)
	}
	return text, nil
}

func (r *rules) checkBirthday(text string) error {
	day, err := time.Parse(birthdayForm, text)
	if err != nil {
		return fault.New(fault.InvalidValue, "birthday is a day as YYYY-MM-DD")
	}
	if day.Year() < firstBirthyear || day.After(r.today) {
		return fault.New(fault.InvalidValue, "birthday lies between %d and today", firstBirthyear)
	}
	return nil
}

func normalLanguage(text string) (string, error) {
	if len(text) > MaxLanguageBytes {
		return "", fault.New(fault.InvalidValue, "language has no more than %d characters", MaxLanguageBytes)
	}
	tag, err := language.Parse(text)
	if err != nil || tag == language.Und {
		return "", fault.New(fault.InvalidValue, "language is a tag of BCP 47, such as en or pt-BR")
	}
	return tag.String(), nil
}

func (r *rules) checkMarketing(a Attribute) error {
	_, declared := r.custom[a.Name]
	if !declared && !slices.Contains(channels, strings.TrimPrefix(a.Name, MarketingPrefix)) {
		return fault.New(fault.InvalidValue, "marketing preferences are of %s, and of others that the data policy in force declares", strings.Join(channels, ", "))
	}
	if a.Value != flagSet && a.Value != flagOff {
		return fault.New(fault.InvalidValue, "%s is true or false", a.Name)
	}
	return nil
}

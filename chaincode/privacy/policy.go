package privacy

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits of a data policy.
const (
	MaxPolicyPurposes   = 64
	MaxPolicyAttributes = 128
	MaxPolicyChoices    = 64
	MaxPolicyLanguages  = 32
	MaxPolicyProse      = 64 << 10 // Bytes of the prose of one language.
	MaxPolicyWords      = 1024     // Bytes of the words of one purpose, attribute or choice.
	MaxAttributeBytes   = 4096     // Bytes of an attribute's value.
	MaxRetentionDays    = 36500
)

// AttributeKind says what values an attribute takes.
type AttributeKind string

// The kinds of attributes.
const (
	KindText   AttributeKind = "text"
	KindDate   AttributeKind = "date" // YYYY-MM-DD.
	KindChoice AttributeKind = "choice"
	KindFlag   AttributeKind = "flag"   // true or false.
	KindNumber AttributeKind = "number" // A whole number.
)

// Policy is one version of what a brand promises about personal data: which attributes it keeps and how long, and for which purposes others may get them. Versions are
// never overwritten; one is named by the SHA-256 of its canonical JSON.
type Policy struct {
	V          int               `json:"v"` // 1.
	Version    int               `json:"version"`
	From       quantity.Day      `json:"from"`  // First business date on which it is in force.
	Prose      map[string]string `json:"prose"` // The whole policy in plain words, by language (BCP 47).
	Purposes   []Purpose         `json:"purposes"`
	Attributes []AttributeSchema `json:"attributes,omitempty"`
}

// Purpose is what a grantee may want data for.
type Purpose struct {
	Code  string            `json:"code"`
	Words map[string]string `json:"words"` // By language.
}

// AttributeSchema declares an attribute.
type AttributeSchema struct {
	Name          string            `json:"name"`
	Kind          AttributeKind     `json:"kind"`
	MaxBytes      int               `json:"maxBytes"`          // Of a value, 1 to MaxAttributeBytes.
	Choices       []string          `json:"choices,omitempty"` // Of a choice.
	Labels        Labels            `json:"labels,omitempty"`  // Of a choice or a flag.
	Words         map[string]string `json:"words"`             // By language.
	RetentionDays int               `json:"retentionDays"`     // How long a value is kept after it was last set; 0: as long as the person is a customer.
}

// Labels are what customers read in place of the values of a choice or a flag: by value, then by language (BCP 47). A value that has none is shown as it is.
type Labels map[string]map[string]string

// flagValues are those of KindFlag.
var flagValues = []string{"true", "false"}

// CheckLabels returns INVALID_VALUE or TOO_LARGE unless labels are for values that the attribute has.
func (a *AttributeSchema) CheckLabels(labels Labels) error {
	values := a.Choices
	if a.Kind == KindFlag {
		values = flagValues
	}
	for value, words := range labels {
		if !slices.Contains(values, value) {
			return fault.New(fault.InvalidValue, "attribute %s: a label is for one of the choices, or for true or false of a flag", a.Name)
		}
		if err := validWords("a label of attribute "+a.Name, words, MaxPolicyWords); err != nil {
			return err
		}
	}
	return nil
}

// Validate returns INVALID_VALUE or TOO_LARGE unless the policy has its form.
func (p *Policy) Validate() error {
	if p.V != 1 || p.Version < 1 || p.Version > points.MaxPublications {
		return fault.New(fault.InvalidValue, "a data policy has v 1 and a version from 1 to %d", points.MaxPublications)
	}
	if err := validWords("prose", p.Prose, MaxPolicyProse); err != nil {
		return err
	}
	if len(p.Purposes) > MaxPolicyPurposes || len(p.Attributes) > MaxPolicyAttributes {
		return fault.New(fault.TooLarge, "a data policy has at most %d purposes and %d attributes", MaxPolicyPurposes, MaxPolicyAttributes)
	}
	seen := map[string]bool{}
	for i := range p.Purposes {
		purpose := &p.Purposes[i]
		if !validCode(purpose.Code) || seen[purpose.Code] {
			return fault.New(fault.InvalidValue, "purpose %d: codes are lower-case words joined by hyphens, each once", i)
		}
		seen[purpose.Code] = true
		if err := validWords("purpose "+purpose.Code, purpose.Words, MaxPolicyWords); err != nil {
			return err
		}
	}
	return p.validateAttributes()
}

func (p *Policy) validateAttributes() error {
	seen := map[string]bool{}
	for i := range p.Attributes {
		a := &p.Attributes[i]
		if !ValidAttribute(a.Name) || seen[a.Name] {
			return fault.New(fault.InvalidValue, "attribute %d: names are lower-case words joined by dots or hyphens, each once", i)
		}
		seen[a.Name] = true
		if err := a.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (a *AttributeSchema) validate() error {
	switch a.Kind {
	case KindText, KindDate, KindChoice, KindFlag, KindNumber:
	default:
		return fault.New(fault.InvalidValue, "attribute %s has a kind that there isn't", a.Name)
	}
	if a.MaxBytes < 1 || a.MaxBytes > MaxAttributeBytes || a.RetentionDays < 0 || a.RetentionDays > MaxRetentionDays {
		return fault.New(fault.OutOfRange, "attribute %s: maxBytes is 1 to %d, retentionDays 0 to %d", a.Name, MaxAttributeBytes, MaxRetentionDays)
	}
	if (a.Kind == KindChoice) != (len(a.Choices) > 0) || len(a.Choices) > MaxPolicyChoices {
		return fault.New(fault.InvalidValue, "attribute %s: a choice, and nothing else, has 1 to %d choices", a.Name, MaxPolicyChoices)
	}
	for _, c := range a.Choices {
		if c == "" || len(c) > a.MaxBytes {
			return fault.New(fault.InvalidValue, "attribute %s: a choice has 1 to maxBytes bytes", a.Name)
		}
	}
	if err := a.CheckLabels(a.Labels); err != nil {
		return err
	}
	return validWords("attribute "+a.Name, a.Words, MaxPolicyWords)
}

func validWords(what string, words map[string]string, limit int) error {
	if len(words) == 0 || len(words) > MaxPolicyLanguages {
		return fault.New(fault.InvalidValue, "%s: words in 1 to %d languages", what, MaxPolicyLanguages)
	}
	for language, text := range words {
		if !languageForm.MatchString(language) {
			return fault.New(fault.InvalidValue, "%s: a language is named as in BCP 47", what)
		}
		if text == "" || len(text) > limit {
			return fault.New(fault.TooLarge, "%s: the words of a language have 1 to %d bytes", what, limit)
		}
	}
	return nil
}

// HasPurpose says whether the policy has a purpose of this code.
func (p *Policy) HasPurpose(code string) bool {
	for i := range p.Purposes {
		if p.Purposes[i].Code == code {
			return true
		}
	}
	return false
}

// Attribute finds an attribute's schema; nil when the policy doesn't declare it.
func (p *Policy) Attribute(name string) *AttributeSchema {
	for i := range p.Attributes {
		if p.Attributes[i].Name == name {
			return &p.Attributes[i]
		}
	}
	return nil
}

// Policies are the versions of the data policy that a programme has published.
type Policies struct {
	V        int                  `json:"v"` // Record version, 1.
	Versions []points.Publication `json:"versions"`
}

// Admit appends a version that is effective on business date today or later. INVALID_VALUE when its number or its day doesn't follow the last one, LIMIT when there are too many.
func (s *Policies) Admit(next points.Publication, today quantity.Day) error {
	if len(s.Versions) >= points.MaxPublications {
		return fault.New(fault.Limit, "a programme has at most %d versions of its data policy", points.MaxPublications)
	}
	first := today
	if n := len(s.Versions); n > 0 {
		first = max(first, s.Versions[n-1].Effective)
	}
	if next.Version != len(s.Versions)+1 || next.Effective < first {
		return fault.New(fault.InvalidValue, "the next version is version %d, and takes effect from %s on", len(s.Versions)+1, first)
	}
	s.Versions = append(s.Versions, next)
	return nil
}

// Find returns a published version; NOT_FOUND when there is none.
func (s *Policies) Find(version int) (points.Publication, error) {
	if version < 1 || version > len(s.Versions) {
		return points.Publication{}, fault.New(fault.NotFound, "the programme has no version %d of its data policy", version)
	}
	return s.Versions[version-1], nil
}

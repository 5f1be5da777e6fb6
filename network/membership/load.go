package membership

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/network/failure"
)

// Bounds of what a membership file may say.
const (
	maxFileBytes       = 256 << 10
	maxDisplayName     = 60
	maxAccountName     = 70 // As bank files have it.
	maxRatePart        = 1_000_000_000
	MaxReceiptAge      = 36600 // days
	businessDateLayout = time.DateOnly
)

var (
	memberName  = regexp.MustCompile(`^[a-z][a-z0-9]{1,19}$`)
	channelName = regexp.MustCompile(`^[a-z][a-z0-9.-]{0,248}$`)
	currency    = regexp.MustCompile(`^[A-Z]{3}$`)
	iban        = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)
)

// Load reads and checks a membership file. Its error has code MEMBERSHIP_INVALID and names the file, the member and the rule.
func Load(file string) (*Membership, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, failure.Wrap(failure.MembershipInvalid, err, "can't read the membership file")
	}
	m, err := Parse(data)
	if err != nil {
		return nil, failure.Wrap(failure.MembershipInvalid, err, "%s", file)
	}
	return m, nil
}

// Parse reads a membership document, fills in defaults and checks it. Unknown and duplicate keys are errors.
func Parse(data []byte) (*Membership, error) {
	if len(data) > maxFileBytes {
		return nil, invalid("larger than %d bytes", maxFileBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	m := &Membership{Channel: DefaultChannel, PortBase: DefaultPortBase}
	if err := decoder.Decode(m); err != nil {
		return nil, failure.Wrap(failure.MembershipInvalid, err, "not a membership document")
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, invalid("holds more than one document")
	}
	m.fillDefaults()
	if err := m.validate(); err != nil {
		return nil, err
	}
	return m, nil
}

// WithPortBase gives the same consortium on other ports.
func (m *Membership) WithPortBase(base int) (*Membership, error) {
	moved := *m
	moved.PortBase = base
	if err := moved.validatePorts(); err != nil {
		return nil, err
	}
	return &moved, nil
}

func (m *Membership) fillDefaults() {
	for i := range m.Members {
		member := &m.Members[i]
		if member.Peers == 0 {
			member.Peers = 1
		}
		if member.Orderers == 0 && member.Kind == Brand {
			member.Orderers = 1
		}
	}
}

func (m *Membership) validate() error {
	if !channelName.MatchString(m.Channel) {
		return invalid("channel %q: want lower-case letters, digits, dots and dashes, starting with a letter", m.Channel)
	}
	if len(m.Members) > MaxMembers {
		return invalid("%d members: at most %d", len(m.Members), MaxMembers)
	}
	seen := map[string]bool{}
	for _, member := range m.Members {
		if err := member.validate(); err != nil {
			return err
		}
		if seen[member.Name] {
			return invalid("member %s: listed twice", member.Name)
		}
		seen[member.Name] = true
	}
	if brands := len(m.Brands()); brands < MinBrands || brands > MaxBrands {
		return invalid("%d brands: want %d to %d (a brand's points need another brand's endorsement)", brands, MinBrands, MaxBrands)
	}
	if m.Clearing != nil {
		if err := m.Clearing.validate(m); err != nil {
			return err
		}
	}
	return m.validatePorts()
}

func (member Member) validate() error {
	if !memberName.MatchString(member.Name) {
		return invalid("member name %q: want 2 to 20 lower-case letters and digits, starting with a letter", member.Name)
	}
	if member.Peers < 1 || member.Peers > MaxPeers {
		return invalid("member %s: peers %d: want 1 to %d", member.Name, member.Peers, MaxPeers)
	}
	switch member.Kind {
	case Brand:
		return member.validateBrand()
	case Regulator:
		return member.validateRegulator()
	}
	return invalid("member %s: kind %q: want %s or %s", member.Name, member.Kind, Brand, Regulator)
}

func (member Member) validateBrand() error {
	if member.Orderers < 1 || member.Orderers > MaxOrderers {
		return invalid("member %s: orderers %d: want 1 to %d", member.Name, member.Orderers, MaxOrderers)
	}
	if member.Programme == nil {
		return invalid("member %s: a brand needs a programme", member.Name)
	}
	if err := member.Programme.validate(); err != nil {
		return failure.Wrap(failure.MembershipInvalid, err, "member %s", member.Name)
	}
	if a := member.Account; a != nil && (a.Name == "" || len(a.Name) > maxAccountName || !iban.MatchString(a.IBAN)) {
		return invalid("member %s: an account has an owner's name of 1 to %d bytes and an IBAN without blanks", member.Name, maxAccountName)
	}
	return nil
}

func (member Member) validateRegulator() error {
	if member.Orderers != 0 {
		return invalid("member %s: a regulator orders nothing, so it has no orderers", member.Name)
	}
	if member.Programme != nil {
		return invalid("member %s: a regulator has no programme", member.Name)
	}
	if member.Account != nil {
		return invalid("member %s: a regulator settles nothing, so it has no account", member.Name)
	}
	return nil
}

func (p *Programme) validate() error {
	if p.DisplayName == "" || len(p.DisplayName) > maxDisplayName || strings.TrimSpace(p.DisplayName) != p.DisplayName {
		return invalid("programme displayName %q: want 1 to %d bytes without outer spaces", p.DisplayName, maxDisplayName)
	}
	if !currency.MatchString(p.Currency) {
		return invalid("programme currency %q: want an ISO 4217 code such as GBP", p.Currency)
	}
	if p.Terms != nil {
		if p.Rate != (Rate{}) || p.MaxReceiptAgeDays != 0 || p.UnreferencedReturns {
			return invalid("programme terms say rate, maxReceiptAgeDays and unreferencedReturns themselves: leave them out beside terms")
		}
		return p.validateDate()
	}
	if p.Rate.Points < 1 || p.Rate.Points > maxRatePart || p.Rate.PerMinor < 1 || p.Rate.PerMinor > maxRatePart {
		return invalid("programme rate %d per %d: want both 1 to %d", p.Rate.Points, p.Rate.PerMinor, maxRatePart)
	}
	if p.MaxReceiptAgeDays < 1 || p.MaxReceiptAgeDays > MaxReceiptAge {
		return invalid("programme maxReceiptAgeDays %d: want 1 to %d", p.MaxReceiptAgeDays, MaxReceiptAge)
	}
	return p.validateDate()
}

func (p *Programme) validateDate() error {
	if p.BusinessDate == "" && p.Simulated {
		return invalid("programme is simulated and needs a businessDate to start at")
	}
	if p.BusinessDate == "" {
		return nil
	}
	if !p.Simulated {
		return invalid("programme businessDate %s: only a simulated programme chooses its first day", p.BusinessDate)
	}
	if _, err := time.Parse(businessDateLayout, p.BusinessDate); err != nil {
		return invalid("programme businessDate %q: want YYYY-MM-DD", p.BusinessDate)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return failure.New(failure.MembershipInvalid, format, args...)
}

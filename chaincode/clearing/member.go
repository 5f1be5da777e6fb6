package clearing

import (
	"regexp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Kind says what a member may be.
type Kind string

// The kinds of member.
const (
	KindBrand     Kind = "brand"     // Issues, endorses, orders.
	KindRegulator Kind = "regulator" // Reads everything it may and writes nothing.
)

// CoverRule says how far a member's payables are limited.
type CoverRule string

// The cover rules.
const (
	CoverNone    CoverRule = ""        // Its payables are limited by caps alone.
	CoverReserve CoverRule = "reserve" // Netting settles no more of them than the member's reserve covers.
)

// Member is one organisation of the consortium.
type Member struct {
	Name   string `json:"name"` // Lower case; its points chaincode is points-<name>.
	MSP    string `json:"msp"`
	Kind   Kind   `json:"kind"`
	Number int    `json:"number,omitzero"` // Of admission, 0 to MaxMembers-1, never used again: lane numbers derive from it.

	Status        MemberStatus `json:"status,omitempty"`   // Empty, as in records from before there were statuses, means ACTIVE.
	AdminKey      string       `json:"adminKey,omitempty"` // To which custody passes when the member fails: uncompressed P-256 point, base64url without padding.
	Novation      string       `json:"novation,omitempty"` // SHA-256 of the novation clause that the admission signed, hex.
	Cover         CoverRule    `json:"cover,omitempty"`
	Administrator string       `json:"administrator,omitempty"` // MSP id of the brand that acts for it while it is ADMINISTERED.
	HonourUntil   quantity.Day `json:"honourUntil,omitzero"`    // Last day on which the points of a member that is leaving are honoured at the others.
}

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9]{1,15}$`)
	mspForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{1,31}$`)
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// validateFounder returns INVALID_VALUE unless this can stand in a founding document: everything that later votes decide is left out.
func (m *Member) validateFounder() error {
	if m.Kind != KindBrand && m.Kind != KindRegulator {
		return fault.New(fault.InvalidValue, "a member's kind must be %s or %s", KindBrand, KindRegulator)
	}
	if m.Status != "" || m.Administrator != "" || m.HonourUntil != 0 {
		return fault.New(fault.InvalidValue, "a founder has no status, administrator or honour window yet")
	}
	if m.Number < 0 || m.Number >= MaxMembers {
		return fault.New(fault.InvalidValue, "admission numbers lie between 0 and %d", MaxMembers-1)
	}
	return m.validateForm()
}

// validateForm checks what every member has, and the form of what it may have.
func (m *Member) validateForm() error {
	if !nameForm.MatchString(m.Name) || !mspForm.MatchString(m.MSP) {
		return fault.New(fault.InvalidValue, "a member's name is 2 to 16 lower-case letters and digits, its MSP id 2 to 32 letters and digits")
	}
	if m.Cover != CoverNone && m.Cover != CoverReserve {
		return fault.New(fault.InvalidValue, "a member's cover is %s, or left out", CoverReserve)
	}
	if m.Novation != "" && !hashForm.MatchString(m.Novation) {
		return fault.New(fault.InvalidValue, "a novation clause is named by 64 lower-case hex digits")
	}
	if m.AdminKey == "" {
		return nil
	}
	_, err := p256.ParseKey(m.AdminKey)
	return err
}

// Is says whether the member has one of these statuses.
func (m *Member) Is(statuses ...MemberStatus) bool {
	for _, s := range statuses {
		if m.State() == s {
			return true
		}
	}
	return false
}

// State is the member's status.
func (m *Member) State() MemberStatus {
	if m.Status == "" {
		return StatusActive
	}
	return m.Status
}

// Covered says whether netting settles no more of the member's payables than its reserve covers: also those of a member that failed, whatever it was before.
func (m *Member) Covered() bool { return m.Cover == CoverReserve || m.Is(StatusAdministered) }

// SpokenForBy says whether identities of this organisation act for the member: its own, or once it failed only the administrator's.
func (m *Member) SpokenForBy(msp string) bool {
	if m.Is(StatusAdministered) {
		return m.Administrator == msp
	}
	return m.MSP == msp && !m.Is(StatusExited)
}

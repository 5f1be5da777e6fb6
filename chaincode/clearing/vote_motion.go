package clearing

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Subject is what a proposal is about.
type Subject string

// The subjects.
const (
	SubjectNone       Subject = ""
	SubjectAdmit      Subject = "admit"
	SubjectSuspend    Subject = "suspend"
	SubjectReinstate  Subject = "reinstate"
	SubjectCap        Subject = "cap"
	SubjectAllocation Subject = "allocation"
	SubjectDefault    Subject = "default"
	SubjectExit       Subject = "exit"
	SubjectCustodian  Subject = "custodian"
	SubjectCalendar   Subject = "calendar"
	SubjectDeferral   Subject = "deferral"
)

// Motion is what the brands decide: exactly one of these.
type Motion struct {
	Admit      *Admission      `json:"admit,omitempty"`
	Suspend    *Concerned      `json:"suspend,omitempty"`
	Reinstate  *Concerned      `json:"reinstate,omitempty"`
	Cap        *CapMotion      `json:"cap,omitempty"`
	Allocation *AllocationMove `json:"allocation,omitempty"`
	Default    *Administration `json:"default,omitempty"`
	Exit       *Leave          `json:"exit,omitempty"`
	Custodian  *CustodianKey   `json:"custodian,omitempty"`
	Calendar   *Calendar       `json:"calendar,omitempty"`
	Deferral   *Deferral       `json:"deferral,omitempty"`
}

// Admission is the entry of a new brand. Its chaincodes, collections and place in the channel's policies are made outside.
type Admission struct {
	Name     string    `json:"name"`
	MSP      string    `json:"msp"`
	AdminKey string    `json:"adminKey"` // Uncompressed P-256 point, base64url without padding.
	Novation string    `json:"novation"` // SHA-256 of the clause by which members without an agreement come to owe each other what netting says, hex.
	Cover    CoverRule `json:"cover,omitempty"`
	Consent  string    `json:"consent"` // Signature by AdminKey over the AdmissionTerms.
}

// AdmissionTerms is what a newcomer signs: the SHA-256 of its canonical JSON.
type AdmissionTerms struct {
	Genesis  string    `json:"genesis"`
	Name     string    `json:"name"`
	MSP      string    `json:"msp"`
	AdminKey string    `json:"adminKey"`
	Novation string    `json:"novation"`
	Cover    CoverRule `json:"cover"`
}

// Terms are what the newcomer's consent signs on this channel.
func (a *Admission) Terms(genesis string) *AdmissionTerms {
	return &AdmissionTerms{Genesis: genesis, Name: a.Name, MSP: a.MSP, AdminKey: a.AdminKey, Novation: a.Novation, Cover: a.Cover}
}

// Consented returns SIGNATURE_REFUSED unless the newcomer signed this digest of its terms.
func (a *Admission) Consented(digest []byte) error {
	key, err := p256.ParseKey(a.AdminKey)
	if err != nil {
		return err
	}
	if !p256.Verify(key, digest, a.Consent) {
		return fault.New(fault.SignatureRefused, "the newcomer's administrator key didn't sign these terms of admission")
	}
	return nil
}

// Concerned names the member that a motion is about.
type Concerned struct {
	Member string `json:"member"`
}

// Administration declares a member in default.
type Administration struct {
	Member        string       `json:"member"`
	Administrator string       `json:"administrator"` // The brand that acts for it from now on.
	HonourUntil   quantity.Day `json:"honourUntil"`   // Last day on which its points are honoured at the others.
}

// Leave lets a member go in order.
type Leave struct {
	Member      string       `json:"member"`
	HonourUntil quantity.Day `json:"honourUntil"` // Last day on which its points are honoured at the others.
}

// Subject is what the motion is about; INVALID_VALUE unless it is about exactly one thing.
func (m *Motion) Subject() (Subject, error) {
	found := SubjectNone
	for _, s := range []struct {
		subject Subject
		given   bool
	}{
		{SubjectAdmit, m.Admit != nil}, {SubjectSuspend, m.Suspend != nil}, {SubjectReinstate, m.Reinstate != nil}, {SubjectCap, m.Cap != nil},
		{SubjectAllocation, m.Allocation != nil}, {SubjectDefault, m.Default != nil}, {SubjectExit, m.Exit != nil}, {SubjectCustodian, m.Custodian != nil},
		{SubjectCalendar, m.Calendar != nil}, {SubjectDeferral, m.Deferral != nil},
	} {
		if !s.given {
			continue
		}
		if found != SubjectNone {
			return SubjectNone, fault.New(fault.InvalidValue, "a motion is about one thing")
		}
		found = s.subject
	}
	if found == SubjectNone {
		return SubjectNone, fault.New(fault.InvalidValue, "a motion is about something")
	}
	return found, nil
}

// against is the member that has no vote on the motion; empty without one.
func (m *Motion) against() string {
	switch {
	case m.Suspend != nil:
		return m.Suspend.Member
	case m.Default != nil:
		return m.Default.Member
	}
	return ""
}

// Validate returns INVALID_VALUE, OUT_OF_RANGE or NOT_FOUND unless the motion is about one thing, has its form and names brands that have not left. Whether it can be
// carried out is looked at when it is.
func (m *Motion) Validate(c *Consortium) error {
	subject, err := m.Subject()
	if err != nil {
		return err
	}
	switch subject {
	case SubjectAdmit:
		return m.Admit.validate()
	case SubjectSuspend:
		return c.needBrands(m.Suspend.Member)
	case SubjectReinstate:
		return c.needBrands(m.Reinstate.Member)
	case SubjectCap:
		return m.Cap.validate(c)
	case SubjectAllocation:
		return m.Allocation.validate(c)
	case SubjectDefault:
		return m.Default.validate(c)
	case SubjectExit:
		return c.needBrands(m.Exit.Member)
	case SubjectCustodian:
		return m.Custodian.Validate()
	case SubjectCalendar:
		return m.Calendar.Validate()
	default:
		return m.Deferral.validate(c)
	}
}

func (a *Admission) validate() error {
	m := Member{Name: a.Name, MSP: a.MSP, Kind: KindBrand, AdminKey: a.AdminKey, Novation: a.Novation, Cover: a.Cover}
	if a.AdminKey == "" || a.Novation == "" {
		return fault.New(fault.InvalidValue, "a newcomer has an administrator key and signs a novation clause")
	}
	return m.validateForm()
}

func (d *Administration) validate(c *Consortium) error {
	if d.Member == d.Administrator {
		return fault.New(fault.InvalidValue, "a member in default is administered by another brand")
	}
	return c.needBrands(d.Member, d.Administrator)
}

// needBrands returns NOT_FOUND or INVALID_VALUE unless these are brands that have not left.
func (c *Consortium) needBrands(names ...string) error {
	for _, name := range names {
		m, err := c.find(name)
		if err != nil {
			return err
		}
		if m.Kind != KindBrand || m.Is(StatusExited) {
			return fault.New(fault.InvalidValue, "%s is no brand of the consortium, or has left", name)
		}
	}
	return nil
}

// Execute carries out a motion about membership on a day. FORBIDDEN when an administrator isn't in good standing, INVALID_VALUE when an honour window is over before it
// begins, MEMBER_STATUS when the member's status has no such change, and what Admit returns.
func (c *Consortium) Execute(m *Motion, today quantity.Day) error {
	switch {
	case m.Admit != nil:
		return c.Admit(m.Admit)
	case m.Suspend != nil:
		return c.change(m.Suspend.Member, SubjectSuspend)
	case m.Reinstate != nil:
		return c.change(m.Reinstate.Member, SubjectReinstate)
	case m.Exit != nil:
		return c.leave(m.Exit.Member, SubjectExit, m.Exit.HonourUntil, today)
	case m.Default != nil:
		return c.administer(m.Default, today)
	}
	return fault.New(fault.Internal, "the motion isn't about membership")
}

func (c *Consortium) administer(d *Administration, today quantity.Day) error {
	administrator, err := c.find(d.Administrator)
	if err != nil {
		return err
	}
	if !administrator.Is(StatusActive) {
		return fault.New(fault.Forbidden, "%s is %s and can't act for another member", d.Administrator, administrator.State())
	}
	if err := c.leave(d.Member, SubjectDefault, d.HonourUntil, today); err != nil {
		return err
	}
	m, err := c.find(d.Member)
	if err == nil {
		m.Administrator = administrator.MSP
	}
	return err
}

// leave brings a member to a status with an honour window.
func (c *Consortium) leave(name string, subject Subject, until, today quantity.Day) error {
	if until < today || until > today+MaxHonourDays {
		return fault.New(fault.InvalidValue, "an honour window ends between today and %d days from now", MaxHonourDays)
	}
	if err := c.change(name, subject); err != nil {
		return err
	}
	m, err := c.find(name)
	if err == nil {
		m.HonourUntil = until
	}
	return err
}

// MaxHonourDays bounds an honour window: two years.
const MaxHonourDays = 731

func (c *Consortium) change(name string, subject Subject) error {
	m, err := c.find(name)
	if err != nil {
		return err
	}
	return m.change(subject)
}

// Release lets a member go whose affairs are settled; MEMBER_STATUS unless it is leaving or failed.
func (c *Consortium) Release(name string) error { return c.change(name, SubjectNone) }

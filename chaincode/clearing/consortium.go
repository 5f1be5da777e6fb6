package clearing

import (
	"regexp"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Kind says what a member may be.
type Kind string

// The kinds of member.
const (
	KindBrand     Kind = "brand"     // Issues, endorses, orders.
	KindRegulator Kind = "regulator" // Reads everything it may and writes nothing.
)

// MaxMembers bounds a consortium.
const MaxMembers = 100

// Member is one organisation of the consortium.
type Member struct {
	Name   string `json:"name"` // Lower case; its points chaincode is points-<name>.
	MSP    string `json:"msp"`
	Kind   Kind   `json:"kind"`
	Number int    `json:"number,omitzero"` // Of admission, from 0 on; never used again.
}

// Consortium is what the members agreed on when they founded the channel.
type Consortium struct {
	V       int      `json:"v"`       // Record version, 1.
	Genesis string   `json:"genesis"` // SHA-256 of the genesis block's header (ASN.1 form), hex.
	Members []Member `json:"members"` // Ordered by name.
}

var (
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9]{1,15}$`)
	mspForm     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{1,31}$`)
	genesisForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Validate returns INVALID_VALUE unless the consortium has at least two brands and well-formed, distinct members in order.
func (c *Consortium) Validate() error {
	if c.V != 1 || !genesisForm.MatchString(c.Genesis) {
		return fault.New(fault.InvalidValue, "a consortium has v 1 and a genesis hash of 64 lower-case hex digits")
	}
	if len(c.Members) > MaxMembers {
		return fault.New(fault.TooLarge, "a consortium has at most %d members", MaxMembers)
	}
	brands, msps := 0, map[string]bool{}
	for i, m := range c.Members {
		if err := m.validate(); err != nil {
			return err
		}
		if i > 0 && c.Members[i-1].Name >= m.Name {
			return fault.New(fault.InvalidValue, "members must be ordered by name, each once")
		}
		if msps[m.MSP] {
			return fault.New(fault.InvalidValue, "two members share the MSP id %s", m.MSP)
		}
		msps[m.MSP] = true
		if m.Kind == KindBrand {
			brands++
		}
	}
	if brands < 2 {
		return fault.New(fault.InvalidValue, "a consortium needs at least two brands: nobody endorses alone")
	}
	return nil
}

func (m Member) validate() error {
	if !nameForm.MatchString(m.Name) || !mspForm.MatchString(m.MSP) {
		return fault.New(fault.InvalidValue, "a member's name is 2 to 16 lower-case letters and digits, its MSP id 2 to 32 letters and digits")
	}
	if m.Kind != KindBrand && m.Kind != KindRegulator {
		return fault.New(fault.InvalidValue, "a member's kind must be %s or %s", KindBrand, KindRegulator)
	}
	return nil
}

// Find returns the member of this name, or NOT_FOUND.
func (c *Consortium) Find(name string) (Member, error) {
	for _, m := range c.Members {
		if m.Name == name {
			return m, nil
		}
	}
	return Member{}, fault.New(fault.NotFound, "the consortium has no member of this name")
}

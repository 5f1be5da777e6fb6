package clearing

import (
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// MaxMembers bounds the members that a consortium ever has, those that left included.
const MaxMembers = 100

// Consortium is who the members are: at first what they agreed on when they founded the channel, then what they voted.
type Consortium struct {
	V       int      `json:"v"`       // Record version, 1.
	Genesis string   `json:"genesis"` // SHA-256 of the genesis block's header (ASN.1 form), hex.
	Members []Member `json:"members"` // Ordered by name; those that left stay.
}

// Validate returns INVALID_VALUE unless this can be a founding document: at least two brands and well-formed, distinct members in order, with distinct admission
// numbers or none.
func (c *Consortium) Validate() error {
	if c.V != 1 || !hashForm.MatchString(c.Genesis) {
		return fault.New(fault.InvalidValue, "a consortium has v 1 and a genesis hash of 64 lower-case hex digits")
	}
	if len(c.Members) > MaxMembers {
		return fault.New(fault.TooLarge, "a consortium has at most %d members", MaxMembers)
	}
	for i := range c.Members {
		if err := c.Members[i].validateFounder(); err != nil {
			return err
		}
		if i > 0 && c.Members[i-1].Name >= c.Members[i].Name {
			return fault.New(fault.InvalidValue, "members must be ordered by name, each once")
		}
	}
	if err := c.distinct(); err != nil {
		return err
	}
	if len(c.Brands()) < 2 {
		return fault.New(fault.InvalidValue, "a consortium needs at least two brands: nobody endorses alone")
	}
	return nil
}

func (c *Consortium) distinct() error {
	msps, numbers := map[string]bool{}, map[int]bool{}
	for _, m := range c.Members {
		if msps[m.MSP] {
			return fault.New(fault.InvalidValue, "two members share the MSP id %s", m.MSP)
		}
		if c.numbered() && numbers[m.Number] {
			return fault.New(fault.InvalidValue, "two members share the admission number %d", m.Number)
		}
		msps[m.MSP], numbers[m.Number] = true, true
	}
	return nil
}

// numbered says whether admission numbers are given: left out, all are 0.
func (c *Consortium) numbered() bool {
	return slices.ContainsFunc(c.Members, func(m Member) bool { return m.Number != 0 })
}

// AssignNumbers gives founders whose document leaves the admission numbers out those of their order by name.
func (c *Consortium) AssignNumbers() {
	if c.numbered() {
		return
	}
	for i := range c.Members {
		c.Members[i].Number = i
	}
}

// Find returns the member of this name, or NOT_FOUND.
func (c *Consortium) Find(name string) (Member, error) {
	m, err := c.find(name)
	if err != nil {
		return Member{}, err
	}
	return *m, nil
}

func (c *Consortium) find(name string) (*Member, error) {
	i, found := slices.BinarySearchFunc(c.Members, name, func(m Member, name string) int { return strings.Compare(m.Name, name) })
	if !found {
		return nil, fault.New(fault.NotFound, "the consortium has no member of this name")
	}
	return &c.Members[i], nil
}

// Organisation returns the member with this MSP id, or FORBIDDEN: who is no member has no business here.
func (c *Consortium) Organisation(msp string) (Member, error) {
	for _, m := range c.Members {
		if m.MSP == msp {
			return m, nil
		}
	}
	return Member{}, fault.New(fault.Forbidden, "%s is no member of the consortium", msp)
}

// Brands are the brands that have not left, by name.
func (c *Consortium) Brands() []Member {
	var out []Member
	for _, m := range c.Members {
		if m.Kind == KindBrand && !m.Is(StatusExited) {
			out = append(out, m)
		}
	}
	return out
}

// Majority is how many brands carry a proposal: more than half of those that have not left, as the channel's policies count them.
func (c *Consortium) Majority() int { return len(c.Brands())/2 + 1 }

// Pair is two members by name, A before B.
type Pair struct {
	A string `json:"a"`
	B string `json:"b"`
}

// Pairs are all pairs of brands that have not left, ordered.
func (c *Consortium) Pairs() []Pair {
	brands := c.Brands()
	pairs := make([]Pair, 0, len(brands)*(len(brands)-1)/2)
	for i := range brands {
		for j := i + 1; j < len(brands); j++ {
			pairs = append(pairs, Pair{brands[i].Name, brands[j].Name})
		}
	}
	return pairs
}

// PairsOf are the pairs of one brand, ordered.
func (c *Consortium) PairsOf(name string) []Pair {
	return slices.DeleteFunc(c.Pairs(), func(p Pair) bool { return p.A != name && p.B != name })
}

// Admit adds a brand that the others voted in, under the next admission number.
//
// ALREADY_EXISTS when the name or the MSP id was ever a member's, TOO_LARGE when the consortium is full.
func (c *Consortium) Admit(a *Admission) error {
	if len(c.Members) >= MaxMembers {
		return fault.New(fault.TooLarge, "a consortium has at most %d members, those that left included", MaxMembers)
	}
	next := 0
	for _, m := range c.Members {
		if m.Name == a.Name || m.MSP == a.MSP {
			return fault.New(fault.AlreadyExists, "the name or the MSP id is or was a member's")
		}
		next = max(next, m.Number+1)
	}
	m := Member{Name: a.Name, MSP: a.MSP, Kind: KindBrand, Number: next, Status: StatusActive, AdminKey: a.AdminKey, Novation: a.Novation, Cover: a.Cover}
	i, _ := slices.BinarySearchFunc(c.Members, m.Name, func(m Member, name string) int { return strings.Compare(m.Name, name) })
	c.Members = slices.Insert(c.Members, i, m)
	return nil
}

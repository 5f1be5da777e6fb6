package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// admission is what a call was admitted by: functions find here what the check has read.
type admission struct {
	access    *Access
	programme *points.Programme    // Of points functions with EntryOwn or EntryClearing.
	members   *clearing.Consortium // Of clearing functions whose party the members' record tells.
	brand     clearing.Member      // Of PartyBrand the caller's own, of PartySuccessor the programme's issuer.
}

// admitRole returns FORBIDDEN unless the caller's role is one of the row's. It reads nothing.
func (a *Access) admitRole(c *Call) error {
	if a.Admits(c.Caller.Role) {
		return nil
	}
	return fault.New(fault.Forbidden, "%s needs %s=%v of %s", c.Function, RoleAttribute, a.Roles, a.Party)
}

func (a *Access) forbid() error {
	return fault.New(fault.Forbidden, "%s is for %s", a.Function, a.Party)
}

// admitPoints checks a call of points-<brand> against its row before the function runs: role and organisation together. What is left to the function is what its document names.
func (a *Access) admitPoints(c *Call, s State) error {
	c.admitted.access = a
	if a.Entry == EntryClearing {
		if err := requireEntry(c, ClearingChaincode); err != nil {
			return err
		}
	}
	if err := a.admitRole(c); err != nil {
		return err
	}
	if a.Entry == EntryAny || a.Entry == EntryNamed {
		return nil
	}
	p, err := readProgramme(s)
	if err != nil {
		return err
	}
	c.admitted.programme = p
	if a.Entry == EntryOwn {
		if err := requireEntry(c, PointsPrefix+p.Brand); err != nil {
			return err
		}
	}
	return a.admitToProgramme(c, s, p)
}

func (a *Access) admitToProgramme(c *Call, s State, p *points.Programme) error {
	switch a.Party {
	case PartyIssuer:
		if c.Caller.MSP != p.Authority() {
			return a.forbid()
		}
	case PartySuccessor:
		member, err := queryMember(s, p.Brand)
		if err != nil {
			return err
		}
		if !member.SpokenForBy(c.Caller.MSP) {
			return a.forbid()
		}
		c.admitted.brand = *member
	case PartyOtherBrand:
		return a.admitOtherBrand(c, s, p)
	case PartyAnyBrand:
		if c.Caller.MSP != p.Authority() {
			return a.admitOtherBrand(c, s, p)
		}
	}
	return nil
}

// admitOtherBrand returns FORBIDDEN for who acts for the issuer, and for every organisation that is no brand or for which another one acts.
func (a *Access) admitOtherBrand(c *Call, s State, p *points.Programme) error {
	if c.Caller.MSP == p.Authority() {
		return a.forbid()
	}
	members, err := queryConsortium(s)
	if err != nil {
		return err
	}
	m, err := members.Organisation(c.Caller.MSP)
	if err != nil {
		return err
	}
	if m.Kind != clearing.KindBrand || !m.SpokenForBy(m.MSP) {
		return a.forbid()
	}
	return nil
}

// admitClearing checks a call of clearing against its row before the function runs. Which member the caller has to act for is in the document of most functions: they ask ActsFor.
func (a *Access) admitClearing(c *Call, s State) error {
	c.admitted.access = a
	if a.Entry == EntryOwn {
		if err := requireEntry(c, ClearingChaincode); err != nil {
			return err
		}
	}
	if err := a.admitRole(c); err != nil {
		return err
	}
	if a.Party == PartyAnybody || a.Party == PartyFounder {
		return nil
	}
	members, err := loadConsortium(s)
	if err != nil {
		return err
	}
	c.admitted.members = members
	if a.Party == clearing.PartyBrand {
		return a.admitBrand(c, members)
	}
	return nil
}

// admitBrand returns FORBIDDEN unless the caller's organisation is a brand, MEMBER_STATUS unless that is active or leaving.
func (a *Access) admitBrand(c *Call, members *clearing.Consortium) error {
	m, err := members.Organisation(c.Caller.MSP)
	if err != nil {
		return err
	}
	if m.Kind != clearing.KindBrand {
		return a.forbid()
	}
	if !m.Is(clearing.StatusActive, clearing.StatusExiting) {
		return fault.New(fault.MemberStatus, "%s is %s", m.Name, m.State())
	}
	c.admitted.brand = m
	return nil
}

// actsFor finds the one of these members, which the call's document names, for which the caller acts; FORBIDDEN when there is none.
func (c *Call) actsFor(names ...string) (clearing.Member, error) {
	for _, name := range names {
		m, err := findBrand(c.admitted.members, name)
		if err != nil {
			return m, err
		}
		if m.SpokenForBy(c.Caller.MSP) {
			return m, nil
		}
	}
	return clearing.Member{}, c.admitted.access.forbid()
}

// consortium is the members' record, read once for a call.
func (c *Call) consortium(s State) (*clearing.Consortium, error) {
	if c.admitted.members != nil {
		return c.admitted.members, nil
	}
	return loadConsortium(s)
}

// requireEntry returns WRONG_ENTRY_POINT unless the client invoked this chaincode itself.
func requireEntry(c *Call, chaincode string) error {
	if c.Chaincode != chaincode {
		return fault.New(fault.WrongEntryPoint, "%s is invoked on %s only", c.Function, chaincode)
	}
	return nil
}

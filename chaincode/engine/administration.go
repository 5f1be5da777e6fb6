package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// administer brings the programme in line with what the brands have voted on its issuer in clearing: who acts for it, how long its points are honoured, or that it acts for
// itself again. An operator of who acts for it brings the call, which may be repeated. MEMBER_STATUS when the issuer never failed or has left, NOT_FOUND when it has
// registered no administrator key.
//
// Batches look at the programme alone, not at clearing: they would all depend on the members' record otherwise.
func administer(c Call, _ State) (Effects, error) {
	if err := wire.Decode(c.Document, MaxQuery, &wire.Nothing{}); err != nil {
		return Effects{}, err
	}
	p := c.admitted.programme
	if err := follow(p, &c.admitted.brand, c.Time); err != nil {
		return Effects{}, err
	}
	return storeProgramme(p)
}

// follow gives the programme the administration that the issuer's status asks for.
func follow(p *points.Programme, issuer *clearing.Member, now int64) error {
	if issuer.Is(clearing.StatusAdministered) {
		if issuer.AdminKey == "" {
			return fault.New(fault.NotFound, "%s has registered no administrator key: nobody can take over custody", issuer.Name)
		}
		return p.Administer(points.Administration{MSP: issuer.Administrator, HonourUntil: issuer.HonourUntil, Since: now}, issuer.AdminKey)
	}
	if p.Administration == nil {
		return fault.New(fault.MemberStatus, "%s is %s and acts for itself", issuer.Name, issuer.State())
	}
	p.Reinstate()
	return nil
}

func queryMember(s State, name string) (*clearing.Member, error) {
	query, err := wire.Encode(wire.MemberQuery{Name: name})
	if err != nil {
		return nil, err
	}
	raw, err := s.Invoke(ClearingChaincode, wire.FnGetMember, query)
	if err != nil {
		return nil, err
	}
	var member clearing.Member
	return &member, wire.DecodeRecord(raw, &member)
}

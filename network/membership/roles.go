package membership

import "slices"

// Role is the value of the certificate attribute RoleAttribute. It says what a client of a member may do, and is only worth
// the word of that member's CA: it is always checked together with the MSP.
type Role string

// RoleAttribute is the attribute's name.
const RoleAttribute = "tally.role"

// The roles.
const (
	GatewayRole    Role = "gateway"
	OperatorRole   Role = "operator"
	TreasurerRole  Role = "treasurer"
	ComplianceRole Role = "compliance"
	AuditorRole    Role = "auditor"
)

// WritersUnit is the organisational unit, beside client, of those identities of a brand whose transactions ordering nodes take. Fabric's rules can't read attributes;
// a unit they can. A member's authority gives it, as it gives roles.
const WritersUnit = "writers"

// Writes tells whether identities of a role send transactions. Those of an auditor, or without a role, only ask.
func (r Role) Writes() bool {
	return slices.Contains([]Role{GatewayRole, OperatorRole, TreasurerRole, ComplianceRole}, r)
}

// AdminIdentity is a member's administrator: it installs and approves chaincode and signs changes of the channel.
const AdminIdentity = "admin"

// RegistrarIdentity registers further identities at a member's CA.
const RegistrarIdentity = "registrar"

// Roles gives the roles that a member's CA enrols when a consortium starts: a regulator only reads.
func (member Member) Roles() []Role {
	if member.IsBrand() {
		return []Role{GatewayRole, OperatorRole, TreasurerRole, ComplianceRole, AuditorRole}
	}
	return []Role{AuditorRole}
}

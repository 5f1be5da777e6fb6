package membership

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

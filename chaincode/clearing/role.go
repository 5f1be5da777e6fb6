package clearing

// Roles that identities have in their organisations; they are never looked at without the organisation.
const (
	RoleGateway    = "gateway"    // The member's machines.
	RoleOperator   = "operator"   // Who answers for the member's part in the consortium.
	RoleTreasurer  = "treasurer"  // Who answers for its money.
	RoleCompliance = "compliance" // Who answers for personal data and abuse.
	RoleAuditor    = "auditor"    // Who reads, and writes nothing.
)

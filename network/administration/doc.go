// Package administration changes a running channel when a member has failed or left: the policies that name it, its ordering
// nodes, and the holders and endorsers of the collections that it had a part in. Nothing of the member's has to run for it.
// It also brings into the channel what a member says of its own people and nodes, revocations and roots, and what is the brands' to say of them: an ordering node's fresh
// TLS key, and the rules about who writes. Each is a Change, which is made at once where the run directory holds enough administrators, or
// goes round as a Proposal that each member signs.
//
// Configure and lifecycle.Redefine bring the channel to what a membership.Standing asks for, whatever state an earlier
// attempt left it in. Whether the brands have voted that standing, the caller looks up in clearing. It imports
// network/membership, network/policy, network/genesis, network/lifecycle, network/rundir and network/failure.
package administration

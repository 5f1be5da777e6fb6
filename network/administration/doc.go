// Package administration changes a running channel when a member has failed or left: the policies that name it, its ordering
// nodes, and the holders and endorsers of the collections that it had a part in. Nothing of the member's has to run for it.
// It also brings into the channel what a member says of its own people and nodes: revocations, its roots, and an ordering node's fresh TLS key.
//
// Configure and lifecycle.Redefine bring the channel to what a membership.Standing asks for, whatever state an earlier
// attempt left it in. Whether the brands have voted that standing, the caller looks up in clearing. It imports
// network/membership, network/policy, network/genesis, network/lifecycle, network/rundir and network/failure.
package administration

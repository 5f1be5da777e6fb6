// Package policy writes the channel's policies from the membership: who must endorse, who may write, read and administer.
// It is text in, text out, so that a person can read every rule; network/genesis turns it into the channel's first block.
// It imports only network/membership.
package policy

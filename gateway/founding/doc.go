// Package founding records what a consortium begins with: the founding document in clearing, each brand's programme, and what the brands decide and agree on to clear with
// each other. Every step may be repeated.
//
// It imports ledger, config, wire and the domains; programs that set a network up may import it.
package founding

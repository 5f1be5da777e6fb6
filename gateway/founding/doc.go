// Package founding records what a consortium begins with: the founding document in clearing and each brand's programme. Every step may be repeated.
//
// It imports ledger, config, wire and the domains; programs that set a network up may import it.
package founding

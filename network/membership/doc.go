// Package membership is the one description of a consortium: its members, how many nodes each runs, its programmes and the
// ports that follow. Everything else under network/ is generated from it. It may be imported by everything under network/
// and test-network/; it imports only network/failure.
package membership

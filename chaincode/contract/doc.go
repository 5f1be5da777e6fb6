// Package contract binds the transaction functions of engine to Hyperledger Fabric: a strict dispatcher in front of the contract API, the contracts that the API
// lists, and the adapter that turns a chaincode stub into an engine.Call and an engine.State, and engine.Effects into writes.
//
// No rule of the ledger lives here. It is the only package with a clock, and uses it for admission alone: what a peer endorses is never computed from it.
// It imports engine, wire and fault; only cmd/tally-chaincode and tests import it.
package contract

// Package chaincode holds what endorsing peers run: pure domain packages, the transaction functions over them, and the thin adapter that binds them to Hyperledger Fabric.
//
// Imports run one way: fault and quantity <- points, netting <- clearing <- wire <- engine <- contract <- cmd/tally-chaincode.
// Everything up to and including engine is free of Fabric, clocks, I/O, floating point and goroutines, because the audit runs the same code over blocks.
package chaincode

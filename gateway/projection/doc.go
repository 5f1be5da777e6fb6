// Package projection turns the own peer's blocks into the tables of the gateway's database, with the checkpoint in the same transaction, and is the only
// source of outcomes: what a batch did is told after the block that has it was written here. It can be rebuilt from block 0 at any time.
//
// It imports blocks, store, treasury's measure of limits, and the chaincode's pure packages; api and the commands may import it. Whoever wants outcomes gets them through a function.
package projection

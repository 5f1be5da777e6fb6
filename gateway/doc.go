// Package gateway holds the programs with which one member takes part: the HTTP API, the sequencer that turns operations into batches on the ledger,
// and the read model that is projected from blocks.
//
// Imports run one way: api -> sequencer -> ledger, projection -> store; api and clerk (which brings clearing windows on) -> treasury -> store; bankfiles, certificates, config,
// fingerprint, partners and statements are leaves, and so is tracing but for config. They take chaincode/{fault,quantity,points,clearing,wire,engine}, never chaincode/contract,
// and nothing of network.
package gateway

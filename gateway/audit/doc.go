// Package audit recomputes a channel from its blocks: hash chain, data hashes, orderers' signatures, clients' and endorsers' signatures, who had to endorse,
// read conflicts, and every valid transaction through the same domain code that the peers ran, over a state built from nothing but blocks. It compares
// what it gets with what was committed, with the peer's commit hashes, with other members' peers and with the gateway's database, and checks the named invariants.
// At the first difference it stops and names block, transaction and key.
//
// A transaction that comes through several chaincodes is run through all of them and compared in every namespace (execution, replay, compare); what two brands came to owe
// each other is recomputed where their data is held, and taken as observers see it elsewhere (exchange, pair). What it adds up of that itself stands in the clearing files.
//
// It imports the chaincode's pure packages, blocks and store; its command adds config and ledger. Nothing imports it but its command.
package audit

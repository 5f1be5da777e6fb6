// Command tally-chaincode serves a peer's chaincodes: one process per peer, one listener per chaincode, mutual TLS.
//
// The settings are read once at start; a bad one ends the process with a message that names it. Certificates are read at start too: restart the process to
// renew them, the peer connects again with its next call.
package main

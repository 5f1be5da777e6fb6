// Package wire has the documents that cross borders between gateways, chaincode and audit: strict decoding, canonical JSON (RFC 8785), batches, their events and
// private details, Merkle roots and inclusion proofs (RFC 6962), and the limits of all of them.
//
// It imports the domain packages, quantity and fault; engine, contract, the gateway and the audit may import it.
package wire

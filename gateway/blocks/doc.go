// Package blocks turns Fabric's blocks into plain Go: header hashes, transactions with their read and write sets, endorsements and events, private data that was
// delivered with them, the channel's configuration; it checks hashes and signatures, streams blocks from a peer and keeps them in a folder.
//
// It knows Fabric and nothing of loyalty: it imports fault only, and projection, audit and the ledger facade may import it.
package blocks

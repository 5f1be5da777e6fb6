// Package archive keeps a channel's blocks in compressed segments with a manifest of their hashes, so that they can be kept, handed over and audited with no peer running.
//
// An archive holds what everybody on the channel sees: of private data the hashes that stand in the blocks, never the values. It imports blocks; the commands may import it.
package archive

package audit

import (
	"crypto/sha256"

	"github.com/tallystick/tallystick/gateway/blocks"
)

// fingerprint is what two peers' ledgers must agree on for one block.
type fingerprint struct {
	header [sha256.Size]byte
	codes  [sha256.Size]byte // Of the validation codes.
	commit [sha256.Size]byte // Zero without a commit hash.
}

func printOf(b *blocks.Block) fingerprint {
	var f fingerprint
	copy(f.header[:], b.Hash)
	copy(f.commit[:], b.CommitHash)
	codes := make([]byte, len(b.Transactions))
	for i := range codes {
		codes[i] = byte(b.Transactions[i].Code)
	}
	f.codes = sha256.Sum256(codes)
	return f
}

// differs says in which respect two ledgers differ at a block; empty when they don't.
func (f fingerprint) differs(other fingerprint) string {
	switch {
	case f.header != other.header:
		return "another block hash"
	case f.codes != other.codes:
		return "other validation codes"
	case f.commit != other.commit && f.commit != [sha256.Size]byte{} && other.commit != [sha256.Size]byte{}:
		return "another commit hash, so another state"
	default:
		return ""
	}
}

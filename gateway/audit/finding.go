package audit

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/chaincode/engine"
)

// Check names what was compared. Names are stable: scripts and tests compare them.
type Check string

// The checks, in the order in which a block goes through them.
const (
	CheckBlock            Check = "BLOCK"             // A block is missing or can't be read.
	CheckGenesis          Check = "GENESIS"           // Block 0 is the channel's, and the one that the members agreed on.
	CheckHashChain        Check = "HASH_CHAIN"        // Each block names its predecessor's hash.
	CheckDataHash         Check = "DATA_HASH"         // A block's transactions have the hash in its header.
	CheckOrdererSignature Check = "ORDERER_SIGNATURE" // Ordering nodes of the channel's configuration signed the block.
	CheckSignature        Check = "SIGNATURE"         // Client and endorsers signed the transaction, with certificates of the channel's members.
	CheckEndorsement      Check = "ENDORSEMENT"       // Those who had to endorse did.
	CheckValidationCode   Check = "VALIDATION_CODE"   // What was marked valid or invalid is so.
	CheckPrivateHash      Check = "PRIVATE_HASH"      // Private data have the hashes that stand in the block.
	CheckExecution        Check = "EXECUTION"         // The chaincode's rules allow what was committed.
	CheckReadSet          Check = "READ_SET"          // The transaction read what its function reads.
	CheckWriteSet         Check = "WRITE_SET"         // It wrote what follows from the rules.
	CheckPrivateWriteSet  Check = "PRIVATE_WRITE_SET" // The same of private data, by hashes.
	CheckEvent            Check = "EVENT"             // Its event, with all receipts, follows from the rules.
	CheckResponse         Check = "RESPONSE"          // So does its answer.
	CheckReceiptRoot      Check = "RECEIPT_ROOT"      // The recorded root is that of the recorded receipts.
	CheckInvariant        Check = "INVARIANT"         // The named invariants hold.
	CheckCommitHash       Check = "COMMIT_HASH"       // The peer's running hash over codes and state is that of the rebuilt state.
	CheckDatabase         Check = "DATABASE"          // The gateway's projection holds what the rebuilt state says.
	CheckSums             Check = "SUMS"              // What its reports are made of is what the blocks add up to.
	CheckState            Check = "STATE"             // The peer answers queries with what the rebuilt state says.
	CheckMembership       Check = "MEMBERSHIP"        // Consortium and channel configuration name the same organisations.
	CheckPeers            Check = "PEERS"             // Other members' peers have the same blocks, codes and state.
	CheckCheckpoint       Check = "CHECKPOINT"        // Signed checkpoints of this ledger say what the rebuilt state says.
)

// Finding is a difference between what the blocks say and what follows from them.
type Finding struct {
	Check       Check  `json:"check"`
	Block       uint64 `json:"block"`
	Index       int    `json:"index"`                 // Of the transaction in the block; -1 when it is about the block.
	Transaction string `json:"transaction,omitempty"` // Id, hex.
	Namespace   string `json:"namespace,omitempty"`
	Table       string `json:"table,omitempty"`    // Of a gateway's database.
	Key         string `json:"key,omitempty"`      // Readable form; in a table its key's columns in their order, joined by slashes.
	Expected    string `json:"expected,omitempty"` // What the blocks add up to.
	Found       string `json:"found,omitempty"`    // What stands in the table.
	Detail      string `json:"detail"`
}

// Error names the place first.
func (f *Finding) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: block %d", f.Check, f.Block)
	if f.Index >= 0 {
		fmt.Fprintf(&b, ", transaction %d", f.Index)
	}
	if f.Transaction != "" {
		fmt.Fprintf(&b, " (%s)", f.Transaction)
	}
	if f.Namespace != "" {
		fmt.Fprintf(&b, ", %s", f.Namespace)
	}
	if f.Table != "" {
		fmt.Fprintf(&b, ", table %s", f.Table)
	}
	if f.Key != "" {
		fmt.Fprintf(&b, ", key %s", f.Key)
	}
	fmt.Fprintf(&b, ": %s", f.Detail)
	return b.String()
}

func blockFinding(c Check, block uint64, format string, args ...any) *Finding {
	return &Finding{Check: c, Block: block, Index: -1, Detail: fmt.Sprintf(format, args...)}
}

// at adds the namespace and, unless it is empty, the key.
func (f *Finding) at(namespace, key string) *Finding {
	f.Namespace = namespace
	if key != "" {
		f.Key = engine.ReadableKey(key)
	}
	return f
}

// of adds the table and the row's key.
func (f *Finding) of(table, key string) *Finding {
	f.Table, f.Key = table, key
	return f
}

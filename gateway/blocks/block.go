package blocks

import (
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// Block is a decoded block. Byte slices belong to the block and must not be changed.
type Block struct {
	Number       uint64
	Hash         []byte // SHA-256 of the header's ASN.1 form; the next block's PreviousHash.
	PreviousHash []byte
	DataHash     []byte        // What the header says; see CheckData.
	CommitHash   []byte        // The delivering peer's running hash over validation codes and state updates; nil before a peer added it.
	Transactions []Transaction // In the block's order.
	Config       *Config       // Of a configuration block, in force from the next block on; otherwise nil.

	header     []byte
	data       [][]byte
	signatures *common.Metadata
}

// Transaction is one envelope of a block.
type Transaction struct {
	Index   int                   // In the block.
	Kind    common.HeaderType     // ENDORSER_TRANSACTION or CONFIG.
	ID      string                // Hex; empty in configuration blocks.
	Channel string                // Channel id of the header.
	Time    int64                 // The client's time, Unix seconds.
	Nanos   int32                 // Nanoseconds of the second.
	Code    peer.TxValidationCode // The delivering peer's word; it isn't covered by the orderers' signatures.
	Creator Identity

	// The rest is of endorsed transactions only.
	Chaincode    string   // Named by the client's signed proposal.
	Args         [][]byte // Function and its arguments.
	Status       int32    // Of the chaincode's response.
	Response     []byte   // Payload of the chaincode's response.
	Event        *Event
	Namespaces   []Namespace
	Endorsements []Endorsement

	Private []PrivateNamespace // Delivered with the block, if it was asked for and the peer holds it.

	payload      []byte // Of the envelope: what the creator signed.
	signature    []byte
	nonce        []byte
	endorsed     []byte // Proposal response payload: what the endorsers signed, together with their identities.
	proposalHash []byte
	proposed     []byte // Hash that the proposal has.
}

// Valid says whether the delivering peer applied the transaction.
func (t *Transaction) Valid() bool { return t.Code == peer.TxValidationCode_VALID }

// Identity is a serialised identity: an MSP id and a certificate in PEM form.
type Identity struct {
	MSP         string
	Certificate []byte
	serialised  []byte
}

// Endorsement is one endorser's signature.
type Endorsement struct {
	Endorser  Identity
	signature []byte
}

// Event is the chaincode event of a transaction. Blocks carry events of invalid transactions too.
type Event struct {
	Chaincode string
	TxID      string
	Name      string
	Payload   []byte
}

// Namespace is what a transaction read and wrote in one chaincode's namespace.
type Namespace struct {
	Name        string
	Reads       []Read
	Writes      []Write
	Ranges      int // Range queries that the peer checks for phantoms.
	Metadata    int // Writes of key-level endorsement policies.
	Collections []Collection
}

// Version is the height at which a key was last written.
type Version struct {
	Block uint64
	Tx    uint64
}

// Read is a key that was read, with the version that the endorsers saw; nil when the key was absent.
type Read struct {
	Key     string
	Version *Version
}

// Write is a public write.
type Write struct {
	Key    string
	Value  []byte
	Delete bool
}

// Collection is what a transaction read and wrote in a private data collection, as hashes.
type Collection struct {
	Name     string
	Reads    []HashedRead
	Writes   []HashedWrite
	Metadata int // Writes of key-level endorsement policies.
}

// HashedRead is a private key that was read.
type HashedRead struct {
	KeyHash []byte
	Version *Version
}

// HashedWrite is a private write as everybody sees it.
type HashedWrite struct {
	KeyHash   []byte
	ValueHash []byte
	Delete    bool
	Purge     bool
}

// PrivateNamespace is private data in clear, delivered to a member of its collections.
type PrivateNamespace struct {
	Name        string
	Collections []PrivateCollection
}

// PrivateCollection is the clear content of a collection's writes.
type PrivateCollection struct {
	Name   string
	Writes []Write
}

// Namespace returns what the transaction did in one namespace, or nil.
func (t *Transaction) Namespace(name string) *Namespace {
	for i := range t.Namespaces {
		if t.Namespaces[i].Name == name {
			return &t.Namespaces[i]
		}
	}
	return nil
}

// PrivateWrites returns the clear writes of one collection that were delivered; nil when there are none.
func (t *Transaction) PrivateWrites(namespace, collection string) []Write {
	for _, n := range t.Private {
		if n.Name != namespace {
			continue
		}
		for _, c := range n.Collections {
			if c.Name == collection {
				return c.Writes
			}
		}
	}
	return nil
}

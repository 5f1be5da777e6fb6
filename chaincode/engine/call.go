package engine

import (
	"sort"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Names of chaincodes.
const (
	ClearingChaincode = "clearing"
	PointsPrefix      = "points-" // Followed by the brand's member name.
)

// CollectionDetails is the private data collection of a brand's details, in its points chaincode.
const CollectionDetails = "details"

// CollectionCustomers is the private data collection of a brand's vault, in its points chaincode: the brand's alone.
const CollectionCustomers = "customers"

// SharedPrefix begins the names of collections of what a brand shares; the two brands' names follow.
const SharedPrefix = "shared-"

// SharedCollection names the private data collection of what one brand shares with another under its customers' consents, in the points chaincode of the first.
func SharedCollection(from, to string) string { return SharedPrefix + from + "-" + to }

// IsPersonal says whether a collection of a points chaincode holds customers' personal data: the vault, or what is shared out of it. Their values are purged one by one.
func IsPersonal(collection string) bool {
	return collection == CollectionCustomers || strings.HasPrefix(collection, SharedPrefix)
}

// Identity is who signed the proposal.
type Identity struct {
	MSP  string
	Role string // Value of RoleAttribute; empty without it.
}

// Call is one invocation of a function.
type Call struct {
	Chaincode string // The chaincode that the client's signed proposal names.
	Function  string
	Document  []byte // The function's one argument.
	Caller    Identity
	Time      int64 // Transaction timestamp, Unix seconds. It is the client's.
	Transient map[string][]byte
	Programs  *rules.Cache        // Compiled rule sets, kept between calls; nil compiles anew. What a call does doesn't depend on it.
	Observed  *wire.BatchEvent    // Set only by an observer who replays a batch without its private details: the receipts as they were committed.
	Exchanged *wire.ExchangeEvent // Likewise of a cross-brand batch, by an observer who doesn't hold the pair's data.
	admitted  admission           // What the table of who may call what has let in.
}

// State is the committed state of the called chaincode's namespace.
type State interface {
	// Get returns the values under keys, nil for those that are absent.
	Get(keys []string) ([][]byte, error)
	// Private returns values of a private collection of the called chaincode's namespace, nil for those that are absent. Only a member's peer has them.
	Private(collection string, keys []string) ([][]byte, error)
	// PrivateHash returns the SHA-256 of a private value of the called chaincode's namespace, which every peer has, member of the collection or not; nil when absent.
	PrivateHash(collection, key string) ([]byte, error)
	// Invoke calls another chaincode of the channel within the same transaction, and for the same caller.
	Invoke(chaincode, function string, document []byte) ([]byte, error)
}

// Write is a public write.
type Write struct {
	Key    string
	Value  []byte
	Delete bool // The key is deleted; there is no value then.
}

// PrivateWrite is a write to a private data collection.
type PrivateWrite struct {
	Collection string
	Key        string
	Value      []byte
	Delete     bool // The key is deleted; there is no value then.
	Purge      bool // The key is deleted and its history with it, at every peer that holds it; it may be absent. There is no value then.
}

// Effects are everything a call does: nothing else leaves it.
type Effects struct {
	Response     []byte
	Writes       []Write // Each key once.
	Private      []PrivateWrite
	EventName    string // Empty without an event.
	EventPayload []byte
}

type function func(Call, State) (Effects, error)

// Points runs a function of the contract that is deployed as points-<brand>. A refused call returns a *fault.Error and has no effects.
func Points(c Call, s State) (Effects, error) { return run(pointsTable, (*Access).admitPoints, c, s) }

// Clearing runs a function of the contract that is deployed as clearing.
func Clearing(c Call, s State) (Effects, error) {
	return run(clearingTable, (*Access).admitClearing, c, s)
}

// PointsFunctions are the exact names that Points accepts.
func PointsFunctions() []string { return names(pointsTable) }

// ClearingFunctions are the exact names that Clearing accepts.
func ClearingFunctions() []string { return names(clearingTable) }

func run(table map[string]row, admit func(*Access, *Call, State) error, c Call, s State) (Effects, error) {
	r, ok := table[c.Function]
	if !ok {
		return Effects{}, fault.New(fault.UnknownFunction, "functions are %v", names(table))
	}
	if err := admit(&r.Access, &c, s); err != nil {
		return Effects{}, err
	}
	e, err := r.run(c, s)
	if err != nil {
		return Effects{}, err
	}
	return e, nil
}

func names(table map[string]row) []string {
	out := make([]string, 0, len(table))
	for name := range table {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

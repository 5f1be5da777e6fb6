package privacy

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// VaultTransient is the name of the transient field of ChangeVault, a Change, and of GetVault, a Lookup.
const VaultTransient = "vault"

// Limits of one call.
const (
	MaxPuts   = 64      // Entries that one change writes.
	MaxPurges = 256     // Entries that one change purges.
	MaxLookup = 64      // Entries that one query reads.
	MaxChange = 1 << 20 // Bytes of the transient field.
)

// Put writes an entry that was not there before.
type Put struct {
	Key   EntryKey       `json:"key"`
	Value jsontext.Value `json:"value"` // The canonical JSON of an Entry.
}

// Change is what a call does to the owner's vault. Entries are never overwritten: another value is another entry, and the old one is purged.
type Change struct {
	V     int        `json:"v"` // 1.
	Put   []Put      `json:"put,omitempty"`
	Purge []EntryKey `json:"purge,omitempty"` // May name what is not there (any more), so that a purge can be repeated.
}

// Validate returns INVALID_VALUE or TOO_LARGE when the change is empty, over a limit, or names a key twice. The entries are looked at one by one: see Entry.
func (c *Change) Validate() error {
	if c.V != 1 {
		return fault.New(fault.InvalidValue, "a change has v 1")
	}
	if len(c.Put)+len(c.Purge) == 0 {
		return fault.New(fault.InvalidValue, "a change puts or purges something")
	}
	seen := make(map[EntryKey]bool, len(c.Put)+len(c.Purge))
	keys := make([]EntryKey, len(c.Put))
	for i := range c.Put {
		keys[i] = c.Put[i].Key
	}
	if err := distinct(seen, keys, MaxPuts); err != nil {
		return err
	}
	return distinct(seen, c.Purge, MaxPurges)
}

// Lookup asks for entries of the owner's vault by their keys. It travels in the transient field, and the answer comes sealed under Reply (see Seal): a query that
// somebody submitted as a transaction would otherwise put private values on the channel for ever.
type Lookup struct {
	V     int        `json:"v"` // 1.
	Keys  []EntryKey `json:"keys"`
	Reply string     `json:"reply"` // 64 lower-case hex digits: a key for this one answer.
}

// Validate returns INVALID_VALUE or TOO_LARGE unless the lookup has its form and names 1 to MaxLookup keys, each once.
func (l *Lookup) Validate() error {
	if l.V != 1 || len(l.Keys) == 0 {
		return fault.New(fault.InvalidValue, "a lookup has v 1 and at least one key")
	}
	if _, err := replyKey(l.Reply); err != nil {
		return err
	}
	return distinct(make(map[EntryKey]bool, len(l.Keys)), l.Keys, MaxLookup)
}

// Found is the answer to a Lookup: the values in the order of the keys; empty text for what is not there.
type Found struct {
	Values []string `json:"values"` // The canonical JSON of an Entry each.
}

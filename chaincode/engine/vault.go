package engine

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// The functions in this file and in shares.go are sent to the owner's peers alone and write nothing in public: what they are about is in the transient field. While they write,
// they read no private value, only hashes that every peer has; while they read, they write nothing and seal their answer.

// nothingToSay is the answer of a function whose matter is private: answers stand in the block.
var nothingToSay = []byte("{}")

// decodePrivate reads the transient field of a call whose document says nothing.
func decodePrivate(c *Call, field string, limit int, v any) error {
	var doc wire.PrivateCall
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return err
	}
	if doc.V != 1 {
		return fault.New(fault.InvalidValue, `the document is {"v":1}: everything else belongs into the transient field %s`, field)
	}
	raw, there := c.Transient[field]
	if !there {
		return fault.New(fault.TransientMissing, "%s needs the transient field %s", c.Function, field)
	}
	return wire.Decode(raw, limit, v)
}

// changeVault writes new entries to the owner's vault and purges others.
func changeVault(c Call, s State) (Effects, error) {
	var change privacy.Change
	if err := decodePrivate(&c, privacy.VaultTransient, privacy.MaxChange, &change); err != nil {
		return Effects{}, err
	}
	if err := change.Validate(); err != nil {
		return Effects{}, err
	}
	out := Effects{Response: nothingToSay}
	for _, p := range change.Put {
		if err := admitEntry(s, p); err != nil {
			return Effects{}, err
		}
		out.Private = append(out.Private, PrivateWrite{Collection: CollectionCustomers, Key: EntryKey(p.Key), Value: p.Value})
	}
	for _, k := range change.Purge {
		out.Private = append(out.Private, PrivateWrite{Collection: CollectionCustomers, Key: EntryKey(k), Purge: true})
	}
	return out, nil
}

// admitEntry refuses what is no entry, an entry under another key than its salt's, and with ALREADY_EXISTS a salt that is in use.
func admitEntry(s State, p privacy.Put) error {
	if _, err := wire.DecodeEntry(p.Key, p.Value); err != nil {
		return err
	}
	hash, err := s.PrivateHash(CollectionCustomers, EntryKey(p.Key))
	if err != nil {
		return err
	}
	if hash != nil {
		return fault.New(fault.AlreadyExists, "an entry's salt is in use")
	}
	return nil
}

// getVault answers with entries of the vault, sealed.
func getVault(c Call, s State) (Effects, error) {
	var lookup privacy.Lookup
	if err := decodePrivate(&c, privacy.VaultTransient, MaxQuery, &lookup); err != nil {
		return Effects{}, err
	}
	if err := lookup.Validate(); err != nil {
		return Effects{}, err
	}
	keys := make([]string, len(lookup.Keys))
	for i, k := range lookup.Keys {
		keys[i] = EntryKey(k)
	}
	values, err := s.Private(CollectionCustomers, keys)
	if err != nil {
		return Effects{}, err
	}
	found := privacy.Found{Values: make([]string, len(values))}
	for i, v := range values {
		found.Values[i] = string(v)
	}
	return answerSealed(lookup.Reply, found)
}

// answerSealed encodes an answer that only who asked can read, even if the query is submitted as a transaction.
func answerSealed(reply string, v any) (Effects, error) {
	raw, err := wire.Encode(v)
	if err != nil {
		return Effects{}, err
	}
	sealed, err := privacy.Seal(reply, raw)
	if err != nil {
		return Effects{}, err
	}
	return answer(sealed)
}

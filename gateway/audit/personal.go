package audit

import (
	"bytes"
	"strings"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// Transactions about personal data say nothing in public: what they are about is in the transient field. Who holds a collection and still has everything that was written makes
// the transient field again from it, and replays in full. Everybody else, and the owner itself once something was purged, holds what the block tells against what the function
// can do: where it writes, what it has to have read, and that what is shared is what the vault holds.

// isPersonal says whether a function's matter is in the transient field.
func isPersonal(function string) bool {
	switch function {
	case wire.FnChangeVault, wire.FnShareEntries, wire.FnUnshare, wire.FnGetVault, wire.FnGetShared:
		return true
	}
	return false
}

func (a *Auditor) rerunPersonal(t *blocks.Transaction, call engine.Call, find findFunc) (*rerun, *Finding) {
	field, secret, whole, f := a.transientOf(t, call.Function, find)
	if f != nil {
		return nil, f
	}
	if whole {
		if f := giveTransient(&call, field, secret, find); f != nil {
			return nil, f
		}
		r, err := a.execute(call, full)
		if err != nil {
			return nil, refused(call, err, find)
		}
		return r, nil
	}
	return a.observePersonal(t, call, find)
}

// observePersonal replays a call up to where it looks into the transient field: that somebody may make it, and that its document says nothing, is seen by then.
func (a *Auditor) observePersonal(t *blocks.Transaction, call engine.Call, find findFunc) (*rerun, *Finding) {
	x := a.newExecution(call)
	if _, err := x.run(); fault.CodeOf(err) != fault.TransientMissing {
		return nil, refused(call, err, find)
	}
	f, judged := x.at(call.Chaincode), map[string]bool{}
	if n := t.Namespace(call.Chaincode); n != nil {
		for i := range n.Collections {
			if engine.IsPersonal(n.Collections[i].Name) {
				judged[n.Collections[i].Name] = true
			}
		}
		if finding := a.judge(t, n, call.Function, find); finding != nil {
			return nil, finding
		}
	}
	f.judged, f.unseen = judged, call.Function != wire.FnChangeVault
	r := &rerun{execution: x, effects: engine.Effects{Response: []byte("{}")}, by: public}
	r.unanswered = call.Function == wire.FnGetVault || call.Function == wire.FnGetShared
	return r, nil
}

// judge holds the private reads and writes of a call against what its function can do.
func (a *Auditor) judge(t *blocks.Transaction, n *blocks.Namespace, function string, find findFunc) *Finding {
	var vault, shared blocks.Collection
	for _, c := range n.Collections {
		switch {
		case c.Name == engine.CollectionCustomers:
			vault = c
		case engine.IsPersonal(c.Name) && shared.Name != "":
			return find(CheckPrivateWriteSet, "it reaches into what is shared with two brands").at(n.Name, "")
		case engine.IsPersonal(c.Name):
			shared = c
		}
	}
	at := n.Name + "/" + engine.CollectionCustomers
	switch {
	case function == wire.FnGetVault || function == wire.FnGetShared:
		if len(vault.Writes)+len(shared.Writes) > 0 {
			return find(CheckPrivateWriteSet, "a query writes").at(n.Name, "")
		}
		return nil
	case function != wire.FnChangeVault && len(vault.Writes) > 0, function == wire.FnChangeVault && shared.Name != "":
		return find(CheckPrivateWriteSet, "%s doesn't write there", function).at(n.Name, "")
	case function == wire.FnChangeVault:
		return judgeVault(t, &vault, at, find)
	case function == wire.FnShareEntries:
		return a.judgeShare(&vault, &shared, n.Name, find)
	}
	if len(vault.Reads)+len(shared.Reads) > 0 || len(shared.Writes) == 0 || len(puts(&shared)) > 0 {
		return find(CheckPrivateWriteSet, "%s purges what was shared, and does nothing else", function).at(n.Name+"/"+shared.Name, "")
	}
	return unpurged(&shared, n.Name+"/"+shared.Name, find)
}

// puts are the values that are written to a collection.
func puts(c *blocks.Collection) []blocks.HashedWrite {
	var out []blocks.HashedWrite
	for _, w := range c.Writes {
		if !w.Delete && !w.Purge {
			out = append(out, w)
		}
	}
	return out
}

// unpurged finds a deletion that leaves history behind.
func unpurged(c *blocks.Collection, at string, find findFunc) *Finding {
	for _, w := range c.Writes {
		if w.Delete && !w.Purge {
			return find(CheckPrivateWriteSet, "personal data were deleted and not purged").at(at, "")
		}
	}
	return nil
}

// judgeVault: an entry is written only under a key that was read and found absent, and values that are held are entries under their salts' keys.
func judgeVault(t *blocks.Transaction, vault *blocks.Collection, at string, find findFunc) *Finding {
	if len(vault.Writes) == 0 {
		return find(CheckPrivateWriteSet, "it changes nothing").at(at, "")
	}
	absent := map[string]bool{}
	for _, r := range vault.Reads {
		absent[string(r.KeyHash)] = r.Version == nil
	}
	written := puts(vault)
	for _, w := range written {
		if !absent[string(w.KeyHash)] {
			return find(CheckReadSet, "an entry is written under a key that wasn't seen to be free").at(at, "")
		}
	}
	if len(written) != len(vault.Reads) {
		return find(CheckReadSet, "it read %d keys and wrote %d entries", len(vault.Reads), len(written)).at(at, "")
	}
	for _, w := range t.PrivateWrites(t.Chaincode, engine.CollectionCustomers) {
		if _, attributes, err := engine.ParseKey(w.Key); err == nil && !w.Delete && len(attributes) == 1 {
			if _, err := wire.DecodeEntry(privacy.EntryKey(attributes[0]), w.Value); err == nil {
				continue
			}
		} else if err == nil && w.Delete {
			continue
		}
		return find(CheckPrivateWriteSet, "it is no entry under its salt's key").at(at, w.Key)
	}
	return unpurged(vault, at, find)
}

// judgeShare: what is shared has the hashes of entries that are in the vault, and one value more, the consent's body.
func (a *Auditor) judgeShare(vault, shared *blocks.Collection, namespace string, find findFunc) *Finding {
	at := namespace + "/" + shared.Name
	left := map[string]int{}
	for _, w := range puts(shared) {
		left[string(w.ValueHash)]++
	}
	for _, r := range vault.Reads {
		e, there := a.world.hashed[collectionRef{namespace, engine.CollectionCustomers}][string(r.KeyHash)]
		if !there || left[string(e.hash)] == 0 {
			return find(CheckPrivateWriteSet, "an entry of the vault was read, and its value isn't what is shared").at(at, "")
		}
		left[string(e.hash)]--
	}
	if len(vault.Reads) == 0 || len(shared.Reads) > 0 || len(puts(shared)) != len(vault.Reads)+1 {
		return find(CheckPrivateWriteSet, "%d values are shared, %d entries of the vault were read", len(puts(shared)), len(vault.Reads)).at(at, "")
	}
	return unpurged(shared, at, find)
}

// transientOf makes the transient field of a call again from what it wrote. whole is false when not all of that is held, or when it wrote nothing.
func (a *Auditor) transientOf(t *blocks.Transaction, function string, find findFunc) (field string, secret any, whole bool, f *Finding) {
	collection := writtenCollection(t)
	writes := t.PrivateWrites(t.Chaincode, collection)
	if collection == "" || len(writes) == 0 || len(writes) != len(hashedWrites(t, t.Chaincode, collection)) {
		return "", nil, false, nil
	}
	wrong := func() (string, any, bool, *Finding) {
		return "", nil, false, find(CheckPrivateWriteSet, "%s doesn't write such values", function).at(t.Chaincode+"/"+collection, "")
	}
	var ok bool
	switch function {
	case wire.FnChangeVault:
		field = privacy.VaultTransient
		secret, ok = changeOf(writes)
	case wire.FnShareEntries:
		field = privacy.ShareTransient
		secret, ok = shareOf(writes)
	case wire.FnUnshare:
		field = privacy.ShareTransient
		grantee := strings.TrimPrefix(collection, engine.SharedCollection(strings.TrimPrefix(t.Chaincode, engine.PointsPrefix), ""))
		secret, ok = unshareOf(grantee, writes)
	}
	if !ok {
		return wrong()
	}
	return field, secret, true, nil
}

// writtenCollection is the one collection of the called chaincode that a transaction writes; empty when it writes none, or several.
func writtenCollection(t *blocks.Transaction) string {
	name := ""
	if n := t.Namespace(t.Chaincode); n != nil {
		for _, c := range n.Collections {
			if len(c.Writes) > 0 && name != "" {
				return ""
			}
			if len(c.Writes) > 0 {
				name = c.Name
			}
		}
	}
	return name
}

func changeOf(writes []blocks.Write) (change privacy.Change, ok bool) {
	change.V = 1
	for _, w := range writes {
		object, attributes, err := engine.ParseKey(w.Key)
		if err != nil || object != engine.ObjectEntry || len(attributes) != 1 {
			return change, false
		}
		key := privacy.EntryKey(attributes[0])
		if w.Delete {
			change.Purge = append(change.Purge, key)
			continue
		}
		change.Put = append(change.Put, privacy.Put{Key: key, Value: bytes.Clone(w.Value)})
	}
	return change, true
}

func shareOf(writes []blocks.Write) (share privacy.Share, ok bool) {
	values := map[privacy.EntryKey][]byte{}
	var body privacy.SharedBody
	for _, w := range writes {
		object, attributes, err := engine.ParseKey(w.Key)
		switch {
		case err != nil:
			return share, false
		case object == engine.ObjectConsentBody && !w.Delete && wire.DecodeRecord(w.Value, &body) == nil:
		case object == engine.ObjectShare && len(attributes) == 2 && w.Delete:
			share.Purge = append(share.Purge, privacy.EntryKey(attributes[1]))
		case object == engine.ObjectShare && len(attributes) == 2:
			values[privacy.EntryKey(attributes[1])] = w.Value
		default:
			return share, false
		}
	}
	share.V, share.Consent = 1, body.Consent
	for _, e := range body.Entries {
		share.Entries = append(share.Entries, privacy.SharedEntry{Attribute: e.Attribute, Key: e.Key, Value: bytes.Clone(values[e.Key])})
	}
	return share, len(share.Entries) > 0 && len(values) == len(share.Entries)
}

func unshareOf(grantee string, writes []blocks.Write) (doc privacy.Unshare, ok bool) {
	doc.V, doc.Grantee = 1, grantee
	for _, w := range writes {
		object, attributes, err := engine.ParseKey(w.Key)
		switch {
		case err != nil || !w.Delete || len(attributes) == 0:
			return doc, false
		case object == engine.ObjectConsentBody:
			doc.ID = privacy.ConsentID(attributes[0])
		case object == engine.ObjectShare && len(attributes) == 2:
			doc.Keys = append(doc.Keys, privacy.EntryKey(attributes[1]))
		default:
			return doc, false
		}
	}
	return doc, true
}

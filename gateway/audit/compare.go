package audit

import (
	"bytes"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// compare compares reads, writes, private hashes, event and answer. Nothing may be written that doesn't follow, in whatever namespace.
func (r *rerun) compare(t *blocks.Transaction, find findFunc) *Finding {
	done, names := map[string]bool{}, deliveredKeys(t)
	for i := range t.Namespaces {
		n := &t.Namespaces[i]
		done[n.Name] = true
		if f := r.compareNamespace(n, names, find); f != nil {
			return f
		}
	}
	for _, namespace := range slices.Sorted(maps.Keys(r.touched)) {
		if done[namespace] {
			continue
		}
		if f := r.compareNamespace(&blocks.Namespace{Name: namespace}, names, find); f != nil {
			return f
		}
	}
	if f := compareEvent(t, r.effects, find); f != nil {
		return f
	}
	if t.Status != statusOK || !r.unanswered && !bytes.Equal(t.Response, r.effects.Response) {
		answered, due := contrast(t.Response, r.effects.Response)
		return find(CheckResponse, "it answered %d and %s, it should have been %d and %s", t.Status, answered, statusOK, due).
			at(t.Chaincode, "")
	}
	return nil
}

func (r *rerun) compareNamespace(n *blocks.Namespace, names map[string]string, find findFunc) *Finding {
	f := r.touched[n.Name]
	if f == nil {
		f = &footprint{}
	}
	if finding := compareWrites(n, f.writes, find); finding != nil {
		return finding
	}
	if _, ours := runner(n.Name); !ours && f.writes == nil {
		return unwritten(n, find) // What Fabric itself reads, in its lifecycle for instance, is its own affair.
	}
	if finding := compareReads(n, f, find); finding != nil {
		return finding
	}
	if n.Ranges > 0 || n.Metadata > 0 {
		return find(CheckReadSet, "it has range reads or writes of key policies, which no function makes").at(n.Name, "")
	}
	return comparePrivate(n, f, names, find)
}

// unwritten refuses private writes to a namespace that isn't ours.
func unwritten(n *blocks.Namespace, find findFunc) *Finding {
	for _, c := range n.Collections {
		if len(c.Writes) > 0 {
			return find(CheckPrivateWriteSet, "nothing of ours writes there").at(n.Name+"/"+c.Name, "")
		}
	}
	return nil
}

func compareWrites(n *blocks.Namespace, want []engine.Write, find findFunc) *Finding {
	got := make(map[string]blocks.Write, len(n.Writes))
	for _, w := range n.Writes {
		got[w.Key] = w
	}
	for _, w := range want {
		g, ok := got[w.Key]
		if !ok {
			return find(CheckWriteSet, "it isn't written, it should become %s", excerpt(w.Value)).at(n.Name, w.Key)
		}
		if g.Delete != w.Delete || !bytes.Equal(g.Value, w.Value) {
			written, due := contrast(g.Value, w.Value)
			return find(CheckWriteSet, "%s was written, it should be %s", written, due).at(n.Name, w.Key)
		}
		delete(got, w.Key)
	}
	for _, w := range n.Writes {
		if _, left := got[w.Key]; left {
			return find(CheckWriteSet, "%s was written, nothing should be", excerpt(w.Value)).at(n.Name, w.Key)
		}
	}
	return nil
}

func compareReads(n *blocks.Namespace, f *footprint, find findFunc) *Finding {
	got := make(map[string]bool, len(n.Reads))
	for _, r := range n.Reads {
		got[r.Key] = true
		if !f.reads[r.Key] && !f.unseen {
			return find(CheckReadSet, "it was read, the function doesn't read it").at(n.Name, r.Key)
		}
	}
	for key := range f.reads {
		if !got[key] {
			return find(CheckReadSet, "it was not read, the function reads it: conflicts would pass unseen").at(n.Name, key)
		}
	}
	return nil
}

// comparePrivate compares the hashed reads and writes. An observer knows which keys may be written, not which values.
func comparePrivate(n *blocks.Namespace, f *footprint, names map[string]string, find findFunc) *Finding {
	got := map[privateRef]blocks.HashedWrite{} // By collection and hash of the key.
	for _, c := range n.Collections {
		if c.Metadata > 0 {
			return find(CheckReadSet, "it has writes of key policies, which no function makes").at(n.Name+"/"+c.Name, "")
		}
		if f.judged[c.Name] {
			continue
		}
		for _, w := range c.Writes {
			got[privateRef{c.Name, string(w.KeyHash)}] = w
		}
	}
	count := len(got)
	for _, want := range f.private {
		ref := privateRef{want.collection, keyHash(want.key)}
		w, there := got[ref]
		switch {
		case !there && !want.optional:
			return find(CheckPrivateWriteSet, "its hash isn't among the private writes").at(n.Name+"/"+want.collection, want.key)
		case there && !want.met(w):
			return find(CheckPrivateWriteSet, "a private value with hash %x was written, it should have %x", w.ValueHash, want.hash).at(n.Name+"/"+want.collection, want.key)
		}
		delete(got, ref)
	}
	for ref := range got {
		return find(CheckPrivateWriteSet, "it is written under the key hash %x, nothing should be", ref.key).at(n.Name+"/"+ref.collection, names[ref.key])
	}
	if f.count > 0 && count != f.count {
		return find(CheckPrivateWriteSet, "there are %d private writes, there should be %d", count, f.count).at(n.Name, "")
	}
	return comparePrivateReads(n, f, find)
}

func (want *privateWant) met(w blocks.HashedWrite) bool {
	switch {
	case w.Purge != want.purged:
		return false
	case want.optional && want.hash == nil:
		return want.deleted || !w.Delete
	default:
		return w.Delete == want.deleted && (want.hash == nil || bytes.Equal(w.ValueHash, want.hash))
	}
}

func comparePrivateReads(n *blocks.Namespace, f *footprint, find findFunc) *Finding {
	got := map[privateRef]bool{}
	for _, c := range n.Collections {
		if f.judged[c.Name] {
			continue
		}
		for _, r := range c.Reads {
			got[privateRef{c.Name, string(r.KeyHash)}] = true
		}
	}
	for ref := range f.privateReads {
		hashed := privateRef{ref.collection, keyHash(ref.key)}
		if !got[hashed] {
			return find(CheckReadSet, "it was not read, the function reads it: conflicts would pass unseen").at(n.Name+"/"+ref.collection, ref.key)
		}
		delete(got, hashed)
	}
	if len(got) == 0 || f.unseen {
		return nil
	}
	for ref := range got {
		return find(CheckReadSet, "it was read under the key hash %x, the function doesn't read it", ref.key).at(n.Name+"/"+ref.collection, "")
	}
	return nil
}

func compareEvent(t *blocks.Transaction, effects engine.Effects, find findFunc) *Finding {
	if t.Event == nil {
		if effects.EventName != "" {
			return find(CheckEvent, "the event %q is missing", effects.EventName).at(t.Chaincode, "")
		}
		return nil
	}
	e := t.Event
	if e.Name != effects.EventName || e.Chaincode != t.Chaincode || e.TxID != t.ID {
		return find(CheckEvent, "the event is %q of %s in transaction %s, it should be %q", e.Name, e.Chaincode, e.TxID, effects.EventName).at(t.Chaincode, "")
	}
	if bytes.Equal(e.Payload, effects.EventPayload) {
		return nil
	}
	return differentReceipt(t, effects, find)
}

// recordedEvent is the event of a batch, or of a cross-brand batch with one of each programme, with the receipts' own bytes.
type recordedEvent struct {
	recordedBatch
	Home    *recordedBatch `json:"home"`
	Partner *recordedBatch `json:"partner"`
}

// batches are those that the event tells of.
func (e *recordedEvent) batches() []*recordedBatch {
	if e.Home == nil {
		return []*recordedBatch{&e.recordedBatch}
	}
	if e.Partner == nil {
		return []*recordedBatch{e.Home}
	}
	return []*recordedBatch{e.Home, e.Partner}
}

// differentReceipt names the first receipt that differs.
func differentReceipt(t *blocks.Transaction, effects engine.Effects, find findFunc) *Finding {
	var got, want recordedEvent
	if json.Unmarshal(t.Event.Payload, &got) != nil || json.Unmarshal(effects.EventPayload, &want) != nil || len(got.batches()) != len(want.batches()) {
		return find(CheckEvent, "its batches are not those that follow from the operations").at(t.Chaincode, "")
	}
	for i, theirs := range got.batches() {
		if f := differing(theirs, want.batches()[i], find); f != nil {
			f.Namespace = t.Chaincode
			return f
		}
	}
	return find(CheckEvent, "its lane, sequence, window or root is not what follows from the operations").at(t.Chaincode, "")
}

// differing finds the first receipt in which two batches differ.
func differing(got, want *recordedBatch, find findFunc) *Finding {
	if len(got.Receipts) != len(want.Receipts) {
		return find(CheckEvent, "its receipts are not those that follow from the operations")
	}
	for i := range got.Receipts {
		if bytes.Equal(got.Receipts[i], want.Receipts[i]) {
			continue
		}
		var r points.Receipt
		told, due := contrast(got.Receipts[i], want.Receipts[i])
		f := find(CheckEvent, "receipt %d is %s, it should be %s", i, told, due)
		if wire.DecodeRecord(want.Receipts[i], &r) == nil {
			f.Key = "receipt/" + string(r.Operation)
		}
		return f
	}
	return nil
}

// Bounds of what a finding repeats of a value.
const (
	maxExcerpt = 160
	leadIn     = 40 // Bytes before the first difference of two values.
)

func excerpt(b []byte) string {
	if len(b) > maxExcerpt {
		return string(b[:maxExcerpt]) + "..."
	}
	if len(b) == 0 {
		return "nothing"
	}
	return string(b)
}

// contrast gives excerpts of two values from shortly before where they differ.
func contrast(got, want []byte) (string, string) {
	from := 0
	for from < len(got) && from < len(want) && got[from] == want[from] {
		from++
	}
	if max(len(got), len(want)) <= maxExcerpt || from <= leadIn {
		return excerpt(got), excerpt(want)
	}
	from -= leadIn
	return "..." + excerpt(got[from:]), "..." + excerpt(want[from:])
}

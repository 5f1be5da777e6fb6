package audit

import (
	"bytes"
	"crypto/sha256"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// compare compares reads, writes, private hashes, event and answer.
func compare(t *blocks.Transaction, effects engine.Effects, state *view, by depth, find findFunc) *Finding {
	n := t.Namespace(t.Chaincode)
	if n == nil {
		n = &blocks.Namespace{Name: t.Chaincode}
	}
	if f := compareWrites(n, effects.Writes, find); f != nil {
		return f
	}
	if f := compareReads(n, state.reads, find); f != nil {
		return f
	}
	if n.Ranges > 0 || n.Metadata > 0 {
		return find(CheckReadSet, "it has range reads or writes of key policies, which no function makes").at(n.Name, "")
	}
	if f := comparePrivate(n, t, effects, by, find); f != nil {
		return f
	}
	if f := compareEvent(t, effects, find); f != nil {
		return f
	}
	if t.Status != statusOK || !bytes.Equal(t.Response, effects.Response) {
		return find(CheckResponse, "it answered %d and %s, it should have been %d and %s", t.Status, excerpt(t.Response), statusOK, excerpt(effects.Response)).at(n.Name, "")
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
		if g.Delete || !bytes.Equal(g.Value, w.Value) {
			return find(CheckWriteSet, "%s was written, it should be %s", excerpt(g.Value), excerpt(w.Value)).at(n.Name, w.Key)
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

func compareReads(n *blocks.Namespace, want map[string]bool, find findFunc) *Finding {
	got := make(map[string]bool, len(n.Reads))
	for _, r := range n.Reads {
		got[r.Key] = true
		if !want[r.Key] {
			return find(CheckReadSet, "it was read, the function doesn't read it").at(n.Name, r.Key)
		}
	}
	for key := range want {
		if !got[key] {
			return find(CheckReadSet, "it was not read, the function reads it: conflicts would pass unseen").at(n.Name, key)
		}
	}
	return nil
}

// comparePrivate compares the hashed writes. An observer knows which key must have been written, not which value.
func comparePrivate(n *blocks.Namespace, t *blocks.Transaction, effects engine.Effects, by depth, find findFunc) *Finding {
	want := map[collectionRef][]byte{} // By collection and key; nil where the value isn't known.
	for _, w := range effects.Private {
		sum := sha256.Sum256(w.Value)
		want[collectionRef{w.Collection, w.Key}] = sum[:]
	}
	if by == public {
		var event wire.BatchEvent
		if err := wire.DecodeRecord(effects.EventPayload, &event); err != nil {
			return find(CheckEvent, "the event can't be read").at(n.Name, "")
		}
		want[collectionRef{engine.CollectionDetails, engine.DetailsKey(event.MSP, event.Lane, event.Seq)}] = nil
	}
	count := 0
	for _, c := range n.Collections {
		count += len(c.Writes)
	}
	for ref, sum := range want {
		key := sha256.Sum256([]byte(ref.collection))
		found := false
		for _, w := range hashedWrites(t, ref.namespace) {
			found = found || bytes.Equal(w.KeyHash, key[:]) && !w.Delete && !w.Purge && (sum == nil || bytes.Equal(w.ValueHash, sum))
		}
		if !found {
			return find(CheckPrivateWriteSet, "its hash isn't among the private writes").at(n.Name+"/"+ref.namespace, ref.collection)
		}
	}
	if count != len(want) {
		return find(CheckPrivateWriteSet, "there are %d private writes, there should be %d", count, len(want)).at(n.Name, "")
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

// differentReceipt names the first receipt that differs.
func differentReceipt(t *blocks.Transaction, effects engine.Effects, find findFunc) *Finding {
	var got, want struct {
		Receipts []jsontext.Value `json:"receipts"`
	}
	if json.Unmarshal(t.Event.Payload, &got) != nil || json.Unmarshal(effects.EventPayload, &want) != nil || len(got.Receipts) != len(want.Receipts) {
		return find(CheckEvent, "its receipts are not those that follow from the operations").at(t.Chaincode, "")
	}
	for i := range got.Receipts {
		if bytes.Equal(got.Receipts[i], want.Receipts[i]) {
			continue
		}
		var r points.Receipt
		f := find(CheckEvent, "receipt %d is %s, it should be %s", i, excerpt(got.Receipts[i]), excerpt(want.Receipts[i]))
		f.Namespace = t.Chaincode
		if wire.DecodeRecord(want.Receipts[i], &r) == nil {
			f.Key = "receipt/" + string(r.Operation)
		}
		return f
	}
	return find(CheckEvent, "its lane, sequence or root is not what follows from the operations").at(t.Chaincode, "")
}

// maxExcerpt bounds how much of a value a finding repeats.
const maxExcerpt = 160

func excerpt(b []byte) string {
	if len(b) > maxExcerpt {
		return string(b[:maxExcerpt]) + "..."
	}
	if len(b) == 0 {
		return "nothing"
	}
	return string(b)
}

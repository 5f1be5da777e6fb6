package audit

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer/lifecycle"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// recordedBatch is a batch's event with its receipts' own bytes.
type recordedBatch struct {
	MSP      string           `json:"msp"`
	Lane     int              `json:"lane"`
	Seq      int64            `json:"seq"`
	Root     string           `json:"root"`
	Receipts []jsontext.Value `json:"receipts"`
}

// note counts what a valid transaction of ours, or of the lifecycle, did, and checks its receipts' root.
func (a *Auditor) note(t *blocks.Transaction, find findFunc) *Finding {
	if t.Chaincode == lifecycleChaincode {
		a.noteDefinitions(t)
		return nil
	}
	for i := range t.Namespaces {
		n := &t.Namespaces[i]
		if p := a.programme(n.Name); p != nil && (n.Name == t.Chaincode || len(n.Writes) > 0) {
			p.Transactions++
		}
	}
	if t.Event == nil || t.Event.Name != wire.EventBatch && t.Event.Name != wire.EventExchange {
		return nil
	}
	if _, ours := runner(t.Chaincode); !ours {
		return nil
	}
	var event recordedEvent
	if err := json.Unmarshal(t.Event.Payload, &event); err != nil {
		return find(CheckEvent, "the event can't be read").at(t.Chaincode, "")
	}
	if t.Event.Name == wire.EventBatch {
		return a.noteBatch(t, t.Chaincode, &event.recordedBatch, find)
	}
	return a.noteExchange(t, &event, find)
}

// noteExchange counts both halves of a cross-brand batch, each in its programme.
func (a *Auditor) noteExchange(t *blocks.Transaction, event *recordedEvent, find findFunc) *Finding {
	var doc wire.Exchange
	if err := wire.Decode(t.Args[1], wire.MaxDocument, &doc); err != nil || event.Home == nil {
		return find(CheckEvent, "the event is no cross-brand batch's").at(t.Chaincode, "")
	}
	if f := a.noteBatch(t, engine.PointsPrefix+doc.Home, event.Home, find); f != nil {
		return f
	}
	if event.Partner == nil {
		return nil
	}
	return a.noteBatch(t, engine.PointsPrefix+doc.Partner, event.Partner, find)
}

func (a *Auditor) noteBatch(t *blocks.Transaction, namespace string, batch *recordedBatch, find findFunc) *Finding {
	p := a.programme(namespace)
	if p == nil {
		return find(CheckEvent, "the event is of a batch, and the chaincode has none").at(namespace, "")
	}
	p.Batches++
	p.Receipts += len(batch.Receipts)
	if f := a.noteReceipts(t, namespace, batch, find); f != nil {
		return f
	}
	return a.checkRoot(namespace, batch, find)
}

// noteReceipts takes what the receipts moved into the journal, which the programmes' statements are made of, and into what a gateway's reports must be made of.
func (a *Auditor) noteReceipts(t *blocks.Transaction, namespace string, batch *recordedBatch, find findFunc) *Finding {
	for i, raw := range batch.Receipts {
		var r points.Receipt
		err := wire.DecodeRecord(raw, &r)
		if err == nil {
			err = a.journal.Note(&r)
		}
		if err == nil {
			err = a.reports.receipt(&r, raw, placed{int64(a.Height()), i, t.ID, t.Time*1000 + int64(t.Nanos)/1_000_000})
		}
		if err != nil {
			return find(CheckEvent, "a receipt can't be booked: %v", err).at(namespace, "")
		}
	}
	return nil
}

// checkRoot compares the recorded root with that of the recorded receipts' own bytes, without the engine.
func (a *Auditor) checkRoot(namespace string, batch *recordedBatch, find findFunc) *Finding {
	key := engine.BatchKey(batch.MSP, batch.Lane, batch.Seq)
	leaves := make([][]byte, len(batch.Receipts))
	for i := range leaves {
		leaves[i] = batch.Receipts[i]
	}
	root, err := wire.Root(leaves)
	if err != nil {
		return find(CheckReceiptRoot, "%v", err).at(namespace, key)
	}
	var kept points.Batch
	if err := wire.DecodeRecord(a.world.public[namespace][key].value, &kept); err != nil {
		return find(CheckReceiptRoot, "the batch's record is missing or can't be read").at(namespace, key)
	}
	if kept.Root != root || batch.Root != root || kept.Count != len(leaves) {
		return find(CheckReceiptRoot, "%d receipts have root %s, the record says %d and %s, the event %s", len(leaves), root, kept.Count, kept.Root, batch.Root).
			at(namespace, key)
	}
	return nil
}

// noteDefinitions remembers which chaincode definitions were committed: a majority of the brands can replace any chaincode, and the statement shows it.
func (a *Auditor) noteDefinitions(t *blocks.Transaction) {
	n := t.Namespace(lifecycleChaincode)
	if n == nil {
		return
	}
	for _, w := range n.Writes {
		name, ok := strings.CutPrefix(w.Key, definitionFields)
		if !ok {
			continue
		}
		name, ok = strings.CutSuffix(name, "/Sequence")
		var data lifecycle.StateData
		if ok && proto.Unmarshal(w.Value, &data) == nil {
			a.statement.Definitions = append(a.statement.Definitions, Definition{Chaincode: name, Sequence: data.GetInt64(), Transaction: t.ID})
		}
	}
}

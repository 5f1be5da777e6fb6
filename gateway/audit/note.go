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
	p := a.programme(t.Chaincode)
	if p == nil {
		return nil
	}
	p.Transactions++
	if t.Event == nil || t.Event.Name != wire.EventBatch {
		return nil
	}
	var batch recordedBatch
	if err := json.Unmarshal(t.Event.Payload, &batch); err != nil {
		return find(CheckEvent, "the event can't be read").at(t.Chaincode, "")
	}
	p.Batches++
	p.Receipts += len(batch.Receipts)
	if f := a.noteReceipts(t, &batch, find); f != nil {
		return f
	}
	return a.checkRoot(t, &batch, find)
}

// noteReceipts takes what the receipts moved into the journal, which the programmes' statements are made of.
func (a *Auditor) noteReceipts(t *blocks.Transaction, batch *recordedBatch, find findFunc) *Finding {
	for _, raw := range batch.Receipts {
		var r points.Receipt
		err := wire.DecodeRecord(raw, &r)
		if err == nil {
			err = a.journal.Note(&r)
		}
		if err != nil {
			return find(CheckEvent, "a receipt can't be booked: %v", err).at(t.Chaincode, "")
		}
	}
	return nil
}

// checkRoot compares the recorded root with that of the recorded receipts' own bytes, without the engine.
func (a *Auditor) checkRoot(t *blocks.Transaction, batch *recordedBatch, find findFunc) *Finding {
	key := engine.BatchKey(batch.MSP, batch.Lane, batch.Seq)
	leaves := make([][]byte, len(batch.Receipts))
	for i := range leaves {
		leaves[i] = batch.Receipts[i]
	}
	root, err := wire.Root(leaves)
	if err != nil {
		return find(CheckReceiptRoot, "%v", err).at(t.Chaincode, key)
	}
	var kept points.Batch
	if err := wire.DecodeRecord(a.world.public[t.Chaincode][key].value, &kept); err != nil {
		return find(CheckReceiptRoot, "the batch's record is missing or can't be read").at(t.Chaincode, key)
	}
	if kept.Root != root || batch.Root != root || kept.Count != len(leaves) {
		return find(CheckReceiptRoot, "%d receipts have root %s, the record says %d and %s, the event %s", len(leaves), root, kept.Count, kept.Root, batch.Root).
			at(t.Chaincode, key)
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
		name, ok := strings.CutPrefix(w.Key, "namespaces/fields/")
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

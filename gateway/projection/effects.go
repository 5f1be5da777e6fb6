package projection

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// owner is whose outbox the database holds: batches of this submitter in this programme end its operations. Empty for a gateway that only reads.
type owner struct{ programme, msp string }

// effects collects what consecutive blocks change.
type effects struct {
	owner      owner
	holder     holder
	programmes programmes
	exposures  *exposures
	changes    store.Changes
	outcomes   []Outcome
	receipts   int
}

// newEffects collects for one write. The programmes are those of the blocks before; they are brought up to date.
func newEffects(o owner, p programmes) *effects {
	return &effects{owner: o, programmes: p, exposures: newExposures(), changes: store.Changes{
		Programmes: map[string][]byte{}, Lanes: map[store.LaneRef][]byte{}, Accounts: map[store.AccountRef]store.AccountRow{}, Records: map[store.RecordRef][]byte{},
		Clearing: store.Clearing{Records: map[store.ClearingRef]store.ClearingRow{}},
	}}
}

// add takes a block in. An error means that valid transactions hold what our chaincode never writes: BLOCK_INVALID.
func (e *effects) add(b *blocks.Block) error {
	for i := range b.Transactions {
		t := &b.Transactions[i]
		if t.Kind != common.HeaderType_ENDORSER_TRANSACTION {
			continue
		}
		if !t.Valid() {
			e.addRefused(b.Number, t)
			continue
		}
		if err := e.addValid(b, t); err != nil {
			return fault.New(fault.BlockInvalid, "block %d, transaction %s: %v", b.Number, t.ID, err)
		}
	}
	events, err := e.exposures.endBlock()
	if err != nil {
		return fault.New(fault.BlockInvalid, "block %d: what the brands owe each other can't be counted", b.Number)
	}
	e.changes.Clearing.Events = append(e.changes.Clearing.Events, events...)
	e.changes.Checkpoint = store.Checkpoint{Block: b.Number, Hash: hex.EncodeToString(b.Hash)}
	return nil
}

func (e *effects) addRefused(block uint64, t *blocks.Transaction) {
	if e.owner.programme == "" || t.Creator.MSP != e.owner.msp {
		return
	}
	if o, ok := refused(block, t, e.owner.programme); ok {
		e.outcomes = append(e.outcomes, o)
	}
}

func (e *effects) addValid(b *blocks.Block, t *blocks.Transaction) error {
	if err := e.addClearing(b, t); err != nil {
		return err
	}
	for i := range t.Namespaces {
		programme, ok := strings.CutPrefix(t.Namespaces[i].Name, engine.PointsPrefix)
		if !ok {
			continue
		}
		for _, w := range t.Namespaces[i].Writes {
			if err := e.addRecord(programme, w); err != nil {
				return err
			}
		}
	}
	if t.Event == nil || t.Event.Name != wire.EventBatch {
		return nil
	}
	programme, ok := strings.CutPrefix(t.Event.Chaincode, engine.PointsPrefix)
	if !ok {
		return nil
	}
	return e.addBatch(b, t, programme)
}

func (e *effects) addRecord(programme string, w blocks.Write) error {
	object, attributes, err := engine.ParseKey(w.Key)
	if err != nil {
		return err
	}
	switch object {
	case engine.ObjectProgramme:
		e.changes.Programmes[programme] = w.Value
		return e.programmes.note(programme, w.Value)
	case engine.ObjectLane:
		return e.addLane(programme, attributes, w.Value)
	case engine.ObjectAccount:
		return e.addAccount(programme, attributes, w.Value)
	case engine.ObjectTerms, engine.ObjectRuleSet, engine.ObjectPrices, engine.ObjectShop, engine.ObjectApproval:
		if len(attributes) != 1 {
			return fault.New(fault.BlockInvalid, "the key of a record of %s has %d attributes", object, len(attributes))
		}
		e.changes.Records[store.RecordRef{Programme: programme, Object: object, ID: attributes[0]}] = w.Value
	}
	return nil
}

func (e *effects) addLane(programme string, attributes []string, body []byte) error {
	if len(attributes) != 2 {
		return fault.New(fault.BlockInvalid, "a lane's key has %d attributes", len(attributes))
	}
	n, err := strconv.Atoi(attributes[1])
	if err != nil {
		return fault.New(fault.BlockInvalid, "a lane's key has no number")
	}
	e.changes.Lanes[store.LaneRef{Programme: programme, MSP: attributes[0], N: n}] = body
	return nil
}

func (e *effects) addAccount(programme string, attributes []string, body []byte) error {
	if len(attributes) != 1 {
		return fault.New(fault.BlockInvalid, "an account's key has %d attributes", len(attributes))
	}
	row, err := e.programmes.accountRow(programme, body)
	if err != nil {
		return err
	}
	e.changes.Accounts[store.AccountRef{Programme: programme, ID: points.AccountID(attributes[0])}] = row
	return nil
}

// batchEvent is wire.BatchEvent with the receipts' own bytes.
type batchEvent struct {
	MSP      string           `json:"msp"`
	Lane     int              `json:"lane"`
	Seq      int64            `json:"seq"`
	Root     string           `json:"root"`
	Receipts []jsontext.Value `json:"receipts"`
}

func (e *effects) addBatch(b *blocks.Block, t *blocks.Transaction, programme string) error {
	var event batchEvent
	if err := json.Unmarshal(t.Event.Payload, &event); err != nil {
		return fault.New(fault.BlockInvalid, "a batch's event can't be read")
	}
	row := store.BatchRow{
		Programme: programme, MSP: event.MSP, Lane: event.Lane, Seq: event.Seq, Root: event.Root, Block: b.Number, Tx: t.ID,
		TxTime: t.Time*1000 + int64(t.Nanos)/1_000_000, Event: t.Event.Payload, Receipts: make([]store.ReceiptRow, len(event.Receipts)),
	}
	outcome := Outcome{Block: b.Number, TxID: t.ID, Code: t.Code, Programme: programme, MSP: event.MSP, Lane: event.Lane, Seq: event.Seq}
	outcome.Receipts = make([]points.Receipt, len(event.Receipts))
	for i, raw := range event.Receipts {
		if err := json.Unmarshal(raw, &outcome.Receipts[i]); err != nil {
			return fault.New(fault.BlockInvalid, "receipt %d of a batch can't be read", i)
		}
		row.Receipts[i] = store.ReceiptRow{Receipt: outcome.Receipts[i], Body: raw}
	}
	if (owner{programme, event.MSP}) == e.owner {
		row.Recover = func() ([]store.NewOperation, error) { return recovered(t, &event) }
		var err error
		if row.Salt, err = deliveredSalt(t, &event); err != nil {
			return err
		}
	}
	e.receipts += len(event.Receipts)
	e.changes.Batches = append(e.changes.Batches, row)
	e.outcomes = append(e.outcomes, outcome)
	return nil
}

package projection

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// batchEvent is wire.BatchEvent with the receipts' own bytes.
type batchEvent struct {
	MSP      string           `json:"msp"`
	Lane     int              `json:"lane"`
	Seq      int64            `json:"seq"`
	Root     string           `json:"root"`
	Receipts []jsontext.Value `json:"receipts"`
}

func (e *effects) addBatch(b *blocks.Block, t *blocks.Transaction, programme string) error {
	return e.addEvent(b, t, programme, t.Event.Payload, func(row *store.BatchRow) error {
		if programme != e.owner.programme || !e.owner.submitted(t, row.MSP) {
			return nil
		}
		return e.own(t, row, secret{t.Chaincode, engine.CollectionDetails, engine.DetailsKey(row.MSP, row.Lane, row.Seq)})
	})
}

// exchanged is what the document of an Exchange says of the batch as a whole and of holds that it makes.
type exchanged struct {
	Home       string `json:"home"`
	Partner    string `json:"partner"`
	Operations []struct {
		Until   int64          `json:"until"`
		Purpose points.Purpose `json:"purpose"`
	} `json:"operations"`
}

// addExchange takes a cross-brand batch as two: that of the home programme and, where there is one, that of the deposits in the partner's. Each half's event is a batch's.
func (e *effects) addExchange(b *blocks.Block, t *blocks.Transaction) error {
	var event struct {
		Home    jsontext.Value `json:"home"`
		Partner jsontext.Value `json:"partner"`
	}
	var document exchanged
	if !isExchange(t) || json.Unmarshal(t.Event.Payload, &event) != nil || json.Unmarshal(t.Args[1], &document) != nil {
		return fault.New(fault.BlockInvalid, "a cross-brand batch can't be read")
	}
	err := e.addEvent(b, t, document.Home, event.Home, func(row *store.BatchRow) error {
		if err := addReservations(row, &document, t.Time); err != nil {
			return err
		}
		if !e.owner.submitted(t, row.MSP) {
			return nil
		}
		collection := clearing.PairCollection(document.Home, document.Partner)
		return e.own(t, row, secret{t.Chaincode, collection, engine.LinesKey(document.Home, row.MSP, row.Lane, row.Seq)})
	})
	if err != nil || event.Partner == nil {
		return err
	}
	return e.addEvent(b, t, document.Partner, event.Partner, func(*store.BatchRow) error { return nil })
}

// addEvent takes in a batch of a programme by its event; complete adds what the event doesn't tell.
func (e *effects) addEvent(b *blocks.Block, t *blocks.Transaction, programme string, payload []byte, complete func(*store.BatchRow) error) error {
	var event batchEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return fault.New(fault.BlockInvalid, "a batch's event can't be read")
	}
	row := store.BatchRow{
		Programme: programme, MSP: event.MSP, Lane: event.Lane, Seq: event.Seq, Root: event.Root, Block: b.Number, Tx: t.ID,
		TxTime: t.Time*1000 + int64(t.Nanos)/1_000_000, Event: payload, Receipts: make([]store.ReceiptRow, len(event.Receipts)),
	}
	outcome := Outcome{Block: b.Number, TxID: t.ID, Code: t.Code, Programme: programme, MSP: event.MSP, Lane: event.Lane, Seq: event.Seq}
	outcome.Receipts = make([]points.Receipt, len(event.Receipts))
	for i, raw := range event.Receipts {
		if err := json.Unmarshal(raw, &outcome.Receipts[i]); err != nil {
			return fault.New(fault.BlockInvalid, "receipt %d of a batch can't be read", i)
		}
		row.Receipts[i] = store.ReceiptRow{Receipt: outcome.Receipts[i], Body: raw}
	}
	if err := complete(&row); err != nil {
		return err
	}
	e.receipts += len(event.Receipts)
	e.changes.Batches = append(e.changes.Batches, row)
	e.outcomes = append(e.outcomes, outcome)
	return nil
}

// own makes a batch one of the gateway's own, whose private details stand in a place.
func (e *effects) own(t *blocks.Transaction, row *store.BatchRow, place secret) error {
	row.Recover = func() ([]store.NewOperation, error) { return recovered(t, place) }
	var err error
	row.Salt, err = deliveredSalt(t, place)
	return err
}

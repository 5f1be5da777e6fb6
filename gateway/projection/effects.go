package projection

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// owner is whose outbox the database holds: batches in the lanes of this member in this programme, and its cross-brand batches, end its operations. Empty for a gateway that
// only reads.
type owner struct{ programme, msp, creator string }

// submitted says whether a batch in a member's lane is one of the owner's. An administrator goes on with the lanes of a failed member; what that one submitted was never in the
// administrator's outbox, and its private details aren't delivered to the administrator.
func (o owner) submitted(t *blocks.Transaction, msp string) bool {
	return o.programme != "" && msp == o.msp && t.Creator.MSP == o.creator
}

// effects collects what consecutive blocks change.
type effects struct {
	owner      owner
	holder     holder
	programmes programmes
	exposures  *exposures
	changes    store.Changes
	outcomes   []Outcome
	receipts   int
	latest     int64 // Latest time that a transaction states, Unix seconds.
}

// newEffects collects for one write. The programmes are those of the blocks before; they are brought up to date.
func newEffects(o owner, p programmes) *effects {
	return &effects{owner: o, programmes: p, exposures: newExposures(), changes: store.Changes{
		Programmes: map[string][]byte{}, Lanes: map[store.LaneRef][]byte{}, Accounts: map[store.AccountRef]store.AccountRow{}, Records: map[store.RecordRef][]byte{},
		Inbox: map[store.InboxRef]*store.InboxRow{}, Clearing: store.Clearing{Records: map[store.ClearingRef]store.ClearingRow{}},
	}}
}

// add takes a block in. An error means that valid transactions hold what our chaincode never writes: BLOCK_INVALID.
func (e *effects) add(b *blocks.Block) error {
	for i := range b.Transactions {
		t := &b.Transactions[i]
		e.latest = max(e.latest, t.Time)
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
	e.changes.Checkpoint = store.Checkpoint{Block: b.Number, Hash: hex.EncodeToString(b.Hash), Time: e.latest}
	return nil
}

func (e *effects) addRefused(block uint64, t *blocks.Transaction) {
	if !e.owner.submitted(t, e.owner.msp) {
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
			if err := e.addRecord(b.Number, programme, w); err != nil {
				return err
			}
		}
	}
	if t.Event == nil {
		return nil
	}
	if t.Event.Chaincode == engine.ClearingChaincode && t.Event.Name == wire.EventExchange {
		return e.addExchange(b, t)
	}
	programme, ok := strings.CutPrefix(t.Event.Chaincode, engine.PointsPrefix)
	if !ok || t.Event.Name != wire.EventBatch {
		return nil
	}
	return e.addBatch(b, t, programme)
}

func (e *effects) addRecord(block uint64, programme string, w blocks.Write) error {
	object, attributes, err := engine.ParseKey(w.Key)
	if err != nil {
		return err
	}
	if object == engine.ObjectInbox {
		return e.addWaiting(block, programme, attributes, w)
	}
	switch object {
	case engine.ObjectProgramme:
		e.changes.Programmes[programme] = w.Value
		return e.programmes.note(programme, w.Value)
	case engine.ObjectLane:
		return e.addLane(programme, attributes, w.Value)
	case engine.ObjectAccount:
		return e.addAccount(programme, attributes, w.Value)
	}
	count, kept := recordAttributes[object]
	if !kept {
		return nil
	}
	if len(attributes) != count {
		return fault.New(fault.BlockInvalid, "the key of a record of %s has %d attributes", object, len(attributes))
	}
	e.changes.Records[store.RecordRef{Programme: programme, Object: object, ID: strings.Join(attributes, "/")}] = w.Value // Nil when it was deleted.
	return nil
}

// recordAttributes are the objects that are kept as the ledger has them, and how many attributes their keys have.
var recordAttributes = map[string]int{
	engine.ObjectTerms: 1, engine.ObjectRuleSet: 1, engine.ObjectPrices: 1, engine.ObjectShop: 1, engine.ObjectApproval: 1,
	engine.ObjectPartner: 1, engine.ObjectOffer: 2, engine.ObjectOptOut: 1, engine.ObjectFreeze: 1, engine.ObjectObjection: 1,
	engine.ObjectDataPolicy: 1, engine.ObjectConsent: 1, engine.ObjectErasures: 1,
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

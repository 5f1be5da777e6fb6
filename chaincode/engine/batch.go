package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// submitBatch applies one pinned batch: it reads each record once, applies the operations in order, and writes each record once.
func submitBatch(c Call, s State) (Effects, error) {
	var request wire.BatchRequest
	if err := wire.Decode(c.Document, wire.MaxDocument, &request); err != nil {
		return Effects{}, err
	}
	if err := request.Validate(); err != nil {
		return Effects{}, err
	}
	programme := c.admitted.programme
	c.Caller.MSP = programme.MSP // An administrator goes on with the issuer's lanes.
	if err := requireHomeBatch(&request); err != nil {
		return Effects{}, err
	}
	b := &batch{call: c, request: &request, programme: programme}
	if err := b.run(s); err != nil {
		return Effects{}, err
	}
	return b.effects()
}

// requireHomeBatch refuses what belongs into a cross-brand batch: its lanes, and operations at a partner.
func requireHomeBatch(request *wire.BatchRequest) error {
	if request.Lane >= clearing.CrossLaneFirst {
		return fault.New(fault.InvalidValue, "lanes from %d on are for cross-brand batches", clearing.CrossLaneFirst)
	}
	for i := range request.Operations {
		if o := &request.Operations[i]; o.Partner != "" && !o.Kind.ChoosesPartners() || !o.Kind.AtHome() {
			return fault.New(fault.InvalidValue, "operation %s takes place at a partner: it goes through %s", o.ID, ClearingChaincode)
		}
	}
	return nil
}

// batch is a batch under way.
type batch struct {
	call      Call
	request   *wire.BatchRequest
	programme *points.Programme
	lane      points.Lane
	book      *points.Book
	originals map[string]points.Batch // By batch key, of the batches that returns refer to.
	before    map[string][]byte       // What was loaded, by key: a record that ends as it was is not written.
	facts     []points.Facts
	receipts  []points.Receipt
	inboxKeys map[points.InboxPlace]string // Of the credits that folds name.
	exchange  *wire.ExchangeCall           // Of a cross-brand batch; nil otherwise.
	deposits  *wire.DepositCall            // Of the partner's half of one; nil otherwise.
}

// run loads what the operations touch and applies them.
func (b *batch) run(s State) error {
	if err := b.load(s); err != nil {
		return err
	}
	if b.request.Seq != b.lane.Seq+1 {
		return fault.New(fault.LaneSequence, "lane %d of %s stands at %d", b.lane.N, b.lane.MSP, b.lane.Seq)
	}
	if err := b.gatherFacts(); err != nil {
		return err
	}
	b.apply()
	return nil
}

func (b *batch) apply() {
	b.receipts = make([]points.Receipt, len(b.request.Operations))
	for i := range b.request.Operations {
		b.receipts[i] = b.book.Apply(&b.request.Operations[i], b.facts[i])
	}
}

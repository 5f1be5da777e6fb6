package engine

import (
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
	programme, err := loadProgramme(c, s)
	if err != nil {
		return Effects{}, err
	}
	if err := requireRole(c, programme.MSP, RoleGateway); err != nil {
		return Effects{}, err
	}
	b := &batch{call: c, request: &request, programme: programme}
	if err := b.load(s); err != nil {
		return Effects{}, err
	}
	if request.Seq != b.lane.Seq+1 {
		return Effects{}, fault.New(fault.LaneSequence, "lane %d of %s stands at %d", b.lane.N, b.lane.MSP, b.lane.Seq)
	}
	if err := b.gatherFacts(); err != nil {
		return Effects{}, err
	}
	b.apply()
	return b.effects()
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
}

func (b *batch) apply() {
	b.receipts = make([]points.Receipt, len(b.request.Operations))
	for i := range b.request.Operations {
		b.receipts[i] = b.book.Apply(&b.request.Operations[i], b.facts[i])
	}
}

package engine

import (
	"sort"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// outcome is what a batch tells, and its public writes.
func (b *batch) outcome() (wire.BatchEvent, []Write, error) {
	leaves, err := wire.Leaves(b.receipts)
	if err != nil {
		return wire.BatchEvent{}, nil, err
	}
	root, err := wire.Root(leaves)
	if err != nil {
		return wire.BatchEvent{}, nil, err
	}
	event := wire.BatchEvent{V: 1, MSP: b.lane.MSP, Lane: b.lane.N, Seq: b.request.Seq, Root: root, Receipts: b.receipts}
	writes, err := b.writes(root)
	return event, writes, err
}

func (b *batch) rejected() int { return int(b.book.Totals.Rejected - b.lane.Totals.Rejected) }

func (b *batch) effects() (Effects, error) {
	event, writes, err := b.outcome()
	if err != nil {
		return Effects{}, err
	}
	out := Effects{Writes: writes}
	if b.call.Observed == nil && len(b.receipts) > 0 {
		out.Private = []PrivateWrite{{
			Collection: CollectionDetails,
			Key:        DetailsKey(b.lane.MSP, b.lane.N, b.request.Seq),
			Value:      b.call.Transient[wire.DetailsTransient],
		}}
	}
	out.EventName = wire.EventBatch
	if out.EventPayload, err = wire.Encode(event); err != nil {
		return Effects{}, err
	}
	result := wire.BatchResult{Root: event.Root, Count: len(b.receipts), Rejected: b.rejected()}
	out.Response, err = wire.Encode(result)
	return out, err
}

// writes lists the lane, the batch and every changed record, ordered by key. Credits that were folded are deleted.
func (b *batch) writes(root string) ([]Write, error) {
	records := b.records(root)
	writes := make([]Write, 0, len(records))
	for key, record := range records {
		w, err := write(key, record)
		if err != nil {
			return nil, err
		}
		if string(w.Value) != string(b.before[key]) {
			writes = append(writes, w)
		}
	}
	for _, id := range b.book.Opened {
		writes = append(writes, Write{Key: ExistsKey(id), Value: mark})
	}
	for _, place := range b.book.Folded {
		writes = append(writes, Write{Key: b.inboxKeys[place], Delete: true})
	}
	for _, hash := range b.book.Claims {
		writes = append(writes, Write{Key: ClaimKey(hash), Value: mark})
	}
	sort.Slice(writes, func(i, j int) bool { return writes[i].Key < writes[j].Key })
	return writes, nil
}

// records are the records of the book, the lane and the batch as they stand now, by key.
func (b *batch) records(root string) map[string]any {
	lane := b.lane
	lane.Seq, lane.Root, lane.Totals, lane.Budgets = b.request.Seq, root, b.book.Totals, b.book.Budgets
	kept := points.Batch{V: 1, Root: root, Count: len(b.receipts), Engine: b.programme.Engine, Terms: b.programme.Current().Version}
	if b.book.Rules != nil {
		kept.Rules = b.book.Rules.Set().Version
	}
	records := map[string]any{
		LaneKey(lane.MSP, lane.N):            lane,
		BatchKey(lane.MSP, lane.N, lane.Seq): kept,
	}
	for _, d := range b.book.Dropped {
		records[InboxKey(d.Entry.Account, d.Place)] = d.Entry
	}
	for id, o := range b.book.OptOuts {
		records[OptOutKey(id)] = o
	}
	for id, a := range b.book.Accounts {
		records[AccountKey(id)] = a
	}
	for id, r := range b.book.Reversals {
		records[ReversalKey(id)] = r
	}
	for id, a := range b.book.Approvals {
		records[ApprovalKey(id)] = a
	}
	for id, f := range b.book.Freezes {
		records[FreezeKey(id)] = f
	}
	for id, s := range b.book.Shops {
		records[ShopKey(id)] = s
	}
	return records
}

// mark is the value of an ExistsKey and of a ClaimKey; only its presence counts.
var mark = []byte("1")

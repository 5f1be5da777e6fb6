package engine

import (
	"encoding/hex"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// fileDispute sets a line aside before its window is netted.
func fileDispute(c Call, s State) (Effects, error) {
	var doc wire.NewDispute
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	receipt := &doc.Evidence.Receipt
	a, b := clearing.PairOf(receipt.Programme, receipt.Partner)
	by, err := p.actsFor(a, b)
	if err != nil {
		return Effects{}, err
	}
	if err := p.verifyReceipt(&doc.Evidence); err != nil {
		return Effects{}, err
	}
	d := clearing.Dispute{
		V: 1, Currency: doc.Currency, A: a, B: b, Line: clearing.Line{Programme: receipt.Programme, Operation: string(receipt.Operation)},
		Window: receipt.Window, Reason: doc.Reason, By: by.Name, At: c.Time,
	}
	if d.Micro, err = verifyObligation(&doc, a); err != nil {
		return Effects{}, err
	}
	if err := p.beforeNetting(&doc, &d); err != nil {
		return Effects{}, err
	}
	return p.setAside(&d)
}

// verifyReceipt returns RECEIPT_INVALID unless the receipt is under the root that its programme's chaincode keeps of the batch.
func (p *publicCall) verifyReceipt(evidence *points.Original) error {
	proof := &evidence.Proof
	query, err := wire.Encode(wire.BatchQuery{MSP: proof.MSP, Lane: proof.Lane, Seq: proof.Seq})
	if err != nil {
		return err
	}
	raw, err := p.state.Invoke(PointsPrefix+evidence.Receipt.Programme, wire.FnGetBatch, query)
	if err != nil {
		return err
	}
	var batch points.Batch
	if err := wire.DecodeRecord(raw, &batch); err != nil {
		return err
	}
	if batch.Count != proof.Size {
		return fault.New(fault.ReceiptInvalid, "the batch has %d receipts", batch.Count)
	}
	return wire.VerifyInclusion(batch.Root, &evidence.Receipt, proof)
}

// verifyObligation gives what A owes B by the disclosed obligation; RECEIPT_INVALID unless it is the one whose salted hash the receipt has.
func verifyObligation(doc *wire.NewDispute, a string) (quantity.Micro, error) {
	receipt := &doc.Evidence.Receipt
	salt, err := hex.DecodeString(doc.Salt)
	if err != nil || len(doc.Salt) != wire.SaltLength {
		return 0, fault.New(fault.InvalidValue, "a salt has %d hex digits", wire.SaltLength)
	}
	hash, err := wire.ObligationHash(salt, &doc.Obligation)
	if err != nil {
		return 0, err
	}
	if receipt.Obligation == "" || hash != receipt.Obligation {
		return 0, fault.New(fault.ReceiptInvalid, "the receipt has the hash of another obligation, or none")
	}
	return clearing.ObligationsNet(a, []clearing.Obligation{doc.Obligation})
}

// beforeNetting returns DISPUTE_LATE once the line's window is netted. A window that its pair missed is netted with a later one, which the document then names.
func (p *publicCall) beforeNetting(doc *wire.NewDispute, d *clearing.Dispute) error {
	into, err := p.window(d.Currency, doc.Netting)
	if err != nil {
		return err
	}
	if into.Admit(clearing.StepDispute) != nil {
		return fault.New(fault.DisputeLate, "window %d is %s", into.Number, into.Status)
	}
	if doc.Netting == d.Window {
		return nil
	}
	var nets clearing.PairNets
	if err := p.read(PairNetsKey(d.Currency, doc.Netting, d.A, d.B), &nets); err != nil {
		return err
	}
	if !nets.Has(d.Window) {
		return fault.New(fault.InvalidValue, "window %d of the pair isn't netted with window %d", d.Window, doc.Netting)
	}
	return nil
}

// setAside keeps the dispute and the line in the pair's book. Nothing of a pair without a book has been netted, so that it gets one here.
func (p *publicCall) setAside(d *clearing.Dispute) (Effects, error) {
	key := DisputeKey(d.Currency, d.Line.Programme, points.OperationID(d.Line.Operation))
	if there, err := read(p.state, key, new(clearing.Dispute)); err != nil || there {
		if err != nil {
			return Effects{}, err
		}
		return Effects{}, fault.New(fault.AlreadyExists, "the line was disputed before")
	}
	var allocation clearing.Allocation
	if err := p.read(AllocationKey(d.A, d.B, d.Currency), &allocation); err != nil {
		return Effects{}, err
	}
	calendar, err := p.calendar(d.Currency)
	if err != nil {
		return Effects{}, err
	}
	bookKey, book := PairBookKey(d.A, d.B, d.Currency), clearing.PairBook{V: 1, A: d.A, B: d.B, Currency: d.Currency}
	if _, err := read(p.state, bookKey, &book); err != nil {
		return Effects{}, err
	}
	if err := book.SetAside(d, &allocation, calendar); err != nil {
		return Effects{}, err
	}
	if err := p.put(bookKey, book); err != nil {
		return Effects{}, err
	}
	if err := p.put(key, d); err != nil {
		return Effects{}, err
	}
	return p.effects(d)
}

// withdrawDispute gives a dispute up; who filed it does.
func withdrawDispute(c Call, s State) (Effects, error) {
	return stepDispute(c, s, func(d *clearing.Dispute) []string { return []string{d.By} },
		func(b *clearing.PairBook, d *clearing.Dispute, _ string) error { return b.Withdraw(d) })
}

// upholdDispute notes that the other member agrees with a dispute: the line isn't owed.
func upholdDispute(c Call, s State) (Effects, error) {
	return stepDispute(c, s, func(d *clearing.Dispute) []string { return []string{d.A, d.B} }, (*clearing.PairBook).Uphold)
}

func stepDispute(c Call, s State, parties func(*clearing.Dispute) []string, step func(*clearing.PairBook, *clearing.Dispute, string) error) (Effects, error) {
	var doc wire.DisputeStep
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if _, err := p.actsFor(doc.Member); err != nil {
		return Effects{}, err
	}
	key, d := DisputeKey(doc.Currency, doc.Programme, doc.Operation), new(clearing.Dispute)
	if err := p.read(key, d); err != nil {
		return Effects{}, err
	}
	if !slices.Contains(parties(d), doc.Member) {
		return Effects{}, fault.New(fault.Forbidden, "%s isn't who can do this", doc.Member)
	}
	bookKey, book := PairBookKey(d.A, d.B, d.Currency), new(clearing.PairBook)
	if err := p.read(bookKey, book); err != nil {
		return Effects{}, err
	}
	if err := step(book, d, doc.Member); err != nil {
		return Effects{}, err
	}
	if err := p.put(bookKey, book); err != nil {
		return Effects{}, err
	}
	if err := p.put(key, d); err != nil {
		return Effects{}, err
	}
	return p.effects(d)
}

package engine

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// gatherFacts finds out, for each operation, what takes decoding and hashing.
func (b *batch) gatherFacts() error {
	b.facts = make([]points.Facts, len(b.request.Operations))
	for i := range b.request.Operations {
		if err := b.publicFacts(&b.request.Operations[i], &b.facts[i]); err != nil {
			return err
		}
	}
	return b.assess()
}

// publicFacts are those that everybody can find out.
func (b *batch) publicFacts(o *points.Operation, f *points.Facts) error {
	var err error
	if o.Authorisation != nil {
		m := &o.Authorisation.Mandate
		if f.MandateDigest, err = wire.MandateDigest(m); err != nil {
			return err
		}
		if m.Quote != "" {
			if f.Quote, err = wire.Hash(b.book.QuoteOf(o, m.Place)); err != nil {
				return err
			}
		}
	}
	if o.Kind.NeedsApproval() {
		if f.Digest, err = wire.Hash(o); err != nil {
			return err
		}
	}
	if o.Original != nil {
		p := &o.Original.Proof
		kept, known := b.originals[BatchKey(p.MSP, p.Lane, p.Seq)]
		f.OriginalProven = known && kept.Count == p.Size && wire.VerifyInclusion(kept.Root, &o.Original.Receipt, p) == nil
	}
	return nil
}

// assess takes the assessments from the private details, or, for an observer, from the receipts as committed.
func (b *batch) assess() error {
	operations := b.request.Operations
	if len(operations) == 0 {
		return nil // A fence has no details.
	}
	if b.call.Observed != nil {
		return b.observe()
	}
	details, salt, err := wire.DecodeDetails(b.call.Transient[wire.DetailsTransient], operations)
	if err != nil {
		return err
	}
	for i := range operations {
		o, d := &operations[i], &details.Operations[i]
		b.facts[i].Assessment = points.Assess(b.programme, o, d, disclosed(o, d))
		if b.facts[i].DetailsHash, err = wire.DetailsHash(salt, d); err != nil {
			return err
		}
		if b.exchange != nil {
			b.facts[i].Seal = operationSeal(salt, o.ID)
		}
	}
	return nil
}

// disclosed are the details of the purchase that is returned; nil unless they are those that its receipt names.
func disclosed(o *points.Operation, d *points.Details) *points.Details {
	if o.Original == nil || d.Disclosed == nil || wire.VerifyDisclosed(d.Disclosed, &o.Original.Receipt) != nil {
		return nil
	}
	return &d.Disclosed.Details
}

func (b *batch) observe() error {
	receipts := b.call.Observed.Receipts
	if len(receipts) != len(b.request.Operations) {
		return fault.New(fault.DetailsMismatch, "%d operations have %d receipts", len(b.request.Operations), len(receipts))
	}
	for i := range receipts {
		b.facts[i].Assessment = points.ObservedAssessment(&b.request.Operations[i], &receipts[i])
		b.facts[i].DetailsHash = receipts[i].Details
		b.facts[i].Obligation = receipts[i].Obligation
	}
	return nil
}

package ledger

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// What an operator does with a programme. Every call waits until it is committed, and is safe to repeat: what stands on the ledger already with the same content is its answer,
// since an attempt that was thought lost may have brought it there.

// CreateProgramme founds the programme. The client's identity must be an operator of the brand. ALREADY_EXISTS when it was founded before.
func (p *Points) CreateProgramme(ctx context.Context, doc wire.NewProgramme) error {
	return p.administer(ctx, wire.FnCreateProgramme, doc, &points.Programme{})
}

// AdvanceBusinessDate moves the business date. The client's identity must be an operator of the brand. DATE_NOT_ALLOWED when the date isn't later, or too far from today for a
// programme that isn't simulated.
func (p *Points) AdvanceBusinessDate(ctx context.Context, day quantity.Day) error {
	before, err := p.Programme(ctx)
	if err != nil {
		return err
	}
	err = p.administer(ctx, wire.FnAdvanceBusinessDate, wire.BusinessDate{Date: day}, &points.Programme{})
	if fault.CodeOf(err) != fault.DateNotAllowed || before.BusinessDate >= day {
		return err
	}
	// The date was earlier when this call began: an attempt that was thought lost may have moved it.
	if now, readErr := p.Programme(ctx); readErr != nil || now.BusinessDate != day {
		return err
	}
	return nil
}

// PublishTerms adds a version of the terms. The client's identity must be an operator of the brand. INVALID_VALUE when it doesn't follow the last version, NOTICE_TOO_SHORT
// when it makes points worth less too early.
func (p *Points) PublishTerms(ctx context.Context, doc wire.NewTerms) (wire.Published, error) {
	return p.publish(ctx, wire.FnPublishTerms, doc, (*points.Programme).TermsPublished)
}

// PublishRuleSet adds a version of the rule set. The client's identity must be an operator of the brand. RULE_INVALID when it can't be applied or doesn't follow the last version,
// NOTICE_TOO_SHORT when it takes a tier away too early.
func (p *Points) PublishRuleSet(ctx context.Context, doc wire.NewRuleSet) (wire.Published, error) {
	return p.publish(ctx, wire.FnPublishRuleSet, doc, func(there *points.Programme) []wire.Published { return there.RuleSets })
}

// PublishPrices adds a version of the price list. The client's identity must be an operator of the brand. INVALID_VALUE or TOO_LARGE when it can't be applied or doesn't follow
// the last version, NOTICE_TOO_SHORT when it is dearer too early.
func (p *Points) PublishPrices(ctx context.Context, doc wire.NewPrices) (wire.Published, error) {
	return p.publish(ctx, wire.FnPublishPrices, doc, func(there *points.Programme) []wire.Published { return there.PriceLists })
}

// publish brings a version to the ledger; published lists what a programme has of its kind.
func (p *Points) publish(ctx context.Context, function string, document any, published func(*points.Programme) []wire.Published) (wire.Published, error) {
	var kept wire.Published
	err := p.administer(ctx, function, document, &kept)
	if err == nil || ClassOf(err) != Refused {
		return kept, err
	}
	hash, hashErr := wire.Hash(document)
	there, readErr := p.Programme(ctx)
	if hashErr != nil || readErr != nil {
		return kept, err
	}
	for _, one := range published(&there) {
		if one.Hash == hash { // The document has its version in it.
			return one, nil
		}
	}
	return kept, err
}

// RotateCustodian adds the next version of the custodian's key. The client's identity must be an operator of the brand. INVALID_VALUE when it is no P-256 key or was one of the
// custodian's before, LIMIT beyond points.MaxCustodians.
func (p *Points) RotateCustodian(ctx context.Context, doc wire.NewCustodian) (points.CustodianKey, error) {
	var record points.Programme
	err := p.administer(ctx, wire.FnRotateCustodian, doc, &record)
	if err == nil {
		return record.Custodians[len(record.Custodians)-1], nil
	}
	if fault.CodeOf(err) != fault.InvalidValue {
		return points.CustodianKey{}, err
	}
	there, readErr := p.Programme(ctx)
	if readErr != nil {
		return points.CustodianKey{}, err
	}
	if current := there.Custodians[len(there.Custodians)-1]; current.Key == doc.Key {
		return current, nil
	}
	return points.CustodianKey{}, err
}

// Administer brings the programme in line with what the brands voted on its issuer, and gives the programme. The client's identity must be an operator of who acts for the
// issuer. MEMBER_STATUS when the issuer never failed.
func (p *Points) Administer(ctx context.Context) (points.Programme, error) {
	var record points.Programme
	return record, p.administer(ctx, wire.FnAdminister, wire.Nothing{}, &record)
}

// PutShop registers a sponsored shop, or gives one other limits or another status. The client's identity must be an operator of the brand. INVALID_VALUE or OUT_OF_RANGE when a
// field can't be accepted, FORBIDDEN when the sponsor is no brand.
func (p *Points) PutShop(ctx context.Context, doc wire.NewShop) (points.Shop, error) {
	var kept points.Shop
	return kept, p.administer(ctx, wire.FnPutShop, doc, &kept)
}

// Approve gives the own brand's consent to an operation of this programme's issuer, whose peer endorses it. The client's identity must be an operator of another brand than the
// issuer, else FORBIDDEN. ALREADY_EXISTS when another operation was approved under this id, or by another brand.
func (p *Points) Approve(ctx context.Context, doc wire.Consent) (points.Approval, error) {
	var kept points.Approval
	err := p.administer(ctx, wire.FnApprove, doc, &kept)
	there := func() (points.Approval, error) { return p.Approval(ctx, doc.Operation.ID) }
	return brought(kept, err, fault.AlreadyExists, there, func(a points.Approval) bool {
		digest, hashErr := wire.Hash(doc.Operation)
		return hashErr == nil && a.Digest == digest && a.MSP == p.client.msp
	})
}

// brought gives what a transaction made of one record. When it was refused with this code, an attempt that was thought lost may have brought exactly what was asked for:
// then what is there is the result.
func brought[T any](kept T, err error, refused fault.Code, there func() (T, error), asked func(T) bool) (T, error) {
	if fault.CodeOf(err) != refused {
		return kept, err
	}
	record, readErr := there()
	if readErr != nil || !asked(record) {
		var none T
		return none, err
	}
	return record, nil
}

// administer brings a document to the ledger and decodes the answer into v, once it is committed.
func (p *Points) administer(ctx context.Context, function string, document, v any) error {
	doc, err := wire.Encode(document)
	if err != nil {
		return err
	}
	return p.client.retrying(ctx, func() error {
		e, err := p.endorse(ctx, func() (call, error) {
			return call{chaincode: p.chaincode, function: function, document: doc}, nil
		})
		if err != nil {
			return err
		}
		if err := e.commit(ctx); err != nil {
			return err
		}
		return wire.DecodeRecord(e.transaction.Result(), v)
	})
}

// endorse has the own organisation and another one endorse: who acts for the issuer, or another brand in a programme of the own or of a brand that the client acts for.
func (p *Points) endorse(ctx context.Context, build func() (call, error)) (*endorsed, error) {
	if p.client.mspOf(p.brand) == "" {
		return nil, &Failure{Refused, fault.NotFound, "the configuration names no brand with this programme", errNoIssuer}
	}
	if p.brand == p.client.acting {
		return p.client.endorseWithPartner(ctx, build)
	}
	return p.client.endorseBy(ctx, build, func(members *clearing.Consortium) []string {
		speaker := p.client.speaker(members, p.brand)
		if others := p.client.partners.order(); speaker == p.client.msp && len(others) > 0 {
			speaker = others[0]
		}
		return []string{p.client.msp, speaker}
	})
}

package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// publishDataPolicy adds a version of the data policy. Its versions stand in a record of their own, not in the programme, which every batch reads.
func publishDataPolicy(c Call, s State) (Effects, error) {
	doc := new(wire.NewDataPolicy)
	p, err := decodeForProgramme(&c, doc)
	if err != nil {
		return Effects{}, err
	}
	if err := doc.Validate(); err != nil {
		return Effects{}, err
	}
	policies, err := loadPolicies(s)
	if err != nil {
		return Effects{}, err
	}
	kept := points.Publication{Version: doc.Version, Effective: doc.From}
	if kept.Hash, err = wire.Hash(doc); err != nil {
		return Effects{}, err
	}
	if err := policies.Admit(kept, p.BusinessDate); err != nil {
		return Effects{}, err
	}
	list, err := write(DataPoliciesKey(), policies)
	if err != nil {
		return Effects{}, err
	}
	document, err := write(DataPolicyKey(doc.Version), doc)
	if err != nil {
		return Effects{}, err
	}
	out, err := answer(kept)
	out.Writes = []Write{list, document}
	return out, err
}

// loadPolicies reads what versions of the data policy there are; none before the first.
func loadPolicies(s State) (*privacy.Policies, error) {
	policies := privacy.Policies{V: 1}
	_, err := read(s, DataPoliciesKey(), &policies)
	return &policies, err
}

func getDataPolicy(c Call, s State) (Effects, error) { return answerVersion(c, s, DataPolicyKey) }

func getDataPolicies(c Call, s State) (Effects, error) {
	if err := wire.Decode(c.Document, MaxQuery, &wire.Nothing{}); err != nil {
		return Effects{}, err
	}
	policies, err := loadPolicies(s)
	if err != nil {
		return Effects{}, err
	}
	return answer(policies)
}

// recordConsent makes public that there is a consent, to whom and how long, and the salted hash of what it says.
func recordConsent(c Call, s State) (Effects, error) {
	var doc wire.NewConsent
	p, err := decodeForProgramme(&c, &doc)
	if err != nil {
		return Effects{}, err
	}
	record := privacy.Consent{
		V: 1, ID: doc.ID, Hash: doc.Hash, Grantee: doc.Grantee, From: doc.From, Until: doc.Until, Policy: doc.Policy, Status: privacy.StatusGranted, At: c.Time,
	}
	if err := record.Validate(); err != nil {
		return Effects{}, err
	}
	if doc.Until <= c.Time {
		return Effects{}, fault.New(fault.InvalidValue, "the consent is over")
	}
	if err := admitGrantee(s, p, doc.Grantee); err != nil {
		return Effects{}, err
	}
	policies, err := loadPolicies(s)
	if err != nil {
		return Effects{}, err
	}
	policy, err := policies.Find(doc.Policy)
	if err != nil {
		return Effects{}, err
	}
	if policy.Effective > p.BusinessDate {
		return Effects{}, fault.New(fault.InvalidValue, "version %d of the data policy is not in force yet", doc.Policy)
	}
	if err := requireFree(s, ConsentKey(doc.ID)); err != nil {
		return Effects{}, err
	}
	return changed(ConsentKey(record.ID), record, privacy.EventConsent)
}

// admitGrantee returns INVALID_VALUE unless the name is that of another brand than the programme's.
func admitGrantee(s State, p *points.Programme, grantee string) error {
	member, err := queryMember(s, grantee)
	if err != nil {
		return err
	}
	if member.Kind != clearing.KindBrand || member.Name == p.Brand {
		return fault.New(fault.InvalidValue, "data are shared with another brand of the consortium")
	}
	return nil
}

// endConsent ends a consent for good. What was shared under it is purged by unshare, which a status never stops.
func endConsent(c Call, s State) (Effects, error) {
	var doc wire.ConsentEnd
	if _, err := decodeForProgramme(&c, &doc); err != nil {
		return Effects{}, err
	}
	record, err := loadConsent(s, doc.ID)
	if err != nil {
		return Effects{}, err
	}
	if err := record.End(doc.Reason, c.Time); err != nil {
		return Effects{}, err
	}
	return changed(ConsentKey(record.ID), record, privacy.EventConsent)
}

// loadConsent reads a consent's public record; NOT_FOUND when there is none.
func loadConsent(s State, id privacy.ConsentID) (*privacy.Consent, error) {
	if err := id.Validate(); err != nil {
		return nil, err
	}
	var record privacy.Consent
	there, err := read(s, ConsentKey(id), &record)
	if err == nil && !there {
		err = fault.New(fault.NotFound, "consent %s", id)
	}
	return &record, err
}

func getConsent(c Call, s State) (Effects, error) {
	var doc wire.ConsentQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if err := doc.ID.Validate(); err != nil {
		return Effects{}, err
	}
	return answerRecord(s, ConsentKey(doc.ID))
}

// recordErasures makes evidence of erasures public.
func recordErasures(c Call, s State) (Effects, error) {
	var doc wire.NewErasures
	if _, err := decodeForProgramme(&c, &doc); err != nil {
		return Effects{}, err
	}
	record := privacy.Erasures{V: 1, ID: doc.ID, Root: doc.Root, Count: doc.Count, Reason: doc.Reason, At: c.Time}
	if err := record.Validate(); err != nil {
		return Effects{}, err
	}
	if err := requireFree(s, ErasuresKey(doc.ID)); err != nil {
		return Effects{}, err
	}
	return changed(ErasuresKey(doc.ID), record, privacy.EventErasures)
}

func getErasures(c Call, s State) (Effects, error) {
	var doc wire.ErasuresQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if err := doc.ID.Validate(); err != nil {
		return Effects{}, err
	}
	return answerRecord(s, ErasuresKey(doc.ID))
}

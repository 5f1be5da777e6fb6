package ledger

import (
	"bytes"
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

// Personal data: what is private travels in transient fields to the own organisation's peers only, which alone endorse it; answers come sealed under a key of their own.
// Every call that writes waits until it is committed, and is safe to repeat.

// ChangeVault writes new entries to the own programme's vault and purges others, in one transaction that says nothing in public. The client's identity must be a gateway's.
// ALREADY_EXISTS when an entry's key is taken by another value: its salt was used before. ENTRY_MISMATCH when a key isn't its salt's.
func (p *Points) ChangeVault(ctx context.Context, change privacy.Change) error {
	err := p.private(ctx, wire.FnChangeVault, privacy.VaultTransient, change)
	if fault.CodeOf(err) != fault.AlreadyExists {
		return err
	}
	if there, readErr := p.holds(ctx, change.Put); readErr != nil || !there {
		return err
	}
	return nil // An attempt that was thought lost has brought exactly this.
}

// holds says whether the vault has all of these entries with these values.
func (p *Points) holds(ctx context.Context, puts []privacy.Put) (bool, error) {
	keys := make([]privacy.EntryKey, len(puts))
	for i := range puts {
		keys[i] = puts[i].Key
	}
	values, err := p.VaultEntries(ctx, keys)
	if err != nil {
		return false, err
	}
	for i := range puts {
		if !bytes.Equal(values[i], puts[i].Value) {
			return false, nil
		}
	}
	return true, nil
}

// VaultEntries reads entries of the own programme's vault at an own peer, 1 to privacy.MaxLookup: their values in the order of the keys, nil for what isn't there.
func (p *Points) VaultEntries(ctx context.Context, keys []privacy.EntryKey) ([][]byte, error) {
	reply := random.Hex(replyBytes)
	var found privacy.Found
	lookup := privacy.Lookup{V: 1, Keys: keys, Reply: reply}
	if err := p.sealedQuery(ctx, wire.FnGetVault, privacy.VaultTransient, lookup, reply, &found); err != nil {
		return nil, err
	}
	if len(found.Values) != len(keys) {
		return nil, &Failure{Fatal, fault.Internal, "the peer answered with another number of entries", nil}
	}
	values := make([][]byte, len(keys))
	for i, v := range found.Values {
		if v != "" {
			values[i] = []byte(v)
		}
	}
	return values, nil
}

// Share copies entries of the vault to the grantee that the consent in it names; what it lists is the whole of what is shared under the consent from then on. The client's
// identity must be a gateway's. CONSENT_NOT_IN_FORCE, CONSENT_MISMATCH, SIGNATURE_REFUSED, or ENTRY_MISMATCH when a value isn't the vault's.
func (p *Points) Share(ctx context.Context, share privacy.Share) error {
	return p.private(ctx, wire.FnShareEntries, privacy.ShareTransient, share)
}

// Unshare purges a grantee's copies under a consent and its body, whatever the consent's status. The client's identity must be a gateway's.
func (p *Points) Unshare(ctx context.Context, unshare privacy.Unshare) error {
	return p.private(ctx, wire.FnUnshare, privacy.ShareTransient, unshare)
}

// Shared reads what this programme's owner shares with a grantee under a consent, at an own peer: the copies that are there, and whether the owner's hash on the channel
// still stands for each. The client's identity must be a gateway's of the grantee or of the owner. NOT_FOUND when nothing is shared under the consent (any more),
// SIGNATURE_REFUSED when it isn't the account's controller who consented.
func (p *Points) Shared(ctx context.Context, grantee string, id privacy.ConsentID) (privacy.Shared, error) {
	var shared privacy.Shared
	reply := random.Hex(replyBytes)
	lookup := privacy.SharedLookup{V: 1, Grantee: grantee, ID: id, Reply: reply}
	if err := p.sealedQuery(ctx, wire.FnGetShared, privacy.ShareTransient, lookup, reply, &shared); err != nil {
		return privacy.Shared{}, err
	}
	account, err := p.Account(ctx, shared.Consent.Body.Account)
	if err != nil {
		return privacy.Shared{}, err
	}
	if err := shared.Consent.GivenBy(&account); err != nil {
		return privacy.Shared{}, &Failure{Refused, fault.CodeOf(err), "the consent isn't the account's controller's", err}
	}
	return shared, nil
}

// PublishDataPolicy adds a version of the data policy. The client's identity must be an operator of the brand. INVALID_VALUE when it doesn't follow the last version.
func (p *Points) PublishDataPolicy(ctx context.Context, doc privacy.Policy) (wire.Published, error) {
	var kept wire.Published
	err := p.administer(ctx, wire.FnPublishDataPolicy, doc, &kept)
	if err == nil || ClassOf(err) != Refused {
		return kept, err
	}
	hash, hashErr := wire.Hash(doc)
	there, readErr := p.DataPolicies(ctx)
	if hashErr != nil || readErr != nil {
		return kept, err
	}
	if one, findErr := there.Find(doc.Version); findErr == nil && one.Hash == hash {
		return one, nil
	}
	return kept, err
}

// DataPolicy reads a version of the data policy; NOT_FOUND when there is none of this number.
func (p *Points) DataPolicy(ctx context.Context, version int) (privacy.Policy, error) {
	var policy privacy.Policy
	return policy, p.client.query(ctx, p.chaincode, wire.FnGetDataPolicy, wire.VersionQuery{Version: version}, &policy)
}

// DataPolicies lists the versions of the data policy with the days on which they take effect and their hashes; none before the first.
func (p *Points) DataPolicies(ctx context.Context) (privacy.Policies, error) {
	var policies privacy.Policies
	return policies, p.client.query(ctx, p.chaincode, wire.FnGetDataPolicies, wire.Nothing{}, &policies)
}

// DataPolicyInForce gives the version of the data policy that is in force on the programme's business date; NOT_FOUND when there is none.
func (p *Points) DataPolicyInForce(ctx context.Context) (privacy.Policy, wire.Published, error) {
	programme, err := p.Programme(ctx)
	if err != nil {
		return privacy.Policy{}, wire.Published{}, err
	}
	policies, err := p.DataPolicies(ctx)
	if err != nil {
		return privacy.Policy{}, wire.Published{}, err
	}
	published := points.InForce(policies.Versions, programme.BusinessDate)
	if published == nil {
		return privacy.Policy{}, wire.Published{}, &Failure{Refused, fault.NotFound, "no data policy is in force", nil}
	}
	policy, err := p.DataPolicy(ctx, published.Version)
	return policy, *published, err
}

// RecordConsent records a consent in public, by its salted hash. The client's identity must be a gateway's. ALREADY_EXISTS when another one has its id.
func (p *Points) RecordConsent(ctx context.Context, doc wire.NewConsent) (privacy.Consent, error) {
	var kept privacy.Consent
	err := p.administer(ctx, wire.FnRecordConsent, doc, &kept)
	there := func() (privacy.Consent, error) { return p.Consent(ctx, doc.ID) }
	return brought(kept, err, fault.AlreadyExists, there, func(c privacy.Consent) bool { return c.Hash == doc.Hash && c.Grantee == doc.Grantee })
}

// EndConsent ends a consent for good. The client's identity must be a gateway's. CONSENT_NOT_IN_FORCE when it has ended for another reason, TOO_EARLY for an expiry before its time.
func (p *Points) EndConsent(ctx context.Context, id privacy.ConsentID, reason privacy.EndReason) (privacy.Consent, error) {
	var kept privacy.Consent
	err := p.administer(ctx, wire.FnEndConsent, wire.ConsentEnd{ID: id, Reason: reason}, &kept)
	there := func() (privacy.Consent, error) { return p.Consent(ctx, id) }
	return brought(kept, err, fault.ConsentNotInForce, there, func(c privacy.Consent) bool { return c.Status == privacy.StatusOf(reason) })
}

// Consent reads a consent's public record; NOT_FOUND when there is none.
func (p *Points) Consent(ctx context.Context, id privacy.ConsentID) (privacy.Consent, error) {
	var record privacy.Consent
	return record, p.client.query(ctx, p.chaincode, wire.FnGetConsent, wire.ConsentQuery{ID: id}, &record)
}

// RecordErasures records the evidence of erasures. The client's identity must be a gateway's or the compliance office's. ALREADY_EXISTS when other evidence has its id.
func (p *Points) RecordErasures(ctx context.Context, doc wire.NewErasures) (privacy.Erasures, error) {
	var kept privacy.Erasures
	err := p.administer(ctx, wire.FnRecordErasures, doc, &kept)
	there := func() (privacy.Erasures, error) { return p.Erasures(ctx, doc.ID) }
	return brought(kept, err, fault.AlreadyExists, there, func(e privacy.Erasures) bool { return e.Root == doc.Root && e.Count == doc.Count })
}

// Erasures reads the evidence of erasures; NOT_FOUND when there is none of this id.
func (p *Points) Erasures(ctx context.Context, id privacy.ErasureID) (privacy.Erasures, error) {
	var record privacy.Erasures
	return record, p.client.query(ctx, p.chaincode, wire.FnGetErasures, wire.ErasuresQuery{ID: id}, &record)
}

// privateCall is the document of every call whose matter is in the transient field.
var privateCall = wire.PrivateCall{V: 1}

// private commits a call that only the own organisation's peers get to see and endorse.
func (p *Points) private(ctx context.Context, function, field string, secret any) error {
	document, err := wire.Encode(privateCall)
	if err != nil {
		return err
	}
	raw, err := wire.Encode(secret)
	if err != nil {
		return err
	}
	build := func() (call, error) {
		return call{chaincode: p.chaincode, function: function, document: document, transient: map[string][]byte{field: raw}}, nil
	}
	return p.client.retrying(ctx, func() error {
		e, err := p.client.endorse(ctx, build, []string{p.client.msp})
		if err != nil {
			return err
		}
		return e.commit(ctx)
	})
}

// sealedQuery asks an own peer for private values and opens its answer into v.
func (p *Points) sealedQuery(ctx context.Context, function, field string, secret any, reply string, v any) error {
	raw, err := wire.Encode(secret)
	if err != nil {
		return err
	}
	var sealed privacy.Sealed
	if err := p.client.queryWith(ctx, p.chaincode, function, privateCall, map[string][]byte{field: raw}, &sealed); err != nil {
		return err
	}
	answer, err := privacy.Open(reply, sealed)
	if err != nil {
		return &Failure{Fatal, fault.Internal, "the peer's answer can't be opened", err}
	}
	return wire.DecodeRecord(answer, v)
}

// replyBytes is the length of the key of one answer.
const replyBytes = 32

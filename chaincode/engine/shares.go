package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// shareEntries copies entries of the vault to the grantee of a consent that is in force, and keeps with them what the customer signed.
func shareEntries(c Call, s State) (Effects, error) {
	var share privacy.Share
	if err := decodePrivate(&c, privacy.ShareTransient, privacy.MaxShare, &share); err != nil {
		return Effects{}, err
	}
	if err := share.Validate(); err != nil {
		return Effects{}, err
	}
	if err := admitConsent(&c, s, &share.Consent); err != nil {
		return Effects{}, err
	}
	for i := range share.Entries {
		if err := admitCopy(s, &share.Entries[i]); err != nil {
			return Effects{}, err
		}
	}
	return storeShare(c.admitted.programme.Brand, &share)
}

// admitConsent holds the signed consent against its public record, the data policy that it names, and the signature. It doesn't look at the customer's account: what a
// transaction reads stands in its block, and everybody would see which account the consent is of. Who reads the copies looks.
func admitConsent(c *Call, s State, signed *privacy.SignedConsent) error {
	body := &signed.Body
	record, err := loadConsent(s, body.ID)
	if err != nil {
		return err
	}
	if err := record.InForce(c.Time); err != nil {
		return err
	}
	digest, err := wire.ConsentDigest(body)
	if err != nil {
		return err
	}
	if err := record.Covers(body, hex.EncodeToString(digest)); err != nil {
		return err
	}
	if err := admitPurpose(s, body); err != nil {
		return err
	}
	return signed.VerifySignature(c.admitted.programme, digest)
}

// admitPurpose returns CONSENT_MISMATCH unless the consent names a published data policy by its hash, and one of its purposes.
func admitPurpose(s State, body *privacy.ConsentBody) error {
	policies, err := loadPolicies(s)
	if err != nil {
		return err
	}
	published, err := policies.Find(body.Policy)
	if err != nil {
		return err
	}
	var policy privacy.Policy
	if err := readVersion(s, DataPolicyKey(body.Policy), &policy); err != nil {
		return err
	}
	if published.Hash != body.PolicyHash || !policy.HasPurpose(body.Purpose) {
		return fault.New(fault.ConsentMismatch, "the consent names another data policy than was published, or a purpose that it doesn't have")
	}
	return nil
}

// admitCopy returns ENTRY_MISMATCH unless the value is the one that stands in the vault, by its hash on the channel.
func admitCopy(s State, e *privacy.SharedEntry) error {
	if _, err := wire.DecodeEntry(e.Key, e.Value); err != nil {
		return err
	}
	same, err := inVault(s, e.Key, e.Value)
	if err == nil && !same {
		return fault.New(fault.EntryMismatch, "an entry is not the one in the owner's vault")
	}
	return err
}

func inVault(s State, key privacy.EntryKey, value []byte) (bool, error) {
	hash, err := s.PrivateHash(CollectionCustomers, EntryKey(key))
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(value)
	return bytes.Equal(hash, sum[:]), nil
}

func storeShare(owner string, share *privacy.Share) (Effects, error) {
	id, collection := share.Consent.Body.ID, SharedCollection(owner, share.Consent.Body.Grantee)
	body, err := wire.Encode(share.Body())
	if err != nil {
		return Effects{}, err
	}
	out := Effects{Response: nothingToSay, Private: []PrivateWrite{{Collection: collection, Key: ConsentBodyKey(id), Value: body}}}
	for _, e := range share.Entries {
		out.Private = append(out.Private, PrivateWrite{Collection: collection, Key: ShareKey(id, e.Key), Value: e.Value})
	}
	out.Private = append(out.Private, purges(collection, id, share.Purge)...)
	return out, nil
}

func purges(collection string, id privacy.ConsentID, keys []privacy.EntryKey) []PrivateWrite {
	out := make([]PrivateWrite, len(keys))
	for i, k := range keys {
		out[i] = PrivateWrite{Collection: collection, Key: ShareKey(id, k), Purge: true}
	}
	return out
}

// unshare purges copies under a consent, and the consent's body. It asks nothing of the consent's status, so that nothing can stand in a withdrawal's way.
func unshare(c Call, s State) (Effects, error) {
	var doc privacy.Unshare
	if err := decodePrivate(&c, privacy.ShareTransient, privacy.MaxShare, &doc); err != nil {
		return Effects{}, err
	}
	if err := doc.Validate(); err != nil {
		return Effects{}, err
	}
	if _, err := loadConsent(s, doc.ID); err != nil {
		return Effects{}, err
	}
	collection := SharedCollection(c.admitted.programme.Brand, doc.Grantee)
	out := Effects{Response: nothingToSay, Private: []PrivateWrite{{Collection: collection, Key: ConsentBodyKey(doc.ID), Purge: true}}}
	out.Private = append(out.Private, purges(collection, doc.ID, doc.Keys)...)
	return out, nil
}

// getShared answers, sealed, with what is shared with a grantee under a consent, and holds each copy against the owner's hash on the channel.
func getShared(c Call, s State) (Effects, error) {
	var lookup privacy.SharedLookup
	if err := decodePrivate(&c, privacy.ShareTransient, MaxQuery, &lookup); err != nil {
		return Effects{}, err
	}
	if err := lookup.Validate(); err != nil {
		return Effects{}, err
	}
	if err := admitReader(&c, s, lookup.Grantee); err != nil {
		return Effects{}, err
	}
	record, err := loadConsent(s, lookup.ID)
	if err != nil {
		return Effects{}, err
	}
	collection := SharedCollection(c.admitted.programme.Brand, lookup.Grantee)
	raw, err := s.Private(collection, []string{ConsentBodyKey(lookup.ID)})
	if err != nil {
		return Effects{}, err
	}
	if raw[0] == nil {
		return Effects{}, fault.New(fault.NotFound, "nothing is shared under this consent")
	}
	var body privacy.SharedBody
	if err := wire.DecodeRecord(raw[0], &body); err != nil {
		return Effects{}, err
	}
	values, err := sharedValues(s, collection, lookup.ID, body.Entries)
	if err != nil {
		return Effects{}, err
	}
	return answerSealed(lookup.Reply, privacy.Shared{Consent: body.Consent, Record: *record, Values: values})
}

// admitReader returns FORBIDDEN unless the caller acts for the programme's issuer or for the grantee.
func admitReader(c *Call, s State, grantee string) error {
	if c.Caller.MSP == c.admitted.programme.Authority() {
		return nil
	}
	member, err := queryMember(s, grantee)
	if err != nil {
		return err
	}
	if !member.SpokenForBy(c.Caller.MSP) {
		return c.admitted.access.forbid()
	}
	return nil
}

func sharedValues(s State, collection string, id privacy.ConsentID, names []privacy.SharedName) ([]privacy.SharedValue, error) {
	keys := make([]string, len(names))
	for i, n := range names {
		keys[i] = ShareKey(id, n.Key)
	}
	raw, err := s.Private(collection, keys)
	if err != nil {
		return nil, err
	}
	values := make([]privacy.SharedValue, len(names))
	for i, n := range names {
		values[i] = privacy.SharedValue{Attribute: n.Attribute, Key: n.Key, Value: string(raw[i])}
		if raw[i] == nil {
			continue
		}
		if values[i].Current, err = inVault(s, n.Key, raw[i]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

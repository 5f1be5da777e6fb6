package consent

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

// Question is what a grantee asks of the owner for one reading: what opens the entries of which it has the ciphertext.
type Question struct {
	Consent privacy.ConsentID
	Purpose string
	Keys    []privacy.EntryKey
}

// Secret opens one entry.
type Secret struct {
	Key    privacy.EntryKey
	Secret []byte
}

// Validate returns INVALID_VALUE or TOO_LARGE unless the question has its form.
func (q *Question) Validate() error {
	if err := q.Consent.Validate(); err != nil {
		return err
	}
	if len(q.Keys) == 0 || len(q.Keys) > privacy.MaxShared {
		return fault.New(fault.TooLarge, "keys: 1 to %d", privacy.MaxShared)
	}
	return nil
}

// Disclose hands a grantee what opens entries that are shared with it, after a look at the consent as it is at this moment, and after the reading stands in the customer's
// access log. CONSENT_NOT_IN_FORCE when there is no such consent of this grantee's in force; which of it, it isn't told. CONSENT_MISMATCH for another purpose, or for an
// entry that isn't shared under it.
func (k *Keeper) Disclose(ctx context.Context, grantee string, q Question) ([]Secret, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	k.gate.RLock()
	defer k.gate.RUnlock()
	r, err := k.load(ctx, q.Consent)
	if fault.CodeOf(err) == fault.NotFound || err == nil && (r.grantee != grantee || !r.inForce(k.now())) {
		return nil, fault.New(fault.ConsentNotInForce, "no consent of this id is in force for %s", grantee)
	}
	if err != nil {
		return nil, err
	}
	if q.Purpose != r.signed.Body.Purpose {
		return nil, fault.New(fault.ConsentMismatch, "the consent was given for another purpose")
	}
	attributes, err := k.attributesOf(ctx, r.id, q.Keys)
	if err != nil {
		return nil, err
	}
	reading := Reading{Actor: "partner/" + grantee, Purpose: q.Purpose, Consent: r.id, Attributes: attributes}
	if err := k.vault.Log(ctx, r.person, reading); err != nil {
		return nil, err
	}
	secrets := make([]Secret, len(q.Keys))
	for i, key := range q.Keys {
		secret, err := k.vault.EntrySecret(ctx, r.person, key)
		if err != nil {
			return nil, err
		}
		secrets[i] = Secret{key, secret}
	}
	return secrets, nil
}

// attributesOf names the attributes of entries, each once, in their order.
func (k *Keeper) attributesOf(ctx context.Context, id privacy.ConsentID, keys []privacy.EntryKey) ([]string, error) {
	shared, err := k.shared(ctx, id)
	if err != nil {
		return nil, err
	}
	names := map[privacy.EntryKey]string{}
	for _, e := range shared {
		names[e.Key] = e.Attribute
	}
	var attributes []string
	seen := map[string]bool{}
	for _, key := range keys {
		name := names[key]
		if name == "" {
			return nil, fault.New(fault.ConsentMismatch, "an entry is not shared under the consent, or not any more")
		}
		if !seen[name] {
			attributes = append(attributes, name)
		}
		seen[name] = true
	}
	return attributes, nil
}

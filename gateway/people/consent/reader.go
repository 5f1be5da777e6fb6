package consent

import (
	"context"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Copies gives what other brands share with this one, from the own peer: the ledger facade.
type Copies interface {
	// Shared gives the copies under a consent, each checked against the owner's hash on the channel; NOT_FOUND when there are none.
	Shared(ctx context.Context, owner string, id privacy.ConsentID) (privacy.Shared, error)
}

// Owner is an owner's gateway.
type Owner interface {
	Secrets(ctx context.Context, q Question) ([]Secret, error)
}

// World tells what the ledger says of other brands' programmes and accounts.
type World interface {
	Programme(ctx context.Context, name string) (points.Programme, error)
	Account(ctx context.Context, programme string, id points.AccountID) (points.Account, error)
}

// OpenEntry decrypts an entry's record with its secret and says which attribute's value is sealed in it: vault.OpenEntry. STATE_CORRUPT when it doesn't fit, or was altered.
type OpenEntry func(brand string, key privacy.EntryKey, record, secret []byte) (Value, error)

// Reader reads what others share with this brand. It keeps nothing of it: no value, no secret; a Tally counts how often which attribute was read.
type Reader struct {
	Copies Copies
	Owners map[string]Owner // By brand.
	World  World
	Open   OpenEntry
	Now    func() time.Time // Nil: the clock.
	Tally  Tally            // Nil counts nothing.
}

// Tally counts readings: Readings.
type Tally interface {
	Note(ctx context.Context, owner, purpose string, attributes []string, at time.Time) error
}

// Wanted is what somebody wants to read.
type Wanted struct {
	Owner      string
	Consent    privacy.ConsentID
	Purpose    string   // The consent's: said again, so that nobody reads without one in mind.
	Attributes []string // All that are shared when empty.
}

// Value is one value of an attribute; a customer can have several of some.
type Value struct{ Attribute, Value string }

// Read reads values that are shared now. CONSENT_NOT_IN_FORCE before and after the consent's time, CONSENT_MISMATCH for another purpose or an attribute that it doesn't name,
// or when the owner shares under one attribute's name what is sealed as another's; SIGNATURE_REFUSED when the customer didn't sign it, ISSUER_UNAVAILABLE when the owner's gateway
// gives no answer.
func (r *Reader) Read(ctx context.Context, w Wanted) ([]Value, error) {
	owner := r.Owners[w.Owner]
	if owner == nil {
		return nil, fault.New(fault.InvalidValue, "owner: no gateway of such a brand is known here")
	}
	shared, err := r.Consent(ctx, w.Owner, w.Consent)
	if err != nil {
		return nil, err
	}
	if err := admits(&shared, &w); err != nil {
		return nil, err
	}
	values := wanted(shared.Values, w.Attributes)
	if len(values) == 0 {
		return []Value{}, nil
	}
	keys := make([]privacy.EntryKey, len(values))
	for i, v := range values {
		keys[i] = v.Key
	}
	secrets, err := owner.Secrets(ctx, Question{Consent: w.Consent, Purpose: w.Purpose, Keys: keys})
	if err != nil {
		return nil, err
	}
	if err := r.note(ctx, w, values); err != nil {
		return nil, err
	}
	return r.open(w.Owner, values, secrets)
}

// note counts a reading that the owner has answered, and so logged.
func (r *Reader) note(ctx context.Context, w Wanted, values []privacy.SharedValue) error {
	if r.Tally == nil {
		return nil
	}
	names := make([]string, len(values))
	for i := range values {
		names[i] = values[i].Attribute
	}
	return r.Tally.Note(ctx, w.Owner, w.Purpose, names, r.now())
}

func (r *Reader) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

// Consent gives what is shared under a consent that is in force, after the customer's signature was checked: the owner's word alone isn't taken for it.
func (r *Reader) Consent(ctx context.Context, owner string, id privacy.ConsentID) (privacy.Shared, error) {
	shared, err := r.Copies.Shared(ctx, owner, id)
	if err != nil {
		return shared, err
	}
	if err := shared.Record.InForce(r.now().Unix()); err != nil {
		return shared, err
	}
	digest, err := wire.ConsentDigest(&shared.Consent.Body)
	if err != nil {
		return shared, err
	}
	if err := shared.Record.Covers(&shared.Consent.Body, hexOf(digest)); err != nil {
		return shared, err
	}
	programme, err := r.World.Programme(ctx, owner)
	if err != nil {
		return shared, err
	}
	account, err := r.World.Account(ctx, owner, shared.Consent.Body.Account)
	if err != nil {
		return shared, err
	}
	return shared, shared.Consent.Verify(&programme, &account, digest)
}

func admits(s *privacy.Shared, w *Wanted) error {
	b := &s.Consent.Body
	if b.Purpose != w.Purpose {
		return fault.New(fault.ConsentMismatch, "the consent was given for another purpose")
	}
	for _, name := range w.Attributes {
		if !slices.Contains(b.Attributes, name) {
			return fault.New(fault.ConsentMismatch, "the consent doesn't name one of the attributes")
		}
	}
	return nil
}

// wanted picks the copies that are asked for and still in the owner's vault: what the customer has changed comes anew in a moment.
func wanted(values []privacy.SharedValue, attributes []string) []privacy.SharedValue {
	var some []privacy.SharedValue
	for _, v := range values {
		if v.Current && v.Value != "" && (len(attributes) == 0 || slices.Contains(attributes, v.Attribute)) {
			some = append(some, v)
		}
	}
	return some
}

func (r *Reader) open(owner string, values []privacy.SharedValue, secrets []Secret) ([]Value, error) {
	byKey := map[privacy.EntryKey][]byte{}
	for _, s := range secrets {
		byKey[s.Key] = s.Secret
	}
	out := make([]Value, len(values))
	for i, v := range values {
		sealed, err := r.Open(owner, v.Key, []byte(v.Value), byKey[v.Key])
		if err != nil {
			return nil, err
		}
		if sealed.Attribute != v.Attribute { // The copy's name is the owner's word; the sealed one is the customer's entry.
			return nil, fault.New(fault.ConsentMismatch, "an entry that is shared as one attribute holds another one")
		}
		out[i] = sealed
	}
	return out, nil
}

package privacy

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// ShareTransient is the name of the transient field of ShareEntries, a Share, of Unshare, an Unshare, and of GetShared, a SharedLookup.
const ShareTransient = "share"

// MaxShare bounds the transient field of one call, in bytes.
const MaxShare = 1 << 20

// Limits of what is shared under one consent.
const (
	MaxShared       = 64  // Entries; a customer can have several phones.
	MaxSharedPurges = 256 // Entries purged in one call.
)

// SharedEntry is an entry that the owner copies to the grantee.
type SharedEntry struct {
	Attribute string         `json:"attribute"`
	Key       EntryKey       `json:"key"`
	Value     jsontext.Value `json:"value"` // Byte for byte what stands in the owner's vault.
}

// Share copies entries to the grantee of a consent. Entries is the whole of what is shared under it from now on; Purge names copies that fall away.
type Share struct {
	V       int           `json:"v"` // 1.
	Consent SignedConsent `json:"consent"`
	Entries []SharedEntry `json:"entries"`
	Purge   []EntryKey    `json:"purge,omitempty"`
}

// Validate returns INVALID_VALUE or TOO_LARGE unless the share has its form, CONSENT_MISMATCH when an attribute is not one that the consent names.
func (s *Share) Validate() error {
	if s.V != 1 || len(s.Entries) == 0 {
		return fault.New(fault.InvalidValue, "a share has v 1 and at least one entry")
	}
	if err := s.Consent.Validate(); err != nil {
		return err
	}
	seen := make(map[EntryKey]bool, len(s.Entries)+len(s.Purge))
	keys := make([]EntryKey, len(s.Entries))
	for i := range s.Entries {
		keys[i] = s.Entries[i].Key
	}
	if err := distinct(seen, keys, MaxShared); err != nil {
		return err
	}
	if err := distinct(seen, s.Purge, MaxSharedPurges); err != nil {
		return err
	}
	for i := range s.Entries {
		if _, named := slices.BinarySearch(s.Consent.Body.Attributes, s.Entries[i].Attribute); !named {
			return fault.New(fault.ConsentMismatch, "an entry is of an attribute that the consent doesn't name")
		}
	}
	return nil
}

// SharedBody is the private value that a grantee holds of a consent: what was signed, and which entries belong to it.
type SharedBody struct {
	V       int           `json:"v"` // 1.
	Consent SignedConsent `json:"consent"`
	Entries []SharedName  `json:"entries"` // In the order of the share.
}

// SharedName is one entry of a SharedBody.
type SharedName struct {
	Attribute string   `json:"attribute"`
	Key       EntryKey `json:"key"`
}

// Body is what the grantee holds of the share besides the values.
func (s *Share) Body() SharedBody {
	b := SharedBody{V: 1, Consent: s.Consent, Entries: make([]SharedName, len(s.Entries))}
	for i, e := range s.Entries {
		b.Entries[i] = SharedName{Attribute: e.Attribute, Key: e.Key}
	}
	return b
}

// Unshare purges the grantee's copies under a consent, and with them its body. It may name what is not there (any more).
type Unshare struct {
	V       int        `json:"v"` // 1.
	Grantee string     `json:"grantee"`
	ID      ConsentID  `json:"id"`
	Keys    []EntryKey `json:"keys,omitempty"`
}

// Validate returns INVALID_VALUE or TOO_LARGE unless it has its form.
func (u *Unshare) Validate() error {
	if u.V != 1 || !brandForm.MatchString(u.Grantee) {
		return fault.New(fault.InvalidValue, "it has v 1 and a grantee's name")
	}
	if err := u.ID.Validate(); err != nil {
		return err
	}
	return distinct(make(map[EntryKey]bool, len(u.Keys)), u.Keys, MaxSharedPurges)
}

// SharedLookup asks for what is shared with a grantee under a consent. The answer, a Shared, comes sealed under Reply: see Lookup.
type SharedLookup struct {
	V       int       `json:"v"` // 1.
	Grantee string    `json:"grantee"`
	ID      ConsentID `json:"id"`
	Reply   string    `json:"reply"`
}

// Validate returns INVALID_VALUE unless it has its form.
func (l *SharedLookup) Validate() error {
	if l.V != 1 || !brandForm.MatchString(l.Grantee) {
		return fault.New(fault.InvalidValue, "it has v 1 and a grantee's name")
	}
	if err := l.ID.Validate(); err != nil {
		return err
	}
	_, err := replyKey(l.Reply)
	return err
}

// SharedValue is a copy as the grantee's peer holds it.
type SharedValue struct {
	Attribute string   `json:"attribute"`
	Key       EntryKey `json:"key"`
	Value     string   `json:"value,omitempty"` // The canonical JSON of the Entry; empty when the copy is gone.
	Current   bool     `json:"current"`         // The owner's hash on the channel is that of the value: it is still in the owner's vault.
}

// Shared is everything that is shared with a grantee under one consent, and where the consent stands on the channel.
type Shared struct {
	Consent SignedConsent `json:"consent"`
	Record  Consent       `json:"record"`
	Values  []SharedValue `json:"values"`
}

package wire

import (
	"bytes"
	"crypto/sha256"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

// Functions of a points chaincode that deal with personal data. What is personal travels in transient fields and in sealed answers only.
const (
	FnChangeVault       = "ChangeVault"
	FnGetVault          = "GetVault"
	FnPublishDataPolicy = "PublishDataPolicy"
	FnGetDataPolicy     = "GetDataPolicy"
	FnGetDataPolicies   = "GetDataPolicies"
	FnRecordConsent     = "RecordConsent"
	FnEndConsent        = "EndConsent"
	FnGetConsent        = "GetConsent"
	FnShareEntries      = "ShareEntries"
	FnUnshare           = "Unshare"
	FnGetShared         = "GetShared"
	FnRecordErasures    = "RecordErasures"
	FnGetErasures       = "GetErasures"
)

type (
	// PrivateCall is the document of ChangeVault, GetVault, ShareEntries, Unshare and GetShared: everything else is in the transient field.
	PrivateCall struct {
		V int `json:"v"` // 1.
	}
	// NewDataPolicy is the document of PublishDataPolicy. GetDataPolicy takes a VersionQuery.
	NewDataPolicy = privacy.Policy
	// NewConsent is the document of RecordConsent.
	NewConsent struct {
		ID      privacy.ConsentID `json:"id"`
		Hash    string            `json:"hash"` // Hash of the privacy.ConsentBody.
		Grantee string            `json:"grantee"`
		From    int64             `json:"from"`  // Unix seconds.
		Until   int64             `json:"until"` // Unix seconds.
		Policy  int               `json:"policy"`
	}
	// ConsentEnd is the document of EndConsent.
	ConsentEnd struct {
		ID     privacy.ConsentID `json:"id"`
		Reason privacy.EndReason `json:"reason"`
	}
	// ConsentQuery is the document of GetConsent.
	ConsentQuery struct {
		ID privacy.ConsentID `json:"id"`
	}
	// NewErasures is the document of RecordErasures.
	NewErasures struct {
		ID     privacy.ErasureID     `json:"id"`
		Root   string                `json:"root"` // Root over the certificates' salted hashes.
		Count  int                   `json:"count"`
		Reason privacy.ErasureReason `json:"reason"`
	}
	// ErasuresQuery is the document of GetErasures.
	ErasuresQuery struct {
		ID privacy.ErasureID `json:"id"`
	}
)

// DecodeEntry reads the private value of an entry. Anything but the canonical JSON of a valid entry is refused, so that its hash has one form; ENTRY_MISMATCH when it
// doesn't belong under the key.
func DecodeEntry(key privacy.EntryKey, raw []byte) (privacy.Entry, error) {
	var e privacy.Entry
	if err := Decode(raw, privacy.MaxEntryBytes, &e); err != nil {
		return e, err
	}
	if err := e.Validate(); err != nil {
		return e, err
	}
	canonical, err := Encode(e)
	if err != nil {
		return e, err
	}
	if !bytes.Equal(canonical, raw) {
		return e, fault.New(fault.Malformed, "an entry is not in canonical form")
	}
	if e.Key() != key {
		return e, fault.New(fault.EntryMismatch, "an entry's key is not that of its salt")
	}
	return e, nil
}

// ConsentDigest is what the account's controller signs: SHA-256 over the canonical JSON of a consent's body. In hex, as Hash gives it, it stands in the public record.
func ConsentDigest(b *privacy.ConsentBody) ([]byte, error) {
	raw, err := Encode(b)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return sum[:], nil
}

package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// DetailsHash is what a public receipt says of its private details: SHA-256 over a salt of their own and their canonical JSON, in hex.
// The salt is HMAC-SHA256(batch salt, operation id), so that one operation's details can be disclosed without the salt of any other.
func DetailsHash(batchSalt []byte, d *points.Details) (string, error) {
	return DisclosedHash(OperationSalt(batchSalt, d.Operation), d)
}

// OperationSalt is the salt to disclose together with one operation's details.
func OperationSalt(batchSalt []byte, id points.OperationID) []byte {
	m := hmac.New(sha256.New, batchSalt)
	m.Write([]byte(id))
	return m.Sum(nil)
}

// DisclosedHash recomputes a receipt's details hash from disclosed details and their salt.
func DisclosedHash(salt []byte, d *points.Details) (string, error) {
	raw, err := Encode(d)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write(salt)
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// DecodeDetails reads the private details of a batch and checks that they belong to its operations. The returned salt has 32 bytes.
func DecodeDetails(doc []byte, operations []points.Operation) (BatchDetails, []byte, error) {
	var details BatchDetails
	if err := Decode(doc, MaxDetails, &details); err != nil {
		return BatchDetails{}, nil, err
	}
	salt, err := hex.DecodeString(details.Salt)
	if err != nil || len(details.Salt) != SaltLength || details.V != 1 {
		return BatchDetails{}, nil, fault.New(fault.InvalidValue, "details have v 1 and a salt of %d hex digits", SaltLength)
	}
	if len(details.Operations) != len(operations) {
		return BatchDetails{}, nil, fault.New(fault.DetailsMismatch, "%d operations have %d details", len(operations), len(details.Operations))
	}
	for i := range operations {
		d := &details.Operations[i]
		if d.Operation != operations[i].ID {
			return BatchDetails{}, nil, fault.New(fault.DetailsMismatch, "details %d are not of operation %s", i, operations[i].ID)
		}
		if err := d.Validate(operations[i].Kind); err != nil {
			return BatchDetails{}, nil, err
		}
	}
	return details, salt, nil
}

// VerifyDisclosed returns DETAILS_MISMATCH unless the disclosed details are those whose hash the receipt names.
func VerifyDisclosed(d *points.Disclosed, receipt *points.Receipt) error {
	salt, err := hex.DecodeString(d.Salt)
	if err != nil {
		return fault.New(fault.DetailsMismatch, "the salt is not written in hex")
	}
	hash, err := DisclosedHash(salt, &d.Details)
	if err != nil {
		return err
	}
	if hash != receipt.Details {
		return fault.New(fault.DetailsMismatch, "the disclosed details are not those of operation %s", receipt.Operation)
	}
	return nil
}

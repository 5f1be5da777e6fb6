package privacy

import "github.com/tallystick/tallystick/chaincode/fault"

// ErasureID is a random 128-bit id in 32 lower-case hex digits.
type ErasureID string

// Validate returns INVALID_VALUE unless this can be the id.
func (id ErasureID) Validate() error {
	if !isHex(string(id), idDigits) {
		return fault.New(fault.InvalidValue, "an erasure's id has %d lower-case hex digits", idDigits)
	}
	return nil
}

// ErasureReason says why data were erased.
type ErasureReason string

// The reasons of an erasure.
const (
	ErasedOnRequest ErasureReason = "request"
	ErasedByPolicy  ErasureReason = "retention"
)

// MaxErasures bounds the certificates under one root.
const MaxErasures = 100_000

// EventErasures is the name of the chaincode event of RecordErasures; its payload is the Erasures.
const EventErasures = "ErasuresRecorded"

// Erasures is the public evidence of one or several erasures: the RFC 6962 root over the salted hashes of their certificates. Who has a certificate proves with a path
// that it is among them; nobody else learns whose data they were.
type Erasures struct {
	V      int           `json:"v"` // Record version, 1.
	ID     ErasureID     `json:"id"`
	Root   string        `json:"root"`  // 64 lower-case hex digits.
	Count  int           `json:"count"` // Certificates under the root, 1 to MaxErasures.
	Reason ErasureReason `json:"reason"`
	At     int64         `json:"at"` // Transaction time, Unix seconds.
}

// Validate returns INVALID_VALUE unless the record has its form.
func (e *Erasures) Validate() error {
	if err := e.ID.Validate(); err != nil {
		return err
	}
	if e.V != 1 || !isHex(e.Root, hashDigits) || e.Count < 1 || e.Count > MaxErasures {
		return fault.New(fault.InvalidValue, "erasures have v 1, a root of %d lower-case hex digits and 1 to %d certificates", hashDigits, MaxErasures)
	}
	if e.Reason != ErasedOnRequest && e.Reason != ErasedByPolicy {
		return fault.New(fault.InvalidValue, "reason must be %s or %s", ErasedOnRequest, ErasedByPolicy)
	}
	return nil
}

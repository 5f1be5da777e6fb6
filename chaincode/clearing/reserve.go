package clearing

import (
	"regexp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxReserveSeconds is how long a custodian's statement can be good for: 100 days.
const MaxReserveSeconds = 100 * 24 * 3600

// MaxReserveAheadSeconds is how far a statement's asOf may lie after the transaction's time: clocks differ.
const MaxReserveAheadSeconds = 300

var custodianForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,31}$`)

// ValidCustodianID returns INVALID_VALUE unless this can be a reserve custodian's id.
func ValidCustodianID(id string) error {
	if !custodianForm.MatchString(id) {
		return fault.New(fault.InvalidValue, "a reserve custodian's id has 2 to 32 lower-case letters, digits and hyphens")
	}
	return nil
}

// CustodianKey is who holds reserves, a bank for instance, and the key that signs its statements, as the brands voted.
type CustodianKey struct {
	ID  string `json:"id"`
	Key string `json:"key,omitempty"` // Uncompressed P-256 point, base64url without padding; empty when its statements are good no longer.
}

// Validate returns INVALID_VALUE unless id and key have their forms.
func (k *CustodianKey) Validate() error {
	if err := ValidCustodianID(k.ID); err != nil {
		return err
	}
	if k.Key == "" {
		return nil
	}
	_, err := p256.ParseKey(k.Key)
	return err
}

// Custodian is the record of a reserve custodian.
type Custodian struct {
	V       int    `json:"v"` // Record version, 1.
	ID      string `json:"id"`
	Version int    `json:"version"`       // Of the key, from 1 on.
	Key     string `json:"key,omitempty"` // Empty when withdrawn.
}

// ReserveStatement is what a custodian says of a member's reserve: the SHA-256 of its canonical JSON is signed.
type ReserveStatement struct {
	Genesis    string         `json:"genesis"` // The channel: hash of its genesis block, hex.
	Member     string         `json:"member"`
	Currency   string         `json:"currency"`
	Amount     quantity.Minor `json:"amount"`     // 0 or more.
	AsOf       int64          `json:"asOf"`       // Unix seconds.
	ValidUntil int64          `json:"validUntil"` // Unix seconds; afterwards the reserve counts as nothing.
	Custodian  string         `json:"custodian"`
}

// Reserve is the statement in force of a member's reserve in one currency.
type Reserve struct {
	V          int              `json:"v"` // Record version, 1.
	Statement  ReserveStatement `json:"statement"`
	Signature  string           `json:"signature"`  // r||s, low-S, base64url without padding.
	KeyVersion int              `json:"keyVersion"` // Of the custodian's key.
}

// Validate returns INVALID_VALUE or OUT_OF_RANGE unless the statement has its form and, at a transaction time, is neither over nor of the future.
func (s *ReserveStatement) Validate(now int64) error {
	if err := validLimit(s.Currency, s.Amount); err != nil {
		return err
	}
	if err := ValidCustodianID(s.Custodian); err != nil {
		return err
	}
	if s.AsOf < 0 || s.AsOf > now+MaxReserveAheadSeconds || s.ValidUntil < now || s.ValidUntil > s.AsOf+MaxReserveSeconds {
		return fault.New(fault.InvalidValue, "a statement is of the past and good for at most %d seconds from then on", MaxReserveSeconds)
	}
	return nil
}

// Replace takes over a custodian's statement whose digest is given. SIGNATURE_REFUSED unless the custodian signed it, RESERVE_STALE unless it is later than the one
// before (nil for the first).
func (r *Reserve) Replace(before *Reserve, custodian *Custodian, digest []byte) error {
	if custodian.Key == "" {
		return fault.New(fault.SignatureRefused, "statements of %s are good no longer", custodian.ID)
	}
	key, err := p256.ParseKey(custodian.Key)
	if err != nil {
		return err
	}
	if !p256.Verify(key, digest, r.Signature) {
		return fault.New(fault.SignatureRefused, "the custodian %s didn't sign this statement", custodian.ID)
	}
	if before != nil && r.Statement.AsOf <= before.Statement.AsOf {
		return fault.New(fault.ReserveStale, "the statement in force is as of %d", before.Statement.AsOf)
	}
	r.KeyVersion = custodian.Version
	return nil
}

// Worth is what the reserve covers at a transaction time: nothing without a statement, after it has expired, or when the key that signed it is the custodian's no longer.
func (r *Reserve) Worth(custodian *Custodian, now int64) quantity.Minor {
	if r == nil || custodian == nil || now > r.Statement.ValidUntil || custodian.Key == "" || custodian.Version != r.KeyVersion {
		return 0
	}
	return r.Statement.Amount
}

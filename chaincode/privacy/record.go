package privacy

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// Status is where a consent stands.
type Status string

// The statuses of a consent. Only GRANTED can be left, and none is ever entered again.
const (
	StatusGranted    Status = "GRANTED"
	StatusWithdrawn  Status = "WITHDRAWN"
	StatusExpired    Status = "EXPIRED"
	StatusErased     Status = "ERASED"
	StatusSuperseded Status = "SUPERSEDED" // Another consent took its place.
)

// EndReason says why a consent ends.
type EndReason string

// The reasons, one per final status.
const (
	EndWithdrawn  EndReason = "withdrawn"  // The customer wants it.
	EndExpired    EndReason = "expired"    // Its time is over.
	EndErased     EndReason = "erased"     // The customer's data were erased.
	EndSuperseded EndReason = "superseded" // Another consent takes its place.
)

var endings = map[EndReason]Status{EndWithdrawn: StatusWithdrawn, EndExpired: StatusExpired, EndErased: StatusErased, EndSuperseded: StatusSuperseded}

// StatusOf is the final status that a reason leads to; empty for an unknown one.
func StatusOf(r EndReason) Status { return endings[r] }

// EventConsent is the name of the chaincode event of RecordConsent and EndConsent; its payload is the Consent.
const EventConsent = "ConsentChanged"

// Consent is the public record: that there is a consent, to whom and how long, and the salted hash of what it says. It names no customer.
type Consent struct {
	V       int       `json:"v"` // Record version, 1.
	ID      ConsentID `json:"id"`
	Hash    string    `json:"hash"` // SHA-256 of the body's canonical JSON, hex.
	Grantee string    `json:"grantee"`
	From    int64     `json:"from"`   // Unix seconds.
	Until   int64     `json:"until"`  // Unix seconds.
	Policy  int       `json:"policy"` // Version of the data policy.
	Status  Status    `json:"status"`
	At      int64     `json:"at"`             // Transaction time of the grant, Unix seconds.
	Ended   int64     `json:"ended,omitzero"` // Transaction time of the end, Unix seconds.
}

// Validate returns INVALID_VALUE unless the record has its form.
func (c *Consent) Validate() error {
	if err := c.ID.Validate(); err != nil {
		return err
	}
	if c.V != 1 || !isHex(c.Hash, hashDigits) || !brandForm.MatchString(c.Grantee) {
		return fault.New(fault.InvalidValue, "a consent has v 1, a hash of %d lower-case hex digits and a grantee's name", hashDigits)
	}
	if c.Policy < 1 || c.Policy > points.MaxPublications {
		return fault.New(fault.InvalidValue, "a consent names a version of the data policy")
	}
	return validPeriod(c.From, c.Until)
}

// End gives the consent its final status at a transaction time; INVALID_VALUE for an unknown reason, CONSENT_NOT_IN_FORCE when it has ended before, TOO_EARLY for an
// expiry before its time.
func (c *Consent) End(reason EndReason, now int64) error {
	status, known := endings[reason]
	if !known {
		return fault.New(fault.InvalidValue, "reason must be %s, %s, %s or %s", EndWithdrawn, EndExpired, EndErased, EndSuperseded)
	}
	if c.Status != StatusGranted {
		return fault.New(fault.ConsentNotInForce, "the consent is %s already", c.Status)
	}
	if reason == EndExpired && now < c.Until {
		return fault.New(fault.TooEarly, "the consent expires at %d (Unix seconds)", c.Until)
	}
	c.Status, c.Ended = status, now
	return nil
}

// InForce returns CONSENT_NOT_IN_FORCE unless the consent is granted and its period covers the time.
func (c *Consent) InForce(now int64) error {
	switch {
	case c.Status != StatusGranted:
		return fault.New(fault.ConsentNotInForce, "the consent is %s", c.Status)
	case now < c.From:
		return fault.New(fault.ConsentNotInForce, "the consent begins at %d (Unix seconds)", c.From)
	case now >= c.Until:
		return fault.New(fault.ConsentNotInForce, "the consent ended at %d (Unix seconds)", c.Until)
	}
	return nil
}

// Covers returns CONSENT_MISMATCH unless the body, whose canonical JSON has this hash, is what the record stands for.
func (c *Consent) Covers(b *ConsentBody, hash string) error {
	if c.Hash != hash || c.ID != b.ID || c.Grantee != b.Grantee || c.From != b.From || c.Until != b.Until || c.Policy != b.Policy {
		return fault.New(fault.ConsentMismatch, "the body is not the one whose hash is on the channel, or names another grantee, time or policy than the record")
	}
	return nil
}

package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// EngineVersion numbers the behaviour of this package. Receipts and batches name the version that made them; a change of behaviour is a new version beside the old one.
const EngineVersion = 1

// Limits of a programme's record.
const (
	MaxNameLength     = 64    // Bytes of a display name.
	MaxProseLength    = 4000  // Bytes of the terms in words.
	MaxReceiptAgeDays = 36600 // Oldest purchase that terms may accept, in days before the business date: a hundred years, for simulated programmes.
)

// Programme is one brand's points programme as its namespace holds it.
type Programme struct {
	V            int            `json:"v"`            // Record version, 1.
	Brand        string         `json:"brand"`        // Member name; the chaincode is points-<brand>.
	MSP          string         `json:"msp"`          // The issuer's MSP id, as the membership in clearing says.
	Genesis      string         `json:"genesis"`      // SHA-256 of the channel's genesis block header, hex.
	DisplayName  string         `json:"displayName"`  // For people, 1 to MaxNameLength bytes.
	Currency     string         `json:"currency"`     // ISO 4217; purchases in another currency are refused.
	Simulated    bool           `json:"simulated"`    // The business date may be any day; immutable, shown everywhere.
	BusinessDate quantity.Day   `json:"businessDate"` // Only moves forward.
	Engine       int            `json:"engine"`       // Active EngineVersion.
	Terms        []Terms        `json:"terms"`        // Ordered by version, the last is in force; never overwritten.
	Custodians   []CustodianKey `json:"custodians"`   // The brand's custodian keys, ordered by version.
}

// Terms are what customers were promised, in words and in the parameters that the chaincode runs.
type Terms struct {
	Version             int            `json:"version"` // 1, 2, ...
	Rate                quantity.Ratio `json:"rate"`    // Points per minor unit of the currency, rounded down per receipt.
	MaxReceiptAgeDays   int            `json:"maxReceiptAgeDays"`
	UnreferencedReturns bool           `json:"unreferencedReturns"` // Returns without a receipt are accepted when the controller signs.
	Prose               string         `json:"prose"`
}

// CustodianKey is a version of the key with which the brand signs for customers who have a phone or a card only.
type CustodianKey struct {
	Version int    `json:"version"`
	Key     string `json:"key"` // Uncompressed P-256 point, base64url without padding.
}

// Current returns the terms in force.
func (p *Programme) Current() Terms { return p.Terms[len(p.Terms)-1] }

// Validate returns INVALID_VALUE or OUT_OF_RANGE when a field of a new programme can't be accepted.
func (p *Programme) Validate() error {
	if p.V != 1 || p.Engine != EngineVersion {
		return fault.New(fault.InvalidValue, "a programme has v 1 and engine %d", EngineVersion)
	}
	if n := len(p.DisplayName); n < 1 || n > MaxNameLength {
		return fault.New(fault.InvalidValue, "displayName needs 1 to %d bytes", MaxNameLength)
	}
	if err := quantity.ValidCurrency(p.Currency); err != nil {
		return err
	}
	if len(p.Terms) != 1 || p.Terms[0].Version != 1 {
		return fault.New(fault.InvalidValue, "a new programme has exactly one version of its terms, version 1")
	}
	if err := p.Terms[0].validate(); err != nil {
		return err
	}
	if len(p.Custodians) != 1 || p.Custodians[0].Version != 1 {
		return fault.New(fault.InvalidValue, "a new programme has exactly one custodian key, version 1")
	}
	_, err := parsePublicKey(p.Custodians[0].Key)
	return err
}

func (t Terms) validate() error {
	if err := t.Rate.Valid(); err != nil {
		return err
	}
	if t.MaxReceiptAgeDays < 0 || t.MaxReceiptAgeDays > MaxReceiptAgeDays {
		return fault.New(fault.InvalidValue, "maxReceiptAgeDays must lie between 0 and %d", MaxReceiptAgeDays)
	}
	if n := len(t.Prose); n < 1 || n > MaxProseLength {
		return fault.New(fault.InvalidValue, "prose needs 1 to %d bytes", MaxProseLength)
	}
	return nil
}

// Advance moves the business date to day, seen at transaction time now (Unix seconds). DATE_NOT_ALLOWED when it would move back or stand still,
// or leave a real programme more than one day from the transaction's day.
func (p *Programme) Advance(day quantity.Day, now int64) error {
	if day <= p.BusinessDate {
		return fault.New(fault.DateNotAllowed, "the business date is %s already", p.BusinessDate)
	}
	return p.admitDate(day, now)
}

// AdmitFirstDate checks the business date of a new programme in the same way.
func (p *Programme) AdmitFirstDate(now int64) error { return p.admitDate(p.BusinessDate, now) }

func (p *Programme) admitDate(day quantity.Day, now int64) error {
	today := quantity.DayOf(now)
	if !p.Simulated && (day > today+1 || day < today-1) {
		return fault.New(fault.DateNotAllowed, "a real programme's business date lies within a day of the transaction's, %s", today)
	}
	p.BusinessDate = day
	return nil
}

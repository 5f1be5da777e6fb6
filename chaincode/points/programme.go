package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

// MaxNameLength bounds a display name, in bytes.
const MaxNameLength = 64

// Programme is one brand's points programme as its namespace holds it: read by every batch, so the words of its terms, its rule sets and its price lists stand under
// keys of their own.
type Programme struct {
	V            int                   `json:"v"`            // Record version, 1.
	Brand        string                `json:"brand"`        // Member name; the chaincode is points-<brand>.
	MSP          string                `json:"msp"`          // The issuer's MSP id, as the membership in clearing says.
	Genesis      string                `json:"genesis"`      // SHA-256 of the channel's genesis block header, hex.
	DisplayName  string                `json:"displayName"`  // For people, 1 to MaxNameLength bytes.
	Currency     string                `json:"currency"`     // ISO 4217; purchases in another currency are refused.
	Simulated    bool                  `json:"simulated"`    // The business date may be any day; immutable, shown everywhere.
	BusinessDate quantity.Day          `json:"businessDate"` // Only moves forward.
	Engine       int                   `json:"engine"`       // Active EngineVersion.
	Terms        []terms.Terms         `json:"terms"`        // Ordered by version, without their prose; never overwritten.
	TermsHashes  []string              `json:"termsHashes"`  // Of each version, parameters and prose: SHA-256 of its canonical JSON, hex.
	RuleSets     []Publication         `json:"ruleSets,omitempty"`
	PriceLists   []Publication         `json:"priceLists,omitempty"`
	Custodians   []CustodianKey        `json:"custodians"`            // The brand's custodian keys, ordered by version.
	RelyingParty webauthn.RelyingParty `json:"relyingParty,omitzero"` // For whom passkeys are made; empty when the programme takes none.

	Administration *Administration `json:"administration,omitempty"` // Nil while the issuer acts for itself.
}

// Publication is a version of a document that stands under a key of its own.
type Publication struct {
	Version   int          `json:"version"`   // 1, 2, ...
	Effective quantity.Day `json:"effective"` // First business date on which it is in force.
	Hash      string       `json:"hash"`      // SHA-256 of its canonical JSON, hex.
}

// MaxPublications is how many versions of rule sets, or of price lists, a programme can publish.
const MaxPublications = 1000

// InForce returns the publication in force on a day: the highest version that is effective by then; nil when there is none yet. The list is ordered by version.
func InForce(list []Publication, day quantity.Day) *Publication {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Effective <= day {
			return &list[i]
		}
	}
	return nil
}

// TermsPublished lists the versions of the terms in the form of other publications.
func (p *Programme) TermsPublished() []Publication {
	list := make([]Publication, len(p.Terms))
	for i := range p.Terms {
		list[i] = Publication{Version: p.Terms[i].Version, Effective: p.Terms[i].Effective, Hash: p.TermsHashes[i]}
	}
	return list
}

// CustodianKey is a version of the key with which the brand signs for customers who have a phone or a card only.
type CustodianKey struct {
	Version int    `json:"version"`
	Key     string `json:"key"`            // Uncompressed P-256 point, base64url without padding.
	Until   int64  `json:"until,omitzero"` // Unix seconds: signatures are refused after it; 0 for the current key.
}

// Current returns the terms in force on the business date.
func (p *Programme) Current() *terms.Terms {
	if current := terms.On(p.Terms, p.BusinessDate); current != nil {
		return current
	}
	return &p.Terms[0] // The first version is in force from the beginning.
}

// ExpiryOf returns the first business date on which a lot of the account is gone; 0 when there is none.
func (p *Programme) ExpiryOf(a *Account, l lots.Lot) quantity.Day {
	if l.Expiry != 0 {
		return l.Expiry
	}
	if promised := terms.Find(p.Terms, l.Terms); promised != nil {
		return promised.Expiry.Idle(a.Active)
	}
	return 0
}

// TransferFrom returns the first business date on which a lot can go to another account; 0 when it always could.
func (p *Programme) TransferFrom(l lots.Lot) quantity.Day {
	if l.From == 0 {
		return 0
	}
	if promised := terms.Find(p.Terms, l.Terms); promised != nil {
		return promised.TransferFrom(l.From)
	}
	return l.From
}

// Validate returns INVALID_VALUE or OUT_OF_RANGE when a field of a new programme can't be accepted.
func (p *Programme) Validate() error {
	if p.V != 1 || p.Engine < engineFirst || p.Engine > EngineVersion {
		return fault.New(fault.InvalidValue, "a programme has v 1 and an engine of %d to %d", engineFirst, EngineVersion)
	}
	if n := len(p.DisplayName); n < 1 || n > MaxNameLength {
		return fault.New(fault.InvalidValue, "displayName needs 1 to %d bytes", MaxNameLength)
	}
	if err := quantity.ValidCurrency(p.Currency); err != nil {
		return err
	}
	if len(p.Terms) != 1 {
		return fault.New(fault.InvalidValue, "a new programme has exactly one version of its terms, version 1")
	}
	if err := terms.AdmitNext(nil, &p.Terms[0], p.BusinessDate); err != nil {
		return err
	}
	if len(p.Custodians) != 1 || p.Custodians[0].Version != 1 {
		return fault.New(fault.InvalidValue, "a new programme has exactly one custodian key, version 1")
	}
	if p.RelyingParty.ID != "" || len(p.RelyingParty.Origins) > 0 {
		if err := p.RelyingParty.Validate(); err != nil {
			return err
		}
	}
	_, err := p256.ParseKey(p.Custodians[0].Key)
	return err
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

// MaxCustodians is how many versions of its custodian key a programme can have.
const MaxCustodians = 1000

// RotateCustodian adds the next version of the custodian's key at a transaction time (Unix seconds). Mandates that the version before it signed stay good until the last of
// them has lapsed, MaxAuthorisationSeconds later. INVALID_VALUE unless it is a P-256 key that the programme hasn't had, LIMIT beyond MaxCustodians.
func (p *Programme) RotateCustodian(key string, now int64) error {
	for _, k := range p.Custodians {
		if k.Key == key {
			return fault.New(fault.InvalidValue, "the key was version %d of the custodian's already", k.Version)
		}
	}
	return p.addCustodian(key, now+MaxAuthorisationSeconds)
}

// addCustodian adds a version of the custodian's key; the one before signs until a time (Unix seconds).
func (p *Programme) addCustodian(key string, until int64) error {
	if _, err := p256.ParseKey(key); err != nil {
		return err
	}
	if len(p.Custodians) >= MaxCustodians {
		return fault.New(fault.Limit, "a programme has at most %d custodian keys", MaxCustodians)
	}
	last := &p.Custodians[len(p.Custodians)-1]
	last.Until = until
	p.Custodians = append(p.Custodians, CustodianKey{Version: last.Version + 1, Key: key})
	return nil
}

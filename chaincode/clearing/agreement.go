package clearing

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits of agreements.
const (
	MaxVersion        = 1000        // Versions of one pair's agreement.
	MaxScale          = 4           // Decimals of a currency.
	MaxNoticeSeconds  = 366 * 86400 // Notice before a change.
	MaxFees           = 8           // Fees of one side.
	MaxAgreementProse = 4000        // Bytes of an agreement's words.
	MaxDisputeWindows = 12          // Windows after which a disputed line falls due.
	saltLength        = 64          // Hex digits of a salt: 32 random bytes.
)

// Service is what one brand does for the customers of another, and owes or is owed for.
type Service string

// The services of an agreement.
const (
	ServiceRedemption Service = "redemption" // The issuer's points are redeemed at the partner: the issuer owes the acceptance value.
	ServiceAward      Service = "award"      // The partner awards the issuer's points: the partner owes the sale price.
	ServiceSwap       Service = "swap"       // The issuer's points become the partner's: the issuer owes the swap value.
)

// Services lists all services in a stable order.
func Services() []Service { return []Service{ServiceRedemption, ServiceAward, ServiceSwap} }

// Bearer says who bears a loss.
type Bearer string

// Who can bear a loss, and pay a fee.
const (
	BearerIssuer  Bearer = "issuer"
	BearerPartner Bearer = "partner"
)

// Fee is paid for every operation of a service by one brand to the other.
type Fee struct {
	Service      Service        `json:"service"`
	Payer        Bearer         `json:"payer"`
	Share        quantity.Ratio `json:"share"`        // Of the value, rounded half-even to 10^-6 minor units.
	PerOperation quantity.Micro `json:"perOperation"` // On top of it.
}

// Side is one direction of an agreement: what is done with the points of one brand, the issuer, at the other, the partner. Prices are minor units per point.
type Side struct {
	Offer      Offer          `json:"offer"`      // What customers get; public.
	Acceptance quantity.Ratio `json:"acceptance"` // What the issuer owes for a point redeemed at the partner.
	Sale       quantity.Ratio `json:"sale"`       // What the partner owes for a point that it awards.
	Swap       quantity.Ratio `json:"swap"`       // What the issuer owes for a point that was swapped away.
	Fees       []Fee          `json:"fees,omitempty"`
}

// Agreement is one version of what two brands agreed on. It is known to the two of them and to regulators.
type Agreement struct {
	V              int               `json:"v"`    // Document version, 1.
	Salt           string            `json:"salt"` // Fresh for every version, 64 hex digits.
	Version        int               `json:"version"`
	A              string            `json:"a"` // The pair's members, by name; A comes first.
	B              string            `json:"b"`
	Currency       string            `json:"currency"`       // ISO 4217; the same in all versions.
	Scale          int               `json:"scale"`          // Decimals of the currency: how many digits its minor unit stands behind the point.
	From           int64             `json:"from"`           // Unix seconds: in force from then on, until the next version is.
	NoticeSeconds  int64             `json:"noticeSeconds"`  // That a change of this version needs.
	Sides          [2]Side           `json:"sides"`          // Of A's points at B, and of B's points at A.
	Calendar       string            `json:"calendar"`       // How often windows close, for people: "daily".
	DisputeWindows int               `json:"disputeWindows"` // Windows after which a disputed line falls due.
	Fraud          Bearer            `json:"fraud"`          // Who bears fraud,
	Offline        Bearer            `json:"offline"`        // and what was redeemed offline beyond its limits.
	Prose          map[string]string `json:"prose"`          // Language tag to the agreement in words.
}

// ValidName says whether s can be the name of a member.
func ValidName(s string) bool { return nameForm.MatchString(s) }

// PairOf orders two members as pairs are named.
func PairOf(x, y string) (a, b string) { return min(x, y), max(x, y) }

// PairPrefix begins the name of every pair's private data collection; the members follow, with a hyphen in between.
const PairPrefix = "pair-"

// PairCollection names the private data collection of a pair, in clearing.
func PairCollection(x, y string) string {
	a, b := PairOf(x, y)
	return PairPrefix + a + "-" + b
}

// Validate returns INVALID_VALUE or OUT_OF_RANGE unless every field lies within its bounds and the sides fit together.
func (g *Agreement) Validate() error {
	if g.V != 1 || len(g.Salt) != saltLength || !isHex(g.Salt) {
		return fault.New(fault.InvalidValue, "an agreement has v 1 and a salt of %d hex digits", saltLength)
	}
	if !nameForm.MatchString(g.A) || !nameForm.MatchString(g.B) || g.A >= g.B {
		return fault.New(fault.InvalidValue, "a pair has two members, ordered by name")
	}
	if err := quantity.ValidCurrency(g.Currency); err != nil {
		return err
	}
	if g.Scale < 0 || g.Scale > MaxScale || g.Version < 1 || g.Version > MaxVersion || g.From < 0 || g.NoticeSeconds < 0 || g.NoticeSeconds > MaxNoticeSeconds {
		return fault.New(fault.InvalidValue, "scale lies between 0 and %d, version between 1 and %d, noticeSeconds between 0 and %d, from isn't negative", MaxScale, MaxVersion, MaxNoticeSeconds)
	}
	if g.DisputeWindows < 1 || g.DisputeWindows > MaxDisputeWindows {
		return fault.New(fault.InvalidValue, "disputeWindows lies between 1 and %d", MaxDisputeWindows)
	}
	for _, b := range []Bearer{g.Fraud, g.Offline} {
		if !b.valid() {
			return fault.New(fault.InvalidValue, "fraud and offline losses are borne by the %s or the %s", BearerIssuer, BearerPartner)
		}
	}
	if err := g.validateProse(); err != nil {
		return err
	}
	for i := range g.Sides {
		if err := g.validateSide(&g.Sides[i]); err != nil {
			return err
		}
	}
	return nil
}

func (g *Agreement) validateProse() error {
	total := 0
	for _, tag := range slices.Sorted(maps.Keys(g.Prose)) {
		total += len(tag) + len(g.Prose[tag])
	}
	if len(g.Prose) == 0 || total > MaxAgreementProse {
		return fault.New(fault.InvalidValue, "an agreement says in 1 to %d bytes what it means", MaxAgreementProse)
	}
	return nil
}

func (g *Agreement) validateSide(s *Side) error {
	if s.Offer.Version != g.Version || s.Offer.From != g.From {
		return fault.New(fault.InvalidValue, "the offers of an agreement have its version and beginning")
	}
	if err := s.Offer.Validate(); err != nil {
		return err
	}
	for _, r := range []quantity.Ratio{s.Acceptance, s.Sale, s.Swap} {
		if err := r.Valid(); err != nil {
			return err
		}
	}
	if len(s.Fees) > MaxFees {
		return fault.New(fault.TooLarge, "a side has at most %d fees", MaxFees)
	}
	for _, f := range s.Fees {
		if err := f.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fee) validate() error {
	if !slices.Contains(Services(), f.Service) || !f.Payer.valid() {
		return fault.New(fault.InvalidValue, "a fee names a service of %v and who pays it", Services())
	}
	if err := f.Share.Valid(); err != nil {
		return err
	}
	if f.PerOperation < 0 || f.PerOperation > quantity.MaxMinor || f.Share.Num > f.Share.Den {
		return fault.New(fault.OutOfRange, "a fee's share is at most the value, and perOperation at most %d millionths", int64(quantity.MaxMinor))
	}
	return nil
}

func (b Bearer) valid() bool { return b == BearerIssuer || b == BearerPartner }

// Side returns the direction of the issuer's points.
func (g *Agreement) Side(issuer string) *Side {
	if issuer == g.A {
		return &g.Sides[0]
	}
	return &g.Sides[1]
}

// Other is the other member of the pair.
func (g *Agreement) Other(member string) string {
	if member == g.A {
		return g.B
	}
	return g.A
}

// AdmitNext returns an error unless the agreement can follow the pair's earlier versions at a transaction time (Unix seconds): the next version (INVALID_VALUE), in the same
// currency and scale, with the notice that the last version asks for (NOTICE_TOO_SHORT). last is nil for the first.
func (g *Agreement) AdmitNext(last *Agreement, now int64) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if last == nil {
		if g.Version != 1 {
			return fault.New(fault.InvalidValue, "a pair's first agreement is version 1")
		}
		return nil
	}
	if g.Version != last.Version+1 {
		return fault.New(fault.InvalidValue, "the pair's next agreement is version %d", last.Version+1)
	}
	if g.A != last.A || g.B != last.B || g.Currency != last.Currency || g.Scale != last.Scale {
		return fault.New(fault.InvalidValue, "a pair's agreements keep members, currency and scale")
	}
	if g.From < now+last.NoticeSeconds || g.From <= last.From {
		return fault.New(fault.NoticeTooShort, "version %d asks for %d seconds of notice before a change", last.Version, last.NoticeSeconds)
	}
	return nil
}

func isHex(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

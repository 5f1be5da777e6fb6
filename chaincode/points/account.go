package points

import (
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// AccountID is a random 128-bit id in 32 lower-case hex digits; an account belongs to one programme.
type AccountID string

// OperationID is a 128-bit id in 32 lower-case hex digits that was not used before. A gateway's begin with the second in which they were made; the rest is random.
type OperationID string

// Limits of an account's record.
const (
	MaxUsedAuthorisations = 32 // Live authorisations that an account remembers; one more is AUTH_BUSY.
	MaxHolds              = 16 // Open holds of an account; one more is HOLD_LIMIT.
)

// Status is the state of an account.
type Status string

// The states of an account.
const (
	StatusActive Status = "ACTIVE" // Earns and spends.
	StatusFrozen Status = "FROZEN" // Spends nothing; what it is credited goes into suspense until it is unfrozen.
	StatusClosed Status = "CLOSED" // For good; what it is credited stays in suspense.
)

// Holder says what kind of party holds an account.
type Holder string

// The kinds of holder.
const (
	HolderCustomer Holder = ""         // A person.
	HolderMerchant Holder = "merchant" // A shop, which may send points to customers and other merchants where the terms allow it.
)

// Account is the position of one holder in one programme. Posted = sum of lots - debt, where the lots are the free ones, those that holds pin and those in
// suspense; every credit pays debt first.
type Account struct {
	V           int                 `json:"v"` // Record version, 1.
	ID          AccountID           `json:"id"`
	Holder      Holder              `json:"holder,omitzero"`
	Status      Status              `json:"status"`
	Controller  Controller          `json:"controller"`
	Posted      quantity.Points     `json:"posted"`
	Held        quantity.Points     `json:"held,omitzero"` // Sum of the open holds.
	Debt        quantity.Points     `json:"debt"`
	Lots        []lots.Lot          `json:"lots"`               // Free, ordered by key.
	Suspense    []lots.Lot          `json:"suspense,omitempty"` // Credited while frozen or closed, ordered by key.
	Holds       []Hold              `json:"holds,omitempty"`    // Open ones, in the order in which they were made.
	Used        []UsedAuthorisation `json:"used"`               // Live ones, ordered by (NotAfter, ID).
	Floor       int64               `json:"floor"`              // Unix seconds: authorisations that lapse at or before it are refused, since their ids are forgotten.
	Active      quantity.Day        `json:"active,omitzero"`    // Business date of the last credit or signed spending; kept where an inactivity policy needs it.
	Sent        Sent                `json:"sent,omitzero"`
	Recovery    *Recovery           `json:"recovery,omitempty"`   // Under way.
	CoolUntil   int64               `json:"coolUntil,omitzero"`   // Unix seconds: no debit before it, after a recovery.
	Guard       *Guard              `json:"guard,omitempty"`      // Limits debits, after a change of controller.
	FrozenUntil int64               `json:"frozenUntil,omitzero"` // Unix seconds: the end of the freeze. 0 of one by the first engine, which has none.
	Referred    bool                `json:"referred,omitzero"`    // A referral of this account was paid.
	Uses        []PartnerUse        `json:"uses,omitempty"`       // At partners, ordered by partner.
	Claims      []Claim             `json:"claims,omitempty"`     // Of partners, in the order in which they arose.
	Standing    rules.Standing      `json:"standing,omitempty"`   // Tier, counters and what caps have been used.
}

// Sent counts what the account has sent to others, for the terms' limits.
type Sent struct {
	Day      quantity.Day    `json:"day"` // Business date that Today counts.
	Today    quantity.Points `json:"today"`
	Lifetime quantity.Points `json:"lifetime"`
}

// Recovery is a change of controller that waits, so that the old key can veto it.
type Recovery struct {
	Controller Controller  `json:"controller"` // The new one.
	From       int64       `json:"from"`       // Unix seconds: it can be completed from then on.
	Operation  OperationID `json:"operation"`  // That asked for it.
}

// UsedAuthorisation is an authorisation's id, kept until it lapses.
type UsedAuthorisation struct {
	ID       string `json:"id"`
	NotAfter int64  `json:"notAfter"` // Unix seconds.
}

// Total is the sum of all the account's lots: free, pinned and in suspense. OUT_OF_RANGE when it is more than can be held.
func (a *Account) Total() (quantity.Points, error) {
	free, err := lots.Sum(a.Lots)
	if err != nil {
		return 0, err
	}
	suspense, err := lots.Sum(a.Suspense)
	if err != nil {
		return 0, err
	}
	return quantity.Sum(free, suspense, a.Held)
}

// Spendable is what the account can pay with on a business date, once what has expired by then is gone: p says what has.
func (a *Account) Spendable(p *Programme, day quantity.Day) (quantity.Points, error) {
	free, _ := lots.Split(a.Lots, func(l lots.Lot) bool {
		due := p.ExpiryOf(a, l)
		return l.From <= day && (due == 0 || due > day)
	})
	return lots.Sum(free)
}

// clone copies the account so that a refused operation leaves the original untouched. Holds are replaced, never changed in place.
func (a *Account) clone() *Account {
	c := *a
	c.Lots = append([]lots.Lot{}, a.Lots...)
	c.Suspense = append([]lots.Lot(nil), a.Suspense...)
	c.Holds = append([]Hold(nil), a.Holds...)
	c.Used = append([]UsedAuthorisation{}, a.Used...)
	c.Uses = append([]PartnerUse(nil), a.Uses...)
	c.Claims = append([]Claim(nil), a.Claims...)
	c.Standing = a.Standing.Clone()
	return &c
}

package points

import "github.com/tallystick/tallystick/chaincode/quantity"

// AccountID is a random 128-bit id in 32 lower-case hex digits; an account belongs to one programme.
type AccountID string

// OperationID is a random 128-bit id in 32 lower-case hex digits.
type OperationID string

// MaxUsedAuthorisations is how many live authorisations an account remembers; one more is AUTH_BUSY.
const MaxUsedAuthorisations = 32

// Status is the state of an account.
type Status string

// StatusActive is the status of an account that earns and spends.
const StatusActive Status = "ACTIVE"

// Account is the position of one holder in one programme. Posted = sum of lots - debt; every credit pays debt first, so an account in debt has no lots.
type Account struct {
	V          int                 `json:"v"` // Record version, 1.
	ID         AccountID           `json:"id"`
	Status     Status              `json:"status"`
	Controller Controller          `json:"controller"`
	Posted     quantity.Points     `json:"posted"`
	Debt       quantity.Points     `json:"debt"`
	Lots       []Lot               `json:"lots"`
	Used       []UsedAuthorisation `json:"used"`  // Live ones, ordered by (NotAfter, ID).
	Floor      int64               `json:"floor"` // Unix seconds: authorisations that lapse at or before it are refused, since their ids are forgotten.
}

// Lot is points that share everything that decides when they can be spent and what they are worth. Lots are merged by that key.
type Lot struct {
	Terms  int             `json:"terms"` // Version of the terms they were earned under.
	Points quantity.Points `json:"points"`
}

// UsedAuthorisation is an authorisation's id, kept until it lapses.
type UsedAuthorisation struct {
	ID       string `json:"id"`
	NotAfter int64  `json:"notAfter"` // Unix seconds.
}

// Spendable is what the account can pay with now.
func (a *Account) Spendable() (quantity.Points, error) {
	var total quantity.Points
	for _, l := range a.Lots {
		var err error
		if total, err = total.Add(l.Points); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// clone copies the account so that a refused operation leaves the original untouched.
func (a *Account) clone() *Account {
	c := *a
	c.Lots = append([]Lot{}, a.Lots...)
	c.Used = append([]UsedAuthorisation{}, a.Used...)
	return &c
}

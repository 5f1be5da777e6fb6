package points

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits of what an account remembers of partners.
const (
	MaxFold   = 32 // Inbox entries that one operation folds.
	MaxClaims = 16 // Awards of partners, returned but not recovered, that an account remembers; one more is LIMIT.
)

// Partner is what a programme knows of another brand: what its customers get there.
type Partner struct {
	V      int              `json:"v"` // Record version, 1.
	Brand  string           `json:"brand"`
	MSP    string           `json:"msp"`
	Offers []clearing.Offer `json:"offers"` // Of this programme's points at the partner, ordered by version.
}

// InboxPlace names a credit that waits for an account: the n-th of a batch.
type InboxPlace struct {
	MSP  string `json:"msp"`
	Lane int    `json:"lane"`
	Seq  int64  `json:"seq"`
	N    int    `json:"n"` // Position of the operation in its batch, from 0.
}

// InboxEntry is a credit from outside that waits for its account's next fold. It is written without reading the account, so that it collides with nothing.
type InboxEntry struct {
	V         int         `json:"v"` // Record version, 1.
	Account   AccountID   `json:"account"`
	Operation OperationID `json:"operation"`
	Partner   string      `json:"partner"`
	Lots      []lots.Lot  `json:"lots"`
}

// Drop is a new inbox entry and the place it has.
type Drop struct {
	Place InboxPlace
	Entry InboxEntry
}

// Deposit is a credit that an operation of this programme makes in the partner's: the other half of a swap, or of a swap's return.
type Deposit struct {
	Operation    OperationID     `json:"operation"`
	Account      AccountID       `json:"account"` // In the partner's programme.
	Points       quantity.Points `json:"points"`  // Of the partner's.
	Source       AccountID       `json:"source"`  // Account of this programme,
	SourcePoints quantity.Points `json:"sourcePoints"`
	Agreement    int             `json:"agreement"`
	Restores     OperationID     `json:"restores,omitempty"` // The swap whose return this is.
}

// PartnerUse counts what an account did at a partner, for the offer's limits.
type PartnerUse struct {
	Partner  string          `json:"partner"`
	Day      quantity.Day    `json:"day"` // Business date that is counted.
	Redeemed quantity.Points `json:"redeemed,omitzero"`
	Swapped  quantity.Points `json:"swapped,omitzero"`
}

// Claim is a part of a partner's award that was returned when the account had no points left to recover: the partner is refunded as the debt is repaid.
type Claim struct {
	Operation OperationID     `json:"operation"` // The award.
	Partner   string          `json:"partner"`
	Points    quantity.Points `json:"points"`          // Not recovered and not repaid yet.
	Repaid    quantity.Points `json:"repaid,omitzero"` // Repaid and not refunded yet.
}

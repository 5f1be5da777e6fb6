package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Outcome says whether an operation was applied.
type Outcome string

// The outcomes of an operation.
const (
	Accepted Outcome = "ACCEPTED"
	Rejected Outcome = "REJECTED"
)

// Receipt is the public, provable answer to one operation. Its canonical JSON is a leaf of its batch's Merkle tree.
type Receipt struct {
	V             int             `json:"v"` // Document version, 1.
	Operation     OperationID     `json:"operation"`
	Kind          Kind            `json:"kind"`
	Programme     string          `json:"programme"`
	Account       AccountID       `json:"account"`
	To            AccountID       `json:"to,omitempty"`
	Points        quantity.Points `json:"points"` // Awarded, burned, moved or taken back; of a rejected operation what was asked for, as far as it was known.
	Outcome       Outcome         `json:"outcome"`
	Code          fault.Code      `json:"code"`
	DebtRepaid    quantity.Points `json:"debtRepaid"`   // Part of a credit that paid debt of the account credited.
	DebtIncurred  quantity.Points `json:"debtIncurred"` // Part of a return that the account could not cover.
	Posted        quantity.Points `json:"posted"`       // Of Account, afterwards; may be negative.
	BusinessDate  quantity.Day    `json:"businessDate"`
	Engine        int             `json:"engine"`
	Terms         int             `json:"terms"`
	Details       string          `json:"details"`                 // Salted SHA-256 of the private details, hex.
	Authorisation string          `json:"authorisation,omitempty"` // Id of the authorisation used up.
	Original      OperationID     `json:"original,omitempty"`      // The accrual that a return took back.
}

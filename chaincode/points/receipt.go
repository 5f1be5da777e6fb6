package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
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
	To            AccountID       `json:"to,omitempty"` // The second account: a transfer's receiver, a referral's referrer, the sender of what is accepted. In the partner's programme: a swap's receiver, a deposit's source.
	Points        quantity.Points `json:"points"`       // Awarded, burned, pinned, moved, taken or given back, expired; of a rejected operation what was asked for.
	Outcome       Outcome         `json:"outcome"`
	Code          fault.Code      `json:"code"`
	DebtRepaid    quantity.Points `json:"debtRepaid"`    // Part of a credit that paid debt of the account credited: of a transfer To's. Moves with the cause repaid are apart from it.
	DebtIncurred  quantity.Points `json:"debtIncurred"`  // Part of a return or an adjustment that the account could not cover.
	Posted        quantity.Points `json:"posted"`        // Of Account, afterwards; may be negative. 0 for a credit to the inbox, which doesn't look at the account.
	Held          quantity.Points `json:"held,omitzero"` // Of Account, afterwards.
	BusinessDate  quantity.Day    `json:"businessDate"`
	Engine        int             `json:"engine"`
	Terms         int             `json:"terms"`                   // In force.
	Rules         int             `json:"rules,omitzero"`          // Version of the rule set in force; 0 without one.
	Prices        int             `json:"prices,omitzero"`         // Version of the price list that a redemption was held against.
	Details       string          `json:"details"`                 // Salted SHA-256 of the private details, hex.
	Authorisation string          `json:"authorisation,omitempty"` // Id of the authorisation used up.
	Original      OperationID     `json:"original,omitempty"`      // The operation that a return reverses, a refund is for, or a deposit gives back.
	Hold          OperationID     `json:"hold,omitempty"`          // The hold captured, voided or accepted.
	Reason        Reason          `json:"reason,omitempty"`
	Approver      string          `json:"approver,omitempty"`     // MSP id of who approved.
	Request       OperationID     `json:"request,omitempty"`      // The brand's request that a freeze follows.
	Until         int64           `json:"until,omitzero"`         // Unix seconds: when a freeze ends.
	Shop          string          `json:"shop,omitempty"`         // The sponsored shop.
	Award         *rules.Outcome  `json:"award,omitzero"`         // Which rule gave what, and what it counted for; of a return what is undone. Absent without a rule set.
	ToPoints      quantity.Points `json:"toPoints,omitzero"`      // A referral's award to the second account,
	ToAward       *rules.Outcome  `json:"toAward,omitzero"`       // its rules,
	ToDebtRepaid  quantity.Points `json:"toDebtRepaid,omitzero"`  // and the part that paid debt.
	Partner       string          `json:"partner,omitempty"`      // The other brand of a cross-brand operation, or whom an opt-out names;
	Agreement     int             `json:"agreement,omitzero"`     // the version of the agreement it was priced by,
	Window        int64           `json:"window,omitzero"`        // the clearing window it is in,
	Obligation    string          `json:"obligation,omitempty"`   // and the salted SHA-256 of what it makes the brands owe each other, hex; empty when nothing.
	PartnerPoints quantity.Points `json:"partnerPoints,omitzero"` // Of a swap: what is deposited at the partner; of a deposit: what was given for it there; of a swap's return: what goes back.
	Moves         []lots.Move     `json:"moves,omitempty"`        // Of Account's lots, in order, those that were due before the operation first; into its inbox where the cause is deposited.
	ToMoves       []lots.Move     `json:"toMoves,omitempty"`      // Of the second account's lots.
}

// refuse leaves of a receipt what a rejected operation's shows: what was asked for, and nothing that followed from it on the way.
func (r *Receipt) refuse(asked quantity.Points) {
	*r = Receipt{
		V: r.V, Operation: r.Operation, Kind: r.Kind, Programme: r.Programme, Account: r.Account, To: r.To, Points: asked, Outcome: Rejected,
		BusinessDate: r.BusinessDate, Engine: r.Engine, Terms: r.Terms, Rules: r.Rules, Details: r.Details, Authorisation: r.Authorisation,
		Original: r.Original, Hold: r.Hold, Reason: r.Reason, Shop: r.Shop, Partner: r.Partner, Request: r.Request,
	}
}

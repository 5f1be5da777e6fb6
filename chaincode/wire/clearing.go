package wire

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits of documents about windows.
const (
	MaxWindowsPerQuery = 100
	MaxCurrencies      = 16 // In which windows are opened.
)

// EventClearing is the name of the chaincode event of every function that changes clearing's public state; its payload is a ClearingEvent.
const EventClearing = "clearing"

// ClearingEvent says what changed, for whoever waits for it; the records themselves are in the block.
type ClearingEvent struct {
	V        int      `json:"v"` // Document version, 1.
	Function string   `json:"function"`
	Keys     []string `json:"keys"` // That were written, in their readable form (object/attribute/attribute), ordered.
}

// Documents of functions about membership.
type (
	// NewProposal is the document of Propose: the proposer's vote for it is the first.
	NewProposal struct {
		ID     clearing.ProposalID `json:"id"` // 128 random bits.
		Motion clearing.Motion     `json:"motion"`
	}
	// NewBallot is the document of Vote.
	NewBallot struct {
		Proposal clearing.ProposalID `json:"proposal"`
		Choice   clearing.Choice     `json:"choice"`
	}
	// NewReserve is the document of SubmitReserve.
	NewReserve struct {
		Statement clearing.ReserveStatement `json:"statement"`
		Signature string                    `json:"signature"` // r||s, low-S, base64url without padding.
	}
	// Closing is the document of CloseMembership: it records the final statement of a member whose affairs are settled.
	Closing struct {
		Member  string        `json:"member"`
		Hash    string        `json:"hash"`    // SHA-256 of the full statement, hex.
		Windows []WindowQuery `json:"windows"` // The member's last window in each currency, in the order in which the currencies were opened.
	}
)

// Documents of functions about windows.
type (
	// CurrencyQuery is the document of OpenClearing, GetOpenWindow and GetCalendar.
	CurrencyQuery struct {
		Currency string `json:"currency"`
	}
	// WindowQuery is the document of CloseWindow, NetWindow, StartSettlement, GetWindow, GetNetting, GetPositions and GetLegs.
	WindowQuery struct {
		Currency string `json:"currency"`
		Number   int64  `json:"number"`
	}
	// Rolling is the document of RollWindow.
	Rolling struct {
		Currency string `json:"currency"`
		Number   int64  `json:"number"`           // Of the window that is open: a roll that was thought lost doesn't close the next one.
		Reason   string `json:"reason,omitempty"` // Needed before the regular close.
	}
	// NetDisclosure is the document of DiscloseNet.
	NetDisclosure struct {
		Currency string        `json:"currency"`
		Window   int64         `json:"window"`            // Whose net it is.
		Netting  int64         `json:"netting,omitempty"` // Into whose netting it goes: Window when left out, a later window that is CLOSING when Window was missed.
		A        string        `json:"a"`
		B        string        `json:"b"`
		Values   []TallyValues `json:"values"` // Of every lane of the pair that has a tally.
	}
	// TallyValues is what a disclosure tells of a clearing.Tally.
	TallyValues struct {
		MSP   string         `json:"msp"`
		Lane  int            `json:"lane"`
		Salt  string         `json:"salt"`
		Net   quantity.Micro `json:"net"` // A owes B.
		Count int64          `json:"count"`
	}
	// PositionSignature is the document of SignPosition.
	PositionSignature struct {
		Currency string         `json:"currency"`
		Window   int64          `json:"window"`
		Member   string         `json:"member"`
		Net      quantity.Minor `json:"net"`
		Root     string         `json:"root"`
	}
)

// Documents of functions about disputes.
type (
	// NewDispute is the document of FileDispute: who brings it shows that the operation is on the ledger, and what it made the pair owe each other.
	NewDispute struct {
		Currency   string              `json:"currency"`
		Netting    int64               `json:"netting,omitempty"` // Into whose netting the receipt's window goes: that window when left out.
		Evidence   points.Original     `json:"evidence"`          // Receipt and proof, in the programme that the receipt names.
		Obligation clearing.Obligation `json:"obligation"`
		Salt       string              `json:"salt"` // Of the operation (see OperationSalt), 64 hex digits.
		Reason     string              `json:"reason"`
	}
	// DisputeStep is the document of WithdrawDispute and UpholdDispute.
	DisputeStep struct {
		Currency  string             `json:"currency"`
		Programme string             `json:"programme"`
		Operation points.OperationID `json:"operation"`
		Member    string             `json:"member"` // For whom it is done.
	}
	// DisputeQuery is the document of GetDispute.
	DisputeQuery struct {
		Currency  string             `json:"currency"`
		Programme string             `json:"programme"`
		Operation points.OperationID `json:"operation"`
	}
)

// Documents of functions about legs.
type (
	// LegQuery is the document of FinaliseLeg, MarkLate and GetLeg.
	LegQuery struct {
		Currency string `json:"currency"`
		Window   int64  `json:"window"`
		From     string `json:"from"`
		To       string `json:"to"`
	}
	// LegPayment is the document of PayLeg and ReceiveLeg.
	LegPayment struct {
		Leg       LegQuery       `json:"leg"`
		Reference string         `json:"reference"` // The bank's, 1 to clearing.MaxReference characters.
		Amount    quantity.Minor `json:"amount"`
	}
	// EntryReversal is the document of ReverseEntry.
	EntryReversal struct {
		Leg       LegQuery `json:"leg"`
		Reference string   `json:"reference"`
		Reason    string   `json:"reason"`
		Member    string   `json:"member"` // For whom it is done: the payer of what has not come in, the payee of what has.
	}
)

// Lookups of clearing's public records.
type (
	// WindowsQuery is the document of GetWindows: windows First to First+Count-1; the answer has those that exist.
	WindowsQuery struct {
		Currency string `json:"currency"`
		First    int64  `json:"first"`
		Count    int    `json:"count"` // 1 to MaxWindowsPerQuery.
	}
	// PositionQuery is the document of GetPosition.
	PositionQuery struct {
		Currency string `json:"currency"`
		Window   int64  `json:"window"`
		Member   string `json:"member"`
	}
	// VoteQuery is the document of GetProposal.
	VoteQuery struct {
		ID clearing.ProposalID `json:"id"`
	}
	// PairCurrencyQuery is the document of GetAllocation and GetPairBook.
	PairCurrencyQuery struct {
		A        string `json:"a"`
		B        string `json:"b"`
		Currency string `json:"currency"`
	}
	// PairNetsQuery is the document of GetPairNets.
	PairNetsQuery struct {
		A        string `json:"a"`
		B        string `json:"b"`
		Currency string `json:"currency"`
		Window   int64  `json:"window"`
	}
	// MemberCurrencyQuery is the document of GetCap, GetReserve and GetStanding.
	MemberCurrencyQuery struct {
		Member   string `json:"member"`
		Currency string `json:"currency"`
	}
	// CustodianQuery is the document of GetCustodian.
	CustodianQuery struct {
		ID string `json:"id"`
	}
)

// Currencies is the record of the currencies in which windows were opened.
type Currencies struct {
	V    int      `json:"v"`    // Record version, 1.
	List []string `json:"list"` // In the order they came.
}

// Deferred is the record of what votes deferred since the last netting of a currency.
type Deferred struct {
	V    int            `json:"v"` // Record version, 1.
	Legs []clearing.Leg `json:"legs"`
}

// Functions of clearing's public state, by their exact names.
const (
	FnPropose           = "Propose"
	FnVote              = string(clearing.StepVote)
	FnSubmitReserve     = "SubmitReserve"
	FnCloseMembership   = "CloseMembership"
	FnOpenClearing      = string(clearing.StepOpen)
	FnRollWindow        = string(clearing.StepRoll)
	FnDiscloseNet       = string(clearing.StepDisclose)
	FnCloseWindow       = string(clearing.StepClose)
	FnNetWindow         = string(clearing.StepNet)
	FnSignPosition      = string(clearing.StepSign)
	FnStartSettlement   = string(clearing.StepSettle)
	FnPayLeg            = string(clearing.StepPay)
	FnReceiveLeg        = string(clearing.StepReceive)
	FnReverseEntry      = string(clearing.StepReverse)
	FnMarkLate          = string(clearing.StepLate)
	FnFinaliseLeg       = string(clearing.StepFinalise)
	FnFileDispute       = string(clearing.StepDispute)
	FnWithdrawDispute   = "WithdrawDispute"
	FnUpholdDispute     = "UpholdDispute"
	FnGetProposal       = "GetProposal"
	FnGetCurrencies     = "GetCurrencies"
	FnGetCalendar       = "GetCalendar"
	FnGetOpenWindow     = "GetOpenWindow"
	FnGetWindow         = "GetWindow"
	FnGetWindows        = "GetWindows"
	FnGetNetting        = "GetNetting"
	FnGetPosition       = "GetPosition"
	FnGetPositions      = "GetPositions"
	FnGetLeg            = "GetLeg"
	FnGetLegs           = "GetLegs"
	FnGetCap            = "GetCap"
	FnGetAllocation     = "GetAllocation"
	FnGetPairBook       = "GetPairBook"
	FnGetPairNets       = "GetPairNets"
	FnGetReserve        = "GetReserve"
	FnGetCustodian      = "GetCustodian"
	FnGetDispute        = "GetDispute"
	FnGetStanding       = "GetStanding"
	FnGetFinalStatement = "GetFinalStatement"
)

package wire

import "github.com/tallystick/tallystick/chaincode/points"

// Events of freezes and objections; the payload is the record as it stands then: a points.FreezeRequest, a points.Objection.
const (
	EventFreezeChanged    = "FreezeChanged"
	EventObjectionChanged = "ObjectionChanged"
)

// Functions of freezes and objections.
const (
	FnRequestFreeze   = "RequestFreeze"
	FnDecideFreeze    = "DecideFreeze"
	FnGetFreeze       = "GetFreeze"
	FnRecordObjection = "RecordObjection"
	FnAnswerObjection = "AnswerObjection"
	FnGetObjection    = "GetObjection"
)

// NewFreeze is the document of RequestFreeze.
type NewFreeze struct {
	ID       points.OperationID `json:"id"` // Random; not used before.
	Account  points.AccountID   `json:"account"`
	Reason   points.Reason      `json:"reason"`   // One of points.FreezeReasons.
	Evidence string             `json:"evidence"` // Salted SHA-256 of what is shown to the issuer, hex.
	Until    int64              `json:"until"`    // Unix seconds: the end that is asked for.
}

// FreezeDecision is the document of DecideFreeze: an end, or why not.
type FreezeDecision struct {
	ID       points.OperationID   `json:"id"`
	Until    int64                `json:"until,omitzero"`     // Unix seconds, no later than what was asked for.
	Declined points.DeclineReason `json:"declined,omitempty"` // Instead of an end.
}

// NewObjection is the document of RecordObjection.
type NewObjection struct {
	ID       points.OperationID `json:"id"` // Random; not used before.
	Account  points.AccountID   `json:"account"`
	Decision points.OperationID `json:"decision"` // What is objected to.
	Hash     string             `json:"hash"`     // Salted SHA-256 of the words, hex.
}

// ObjectionAnswer is the document of AnswerObjection.
type ObjectionAnswer struct {
	ID      points.OperationID      `json:"id"`
	Outcome points.ObjectionOutcome `json:"outcome"`
	Answer  string                  `json:"answer"` // Salted SHA-256 of the answer's words, hex.
}

// Lookups of single records.
type (
	// FreezeQuery is the document of GetFreeze.
	FreezeQuery struct {
		ID points.OperationID `json:"id"`
	}
	// ObjectionQuery is the document of GetObjection.
	ObjectionQuery struct {
		ID points.OperationID `json:"id"`
	}
)

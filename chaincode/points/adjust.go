package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// AdjustmentFunding is the funding reference of points that an adjustment credits.
const AdjustmentFunding = "adjustment"

// Reason is why a brand acts on an account without its holder.
type Reason string

// The reasons, for adjustments, freezing and unfreezing.
const (
	ReasonError      Reason = "error"      // The brand's or a till's mistake is put right.
	ReasonGoodwill   Reason = "goodwill"   // Compensation.
	ReasonFraud      Reason = "fraud"      // Suspected or established.
	ReasonMigration  Reason = "migration"  // A balance from the system before.
	ReasonCourt      Reason = "court"      // An authority ordered it.
	ReasonRequest    Reason = "request"    // The holder asked for it.
	ReasonResolution Reason = "resolution" // A suspicion or a dispute is settled.
	ReasonTakeover   Reason = "takeover"   // The account is thought to be in somebody else's hands.
	ReasonAbuse      Reason = "abuse"      // Of returns, referrals or offers.
)

// Reasons lists every reason in a stable order.
func Reasons() []Reason {
	return []Reason{ReasonError, ReasonGoodwill, ReasonFraud, ReasonMigration, ReasonCourt, ReasonRequest, ReasonResolution, ReasonTakeover, ReasonAbuse}
}

// Approval is another organisation's consent to one operation.
type Approval struct {
	V         int         `json:"v"`         // Record version, 1.
	Operation OperationID `json:"operation"` // The operation's id and
	Digest    string      `json:"digest"`    // the SHA-256 of its canonical JSON, hex: consent to exactly this.
	MSP       string      `json:"msp"`       // Of the approver.
	At        int64       `json:"at"`        // Unix seconds: the transaction's time.
	Used      bool        `json:"used,omitzero"`
}

// ApprovalSeconds is how long an approval can be used, from the transaction that recorded it: 30 days.
const ApprovalSeconds = 30 * secondsPerDay

// approved checks that another organisation approved exactly this operation, not too long ago, and uses the approval up.
func (t *trial) approved() fault.Code {
	a := t.book.Approvals[t.op.ID]
	if a == nil || a.Digest != t.facts.Digest || a.MSP == t.book.Programme.Authority() || t.book.Now > a.At+ApprovalSeconds {
		return fault.ApprovalMissing
	}
	if a.Used {
		return fault.ApprovalUsed
	}
	used := *a
	used.Used = true
	t.approval = &used
	t.receipt.Approver = a.MSP
	return fault.OK
}

// adjust credits points, or takes them as far as they are there and books the rest as debt.
func (t *trial) adjust() fault.Code {
	if code := t.approved(); code != fault.OK {
		return code
	}
	if t.op.Points < 0 {
		return t.adjustDown(-t.op.Points)
	}
	key := lots.Key{Terms: t.terms.Version, Expiry: t.terms.Expiry.On(t.book.Programme.BusinessDate), Funding: AdjustmentFunding}
	repaid, code := t.from.credit([]lots.Lot{{Key: key, Points: t.op.Points}}, lots.Adjusted)
	if code != fault.OK {
		return code
	}
	t.receipt.DebtRepaid = repaid
	return t.tally(&t.totals.AdjustedUp, t.op.Points)
}

func (t *trial) adjustDown(points quantity.Points) fault.Code {
	taken, code := t.from.takeDown(points, nil, lots.Adjusted)
	if code != fault.OK {
		return code
	}
	return t.tally(&t.totals.AdjustedDown, taken)
}

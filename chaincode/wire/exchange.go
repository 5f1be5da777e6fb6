package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits and names of cross-brand batches.
const (
	MaxExchange        = 250         // Operations in one cross-brand batch.
	MaxReleases        = 64          // Settled windows that one batch takes off its lane.
	MaxExchangeCall    = 8 << 20     // Bytes of what clearing hands to a points chaincode: the batch with its details and the agreements.
	EventExchange      = "exchange"  // Name of the chaincode event of Exchange; its payload is an ExchangeEvent.
	AgreementTransient = "agreement" // Transient field of ProposeAgreement, a clearing.Agreement.
	SliceTransient     = "slice"     // Transient field of MoveSlice, a SliceMove.
)

// Exchange is the document of clearing's Exchange: the operations of one pinned cross-brand batch on accounts of the home programme, in order. The transient field "details" has
// their BatchDetails. An empty batch only advances the lane (a fence).
type Exchange struct {
	Home       string             `json:"home"`    // Member whose programme's accounts the operations are on.
	Partner    string             `json:"partner"` // The other member.
	Lane       int                `json:"lane"`    // See clearing.CrossLane.
	Seq        int64              `json:"seq"`     // Last sequence number of the lane in the home programme + 1.
	Operations []points.Operation `json:"operations"`
	Release    int64              `json:"release,omitzero"` // Settled window up to which the lane's obligations are taken off what it uses; 0: none.
}

// Validate returns TOO_LARGE, INVALID_VALUE or OUT_OF_RANGE when the document is over a limit or an operation has the wrong form.
func (x *Exchange) Validate() error {
	if x.Home == x.Partner || x.Home == "" || x.Partner == "" || x.Release < 0 {
		return fault.New(fault.InvalidValue, "a cross-brand batch names two members, home and partner")
	}
	if len(x.Operations) > MaxExchange {
		return fault.New(fault.TooLarge, "a cross-brand batch has at most %d operations", MaxExchange)
	}
	for i := range x.Operations {
		if o := &x.Operations[i]; o.Partner != x.Partner || !o.Kind.CrossBrand() {
			return fault.New(fault.InvalidValue, "operation %s is no cross-brand operation with %s", o.ID, x.Partner)
		}
	}
	request := BatchRequest{Lane: x.Lane, Seq: x.Seq, Operations: x.Operations}
	return request.Validate()
}

// ExchangeEvent is the public record of a cross-brand batch.
type ExchangeEvent struct {
	V        int         `json:"v"`        // Document version, 1.
	Currency string      `json:"currency"` // Of the pair.
	Window   int64       `json:"window"`   // Clearing window that it is in.
	Home     BatchEvent  `json:"home"`
	Partner  *BatchEvent `json:"partner,omitempty"` // The deposits in the partner's programme, if there are any.
}

// ExchangeCall is what clearing asks of the home programme's chaincode. Arguments of a called chaincode don't reach the ledger.
type ExchangeCall struct {
	Exchange   Exchange           `json:"exchange"`
	MSP        string             `json:"msp"`            // Of the brand for which the batch is sent: its lanes. The caller's, or that of the brand it administers.
	Desk       *clearing.Desk     `json:"desk,omitempty"` // Absent for an observer.
	Window     int64              `json:"window"`
	PartnerMSP string             `json:"partnerMsp"`
	Closed     []points.Kind      `json:"closed"`    // Kinds of operation that the members' statuses don't admit.
	Receivers  []points.AccountID `json:"receivers"` // Accounts of the partner's programme that exist among those that swaps name, in order.
}

// ExchangeAnswer is what the home programme's chaincode answers.
type ExchangeAnswer struct {
	Event       BatchEvent            `json:"event"`
	Rejected    int                   `json:"rejected"`
	Desk        *clearing.Desk        `json:"desk,omitempty"`
	Obligations []clearing.Obligation `json:"obligations"` // One for each operation; empty for those that oblige nobody.
	Deposits    []points.Deposit      `json:"deposits"`
}

// DepositCall is what clearing asks of the partner's chaincode.
type DepositCall struct {
	Home     string           `json:"home"` // Whose points were given.
	MSP      string           `json:"msp"`
	Lane     int              `json:"lane"`
	Seq      int64            `json:"seq"`
	Window   int64            `json:"window"`
	Deposits []points.Deposit `json:"deposits"`
}

// ExistingQuery is the document of a points chaincode's GetExisting; the answer is an array of those that exist, in the same order.
type ExistingQuery struct {
	Accounts []points.AccountID `json:"accounts"`
}

// OfferCall is what clearing asks of both programmes' chaincodes when an agreement is accepted: to publish what customers get.
type OfferCall struct {
	Partner    string         `json:"partner"`
	PartnerMSP string         `json:"partnerMsp"`
	Offer      clearing.Offer `json:"offer"`
}

// PairLines is the private record of a cross-brand batch, for the pair and regulators: from it and what stood in the collection before, everything can be recomputed.
type PairLines struct {
	V           int                   `json:"v"`    // Record version, 1.
	Salt        string                `json:"salt"` // The batch's: that of the receipts' details and obligations.
	Window      int64                 `json:"window"`
	Details     []points.Details      `json:"details"`
	Obligations []clearing.Obligation `json:"obligations"`
}

// PairRecord is what a pair's collection keeps of its agreements as a whole.
type PairRecord struct {
	V        int     `json:"v"` // Record version, 1.
	Salt     string  `json:"salt"`
	Currency string  `json:"currency"`
	Starts   []int64 `json:"starts"` // Unix seconds at which version 1, 2, ... comes into force.
}

// InForce is the highest version that has begun at a transaction time (Unix seconds); 0 before the first.
func (r *PairRecord) InForce(now int64) int {
	for v := len(r.Starts); v > 0; v-- {
		if r.Starts[v-1] <= now {
			return v
		}
	}
	return 0
}

// AgreementProposal is an agreement that one member proposed and the other has not accepted yet.
type AgreementProposal struct {
	V         int                `json:"v"`        // Record version, 1.
	Proposer  string             `json:"proposer"` // Member name.
	Agreement clearing.Agreement `json:"agreement"`
}

// Documents of the functions about a pair. What is private travels in transient fields.
type (
	// PairQuery is the document of ProposeAgreement, GetPair, GetPairLanes and GetProposal: the pair's members in the order of their names.
	PairQuery struct {
		A string `json:"a"`
		B string `json:"b"`
	}
	// AgreementQuery is the document of GetAgreement.
	AgreementQuery struct {
		A       string `json:"a"`
		B       string `json:"b"`
		Version int    `json:"version"`
	}
	// Acceptance is the document of AcceptAgreement: the hash of the proposal's private value says exactly what is accepted.
	Acceptance struct {
		A       string `json:"a"`
		B       string `json:"b"`
		Version int    `json:"version"`
		Hash    string `json:"hash"` // SHA-256 of the private value, hex.
	}
	// LinesQuery is the document of GetLines.
	LinesQuery struct {
		A    string `json:"a"`
		B    string `json:"b"`
		Home string `json:"home"`
		MSP  string `json:"msp"`
		Lane int    `json:"lane"`
		Seq  int64  `json:"seq"`
	}
	// TalliesQuery is the document of GetTallies: of all lanes of a pair in a window.
	TalliesQuery struct {
		A        string `json:"a"`
		B        string `json:"b"`
		Currency string `json:"currency"`
		Window   int64  `json:"window"`
	}
	// ReservationQuery is the document of GetReservation.
	ReservationQuery struct {
		A    string             `json:"a"`
		B    string             `json:"b"`
		Hold points.OperationID `json:"hold"`
	}
	// SliceMove is the transient document of MoveSlice.
	SliceMove struct {
		Salt      string             `json:"salt"` // 64 hex digits, fresh.
		From      clearing.LanePlace `json:"from"`
		To        clearing.LanePlace `json:"to"`
		Direction int                `json:"direction"` // 0: what A owes B; 1: what B owes A.
		Amount    quantity.Micro     `json:"amount"`
	}
	// PartnerQuery is the document of a points chaincode's GetPartner.
	PartnerQuery struct {
		Partner string `json:"partner"`
	}
)

// Pair gives the members that the document is about.
func (d *Acceptance) Pair() (a, b string) { return d.A, d.B }

// Pair gives the members that the document is about.
func (d *AgreementQuery) Pair() (a, b string) { return d.A, d.B }

// Pair gives the members that the document is about.
func (d *LinesQuery) Pair() (a, b string) { return d.A, d.B }

// Pair gives the members that the document is about.
func (d *PairQuery) Pair() (a, b string) { return d.A, d.B }

// Pair gives the members that the document is about.
func (d *ReservationQuery) Pair() (a, b string) { return d.A, d.B }

// Pair gives the members that the document is about.
func (d *TalliesQuery) Pair() (a, b string) { return d.A, d.B }

// ValueSalt is the salt of one private value: HMAC-SHA256(batch salt, key), in hex, so that every value has its own.
func ValueSalt(batchSalt []byte, key string) string {
	m := hmac.New(sha256.New, batchSalt)
	m.Write([]byte(key))
	return hex.EncodeToString(m.Sum(nil))
}

// ObligationHash is what a receipt says of its obligation: SHA-256 over the operation's salt (see OperationSalt) and the obligation's canonical JSON, in hex.
func ObligationHash(operationSalt []byte, o *clearing.Obligation) (string, error) {
	raw, err := Encode(o)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write(operationSalt)
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Functions of cross-brand operations, by their exact names.
const (
	FnExchange         = "Exchange"
	FnProposeAgreement = "ProposeAgreement"
	FnAcceptAgreement  = "AcceptAgreement"
	FnMoveSlice        = "MoveSlice"
	FnGetPair          = "GetPair"
	FnGetAgreement     = "GetAgreement"
	FnGetOffered       = "GetOffered"
	FnGetPairLanes     = "GetPairLanes"
	FnGetTallies       = "GetTallies"
	FnGetLines         = "GetLines"
	FnGetReservation   = "GetReservation"
	FnQuoteExchange    = "QuoteExchange"
	FnApplyExchange    = "ApplyExchange"   // Of points chaincodes, called by clearing only: this one,
	FnDeposit          = "Deposit"         // this one,
	FnPutOffer         = "PutOffer"        // and this one.
	FnPreviewExchange  = "PreviewExchange" // Likewise called by clearing only.
	FnGetExisting      = "GetExisting"
	FnGetPartner       = "GetPartner"
)

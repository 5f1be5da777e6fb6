package store

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Clearing are the effects of blocks on what the brands owe each other. Of pairs there is what the own peer delivered: a brand's peer holds its own pairs' data, a regulator's
// that of all pairs.
type Clearing struct {
	Records   map[ClearingRef]ClearingRow // As the blocks leave them.
	History   []ClearingWrite             // Of public records, in the ledger's order.
	Exchanges []ExchangeRow
	Refusals  []LimitRefusal
	Events    []ClearingEvent
	Gaps      []ClearingGap
}

// ClearingRef names a record of clearing by its ledger key.
type ClearingRef struct {
	Collection string // Empty for public records, otherwise pair-<a>-<b>.
	Object     string
	ID         string // The key's other attributes, joined by slashes.
}

// ClearingRow is a record as the ledger has it.
type ClearingRow struct {
	Block uint64
	Tx    int    // Place in the block.
	Body  []byte // Canonical JSON; nil when it was deleted.
}

// ClearingWrite is one write of a public record.
type ClearingWrite struct {
	Ref ClearingRef
	ClearingRow
}

// ExchangeRow is a committed cross-brand batch with what it made the pair owe each other.
type ExchangeRow struct {
	Home, MSP   string
	Lane        int
	Seq         int64
	A, B        string
	Currency    string
	Window      int64
	Salt        string // Of the batch, hex.
	Block       uint64
	Tx          int
	Time        int64 // Of the transaction, Unix seconds.
	Obligations []ObligationRow
}

// ObligationRow is what one operation of a batch made the pair owe each other.
type ObligationRow struct {
	Operation points.OperationID
	Index     int // Within the batch.
	clearing.Obligation
	Owed [2]quantity.Micro // By direction, fee included.
}

// ClearingGap is a transaction whose private data the own peer did not deliver though it is to have them.
type ClearingGap struct {
	Block      uint64
	Tx         int
	Collection string
}

// The limits that can refuse a cross-brand operation.
const (
	LimitAllocation = "allocation" // What the brands let the pair owe in this direction.
	LimitSlice      = "slice"      // The lane's slice of it: other lanes have room.
	LimitOffer      = "offer"      // What the agreement's offer lets one customer do.
)

// LimitRefusal explains the code LIMIT of a cross-brand operation to the pair's members.
type LimitRefusal struct {
	Operation points.OperationID `json:"operation"`
	A         string             `json:"a"`
	B         string             `json:"b"`
	Currency  string             `json:"currency"`
	Window    int64              `json:"window"`
	At        int64              `json:"at"`    // Transaction time, Unix seconds.
	Limit     string             `json:"limit"` // LimitAllocation, LimitSlice or LimitOffer.
	Debtor    string             `json:"debtor"`
	Needed    quantity.Micro     `json:"needed"` // By the operation, of the debtor.
	MSP       string             `json:"msp"`    // The lane,
	Lane      int                `json:"lane"`
	Slice     quantity.Micro     `json:"slice"`      // its slice,
	LaneTaken quantity.Micro     `json:"laneTaken"`  // and what of it was used and reserved after the batch.
	Allocated quantity.Micro     `json:"allocation"` // The pair's,
	PairTaken quantity.Micro     `json:"pairTaken"`  // and what of it was used and reserved after the batch.
}

// EventKind names what a treasury is told.
type EventKind string

// The kinds of event.
const (
	EventPosition      EventKind = "position.changed" // What a pair owes each other, intraday: once a block for each pair that the block changed.
	EventLimitWarning  EventKind = "limit.warning"
	EventLimitCritical EventKind = "limit.critical"
	EventLimitEased    EventKind = "limit.eased"
	EventLimitRefused  EventKind = "limit.refused" // An operation was refused; status says for which limit.
	EventProposed      EventKind = "agreement.proposed"
	EventAgreed        EventKind = "agreement.accepted"
	EventAllocation    EventKind = "allocation.changed"
	EventCap           EventKind = "cap.changed"
	EventWindow        EventKind = "window.changed"
	EventDisclosed     EventKind = "net.disclosed"
	EventNetted        EventKind = "position.netted"
	EventSigned        EventKind = "position.signed"
	EventLeg           EventKind = "leg.changed"
	EventDispute       EventKind = "dispute.changed"
	EventReserve       EventKind = "reserve.stated"
	EventVote          EventKind = "vote.changed"
	EventMembers       EventKind = "members.changed"
	EventCalendar      EventKind = "calendar.changed"
)

// EventKinds lists all kinds in a stable order.
func EventKinds() []EventKind {
	return []EventKind{
		EventPosition, EventLimitWarning, EventLimitCritical, EventLimitEased, EventLimitRefused, EventProposed, EventAgreed, EventAllocation, EventCap, EventWindow,
		EventDisclosed, EventNetted, EventSigned, EventLeg, EventDispute, EventReserve, EventVote, EventMembers, EventCalendar,
	}
}

// ClearingEvent is what a treasury is told, in one form for all kinds: fields that a kind doesn't have are absent.
type ClearingEvent struct {
	Block      uint64             `json:"block"`
	N          int                `json:"n"` // Within the block, from 0.
	Kind       EventKind          `json:"kind"`
	At         int64              `json:"at"` // Transaction time, Unix seconds.
	A          string             `json:"a,omitempty"`
	B          string             `json:"b,omitempty"`
	Currency   string             `json:"currency,omitempty"`
	Window     int64              `json:"window,omitzero"`
	Member     string             `json:"member,omitempty"`
	Debtor     string             `json:"debtor,omitempty"`
	Creditor   string             `json:"creditor,omitempty"`
	Status     string             `json:"status,omitempty"`
	Operation  string             `json:"operation,omitempty"`
	Proposal   string             `json:"proposal,omitempty"`
	Subject    string             `json:"subject,omitempty"` // What is voted on.
	Version    int                `json:"version,omitzero"`
	Percent    int64              `json:"percent,omitzero"` // Used and reserved, of the allocation.
	Net        *quantity.Micro    `json:"net,omitempty"`    // What A owes B in the open window, less what B owes A.
	Used       *[2]quantity.Micro `json:"used,omitempty"`   // By direction: what A owes B, what B owes A, in windows that aren't settled.
	Reserved   *[2]quantity.Micro `json:"reserved,omitempty"`
	Allocation *[2]quantity.Minor `json:"allocation,omitempty"`
	Amount     *quantity.Minor    `json:"amount,omitempty"`
}

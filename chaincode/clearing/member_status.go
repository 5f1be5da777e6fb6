package clearing

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MemberStatus says where a member stands.
type MemberStatus string

// The statuses of a member.
const (
	StatusActive       MemberStatus = "ACTIVE"
	StatusSuspended    MemberStatus = "SUSPENDED"    // Takes no part in new cross-brand operations and doesn't vote; settles what there is.
	StatusExiting      MemberStatus = "EXITING"      // Leaves in order: its points are honoured until a day, and it settles its last windows.
	StatusAdministered MemberStatus = "ADMINISTERED" // Failed: another brand acts for it, its points are honoured until a day within its reserve.
	StatusExited       MemberStatus = "EXITED"       // Gone; its name and number are never used again.
)

// MemberStatuses lists all statuses in a stable order.
func MemberStatuses() []MemberStatus {
	return []MemberStatus{StatusActive, StatusSuspended, StatusExiting, StatusAdministered, StatusExited}
}

// MemberChange is a row of the table of what can become of a member.
type MemberChange struct {
	From    MemberStatus
	Subject Subject // Of the proposal that the brands carried, or SubjectNone when the member's affairs are settled.
	To      MemberStatus
}

var memberChanges = []MemberChange{
	{StatusActive, SubjectSuspend, StatusSuspended},
	{StatusExiting, SubjectSuspend, StatusSuspended},
	{StatusSuspended, SubjectReinstate, StatusActive},
	{StatusExiting, SubjectReinstate, StatusActive}, // It stays after all.
	{StatusAdministered, SubjectReinstate, StatusActive},
	{StatusActive, SubjectExit, StatusExiting},
	{StatusSuspended, SubjectExit, StatusExiting},
	{StatusActive, SubjectDefault, StatusAdministered},
	{StatusSuspended, SubjectDefault, StatusAdministered},
	{StatusExiting, SubjectDefault, StatusAdministered},
	{StatusAdministered, SubjectDefault, StatusAdministered}, // Another administrator, or another honour window.
	{StatusExiting, SubjectNone, StatusExited},
	{StatusAdministered, SubjectNone, StatusExited},
}

// MemberChanges is the table of what can become of a member.
func MemberChanges() []MemberChange { return append([]MemberChange(nil), memberChanges...) }

// change brings the member to where a subject leads from its status; MEMBER_STATUS when that is nowhere.
func (m *Member) change(subject Subject) error {
	for _, c := range memberChanges {
		if c.From != m.State() || c.Subject != subject {
			continue
		}
		m.Status, m.Administrator, m.HonourUntil = c.To, "", 0
		return nil
	}
	return fault.New(fault.MemberStatus, "%s is %s", m.Name, m.State())
}

// Use is what a member's points or tills are wanted for in a cross-brand operation.
type Use string

// The uses.
const (
	UseHonour Use = "honour" // Its points are spent at a partner: redeemed, held, captured, swapped away.
	UseIssue  Use = "issue"  // Its points come into being: awarded by a partner, swapped in.
	UseAccept Use = "accept" // Its tills take or award another brand's points.
	UseReturn Use = "return" // An earlier operation that it had a part in is taken back.
)

// Uses lists all uses in a stable order.
func Uses() []Use { return []Use{UseHonour, UseIssue, UseAccept, UseReturn} }

// leavingUses are those that last until the end of the honour window of a member that is leaving.
var leavingUses = map[Use]bool{UseHonour: true, UseReturn: true}

// MemberMayTrade returns MEMBER_STATUS unless the member's status admits the use on the UTC day of the transaction's time. Active members take part in everything,
// suspended ones only in returns, members that leave or failed in what customers may still expect until the last day of the honour window, and those that are gone in
// nothing.
func MemberMayTrade(m *Member, use Use, day quantity.Day) error {
	allowed := false
	switch m.State() {
	case StatusActive:
		allowed = true
	case StatusSuspended:
		allowed = use == UseReturn
	case StatusExiting, StatusAdministered:
		allowed = leavingUses[use] && day <= m.HonourUntil
	}
	if m.Kind == KindBrand && allowed {
		return nil
	}
	return fault.New(fault.MemberStatus, "%s is %s: no %s", m.Name, m.State(), use)
}

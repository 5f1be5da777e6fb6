package clearing

import "github.com/tallystick/tallystick/chaincode/fault"

// WindowStatus says how far a window has come.
type WindowStatus string

// The statuses of a window. NETTED is irrevocable, SETTLED is final.
const (
	WindowNone     WindowStatus = ""         // There is no such window yet.
	WindowOpen     WindowStatus = "OPEN"     // Cross-brand operations come into it.
	WindowClosing  WindowStatus = "CLOSING"  // The next one is open; pairs disclose their nets.
	WindowClosed   WindowStatus = "CLOSED"   // Every pair has disclosed, or is carried into the next netting.
	WindowNetted   WindowStatus = "NETTED"   // Positions and payments stand; members sign.
	WindowSettling WindowStatus = "SETTLING" // Legs are paid.
	WindowSettled  WindowStatus = "SETTLED"  // Every leg is FINAL.
)

// WindowStatuses lists all statuses in their order.
func WindowStatuses() []WindowStatus {
	return []WindowStatus{WindowNone, WindowOpen, WindowClosing, WindowClosed, WindowNetted, WindowSettling, WindowSettled}
}

// Step is what is done to a window: the exact name of a transaction function of clearing.
type Step string

// The steps.
const (
	StepOpen     Step = "OpenClearing"
	StepRoll     Step = "RollWindow"
	StepDisclose Step = "DiscloseNet"
	StepDispute  Step = "FileDispute"
	StepClose    Step = "CloseWindow"
	StepNet      Step = "NetWindow"
	StepSign     Step = "SignPosition"
	StepSettle   Step = "StartSettlement"
	StepPay      Step = "PayLeg"
	StepReceive  Step = "ReceiveLeg"
	StepReverse  Step = "ReverseEntry"
	StepLate     Step = "MarkLate"
	StepFinalise Step = "FinaliseLeg"
	StepVote     Step = "Vote"
)

// WindowStep is a row of the table of windows: what a step may do to a window of one status, who may take it, and what must hold.
type WindowStep struct {
	From  WindowStatus
	Step  Step
	To    WindowStatus // The same as From when the step changes only what belongs to the window.
	Roles []string     // Of identities of whom Party says.
	Party Party
	Holds string
}

// Party says whose identities may do something. Who acts for a member is its own organisation, or once it failed the administrator's.
type Party string

// Parties of steps.
const (
	PartyBrand    Party = "a brand in good standing"
	PartyPair     Party = "a member of the pair"
	PartyMember   Party = "the member"
	PartyPayer    Party = "the payer"
	PartyPayee    Party = "the payee"
	PartyReverser Party = "who entered what is reversed"
)

var (
	everybody  = []string{RoleOperator, RoleGateway, RoleTreasurer}
	operators  = []string{RoleOperator}
	treasurers = []string{RoleTreasurer}
)

var windowSteps = []WindowStep{
	{WindowNone, StepOpen, WindowOpen, operators, PartyBrand, "the currency has no window"},
	{WindowOpen, StepRoll, WindowClosing, everybody, PartyBrand, "the regular close has come, or an operator gives a reason; the shortest time is over"},
	{WindowClosing, StepDisclose, WindowClosing, everybody, PartyPair, "every value has the hash that is on the channel, and the pair has disclosed every window before"},
	{WindowClosing, StepClose, WindowClosed, everybody, PartyBrand, "every pair has disclosed, or the disclosure term is over"},
	{WindowOpen, StepDispute, WindowOpen, treasurers, PartyPair, "the receipt is proven, the obligation is the one it names, and the limits on disputes hold"},
	{WindowClosing, StepDispute, WindowClosing, treasurers, PartyPair, "as before"},
	{WindowClosed, StepDispute, WindowClosed, treasurers, PartyPair, "as before"},
	{WindowClosed, StepNet, WindowNetted, everybody, PartyBrand, "the window before is netted"},
	{WindowNetted, StepSign, WindowNetted, treasurers, PartyMember, "net and root are those of the result, and the position isn't signed"},
	{WindowSettling, StepSign, WindowSettling, treasurers, PartyMember, "as before"},
	{WindowNetted, StepSettle, WindowSettling, everybody, PartyBrand, "every position is signed, or the signing term is over; there are payments"},
	{WindowNetted, StepSettle, WindowSettled, everybody, PartyBrand, "every position is signed, or the signing term is over; there are no payments"},
	{WindowSettling, StepPay, WindowSettling, treasurers, PartyPayer, "no more is paid than is left to pay, under a new bank reference"},
	{WindowSettling, StepReceive, WindowSettling, treasurers, PartyPayee, "the payment was entered under this bank reference with this amount"},
	{WindowSettling, StepReverse, WindowSettling, treasurers, PartyReverser, "the entry isn't reversed, and the leg isn't final"},
	{WindowSettling, StepLate, WindowSettling, everybody, PartyPayee, "the leg is past due and not paid"},
	{WindowSettling, StepFinalise, WindowSettling, treasurers, PartyPayee, "the leg is received in full; other legs are open"},
	{WindowSettling, StepFinalise, WindowSettled, treasurers, PartyPayee, "the leg is received in full; no other leg is open"},
	{WindowSettling, StepVote, WindowSettling, operators, PartyBrand, "a deferral of a late leg is carried; other legs are open"},
	{WindowSettling, StepVote, WindowSettled, operators, PartyBrand, "a deferral of a late leg is carried; no other leg is open"},
}

// WindowSteps is the table of windows.
func WindowSteps() []WindowStep { return append([]WindowStep(nil), windowSteps...) }

// RolesFor are the roles that may take a step.
func RolesFor(step Step) []string {
	for _, row := range windowSteps {
		if row.Step == step {
			return row.Roles
		}
	}
	return nil
}

// PartyFor says whose identities may take a step; empty when there is no such step.
func PartyFor(step Step) Party {
	for _, row := range windowSteps {
		if row.Step == step {
			return row.Party
		}
	}
	return ""
}

// Take brings the window to a status by a step; WINDOW_STATUS unless the table has that row.
func (w *Window) Take(step Step, to WindowStatus) error {
	for _, row := range windowSteps {
		if row.From == w.Status && row.Step == step && row.To == to {
			w.Status = to
			return nil
		}
	}
	return fault.New(fault.WindowStatus, "window %d of %s is %s: no %s", w.Number, w.Currency, w.Status, step)
}

// Admit returns WINDOW_STATUS unless the table lets the step be taken while the window stays as it is.
func (w *Window) Admit(step Step) error { return w.Take(step, w.Status) }

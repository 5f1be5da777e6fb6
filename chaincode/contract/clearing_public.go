package contract

import (
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/tallystick/tallystick/chaincode/wire"
)

// clearingQueries are the queries of clearing's public state.
func clearingQueries() []string {
	return []string{
		wire.FnGetProposal, wire.FnGetCurrencies, wire.FnGetCalendar, wire.FnGetOpenWindow, wire.FnGetWindow, wire.FnGetWindows,
		wire.FnGetNetting, wire.FnGetPosition, wire.FnGetPositions, wire.FnGetLeg, wire.FnGetLegs, wire.FnGetCap,
		wire.FnGetAllocation, wire.FnGetPairBook, wire.FnGetPairNets, wire.FnGetReserve, wire.FnGetCustodian, wire.FnGetDispute,
		wire.FnGetStanding, wire.FnGetFinalStatement,
	}
}

// Propose opens a vote of the brands; its document is a wire.NewProposal.
func (c *ClearingContract) Propose(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnPropose, document)
}

// Vote casts a brand's vote, and executes the proposal that it carries; its document is a wire.NewBallot.
func (c *ClearingContract) Vote(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnVote, document)
}

// SubmitReserve takes over a custodian's statement of a member's reserve; its document is a wire.NewReserve.
func (c *ClearingContract) SubmitReserve(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnSubmitReserve, document)
}

// CloseMembership records the final statement of a member whose affairs are settled; its document is a wire.Closing.
func (c *ClearingContract) CloseMembership(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnCloseMembership, document)
}

// OpenClearing opens the first window of a currency; its document is a wire.CurrencyQuery.
func (c *ClearingContract) OpenClearing(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnOpenClearing, document)
}

// RollWindow closes the open window for traffic and opens the next; its document is a wire.Rolling.
func (c *ClearingContract) RollWindow(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnRollWindow, document)
}

// DiscloseNet tells what a pair owes net for one window; its document is a wire.NetDisclosure.
func (c *ClearingContract) DiscloseNet(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnDiscloseNet, document)
}

// CloseWindow ends the disclosures of a window; its document is a wire.WindowQuery.
func (c *ClearingContract) CloseWindow(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnCloseWindow, document)
}

// NetWindow nets a window; its document is a wire.WindowQuery.
func (c *ClearingContract) NetWindow(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnNetWindow, document)
}

// SignPosition signs a member's position; its document is a wire.PositionSignature.
func (c *ClearingContract) SignPosition(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnSignPosition, document)
}

// StartSettlement makes the payments of a netted window due; its document is a wire.WindowQuery.
func (c *ClearingContract) StartSettlement(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnStartSettlement, document)
}

// PayLeg enters a bank payment; its document is a wire.LegPayment.
func (c *ClearingContract) PayLeg(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnPayLeg, document)
}

// ReceiveLeg notes that a bank payment came in; its document is a wire.LegPayment.
func (c *ClearingContract) ReceiveLeg(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnReceiveLeg, document)
}

// ReverseEntry takes a wrong bank payment back; its document is a wire.EntryReversal.
func (c *ClearingContract) ReverseEntry(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnReverseEntry, document)
}

// MarkLate notes that a leg is past due; its document is a wire.LegQuery.
func (c *ClearingContract) MarkLate(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnMarkLate, document)
}

// FinaliseLeg makes a leg final, and with the last one its window settled; its document is a wire.LegQuery.
func (c *ClearingContract) FinaliseLeg(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnFinaliseLeg, document)
}

// FileDispute sets a line aside before its window is netted; its document is a wire.NewDispute.
func (c *ClearingContract) FileDispute(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnFileDispute, document)
}

// WithdrawDispute gives a dispute up; its document is a wire.DisputeStep.
func (c *ClearingContract) WithdrawDispute(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnWithdrawDispute, document)
}

// UpholdDispute agrees with a dispute; its document is a wire.DisputeStep.
func (c *ClearingContract) UpholdDispute(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnUpholdDispute, document)
}

// GetProposal answers with a proposal; its document is a wire.VoteQuery.
func (c *ClearingContract) GetProposal(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetProposal, document)
}

// GetCurrencies answers with the currencies in which windows were opened; its document is {}.
func (c *ClearingContract) GetCurrencies(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetCurrencies, document)
}

// GetCalendar answers with a currency's calendar in force; its document is a wire.CurrencyQuery.
func (c *ClearingContract) GetCalendar(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetCalendar, document)
}

// GetOpenWindow answers with a currency's open window; its document is a wire.CurrencyQuery.
func (c *ClearingContract) GetOpenWindow(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetOpenWindow, document)
}

// GetWindow answers with a window; its document is a wire.WindowQuery.
func (c *ClearingContract) GetWindow(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetWindow, document)
}

// GetWindows answers with an array of windows; its document is a wire.WindowsQuery.
func (c *ClearingContract) GetWindows(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetWindows, document)
}

// GetNetting answers with the result of netting a window; its document is a wire.WindowQuery.
func (c *ClearingContract) GetNetting(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetNetting, document)
}

// GetPosition answers with a member's position of a window; its document is a wire.PositionQuery.
func (c *ClearingContract) GetPosition(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetPosition, document)
}

// GetPositions answers with an array of the positions of a window; its document is a wire.WindowQuery.
func (c *ClearingContract) GetPositions(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetPositions, document)
}

// GetLeg answers with a leg; its document is a wire.LegQuery.
func (c *ClearingContract) GetLeg(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetLeg, document)
}

// GetLegs answers with an array of the legs of a window; its document is a wire.WindowQuery.
func (c *ClearingContract) GetLegs(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetLegs, document)
}

// GetCap answers with a member's cap; its document is a wire.MemberCurrencyQuery.
func (c *ClearingContract) GetCap(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetCap, document)
}

// GetAllocation answers with a pair's allocation; its document is a wire.PairCurrencyQuery.
func (c *ClearingContract) GetAllocation(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetAllocation, document)
}

// GetPairBook answers with what is known of a pair from window to window; its document is a wire.PairCurrencyQuery.
func (c *ClearingContract) GetPairBook(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetPairBook, document)
}

// GetPairNets answers with what of a pair goes into the netting of a window; its document is a wire.PairNetsQuery.
func (c *ClearingContract) GetPairNets(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetPairNets, document)
}

// GetReserve answers with the statement in force of a member's reserve; its document is a wire.MemberCurrencyQuery.
func (c *ClearingContract) GetReserve(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetReserve, document)
}

// GetCustodian answers with a reserve custodian's record; its document is a wire.CustodianQuery.
func (c *ClearingContract) GetCustodian(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetCustodian, document)
}

// GetDispute answers with a dispute; its document is a wire.DisputeQuery.
func (c *ClearingContract) GetDispute(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetDispute, document)
}

// GetStanding answers with what clearing has settled for a member; its document is a wire.MemberCurrencyQuery.
func (c *ClearingContract) GetStanding(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetStanding, document)
}

// GetFinalStatement answers with the final statement of a member that has gone; its document is a wire.MemberQuery.
func (c *ClearingContract) GetFinalStatement(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetFinalStatement, document)
}

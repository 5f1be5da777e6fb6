package contract

import (
	"log/slog"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// ClearingContract is what the brands do together: membership, agreements, cross-brand operations, windows and their settlement. Each function takes one JSON document, whose type stands in package wire, and answers with JSON.
type ClearingContract struct {
	contractapi.Contract
	adapter adapter
}

func newClearingContract(log *slog.Logger) *ClearingContract {
	c := &ClearingContract{adapter: adapter{run: engine.Clearing, log: log}}
	c.Name, c.Info.Title, c.Info.Version = "clearing", "Membership and clearing of the consortium", "1"
	return c
}

// GetEvaluateTransactions names the queries for the contract API's metadata.
func (c *ClearingContract) GetEvaluateTransactions() []string {
	return append(clearingQueries(),
		wire.FnGetConsortium, wire.FnGetMember,
		wire.FnGetPair, wire.FnGetOffered, wire.FnGetAgreement, wire.FnGetPairLanes, wire.FnGetTallies, wire.FnGetLines, wire.FnGetReservation, wire.FnQuoteExchange,
	)
}

// Found records the consortium; its document is a wire.Founding.
func (c *ClearingContract) Found(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnFound, document)
}

// GetConsortium answers with the consortium's record; its document is {}.
func (c *ClearingContract) GetConsortium(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetConsortium, document)
}

// GetMember answers with one member; its document is a wire.MemberQuery.
func (c *ClearingContract) GetMember(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetMember, document)
}

// Exchange applies one pinned cross-brand batch; its document is a wire.Exchange, the transient field "details" a wire.BatchDetails.
func (c *ClearingContract) Exchange(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnExchange, document)
}

// QuoteExchange answers with what an operation between two brands would cost or bring; its document is a wire.Exchange of one operation, the transient field "details" a
// wire.BatchDetails of one.
func (c *ClearingContract) QuoteExchange(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnQuoteExchange, document)
}

// ProposeAgreement keeps a version of a pair's agreement for the other member to accept; its document is a wire.PairQuery, the transient field "agreement" a clearing.Agreement.
func (c *ClearingContract) ProposeAgreement(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnProposeAgreement, document)
}

// AcceptAgreement puts the proposed version in force from its beginning on; its document is a wire.Acceptance.
func (c *ClearingContract) AcceptAgreement(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnAcceptAgreement, document)
}

// MoveSlice moves what one lane of a pair may owe to another; its document is a wire.PairQuery, the transient field "slice" a wire.SliceMove.
func (c *ClearingContract) MoveSlice(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnMoveSlice, document)
}

// GetPair answers with the pair's record, to its members; its document is a wire.PairQuery.
func (c *ClearingContract) GetPair(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetPair, document)
}

// GetOffered answers with the agreement that waits for acceptance, to the pair's members; its document is a wire.PairQuery.
func (c *ClearingContract) GetOffered(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetOffered, document)
}

// GetAgreement answers with a version of the agreement, to the pair's members; its document is a wire.AgreementQuery.
func (c *ClearingContract) GetAgreement(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetAgreement, document)
}

// GetPairLanes answers with all lanes of the pair, to its members; its document is a wire.PairQuery.
func (c *ClearingContract) GetPairLanes(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetPairLanes, document)
}

// GetTallies answers with what the lanes of the pair booked in a window, to its members; its document is a wire.TalliesQuery.
func (c *ClearingContract) GetTallies(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetTallies, document)
}

// GetLines answers with the private record of a cross-brand batch, to the pair's members; its document is a wire.LinesQuery.
func (c *ClearingContract) GetLines(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetLines, document)
}

// GetReservation answers with what a hold has reserved, to the pair's members; its document is a wire.ReservationQuery.
func (c *ClearingContract) GetReservation(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetReservation, document)
}

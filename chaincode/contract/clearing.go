package contract

import (
	"log/slog"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// ClearingContract is what the brands do together: the membership. Each function takes one JSON document, whose type stands in package wire, and answers with JSON.
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
	return []string{wire.FnGetConsortium, wire.FnGetMember}
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

package contract

import (
	"log/slog"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// PointsContract is one brand's points. Each function takes one JSON document, whose type stands in package wire, and answers with JSON.
type PointsContract struct {
	contractapi.Contract
	adapter adapter
}

func newPointsContract(log *slog.Logger) *PointsContract {
	c := &PointsContract{adapter: adapter{run: engine.Points, log: log}}
	c.Name, c.Info.Title, c.Info.Version = "points", "Points of one programme", "1"
	return c
}

// GetEvaluateTransactions names the queries for the contract API's metadata.
func (c *PointsContract) GetEvaluateTransactions() []string {
	return []string{wire.FnGetProgramme, wire.FnGetAccount, wire.FnGetLanes, wire.FnGetBatch, wire.FnGetReversal}
}

// CreateProgramme founds the programme; its document is a wire.NewProgramme.
func (c *PointsContract) CreateProgramme(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnCreateProgramme, document)
}

// AdvanceBusinessDate moves the business date forward; its document is a wire.BusinessDate.
func (c *PointsContract) AdvanceBusinessDate(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnAdvanceBusinessDate, document)
}

// SubmitBatch applies one pinned batch; its document is a wire.BatchRequest, the transient field "details" a wire.BatchDetails.
func (c *PointsContract) SubmitBatch(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnSubmitBatch, document)
}

// GetProgramme answers with the programme's record; its document is {}.
func (c *PointsContract) GetProgramme(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetProgramme, document)
}

// GetAccount answers with an account's record; its document is a wire.AccountQuery.
func (c *PointsContract) GetAccount(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetAccount, document)
}

// GetLanes answers with a range of a submitter's lanes; its document is a wire.LanesQuery.
func (c *PointsContract) GetLanes(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetLanes, document)
}

// GetBatch answers with what is kept of a batch; its document is a wire.BatchQuery.
func (c *PointsContract) GetBatch(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetBatch, document)
}

// GetReversal answers with what has been taken back of an accrual; its document is a wire.ReversalQuery.
func (c *PointsContract) GetReversal(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetReversal, document)
}

package contract

import (
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/tallystick/tallystick/chaincode/wire"
)

// RequestFreeze records that a brand asks the issuer to freeze an account; its document is a wire.NewFreeze.
func (c *PointsContract) RequestFreeze(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnRequestFreeze, document)
}

// DecideFreeze records the issuer's decision on a request; its document is a wire.FreezeDecision.
func (c *PointsContract) DecideFreeze(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnDecideFreeze, document)
}

// RecordObjection records that a customer objects to a decision about an account; its document is a wire.NewObjection.
func (c *PointsContract) RecordObjection(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnRecordObjection, document)
}

// AnswerObjection records the issuer's answer to an objection; its document is a wire.ObjectionAnswer.
func (c *PointsContract) AnswerObjection(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnAnswerObjection, document)
}

// GetFreeze answers with a request to freeze an account; its document is a wire.FreezeQuery.
func (c *PointsContract) GetFreeze(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetFreeze, document)
}

// GetObjection answers with an objection; its document is a wire.ObjectionQuery.
func (c *PointsContract) GetObjection(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetObjection, document)
}

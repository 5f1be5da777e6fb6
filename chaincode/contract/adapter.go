package contract

import (
	"log/slog"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// adapter runs an engine's functions on a stub.
type adapter struct {
	run      func(engine.Call, engine.State) (engine.Effects, error)
	programs *rules.Cache
	log      *slog.Logger
}

// submit runs a function that may write.
func (a *adapter) submit(ctx contractapi.TransactionContextInterface, function, document string) (string, error) {
	effects, err := a.execute(ctx, function, document)
	if err != nil {
		return "", err
	}
	if err := apply(ctx.GetStub(), &effects); err != nil {
		a.log.Error("the peer did not take the writes", "tx", ctx.GetStub().GetTxID(), "cause", err)
		return "", fault.New(fault.Internal, "the peer did not take the writes")
	}
	return string(effects.Response), nil
}

// evaluate runs a query. Effects other than an answer are a fault of the engine, and nothing is written.
func (a *adapter) evaluate(ctx contractapi.TransactionContextInterface, function, document string) (string, error) {
	effects, err := a.execute(ctx, function, document)
	if err != nil {
		return "", err
	}
	if len(effects.Writes) > 0 || len(effects.Private) > 0 || effects.EventName != "" {
		return "", fault.New(fault.Internal, "the query %s would write", function)
	}
	return string(effects.Response), nil
}

func (a *adapter) execute(ctx contractapi.TransactionContextInterface, function, document string) (engine.Effects, error) {
	call, err := newCall(ctx, function, document)
	if err != nil {
		return engine.Effects{}, err
	}
	call.Programs = a.programs
	return a.run(call, &state{stub: ctx.GetStub(), log: a.log})
}

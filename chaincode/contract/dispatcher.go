package contract

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// MaxClockSkew is how far a transaction's time may lie from the endorsing peer's clock, either way.
const MaxClockSkew = 5 * time.Minute

// argumentCount is the function's name and its one document.
const argumentCount = 2

// Dispatcher is the chaincode that peers talk to. It admits only exact function names with exactly one document within its limit, and only then hands the call
// to the contract API, whose own routing is laxer: it takes "Contract:Function", a lower-case first letter and surplus arguments.
//
// Every refusal has the text "CODE: detail" and the status that the catalogue of codes gives it, between 400 and 599, so that no peer endorses it.
type Dispatcher struct {
	functions map[string]bool
	names     string
	api       *contractapi.ContractChaincode
	clock     func() time.Time
	log       *slog.Logger
}

// NewPoints builds the chaincode that is deployed as points-<brand>. The clock is the endorsing peer's.
func NewPoints(clock func() time.Time, log *slog.Logger) (*Dispatcher, error) {
	return newDispatcher(newPointsContract(log), engine.PointsFunctions(), clock, log)
}

// NewClearing builds the chaincode that is deployed as clearing. The clock is the endorsing peer's.
func NewClearing(clock func() time.Time, log *slog.Logger) (*Dispatcher, error) {
	return newDispatcher(newClearingContract(log), engine.ClearingFunctions(), clock, log)
}

func newDispatcher(c contractapi.ContractInterface, names []string, clock func() time.Time, log *slog.Logger) (*Dispatcher, error) {
	api, err := contractapi.NewChaincode(c)
	if err != nil {
		return nil, fault.New(fault.Internal, "the contract API does not accept the contract: %v", err)
	}
	api.TransactionSerializer = verbatim{}
	functions := make(map[string]bool, len(names))
	for _, name := range names {
		functions[name] = true
	}
	return &Dispatcher{functions: functions, names: strings.Join(names, ", "), api: api, clock: clock, log: log}, nil
}

// Init refuses: the chaincodes are founded by transactions of their own, and must be approved without init-required.
func (d *Dispatcher) Init(stub shim.ChaincodeStubInterface) *peer.Response {
	return d.refuse(stub, fault.New(fault.UnknownFunction, "the chaincode has no init function: approve it without init-required"))
}

// Invoke runs one transaction function. It never panics.
func (d *Dispatcher) Invoke(stub shim.ChaincodeStubInterface) (response *peer.Response) {
	defer func() {
		if cause := recover(); cause != nil {
			d.logPanic(stub, cause)
			response = d.refuse(stub, fault.New(fault.Internal, "the function failed unexpectedly"))
		}
	}()
	if refusal := d.admit(stub); refusal != nil {
		return d.refuse(stub, refusal)
	}
	response = d.api.Invoke(stub)
	if response.GetStatus() == shim.OK {
		return response
	}
	refusal := fault.Parse(response.GetMessage())
	if refusal == nil {
		// The contract API puts arguments into its messages, so the text goes nowhere.
		refusal = fault.New(fault.Internal, "the contract API did not accept the call")
	}
	return d.refuse(stub, refusal)
}

// admit checks everything that can be checked before the document is parsed.
func (d *Dispatcher) admit(stub shim.ChaincodeStubInterface) *fault.Error {
	args := stub.GetArgs()
	if len(args) == 0 {
		return fault.New(fault.ArgumentCount, "the call has no arguments, it needs a function and one JSON document")
	}
	if !d.functions[string(args[0])] {
		return fault.New(fault.UnknownFunction, "the chaincode has exactly these functions: %s", d.names)
	}
	if len(args) != argumentCount {
		return fault.New(fault.ArgumentCount, "the function takes exactly one JSON document, the call has %d", len(args)-1)
	}
	if limit := documentLimit(string(args[0])); len(args[1]) > limit {
		return fault.New(fault.TooLarge, "the document has %d bytes, at most %d are allowed", len(args[1]), limit)
	}
	if text := bytes.TrimSpace(args[1]); len(text) == 0 || string(text) == "null" {
		return fault.New(fault.Malformed, "the document is empty or null: a function without parameters takes {}")
	}
	return d.admitTime(stub)
}

// documentLimit is wire.MaxDocument, and more for what clearing hands on.
func documentLimit(function string) int {
	if function == wire.FnApplyExchange {
		return wire.MaxExchangeCall
	}
	return wire.MaxDocument
}

func (d *Dispatcher) admitTime(stub shim.ChaincodeStubInterface) *fault.Error {
	stamp, err := stub.GetTxTimestamp()
	if err != nil || stamp.CheckValid() != nil {
		return fault.New(fault.ClockSkew, "the transaction has no valid time")
	}
	skew := d.clock().Sub(stamp.AsTime())
	if skew.Abs() > MaxClockSkew {
		return fault.New(fault.ClockSkew, "the transaction's time is more than %s off this peer's clock", MaxClockSkew)
	}
	return nil
}

func (d *Dispatcher) refuse(stub shim.ChaincodeStubInterface, refusal *fault.Error) *peer.Response {
	entry := fault.Lookup(refusal.Code)
	level := slog.LevelDebug
	if entry.Class == fault.ClassInternal {
		level = slog.LevelError
	}
	d.log.Log(context.Background(), level, "call refused", "code", string(refusal.Code), "tx", stub.GetTxID())
	return &peer.Response{Status: int32(entry.Status), Message: refusal.Error()}
}

// logPanic keeps the place, and the cause only when the runtime made it: other panics can carry values of the document.
func (d *Dispatcher) logPanic(stub shim.ChaincodeStubInterface, cause any) {
	text := "not shown"
	if e, ok := cause.(runtime.Error); ok {
		text = e.Error()
	}
	d.log.Error("panic in a transaction function", "tx", stub.GetTxID(), "cause", text, "stack", string(debug.Stack()))
}

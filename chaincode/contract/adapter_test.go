package contract

import (
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// endorse runs one function of an engine that answers with these effects.
func endorse(t *testing.T, function string, effects engine.Effects, failure error) (*stubtest.Transaction, error) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	c := newPointsContract(log)
	c.adapter.run = func(engine.Call, engine.State) (engine.Effects, error) { return effects, failure }
	d, err := newDispatcher(c, engine.PointsFunctions(), func() time.Time { return time.Unix(1, 0) }, log)
	if err != nil {
		t.Fatal(err)
	}
	authority := stubtest.NewAuthority("AirlineMSP")
	channel := stubtest.NewChannel("loyalty", stubtest.Organisation{Authority: authority})
	channel.Deploy(stubtest.Definition{
		Name: "points-airline", New: func(string) shim.Chaincode { return d }, Policy: stubtest.OutOf(0),
		Collections: []stubtest.Collection{{Name: "details", Members: []string{"AirlineMSP"}}},
	})
	return channel.Endorse(stubtest.Proposal{
		Chaincode: "points-airline", Args: [][]byte{[]byte(function), []byte("{}")}, Creator: authority.Issue("c", nil), Time: time.Unix(1, 0),
	}, "AirlineMSP")
}

func TestEffectsThatCanNotBeMeantAreAnInternalFault(t *testing.T) {
	write := []engine.Write{{Key: "k", Value: []byte("v")}}
	private := func(collection, key, value string) []engine.PrivateWrite {
		return []engine.PrivateWrite{{Collection: collection, Key: key, Value: []byte(value)}}
	}
	cases := []struct {
		name, function string
		effects        engine.Effects
		code           fault.Code
	}{
		{"a write", "SubmitBatch", engine.Effects{Writes: write}, fault.OK},
		{"a private write", "SubmitBatch", engine.Effects{Private: private("details", "k", "v")}, fault.OK},
		{"a query with an answer", "GetAccount", engine.Effects{Response: []byte("{}")}, fault.OK},
		{"a query that writes", "GetAccount", engine.Effects{Writes: write}, fault.Internal},
		{"a query that writes in private", "GetLanes", engine.Effects{Private: private("details", "k", "v")}, fault.Internal},
		{"a query with an event", "GetBatch", engine.Effects{EventName: "e"}, fault.Internal},
		{"a write of nothing", "SubmitBatch", engine.Effects{Writes: []engine.Write{{Key: "k"}}}, fault.Internal},
		{"a write to no key", "SubmitBatch", engine.Effects{Writes: []engine.Write{{Value: []byte("v")}}}, fault.Internal},
		{"a private write of nothing", "SubmitBatch", engine.Effects{Private: private("details", "k", "")}, fault.Internal},
		{"a write to no collection", "SubmitBatch", engine.Effects{Private: private("", "k", "v")}, fault.Internal},
		{"a write to a collection that is none", "SubmitBatch", engine.Effects{Private: private("other", "k", "v")}, fault.Internal},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := endorse(t, c.function, c.effects, nil)
			if c.code == fault.OK && err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.code != fault.OK && (err == nil || fault.Parse(err.Error()) == nil || fault.Parse(err.Error()).Code != c.code) {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestErrorWithoutACodeDoesNotCrossTheBorder(t *testing.T) {
	_, err := endorse(t, "GetAccount", engine.Effects{}, errors.New("jane.doe@example.org"))
	if err == nil || strings.Contains(err.Error(), "jane") || fault.Parse(err.Error()).Code != fault.Internal {
		t.Errorf("got %v", err)
	}
}

func TestAnswersAndEventsPassUnchanged(t *testing.T) {
	const answer = `{"a":"<é>\u2028"}`
	tx, err := endorse(t, "SubmitBatch", engine.Effects{Response: []byte(answer), EventName: "e", EventPayload: []byte(answer)}, nil)
	if err != nil || string(tx.Response.Payload) != answer || string(tx.Event.Payload) != answer {
		t.Errorf("got %v, %v", tx, err)
	}
}

func TestContractsHaveOneMethodForEachFunctionAndMarkTheirQueries(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		contract interface {
			contractapi.ContractInterface
			contractapi.EvaluationContractInterface
		}
		functions []string
	}{{newPointsContract(log), engine.PointsFunctions()}, {newClearingContract(log), engine.ClearingFunctions()}} {
		var methods, queries []string
		transaction := reflect.TypeFor[contractapi.TransactionContextInterface]()
		for m := range reflect.TypeOf(c.contract).Methods() {
			if m.Type.NumIn() == 3 && m.Type.In(1) == transaction {
				methods = append(methods, m.Name)
			}
		}
		if !slices.Equal(methods, c.functions) {
			t.Errorf("%s has methods %q for functions %q", c.contract.GetName(), methods, c.functions)
		}
		for _, f := range c.functions {
			if strings.HasPrefix(f, "Get") || slices.Contains([]string{wire.FnQuote, wire.FnQuoteExchange, wire.FnPreviewExchange}, f) {
				queries = append(queries, f)
			}
		}
		marked := slices.Sorted(slices.Values(c.contract.GetEvaluateTransactions()))
		if !slices.Equal(marked, queries) {
			t.Errorf("%s marks %q as queries of %q", c.contract.GetName(), marked, queries)
		}
	}
}

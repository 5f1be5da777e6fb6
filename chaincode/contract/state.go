package contract

import (
	"fmt"
	"log/slog"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
)

// state gives the engine the committed state of the chaincode's namespace.
type state struct {
	stub shim.ChaincodeStubInterface
	log  *slog.Logger
}

// Get reads all keys in as few messages as the peer understands: one from Fabric 3.1 on, one per key before. An absent key has a nil value.
func (s *state) Get(keys []string) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	values, err := s.stub.GetMultipleStates(keys...)
	if err != nil || len(values) != len(keys) {
		s.log.Error("the peer did not give the state", "tx", s.stub.GetTxID(), "keys", len(keys), "values", len(values), "cause", err)
		return nil, fault.New(fault.Internal, "the peer did not give the state")
	}
	for i, v := range values {
		if len(v) == 0 { // Older peers answer an absent key with an empty value.
			values[i] = nil
		}
	}
	return values, nil
}

// Private reads private values of a collection that the peer's organisation is a member of; an absent key has a nil value.
func (s *state) Private(collection string, keys []string) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	values, err := s.stub.GetMultiplePrivateData(collection, keys...)
	if err != nil || len(values) != len(keys) {
		s.log.Error("the peer did not give private data", "tx", s.stub.GetTxID(), "collection", collection, "keys", len(keys), "cause", err)
		return nil, fault.New(fault.PrivateUnavailable, "this peer did not give the data of %s: only members of the collection have them", collection)
	}
	for i, v := range values {
		if len(v) == 0 {
			values[i] = nil
		}
	}
	return values, nil
}

// PrivateHash reads the hash of a private value, which the peer has whether its organisation is a member of the collection or not; nil for an absent key.
func (s *state) PrivateHash(collection, key string) ([]byte, error) {
	hash, err := s.stub.GetPrivateDataHash(collection, key)
	if err != nil {
		s.log.Error("the peer did not give a private value's hash", "tx", s.stub.GetTxID(), "collection", collection, "cause", err)
		return nil, fault.New(fault.Internal, "the peer did not give a private value's hash")
	}
	if len(hash) == 0 {
		return nil, nil
	}
	return hash, nil
}

// Invoke calls another chaincode of the channel within the same transaction: what it reads and writes joins the transaction's. A coded refusal of the callee is passed on.
func (s *state) Invoke(chaincode, function string, document []byte) ([]byte, error) {
	answer := s.stub.InvokeChaincode(chaincode, [][]byte{[]byte(function), document}, "")
	if answer.GetStatus() == shim.OK {
		return answer.GetPayload(), nil
	}
	if refusal := fault.Parse(answer.GetMessage()); refusal != nil {
		return nil, refusal
	}
	s.log.Error("a called chaincode failed", "tx", s.stub.GetTxID(), "chaincode", chaincode, "status", answer.GetStatus(), "cause", answer.GetMessage())
	return nil, fault.New(fault.Internal, "the chaincode %s did not answer", chaincode)
}

// apply hands the effects to the peer: in one message from Fabric 3.1 on, one by one before.
func apply(stub shim.ChaincodeStubInterface, effects *engine.Effects) error {
	stub.StartWriteBatch()
	for _, w := range effects.Writes {
		if err := applyPublic(stub, w); err != nil {
			return fmt.Errorf("public write: %w", err)
		}
	}
	for _, w := range effects.Private {
		if err := applyPrivate(stub, w); err != nil {
			return fmt.Errorf("private write: %w", err)
		}
	}
	if err := stub.FinishWriteBatch(); err != nil {
		return fmt.Errorf("write batch: %w", err)
	}
	if effects.EventName == "" {
		return nil
	}
	return stub.SetEvent(effects.EventName, effects.EventPayload)
}

func applyPublic(stub shim.ChaincodeStubInterface, w engine.Write) error {
	switch {
	case w.Delete:
		return stub.DelState(w.Key)
	case len(w.Value) == 0:
		return fmt.Errorf("the value of a key of %d bytes is empty: the peer would delete it", len(w.Key))
	}
	return stub.PutState(w.Key, w.Value)
}

func applyPrivate(stub shim.ChaincodeStubInterface, w engine.PrivateWrite) error {
	switch {
	case w.Purge:
		return stub.PurgePrivateData(w.Collection, w.Key)
	case w.Delete:
		return stub.DelPrivateData(w.Collection, w.Key)
	case len(w.Value) == 0:
		return fmt.Errorf("a private value in %s is empty: the peer would delete it", w.Collection)
	}
	return stub.PutPrivateData(w.Collection, w.Key, w.Value)
}

package stubtest

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Stub is what a chaincode sees of a transaction.
type Stub struct {
	simulation *simulation
	namespace  string
	args       [][]byte
	event      *peer.ChaincodeEvent
	batch      []func() error // Writes that wait for FinishWriteBatch; nil outside a batch.
}

var _ shim.ChaincodeStubInterface = (*Stub)(nil)

// GetArgs gives the function and its arguments.
func (s *Stub) GetArgs() [][]byte { return s.args }

// GetStringArgs gives the same as strings.
func (s *Stub) GetStringArgs() []string {
	out := make([]string, len(s.args))
	for i, a := range s.args {
		out[i] = string(a)
	}
	return out
}

// GetFunctionAndParameters splits the arguments into function and parameters.
func (s *Stub) GetFunctionAndParameters() (string, []string) {
	all := s.GetStringArgs()
	if len(all) == 0 {
		return "", []string{}
	}
	return all[0], all[1:]
}

// GetArgsSlice gives all arguments in one slice.
func (s *Stub) GetArgsSlice() ([]byte, error) { return slices.Concat(s.args...), nil }

// GetTxID gives the transaction's id.
func (s *Stub) GetTxID() string { return s.simulation.proposal.id }

// GetChannelID gives the channel's name.
func (s *Stub) GetChannelID() string { return s.simulation.channel.name }

// GetTxTimestamp gives the client's time.
func (s *Stub) GetTxTimestamp() (*timestamppb.Timestamp, error) {
	return proto.CloneOf(s.simulation.proposal.created), nil
}

// GetCreator gives the serialized identity of the client, in called chaincodes too.
func (s *Stub) GetCreator() ([]byte, error) { return s.simulation.proposal.Creator.Serialized(), nil }

// GetTransient gives the transient fields of the proposal.
func (s *Stub) GetTransient() (map[string][]byte, error) { return s.simulation.proposal.Transient, nil }

// GetSignedProposal gives the proposal as the client signed it: it names the chaincode that the client invoked.
func (s *Stub) GetSignedProposal() (*peer.SignedProposal, error) {
	return s.simulation.proposal.signed, nil
}

// GetBinding gives the hash that links transient data to the proposal.
func (s *Stub) GetBinding() ([]byte, error) { return s.simulation.proposal.binding(), nil }

// GetDecorations gives nothing: no peer here decorates.
func (s *Stub) GetDecorations() map[string][]byte { return map[string][]byte{} }

// InvokeChaincode runs another chaincode of the channel within this transaction. Its event is dropped.
func (s *Stub) InvokeChaincode(name string, args [][]byte, channel string) *peer.Response {
	if channel != "" && channel != s.GetChannelID() {
		return shim.Error("INVOKE_CHAINCODE failed: failed to find ledger for channel: " + channel)
	}
	if s.simulation.node.chaincodes[name] == nil {
		return shim.Error(fmt.Sprintf("INVOKE_CHAINCODE failed: transaction ID: %s: could not get chaincode %s", s.GetTxID(), name))
	}
	response, _ := s.simulation.run(name, args)
	return response
}

// GetState reads a committed value; nil when there is none.
func (s *Stub) GetState(key string) ([]byte, error) {
	return s.simulation.set.read(s.simulation.node.world, s.namespace, key), nil
}

// GetMultipleStates reads committed values in the order of the keys.
func (s *Stub) GetMultipleStates(keys ...string) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = s.simulation.set.read(s.simulation.node.world, s.namespace, key)
	}
	return values, nil
}

// PutState adds a write; a nil value deletes, as in a peer.
func (s *Stub) PutState(key string, value []byte) error {
	if key == "" {
		return errors.New("key must not be an empty string")
	}
	c := change{value: slices.Clone(value), deleted: len(value) == 0}
	return s.write(func() error { return s.simulation.set.write(s.namespace, key, c) })
}

// DelState adds a deletion.
func (s *Stub) DelState(key string) error {
	return s.write(func() error { return s.simulation.set.write(s.namespace, key, change{deleted: true}) })
}

// SetEvent sets the transaction's event; a later one takes its place.
func (s *Stub) SetEvent(name string, payload []byte) error {
	if name == "" {
		return errors.New("event name can not be empty string")
	}
	s.event = &peer.ChaincodeEvent{ChaincodeId: s.namespace, TxId: s.GetTxID(), EventName: name, Payload: slices.Clone(payload)}
	return nil
}

// StartWriteBatch keeps writes back until FinishWriteBatch, so that their errors come then, as with peers from Fabric 3.1 on.
func (s *Stub) StartWriteBatch() {
	if s.batch == nil {
		s.batch = []func() error{}
	}
}

// FinishWriteBatch makes the writes that were kept back.
func (s *Stub) FinishWriteBatch() error {
	batch := s.batch
	s.batch = nil
	for _, write := range batch {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stub) write(write func() error) error {
	if s.batch == nil {
		return write()
	}
	s.batch = append(s.batch, write)
	return nil
}

// CreateCompositeKey is Fabric's.
func (s *Stub) CreateCompositeKey(object string, attributes []string) (string, error) {
	return shim.CreateCompositeKey(object, attributes)
}

// SplitCompositeKey is Fabric's.
func (s *Stub) SplitCompositeKey(key string) (string, []string, error) {
	var parts []string
	start := 1
	for i := 1; i < len(key); i++ {
		if key[i] == 0 {
			parts = append(parts, key[start:i])
			start = i + 1
		}
	}
	if len(parts) == 0 {
		return "", nil, fmt.Errorf("%q is not a composite key", key)
	}
	return parts[0], parts[1:], nil
}

// GetStateByRange reads simple keys; the range is read again at commit.
func (s *Stub) GetStateByRange(start, end string) (shim.StateQueryIteratorInterface, error) {
	start, err := simpleRange(start, end)
	if err != nil {
		return nil, err
	}
	return &iterator{found: s.simulation.set.readRange(s.simulation.node.world, s.namespace, start, end), namespace: s.namespace}, nil
}

// GetStateByPartialCompositeKey reads composite keys by their beginning; the range is read again at commit.
func (s *Stub) GetStateByPartialCompositeKey(object string, attributes []string) (shim.StateQueryIteratorInterface, error) {
	start, err := shim.CreateCompositeKey(object, attributes)
	if err != nil {
		return nil, err
	}
	found := s.simulation.set.readRange(s.simulation.node.world, s.namespace, start, start+string(utf8.MaxRune))
	return &iterator{found: found, namespace: s.namespace}, nil
}

// simpleRange keeps a range clear of composite keys.
func simpleRange(start, end string) (string, error) {
	if start == "" {
		start = "\x01"
	}
	for _, key := range []string{start, end} {
		if key != "" && key[0] == 0 {
			return "", fmt.Errorf("first character of the key %q contains a null character which is not allowed", key)
		}
	}
	return start, nil
}

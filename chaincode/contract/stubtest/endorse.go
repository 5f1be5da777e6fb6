package stubtest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// ErrMismatch is what a client gets when peers endorsed different results.
var ErrMismatch = errors.New("ProposalResponsePayloads do not match")

// Refusal is a chaincode's answer with a status of 400 or more, as the endorsing peer passes it on.
type Refusal struct {
	Status  int32
	Message string
}

// Error gives the text in which a gateway reports a chaincode's refusal.
func (r *Refusal) Error() string {
	return fmt.Sprintf("chaincode response %d, %s", r.Status, r.Message)
}

// Transaction is an endorsed proposal, ready to be ordered.
type Transaction struct {
	ID        string
	Chaincode string
	Response  *peer.Response
	Event     *peer.ChaincodeEvent // The outermost chaincode's last one; nil without.
	Endorsers []string             // MSP ids.
	Results   []byte               // rwset.TxReadWriteSet, what a block carries.
	set       *readWriteSet
	payload   []byte
}

// Writes says whether the transaction writes public state of a namespace.
func (t *Transaction) Writes(namespace string) bool { return len(t.set.writes[namespace]) > 0 }

// Endorse has one peer of each of these organisations run the proposal. It fails unless all agree byte for byte.
func (c *Channel) Endorse(p Proposal, organisations ...string) (*Transaction, error) {
	if len(organisations) == 0 {
		return nil, errors.New("no endorsing organisations are named")
	}
	if err := c.admits(&p); err != nil {
		return nil, err
	}
	signed := p.sign(c.name)
	var agreed *Transaction
	for _, msp := range organisations {
		t, err := c.simulate(c.peers[msp], signed)
		if err != nil {
			return nil, err
		}
		if agreed != nil && !bytes.Equal(t.payload, agreed.payload) {
			return nil, ErrMismatch
		}
		agreed = t
	}
	agreed.Endorsers = organisations
	return agreed, nil
}

// Evaluate has one organisation's peer run the proposal and gives its answer; nothing is kept.
func (c *Channel) Evaluate(p Proposal, organisation string) ([]byte, error) {
	t, err := c.Endorse(p, organisation)
	if err != nil {
		return nil, err
	}
	return t.Response.GetPayload(), nil
}

// simulate runs a proposal on one peer, against the state which that peer has committed.
func (c *Channel) simulate(p *node, signed *signedProposal) (*Transaction, error) {
	if p == nil {
		return nil, errors.New("the endorsing organisation has no peer on the channel")
	}
	if p.chaincodes[signed.Chaincode] == nil {
		return nil, fmt.Errorf("chaincode %s not found", signed.Chaincode)
	}
	s := &simulation{channel: c, node: p, proposal: signed, set: newReadWriteSet(), running: map[string]bool{}}
	response, event := s.run(signed.Chaincode, signed.Args)
	if response.GetStatus() >= shim.ERRORTHRESHOLD {
		return nil, &Refusal{Status: response.GetStatus(), Message: response.GetMessage()}
	}
	t := &Transaction{ID: signed.id, Chaincode: signed.Chaincode, Response: response, Event: event, Results: s.set.public(), set: s.set}
	t.payload = marshal(&peer.ProposalResponsePayload{ProposalHash: signed.hash, Extension: marshal(t.action())})
	return t, nil
}

func (t *Transaction) action() *peer.ChaincodeAction {
	action := &peer.ChaincodeAction{Results: t.Results, Response: t.Response, ChaincodeId: &peer.ChaincodeID{Name: t.Chaincode}}
	if t.Event != nil {
		action.Events = marshal(t.Event)
	}
	return action
}

// simulation is one transaction on one peer. Called chaincodes share it.
type simulation struct {
	channel  *Channel
	node     *node
	proposal *signedProposal
	set      *readWriteSet
	running  map[string]bool // Package labels of the chaincodes on the call stack.
}

// run invokes a chaincode of the simulation and gives its answer and its last event.
func (s *simulation) run(name string, args [][]byte) (*peer.Response, *peer.ChaincodeEvent) {
	label := s.channel.definitions[name].Label
	if s.running[label] {
		return shim.Error(fmt.Sprintf("transaction ID: %s: txid exists", s.proposal.id)), nil
	}
	s.running[label] = true
	defer delete(s.running, label)
	stub := &Stub{simulation: s, namespace: name, args: args}
	response := s.node.chaincodes[name].Invoke(stub)
	if err := stub.FinishWriteBatch(); err != nil {
		return shim.Error("failed send batch: " + err.Error()), nil
	}
	return proto.CloneOf(response), stub.event
}

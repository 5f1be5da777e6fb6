package contract_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tallystick/tallystick/chaincode/contract"
	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const secret = "jane.doe@example.org"

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// stub is a peer that misbehaves: what a test doesn't set panics.
type stub struct {
	shim.ChaincodeStubInterface
	args       [][]byte
	stamp      *timestamppb.Timestamp
	stampError error
	creator    []byte
	proposal   *peer.SignedProposal
	get        func(...string) ([][]byte, error)
}

func (s *stub) GetArgs() [][]byte { return s.args }
func (s *stub) GetFunctionAndParameters() (string, []string) {
	var params []string
	for _, a := range s.args[1:] {
		params = append(params, string(a))
	}
	return string(s.args[0]), params
}
func (s *stub) GetTxID() string                                    { return "tx" }
func (s *stub) GetTxTimestamp() (*timestamppb.Timestamp, error)    { return s.stamp, s.stampError }
func (s *stub) GetCreator() ([]byte, error)                        { return s.creator, nil }
func (s *stub) GetTransient() (map[string][]byte, error)           { return nil, nil }
func (s *stub) GetSignedProposal() (*peer.SignedProposal, error)   { return s.proposal, nil }
func (s *stub) GetMultipleStates(keys ...string) ([][]byte, error) { return s.get(keys...) }

// hostile is a stub of a well-formed query, and the chaincode to send it to with what the chaincode logs.
func hostile(t *testing.T) (*stub, *contract.Dispatcher, *strings.Builder) {
	t.Helper()
	log := new(strings.Builder)
	d, err := contract.NewPoints(func() time.Time { return now }, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	signed, authority := new(signedProposal), stubtest.NewAuthority(airline)
	channel := stubtest.NewChannel("loyalty", stubtest.Organisation{Authority: authority})
	channel.Deploy(stubtest.Definition{Name: "points-airline", New: func(string) shim.Chaincode { return signed }, Policy: stubtest.OutOf(0)})
	if _, err := channel.Endorse(stubtest.Proposal{Chaincode: "points-airline", Creator: authority.Issue("client", nil), Time: now}, airline); err != nil {
		t.Fatal(err)
	}
	s := &stub{
		args: [][]byte{[]byte(wire.FnGetProgramme), []byte("{}")}, stamp: timestamppb.New(now), creator: signed.creator, proposal: signed.proposal,
		get: func(keys ...string) ([][]byte, error) { return make([][]byte, len(keys)), nil },
	}
	return s, d, log
}

// signedProposal is a chaincode that keeps the proposal it was called with.
type signedProposal struct {
	proposal *peer.SignedProposal
	creator  []byte
}

func (s *signedProposal) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

func (s *signedProposal) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	s.proposal, _ = stub.GetSignedProposal()
	s.creator, _ = stub.GetCreator()
	return shim.Success(nil)
}

func TestMisbehavingPeersAndClientsGetACodedAnswerThatTellsNoValues(t *testing.T) {
	noCertificate, err := proto.Marshal(&msp.SerializedIdentity{Mspid: airline, IdBytes: []byte(secret)})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		change func(*stub)
		code   fault.Code
		logged string
	}{
		{"as it should be", func(*stub) {}, fault.NotFound, ""},
		{"panic with a value", func(s *stub) { s.get = func(...string) ([][]byte, error) { panic(secret) } }, fault.Internal, "panic"},
		{"panic with an error", func(s *stub) { s.get = func(...string) ([][]byte, error) { panic(errors.New(secret)) } }, fault.Internal, "panic"},
		{"nil dereference", func(s *stub) { s.get = nil }, fault.Internal, "panic"},
		{"error of the peer", func(s *stub) { s.get = func(...string) ([][]byte, error) { return nil, errors.New("no ledger") } }, fault.Internal, "did not give the state"},
		{"too few values", func(s *stub) { s.get = func(...string) ([][]byte, error) { return nil, nil } }, fault.Internal, "did not give the state"},
		{"empty value for an absent key", func(s *stub) { s.get = func(...string) ([][]byte, error) { return [][]byte{{}}, nil } }, fault.NotFound, ""},
		{"no time", func(s *stub) { s.stamp = nil }, fault.ClockSkew, ""},
		{"time that is none", func(s *stub) { s.stamp = &timestamppb.Timestamp{Seconds: now.Unix(), Nanos: -1} }, fault.ClockSkew, ""},
		{"time that can't be read", func(s *stub) { s.stampError = errors.New("no header") }, fault.ClockSkew, ""},
		{"no creator", func(s *stub) { s.creator = nil }, fault.Forbidden, ""},
		{"creator that is no identity", func(s *stub) { s.creator = []byte(secret) }, fault.Forbidden, ""},
		{"creator without a certificate", func(s *stub) { s.creator = noCertificate }, fault.Forbidden, ""},
		{"no signed proposal", func(s *stub) { s.proposal = nil }, fault.Malformed, ""},
		{"signed proposal that is none", func(s *stub) { s.proposal = &peer.SignedProposal{ProposalBytes: []byte(secret)} }, fault.Malformed, ""},
		{"signed proposal of nothing", func(s *stub) { s.proposal = &peer.SignedProposal{} }, fault.Malformed, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, d, log := hostile(t)
			c.change(s)
			r := d.Invoke(s)
			got := fault.Parse(r.Message)
			if got == nil || got.Code != c.code || int(r.Status) != fault.Lookup(c.code).Status {
				t.Fatalf("answered %d %s, want %s", r.Status, r.Message, c.code)
			}
			if strings.Contains(r.Message, secret) || strings.Contains(log.String(), secret) {
				t.Errorf("the value leaks:\n%s\n%s", r.Message, log)
			}
			if !strings.Contains(log.String(), c.logged) || c.logged == "" && log.Len() > 0 {
				t.Errorf("logged: %s", log)
			}
		})
	}
}

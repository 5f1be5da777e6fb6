//go:build network

package e2e

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/network/membership"
)

// callTimeout bounds one call to a peer or an ordering node.
const callTimeout = 30 * time.Second

// redial is how a connection is made again: nodes are ended and started, and a call made soon after fails while the connection still waits for its next attempt.
var redial = grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: pollEvery, Multiplier: 1, MaxDelay: pollEvery}, MinConnectTimeout: callTimeout}

// user is an enrolled identity that talks to Fabric by itself, without a gateway of ours in between.
type user struct {
	on   *consortium
	id   *identity.X509Identity
	sign identity.Sign
	peer string // Of its own organisation.
}

// user loads a member's enrolled identity: a role's name, or admin.
func (c *consortium) user(t *testing.T, member, name string) *user {
	t.Helper()
	m, known := c.members.Member(member)
	if !known {
		t.Fatalf("no member %s", member)
	}
	files := c.dir.Identity(member, name)
	certificate := must[*x509.Certificate](t)(identity.CertificateFromPEM(must[[]byte](t)(os.ReadFile(files.Certificate()))))
	id := must[*identity.X509Identity](t)(identity.NewX509Identity(m.MSP(), certificate))
	key, err := identity.PrivateKeyFromPEM(must[[]byte](t)(os.ReadFile(files.Key())))
	if err != nil {
		t.Fatal(err)
	}
	return &user{on: c, id: id, sign: must[identity.Sign](t)(identity.NewPrivateKeySign(key)), peer: membership.PeerNode(member, 0)}
}

// dial connects to a peer or an ordering node by its name, such as peer0.hotel.
func (c *consortium) dial(t *testing.T, name string) *grpc.ClientConn {
	t.Helper()
	if connection, ok := c.connections[name]; ok {
		return connection
	}
	kind, member, _ := strings.Cut(name, ".")
	port := c.members.PeerPorts(member, 0).Listen
	switch {
	case kind == "peer1":
		port = c.members.PeerPorts(member, 1).Listen
	case strings.HasPrefix(kind, "orderer"):
		port = c.members.OrdererPorts(member, 0).Listen
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(must[[]byte](t)(os.ReadFile(c.dir.CACertificate(member)))) {
		t.Fatalf("no root certificate of %s", member)
	}
	secure := grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(roots, ""))
	connection := must[*grpc.ClientConn](t)(grpc.NewClient(membership.Address(port), secure, grpc.WithConnectParams(redial)))
	c.connections[name] = connection
	return connection
}

// gateway connects the user to the gateway service of a peer.
func (u *user) gateway(t *testing.T, peerName string) *client.Gateway {
	t.Helper()
	return must[*client.Gateway](t)(client.Connect(u.id, client.WithSign(u.sign), client.WithClientConnection(u.on.dial(t, peerName))))
}

// proposal is a signed wish to run a transaction function.
type proposal struct {
	signed  *peer.SignedProposal
	header  *common.Header
	payload *peer.ChaincodeProposalPayload
	txID    string
}

// propose builds a proposal of exactly these arguments, the function's name among them; there may be none.
func (u *user) propose(t *testing.T, chaincode string, transient map[string][]byte, args ...string) proposal {
	t.Helper()
	return u.proposeAt(t, time.Now(), chaincode, transient, args...)
}

// proposeAt dates the proposal as its client likes.
func (u *user) proposeAt(t *testing.T, at time.Time, chaincode string, transient map[string][]byte, args ...string) proposal {
	t.Helper()
	nonce := make([]byte, 24)
	_, _ = rand.Read(nonce)
	creator := u.creator(t)
	sum := sha256.Sum256(append(append([]byte{}, nonce...), creator...))
	p := proposal{txID: hex.EncodeToString(sum[:])}
	raw := make([][]byte, len(args))
	for i, a := range args {
		raw[i] = []byte(a)
	}
	id := &peer.ChaincodeID{Name: chaincode}
	p.header = &common.Header{
		ChannelHeader: encoded(t, &common.ChannelHeader{
			Type: int32(common.HeaderType_ENDORSER_TRANSACTION), Timestamp: timestamppb.New(at), ChannelId: u.on.members.Channel, TxId: p.txID,
			Extension: encoded(t, &peer.ChaincodeHeaderExtension{ChaincodeId: id}),
		}),
		SignatureHeader: encoded(t, &common.SignatureHeader{Creator: creator, Nonce: nonce}),
	}
	p.payload = &peer.ChaincodeProposalPayload{
		Input: encoded(t, &peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
			Type: peer.ChaincodeSpec_GOLANG, ChaincodeId: id, Input: &peer.ChaincodeInput{Args: raw},
		}}),
		TransientMap: transient,
	}
	bytes := encoded(t, &peer.Proposal{Header: encoded(t, p.header), Payload: encoded(t, p.payload)})
	p.signed = &peer.SignedProposal{ProposalBytes: bytes, Signature: u.signature(t, bytes)}
	return p
}

// endorse asks one peer; a refusal by the peer itself comes as an error, one by the chaincode as a response with its status.
func (u *user) endorse(t *testing.T, p proposal, peerName string) (*peer.ProposalResponse, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	return peer.NewEndorserClient(u.on.dial(t, peerName)).ProcessProposal(ctx, p.signed)
}

// envelope puts a transaction together from the endorsements that a client chose to collect.
func (u *user) envelope(t *testing.T, p proposal, responses ...*peer.ProposalResponse) *common.Envelope {
	t.Helper()
	action := &peer.ChaincodeEndorsedAction{ProposalResponsePayload: responses[0].GetPayload()}
	for _, r := range responses {
		action.Endorsements = append(action.Endorsements, r.GetEndorsement())
	}
	transaction := &peer.Transaction{Actions: []*peer.TransactionAction{{
		Header: p.header.GetSignatureHeader(),
		Payload: encoded(t, &peer.ChaincodeActionPayload{
			ChaincodeProposalPayload: encoded(t, &peer.ChaincodeProposalPayload{Input: p.payload.GetInput()}),
			Action:                   action,
		}),
	}}}
	payload := encoded(t, &common.Payload{Header: p.header, Data: encoded(t, transaction)})
	return &common.Envelope{Payload: payload, Signature: u.signature(t, payload)}
}

// commit hands a transaction over and waits for the validation code that its own peer gave it.
func (u *user) commit(t *testing.T, p proposal, responses ...*peer.ProposalResponse) peer.TxValidationCode {
	t.Helper()
	g := u.gateway(t, u.peer)
	defer g.Close()
	prepared := encoded(t, &gateway.PreparedTransaction{TransactionId: p.txID, Envelope: u.envelope(t, p, responses...)})
	transaction := must[*client.Transaction](t)(g.NewTransaction(prepared))
	handed := must[*client.Commit](t)(transaction.Submit())
	return must[*client.Status](t)(handed.Status()).Code
}

// broadcast hands an envelope directly to an ordering node, and again while that can't order anything, as when it has just started or its leader is lost.
func (u *user) broadcast(t *testing.T, ordererName string, e *common.Envelope) (got *orderer.BroadcastResponse) {
	t.Helper()
	until(t, ordererName+" can order", func() bool {
		got = u.broadcastOnce(t, ordererName, e)
		return got.GetStatus() != common.Status_SERVICE_UNAVAILABLE
	})
	return got
}

func (u *user) broadcastOnce(t *testing.T, ordererName string, e *common.Envelope) *orderer.BroadcastResponse {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	stream := must[grpc.BidiStreamingClient[common.Envelope, orderer.BroadcastResponse]](t)(orderer.NewAtomicBroadcastClient(u.on.dial(t, ordererName)).Broadcast(ctx))
	if err := stream.Send(e); err != nil {
		t.Fatal(err)
	}
	return must[*orderer.BroadcastResponse](t)(stream.Recv())
}

// query evaluates a function at the user's own peer.
func (u *user) query(t *testing.T, chaincode, function, document string) []byte {
	t.Helper()
	answer, found := u.find(t, chaincode, function, document)
	if !found {
		t.Fatalf("%s of %s finds nothing", function, chaincode)
	}
	return answer
}

// find evaluates a function at the user's own peer; not found is what that peer doesn't have, or not yet.
func (u *user) find(t *testing.T, chaincode, function, document string) (answer []byte, found bool) {
	t.Helper()
	response, err := u.endorse(t, u.propose(t, chaincode, nil, function, document), u.peer)
	if err != nil {
		t.Fatalf("%s of %s: %v", function, chaincode, err)
	}
	if response.GetResponse().GetStatus() == 200 {
		return response.GetResponse().GetPayload(), true
	}
	if refusal := fault.Parse(response.GetResponse().GetMessage()); refusal == nil || refusal.Code != fault.NotFound {
		t.Fatalf("%s of %s: %s", function, chaincode, response.GetResponse().GetMessage())
	}
	return nil, false
}

func (u *user) creator(t *testing.T) []byte {
	t.Helper()
	return encoded(t, &msp.SerializedIdentity{Mspid: u.id.MspID(), IdBytes: u.id.Credentials()})
}

func (u *user) signature(t *testing.T, message []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(message)
	return must[[]byte](t)(u.sign(digest[:]))
}

func encoded(t *testing.T, m proto.Message) []byte {
	t.Helper()
	return must[[]byte](t)(proto.Marshal(m))
}

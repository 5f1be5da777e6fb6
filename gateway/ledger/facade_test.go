package ledger

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakePeer speaks a peer's gateway service over real TLS and remembers what it was asked.
type fakePeer struct {
	gateway.UnimplementedGatewayServer
	address string

	mu        sync.Mutex
	proposals []proposed
	submitted int
	forged    int                   // Proposals that the key of their certificate didn't sign.
	dead      map[string]bool       // Organisations without a live peer.
	refuse    error                 // Answer to every endorsement and evaluation.
	decline   error                 // Answer to every endorsement.
	answer    []byte                // Result of every evaluation.
	reply     func(proposed) []byte // Result of an evaluation in the place of answer; nil: answer.
	result    []byte                // Result of every endorsed call; {} when nil.
	validity  peer.TxValidationCode
	lose      error // Answer to every submission, though it was taken.
	stop      func()
}

// proposed is one proposal, taken apart.
type proposed struct {
	organisations       []string
	chaincode, function string
	document            []byte
	transient           map[string][]byte
	creator             []byte // Certificate, PEM.
}

func takeApart(signed *peer.SignedProposal) (p proposed, header *common.Header, payload *peer.ChaincodeProposalPayload) {
	var proposal peer.Proposal
	var invocation peer.ChaincodeInvocationSpec
	header, payload = new(common.Header), new(peer.ChaincodeProposalPayload)
	for _, step := range []struct {
		raw  func() []byte
		into proto.Message
	}{
		{signed.GetProposalBytes, &proposal}, {proposal.GetHeader, header}, {proposal.GetPayload, payload}, {payload.GetInput, &invocation},
	} {
		if err := proto.Unmarshal(step.raw(), step.into); err != nil {
			panic(err)
		}
	}
	var by common.SignatureHeader
	var identity msp.SerializedIdentity
	if proto.Unmarshal(header.GetSignatureHeader(), &by) != nil || proto.Unmarshal(by.GetCreator(), &identity) != nil {
		panic("no creator")
	}
	args := invocation.GetChaincodeSpec().GetInput().GetArgs()
	return proposed{
		creator:   identity.GetIdBytes(),
		chaincode: invocation.GetChaincodeSpec().GetChaincodeId().GetName(), function: string(args[0]), document: args[1], transient: payload.GetTransientMap(),
	}, header, payload
}

func encode(m proto.Message) []byte {
	raw, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return raw
}

func (f *fakePeer) Endorse(_ context.Context, in *gateway.EndorseRequest) (*gateway.EndorseResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, header, payload := takeApart(in.GetProposedTransaction())
	p.organisations = in.GetEndorsingOrganizations()
	f.check(in.GetProposedTransaction(), p.creator)
	f.proposals = append(f.proposals, p)
	for _, msp := range p.organisations {
		if f.dead[msp] {
			return nil, status.Error(codes.Unavailable, "failed to find any endorsing peers for org(s): "+msp)
		}
	}
	if err := cmp.Or(f.refuse, f.decline); err != nil {
		return nil, err
	}
	action := encode(&peer.ChaincodeActionPayload{
		ChaincodeProposalPayload: encode(&peer.ChaincodeProposalPayload{Input: payload.GetInput()}),
		Action: &peer.ChaincodeEndorsedAction{ProposalResponsePayload: encode(&peer.ProposalResponsePayload{
			Extension: encode(&peer.ChaincodeAction{Response: &peer.Response{Status: 200, Payload: f.resultOrNothing()}}),
		})},
	})
	transaction := encode(&peer.Transaction{Actions: []*peer.TransactionAction{{Header: header.GetSignatureHeader(), Payload: action}}})
	return &gateway.EndorseResponse{PreparedTransaction: &common.Envelope{Payload: encode(&common.Payload{Header: header, Data: transaction})}}, nil
}

func (f *fakePeer) check(signed *peer.SignedProposal, creator []byte) {
	block, _ := pem.Decode(creator)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	digest := sha256.Sum256(signed.GetProposalBytes())
	if !ecdsa.VerifyASN1(certificate.PublicKey.(*ecdsa.PublicKey), digest[:], signed.GetSignature()) {
		f.forged++
	}
}

func (f *fakePeer) resultOrNothing() []byte {
	if f.result == nil {
		return []byte("{}")
	}
	return f.result
}

func (f *fakePeer) Submit(context.Context, *gateway.SubmitRequest) (*gateway.SubmitResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.submitted++
	if f.lose != nil {
		return nil, f.lose
	}
	return &gateway.SubmitResponse{}, nil
}

func (f *fakePeer) CommitStatus(context.Context, *gateway.SignedCommitStatusRequest) (*gateway.CommitStatusResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	validity := f.validity
	f.validity = peer.TxValidationCode_VALID
	return &gateway.CommitStatusResponse{Result: validity}, nil
}

func (f *fakePeer) Evaluate(_ context.Context, in *gateway.EvaluateRequest) (*gateway.EvaluateResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, _, _ := takeApart(in.GetProposedTransaction())
	p.organisations = in.GetTargetOrganizations()
	f.proposals = append(f.proposals, p)
	if f.refuse != nil {
		return nil, f.refuse
	}
	if f.reply != nil {
		return &gateway.EvaluateResponse{Result: &peer.Response{Status: 200, Payload: f.reply(p)}}, nil
	}
	return &gateway.EvaluateResponse{Result: &peer.Response{Status: 200, Payload: f.answer}}, nil
}

// asked gives, for every proposal so far, the organisations that were asked.
func (f *fakePeer) asked() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all [][]string
	for _, p := range f.proposals {
		all = append(all, p.organisations)
	}
	return fmt.Sprint(all)
}

// setting is a member with two peers of its own and two other brands.
type setting struct {
	peers  []*fakePeer
	config *config.Config
	client *Client
}

func newSetting(t *testing.T) *setting {
	t.Helper()
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "peer"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pair := config.KeyPair{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	for file, block := range map[string]*pem.Block{pair.Cert: {Type: "CERTIFICATE", Bytes: der}, pair.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &setting{config: &config.Config{
		Member: "airline", MSP: own, Channel: "loyalty", Programme: "airline", Identity: pair, Operator: pair,
		Members: []config.Member{
			{Name: "airline", MSP: own, Kind: clearing.KindBrand}, {Name: "hotel", MSP: "HotelMSP", Kind: clearing.KindBrand},
			{Name: "grocer", MSP: "GrocerMSP", Kind: clearing.KindBrand}, {Name: "regulator", MSP: "RegulatorMSP", Kind: clearing.KindRegulator},
		},
	}}
	for i := range 2 {
		p := servePeer(t, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
		s.peers = append(s.peers, p)
		s.config.Peers = append(s.config.Peers, config.Peer{Name: fmt.Sprint("peer", i), Member: "airline", MSP: own, Endpoint: p.address, TLSRoot: pair.Cert})
	}
	if s.client, err = Connect(s.config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.client.Close() })
	return s
}

func servePeer(t *testing.T, certificate tls.Certificate) *fakePeer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakePeer{address: listener.Addr().String(), dead: map[string]bool{}}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	gateway.RegisterGatewayServer(server, f)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	f.stop = func() { server.Stop(); <-done }
	t.Cleanup(f.stop)
	return f
}

func batch() (Batch, error) {
	return Batch{Document: []byte(`{"lane":0}`), Details: []byte(`{"v":1}`)}, nil
}

func TestABatchGoesToTheIssuerAndOneOtherBrandWithItsDetailsInTheTransientField(t *testing.T) {
	s := newSetting(t)
	for range 3 {
		endorsed, err := s.client.Points("airline").EndorseBatch(context.Background(), batch)
		if err != nil {
			t.Fatal(err)
		}
		if err := endorsed.Submit(context.Background()); err != nil || endorsed.TxID() == "" {
			t.Fatalf("%q: %v", endorsed.TxID(), err)
		}
	}
	if got, want := s.peers[0].asked(), "[[AirlineMSP HotelMSP] [AirlineMSP GrocerMSP] [AirlineMSP HotelMSP]]"; got != want {
		t.Errorf("endorsers were %s, want %s", got, want)
	}
	p := s.peers[0].proposals[0]
	if p.chaincode != "points-airline" || p.function != wire.FnSubmitBatch || string(p.document) != `{"lane":0}` || string(p.transient[wire.DetailsTransient]) != `{"v":1}` {
		t.Errorf("the proposal is %+v", p)
	}
	if s.peers[0].submitted != 3 {
		t.Errorf("%d transactions were submitted", s.peers[0].submitted)
	}
}

func TestADeadCoEndorserIsFallenOverAtOnceAndThenPassedOver(t *testing.T) {
	s := newSetting(t)
	s.peers[0].dead["HotelMSP"] = true
	for range 3 {
		if _, err := s.client.Points("airline").EndorseBatch(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := s.peers[0].asked(), "[[AirlineMSP HotelMSP] [AirlineMSP GrocerMSP] [AirlineMSP GrocerMSP] [AirlineMSP GrocerMSP]]"; got != want {
		t.Errorf("endorsers were %s, want %s", got, want)
	}
	s.peers[0].dead["GrocerMSP"] = true
	if _, err := s.client.Points("airline").EndorseBatch(context.Background(), batch); err == nil || ClassOf(err) != CoEndorser {
		t.Errorf("with every co-endorser dead: %v", err)
	}
}

func TestARefusalIsNotTakenToAnotherBrand(t *testing.T) {
	s := newSetting(t)
	s.peers[0].refuse = said(codes.Aborted, "failed", own, "chaincode response 500, LANE_SEQUENCE: no")
	if _, err := s.client.Points("airline").EndorseBatch(context.Background(), batch); err == nil || ClassOf(err) != LaneMoved {
		t.Errorf("got %v", err)
	}
	if got := len(s.peers[0].proposals); got != 1 {
		t.Errorf("%d proposals were made, want 1", got)
	}
}

func TestAnotherOwnPeerIsAskedWhenOneIsGone(t *testing.T) {
	s := newSetting(t)
	s.peers[0].stop()
	for range 2 {
		if _, err := s.client.Points("airline").EndorseBatch(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(s.peers[1].proposals); got != 2 {
		t.Errorf("the second peer was asked %d times, want 2", got)
	}
	s.peers[1].stop()
	if _, err := s.client.Points("airline").EndorseBatch(context.Background(), batch); err == nil || ClassOf(err) != Retry || fault.CodeOf(err) != fault.LedgerUnavailable {
		t.Errorf("with both peers gone: %v", err)
	}
}

func TestABatchIsBuiltForEveryProposalAndAStaleOneAgain(t *testing.T) {
	s := newSetting(t)
	s.peers[0].dead["HotelMSP"] = true
	builds := 0
	_, err := s.client.Points("airline").EndorseBatch(context.Background(), func() (Batch, error) {
		builds++
		b := Batch{Document: []byte("{}"), NotAfter: time.Now().Add(time.Hour)}
		if builds == 1 {
			b.NotAfter = time.Now().Add(-time.Second)
		}
		return b, nil
	})
	if err != nil || builds != 3 {
		t.Errorf("%d builds, want 3: a stale one, one for each co-endorser (%v)", builds, err)
	}
	_, err = s.client.Points("airline").EndorseBatch(context.Background(), func() (Batch, error) {
		return Batch{Document: []byte("{}"), NotAfter: time.Now().Add(-time.Second)}, nil
	})
	if ClassOf(err) != Retry {
		t.Errorf("a batch that is always stale: %v", err)
	}
}

func TestADryRunIsEndorsedAndNotSubmitted(t *testing.T) {
	s := newSetting(t)
	if err := s.client.Points("airline").DryRun(context.Background()); err != nil {
		t.Fatal(err)
	}
	var request wire.BatchRequest
	if err := wire.Decode(s.peers[0].proposals[0].document, wire.MaxDocument, &request); err != nil || len(request.Operations) != 0 {
		t.Errorf("the dry run proposes %+v (%v)", request, err)
	}
	if s.peers[0].submitted != 0 || s.peers[0].proposals[0].transient != nil {
		t.Error("a dry run left something behind")
	}
}

func TestQueriesAreAnsweredByTheOwnOrganisationOnly(t *testing.T) {
	s := newSetting(t)
	s.peers[0].answer = []byte(`{"id":"a","posted":7}`)
	account, err := s.client.Points("airline").Account(context.Background(), "a")
	if err != nil || account.Posted != 7 {
		t.Errorf("the account is %+v (%v)", account, err)
	}
	if got := s.peers[0].asked(); got != "[[AirlineMSP]]" {
		t.Errorf("asked were %s", got)
	}
	s.peers[0].refuse = said(codes.Unknown, "x", own, "chaincode response 500, NOT_FOUND: no such account")
	if _, err := s.client.Points("airline").Account(context.Background(), "a"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("an account that isn't there: %v", err)
	}
	s.peers[0].refuse, s.peers[0].answer = nil, []byte("?")
	if _, err := s.client.Points("airline").Lanes(context.Background(), own, 0, 8); fault.CodeOf(err) != fault.StateCorrupt {
		t.Errorf("an answer that can't be read: %v", err)
	}
}

func TestFoundingIsEndorsedByAMajorityOfTheBrands(t *testing.T) {
	s := newSetting(t)
	s.peers[0].dead["HotelMSP"] = true
	if err := s.client.Clearing().Found(context.Background(), clearing.Consortium{}); err != nil {
		t.Fatal(err)
	}
	if got, want := s.peers[0].asked(), "[[AirlineMSP HotelMSP] [AirlineMSP GrocerMSP]]"; got != want {
		t.Errorf("endorsers were %s, want %s", got, want)
	}
	if s.peers[0].submitted != 1 {
		t.Errorf("%d transactions were submitted", s.peers[0].submitted)
	}
}

func TestAnAdministrativeConflictIsTriedAgain(t *testing.T) {
	s := newSetting(t)
	s.peers[0].validity = peer.TxValidationCode_MVCC_READ_CONFLICT
	s.peers[0].answer = []byte(`{}`)
	operator, err := s.client.As(s.config.Operator)
	if err != nil {
		t.Fatal(err)
	}
	defer operator.Close()
	if err := operator.Points("airline").AdvanceBusinessDate(context.Background(), quantity.Day(1)); err != nil {
		t.Fatal(err)
	}
	functions := []string{}
	for _, p := range s.peers[0].proposals {
		functions = append(functions, p.function)
	}
	want := []string{wire.FnGetProgramme, wire.FnAdvanceBusinessDate, wire.FnAdvanceBusinessDate}
	if !slices.Equal(functions, want) {
		t.Errorf("called were %v, want %v", functions, want)
	}
}

func TestAnInvalidatedAdministrativeCallFails(t *testing.T) {
	s := newSetting(t)
	s.peers[0].validity = peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE
	err := s.client.Points("airline").CreateProgramme(context.Background(), wire.NewProgramme{Terms: terms.Terms{Version: 1}})
	if err == nil || ClassOf(err) != Fatal {
		t.Errorf("got %v", err)
	}
}

func TestIdentitiesThatCantBeUsedAreNamed(t *testing.T) {
	s := newSetting(t)
	broken := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(broken, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string]config.KeyPair{
		"no certificate": {Cert: broken, Key: s.config.Identity.Key}, "no key": {Cert: s.config.Identity.Cert, Key: broken},
		"a missing certificate": {Cert: "none", Key: s.config.Identity.Key}, "a missing key": {Cert: s.config.Identity.Cert, Key: "none"},
	} {
		if _, err := s.client.As(pair); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Dial(config.Peer{Name: "p", Endpoint: "127.0.0.1:1", TLSRoot: broken}); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("a TLS root without a certificate: %v", err)
	}
}

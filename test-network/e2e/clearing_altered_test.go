//go:build network

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tallystick/tallystick/chaincode/contract"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/network/nodeconfig"
)

// alteration is what a dishonest member does to its chaincodes: it changes what they write, public or private, or replaces them.
type alteration struct {
	write   func(key string, value []byte) []byte                                          // Nil leaves writes as they are.
	replace func(stub shim.ChaincodeStubInterface, function string) (*peer.Response, bool) // Nil, or false for what the honest chaincode is to answer.
}

// alter runs altered chaincodes beside a member's peer instead of its own, until the test ends or the function that it gives is called.
func (c *consortium) alter(t *testing.T, member string, a alteration) (restore func()) {
	t.Helper()
	name := membership.ChaincodeNode(member, 0)
	var settings nodeconfig.ChaincodeServer
	if err := yaml.Unmarshal(must[[]byte](t)(os.ReadFile(nodeconfig.ChaincodeFile(c.dir, member, 0))), &settings); err != nil {
		t.Fatal(err)
	}
	c.kill(t, name)
	var servers []*grpc.Server
	for _, service := range settings.Chaincodes {
		servers = append(servers, serveAltered(t, service, a))
	}
	restore = func() {
		for _, server := range servers {
			server.Stop()
		}
		if servers = nil; c.state(name) != node.Running {
			c.run(t, "tallynet", "start", name)
			c.served(t, member)
		}
	}
	t.Cleanup(restore)
	c.served(t, member)
	return restore
}

// served waits until a member's peer gets answers of all its chaincodes, whose server is another one now: its streams to the old one end when it gets to that. At a test's end
// nobody asks any more.
func (c *consortium) served(t *testing.T, member string) {
	t.Helper()
	if t.Context().Err() != nil {
		return
	}
	reader, questions := c.user(t, member, string(membership.AuditorRole)), map[string]string{engine.ClearingChaincode: wire.FnGetConsortium}
	for _, brand := range c.members.Brands() {
		questions[membership.PointsChaincode(brand.Name)] = wire.FnGetProgramme
	}
	for chaincode, function := range questions {
		untilDone(t, fmt.Sprintf("%s's peer gets answers of %s", member, chaincode), func() error {
			response, err := reader.endorse(t, reader.propose(t, chaincode, nil, function, "{}"), membership.PeerNode(member, 0))
			if err == nil && response.GetEndorsement() == nil {
				err = errors.New(response.GetResponse().GetMessage())
			}
			return err
		})
	}
}

func serveAltered(t *testing.T, service nodeconfig.ChaincodeService, a alteration) *grpc.Server {
	t.Helper()
	build := contract.NewPoints
	if service.Contract == string(membership.ClearingContract) {
		build = contract.NewClearing
	}
	honest := must[*contract.Dispatcher](t)(build(time.Now, slog.New(slog.DiscardHandler)))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must[[]byte](t)(os.ReadFile(service.TLS.ClientCA)))
	transport := &tls.Config{
		MinVersion: tls.VersionTLS12, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert,
		Certificates: []tls.Certificate{must[tls.Certificate](t)(tls.LoadX509KeyPair(service.TLS.Cert, service.TLS.Key))},
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(transport)))
	peer.RegisterChaincodeServer(server, &shim.ChaincodeServer{CCID: service.CCID, CC: dishonest{honest, a}})
	socket := must[net.Listener](t)(net.Listen("tcp", service.Address))
	go func() { _ = server.Serve(socket) }()
	return server
}

// dishonest is an altered chaincode.
type dishonest struct {
	*contract.Dispatcher
	alteration alteration
}

func (d dishonest) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	if d.alteration.replace != nil {
		function, _ := stub.GetFunctionAndParameters()
		if response, replaced := d.alteration.replace(stub, function); replaced {
			return response
		}
	}
	if d.alteration.write != nil {
		stub = &alteredStub{stub, d.alteration.write}
	}
	return d.Dispatcher.Invoke(stub)
}

// alteredStub changes what the honest chaincode writes.
type alteredStub struct {
	shim.ChaincodeStubInterface
	write func(key string, value []byte) []byte
}

func (s *alteredStub) PutState(key string, value []byte) error {
	return s.ChaincodeStubInterface.PutState(key, s.write(key, value))
}

func (s *alteredStub) PutPrivateData(collection, key string, value []byte) error {
	return s.ChaincodeStubInterface.PutPrivateData(collection, key, s.write(key, value))
}

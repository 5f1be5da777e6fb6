package nodeconfig

import (
	"encoding/json"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// ChaincodeServer is the configuration file of one tally-chaincode process.
type ChaincodeServer struct {
	MSPID      string             `yaml:"mspID"`
	LogLevel   string             `yaml:"logLevel"`
	Chaincodes []ChaincodeService `yaml:"chaincodes"`
}

// ChaincodeService is one chaincode that the process serves.
type ChaincodeService struct {
	CCID     string       `yaml:"ccid"`
	Contract string       `yaml:"contract"`
	Address  string       `yaml:"address"`
	TLS      ChaincodeTLS `yaml:"tls"`
}

// ChaincodeTLS are the server's files; only clients with a certificate of ClientCA may connect.
type ChaincodeTLS struct {
	Cert     string `yaml:"cert"`
	Key      string `yaml:"key"`
	ClientCA string `yaml:"clientCA"`
}

// connection is what a peer needs to reach a chaincode server, in Fabric's format.
type connection struct {
	Address            string `json:"address"`
	DialTimeout        string `json:"dial_timeout"`
	TLSRequired        bool   `json:"tls_required"`
	ClientAuthRequired bool   `json:"client_auth_required"`
	ClientKey          string `json:"client_key"`
	ClientCert         string `json:"client_cert"`
	RootCert           string `json:"root_cert"`
}

const chaincodeDialTimeout = "10s"

// ChaincodeFile is the path of a chaincode server's configuration.
func ChaincodeFile(dir rundir.Dir, member string, index int) string {
	return filepath.Join(dir.Config(membership.ChaincodeNode(member, index)), "chaincode.yaml")
}

// ConnectionsFolder is where a peer's connection files stand, one for each package label.
func ConnectionsFolder(dir rundir.Dir, member string, index int) string {
	return connections(dir, membership.PeerNode(member, index))
}

// WriteChaincode writes the configuration of the chaincode server beside a peer, and that peer's connection files. packageIDs
// are by chaincode name.
func WriteChaincode(
	dir rundir.Dir, m *membership.Membership, member membership.Member, index int, packageIDs map[string]string, logLevel string,
) error {
	identity := dir.Identity(member.Name, membership.ChaincodeNode(member.Name, index))
	server := ChaincodeServer{MSPID: member.MSP(), LogLevel: logLevel}
	ports := m.PeerPorts(member.Name, index)
	for _, chaincode := range m.Chaincodes() {
		server.Chaincodes = append(server.Chaincodes, ChaincodeService{
			CCID:     packageIDs[chaincode.Name],
			Contract: string(chaincode.Contract),
			Address:  membership.Address(ports.Chaincodes[chaincode.Name]),
			TLS: ChaincodeTLS{
				Cert: identity.TLSCertificate(), Key: identity.TLSKey(), ClientCA: dir.CACertificate(member.Name),
			},
		})
	}
	data, err := yaml.Marshal(server)
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't encode the chaincode configuration")
	}
	if err := dir.Write(ChaincodeFile(dir, member.Name, index), data, rundir.PrivateMode); err != nil {
		return err
	}
	return writeConnections(dir, m, member, index)
}

func writeConnections(dir rundir.Dir, m *membership.Membership, member membership.Member, index int) error {
	peer := dir.Identity(member.Name, membership.PeerNode(member.Name, index))
	var parts [3]string
	for i, file := range []string{peer.TLSKey(), peer.TLSCertificate(), dir.CACertificate(member.Name)} {
		data, err := os.ReadFile(file)
		if err != nil {
			return failure.Wrap(failure.RunDirectory, err, "can't read the peer's TLS files")
		}
		parts[i] = string(data)
	}
	for name, port := range m.PeerPorts(member.Name, index).Chaincodes {
		data, err := json.Marshal(connection{
			Address: membership.Address(port), DialTimeout: chaincodeDialTimeout, TLSRequired: true, ClientAuthRequired: true,
			ClientKey: parts[0], ClientCert: parts[1], RootCert: parts[2],
		})
		if err != nil {
			return failure.Wrap(failure.RunDirectory, err, "can't encode a connection file")
		}
		file := filepath.Join(ConnectionsFolder(dir, member.Name, index), name+".json")
		if err := dir.Write(file, data, rundir.PrivateMode); err != nil {
			return err
		}
	}
	return nil
}

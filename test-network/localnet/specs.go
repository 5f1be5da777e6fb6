package localnet

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/network/nodeconfig"
	"github.com/tallystick/tallystick/network/rundir"
)

// Programs that a consortium runs.
const (
	caServerProgram  = "fabric-ca-server"
	caClientProgram  = "fabric-ca-client"
	ordererProgram   = "orderer"
	peerProgram      = "peer"
	chaincodeProgram = "tally-chaincode"
	gatewayProgram   = "tally-gateway"
)

// checkPrograms names every program that is missing, and the make target that builds it.
func (s Settings) checkPrograms(scope Scope) error {
	ours := []string{chaincodeProgram}
	if scope == WithGateways {
		ours = append(ours, gatewayProgram)
	}
	var missing []string
	if lacking := lackingIn(s.FabricBin, caServerProgram, caClientProgram, ordererProgram, peerProgram); len(lacking) > 0 {
		missing = append(missing, strings.Join(lacking, ", ")+" in "+s.FabricBin+" (build with `make fabric`, or name a folder with FABRIC_BIN)")
	}
	if lacking := lackingIn(s.Bin, ours...); len(lacking) > 0 {
		missing = append(missing, strings.Join(lacking, ", ")+" in "+s.Bin+" (build with `make build`)")
	}
	if len(missing) > 0 {
		return failure.New(failure.BinaryMissing, "missing: %s", strings.Join(missing, "; "))
	}
	return nil
}

func lackingIn(folder string, programs ...string) []string {
	var lacking []string
	for _, program := range programs {
		info, err := os.Stat(filepath.Join(folder, program))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			lacking = append(lacking, program)
		}
	}
	return lacking
}

// specs lists the processes of a consortium, member by member.
func (s Settings) specs(dir rundir.Dir, m *membership.Membership, scope Scope) ([]node.Spec, error) {
	fabric, err := filepath.Abs(s.FabricBin)
	if err != nil {
		return nil, failure.Wrap(failure.SettingInvalid, err, "folder of Fabric's programs")
	}
	bin, err := filepath.Abs(s.Bin)
	if err != nil {
		return nil, failure.Wrap(failure.SettingInvalid, err, "folder of programs")
	}
	b := specBuilder{dir: dir, m: m, fabric: fabric, bin: bin, log: s.FabricLog}
	var all []node.Spec
	for _, member := range m.Members {
		all = append(all, b.authority(member))
		for i := range member.Orderers {
			all = append(all, b.orderer(member, i))
		}
		for i := range member.Peers {
			all = append(all, b.peer(member, i))
			if member.IsBrand() {
				all = append(all, b.chaincode(member, i))
			}
		}
		if scope == WithGateways {
			all = append(all, b.gateway(member))
		}
	}
	return all, nil
}

// fabricLogFormat is Fabric's own without colours: logs are files.
const fabricLogFormat = "%{time:2006-01-02 15:04:05.000 MST} %{level:.4s} [%{module}] %{shortfunc} -> %{message}"

// fabricEnv is the environment of a peer or an ordering node.
func (b specBuilder) fabricEnv(name string) []string {
	return append([]string{"FABRIC_CFG_PATH=" + b.dir.Config(name), "FABRIC_LOGGING_SPEC=" + b.log, "FABRIC_LOGGING_FORMAT=" + fabricLogFormat}, runtimeEnv...)
}

// runtimeEnv trades memory for processor time: nodes of a whole consortium share a few cores here, and collect garbage a quarter as often.
var runtimeEnv = []string{"GOGC=400"}

type specBuilder struct {
	dir              rundir.Dir
	m                *membership.Membership
	fabric, bin, log string
}

func (b specBuilder) authority(member membership.Member) node.Spec {
	listen, operations := b.m.CAPorts(member.Name)
	return node.Spec{
		Name: membership.CANode(member.Name), Kind: node.CA, Member: member.Name,
		Program: filepath.Join(b.fabric, caServerProgram),
		Args:    []string{"start", "--home", b.dir.CA(member.Name), "--loglevel", "warning"},
		Ports:   []int{listen, operations},
	}
}

func (b specBuilder) orderer(member membership.Member, index int) node.Spec {
	name := membership.OrdererNode(member.Name, index)
	ports := b.m.OrdererPorts(member.Name, index)
	return node.Spec{
		Name: name, Kind: node.Orderer, Member: member.Name,
		Program: filepath.Join(b.fabric, ordererProgram),
		Args:    []string{},
		Env:     b.fabricEnv(name),
		Ports:   []int{ports.Listen, ports.Admin, ports.Operations},
	}
}

func (b specBuilder) peer(member membership.Member, index int) node.Spec {
	name := membership.PeerNode(member.Name, index)
	ports := b.m.PeerPorts(member.Name, index)
	return node.Spec{
		Name: name, Kind: node.Peer, Member: member.Name,
		Program: filepath.Join(b.fabric, peerProgram),
		Args:    []string{"node", "start"},
		Env:     append(b.fabricEnv(name), nodeconfig.ConnectionsVariable+"="+nodeconfig.ConnectionsFolder(b.dir, member.Name, index)),
		Ports:   []int{ports.Listen, ports.Chaincode, ports.Operations},
	}
}

func (b specBuilder) chaincode(member membership.Member, index int) node.Spec {
	ports := b.m.PeerPorts(member.Name, index).Chaincodes
	spec := node.Spec{
		Name: membership.ChaincodeNode(member.Name, index), Kind: node.Chaincode, Member: member.Name,
		Program: filepath.Join(b.bin, chaincodeProgram),
		Args:    []string{"serve", "--config", nodeconfig.ChaincodeFile(b.dir, member.Name, index)},
		Env:     runtimeEnv,
	}
	for _, chaincode := range b.m.Chaincodes() {
		spec.Ports = append(spec.Ports, ports[chaincode.Name])
	}
	return spec
}

func (b specBuilder) gateway(member membership.Member) node.Spec {
	ports := []int{b.m.GatewayPort(member.Name)}
	if member.IsBrand() {
		ports = append(ports, b.m.GatewayPartnerPort(member.Name))
	}
	return node.Spec{
		Name: membership.GatewayNode(member.Name), Kind: node.Gateway, Member: member.Name,
		Program: filepath.Join(b.bin, gatewayProgram),
		Args:    []string{"serve", "--config", nodeconfig.GatewayFiles(b.dir, member.Name).Config},
		Env:     runtimeEnv,
		Ports:   ports,
	}
}

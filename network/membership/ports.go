package membership

import "fmt"

// The port table. Every member owns a block of ports; offsets within it don't move when a node or a brand is added.
const (
	DefaultPortBase = 27000
	// minPortBase keeps clear of the ports that need privileges.
	minPortBase = 1024
	// maxPort is the last port below Linux' ephemeral range: a client's outgoing connection could hold any port above it.
	maxPort = 32767

	memberBlock       = 100
	gatewayOffset     = 0
	caOffset          = 1
	caOperations      = 2
	gatewayPartners   = 3
	standInOffset     = 4
	standInPartners   = 5
	ordererOffset     = 10
	ordererBlock      = 5
	peerOffset        = 20
	peerBlock         = 20
	chaincodeOffset   = 3 // within a peer's block: one port per deployed chaincode
	ordererAdmin      = 1
	ordererOperations = 2
	peerChaincode     = 1
	peerOperations    = 2
)

// Host is where every node listens.
const Host = "127.0.0.1"

// Port is one line of the table.
type Port struct {
	// Node is the process that listens.
	Node string
	// Purpose says what for.
	Purpose string
	Number  int
}

// OrdererPorts are the ports of one ordering node.
type OrdererPorts struct{ Listen, Admin, Operations int }

// PeerPorts are the ports of one peer and of the chaincode server beside it (by chaincode name; none at a regulator's).
type PeerPorts struct {
	Listen, Chaincode, Operations int
	Chaincodes                    map[string]int
}

// Address is the loopback address of a port.
func Address(port int) string { return fmt.Sprintf("%s:%d", Host, port) }

// GatewayNode names a member's gateway: "gateway.airline".
func GatewayNode(member string) string { return "gateway." + member }

// StandInNode names the gateway by which an administrator acts for a brand that failed: "gateway-hotel.grocer".
func StandInNode(failed, administrator string) string {
	return fmt.Sprintf("gateway-%s.%s", failed, administrator)
}

// CANode names a member's certificate authority: "ca.airline".
func CANode(member string) string { return "ca." + member }

// OrdererNode names a member's ordering node, counted from 0: "orderer0.airline".
func OrdererNode(member string, index int) string { return fmt.Sprintf("orderer%d.%s", index, member) }

// PeerNode names a member's peer, counted from 0: "peer0.airline".
func PeerNode(member string, index int) string { return fmt.Sprintf("peer%d.%s", index, member) }

// ChaincodeNode names the chaincode server beside a peer: "chaincode0.airline".
func ChaincodeNode(member string, index int) string {
	return fmt.Sprintf("chaincode%d.%s", index, member)
}

// GatewayPort is where a member's HTTP API listens.
func (m *Membership) GatewayPort(member string) int { return m.block(member) + gatewayOffset }

// GatewayPartnerPort is where a brand's gateway listens for other brands' gateways.
func (m *Membership) GatewayPartnerPort(member string) int { return m.block(member) + gatewayPartners }

// StandInPorts are where an administrator's gateway for a brand that failed listens: for tills and systems, and for other
// brands' gateways. They are kept free in the brand's own block.
func (m *Membership) StandInPorts(failed string) (api, partners int) {
	return m.block(failed) + standInOffset, m.block(failed) + standInPartners
}

// CAPorts are where a member's CA and its operations service listen.
func (m *Membership) CAPorts(member string) (listen, operations int) {
	return m.block(member) + caOffset, m.block(member) + caOperations
}

// OrdererPorts gives the ports of a member's ordering node.
func (m *Membership) OrdererPorts(member string, index int) OrdererPorts {
	first := m.block(member) + ordererOffset + index*ordererBlock
	return OrdererPorts{Listen: first, Admin: first + ordererAdmin, Operations: first + ordererOperations}
}

// PeerPorts gives the ports of a member's peer and of its chaincode server.
func (m *Membership) PeerPorts(member string, index int) PeerPorts {
	first := m.block(member) + peerOffset + index*peerBlock
	ports := PeerPorts{Listen: first, Chaincode: first + peerChaincode, Operations: first + peerOperations, Chaincodes: map[string]int{}}
	if found, ok := m.Member(member); !ok || !found.IsBrand() {
		return ports
	}
	for i, chaincode := range m.Chaincodes() {
		ports.Chaincodes[chaincode.Name] = first + chaincodeOffset + i
	}
	return ports
}

// Ports gives the whole table, member by member.
func (m *Membership) Ports() []Port {
	var table []Port
	for _, member := range m.Members {
		listen, operations := m.CAPorts(member.Name)
		table = append(table,
			Port{GatewayNode(member.Name), "HTTP API", m.GatewayPort(member.Name)},
			Port{CANode(member.Name), "enrolment", listen},
			Port{CANode(member.Name), "operations", operations})
		if member.IsBrand() {
			table = append(table, Port{GatewayNode(member.Name), "other brands' gateways", m.GatewayPartnerPort(member.Name)})
		}
		for i := range member.Orderers {
			ports := m.OrdererPorts(member.Name, i)
			node := OrdererNode(member.Name, i)
			table = append(table,
				Port{node, "ordering", ports.Listen}, Port{node, "channel participation", ports.Admin}, Port{node, "operations", ports.Operations})
		}
		for i := range member.Peers {
			table = append(table, m.peerTable(member, i)...)
		}
	}
	return table
}

func (m *Membership) peerTable(member Member, index int) []Port {
	ports := m.PeerPorts(member.Name, index)
	node := PeerNode(member.Name, index)
	table := []Port{
		{node, "peer and gateway service", ports.Listen}, {node, "chaincode listener", ports.Chaincode}, {node, "operations", ports.Operations},
	}
	for _, chaincode := range m.Chaincodes() {
		if port, ok := ports.Chaincodes[chaincode.Name]; ok {
			table = append(table, Port{ChaincodeNode(member.Name, index), chaincode.Name, port})
		}
	}
	return table
}

func (m *Membership) validatePorts() error {
	last := m.PortBase + len(m.Members)*memberBlock - 1
	if m.PortBase < minPortBase || last > maxPort {
		return invalid("portBase %d: %d members use ports up to %d; want %d to %d (above it are the system's own outgoing ports)",
			m.PortBase, len(m.Members), last, minPortBase, maxPort)
	}
	return nil
}

// block is the first port of a member's block.
func (m *Membership) block(member string) int {
	for i := range m.Members {
		if m.Members[i].Name == member {
			return m.PortBase + i*memberBlock
		}
	}
	return m.PortBase + len(m.Members)*memberBlock
}

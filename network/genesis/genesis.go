package genesis

import (
	"crypto/x509"
	"time"

	"github.com/hyperledger/fabric-config/configtx"
	msp "github.com/hyperledger/fabric-config/configtx/membership"
	"github.com/hyperledger/fabric-config/configtx/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
)

// Settings of the ordering service. 200 ms instead of Fabric's 2 s: a till waits for the block, and shorter batches cost no
// throughput.
const (
	BatchTimeout         = 200 * time.Millisecond
	MaxMessageCount      = 500
	PreferredMaxBytes    = 2 << 20
	AbsoluteMaxBytes     = 10 << 20
	raftTick             = "200ms"
	raftElectionTicks    = 10
	raftHeartbeatTicks   = 1
	raftMaxInflight      = 5
	raftSnapshotInterval = 16 << 20
)

// Capabilities of the channel. V2_5 of the application is what PurgePrivateData needs.
const (
	channelCapability     = "V2_0"
	ordererCapability     = "V2_0"
	applicationCapability = "V2_5"
)

// Material is what the block holds of the members' cryptography.
type Material struct {
	// Roots are the members' CA certificates by member name.
	Roots map[string]*x509.Certificate
	// OrdererTLS are the ordering nodes' TLS certificates by node name.
	OrdererTLS map[string]*x509.Certificate
}

// Block makes the first block. Its error has code GENESIS_INVALID.
func Block(m *membership.Membership, material Material) (*common.Block, error) {
	applicationOrgs, ordererOrgs, err := organisations(m, material)
	if err != nil {
		return nil, err
	}
	consenters, err := consenters(m, material)
	if err != nil {
		return nil, err
	}
	block, err := configtx.NewApplicationChannelGenesisBlock(configtx.Channel{
		Application: configtx.Application{
			Organizations: applicationOrgs,
			Capabilities:  []string{applicationCapability},
			Policies:      Policies(policy.Application(m, membership.Standing{})),
			ACLs:          policy.ACLs(),
		},
		Orderer: configtx.Orderer{
			OrdererType:  orderer.ConsensusTypeEtcdRaft,
			BatchTimeout: BatchTimeout,
			BatchSize: orderer.BatchSize{
				MaxMessageCount: MaxMessageCount, AbsoluteMaxBytes: AbsoluteMaxBytes, PreferredMaxBytes: PreferredMaxBytes,
			},
			EtcdRaft: orderer.EtcdRaft{
				Consenters: consenters,
				Options: orderer.EtcdRaftOptions{
					TickInterval: raftTick, ElectionTick: raftElectionTicks, HeartbeatTick: raftHeartbeatTicks,
					MaxInflightBlocks: raftMaxInflight, SnapshotIntervalSize: raftSnapshotInterval,
				},
			},
			Organizations: ordererOrgs,
			Capabilities:  []string{ordererCapability},
			Policies:      Policies(policy.Orderer(m, membership.Standing{})),
			State:         orderer.ConsensusStateNormal,
		},
		Capabilities: []string{channelCapability},
		Policies:     Policies(policy.Channel(m, membership.Standing{})),
	}, m.Channel)
	if err != nil {
		return nil, failure.Wrap(failure.GenesisInvalid, err, "can't make the first block of channel %s", m.Channel)
	}
	if err := complete(m, material, block); err != nil {
		return nil, failure.Wrap(failure.GenesisInvalid, err, "can't complete the first block")
	}
	return block, nil
}

func organisations(m *membership.Membership, material Material) (application, ordering []configtx.Organization, err error) {
	for _, member := range m.Members {
		root, ok := material.Roots[member.Name]
		if !ok {
			return nil, nil, failure.New(failure.GenesisInvalid, "member %s: no CA certificate", member.Name)
		}
		identity := mspOf(member, root)
		rules, modPolicy := policy.ApplicationOrganisation(member)
		application = append(application, configtx.Organization{
			Name: member.MSP(), MSP: identity, Policies: Policies(rules), ModPolicy: modPolicy,
		})
		if !member.IsBrand() {
			continue
		}
		rules, modPolicy = policy.OrdererOrganisation(member)
		ordering = append(ordering, configtx.Organization{
			Name: member.MSP(), MSP: identity, Policies: Policies(rules), ModPolicy: modPolicy, OrdererEndpoints: endpoints(m, member),
		})
	}
	return application, ordering, nil
}

// mspOf describes a member's identities: one root for enrolment and TLS, told apart by organisational unit.
func mspOf(member membership.Member, root *x509.Certificate) configtx.MSP {
	unit := func(name string) msp.OUIdentifier {
		return msp.OUIdentifier{Certificate: root, OrganizationalUnitIdentifier: name}
	}
	return configtx.MSP{
		Name:         member.MSP(),
		RootCerts:    []*x509.Certificate{root},
		TLSRootCerts: []*x509.Certificate{root},
		CryptoConfig: msp.CryptoConfig{SignatureHashFamily: "SHA2", IdentityIdentifierHashFunction: "SHA256"},
		NodeOUs: msp.NodeOUs{
			Enable:             true,
			ClientOUIdentifier: unit("client"), PeerOUIdentifier: unit("peer"),
			AdminOUIdentifier: unit("admin"), OrdererOUIdentifier: unit("orderer"),
		},
	}
}

func endpoints(m *membership.Membership, member membership.Member) []string {
	var list []string
	for i := range member.Orderers {
		list = append(list, membership.Address(m.OrdererPorts(member.Name, i).Listen))
	}
	return list
}

func consenters(m *membership.Membership, material Material) ([]orderer.Consenter, error) {
	var list []orderer.Consenter
	for _, member := range m.Brands() {
		for i := range member.Orderers {
			node := membership.OrdererNode(member.Name, i)
			certificate, ok := material.OrdererTLS[node]
			if !ok {
				return nil, failure.New(failure.GenesisInvalid, "%s: no TLS certificate", node)
			}
			list = append(list, orderer.Consenter{
				Address:       orderer.EtcdAddress{Host: membership.Host, Port: m.OrdererPorts(member.Name, i).Listen},
				ClientTLSCert: certificate, ServerTLSCert: certificate,
			})
		}
	}
	return list, nil
}

// Policies gives rules the form that the configuration library takes.
func Policies(rules []policy.Rule) map[string]configtx.Policy {
	named := make(map[string]configtx.Policy, len(rules))
	for _, rule := range rules {
		named[rule.Name] = configtx.Policy{Type: string(rule.Type), Rule: rule.Rule, ModPolicy: rule.ModPolicy}
	}
	return named
}

package nodeconfig

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// Limits of a gateway that this package sets; the gateway documents their range.
const (
	gatewayLanes    = 8   // batches in flight
	gatewayBatchMax = 500 // operations in one batch
	custodianFirst  = 1   // version of the custodian key
)

// Gateway is the configuration file of one tally-gateway process.
type Gateway struct {
	Member        string           `yaml:"member"`
	MSP           string           `yaml:"msp"`
	Mode          string           `yaml:"mode"`
	Channel       string           `yaml:"channel"`
	Listen        string           `yaml:"listen"`
	Database      string           `yaml:"database"`
	Programme     string           `yaml:"programme,omitempty"`
	ActsFor       string           `yaml:"actsFor,omitempty"`
	Peers         []GatewayPeer    `yaml:"peers"`
	Members       []GatewayMember  `yaml:"members"`
	Identity      KeyPair          `yaml:"identity"`
	Operator      *KeyPair         `yaml:"operator,omitempty"`
	Compliance    *KeyPair         `yaml:"compliance,omitempty"`
	Treasurer     *KeyPair         `yaml:"treasurer,omitempty"`
	Custodian     *Custodian       `yaml:"custodian,omitempty"`
	Partners      []GatewayPartner `yaml:"partners,omitempty"`
	PartnerListen string           `yaml:"partnerListen,omitempty"`
	PartnerTLS    *KeyPair         `yaml:"partnerTLS,omitempty"`
	Bank          *GatewayBank     `yaml:"bank,omitempty"`
	People        *GatewayPeople   `yaml:"people,omitempty"`
	Reports       GatewayReports   `yaml:"reports"`
	Secret        string           `yaml:"secret"`
	APIKeys       string           `yaml:"apiKeys"`
	Lanes         int              `yaml:"lanes"`
	BatchMax      int              `yaml:"batchMax"`
	Log           GatewayLog       `yaml:"log"`
}

// GatewayPeer is a peer that the gateway may ask.
type GatewayPeer struct {
	Name       string `yaml:"name"`
	Member     string `yaml:"member"`
	MSP        string `yaml:"msp"`
	Endpoint   string `yaml:"endpoint"`
	TLSRoot    string `yaml:"tlsRoot"`
	ServerName string `yaml:"serverName"`
}

// GatewayPartner is another brand's gateway.
type GatewayPartner struct {
	Member     string `yaml:"member"`
	Endpoint   string `yaml:"endpoint"`
	TLSRoot    string `yaml:"tlsRoot"`
	ServerName string `yaml:"serverName"`
}

// GatewayBank says where the brands settle.
type GatewayBank struct {
	Accounts []GatewayAccount `yaml:"accounts"`
}

// GatewayPeople says where a brand's gateway keeps what it knows of customers, and the folders of the keys for that.
type GatewayPeople struct {
	Database   string `yaml:"database"`
	MasterKeys string `yaml:"masterKeys"`
	IndexKeys  string `yaml:"indexKeys"`
	// Origin is where customers reach the wallet: on this machine, so that browsers take it for trustworthy without TLS.
	Origin string        `yaml:"origin"`
	SMTP   GatewayFolder `yaml:"smtp"`
	SMS    GatewayFolder `yaml:"sms"`
}

// GatewayReports says with which key reports are signed.
type GatewayReports struct {
	Key string `yaml:"key"`
}

// GatewayFolder keeps messages to customers as files in place of sending them.
type GatewayFolder struct {
	Folder string `yaml:"folder"`
}

// GatewayAccount is a brand's bank account.
type GatewayAccount struct {
	Member string `yaml:"member"`
	Name   string `yaml:"name"`
	IBAN   string `yaml:"iban"`
	BIC    string `yaml:"bic,omitempty"`
}

// GatewayMember is a member of the consortium.
type GatewayMember struct {
	Name string `yaml:"name"`
	MSP  string `yaml:"msp"`
	Kind string `yaml:"kind"`
}

// KeyPair is an enrolled identity.
type KeyPair struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Custodian is the key that signs for customers who have a phone or card only.
type Custodian struct {
	Key     string `yaml:"key"`
	Version int    `yaml:"version"`
}

// GatewayLog sets the gateway's logging.
type GatewayLog struct {
	Level string `yaml:"level"`
}

// Modes of a gateway.
const (
	writerMode = "writer"
	readerMode = "reader"
)

// GatewayFor gives a member's gateway configuration for a run directory.
func GatewayFor(dir rundir.Dir, m *membership.Membership, member membership.Member, logLevel string) Gateway {
	files := GatewayFiles(dir, member.Name)
	config := Gateway{
		Member:   member.Name,
		MSP:      member.MSP(),
		Mode:     readerMode,
		Channel:  m.Channel,
		Listen:   membership.Address(m.GatewayPort(member.Name)),
		Database: files.Database,
		Peers:    gatewayPeers(dir, m, member),
		Identity: keyPair(dir, member.Name, membership.AuditorRole),
		Secret:   files.Secret,
		APIKeys:  files.Keys,
		Lanes:    gatewayLanes,
		BatchMax: gatewayBatchMax,
		Log:      GatewayLog{Level: logLevel},
		Reports:  GatewayReports{Key: files.ReportKey},
	}
	for _, other := range m.Members {
		config.Members = append(config.Members, GatewayMember{Name: other.Name, MSP: other.MSP(), Kind: string(other.Kind)})
	}
	if !member.IsBrand() {
		return config
	}
	operator := keyPair(dir, member.Name, membership.OperatorRole)
	config.Mode = writerMode
	config.Programme = member.Name
	config.Identity = keyPair(dir, member.Name, membership.GatewayRole)
	treasurer := keyPair(dir, member.Name, membership.TreasurerRole)
	compliance := keyPair(dir, member.Name, membership.ComplianceRole)
	config.Operator, config.Compliance, config.Treasurer = &operator, &compliance, &treasurer
	config.Custodian = &Custodian{Key: files.Custodian, Version: custodianFirst}
	own := dir.Identity(member.Name, string(membership.GatewayRole))
	config.Partners = gatewayPartners(dir, m, member)
	config.PartnerListen = membership.Address(m.GatewayPartnerPort(member.Name))
	config.PartnerTLS = &KeyPair{Cert: own.TLSCertificate(), Key: own.TLSKey()}
	config.Bank = gatewayBank(m)
	config.People = &GatewayPeople{Database: files.People, MasterKeys: files.MasterKeys, IndexKeys: files.IndexKeys,
		Origin: WalletOrigin(m, member.Name), SMTP: GatewayFolder{files.Messages}, SMS: GatewayFolder{files.Messages}}
	return config
}

// WalletOrigin is where a brand's customers reach the wallet of a consortium on this machine.
func WalletOrigin(m *membership.Membership, member string) string {
	return fmt.Sprintf("http://%s:%d", WalletHost, m.GatewayPort(member))
}

// WalletHost is the one name that browsers trust without TLS; passkeys are made for it.
const WalletHost = "localhost"

// gatewayBank lists the accounts of all brands: who pays whom is known only when a window is settled. Nil when none is given.
func gatewayBank(m *membership.Membership) *GatewayBank {
	var accounts []GatewayAccount
	for _, brand := range m.Brands() {
		if a := brand.Account; a != nil {
			accounts = append(accounts, GatewayAccount{Member: brand.Name, Name: a.Name, IBAN: a.IBAN, BIC: a.BIC})
		}
	}
	if accounts == nil {
		return nil
	}
	return &GatewayBank{Accounts: accounts}
}

// gatewayPartners lists the other brands' gateways. Their certificates have the name that the gateway's identity has in its member's CA.
func gatewayPartners(dir rundir.Dir, m *membership.Membership, member membership.Member) []GatewayPartner {
	var partners []GatewayPartner
	for _, other := range m.Members {
		if other.Name == member.Name || !other.IsBrand() {
			continue
		}
		partners = append(partners, GatewayPartner{
			Member: other.Name, Endpoint: membership.Address(m.GatewayPartnerPort(other.Name)), TLSRoot: dir.CACertificate(other.Name), ServerName: string(membership.GatewayRole),
		})
	}
	return partners
}

// YAML encodes the configuration file.
func (g Gateway) YAML() ([]byte, error) {
	data, err := yaml.Marshal(g)
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "can't encode a gateway configuration")
	}
	return data, nil
}

// gatewayPeers lists the member's own peers first: those serve its gateway.
func gatewayPeers(dir rundir.Dir, m *membership.Membership, member membership.Member) []GatewayPeer {
	ordered := []membership.Member{member}
	for _, other := range m.Members {
		if other.Name != member.Name {
			ordered = append(ordered, other)
		}
	}
	var peers []GatewayPeer
	for _, of := range ordered {
		for i := range of.Peers {
			peers = append(peers, GatewayPeer{
				Name: membership.PeerNode(of.Name, i), Member: of.Name, MSP: of.MSP(),
				Endpoint:   membership.Address(m.PeerPorts(of.Name, i).Listen),
				TLSRoot:    dir.CACertificate(of.Name),
				ServerName: membership.Host,
			})
		}
	}
	return peers
}

func keyPair(dir rundir.Dir, member string, role membership.Role) KeyPair {
	identity := dir.Identity(member, string(role))
	return KeyPair{Cert: identity.Certificate(), Key: identity.Key()}
}

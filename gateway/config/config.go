package config

import (
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

// Mode says whether a gateway has a write side.
type Mode string

// The modes of a gateway.
const (
	Writer Mode = "writer" // Sequences its member's programme.
	Reader Mode = "reader" // Projects its peer and answers queries; the regulator's.
)

// Limits and defaults.
const (
	DefaultChannel  = "loyalty"
	DefaultLanes    = 8
	MaxLanes        = 64 // Lanes of a gateway are 0 to MaxLanes-1; others of the same submitter are never fenced.
	DefaultBatchMax = 500
	DefaultBacklog  = 100_000 // Operations that may wait; a further one is OVERLOADED.
	MaxBacklog      = 1_000_000
	DefaultLogLevel = "info"

	DefaultSweepInterval    = time.Second
	MinSweepInterval        = 100 * time.Millisecond
	MaxSweepInterval        = time.Hour
	DefaultSweepOutstanding = 500
	MaxSweepOutstanding     = 500
	DefaultSweepBacklog     = DefaultBatchMax // What waits fits into one batch.

	DefaultClerkInterval = 2 * time.Second
	MinClerkInterval     = 100 * time.Millisecond
	MaxClerkInterval     = time.Hour
	MaxBankAccounts      = 1_000
)

// Config is a validated configuration: Load makes it. Paths are absolute.
type Config struct {
	Member     string   // This gateway's member.
	MSP        string   // Its MSP id.
	Mode       Mode     // Writer by default.
	Channel    string   // DefaultChannel by default.
	Listen     string   // host:port of the HTTP API; a loopback host.
	Database   string   // SQLite file.
	Programme  string   // Whose points-<programme> it sequences; of a writer.
	ActsFor    string   // Name of the failed brand whose programme it is, when the brands voted that the member acts for it; empty in the member's own gateway.
	Peers      []Peer   // All members' peers; at least one is the own member's.
	Members    []Member // Of the consortium.
	Identity   KeyPair  // With which it speaks to peers.
	Operator   KeyPair  // Administers the programme; empty when it doesn't.
	Compliance KeyPair  // Asks for freezes and decides on them; empty when this gateway doesn't.
	Treasurer  KeyPair  // Signs what concerns money between brands; empty when this gateway doesn't.

	Partners      []Partner // Gateways of other brands: those that this one passes operations on to and takes them from.
	PartnerListen string    // host:port for them; empty to take none.
	PartnerTLS    KeyPair   // This gateway's certificate towards them, on both sides of a connection.

	Custodian Custodian // Of a writer.
	Secret    string    // File with 64 hex digits: keys the fingerprints.
	APIKeys   string    // YAML file with the hashes of the API keys.
	Lanes     int       // In-flight batches, 1 to MaxLanes.
	BatchMax  int       // Operations in a batch, 1 to wire.MaxBatch.
	Backlog   int       // Waiting operations, 1 to MaxBacklog.
	Sweep     Sweep     // Of a writer.
	Clerk     Clerk     // Of a writer.
	Bank      Bank      // Of a writer with a treasurer.
	People    People    // Of a writer that keeps its customers' data.
	Reports   Reports
	Tracing   Tracing
	Log       Log
}

// Peer is where a member's peer is reached.
type Peer struct {
	Name       string // peer0.airline
	Member     string
	MSP        string
	Endpoint   string // host:port
	TLSRoot    string // PEM file of the CA that signed the peer's TLS certificate.
	ServerName string // Name in that certificate; empty: the endpoint's host.
}

// Partner is another brand's gateway.
type Partner struct {
	Member     string
	Endpoint   string // host:port of its listener for other members' gateways.
	TLSRoot    string // PEM file of the CA that signs its certificate: the only one that is believed for it.
	ServerName string // Name in its certificate, on both sides of a connection: other certificates of that CA are not its gateway's.
}

// Member is one organisation of the consortium.
type Member struct {
	Name string
	MSP  string
	Kind clearing.Kind
}

// KeyPair is a certificate and its private key, PEM files.
type KeyPair struct{ Cert, Key string }

// Given says whether the pair is configured.
func (k KeyPair) Given() bool { return k.Cert != "" && k.Key != "" }

// Custodian is the key with which the brand signs debits of customers who have no key of their own.
type Custodian struct {
	Key     string // PEM file, P-256, PKCS#8.
	Version int    // Of the key in the programme's record, from 1.
}

// Sweep says how the gateway does what nobody asks for: expire what is due on accounts that nobody touches, fold credits that wait, and end what is left open with partners.
type Sweep struct {
	Interval    time.Duration // How often it is looked what there is to do, MinSweepInterval to MaxSweepInterval.
	Outstanding int           // Operations of one sort under way at the same time, 0 to MaxSweepOutstanding; 0 does nothing of it all.
	Backlog     int           // What is due waits while more operations than these wait, 0 to MaxBacklog.
}

// Clerk says how the gateway brings clearing windows on by itself.
type Clerk struct {
	Off      bool          // Everything about windows is left to people.
	Interval time.Duration // How often it is looked what there is to do, MinClerkInterval to MaxClerkInterval.
}

// Bank says from which account the member settles and into which accounts the others want to be paid.
type Bank struct {
	Charges  bankfiles.Charges // Who bears the banks' charges; by the rules of the service level when empty.
	OmitUETR bool              // For banks that take no more than SEPA's subset of the schema.
	Accounts []BankAccount     // Of the own member and of those it pays.
}

// BankAccount is where a member settles.
type BankAccount struct {
	Member   string
	Currency string // Empty for all currencies without an account of their own.
	Name     string // The owner's.
	IBAN     string
	Other    string // Number of an account without an IBAN.
	BIC      string
}

// Account finds where a member settles in a currency; false when the configuration doesn't say.
func (b *Bank) Account(member, currency string) (bankfiles.Account, bool) {
	for _, wanted := range []string{currency, ""} {
		for _, a := range b.Accounts {
			if a.Member == member && a.Currency == wanted {
				return a.account(), true
			}
		}
	}
	return bankfiles.Account{}, false
}

func (a *BankAccount) account() bankfiles.Account {
	return bankfiles.Account{Name: a.Name, IBAN: a.IBAN, Other: a.Other, BIC: a.BIC}
}

// Log says what is logged.
type Log struct{ Level string } // debug, info, warn or error.

// OwnPeers are the member's own peers, in the file's order.
func (c *Config) OwnPeers() []Peer { return c.PeersOf(c.Member) }

// PeersOf are a member's peers, in the file's order.
func (c *Config) PeersOf(member string) []Peer {
	var own []Peer
	for _, p := range c.Peers {
		if p.Member == member {
			own = append(own, p)
		}
	}
	return own
}

// Brands are the members that endorse, in the file's order.
func (c *Config) Brands() []Member {
	var brands []Member
	for _, m := range c.Members {
		if m.Kind == clearing.KindBrand {
			brands = append(brands, m)
		}
	}
	return brands
}

// Represented is the member that the gateway acts for: its own, or the failed one that ActsFor names. Its lanes are that member's.
func (c *Config) Represented() Member {
	name := c.Member
	if c.ActsFor != "" {
		name = c.ActsFor
	}
	m, _ := c.member(name)
	return m
}

// resolve makes relative paths relative to the configuration's folder.
func (c *Config) resolve(folder string) {
	paths := []*string{&c.Database, &c.Identity.Cert, &c.Identity.Key, &c.Operator.Cert, &c.Operator.Key, &c.Compliance.Cert, &c.Compliance.Key, &c.Treasurer.Cert,
		&c.Treasurer.Key, &c.Custodian.Key, &c.Secret, &c.APIKeys, &c.Tracing.File}
	paths = append(paths, c.People.paths()...)
	paths = append(paths, c.Reports.paths()...)
	paths = append(paths, &c.PartnerTLS.Cert, &c.PartnerTLS.Key)
	for i := range c.Peers {
		paths = append(paths, &c.Peers[i].TLSRoot)
	}
	for i := range c.Partners {
		paths = append(paths, &c.Partners[i].TLSRoot)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) && !isCredential(*p) {
			*p = filepath.Join(folder, *p)
		}
	}
}

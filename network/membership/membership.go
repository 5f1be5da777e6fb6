package membership

import (
	"slices"
	"strings"
)

// Limits of one consortium. They follow from the port table (ports.go) and from what one channel is meant to carry.
const (
	MinBrands   = 2 // a brand's points need another brand's endorsement
	MaxBrands   = 16
	MaxMembers  = 20
	MaxPeers    = 4
	MaxOrderers = 2
)

// DefaultChannel is the channel that every member joins.
const DefaultChannel = "loyalty"

// Kind tells what a member may do.
type Kind string

const (
	// Brand issues points, endorses and orders.
	Brand Kind = "brand"
	// Regulator reads everything it may and writes nothing.
	Regulator Kind = "regulator"
)

// Membership is a validated consortium. Load and Parse make one; the zero value is of no use.
type Membership struct {
	Channel  string   `yaml:"channel"`
	PortBase int      `yaml:"portBase"`
	Members  []Member `yaml:"members"`
	// Clearing is what founding begins between the brands; without it they have no agreements and owe each other nothing.
	Clearing *Clearing `yaml:"clearing,omitempty"`
}

// Member is one organisation of the consortium.
type Member struct {
	// Name is lower-case letters and digits, 2 to 20 long. It names nodes, folders, chaincodes and collections.
	Name string `yaml:"name"`
	Kind Kind   `yaml:"kind"`
	// Peers is 1 to MaxPeers, 1 when left out.
	Peers int `yaml:"peers,omitempty"`
	// Orderers is 1 to MaxOrderers for a brand, 1 when left out; a regulator has none.
	Orderers int `yaml:"orderers,omitempty"`
	// Programme is what founding records for a brand; a regulator has none.
	Programme *Programme `yaml:"programme,omitempty"`
	// Account is where a brand settles what netting says; without it no gateway can write or read bank files about the brand.
	Account *Account `yaml:"account,omitempty"`
}

// Account is a brand's bank account.
type Account struct {
	// Name is the owner's, 1 to 70 characters.
	Name string `yaml:"name"`
	// IBAN has capital letters and digits without blanks; the gateways check its check digits when they start.
	IBAN string `yaml:"iban"`
	// BIC may be left out.
	BIC string `yaml:"bic,omitempty"`
}

// Programme is a brand's loyalty programme as founding creates it.
type Programme struct {
	DisplayName string `yaml:"displayName"`
	// Currency is an ISO 4217 code.
	Currency string `yaml:"currency"`
	// Rate makes plain terms, together with MaxReceiptAgeDays and UnreferencedReturns; Terms stand in their place.
	Rate Rate `yaml:"rate,omitempty"`
	// Terms are the programme's first terms in full, under the names of the ledger's document; founding checks them.
	Terms map[string]any `yaml:"terms,omitempty"`
	// DataPolicy is the first version of what the brand promises about personal data, under the names of the ledger's document but for v, version and from; plain
	// promises stand in its place.
	DataPolicy map[string]any `yaml:"dataPolicy,omitempty"`
	// RelyingParty is for whom customers make passkeys; without it the programme takes none.
	RelyingParty *RelyingParty `yaml:"relyingParty,omitempty"`
	// Simulated programmes replay old years: their business date isn't held to the clock. Immutable on the ledger.
	Simulated bool `yaml:"simulated,omitempty"`
	// BusinessDate (YYYY-MM-DD) is the first business day. Left out, it is the day of founding; a simulated programme names it.
	BusinessDate string `yaml:"businessDate,omitempty"`
	// Engine is the version of the domain's behaviour that the programme starts with; left out, the newest. Its operator activates later ones.
	Engine int `yaml:"engine,omitempty"`
	// MaxReceiptAgeDays is how old a till's receipt may be, 1 to MaxReceiptAge days.
	MaxReceiptAgeDays int `yaml:"maxReceiptAgeDays,omitempty"`
	// UnreferencedReturns allows a return that names no earlier receipt.
	UnreferencedReturns bool `yaml:"unreferencedReturns,omitempty"`
}

// RelyingParty is a domain name and the pages under it that may ask for a passkey's signature.
type RelyingParty struct {
	ID      string   `yaml:"id"`
	Origins []string `yaml:"origins"`
}

// Rate is how many points a sale earns: Points for each PerMinor minor units of the currency.
type Rate struct {
	Points   int64 `yaml:"points"`
	PerMinor int64 `yaml:"perMinor"`
}

// MSP is the member's identity on the channel: AirlineMSP for airline.
func (member Member) MSP() string { return member.Title() + "MSP" }

// Title is the name with a capital first letter.
func (member Member) Title() string { return strings.ToUpper(member.Name[:1]) + member.Name[1:] }

// IsBrand tells whether the member issues points.
func (member Member) IsBrand() bool { return member.Kind == Brand }

// Brands gives the brands in the file's order.
func (m *Membership) Brands() []Member { return m.ofKind(Brand) }

// Regulators gives the regulators in the file's order.
func (m *Membership) Regulators() []Member { return m.ofKind(Regulator) }

func (m *Membership) ofKind(kind Kind) []Member {
	return slices.DeleteFunc(slices.Clone(m.Members), func(member Member) bool { return member.Kind != kind })
}

// Member finds a member by name.
func (m *Membership) Member(name string) (Member, bool) {
	i := slices.IndexFunc(m.Members, func(member Member) bool { return member.Name == name })
	if i < 0 {
		return Member{}, false
	}
	return m.Members[i], true
}

// Majority is how many brands are more than half of them.
func (m *Membership) Majority() int { return MajorityOf(m.Brands()) }

// Contract is the business contract that a chaincode runs.
type Contract string

const (
	// PointsContract holds one brand's points.
	PointsContract Contract = "points"
	// ClearingContract holds the membership and what brands owe each other.
	ClearingContract Contract = "clearing"
)

// Chaincode is one deployment on the channel.
type Chaincode struct {
	// Name is also the package's label: a callee of the caller's own package would fail.
	Name     string
	Contract Contract
	// Brand issues these points; empty for clearing.
	Brand string
}

// Chaincodes gives the deployments: points of every brand in the file's order, then clearing.
func (m *Membership) Chaincodes() []Chaincode {
	var all []Chaincode
	for _, brand := range m.Brands() {
		all = append(all, Chaincode{Name: PointsChaincode(brand.Name), Contract: PointsContract, Brand: brand.Name})
	}
	return append(all, Chaincode{Name: string(ClearingContract), Contract: ClearingContract})
}

// PointsChaincode names the chaincode of a brand's points.
func PointsChaincode(brand string) string { return string(PointsContract) + "-" + brand }

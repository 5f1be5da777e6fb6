package ca

import (
	"crypto/rand"
	"encoding/hex"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/nodeconfig"
)

// Types of an identity: the organisational unit that Fabric tells nodes, clients and administrators apart by.
const (
	adminType   = "admin"
	clientType  = "client"
	peerType    = "peer"
	ordererType = "orderer"
)

const secretBytes = 24

// certificates says what an identity enrols for.
type certificates int

const (
	signing certificates = iota
	tlsOnly
	signingAndTLS
)

// enrolment is one identity and what it gets.
type enrolment struct {
	nodeconfig.Enrollee
	certificates certificates
}

// enrolments lists a member's identities, without secrets.
func enrolments(member membership.Member) []enrolment {
	list := []enrolment{
		{identity(membership.RegistrarIdentity, clientType, registrarAttributes()...), signing},
		{identity(membership.AdminIdentity, adminType), signing},
	}
	for i := range member.Orderers {
		list = append(list, enrolment{identity(membership.OrdererNode(member.Name, i), ordererType), signingAndTLS})
	}
	for i := range member.Peers {
		list = append(list, enrolment{identity(membership.PeerNode(member.Name, i), peerType), signingAndTLS})
		if member.IsBrand() {
			list = append(list, enrolment{identity(membership.ChaincodeNode(member.Name, i), clientType), tlsOnly})
		}
	}
	for _, role := range member.Roles() {
		attribute := nodeconfig.Attribute{Name: membership.RoleAttribute, Value: string(role) + ":ecert"}
		certificates := signing
		if role == membership.GatewayRole {
			certificates = signingAndTLS // Gateways speak to each other.
		}
		enrollee := identity(string(role), clientType, attribute)
		enrollee.Affiliation = affiliation(role)
		list = append(list, enrolment{enrollee, certificates})
	}
	return list
}

// affiliation of an identity at the CA by its role; empty for those that only read.
func affiliation(role membership.Role) string {
	if role.Writes() {
		return membership.WritersUnit
	}
	return ""
}

func identity(name, kind string, attributes ...nodeconfig.Attribute) nodeconfig.Enrollee {
	return nodeconfig.Enrollee{Name: name, Type: kind, Attributes: attributes}
}

func registrarAttributes() []nodeconfig.Attribute {
	return []nodeconfig.Attribute{
		{Name: "hf.Registrar.Roles", Value: "*"},
		{Name: "hf.Registrar.Attributes", Value: "*"},
		{Name: "hf.Registrar.DelegateRoles", Value: "*"},
		{Name: "hf.Revoker", Value: "true"},
		{Name: "hf.GenCRL", Value: "true"},
		{Name: "hf.AffiliationMgr", Value: "true"},
	}
}

func drawSecrets(list []enrolment) error {
	for i := range list {
		drawn := make([]byte, secretBytes)
		if _, err := rand.Read(drawn); err != nil {
			return failure.Wrap(failure.EnrolFailed, err, "no randomness")
		}
		list[i].Secret = hex.EncodeToString(drawn)
	}
	return nil
}

// SecretlessConfig gives a member's CA configuration as it is checked in: every identity, no secret.
func SecretlessConfig(m *membership.Membership, member membership.Member) ([]byte, error) {
	return nodeconfig.Authority(m, member, enrollees(enrolments(member)))
}

func enrollees(list []enrolment) []nodeconfig.Enrollee {
	var plain []nodeconfig.Enrollee
	for _, e := range list {
		plain = append(plain, e.Enrollee)
	}
	return plain
}

func (a *Authority) config(m *membership.Membership) ([]byte, error) {
	return nodeconfig.Authority(m, a.member, enrollees(a.enrolments))
}

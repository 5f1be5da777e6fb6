package ca

import (
	"crypto/x509"
	"slices"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/attrmgr"

	"github.com/tallystick/tallystick/network/membership"
)

// RoleOf is the role that a certificate names, read as chaincode reads it; empty without one.
func RoleOf(c *x509.Certificate) membership.Role {
	attributes, err := attrmgr.New().GetAttributesFromCert(c)
	if err != nil {
		return ""
	}
	return membership.Role(attributes.Attrs[membership.RoleAttribute])
}

// PurposeOf is what a certificate is for.
func PurposeOf(c *x509.Certificate) Purpose {
	if slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
		return TLS
	}
	return Signing
}

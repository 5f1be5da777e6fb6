package ca

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"slices"

	"github.com/tallystick/tallystick/network/membership"
)

// attributesExtension is where Fabric CA puts an identity's attributes.
var attributesExtension = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// RoleOf is the role that a certificate names; empty without one.
func RoleOf(c *x509.Certificate) membership.Role {
	for _, e := range c.Extensions {
		if !e.Id.Equal(attributesExtension) {
			continue
		}
		var content struct {
			Attributes map[string]string `json:"attrs"`
		}
		if json.Unmarshal(e.Value, &content) == nil {
			return membership.Role(content.Attributes[membership.RoleAttribute])
		}
	}
	return ""
}

// PurposeOf is what a certificate is for.
func PurposeOf(c *x509.Certificate) Purpose {
	if slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
		return TLS
	}
	return Signing
}

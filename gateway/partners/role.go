package partners

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"

	"github.com/tallystick/tallystick/chaincode/engine"
)

// attributesOID is the certificate extension in which Fabric CA puts the attributes that a member's registrar gave an identity. An identity chooses the names in its certificate itself, but not these.
var attributesOID = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// roleOf is the role that a certificate names; empty when it names none, or can't be read.
func roleOf(c *x509.Certificate) string {
	for _, e := range c.Extensions {
		if !e.Id.Equal(attributesOID) {
			continue
		}
		var content struct {
			Attributes map[string]string `json:"attrs"`
		}
		if json.Unmarshal(e.Value, &content) != nil {
			return ""
		}
		return content.Attributes[engine.RoleAttribute]
	}
	return ""
}

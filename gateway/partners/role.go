package partners

import (
	"crypto/x509"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/attrmgr"

	"github.com/tallystick/tallystick/chaincode/engine"
)

// roleOf is the role that a certificate names, read as chaincode reads it; empty when it names none, or can't be read. A member's registrar gives it: an identity chooses
// the names in its certificate itself, but not this.
func roleOf(c *x509.Certificate) string {
	attributes, err := attrmgr.New().GetAttributesFromCert(c)
	if err != nil {
		return ""
	}
	return attributes.Attrs[engine.RoleAttribute]
}

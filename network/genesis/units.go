package genesis

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/policy"
)

// AddUnits has organisational units meet those rules of a member's group that name units: neither the configuration library's nor
// Fabric's text for rules has a word for them. The rules stand in the group already as their text says, and are met by that as before.
//
// Fabric holds a unit together with the chain of authorities that vouches for it, so each root has a principal of its own. GENESIS_INVALID
// when a rule isn't there or isn't one of signatures.
func AddUnits(group *common.ConfigGroup, organisation string, rules []policy.Rule, roots []*x509.Certificate) error {
	for _, rule := range rules {
		if len(rule.Units) == 0 {
			continue
		}
		written := group.GetPolicies()[rule.Name].GetPolicy()
		var envelope common.SignaturePolicyEnvelope
		if written.GetType() != int32(common.Policy_SIGNATURE) || proto.Unmarshal(written.GetValue(), &envelope) != nil {
			return failure.New(failure.GenesisInvalid, "%s of %s is no rule of signatures", rule.Name, organisation)
		}
		alternatives := []*common.SignaturePolicy{envelope.GetRule()}
		for _, unit := range rule.Units {
			for _, root := range roots {
				principal, err := unitPrincipal(organisation, unit, root)
				if err != nil {
					return err
				}
				alternatives = append(alternatives, &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{SignedBy: int32(len(envelope.GetIdentities()))}})
				envelope.Identities = append(envelope.Identities, principal)
			}
		}
		envelope.Rule = &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{NOutOf: &common.SignaturePolicy_NOutOf{N: 1, Rules: alternatives}}}
		value, err := proto.Marshal(&envelope)
		if err != nil {
			return failure.Wrap(failure.GenesisInvalid, err, "can't encode a rule")
		}
		written.Value = value
	}
	return nil
}

func unitPrincipal(organisation, unit string, root *x509.Certificate) (*msp.MSPPrincipal, error) {
	certifiers, err := certifiersIdentifier(root)
	if err != nil {
		return nil, failure.Wrap(failure.GenesisInvalid, err, "the CA certificate of %s can't be read", organisation)
	}
	content, err := proto.Marshal(&msp.OrganizationUnit{MspIdentifier: organisation, OrganizationalUnitIdentifier: unit, CertifiersIdentifier: certifiers})
	if err != nil {
		return nil, failure.Wrap(failure.GenesisInvalid, err, "can't encode a principal")
	}
	return &msp.MSPPrincipal{PrincipalClassification: msp.MSPPrincipal_ORGANIZATION_UNIT, Principal: content}, nil
}

// certifiersIdentifier is how Fabric names the chain above an identity that a root has signed itself: the SHA-256 of the root's bytes, in
// which an ECDSA signature is brought to its lower half (fabric/msp: getCertificationChainIdentifierFromChain, sanitizeECDSASignedCert).
func certifiersIdentifier(root *x509.Certificate) ([]byte, error) {
	raw, err := lowerSignature(root)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return sum[:], nil
}

// certificateParts is RFC 5280's Certificate (section 4.1), whose first two fields stay as they are.
type certificateParts struct {
	ToBeSigned, Algorithm asn1.RawValue
	Signature             asn1.BitString
}

// lowerSignature gives the bytes of a root whose own signature has its s in the lower half of the curve's order.
func lowerSignature(root *x509.Certificate) ([]byte, error) {
	key, ok := root.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return root.Raw, nil
	}
	var signature struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(root.Signature, &signature); err != nil {
		return nil, err
	}
	order := key.Params().N
	if signature.S.Cmp(new(big.Int).Rsh(order, 1)) <= 0 {
		return root.Raw, nil
	}
	var parts certificateParts
	if _, err := asn1.Unmarshal(root.Raw, &parts); err != nil {
		return nil, err
	}
	signature.S.Sub(order, signature.S)
	bytes, err := asn1.Marshal(signature)
	if err != nil {
		return nil, err
	}
	parts.Signature = asn1.BitString{Bytes: bytes, BitLength: 8 * len(bytes)}
	return asn1.Marshal(parts)
}

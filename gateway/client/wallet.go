package client

import (
	"crypto/ecdsa"
	"crypto/rand"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Sign signs a mandate as a wallet with a controller of kind p256 does: its digest, r||s with low s. INVALID_VALUE when the key is on another curve.
func Sign(key *ecdsa.PrivateKey, m points.Mandate) (points.Authorisation, error) {
	if _, err := points.EncodePublicKey(&key.PublicKey); err != nil {
		return points.Authorisation{}, err
	}
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		return points.Authorisation{}, err
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		return points.Authorisation{}, fault.New(fault.Internal, "the key can't sign: %v", err)
	}
	return points.Authorisation{Mandate: m, Signature: points.SignatureOver(r, s)}, nil
}

// Authorise signs what a gateway prepared and gives the operation to submit. A wallet looks at the mandate before: it binds whoever holds the key.
func Authorise(key *ecdsa.PrivateKey, p PreparedMandate) (OperationRequest, error) {
	a, err := Sign(key, p.Mandate)
	if err != nil {
		return OperationRequest{}, err
	}
	o := p.Operation
	o.Authorisation = &a
	return o, nil
}

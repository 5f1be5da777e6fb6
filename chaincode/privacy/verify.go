package privacy

import (
	"crypto/ecdsa"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/points"
)

// Verify checks both halves of a consent's signature: VerifySignature and GivenBy. account is the customer's as it stands now.
func (s *SignedConsent) Verify(p *points.Programme, account *points.Account, digest []byte) error {
	if err := s.GivenBy(account); err != nil {
		return err
	}
	return s.VerifySignature(p, digest)
}

// VerifySignature returns SIGNATURE_REFUSED unless the controller that the consent states signed digest, the SHA-256 of its body's canonical JSON, and CONSENT_MISMATCH when it
// was given for another channel or programme. Whether that is the controller of the customer's account is for GivenBy: a transaction that looked at the account would name it
// in public, beside the consent.
func (s *SignedConsent) VerifySignature(p *points.Programme, digest []byte) error {
	if s.Body.Genesis != p.Genesis || s.Body.Brand != p.Brand {
		return fault.New(fault.ConsentMismatch, "the consent was given for another channel or programme")
	}
	key, err := s.key(p)
	if err != nil {
		return err
	}
	if !points.Signed(key, &p.RelyingParty, s.WebAuthn, digest, s.Signature) {
		return fault.New(fault.SignatureRefused, "the consent is not signed by the controller that it states")
	}
	return nil
}

// GivenBy returns CONSENT_MISMATCH unless the consent was given for this account, SIGNATURE_REFUSED unless by its controller. A controller that the account had before
// is taken at its word, since the
// account keeps the last one only; who holds the blocks can look it up.
func (s *SignedConsent) GivenBy(account *points.Account) error {
	if s.Body.Account != account.ID {
		return fault.New(fault.ConsentMismatch, "the consent was given for another account")
	}
	if s.Controller.Version > account.Controller.Version || s.Controller.Version == account.Controller.Version && s.Controller != account.Controller {
		return fault.New(fault.SignatureRefused, "the consent's controller is not the account's")
	}
	return nil
}

// key is the key that has to have signed: the controller's own, or the custodian's version that was in use when the consent was given.
func (s *SignedConsent) key(p *points.Programme) (*ecdsa.PublicKey, error) {
	if s.Controller.Kind != points.ControllerCustodian {
		return p256.ParseKey(s.Controller.Key)
	}
	encoded, code := p.CustodianKeyAt(s.Custodian, s.Body.Given)
	if code != fault.OK {
		return nil, fault.New(fault.SignatureRefused, "the programme had no custodian's key of this version when the consent was given")
	}
	return p256.ParseKey(encoded)
}

package ledgertest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

// DataPolicy is a data policy in force from a programme's first day on, with the purposes offers and service.
func (p *Programme) DataPolicy(version int) privacy.Policy {
	words := map[string]string{"en": "Words."}
	return privacy.Policy{
		V: 1, Version: version, From: p.record().BusinessDate, Prose: words, Purposes: []privacy.Purpose{{Code: "offers", Words: words}, {Code: "service", Words: words}},
		Attributes: []privacy.AttributeSchema{{Name: "custom.seat", Kind: privacy.KindChoice, MaxBytes: 16, Choices: []string{"aisle", "window"}, Words: words, RetentionDays: 365}},
	}
}

func (p *Programme) record() *points.Programme {
	p.ledger.t.Helper()
	var record points.Programme
	must(p.ledger.t, wire.DecodeRecord(p.ledger.State(p.Chaincode(), engine.ProgrammeKey()), &record))
	return &record
}

// Entry is a new entry of the vault with a random salt; its box is as random and stands for a ciphertext.
func (l *Ledger) Entry() privacy.Put {
	l.t.Helper()
	key, entry, err := privacy.NewEntry(random.Bytes(privacy.SaltBytes), random.Bytes(privacy.MinBoxBytes+20))
	must(l.t, err)
	return privacy.Put{Key: key, Value: l.Encode(entry)}
}

// Consent is the body of a consent for the purpose offers that begins now and lasts an hour, under a published version of the data policy.
func (p *Programme) Consent(account points.AccountID, grantee string, policy wire.Published, attributes ...string) privacy.ConsentBody {
	p.ledger.t.Helper()
	slices.Sort(attributes)
	return privacy.ConsentBody{
		V: 1, Salt: random.Hex(privacy.SaltBytes), ID: privacy.ConsentID(random.Hex(16)), Genesis: p.ledger.Genesis,
		Account: account, Brand: p.Brand.Name, Grantee: grantee, Attributes: attributes, Purpose: "offers", LegalBasis: privacy.LegalBasisConsent,
		From: p.Now, Until: p.Now + 3600, Policy: policy.Version, PolicyHash: policy.Hash, Notice: strings.Repeat("4e", 32), Language: "en", Given: p.Now,
		Method: privacy.MethodAuthenticated,
	}
}

// SignConsent has the account's controller agree: its own key, or the custodian for a customer who was authenticated.
func (p *Programme) SignConsent(body privacy.ConsentBody) privacy.SignedConsent {
	p.ledger.t.Helper()
	key, signed := p.Custodian, privacy.SignedConsent{
		Controller: points.Controller{Kind: points.ControllerCustodian}, Custodian: p.custodian,
		Authentication: &privacy.Authentication{Method: "email-code", Challenge: strings.Repeat("c4", 32), At: body.Given},
	}
	if own, there := p.signers[body.Account]; there {
		key, body.Method = own.key, privacy.MethodWallet
		encoded, err := points.EncodePublicKey(&own.key.PublicKey)
		must(p.ledger.t, err)
		signed = privacy.SignedConsent{Controller: points.Controller{Kind: points.ControllerP256, Version: own.version, Key: encoded}}
	}
	signed.Body = body
	digest, err := wire.ConsentDigest(&body)
	must(p.ledger.t, err)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	must(p.ledger.t, err)
	signed.Signature = points.SignatureOver(r, s)
	return signed
}

// NewConsent is the public half of a consent.
func (l *Ledger) NewConsent(body *privacy.ConsentBody) wire.NewConsent {
	l.t.Helper()
	hash, err := wire.Hash(body)
	must(l.t, err)
	return wire.NewConsent{ID: body.ID, Hash: hash, Grantee: body.Grantee, From: body.From, Until: body.Until, Policy: body.Policy}
}

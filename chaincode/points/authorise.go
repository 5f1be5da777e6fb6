package points

import (
	"crypto/ecdsa"
	"sort"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

// authorise checks the operation's authorisation against the account. Once the signature is known to be the controller's, the authorisation is used up in the
// book whatever becomes of the operation; whether it was given for this operation is looked at after that.
func (t *trial) authorise(a *Account) fault.Code {
	auth := t.op.Authorisation
	m := &auth.Mandate
	p := t.book.Programme
	if m.Genesis != p.Genesis || m.Programme != p.Brand || m.Account != a.ID {
		return fault.AuthMismatch
	}
	key, code := controllerKey(p, &a.Controller, m.ControllerVersion, t.book.Now)
	if code != fault.OK {
		return code
	}
	if !t.signed(key, a.Controller.Kind, auth) {
		return fault.AuthInvalid
	}
	used := a.clone()
	if code := used.useUp(m, t.book.Now); code != fault.OK {
		return code
	}
	t.book.Accounts[a.ID] = used
	t.receipt.Authorisation = m.ID
	return t.purpose(m)
}

// signed says whether the controller's key signed the mandate: its digest, or as a passkey does.
func (t *trial) signed(key *ecdsa.PublicKey, kind ControllerKind, auth *Authorisation) bool {
	digest := t.facts.MandateDigest
	if (kind == ControllerWebAuthn) != (auth.WebAuthn != nil) {
		return false
	}
	rp := t.book.Programme.RelyingParty
	return Signed(key, &rp, auth.WebAuthn, digest, auth.Signature)
}

// Signed says whether a key signed a digest: by itself, or in a passkey's assertion for the relying party.
func Signed(key *ecdsa.PublicKey, rp *webauthn.RelyingParty, a *webauthn.Assertion, digest []byte, signature string) bool {
	if a != nil {
		if webauthn.Check(a, rp, digest) != nil {
			return false
		}
		var err error
		if digest, err = webauthn.Digest(a); err != nil {
			return false
		}
	}
	return p256.Verify(key, digest, signature)
}

// CustodianKeyAt gives the custodian's key of a version for what was signed at a time, in Unix seconds: AUTH_MISMATCH when there is none, AUTH_EXPIRED when it had been rotated away.
func (p *Programme) CustodianKeyAt(version int, at int64) (string, fault.Code) {
	i := sort.Search(len(p.Custodians), func(i int) bool { return p.Custodians[i].Version >= version })
	if i == len(p.Custodians) || p.Custodians[i].Version != version {
		return "", fault.AuthMismatch
	}
	if until := p.Custodians[i].Until; until != 0 && at > until {
		return "", fault.AuthExpired
	}
	return p.Custodians[i].Key, fault.OK
}

// purpose says whether the mandate was given for this operation.
func (t *trial) purpose(m *Mandate) fault.Code {
	wanted := t.op.Points
	if t.op.Kind == KindReturn {
		wanted = t.facts.Assessment.Points
	}
	if m.Operation != t.op.Kind || m.Receiver != t.op.To || m.MaxPoints < wanted || m.Quote != "" && m.Quote != t.facts.Quote {
		return fault.AuthMismatch
	}
	if m.Bearer { // For any till of the programme, also a shop's; a partner's is none.
		if t.op.Partner != "" || m.NotAfter > t.book.Now+MaxBearerSeconds || m.MaxPoints > t.terms.Bearer {
			return fault.AuthMismatch
		}
		return fault.OK
	}
	if m.Subject != SubjectHash(t.op) || !t.facts.Assessment.at(m.Place) {
		return fault.AuthMismatch
	}
	return fault.OK
}

// controllerKey is the key that signs for an account at a transaction time; AUTH_EXPIRED when it is a custodian's that was rotated away.
func controllerKey(p *Programme, c *Controller, version int, now int64) (*ecdsa.PublicKey, fault.Code) {
	encoded := c.Key
	switch {
	case c.Kind == ControllerCustodian:
		var code fault.Code
		if encoded, code = p.CustodianKeyAt(version, now); code != fault.OK {
			return nil, code
		}
	case c.Version != version:
		return nil, fault.AuthMismatch
	}
	key, err := p256.ParseKey(encoded)
	if err != nil {
		return nil, fault.AuthInvalid
	}
	return key, fault.OK
}

// useUp forgets lapsed ids, raising the floor below which nothing is accepted any more, and remembers this mandate's id.
func (a *Account) useUp(m *Mandate, now int64) fault.Code {
	if m.NotAfter < now || m.NotAfter > now+MaxAuthorisationSeconds || m.NotAfter <= a.Floor {
		return fault.AuthExpired
	}
	live := a.Used[:0]
	for _, u := range a.Used {
		if u.ID == m.ID {
			return fault.AuthReplayed
		}
		if u.NotAfter < now {
			a.Floor = max(a.Floor, u.NotAfter)
			continue
		}
		live = append(live, u)
	}
	if len(live) >= MaxUsedAuthorisations {
		return fault.AuthBusy
	}
	entry := UsedAuthorisation{ID: m.ID, NotAfter: m.NotAfter}
	i := sort.Search(len(live), func(i int) bool {
		return live[i].NotAfter > entry.NotAfter || live[i].NotAfter == entry.NotAfter && live[i].ID > entry.ID
	})
	live = append(live, UsedAuthorisation{})
	copy(live[i+1:], live[i:])
	live[i] = entry
	a.Used = live
	return fault.OK
}

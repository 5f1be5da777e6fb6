package signin

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// linkPurpose begins what is signed to link an account: nothing that a mandate could be taken for.
const linkPurpose = "tallystick account link"

// LinkStatement is what an account's controller signs to show that whoever is signed in controls it: the SHA-256 of its canonical JSON (RFC 8785). It can't be taken for a
// mandate, since a mandate has other members.
type LinkStatement struct {
	Purpose   string           `json:"purpose"` // linkPurpose.
	Genesis   string           `json:"genesis"` // The channel: hash of its genesis block, hex.
	Gateway   string           `json:"gateway"` // The member whose gateway asks.
	Programme string           `json:"programme"`
	Account   points.AccountID `json:"account"`
	Nonce     string           `json:"nonce"`    // Random 256 bit, base64url: the token of what was begun.
	NotAfter  int64            `json:"notAfter"` // Unix seconds.
}

// LinkRequest says which account is to be linked, as the ledger has it.
type LinkRequest struct {
	Genesis   string
	Gateway   string
	Programme string
	Account   points.AccountID
}

// PreparedLink is what is to be signed.
type PreparedLink struct {
	Token     string
	Canonical string
	Digest    []byte
	Expires   time.Time
}

// BeginLink says what the account's controller must sign so that the account can be linked to the person.
func (s *Service) BeginLink(ctx context.Context, person PersonID, r LinkRequest) (PreparedLink, error) {
	kept, err := json.Marshal(r)
	if err != nil {
		return PreparedLink{}, fault.New(fault.Internal, "a link can't be encoded: %v", err)
	}
	var p PreparedLink
	err = s.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
		p.Token, p.Expires, err = s.begin(tx, begun{stage: awaitsLink, person: person, data: kept})
		return err
	})
	if err != nil {
		return PreparedLink{}, err
	}
	p.Canonical, p.Digest, err = statementOf(r, p.Token, p.Expires)
	return p, err
}

func statementOf(r LinkRequest, token string, expires time.Time) (canonical string, digest []byte, err error) {
	raw, err := wire.Encode(LinkStatement{
		Purpose: linkPurpose, Genesis: r.Genesis, Gateway: r.Gateway, Programme: r.Programme, Account: r.Account, Nonce: token, NotAfter: expires.Unix(),
	})
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(raw)
	return string(raw), sum[:], nil
}

// Signed is the controller's signature over what was prepared.
type Signed struct {
	Token     string
	Signature string              // r||s, low-S, base64url without padding.
	WebAuthn  *webauthn.Assertion // Of a passkey.
}

// ConfirmLink checks the signature against the account's controller as the ledger has it now, for the relying party of its programme; SIGN_IN_REFUSED when it isn't that one's.
func (s *Service) ConfirmLink(ctx context.Context, person PersonID, signed Signed, controller points.Controller, rp *webauthn.RelyingParty) (points.AccountID, error) {
	var kept LinkRequest
	var digest []byte
	err := s.judge(ctx, func(tx *sqlite.Tx) error {
		b, err := s.resume(tx, signed.Token, awaitsLink)
		if err != nil {
			return err
		}
		if b.person != person {
			return refused()
		}
		if err := json.Unmarshal(b.data, &kept); err != nil {
			return fault.New(fault.Internal, "a link can't be decoded: %v", err)
		}
		var expires int64
		if _, err := tx.QueryRow("SELECT expires FROM signin_begun WHERE id = ?", []any{b.id}, &expires); err != nil {
			return err
		}
		if _, digest, err = statementOf(kept, signed.Token, time.Unix(expires, 0)); err != nil {
			return err
		}
		if !controls(&controller, digest, signed, rp) {
			return refused()
		}
		return s.finish(tx, b)
	})
	return kept.Account, err
}

// LinkedBy says which account a token asks to link.
func (s *Service) LinkedBy(ctx context.Context, person PersonID, token string) (points.AccountID, error) {
	var kept LinkRequest
	err := s.judge(ctx, func(tx *sqlite.Tx) error {
		b, err := s.resume(tx, token, awaitsLink)
		if err != nil || b.person != person {
			return firstError(err, refused())
		}
		return json.Unmarshal(b.data, &kept)
	})
	return kept.Account, err
}

// controls says whether the controller signed the digest.
func controls(c *points.Controller, digest []byte, signed Signed, rp *webauthn.RelyingParty) bool {
	if c.Kind == points.ControllerCustodian || (c.Kind == points.ControllerWebAuthn) != (signed.WebAuthn != nil) {
		return false
	}
	key, err := p256.ParseKey(c.Key)
	if err != nil {
		return false
	}
	return points.Signed(key, rp, signed.WebAuthn, digest, signed.Signature)
}

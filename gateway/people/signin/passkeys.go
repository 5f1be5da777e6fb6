package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Limits of passkeys.
const (
	MaxPasskeys   = 20 // Of a person.
	MaxLabelBytes = 64
)

// Passkey is one that a person has made.
type Passkey struct {
	ID      string // Credential id, base64url.
	Label   string // That the person gave it.
	Key     string // In the ledger's form, when it can control accounts: P-256. Else empty.
	Created time.Time
	Used    time.Time // Zero when it wasn't.
}

// Ceremony is what the browser is asked to do: options for navigator.credentials, in their JSON form, and the token that goes with the answer.
type Ceremony struct {
	Token   string
	Options json.RawMessage
}

// user is a person as the library sees one.
type user struct {
	handle      []byte
	name        string
	credentials []webauthn.Credential
}

func (u *user) WebAuthnID() []byte                         { return u.handle }
func (u *user) WebAuthnName() string                       { return u.name }
func (u *user) WebAuthnDisplayName() string                { return u.name }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

// handle is the person's name towards authenticators: a keyed hash, so that the vault's id leaves the gateway nowhere.
func (s *Service) handle(person PersonID) []byte {
	return []byte(s.keys.hash("passkey user", string(person)))[:32]
}

// library is go-webauthn for the relying party. Users are verified always: a passkey is two factors then, and the ledger takes no other assertion.
func (s *Service) library(ctx context.Context) (*webauthn.WebAuthn, error) {
	rp, err := s.relying(ctx)
	if err != nil {
		return nil, err
	}
	required := true
	w, err := webauthn.New(&webauthn.Config{
		RPID: rp.ID, RPDisplayName: rp.Name, RPOrigins: rp.Origins, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &required, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fault.New(fault.Internal, "the relying party can't be used: %v", err)
	}
	return w, nil
}

// parameters are the algorithms that are taken: ES256, which the ledger knows too, and RS256 for authenticators that have nothing else.
var parameters = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256}, {Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// BeginPasskey asks for a new passkey of a person.
func (s *Service) BeginPasskey(ctx context.Context, person PersonID) (Ceremony, error) {
	w, err := s.library(ctx)
	if err != nil {
		return Ceremony{}, err
	}
	u, err := s.user(ctx, person)
	if err != nil {
		return Ceremony{}, err
	}
	if len(u.credentials) >= MaxPasskeys {
		return Ceremony{}, fault.New(fault.Limit, "at most %d passkeys", MaxPasskeys)
	}
	exclusions := make([]protocol.CredentialDescriptor, len(u.credentials))
	for i := range u.credentials {
		exclusions[i] = u.credentials[i].Descriptor()
	}
	options, session, err := w.BeginRegistration(u, webauthn.WithCredentialParameters(parameters), webauthn.WithExclusions(exclusions))
	if err != nil {
		return Ceremony{}, fault.New(fault.Internal, "a passkey can't be asked for: %v", err)
	}
	return s.ceremony(ctx, begun{stage: awaitsNewPasskey, person: person}, options.Response, session)
}

// ceremony keeps what the library wants to see again.
func (s *Service) ceremony(ctx context.Context, b begun, options any, session *webauthn.SessionData) (c Ceremony, err error) {
	if c.Options, err = json.Marshal(options); err != nil {
		return c, fault.New(fault.Internal, "options can't be encoded: %v", err)
	}
	if b.data, err = json.Marshal(session); err != nil {
		return c, fault.New(fault.Internal, "a ceremony can't be encoded: %v", err)
	}
	return c, s.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
		c.Token, _, err = s.begin(tx, b)
		return err
	})
}

// resumeCeremony takes back what was kept. A ceremony serves once.
func (s *Service) resumeCeremony(ctx context.Context, token string, wanted stage) (b begun, session webauthn.SessionData, err error) {
	err = s.judge(ctx, func(tx *sqlite.Tx) error {
		if b, err = s.resume(tx, token, wanted); err != nil {
			return err
		}
		return s.finish(tx, b)
	})
	if err != nil {
		return b, session, err
	}
	if err := json.Unmarshal(b.data, &session); err != nil {
		return b, session, fault.New(fault.Internal, "a ceremony can't be decoded: %v", err)
	}
	return b, session, nil
}

// AddPasskey keeps the passkey that the browser has made. Making it verified the person, as using it would.
func (s *Service) AddPasskey(ctx context.Context, is *Session, token string, credential json.RawMessage, label string) (Passkey, error) {
	w, err := s.library(ctx)
	if err != nil {
		return Passkey{}, err
	}
	b, session, err := s.resumeCeremony(ctx, token, awaitsNewPasskey)
	if err != nil {
		return Passkey{}, err
	}
	if b.person != is.Person {
		return Passkey{}, refused()
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return Passkey{}, refused()
	}
	made, err := w.CreateCredential(&user{handle: s.handle(is.Person)}, session, parsed)
	if err != nil {
		s.log.Debug("a passkey was refused", "err", describe(err))
		return Passkey{}, refused()
	}
	return s.keepPasskey(ctx, is, made, label)
}

func (s *Service) keepPasskey(ctx context.Context, session *Session, made *webauthn.Credential, label string) (Passkey, error) {
	made.Attestation = webauthn.CredentialAttestation{} // None was asked for: nothing tells one maker's devices from another's.
	raw, err := json.Marshal(made)
	if err != nil {
		return Passkey{}, fault.New(fault.Internal, "a passkey can't be encoded: %v", err)
	}
	p := Passkey{ID: base64.RawURLEncoding.EncodeToString(made.ID), Label: label, Key: ledgerKey(made.PublicKey), Created: s.now().UTC().Truncate(time.Second)}
	err = s.db.Write(ctx, func(tx *sqlite.Tx) error {
		taken, err := tx.QueryRow("SELECT 1 FROM signin_passkeys WHERE id = ?", []any{p.ID}, new(int))
		if err != nil {
			return err
		}
		if taken {
			return fault.New(fault.AlreadyExists, "the passkey is known already")
		}
		_, err = tx.Exec("INSERT INTO signin_passkeys (id, person, credential, ledger_key, sealed_label, created, used) VALUES (?, ?, ?, ?, ?, ?, 0)",
			p.ID, session.Person, raw, p.Key, s.keys.seal(labelOwner(p.ID), []byte(label)), p.Created.Unix())
		if err != nil {
			return err
		}
		if err := s.prove(tx, session, ByPasskey); err != nil {
			return err
		}
		return s.note(tx, session.did(PasskeyAdded))
	})
	if err != nil {
		return Passkey{}, err
	}
	return p, nil
}

// labelOwner binds a label to its passkey.
func labelOwner(id string) string { return "label " + id }

// pointSize is the length of a coordinate of P-256 in bytes.
const pointSize = 32

// ledgerKey gives a COSE key as an uncompressed point, as controllers have it; empty when it is no P-256 key.
func ledgerKey(cose []byte) string {
	parsed, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return ""
	}
	var key webauthncose.EC2PublicKeyData
	switch k := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		key = k
	case *webauthncose.EC2PublicKeyData:
		key = *k
	default:
		return ""
	}
	if key.Algorithm != int64(webauthncose.AlgES256) || len(key.XCoord) != pointSize || len(key.YCoord) != pointSize {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(append([]byte{4}, key.XCoord...), key.YCoord...))
}

// BeginPasskeySignIn asks for a signature of any passkey, or with the ticket of a second factor for one of the person's. It looks the same whether anybody is registered.
func (s *Service) BeginPasskeySignIn(ctx context.Context, ticket string) (Ceremony, error) {
	w, err := s.library(ctx)
	if err != nil {
		return Ceremony{}, err
	}
	if ticket == "" {
		options, session, err := w.BeginDiscoverableLogin()
		if err != nil {
			return Ceremony{}, fault.New(fault.Internal, "a passkey can't be asked for: %v", err)
		}
		return s.ceremony(ctx, begun{stage: awaitsPasskey}, options.Response, session)
	}
	var b begun
	err = s.judge(ctx, func(tx *sqlite.Tx) (err error) {
		b, err = s.resume(tx, ticket, awaitsFactor)
		return err
	})
	if err != nil {
		return Ceremony{}, err
	}
	return s.askPasskey(ctx, w, begun{stage: awaitsPasskey, person: b.person, address: b.address, device: b.device})
}

// BeginPasskeyProof asks for a signature of one of the person's passkeys, for a fresh proof.
func (s *Service) BeginPasskeyProof(ctx context.Context, person PersonID) (Ceremony, error) {
	w, err := s.library(ctx)
	if err != nil {
		return Ceremony{}, err
	}
	return s.askPasskey(ctx, w, begun{stage: awaitsPasskey, person: person})
}

func (s *Service) askPasskey(ctx context.Context, w *webauthn.WebAuthn, b begun) (Ceremony, error) {
	u, err := s.user(ctx, b.person)
	if err != nil {
		return Ceremony{}, err
	}
	if len(u.credentials) == 0 {
		return Ceremony{}, refused()
	}
	options, session, err := w.BeginLogin(u)
	if err != nil {
		return Ceremony{}, fault.New(fault.Internal, "a passkey can't be asked for: %v", err)
	}
	return s.ceremony(ctx, b, options.Response, session)
}

// Browser is what somebody signs in with.
type Browser struct {
	Agent string // Its User-Agent.
	Kept  string // What it kept of an earlier sign-in; may be empty, or anything.
}

// SignInByPasskey takes a passkey's signature. A ceremony without a ticket finds the person by the passkey. The passkey says nothing about the machine, which may have it from
// another one: whether that is new is told by what the browser kept alone.
func (s *Service) SignInByPasskey(ctx context.Context, token string, credential json.RawMessage, from Browser) (Progress, error) {
	b, err := s.checkPasskey(ctx, token, credential, "")
	if err != nil {
		return Progress{}, err
	}
	methods := []string{ByPasskey}
	if b.address != "" {
		methods = []string{ByCode, ByPasskey}
	}
	if b.device == "" {
		if b.device, b.bound, err = s.deviceOfPerson(ctx, b.person, from.Kept); err != nil {
			return Progress{}, err
		}
	}
	return s.signIn(ctx, b, methods, from.Agent)
}

// ProveByPasskey makes the session fresh.
func (s *Service) ProveByPasskey(ctx context.Context, session *Session, token string, credential json.RawMessage) error {
	if _, err := s.checkPasskey(ctx, token, credential, session.Person); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sqlite.Tx) error { return s.prove(tx, session, ByPasskey) })
}

// checkPasskey verifies an assertion; whoever is given must be the person of it.
func (s *Service) checkPasskey(ctx context.Context, token string, credential json.RawMessage, whose PersonID) (begun, error) {
	w, err := s.library(ctx)
	if err != nil {
		return begun{}, err
	}
	b, session, err := s.resumeCeremony(ctx, token, awaitsPasskey)
	if err != nil {
		return begun{}, err
	}
	if whose != "" && b.person != whose {
		return begun{}, refused()
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return begun{}, refused()
	}
	owner, err := s.ownerOf(ctx, parsed.RawID)
	if err != nil {
		return begun{}, err
	}
	if owner == "" || b.person != "" && b.person != owner {
		return begun{}, refused()
	}
	u, err := s.user(ctx, owner)
	if err != nil {
		return begun{}, err
	}
	used, err := validate(w, u, session, parsed)
	if err != nil {
		s.log.Debug("a passkey was refused", "err", describe(err))
		return begun{}, refused()
	}
	b.person = owner
	return b, s.notePasskey(ctx, used)
}

// validate checks the assertion, and its user's handle when nobody was known before.
func validate(w *webauthn.WebAuthn, u *user, session webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	if len(session.UserID) > 0 {
		return w.ValidateLogin(u, session, parsed)
	}
	return w.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
		if !same(string(handle), string(u.handle)) {
			return nil, errors.New("the passkey is another user's")
		}
		return u, nil
	}, session, parsed)
}

// notePasskey keeps the signature counter. One that went back may mean a copied authenticator: synchronised passkeys send 0 always, so nobody is kept out by it.
func (s *Service) notePasskey(ctx context.Context, used *webauthn.Credential) error {
	if used.Authenticator.CloneWarning {
		s.log.Warn("a passkey's signature counter went back")
	}
	raw, err := json.Marshal(used)
	if err != nil {
		return fault.New(fault.Internal, "a passkey can't be encoded: %v", err)
	}
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("UPDATE signin_passkeys SET credential = ?, used = ? WHERE id = ?", raw, s.now().Unix(), base64.RawURLEncoding.EncodeToString(used.ID))
		return err
	})
}

// describe gives the library's reason, which speaks of checks and not of people.
func describe(err error) string {
	var e *protocol.Error
	if errors.As(err, &e) {
		return e.Type + ": " + e.Details
	}
	return "malformed"
}

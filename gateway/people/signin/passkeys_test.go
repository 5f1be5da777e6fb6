package signin

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// vector is a credential of the specification's test vectors, in hex: Web Authentication Level 3, section 16.
type vector struct {
	Section      string `json:"section"`
	What         string `json:"what"`
	Registers    bool   `json:"registers"` // Here: some are of users who were not verified, or made within another page.
	SignsIn      bool   `json:"signsIn"`
	Registration struct {
		Challenge, Credential, Client, Attestation hexText
	} `json:"registration"`
	Authentication struct {
		Challenge, Client, Authenticator, Signature hexText
	} `json:"authentication"`
}

// hexText is hex that the API has as base64url.
type hexText string

func (h hexText) base64url() string {
	raw, err := hex.DecodeString(string(h))
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func vectors(t *testing.T) []vector {
	t.Helper()
	var file struct {
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(do[[]byte](t)(os.ReadFile("testdata/webauthn-l3.json")), &file); err != nil || len(file.Vectors) < 6 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	return file.Vectors
}

// made is what the browser sends of the vector's new passkey.
func (v *vector) made(t *testing.T) json.RawMessage {
	return do[[]byte](t)(json.Marshal(map[string]any{
		"id": v.Registration.Credential.base64url(), "rawId": v.Registration.Credential.base64url(), "type": "public-key",
		"response": map[string]any{"clientDataJSON": v.Registration.Client.base64url(), "attestationObject": v.Registration.Attestation.base64url()},
	}))
}

// used is what the browser sends of the vector's signature; handle is the user's, for a passkey that was found without knowing whose.
func (v *vector) used(t *testing.T, handle []byte) json.RawMessage {
	return do[[]byte](t)(json.Marshal(map[string]any{
		"id": v.Registration.Credential.base64url(), "rawId": v.Registration.Credential.base64url(), "type": "public-key",
		"response": map[string]any{
			"clientDataJSON": v.Authentication.Client.base64url(), "authenticatorData": v.Authentication.Authenticator.base64url(),
			"signature": v.Authentication.Signature.base64url(), "userHandle": base64.RawURLEncoding.EncodeToString(handle),
		},
	}))
}

// asked keeps a ceremony whose challenge is the vector's.
func (w *world) asked(b begun, challenge hexText, session webauthn.SessionData) string {
	w.t.Helper()
	session.Challenge, session.RelyingPartyID, session.UserVerification = challenge.base64url(), "example.org", protocol.VerificationRequired
	return do[Ceremony](w.t)(w.ceremony(w.t.Context(), b, struct{}{}, &session)).Token
}

func (w *world) add(session *Session, v *vector) (Passkey, error) {
	person := session.Person
	token := w.asked(begun{stage: awaitsNewPasskey, person: person}, v.Registration.Challenge, webauthn.SessionData{UserID: w.handle(person), CredParams: parameters})
	return w.AddPasskey(w.t.Context(), session, token, v.made(w.t), v.What)
}

func TestTheSpecificationsOwnPasskeys(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Section, func(t *testing.T) {
			w := newWorld(t)
			o := w.register("ada@example.org")
			p, err := w.add(&o.Session, &v)
			if !v.Registers {
				w.refuses(err, v.What)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p256.ParseKey(p.Key); (err == nil) != strings.Contains(v.What, "ES256") {
				t.Errorf("%s: key for the ledger %q, %v", v.What, p.Key, err)
			}
			token := w.asked(begun{stage: awaitsPasskey}, v.Authentication.Challenge, webauthn.SessionData{})
			progress, err := w.SignInByPasskey(t.Context(), token, v.used(t, w.handle(o.Person)), Browser{})
			if !v.SignsIn {
				w.refuses(err, v.What)
				return
			}
			if err != nil || progress.Next != SignedIn || progress.Opened.Person != o.Person || progress.Opened.Methods[0] != ByPasskey {
				t.Errorf("%+v %v", progress, err)
			}
			_, err = w.SignInByPasskey(t.Context(), token, v.used(t, w.handle(o.Person)), Browser{})
			w.refuses(err, "a ceremony that was used")
		})
	}
}

// good is a vector that registers and signs in.
func good(t *testing.T) *vector {
	t.Helper()
	for _, v := range vectors(t) {
		if v.SignsIn {
			return &v
		}
	}
	t.Fatal("no vector signs in")
	return nil
}

func TestAPasskeyIsItsOwnersAndTheCeremonysOnly(t *testing.T) {
	w := newWorld(t)
	v := good(t)
	ada, bob := w.register("ada@example.org"), w.register("bob@example.org")
	if _, err := w.add(&ada.Session, v); err != nil {
		t.Fatal(err)
	}
	if _, err := w.add(&bob.Session, v); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("the same passkey for somebody else: %v", err)
	}
	token := w.asked(begun{stage: awaitsPasskey}, v.Authentication.Challenge, webauthn.SessionData{})
	_, err := w.SignInByPasskey(t.Context(), token, v.used(t, w.handle(bob.Person)), Browser{})
	w.refuses(err, "with another user's handle")
	token = w.asked(begun{stage: awaitsPasskey}, v.Registration.Challenge, webauthn.SessionData{})
	_, err = w.SignInByPasskey(t.Context(), token, v.used(t, w.handle(ada.Person)), Browser{})
	w.refuses(err, "for another challenge")
	token = w.asked(begun{stage: awaitsPasskey, person: bob.Person}, v.Authentication.Challenge, webauthn.SessionData{UserID: w.handle(bob.Person)})
	w.refuses(w.ProveByPasskey(t.Context(), &bob.Session, token, v.used(t, nil)), "as somebody else's proof")
	token = w.asked(begun{stage: awaitsPasskey, person: ada.Person}, v.Authentication.Challenge, webauthn.SessionData{UserID: w.handle(ada.Person)})
	if err := w.ProveByPasskey(t.Context(), &ada.Session, token, v.used(t, nil)); err != nil {
		t.Errorf("as its owner's proof: %v", err)
	}
	p := w.signIn("ada@example.org")
	if p.Next != SecondFactor || strings.Join(p.Methods, " ") != ByPasskey {
		t.Errorf("%+v", p)
	}
	c := do[Ceremony](t)(w.BeginPasskeySignIn(t.Context(), p.Ticket))
	if !strings.Contains(string(c.Options), v.Registration.Credential.base64url()) {
		t.Errorf("with a ticket the person's own passkeys are asked for: %s", c.Options)
	}
	list := do[[]Passkey](t)(w.Passkeys(t.Context(), ada.Person))
	if len(list) != 1 || list[0].Used.IsZero() || list[0].Label != v.What {
		t.Errorf("%+v", list)
	}
	if err := w.RemovePasskey(t.Context(), &bob.Session, list[0].ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("somebody else removes it: %v", err)
	}
	if err := w.RemovePasskey(t.Context(), &ada.Session, list[0].ID); err != nil {
		t.Fatal(err)
	}
	token = w.asked(begun{stage: awaitsPasskey}, v.Authentication.Challenge, webauthn.SessionData{})
	_, err = w.SignInByPasskey(t.Context(), token, v.used(t, w.handle(ada.Person)), Browser{})
	w.refuses(err, "once it is removed")
}

func TestWhatAPersonCallsAPasskeyIsSealed(t *testing.T) {
	w := newWorld(t)
	v := good(t)
	ada := w.register("ada@example.org")
	v.What = "Ada Lovelace's own phone"
	p := do[Passkey](t)(w.add(&ada.Session, v))
	var kept []byte
	if err := w.db.Reader().QueryRowContext(t.Context(), "SELECT sealed_label FROM signin_passkeys").Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(kept, []byte("Lovelace")) {
		t.Errorf("the label stands in people.db: %s", kept)
	}
	if list := do[[]Passkey](t)(w.Passkeys(t.Context(), ada.Person)); p.Label != v.What || list[0].Label != v.What {
		t.Errorf("%+v, %+v", p, list)
	}
	if e := do[any](t)(w.Export(t.Context(), ada.Person)).(Exported); e.Passkeys[0].Label != v.What {
		t.Errorf("exported: %+v", e)
	}
}

func TestALabelThatCantBeOpenedHidesNothingElse(t *testing.T) {
	w := newWorld(t)
	ada := w.register("ada@example.org")
	p := do[Passkey](t)(w.add(&ada.Session, good(t)))
	for what, label := range map[string]any{"none": nil, "another secret's": []byte("sealed under a secret that was replaced")} {
		w.write(func(tx *sqlite.Tx) error {
			_, err := tx.Exec("UPDATE signin_passkeys SET sealed_label = ?", label)
			return err
		})
		if all := do[[]Passkey](t)(w.Passkeys(t.Context(), ada.Person)); len(all) != 1 || all[0].ID != p.ID || all[0].Label != "" {
			t.Errorf("%s: %+v", what, all)
		}
		if _, err := w.Export(t.Context(), ada.Person); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhatABrowserSendsMayBeAnything(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	for _, sent := range []string{``, `null`, `{}`, `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{}}`, `[1]`, strings.Repeat("[", 5000)} {
		c := do[Ceremony](t)(w.BeginPasskeySignIn(t.Context(), ""))
		_, err := w.SignInByPasskey(t.Context(), c.Token, json.RawMessage(sent), Browser{})
		w.refuses(err, "a signature that is none")
		c = do[Ceremony](t)(w.BeginPasskey(t.Context(), o.Person))
		_, err = w.AddPasskey(t.Context(), &o.Session, c.Token, json.RawMessage(sent), "")
		w.refuses(err, "a passkey that is none")
	}
	_, err := w.BeginPasskeySignIn(t.Context(), "nonsense")
	w.refuses(err, "a ticket that is none")
	_, err = w.BeginPasskeyProof(t.Context(), o.Person)
	w.refuses(err, "a proof by who has no passkey")
}

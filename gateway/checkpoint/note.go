package checkpoint

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// MaxNote bounds a note, in bytes.
const MaxNote = 2 * MaxText

// Signed is a checkpoint whose signatures were verified.
type Signed struct {
	*Body
	Text    string
	Signers []string // Names of the keys that signed it and are known, in the note's order.
}

// Digest is what the next checkpoint of the chain names this one by.
func (s *Signed) Digest() string { return Digest(s.Text) }

// NewKey draws an auditor's key under a name, which has no spaces and no plus sign. The secret part belongs to the auditor alone.
func NewKey(name string) (secret, public string, err error) {
	secret, public, err = note.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", "", err
	}
	if _, err := note.NewVerifier(public); err != nil {
		return "", "", fault.New(fault.InvalidValue, "a key's name has no spaces and no plus sign")
	}
	return secret, public, nil
}

// Seal signs a checkpoint with a secret key.
func Seal(b *Body, secret string) ([]byte, error) {
	if err := b.validate(); err != nil {
		return nil, err
	}
	return SignText(b.Text(), secret)
}

// SignText signs a text that says by its first line what it is: others' notes have their own.
func SignText(text, secret string) ([]byte, error) {
	signer, err := note.NewSigner(strings.TrimSpace(secret))
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the secret key can't be read")
	}
	return note.Sign(&note.Note{Text: text}, signer)
}

// NameOf is the name of a secret key. INVALID_VALUE when the key can't be read.
func NameOf(secret string) (string, error) {
	signer, err := note.NewSigner(strings.TrimSpace(secret))
	if err != nil {
		return "", fault.New(fault.InvalidValue, "the secret key can't be read")
	}
	return signer.Name(), nil
}

// Keys are the public keys of auditors that are believed.
type Keys struct{ list note.Verifiers }

// ParseKeys reads public keys, one on a line; empty lines and those that begin with # are left out. INVALID_VALUE when there is none, or one can't be read.
func ParseKeys(text string) (*Keys, error) {
	var all []note.Verifier
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		v, err := note.NewVerifier(line)
		if err != nil {
			return nil, fault.New(fault.InvalidValue, "a public key can't be read: %v", err)
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return nil, fault.New(fault.InvalidValue, "no public key is given")
	}
	return &Keys{note.VerifierList(all...)}, nil
}

// Open verifies a note and reads its checkpoint. SIGNATURE_INVALID unless a known key signed it and no known key's signature is wrong.
func (k *Keys) Open(raw []byte) (*Signed, error) {
	text, signers, err := k.Verify(raw)
	if err != nil {
		return nil, err
	}
	b, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return &Signed{Body: b, Text: text, Signers: signers}, nil
}

// Verify gives a note's text and the names of the known keys that signed it, in the note's order. SIGNATURE_INVALID unless a known key signed it and no known key's signature is
// wrong.
func (k *Keys) Verify(raw []byte) (text string, signers []string, err error) {
	if len(raw) > MaxNote {
		return "", nil, fault.New(fault.TooLarge, "a note has at most %d bytes", MaxNote)
	}
	n, err := note.Open(raw, k.list)
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return "", nil, fault.New(fault.SignatureInvalid, "the note is signed by nobody whose key is known")
	case err != nil:
		return "", nil, fault.New(fault.SignatureInvalid, "this is no signed note, or its signature is wrong: %v", err)
	}
	for _, sig := range n.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return "", nil, fault.New(fault.SignatureInvalid, "a signature isn't written as it was made")
		}
		signers = append(signers, sig.Name)
	}
	return n.Text, signers, nil
}

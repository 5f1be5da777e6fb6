package checkpoint

import (
	"crypto/rand"
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
	signer, err := note.NewSigner(strings.TrimSpace(secret))
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the auditor's key can't be read")
	}
	if err := b.validate(); err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: b.Text()}, signer)
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
			return nil, fault.New(fault.InvalidValue, "an auditor's public key can't be read: %v", err)
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return nil, fault.New(fault.InvalidValue, "no auditor's public key is given")
	}
	return &Keys{note.VerifierList(all...)}, nil
}

// Open verifies a note and reads its checkpoint. SIGNATURE_INVALID unless a known key signed it and no known key's signature is wrong.
func (k *Keys) Open(raw []byte) (*Signed, error) {
	if len(raw) > MaxNote {
		return nil, fault.New(fault.TooLarge, "a checkpoint has at most %d bytes", MaxNote)
	}
	n, err := note.Open(raw, k.list)
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return nil, fault.New(fault.SignatureInvalid, "the checkpoint is signed by no auditor whose key is known")
	case err != nil:
		return nil, fault.New(fault.SignatureInvalid, "the checkpoint is no signed note, or its signature is wrong: %v", err)
	}
	b, err := Parse(n.Text)
	if err != nil {
		return nil, err
	}
	s := &Signed{Body: b, Text: n.Text}
	for _, sig := range n.Sigs {
		s.Signers = append(s.Signers, sig.Name)
	}
	return s, nil
}

package vault

import (
	"context"
	"encoding/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/seal"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// A note is a text about a person that another package keeps in people.db. It is sealed under a key derived from the person's and goes with it; place says where it stands, and is unique
// among all notes.

// notePurpose is that of the key.
const notePurpose = "tallystick/note/1|"

func noteContext(brand, place string) string { return notePurpose + brand + "|" + place }

// SealNote seals a note within the transaction that keeps it. PERSON_UNKNOWN when the person is erased, or merged into another: notes are about survivors.
func (v *Vault) SealNote(tx *sqlite.Tx, id PersonID, place, text string) ([]byte, error) {
	key, err := v.keyIn(tx, id)
	if err != nil {
		return nil, err
	}
	return v.sealNote(key, place, text)
}

func (v *Vault) sealNote(personKey []byte, place, text string) ([]byte, error) {
	key, err := seal.Derive(personKey, notePurpose+place)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(text)
	if err != nil {
		return nil, fault.New(fault.Internal, "a note can't be encoded")
	}
	return sealed(key, pad(plain), noteContext(v.Brand, place))
}

// OpenNote gives a note's text. PERSON_UNKNOWN once the person is erased: nobody can open it then.
func (v *Vault) OpenNote(ctx context.Context, id PersonID, place string, box []byte) (string, error) {
	h, err := v.holder(ctx, id)
	if err != nil {
		return "", err
	}
	return v.openNote(h.key, place, box)
}

func (v *Vault) openNote(personKey []byte, place string, box []byte) (text string, err error) {
	key, err := seal.Derive(personKey, notePurpose+place)
	if err != nil {
		return "", err
	}
	plain, err := opened(key, box, noteContext(v.Brand, place))
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(plain, &text); err != nil {
		return "", fault.New(fault.StateCorrupt, "a note can't be decoded")
	}
	return text, nil
}

// MoveNote seals a note of gone's for keep: for a Companion's Merge, while there are both keys.
func (v *Vault) MoveNote(tx *sqlite.Tx, keep, gone PersonID, place string, box []byte) ([]byte, error) {
	key, err := v.keyIn(tx, gone)
	if err != nil {
		return nil, err
	}
	text, err := v.openNote(key, place, box)
	if err != nil {
		return nil, err
	}
	return v.SealNote(tx, keep, place, text)
}

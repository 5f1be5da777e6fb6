package vault

import (
	"context"
	"database/sql"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/seal"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// A mark is an entry of the collection that says of one person: erased. Its salt is derived from the person's key, so that whoever has the key again, out of a copy of people.db,
// finds the mark, and nobody else can tell whose it is, or that it is no attribute. It comes onto the ledger before the key is destroyed and stays there for ever.

// markPurpose is that of the salt; the person's id follows.
const markPurpose = "tallystick/erased/1|"

// markBytes is the length of a mark's box, which is random: that of an attribute with a short value.
const markBytes = privacy.MinBoxBytes + padding

// markTries is how often marks are looked for again after the ledger had one that the own peer hadn't yet.
const markTries = 3

func markSalt(personKey []byte, id PersonID) ([]byte, error) {
	return seal.Derive(personKey, markPurpose+string(id))
}

// markKey is where the mark with this salt stands.
func markKey(salt []byte) privacy.EntryKey {
	return (&privacy.Entry{Salt: hex.EncodeToString(salt)}).Key()
}

func newMark(salt []byte) (privacy.Put, error) {
	key, entry, err := privacy.NewEntry(salt, random.Bytes(markBytes))
	if err != nil {
		return privacy.Put{}, err
	}
	value, err := wire.Encode(entry)
	return privacy.Put{Key: key, Value: value}, err
}

// putMarks brings the mark of a person, and those of persons that were merged into it, onto the ledger. It may be repeated.
func (v *Vault) putMarks(ctx context.Context, h *holder) error {
	own, err := markSalt(h.key, h.id)
	if err != nil {
		return err
	}
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT mark FROM persons WHERE merged_into = ? AND mark IS NOT NULL`, string(h.id))
	salts, err := sqlite.Column[[]byte](rows, err)
	if err != nil {
		return err
	}
	salts = append(salts, own)
	for len(salts) > 0 {
		some := salts[:min(len(salts), readsAtOnce)]
		if err := v.putSome(ctx, some); err != nil {
			return err
		}
		salts = salts[len(some):]
	}
	return nil
}

func (v *Vault) putSome(ctx context.Context, salts [][]byte) error {
	for range markTries {
		change, err := v.missingMarks(ctx, salts)
		if err != nil || len(change.Put) == 0 {
			return err
		}
		err = v.Ledger.ChangeVault(ctx, change)
		if fault.CodeOf(err) != fault.AlreadyExists {
			return err
		}
	}
	return fault.New(fault.NotReady, "a person's mark is on the ledger and not yet at the own peer: try again")
}

func (v *Vault) missingMarks(ctx context.Context, salts [][]byte) (privacy.Change, error) {
	change := privacy.Change{V: 1}
	keys := make([]privacy.EntryKey, len(salts))
	for i, salt := range salts {
		keys[i] = markKey(salt)
	}
	there, err := v.entriesThere(ctx, keys)
	if err != nil {
		return change, err
	}
	for i, salt := range salts {
		if there[i] != nil {
			continue
		}
		put, err := newMark(salt)
		if err != nil {
			return change, err
		}
		change.Put = append(change.Put, put)
	}
	return change, nil
}

// entriesThere is what the ledger has under 1 to readsAtOnce keys.
func (v *Vault) entriesThere(ctx context.Context, keys []privacy.EntryKey) ([][]byte, error) {
	raw, err := v.Ledger.VaultEntries(ctx, keys)
	if err == nil && len(raw) != len(keys) {
		err = fault.New(fault.Internal, "the ledger answered for %d entries, not for %d", len(raw), len(keys))
	}
	return raw, err
}

// keyIn unwraps a person's key as it stands in a transaction; PERSON_UNKNOWN when it is destroyed.
func (v *Vault) keyIn(tx *sqlite.Tx, id PersonID) ([]byte, error) {
	var box []byte
	var master sql.NullInt64
	there, err := tx.QueryRow(`SELECT wrapped, master FROM persons WHERE id = ?`, []any{string(id)}, &box, &master)
	if err != nil {
		return nil, err
	}
	if !there || box == nil {
		return nil, unknown()
	}
	return v.unwrap(id, int(master.Int64), box)
}

// keepMark notes the mark of a person who is merged and whose key is about to go: it is needed when the one that it was merged into is erased.
func (v *Vault) keepMark(tx *sqlite.Tx, gone PersonID) error {
	key, err := v.keyIn(tx, gone)
	if err != nil {
		return err
	}
	salt, err := markSalt(key, gone)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE persons SET mark = ? WHERE id = ?`, salt, string(gone))
	return err
}

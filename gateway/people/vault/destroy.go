package vault

import (
	"context"
	"errors"
	"slices"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Destroy destroys a person's key, so that none of its values can be decrypted any more, wherever copies of them are; with it go the index rows, the links to accounts and
// what companions keep. The entries' keys are returned: the vault purges them from the ledger by itself, as soon as it can, also after a crash. The access log stays under
// the person's id, which leads nowhere any more. When Destroy returns, neither people.db nor its log holds a copy of the wrapped key. PERSON_UNKNOWN when it is
// destroyed already.
func (v *Vault) Destroy(ctx context.Context, id PersonID) ([]privacy.EntryKey, error) {
	keys, err := v.Erase(ctx, id)
	if err != nil {
		return nil, err
	}
	return keys, v.Scrub(ctx)
}

// Scrub clears what deleted rows may have left in people.db's pages and log. It takes time in proportion to the database: after many persons, once.
func (v *Vault) Scrub(ctx context.Context) error { return v.DB.Scrub(ctx) }

// Erase is Destroy without the scrubbing, for jobs that destroy many persons and scrub once. The person's mark comes onto the ledger first: no key is destroyed that an older copy of
// people.db could bring back unnoticed.
func (v *Vault) Erase(ctx context.Context, id PersonID) ([]privacy.EntryKey, error) {
	h, release, err := v.hold(ctx, id, v.settleMergers)
	if err != nil {
		return nil, err
	}
	defer release()
	// Whoever has a reason to refuse says so before anything on the ledger says that the person is erased.
	err = v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		return tx.Try(func() error { _, err := v.forgetWhole(tx, h.id); return err })
	})
	if err != nil {
		return nil, err
	}
	if err := v.putMarks(ctx, h); err != nil {
		return nil, err
	}
	var keys []privacy.EntryKey
	err = v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		var err error
		keys, err = v.forgetWhole(tx, h.id)
		return err
	})
	return keys, err
}

// forgetWhole is forget with everything that companions keep.
func (v *Vault) forgetWhole(tx *sqlite.Tx, id PersonID) ([]privacy.EntryKey, error) {
	if live, err := livePerson(tx, id); err != nil || live != id {
		return nil, errors.Join(err, unknown())
	}
	keys, err := v.forget(tx, id)
	if err != nil {
		return nil, err
	}
	for _, c := range v.companions {
		if err := c.Forget(tx, id, keys); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// settleMergers ends mergers under way: which of two keys an entry is under must be known before one is destroyed.
func (v *Vault) settleMergers(ctx context.Context, id PersonID) error {
	all, err := v.pendings(ctx, `WHERE (person = ? OR gone = ?) AND gone IS NOT NULL`, string(id), string(id))
	if err != nil || len(all) == 0 {
		return err
	}
	return v.settle(ctx, id)
}

func (v *Vault) forget(tx *sqlite.Tx, id PersonID) ([]privacy.EntryKey, error) {
	keys, err := keysOf(tx, id, `SELECT key FROM entries WHERE person = ? ORDER BY key`)
	if err != nil {
		return nil, err
	}
	unsure, err := keysOf(tx, id, `SELECT key FROM entries WHERE person = ? AND state = 'PENDING' ORDER BY key`)
	if err != nil {
		return nil, err
	}
	for _, query := range []string{
		`DELETE FROM changes WHERE person = ? AND cleanup = 0`, `DELETE FROM entries WHERE person = ?`, `DELETE FROM accounts WHERE person = ?`,
		`DELETE FROM openings WHERE person = ?`, `DELETE FROM creations WHERE person = ?`,
	} {
		if _, err := tx.Exec(query, string(id)); err != nil {
			return nil, err
		}
	}
	if _, err := tx.Exec(`UPDATE persons SET wrapped = NULL, master = NULL, ended_at = ? WHERE id = ?`, v.now(), string(id)); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`UPDATE persons SET mark = NULL WHERE merged_into = ?`, string(id)); err != nil {
		return nil, err
	}
	if err := insertCleanup(tx, id, keys, 0); err != nil {
		return nil, err
	}
	return keys, insertCleanup(tx, id, unsure, v.Now().Add(late).UnixMilli())
}

func keysOf(tx *sqlite.Tx, id PersonID, query string) ([]privacy.EntryKey, error) {
	rows, err := tx.Query(query, string(id))
	return sqlite.Column[privacy.EntryKey](rows, err)
}

// insertCleanup has entries purged that nothing refers to any more.
func insertCleanup(tx *sqlite.Tx, id PersonID, keys []privacy.EntryKey, due int64) error {
	for part := range slices.Chunk(keys, readsAtOnce) {
		if err := insertChange(tx, &pending{person: id, cleanup: true, change: privacy.Change{V: 1, Purge: part}}, due); err != nil {
			return err
		}
	}
	return nil
}

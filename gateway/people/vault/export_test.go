package vault

import (
	"context"
	"encoding/json"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Late is how long after it was taken back a change's entries are purged.
const Late = late

// What follows are the naive ways that benchmarks hold the vault against. They do the same with the same keys and files.

// FindByDecrypting is Find without an index: every value of the kind is decrypted, in pages, until one is the one that is looked for.
func (v *Vault) FindByDecrypting(ctx context.Context, wanted Identifier) (PersonID, error) {
	type row struct {
		wrapped
		entry privacy.EntryKey
	}
	for after := ""; ; {
		rows, err := v.DB.Reader().QueryContext(ctx, `SELECT p.id, p.master, p.wrapped, e.key FROM entries AS e JOIN persons AS p ON p.id = e.person
			WHERE e.name = ? AND e.state = 'LIVE' AND e.key > ? ORDER BY e.key LIMIT ?`, string(wanted.Kind), after, readsAtOnce)
		all, err := sqlite.List(rows, err, func(r *row) []any { return []any{&r.id, &r.version, &r.key, &r.entry} })
		if err != nil || len(all) == 0 {
			return "", err
		}
		keys := make([]privacy.EntryKey, len(all))
		for i := range all {
			keys[i] = all[i].entry
		}
		raw, err := v.Ledger.VaultEntries(ctx, keys)
		if err != nil {
			return "", err
		}
		for i, r := range all {
			key, err := v.unwrap(r.id, r.version, r.key)
			if err != nil {
				return "", err
			}
			a, err := v.openOne(&holder{id: r.id, key: key}, StoredEntry{Attribute: string(wanted.Kind), Key: r.entry}, raw[i])
			if err != nil || a.Value == wanted.Value {
				return r.id, err
			}
		}
		after = string(keys[len(keys)-1])
	}
}

// RotateMasterOneByOne is RotateMaster with a commit for each person.
func (v *Vault) RotateMasterOneByOne(ctx context.Context) error {
	newest, _ := v.Master.Newest()
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT id, master, wrapped FROM persons WHERE master < ?`, newest)
	all, err := sqlite.List(rows, err, func(w *wrapped) []any { return []any{&w.id, &w.version, &w.key} })
	for i := range all {
		if err := v.DB.Write(ctx, func(tx *sqlite.Tx) error { return v.rewrapOne(tx, all[i]) }); err != nil {
			return err
		}
	}
	return err
}

// IndexOneByOne is indexAgain with a question to the ledger and a commit for each identifier.
func (v *Vault) IndexOneByOne(ctx context.Context) error {
	kinds, err := json.Marshal(Kinds)
	if err != nil {
		return err
	}
	all, err := v.located(ctx, `SELECT key, person, name FROM entries WHERE state = 'LIVE' AND name IN (SELECT value FROM json_each(?))`, string(kinds))
	for _, one := range all {
		if err := v.indexPage(ctx, []located{one}); err != nil {
			return err
		}
	}
	return err
}

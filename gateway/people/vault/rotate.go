package vault

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// RotateMaster wraps every person's key that an older master key wraps by the newest one. When it has returned, the older keys' files can be deleted; what they wrapped,
// in backups too, can't be read then.
func (v *Vault) RotateMaster(ctx context.Context) error {
	for {
		n, err := v.rewrap(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// wrapped is a person's key as it stands in people.db.
type wrapped struct {
	id      PersonID
	version int
	key     []byte
}

// rewrap does the next persons and says how many.
func (v *Vault) rewrap(ctx context.Context) (int, error) {
	newest, _ := v.Master.Newest()
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT id, master, wrapped FROM persons WHERE master IS NOT NULL AND master < ? LIMIT ?`, newest, readsAtOnce)
	all, err := sqlite.List(rows, err, func(w *wrapped) []any { return []any{&w.id, &w.version, &w.key} })
	if err != nil {
		return 0, err
	}
	return len(all), v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		for _, w := range all {
			if err := v.rewrapOne(tx, w); err != nil {
				return err
			}
		}
		return nil
	})
}

func (v *Vault) rewrapOne(tx *sqlite.Tx, w wrapped) error {
	key, err := v.unwrap(w.id, w.version, w.key)
	if err != nil {
		return err
	}
	version, again, err := v.wrap(w.id, key)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE persons SET wrapped = ?, master = ? WHERE id = ? AND master = ?`, again, version, string(w.id), w.version)
	return err
}

// RotateIndex puts every identifier that the index has only under older keys into it under the newest one, from the ledger's entries, and then deletes the older rows.
// Identifiers are found under every key meanwhile. The older keys' files can be deleted when it has returned.
func (v *Vault) RotateIndex(ctx context.Context) error {
	newest, _ := v.Index.Newest()
	behind, err := v.indexBehind(ctx, newest)
	if err != nil || !behind {
		return err
	}
	missing := `NOT EXISTS (SELECT 1 FROM identifiers WHERE entry = key AND version = ?)`
	if err := v.indexAgain(ctx, missing, newest); err != nil {
		return err
	}
	return v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`DELETE FROM identifiers WHERE version < ? AND EXISTS (SELECT 1 FROM identifiers AS n WHERE n.entry = identifiers.entry AND n.version = ?)`, newest, newest)
		return err
	})
}

// indexBehind says whether there are rows under older keys: looking through all entries takes long, and is seldom needed.
func (v *Vault) indexBehind(ctx context.Context, newest int) (bool, error) {
	var one int
	return someRow(v.DB.Reader().QueryRowContext(ctx, `SELECT 1 FROM identifiers WHERE version < ? LIMIT 1`, newest).Scan(&one))
}

// RebuildIndex makes the whole index again from the ledger's entries, for a people.db whose index isn't trusted.
func (v *Vault) RebuildIndex(ctx context.Context) error {
	if err := v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`DELETE FROM identifiers WHERE entry IN (SELECT key FROM entries WHERE state = 'LIVE')`)
		return err
	}); err != nil {
		return err
	}
	return v.indexAgain(ctx, `? > 0`, 1)
}

// located is an identifier's entry and whose it is.
type located struct {
	person PersonID
	entry  StoredEntry
}

// indexAgain goes through identifiers' entries that are in use and meet the condition, which has one argument.
func (v *Vault) indexAgain(ctx context.Context, condition string, argument any) error {
	kinds, err := json.Marshal(Kinds)
	if err != nil {
		return fault.New(fault.Internal, "kinds can't be encoded")
	}
	query := `SELECT key, person, name FROM entries WHERE state = 'LIVE' AND name IN (SELECT value FROM json_each(?)) AND key > ? AND ` + condition + ` ORDER BY key LIMIT ?`
	for after := privacy.EntryKey(""); ; {
		all, err := v.located(ctx, query, string(kinds), string(after), argument, readsAtOnce)
		if err != nil || len(all) == 0 {
			return err
		}
		if err := v.indexPage(ctx, all); err != nil {
			return err
		}
		after = all[len(all)-1].entry.Key
	}
}

func (v *Vault) located(ctx context.Context, query string, args ...any) ([]located, error) {
	rows, err := v.DB.Reader().QueryContext(ctx, query, args...)
	return sqlite.List(rows, err, func(l *located) []any { return []any{&l.entry.Key, &l.person, &l.entry.Attribute} })
}

// indexRow is a row of the index that is to be written.
type indexRow struct {
	hash    []byte
	version int
	entry   privacy.EntryKey
}

// indexPage indexes up to readsAtOnce entries under the newest key: one question to the ledger, one commit.
func (v *Vault) indexPage(ctx context.Context, page []located) error {
	keys := make([]privacy.EntryKey, len(page))
	for i, l := range page {
		keys[i] = l.entry.Key
	}
	raw, err := v.Ledger.VaultEntries(ctx, keys)
	if err != nil {
		return err
	}
	if len(raw) != len(keys) {
		return fault.New(fault.Internal, "the ledger answered for %d entries, not for %d", len(raw), len(keys))
	}
	rows := make([]indexRow, 0, len(page))
	for i, l := range page {
		row, found, err := v.indexRowOf(ctx, l, raw[i])
		if err != nil {
			return err
		}
		if found {
			rows = append(rows, row)
		}
	}
	return v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		for _, r := range rows {
			if _, err := tx.Exec(`INSERT OR IGNORE INTO identifiers (hash, version, kind, entry) SELECT ?, ?, name, key FROM entries WHERE key = ?`, r.hash, r.version, string(r.entry)); err != nil {
				return err
			}
		}
		return nil
	})
}

// indexRowOf opens an entry. One that was replaced in the meantime, or whose person is gone, needs no row; one that the ledger hasn't got stays as it is, and is said.
func (v *Vault) indexRowOf(ctx context.Context, l located, raw []byte) (row indexRow, found bool, err error) {
	h, err := v.holder(ctx, l.person)
	if fault.CodeOf(err) == fault.PersonUnknown {
		return row, false, nil
	}
	if err != nil || h.id != l.person { // It was merged in the meantime: its entries are others now.
		return row, false, err
	}
	if raw == nil {
		v.Log.Warn("an identifier's entry is not on the ledger", "entry", l.entry.Key)
		return row, false, nil
	}
	a, err := v.openOne(h, l.entry, raw)
	if err != nil {
		return row, false, err
	}
	hash, version := v.newHash(Identifier{Kind(a.Name), a.Value}.lookup())
	return indexRow{hash, version, l.entry.Key}, true, nil
}

// Progress says what depends on which key, and what is under way. A key's file can be deleted when nothing depends on its version.
type Progress struct {
	Master  map[int]int // Persons by version of the master key that wraps theirs.
	Index   map[int]int // Index rows by version of the index key.
	Changes int         // Not known to be committed.
}

// Progress looks at people.db.
func (v *Vault) Progress(ctx context.Context) (Progress, error) { return ProgressOf(ctx, v.DB) }

// ProgressOf is Progress of a database that is open for looking only.
func ProgressOf(ctx context.Context, db *sqlite.DB) (Progress, error) {
	p := Progress{Master: map[int]int{}, Index: map[int]int{}}
	for _, count := range []struct {
		query string
		into  map[int]int
	}{
		{`SELECT master, COUNT(*) FROM persons WHERE master IS NOT NULL GROUP BY master`, p.Master}, {`SELECT version, COUNT(*) FROM identifiers GROUP BY version`, p.Index},
	} {
		if err := countBy(ctx, db, count.query, count.into); err != nil {
			return p, err
		}
	}
	err := db.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM changes`).Scan(&p.Changes)
	return p, sqlite.Failed(err)
}

func countBy(ctx context.Context, db *sqlite.DB, query string, into map[int]int) error {
	rows, err := db.Reader().QueryContext(ctx, query)
	return sqlite.Each(rows, err, func(row *sql.Rows) error {
		var version, count int
		err := row.Scan(&version, &count)
		into[version] = count
		return sqlite.Failed(err)
	})
}

package vault

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// readsAtOnce is how many entries are asked of the ledger, and put into one SQL statement, at a time.
const readsAtOnce = privacy.MaxLookup

// StoredEntry is a value of an attribute that is in use: where it stands on the ledger.
type StoredEntry struct {
	Attribute string
	Key       privacy.EntryKey
}

// holder is a person with its key unwrapped.
type holder struct {
	id        PersonID
	key       []byte
	createdAt int64
}

// holder finds a person, also by the id of one that was merged into it.
func (v *Vault) holder(ctx context.Context, id PersonID) (*holder, error) {
	var h holder
	var wrapped []byte
	var master sql.NullInt64
	err := v.DB.Reader().QueryRowContext(ctx, `SELECT p.id, p.wrapped, p.master, p.created_at FROM persons AS asked
		JOIN persons AS p ON p.id = COALESCE(asked.merged_into, asked.id) WHERE asked.id = ?`, string(id)).Scan(&h.id, &wrapped, &master, &h.createdAt)
	if errors.Is(err, sql.ErrNoRows) || err == nil && wrapped == nil {
		return nil, unknown()
	}
	if err != nil {
		return nil, sqlite.Failed(err)
	}
	h.key, err = v.unwrap(h.id, int(master.Int64), wrapped)
	return &h, err
}

// Survivor is the person that an id leads to: itself, or the one that it was merged into.
func (v *Vault) Survivor(ctx context.Context, id PersonID) (PersonID, error) {
	h, err := v.holder(ctx, id)
	if err != nil {
		return "", err
	}
	return h.id, nil
}

// hold takes a person's lock, has what is under way ended, and gives the person that the id leads to then: a merger may have been under way.
func (v *Vault) hold(ctx context.Context, id PersonID, settle func(context.Context, PersonID) error) (*holder, func(), error) {
	for {
		h, err := v.holder(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		release := v.persons.Take(h.id)
		err = settle(ctx, h.id)
		if err == nil {
			var again *holder
			if again, err = v.holder(ctx, id); err == nil && again.id == h.id {
				return again, release, nil
			}
		}
		release()
		if err != nil {
			return nil, nil, err
		}
	}
}

// personContext binds a wrapped key to its person.
func (v *Vault) personContext(id PersonID) string { return personPurpose + v.Brand + "|" + string(id) }

func (v *Vault) unwrap(id PersonID, version int, wrapped []byte) ([]byte, error) {
	master, there := v.Master.Key(version)
	if !there {
		return nil, fault.New(fault.StateCorrupt, "master key %d is missing: put its file back, persons' keys are wrapped by it", version)
	}
	return opened(master, wrapped, v.personContext(id))
}

func (v *Vault) wrap(id PersonID, key []byte) (version int, wrapped []byte, err error) {
	version, master := v.Master.Newest()
	wrapped, err = sealed(master, key, v.personContext(id))
	return version, wrapped, err
}

// Entries lists a person's entries that are in use, of the attributes named, or of all when none is; in the order of names, then of their making.
func (v *Vault) Entries(ctx context.Context, id PersonID, names []string) ([]StoredEntry, error) {
	h, err := v.holder(ctx, id)
	if err != nil {
		return nil, err
	}
	return v.entriesOf(ctx, h.id, names)
}

func (v *Vault) entriesOf(ctx context.Context, id PersonID, names []string) ([]StoredEntry, error) {
	wanted, err := json.Marshal(names)
	if err != nil {
		return nil, fault.New(fault.Internal, "names can't be encoded")
	}
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT name, key FROM entries WHERE person = ? AND state = 'LIVE'
		AND (? = 0 OR name IN (SELECT value FROM json_each(?))) ORDER BY name, created_at, rowid`, string(id), len(names), string(wanted))
	return sqlite.List(rows, err, func(e *StoredEntry) []any { return []any{&e.Attribute, &e.Key} })
}

// EntrySecret is the key of one entry of a person: it opens this entry and nothing else. NOT_FOUND when the person has no such entry in use.
func (v *Vault) EntrySecret(ctx context.Context, id PersonID, key privacy.EntryKey) ([]byte, error) {
	h, err := v.holder(ctx, id)
	if err != nil {
		return nil, err
	}
	var one int
	err = v.DB.Reader().QueryRowContext(ctx, `SELECT 1 FROM entries WHERE key = ? AND person = ? AND state = 'LIVE'`, string(key), string(h.id)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "the person has no such entry")
	}
	if err != nil {
		return nil, sqlite.Failed(err)
	}
	return entrySecret(h.key, key)
}

// values reads and decrypts entries of a person, in their order.
func (v *Vault) values(ctx context.Context, h *holder, entries []StoredEntry) ([]Attribute, error) {
	all := make([]Attribute, 0, len(entries))
	for start := 0; start < len(entries); start += readsAtOnce {
		part := entries[start:min(start+readsAtOnce, len(entries))]
		keys := make([]privacy.EntryKey, len(part))
		for i, e := range part {
			keys[i] = e.Key
		}
		raw, err := v.Ledger.VaultEntries(ctx, keys)
		if err != nil {
			return nil, err
		}
		if len(raw) != len(keys) {
			return nil, fault.New(fault.Internal, "the ledger answered for %d entries, not for %d", len(raw), len(keys))
		}
		for i := range part {
			a, err := v.openOne(h, part[i], raw[i])
			if err != nil {
				return nil, err
			}
			all = append(all, a)
		}
	}
	return all, nil
}

// errAbsent is what values answers for an entry that isn't on the ledger: a change has just replaced it, or it was purged behind the vault's back.
var errAbsent = fault.New(fault.StateCorrupt, "an entry of the vault is not on the ledger: run the audit")

func (v *Vault) openOne(h *holder, e StoredEntry, raw []byte) (Attribute, error) {
	if raw == nil {
		return Attribute{}, errAbsent
	}
	secret, err := entrySecret(h.key, e.Key)
	if err != nil {
		return Attribute{}, err
	}
	a, err := OpenEntry(v.Brand, e.Key, raw, secret)
	if err != nil {
		return Attribute{}, err
	}
	if a.Name != e.Attribute {
		return Attribute{}, fault.New(fault.StateCorrupt, "an entry of the vault holds another attribute than %s", e.Attribute)
	}
	return a, nil
}

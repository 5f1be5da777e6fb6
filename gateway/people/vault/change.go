package vault

import (
	"bytes"
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// late is how long after it was taken back a change's entries are purged: by then a transaction of it that was still under way has been ordered or has lapsed.
const late = 10 * time.Minute

// pending is a change that isn't known to be committed. Its row in people.db is written before the ledger hears of it and deleted with what it brings into use, so that
// after a crash at any point it is ended (or taken back) by whoever comes next.
type pending struct {
	id     ChangeID
	person PersonID
	gone   PersonID // Merged into person with it; empty otherwise.
	change privacy.Change
	fresh  bool // The person comes into being with it.
	// cleanup is a change that only purges what nothing refers to any more.
	cleanup bool
	tried   int // How often it was sent without an answer.
}

// newEntry is an entry that a change puts, with its attribute in the clear: for the index, in memory only.
type newEntry struct {
	key       privacy.EntryKey
	attribute Attribute
}

// sealAll adds entries for new values to a change.
func (v *Vault) sealAll(p *pending, personKey []byte, all []Attribute) ([]newEntry, error) {
	fresh := make([]newEntry, 0, len(all))
	for _, a := range all {
		put, err := sealEntry(v.Brand, personKey, a)
		if err != nil {
			return nil, err
		}
		p.change.Put = append(p.change.Put, put)
		fresh = append(fresh, newEntry{put.Key, a})
	}
	return fresh, nil
}

// begin writes a change down: its entries are pending, and their identifiers are taken. PERSON_EXISTS when one is another person's.
func (v *Vault) begin(tx *sqlite.Tx, p *pending, fresh []newEntry) error {
	owners := []PersonID{p.person}
	if p.gone != "" {
		owners = append(owners, p.gone)
	}
	for _, e := range fresh {
		if _, err := tx.Exec(`INSERT INTO entries (key, person, name, state, created_at) VALUES (?, ?, ?, 'PENDING', ?)`,
			string(e.key), string(p.person), e.attribute.Name, v.now()); err != nil {
			return err
		}
		if !Multiple(e.attribute.Name) {
			continue
		}
		if err := v.claim(tx, e, owners); err != nil {
			return err
		}
	}
	return insertChange(tx, p, 0)
}

// insertChange writes the outbox's row; it isn't sent before due, in Unix milliseconds.
func insertChange(tx *sqlite.Tx, p *pending, due int64) error {
	body, err := wire.Encode(p.change)
	if err != nil {
		return fault.New(fault.Internal, "a change of the vault can't be encoded")
	}
	result, err := tx.Exec(`INSERT INTO changes (person, gone, body, fresh, cleanup, due_at) VALUES (?, NULLIF(?, ''), ?, ?, ?, ?)`,
		string(p.person), string(p.gone), body, p.fresh, p.cleanup, due)
	if err != nil {
		return err
	}
	id, err := result.LastInsertId()
	p.id = ChangeID(id)
	return sqlite.Failed(err)
}

// send brings a change to the ledger and ends it. The caller has the person's lock. After an error of class retry the change stays for later; after any other it is
// taken back.
func (v *Vault) send(ctx context.Context, p *pending) error {
	err := v.Ledger.ChangeVault(ctx, p.change)
	switch {
	case err == nil:
		return v.finish(ctx, p)
	case p.cleanup || unclear(err):
		return v.keepForLater(ctx, p, err)
	}
	there, looked := v.committed(ctx, &p.change)
	switch {
	case looked != nil:
		return v.keepForLater(ctx, p, err)
	case there:
		return v.finish(ctx, p)
	}
	v.Log.Warn("the ledger refused a change of the vault", "code", fault.CodeOf(err), "puts", len(p.change.Put), "purges", len(p.change.Purge))
	if err := v.takeBack(ctx, p); err != nil {
		return err
	}
	return err
}

// resend is send for a change that was written down earlier, and perhaps sent.
func (v *Vault) resend(ctx context.Context, p *pending) error {
	there, err := v.committed(ctx, &p.change)
	if err != nil {
		return err
	}
	if there {
		return v.finish(ctx, p)
	}
	return v.send(ctx, p)
}

// unclear says whether an error leaves open what has become of a change.
func unclear(err error) bool {
	class := fault.Lookup(fault.CodeOf(err)).Class
	return class == fault.ClassRetry || class == fault.ClassInternal
}

// committed says whether all of a change is on the ledger.
func (v *Vault) committed(ctx context.Context, c *privacy.Change) (bool, error) {
	keys := make([]privacy.EntryKey, 0, len(c.Put)+len(c.Purge))
	for _, put := range c.Put {
		keys = append(keys, put.Key)
	}
	keys = append(keys, c.Purge...)
	for start := 0; start < len(keys); start += readsAtOnce {
		end := min(start+readsAtOnce, len(keys))
		raw, err := v.Ledger.VaultEntries(ctx, keys[start:end])
		if err != nil {
			return false, err
		}
		for i := range raw {
			at := start + i
			if at < len(c.Put) && !bytes.Equal(raw[i], c.Put[at].Value) || at >= len(c.Put) && raw[i] != nil {
				return false, nil
			}
		}
	}
	return true, nil
}

func (v *Vault) keepForLater(ctx context.Context, p *pending, cause error) error {
	err := v.DB.Write(context.WithoutCancel(ctx), func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE changes SET tried = tried + 1 WHERE id = ?`, p.id)
		return err
	})
	if err != nil {
		return err
	}
	return cause
}

// finish brings a committed change into use.
func (v *Vault) finish(ctx context.Context, p *pending) error {
	return v.DB.Write(context.WithoutCancel(ctx), func(tx *sqlite.Tx) error {
		ended, err := endChange(tx, p)
		if err != nil || !ended {
			return err
		}
		names := map[string]bool{}
		for _, put := range p.change.Put {
			if err := switchEntry(tx, names, `UPDATE entries SET state = 'LIVE' WHERE key = ? RETURNING name`, put.Key); err != nil {
				return err
			}
		}
		for _, key := range p.change.Purge {
			if err := switchEntry(tx, names, `DELETE FROM entries WHERE key = ? RETURNING name`, key); err != nil {
				return err
			}
		}
		if p.gone != "" {
			if err := v.mergeRows(tx, p.person, p.gone); err != nil {
				return err
			}
		}
		if err := v.forerunners(func(f Forerunner) error { return f.InUse(tx, p.id) }); err != nil {
			return err
		}
		return v.tell(tx, p.person, names)
	})
}

// endChange deletes the outbox's row; false when somebody else has.
func endChange(tx *sqlite.Tx, p *pending) (bool, error) {
	n, err := tx.Change(`DELETE FROM changes WHERE id = ?`, p.id)
	return n > 0, err
}

func switchEntry(tx *sqlite.Tx, names map[string]bool, query string, key privacy.EntryKey) error {
	var name string
	there, err := tx.QueryRow(query, []any{string(key)}, &name)
	if there {
		names[name] = true
	}
	return err
}

// takeBack undoes a change that the ledger refused. Where an earlier attempt may still be under way, what it could write is purged later.
func (v *Vault) takeBack(ctx context.Context, p *pending) error {
	return v.DB.Write(context.WithoutCancel(ctx), func(tx *sqlite.Tx) error {
		var tried int
		there, err := tx.QueryRow(`DELETE FROM changes WHERE id = ? RETURNING tried`, []any{p.id}, &tried)
		if err != nil || !there {
			return err
		}
		if err := v.forerunners(func(f Forerunner) error { return f.TakenBack(tx, p.id) }); err != nil {
			return err
		}
		leftover := pending{person: p.person, cleanup: true, change: privacy.Change{V: 1}}
		for _, put := range p.change.Put {
			if _, err := tx.Exec(`DELETE FROM entries WHERE key = ?`, string(put.Key)); err != nil {
				return err
			}
			leftover.change.Purge = append(leftover.change.Purge, put.Key)
		}
		if p.fresh {
			if _, err := tx.Exec(`DELETE FROM persons WHERE id = ?`, string(p.person)); err != nil {
				return err
			}
		}
		if tried == 0 || len(leftover.change.Purge) == 0 {
			return nil
		}
		return insertChange(tx, &leftover, v.Now().Add(late).UnixMilli())
	})
}

// settle ends what is under way for a person, whose lock the caller has.
func (v *Vault) settle(ctx context.Context, id PersonID) error {
	all, err := v.pendings(ctx, `WHERE (person = ? OR gone = ?) AND due_at <= ? ORDER BY id`, string(id), string(id), v.now())
	if err != nil {
		return err
	}
	for i := range all {
		if err := v.resend(ctx, &all[i]); err != nil && unclear(err) && !all[i].cleanup {
			return err
		}
	}
	return nil
}

func (v *Vault) pendings(ctx context.Context, where string, args ...any) ([]pending, error) {
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT id, person, COALESCE(gone, ''), body, fresh, cleanup, tried FROM changes `+where, args...)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (p pending, err error) {
		var body []byte
		if err := row.Scan(&p.id, &p.person, &p.gone, &body, &p.fresh, &p.cleanup, &p.tried); err != nil {
			return p, sqlite.Failed(err)
		}
		if err := wire.DecodeRecord(body, &p.change); err != nil {
			return p, fault.New(fault.StateCorrupt, "a change in people.db can't be decoded")
		}
		return p, nil
	})
}

// forerunners calls f with every companion that is one.
func (v *Vault) forerunners(f func(Forerunner) error) error {
	for _, c := range v.companions {
		if one, is := c.(Forerunner); is {
			if err := f(one); err != nil {
				return err
			}
		}
	}
	return nil
}

// foretell has companions know which identifiers a change that was just written down takes and gives.
func (v *Vault) foretell(ctx context.Context, tx *sqlite.Tx, id PersonID, c IdentifierChange) error {
	if len(c.Gone)+len(c.Added) == 0 {
		return nil
	}
	return v.forerunners(func(f Forerunner) error { return f.Changing(ctx, tx, id, c) })
}

// identifiersOf gives those of a person's attributes that are identifiers.
func identifiersOf(all []Attribute) (some []Identifier) {
	for _, a := range all {
		if Multiple(a.Name) {
			some = append(some, Identifier{Kind: Kind(a.Name), Value: a.Value})
		}
	}
	return some
}

// tell has companions that watch do their part of a change.
func (v *Vault) tell(tx *sqlite.Tx, id PersonID, changed map[string]bool) error {
	names := slices.Sorted(maps.Keys(changed))
	for _, c := range v.companions {
		if w, watches := c.(Watcher); watches {
			if err := w.Changed(tx, id, names); err != nil {
				return err
			}
		}
	}
	return nil
}

package vault

import (
	"context"
	"errors"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/seal"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Create makes a person of one or more attributes. PERSON_EXISTS when one of the identifiers is another person's; INVALID_VALUE (Invalid) names the attribute.
// An error of class retry leaves open whether the person will be there: create it with an idempotency key (CreateOnce) to be able to ask again.
func (v *Vault) Create(ctx context.Context, all []Attribute, access Access) (PersonID, error) {
	return v.CreateOnce(ctx, Once{}, all, access)
}

// Once is a caller's name for one creation: the same key with the same attributes gives the same person.
type Once struct{ Caller, Key string }

// CreateOnce is Create, at most once for a key. IDEMPOTENCY_CONFLICT when the key was used with other attributes.
func (v *Vault) CreateOnce(ctx context.Context, once Once, all []Attribute, access Access) (PersonID, error) {
	if err := access.valid(); err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", fault.New(fault.InvalidValue, "a person has one attribute at least")
	}
	r, err := v.rules(ctx, all)
	if err != nil {
		return "", err
	}
	all, err = r.normalAll(all)
	if err != nil {
		return "", err
	}
	if id, err := v.created(ctx, once, all); id != "" || err != nil {
		return id, err
	}
	return v.create(ctx, once, all, access)
}

func (v *Vault) create(ctx context.Context, once Once, all []Attribute, access Access) (PersonID, error) {
	id, key := NewPersonID(), random.Bytes(seal.KeySize)
	p := &pending{person: id, fresh: true, change: privacy.Change{V: 1}}
	fresh, err := v.sealAll(p, key, all)
	if err != nil {
		return "", err
	}
	version, wrapped, err := v.wrap(id, key)
	if err != nil {
		return "", err
	}
	defer v.persons.Take(id)()
	if err := v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec(`INSERT INTO persons (id, wrapped, master, created_at) VALUES (?, ?, ?, ?)`, string(id), wrapped, version, v.now()); err != nil {
			return err
		}
		if err := v.insertCreation(tx, once, id, all); err != nil {
			return err
		}
		if err := v.logIn(tx, id, Creating, access, namesOf(all)); err != nil {
			return err
		}
		return v.begin(tx, p, fresh)
	}); err != nil {
		return "", err
	}
	return id, v.send(ctx, p)
}

// Read gives a person's values of the attributes named, of all when none is. The access log has the read before the caller has the values.
func (v *Vault) Read(ctx context.Context, id PersonID, names []string, access Access) ([]Attribute, error) {
	if err := access.valid(); err != nil {
		return nil, err
	}
	if err := checkNames(names); err != nil {
		return nil, err
	}
	h, err := v.holder(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := v.read(ctx, h, names)
	if err != nil {
		return nil, err
	}
	read := names
	if len(names) == 0 {
		read = namesOf(all)
	}
	return all, v.Record(ctx, h.id, Reading, access, read)
}

func checkNames(names []string) error {
	if len(names) > MaxValues {
		return fault.New(fault.InvalidValue, "no more than %d names can be given", MaxValues)
	}
	for _, name := range names {
		if err := CheckName(name); err != nil {
			return err
		}
	}
	return nil
}

// read reads values without logging. A change that is under way elsewhere may have replaced entries between their being listed and their being read: once that is ended, it
// reads again.
func (v *Vault) read(ctx context.Context, h *holder, names []string) ([]Attribute, error) {
	entries, err := v.entriesOf(ctx, h.id, names)
	if err != nil {
		return nil, err
	}
	all, err := v.values(ctx, h, entries)
	if !errors.Is(err, errAbsent) {
		return all, err
	}
	now, release, err := v.hold(ctx, h.id, v.settle)
	if err != nil {
		return nil, err
	}
	defer release()
	return v.readSettled(ctx, now, names)
}

// readSettled is read for a caller that has the person's lock, with no change under way.
func (v *Vault) readSettled(ctx context.Context, h *holder, names []string) ([]Attribute, error) {
	entries, err := v.entriesOf(ctx, h.id, names)
	if err != nil {
		return nil, err
	}
	return v.values(ctx, h, entries)
}

// Update gives attributes new values and removes others. All values of a name that is set are replaced by those given; a value that stays keeps its entry.
func (v *Vault) Update(ctx context.Context, id PersonID, set []Attribute, remove []string, access Access) error {
	if err := access.valid(); err != nil {
		return err
	}
	if err := checkNames(remove); err != nil {
		return err
	}
	r, err := v.rules(ctx, set)
	if err != nil {
		return err
	}
	set, err = r.normalAll(set)
	if err != nil {
		return err
	}
	for _, name := range namesOf(set) {
		if slices.Contains(remove, name) {
			return fault.New(fault.InvalidValue, "%s can't be both set and removed", name)
		}
	}
	h, release, err := v.hold(ctx, id, v.settle)
	if err != nil {
		return err
	}
	defer release()
	return v.update(ctx, h, set, remove, access)
}

func (v *Vault) update(ctx context.Context, h *holder, set []Attribute, remove []string, access Access) error {
	touched := slices.Concat(namesOf(set), remove)
	if len(touched) == 0 {
		return nil
	}
	entries, err := v.entriesOf(ctx, h.id, touched)
	if err != nil {
		return err
	}
	values, err := v.values(ctx, h, entries)
	if err != nil {
		return err
	}
	p := &pending{person: h.id, change: privacy.Change{V: 1}}
	for i, old := range values {
		if !slices.Contains(set, old) {
			p.change.Purge = append(p.change.Purge, entries[i].Key)
		}
	}
	added := slices.DeleteFunc(slices.Clone(set), func(a Attribute) bool { return slices.Contains(values, a) })
	gone := slices.DeleteFunc(slices.Clone(values), func(a Attribute) bool { return slices.Contains(set, a) })
	fresh, err := v.sealAll(p, h.key, added)
	if err != nil {
		return err
	}
	if len(p.change.Put)+len(p.change.Purge) == 0 {
		return nil
	}
	if err := v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		if live, err := livePerson(tx, h.id); err != nil || live != h.id {
			return errors.Join(err, unknown())
		}
		if err := checkCount(tx, p); err != nil {
			return err
		}
		if err := v.logIn(tx, h.id, Updating, access, touched); err != nil {
			return err
		}
		if err := v.begin(tx, p, fresh); err != nil {
			return err
		}
		return v.foretell(ctx, tx, h.id, IdentifierChange{ID: p.id, Gone: identifiersOf(gone), Added: identifiersOf(added)})
	}); err != nil {
		return err
	}
	return v.send(ctx, p)
}

// checkCount keeps a person within MaxValues.
func checkCount(tx *sqlite.Tx, p *pending) error {
	var count int
	if _, err := tx.QueryRow(`SELECT COUNT(*) FROM entries WHERE person = ?`, []any{string(p.person)}, &count); err != nil {
		return err
	}
	if count+len(p.change.Put)-len(p.change.Purge) > MaxValues {
		return fault.New(fault.PersonLimit, "a person has no more than %d values", MaxValues)
	}
	return nil
}

// Find gives the person with this identifier; PERSON_UNKNOWN when there is none.
func (v *Vault) Find(ctx context.Context, id Identifier) (PersonID, error) {
	normal, err := id.Normalise(v.Region)
	if err != nil {
		return "", err
	}
	for _, hash := range v.hashes(normal.lookup()) {
		var person PersonID
		err := v.DB.Reader().QueryRowContext(ctx, `SELECT e.person FROM identifiers AS i JOIN entries AS e ON e.key = i.entry WHERE i.hash = ? AND e.state = 'LIVE'`, hash).Scan(&person)
		if found, err := someRow(err); found || err != nil {
			return person, err
		}
	}
	return "", unknown()
}

// namesOf lists the names in a list, each once, in order of appearance.
func namesOf(all []Attribute) []string {
	var names []string
	for _, a := range all {
		if !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
	}
	return names
}

package vault

import (
	"database/sql"
	"errors"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// hashes are an identifier's keyed hashes under every index key there is, newest first: while the index is rotated its rows are of two versions.
func (v *Vault) hashes(lookup string) [][]byte {
	versions := v.Index.Versions()
	all := make([][]byte, 0, len(versions))
	for _, version := range versions {
		if key, there := v.Index.Key(version); there {
			all = append(all, keyedHash(key, lookup))
		}
	}
	return all
}

// newHash is an identifier's hash under the newest index key.
func (v *Vault) newHash(lookup string) (hash []byte, version int) {
	version, key := v.Index.Newest()
	return keyedHash(key, lookup), version
}

// claim puts an entry's identifier into the index. PERSON_EXISTS when it is that of somebody who isn't among the owners.
func (v *Vault) claim(tx *sqlite.Tx, e newEntry, owners []PersonID) error {
	id := Identifier{Kind(e.attribute.Name), e.attribute.Value}
	for _, hash := range v.hashes(id.lookup()) {
		owner, err := ownerOf(tx, hash, owners)
		if err != nil {
			return err
		}
		if owner != "" {
			return fault.New(fault.PersonExists, "another person has this %s", e.attribute.Name)
		}
	}
	hash, version := v.newHash(id.lookup())
	_, err := tx.Exec(`INSERT INTO identifiers (hash, version, kind, entry) VALUES (?, ?, ?, ?)`, hash, version, e.attribute.Name, string(e.key))
	return err
}

// ownerOf finds a person with this hash who isn't among the two that may have it.
func ownerOf(tx *sqlite.Tx, hash []byte, allowed []PersonID) (PersonID, error) {
	var owner string
	_, err := tx.QueryRow(`SELECT e.person FROM identifiers AS i JOIN entries AS e ON e.key = i.entry WHERE i.hash = ? AND e.person <> ? AND e.person <> ?`,
		[]any{hash, string(allowed[0]), string(allowed[len(allowed)-1])}, &owner)
	return PersonID(owner), err
}

// someRow tells the error of a query for one row from there being none.
func someRow(err error) (found bool, _ error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, sqlite.Failed(err)
}

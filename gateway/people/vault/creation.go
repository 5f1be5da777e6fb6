package vault

import (
	"context"
	"encoding/hex"
	"encoding/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Purposes of keyed hashes besides the index's.
const (
	oncePurpose    = "once|"
	requestPurpose = "request|"
)

// given says whether the caller wants its creation to happen once.
func (o Once) given() bool { return o.Key != "" }

// name is a creation's name under an index key.
func (o Once) name(key []byte) string {
	return hex.EncodeToString(keyedHash(key, oncePurpose+o.Caller+"|"+o.Key))
}

// requestHash tells creations with other attributes apart. It is keyed, since attributes can be guessed.
func requestHash(key []byte, all []Attribute) (string, error) {
	body, err := json.Marshal(all)
	if err != nil {
		return "", fault.New(fault.Internal, "attributes can't be encoded")
	}
	return hex.EncodeToString(keyedHash(key, requestPurpose+string(body))), nil
}

// created finds what the caller's key created before; empty when nothing. What is still under way is ended first.
func (v *Vault) created(ctx context.Context, once Once, all []Attribute) (PersonID, error) {
	if !once.given() {
		return "", nil
	}
	for _, version := range v.Index.Versions() {
		key, there := v.Index.Key(version)
		if !there {
			continue
		}
		var id PersonID
		var known string
		err := v.DB.Reader().QueryRowContext(ctx, `SELECT person, request FROM creations WHERE idempotency = ?`, once.name(key)).Scan(&id, &known)
		if found, err := someRow(err); err != nil {
			return "", err
		} else if !found {
			continue
		}
		if asked, err := requestHash(key, all); err != nil || asked != known {
			return "", fault.New(fault.IdempotencyConflict, "the idempotency key was used with other attributes")
		}
		return v.endCreation(ctx, id)
	}
	return "", nil
}

func (v *Vault) endCreation(ctx context.Context, id PersonID) (PersonID, error) {
	defer v.persons.Take(id)()
	if err := v.settle(ctx, id); err != nil {
		return "", err
	}
	h, err := v.holder(ctx, id)
	if err != nil {
		return "", err // The ledger refused it in the meantime, or the person was erased.
	}
	return h.id, nil
}

func (v *Vault) insertCreation(tx *sqlite.Tx, once Once, id PersonID, all []Attribute) error {
	if !once.given() {
		return nil
	}
	_, key := v.Index.Newest()
	request, err := requestHash(key, all)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO creations (idempotency, request, person, at) VALUES (?, ?, ?, ?)`, once.name(key), request, string(id), v.now())
	return err
}

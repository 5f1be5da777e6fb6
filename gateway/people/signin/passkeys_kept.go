package signin

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

type scanner interface{ Scan(into ...any) error }

// list gives what a query finds.
func list[T any](ctx context.Context, db *sql.DB, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (T, error) {
		one, err := scan(row)
		return one, sqlite.Failed(err)
	})
}

// ownerOf gives whose passkey it is; nobody's when it isn't known.
func (s *Service) ownerOf(ctx context.Context, credential []byte) (PersonID, error) {
	owners, err := list(ctx, s.db.Reader(), func(row scanner) (owner PersonID, err error) {
		err = row.Scan(&owner)
		return owner, err
	}, "SELECT person FROM signin_passkeys WHERE id = ?", base64.RawURLEncoding.EncodeToString(credential))
	if err != nil || len(owners) == 0 {
		return "", err
	}
	return owners[0], nil
}

// user gives a person with their passkeys as the library wants one.
func (s *Service) user(ctx context.Context, person PersonID) (*user, error) {
	credentials, err := list(ctx, s.db.Reader(), func(row scanner) (c webauthn.Credential, err error) {
		var raw []byte
		if err := row.Scan(&raw); err != nil {
			return c, err
		}
		return c, json.Unmarshal(raw, &c)
	}, "SELECT credential FROM signin_passkeys WHERE person = ? ORDER BY created, id", person)
	return &user{handle: s.handle(person), name: s.issuer, credentials: credentials}, err
}

// Passkeys lists the person's passkeys, the oldest first.
func (s *Service) Passkeys(ctx context.Context, person PersonID) ([]Passkey, error) {
	return list(ctx, s.db.Reader(), func(row scanner) (p Passkey, err error) {
		var created, used int64
		var label []byte
		if err := row.Scan(&p.ID, &label, &p.Key, &created, &used); err != nil {
			return p, err
		}
		p.Label = s.openLabel(p.ID, label)
		p.Created = time.Unix(created, 0).UTC()
		if used != 0 {
			p.Used = time.Unix(used, 0).UTC()
		}
		return p, nil
	}, "SELECT id, sealed_label, ledger_key, created, used FROM signin_passkeys WHERE person = ? ORDER BY created, id", person)
}

// openLabel is empty for a passkey without a label, and for one whose label was sealed under another secret: the passkey itself is as good as before.
func (s *Service) openLabel(id string, sealed []byte) string {
	if sealed == nil {
		return ""
	}
	plain, err := s.keys.open(labelOwner(id), sealed)
	if err != nil {
		s.log.Warn("a passkey's label can't be opened: was the gateway's secret replaced?")
		return ""
	}
	return string(plain)
}

// RemovePasskey forgets a passkey of the person; NOT_FOUND when it isn't one. An account whose controller it is stays under it: the ledger says who controls an account.
func (s *Service) RemovePasskey(ctx context.Context, session *Session, id string) error {
	person := session.Person
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		gone, err := tx.Change("DELETE FROM signin_passkeys WHERE person = ? AND id = ?", person, id)
		if err != nil {
			return err
		}
		if gone == 0 {
			return fault.New(fault.NotFound, "there is no such passkey")
		}
		return s.note(tx, session.did(PasskeyRemoved))
	})
}

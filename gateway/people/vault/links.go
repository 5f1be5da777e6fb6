package vault

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// MaxAccounts is how many accounts one person has, over all programmes.
const MaxAccounts = 100

// Link is an account that is a person's.
type Link struct {
	Programme string           `json:"programme"`
	Account   points.AccountID `json:"account"`
	LinkedAt  int64            `json:"linkedAt"` // Unix milliseconds.
}

// Link says that an account is a person's; again, it changes nothing. ALREADY_EXISTS when it is another person's.
func (v *Vault) Link(ctx context.Context, id PersonID, programme string, account points.AccountID) error {
	h, err := v.holder(ctx, id)
	if err != nil {
		return err
	}
	defer v.persons.Take(h.id)()
	return v.DB.Write(ctx, func(tx *sqlite.Tx) error { return v.link(tx, id, Link{programme, account, v.now()}) })
}

func (v *Vault) link(tx *sqlite.Tx, asked PersonID, l Link) error {
	id, err := livePerson(tx, asked)
	if err != nil {
		return err
	}
	var owner string
	there, err := tx.QueryRow(`SELECT person FROM accounts WHERE programme = ? AND account = ?`, []any{l.Programme, string(l.Account)}, &owner)
	if err != nil {
		return err
	}
	if there && owner == string(id) {
		return nil
	}
	if there {
		return fault.New(fault.AlreadyExists, "the account is another person's")
	}
	var count int
	if _, err := tx.QueryRow(`SELECT COUNT(*) FROM accounts WHERE person = ?`, []any{string(id)}, &count); err != nil {
		return err
	}
	if count >= MaxAccounts {
		return fault.New(fault.PersonLimit, "a person has no more than %d accounts", MaxAccounts)
	}
	_, err = tx.Exec(`INSERT INTO accounts (programme, account, person, linked_at) VALUES (?, ?, ?, ?)`, l.Programme, string(l.Account), string(id), l.LinkedAt)
	return err
}

// livePerson follows a merger, and refuses a person whose key is destroyed.
func livePerson(tx *sqlite.Tx, asked PersonID) (PersonID, error) {
	var id string
	there, err := tx.QueryRow(`SELECT p.id FROM persons AS asked JOIN persons AS p ON p.id = COALESCE(asked.merged_into, asked.id) WHERE asked.id = ? AND p.wrapped IS NOT NULL`,
		[]any{string(asked)}, &id)
	if err != nil {
		return "", err
	}
	if !there {
		return "", unknown()
	}
	return PersonID(id), nil
}

// Accounts lists a person's accounts, by programme, the first that was linked first.
func (v *Vault) Accounts(ctx context.Context, id PersonID) ([]Link, error) {
	h, err := v.holder(ctx, id)
	if err != nil {
		return nil, err
	}
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT programme, account, linked_at FROM accounts WHERE person = ? ORDER BY programme, linked_at, account`, string(h.id))
	return sqlite.List(rows, err, func(l *Link) []any { return []any{&l.Programme, &l.Account, &l.LinkedAt} })
}

// AccountsIn lists a person's accounts of one programme. The first that was linked, which comes first, is what the person is known by where only one can be named.
func (v *Vault) AccountsIn(ctx context.Context, id PersonID, programme string) ([]points.AccountID, error) {
	links, err := v.Accounts(ctx, id)
	var accounts []points.AccountID
	for _, l := range links {
		if l.Programme == programme {
			accounts = append(accounts, l.Account)
		}
	}
	return accounts, err
}

// OwnerIn finds whose account it is within a transaction of people.db; false when it is nobody's.
func OwnerIn(tx *sqlite.Tx, programme string, account points.AccountID) (id PersonID, known bool, err error) {
	known, err = tx.QueryRow(`SELECT person FROM accounts WHERE programme = ? AND account = ?`, []any{programme, string(account)}, &id)
	return id, known, err
}

// PersonOf finds whose account it is; PERSON_UNKNOWN when it is nobody's.
func (v *Vault) PersonOf(ctx context.Context, programme string, account points.AccountID) (PersonID, error) {
	var id PersonID
	err := v.DB.Reader().QueryRowContext(ctx, `SELECT person FROM accounts WHERE programme = ? AND account = ?`, programme, string(account)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", unknown()
	}
	return id, sqlite.Failed(err)
}

package vault

import (
	"context"
	"database/sql"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// referenceBytes are the random bytes of an account's reference.
const referenceBytes = 16

// openingPurpose keeps hashes of openings apart from those of creations.
const openingPurpose = "opening|"

// BeginOpening says that an account is to be opened for a person, once for a caller's key, and gives the random reference to open it under: no hash of a phone or card then
// stands among the ledger's private details. An account is returned when this key's opening has ended.
func (v *Vault) BeginOpening(ctx context.Context, id PersonID, once Once) (reference string, account points.AccountID, err error) {
	if !once.given() {
		return "", "", fault.New(fault.IdempotencyMissing, "an account is opened under an idempotency key")
	}
	_, newest := v.Index.Newest()
	err = v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		live, err := livePerson(tx, id)
		if err != nil {
			return err
		}
		for _, version := range v.Index.Versions() {
			key, _ := v.Index.Key(version)
			var known sql.NullString
			found, err := tx.QueryRow(`SELECT reference, account FROM openings WHERE person = ? AND request = ?`, []any{string(live), openingName(once, key)}, &reference, &known)
			if err != nil || found {
				account = points.AccountID(known.String)
				return err
			}
		}
		reference = random.Hex(referenceBytes)
		_, err = tx.Exec(`INSERT INTO openings (reference, person, request, begun_at) VALUES (?, ?, ?, ?)`, reference, string(live), openingName(once, newest), v.now())
		return err
	})
	return reference, account, err
}

func openingName(once Once, key []byte) string {
	return hex.EncodeToString(keyedHash(key, openingPurpose+once.Caller+"|"+once.Key))
}

// EndOpening links the account that was opened under a reference. Again, it changes nothing; so does the opening of a person who was erased in the meantime.
func (v *Vault) EndOpening(ctx context.Context, reference, programme string, account points.AccountID) error {
	return v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		var person string
		found, err := tx.QueryRow(`UPDATE openings SET account = ? WHERE reference = ? RETURNING person`, []any{string(account), reference}, &person)
		if err != nil || !found {
			return err
		}
		return v.link(tx, PersonID(person), Link{programme, account, v.now()})
	})
}

// Openings lists references under which an account was to be opened, and no account is linked yet; the oldest first.
func (v *Vault) Openings(ctx context.Context) ([]string, error) {
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT reference FROM openings WHERE account IS NULL ORDER BY begun_at LIMIT ?`, MaxPage)
	return sqlite.Column[string](rows, err)
}

// AccountFor finds a person's account of a programme by what a customer shows at a till: a card, a phone, an e-mail address or another system's id. The account that was linked
// first is the person's. False when nobody is known by it, or has no account there.
func (v *Vault) AccountFor(ctx context.Context, programme, reference string) (points.AccountID, bool, error) {
	for _, kind := range []Kind{Card, Phone, Email, External} {
		normal, err := Identifier{kind, reference}.Normalise(v.Region)
		if err != nil {
			continue // It can't be one of these.
		}
		for _, hash := range v.hashes(normal.lookup()) {
			var account points.AccountID
			err := v.DB.Reader().QueryRowContext(ctx, `SELECT a.account FROM identifiers AS i JOIN entries AS e ON e.key = i.entry JOIN accounts AS a ON a.person = e.person
				WHERE i.hash = ? AND e.state = 'LIVE' AND a.programme = ? ORDER BY a.linked_at, a.account LIMIT 1`, hash, programme).Scan(&account)
			if found, err := someRow(err); found || err != nil {
				return account, found, err
			}
		}
	}
	return "", false, nil
}

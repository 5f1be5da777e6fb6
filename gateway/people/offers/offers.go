package offers

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/seal"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Limits of one person's choices.
const (
	MaxDeclined = 1000 // Offers that haven't lapsed.
	MaxMuted    = 200  // Senders.
)

// Uses of the gateway's secret.
const (
	nameUse = "names of choices about offers"
	sealUse = "choices about offers"
)

// choice is one row's value, sealed: one of the two is set.
type choice struct {
	Hold   points.OperationID `json:"hold,omitempty"`
	Sender points.AccountID   `json:"sender,omitempty"`
	Until  int64              `json:"until,omitempty"` // Of a hold, Unix seconds: when it lapses.
}

// Choices are what a person wants to see no more.
type Choices struct {
	Declined map[points.OperationID]int64 // When each lapses, Unix seconds.
	Muted    []points.AccountID           // In order.
}

// Keeper keeps choices in people.db.
type Keeper struct {
	db   *sqlite.DB
	key  []byte // Of names.
	seal seal.Sealer
	now  func() time.Time
}

// New makes a keeper whose keys are derived from a secret of its own.
func New(db *sqlite.DB, secret []byte) (*Keeper, error) {
	key, err := seal.Derive(secret, nameUse)
	if err != nil {
		return nil, err
	}
	sealer, err := seal.Derived(secret, sealUse)
	return &Keeper{db: db, key: key, seal: sealer, now: time.Now}, err
}

// Decline remembers until an offer lapses (Unix seconds) that a person doesn't want it. LIMIT beyond MaxDeclined.
func (k *Keeper) Decline(ctx context.Context, person vault.PersonID, hold points.OperationID, until int64) error {
	return k.keep(ctx, person, choice{Hold: hold, Until: until}, MaxDeclined)
}

// Mute remembers that a person wants no offers of an account. LIMIT beyond MaxMuted.
func (k *Keeper) Mute(ctx context.Context, person vault.PersonID, sender points.AccountID) error {
	return k.keep(ctx, person, choice{Sender: sender}, MaxMuted)
}

// Unmute forgets that; an account that isn't muted is no error.
func (k *Keeper) Unmute(ctx context.Context, person vault.PersonID, sender points.AccountID) error {
	name := k.nameOf(choice{Sender: sender})
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("DELETE FROM offer_choices WHERE person = ? AND name = ?", person, name)
		return err
	})
}

// Of gives a person's choices, without offers that have lapsed.
func (k *Keeper) Of(ctx context.Context, person vault.PersonID) (Choices, error) {
	rows, err := k.db.Reader().QueryContext(ctx, "SELECT name, sealed FROM offer_choices WHERE person = ? AND (ends = 0 OR ends > ?)", person, k.now().Unix())
	type row struct {
		name   string
		sealed []byte
	}
	found, err := sqlite.List(rows, err, func(r *row) []any { return []any{&r.name, &r.sealed} })
	if err != nil {
		return Choices{}, err
	}
	all := Choices{Declined: map[points.OperationID]int64{}}
	for _, r := range found {
		raw, err := k.seal.Open(r.sealed, r.name)
		if err != nil {
			return Choices{}, err
		}
		var c choice
		if err := json.Unmarshal(raw, &c); err != nil {
			return Choices{}, fault.New(fault.StateCorrupt, "a choice in people.db can't be read")
		}
		all.add(c)
	}
	all.sort()
	return all, nil
}

// nameOf is a keyed hash of what a choice is about.
func (k *Keeper) nameOf(c choice) string {
	mac := hmac.New(sha256.New, k.key)
	mac.Write([]byte(string(c.Hold) + "\x00" + string(c.Sender)))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// keep writes a choice, unless the person has as many of its kind as there may be.
func (k *Keeper) keep(ctx context.Context, person vault.PersonID, c choice, most int) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return fault.New(fault.Internal, "a choice can't be encoded: %v", err)
	}
	name := k.nameOf(c)
	sealed := k.seal.Seal(raw, name)
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec("DELETE FROM offer_choices WHERE ends > 0 AND ends <= ?", k.now().Unix()); err != nil { // Anybody's that have lapsed.
			return err
		}
		var there int
		const q = "SELECT count(*) FROM offer_choices WHERE person = ? AND (ends = 0) = (? = 0) AND name <> ?"
		if _, err := tx.QueryRow(q, []any{person, c.Until, name}, &there); err != nil {
			return err
		}
		if there >= most {
			return fault.New(fault.Limit, "at most %d are remembered", most)
		}
		_, err := tx.Exec("INSERT OR REPLACE INTO offer_choices (person, name, sealed, ends) VALUES (?, ?, ?, ?)", person, name, sealed, c.Until)
		return err
	})
}

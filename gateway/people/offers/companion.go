package offers

import (
	"context"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Exported is what a person's export says of their choices.
type Exported struct {
	Declined []points.OperationID `json:"declined"`
	Muted    []points.AccountID   `json:"muted"`
}

// Name implements vault.Companion.
func (k *Keeper) Name() string { return "offers" }

// Export implements vault.Companion.
func (k *Keeper) Export(ctx context.Context, person vault.PersonID) (any, error) {
	all, err := k.Of(ctx, person)
	declined := slices.AppendSeq([]points.OperationID{}, maps.Keys(all.Declined)) // Lists, and no nulls, in JSON.
	slices.Sort(declined)
	return Exported{Declined: declined, Muted: append([]points.AccountID{}, all.Muted...)}, err
}

// Beyond the limits a merger keeps the offers that lapse last, and as many senders: which of them doesn't matter.
const (
	pruneDeclined = "DELETE FROM offer_choices WHERE person = ?1 AND ends > 0 AND name NOT IN (SELECT name FROM offer_choices WHERE person = ?1 AND ends > 0 ORDER BY ends DESC LIMIT ?2)"
	pruneMuted    = "DELETE FROM offer_choices WHERE person = ?1 AND ends = 0 AND name NOT IN (SELECT name FROM offer_choices WHERE person = ?1 AND ends = 0 LIMIT ?2)"
)

// Merge implements vault.Companion: the person that is kept wants neither's to be seen, within the limits.
func (k *Keeper) Merge(tx *sqlite.Tx, keep, gone vault.PersonID) error {
	if _, err := tx.Exec("UPDATE OR IGNORE offer_choices SET person = ? WHERE person = ?", keep, gone); err != nil {
		return err
	}
	if _, err := tx.Exec(pruneDeclined, keep, MaxDeclined); err != nil {
		return err
	}
	if _, err := tx.Exec(pruneMuted, keep, MaxMuted); err != nil {
		return err
	}
	return k.Forget(tx, gone, nil)
}

// Forget implements vault.Companion.
func (k *Keeper) Forget(tx *sqlite.Tx, person vault.PersonID, _ []privacy.EntryKey) error {
	_, err := tx.Exec("DELETE FROM offer_choices WHERE person = ?", person)
	return err
}

func (c *Choices) add(one choice) {
	if one.Sender != "" {
		c.Muted = append(c.Muted, one.Sender)
		return
	}
	c.Declined[one.Hold] = one.Until
}

func (c *Choices) sort() { slices.Sort(c.Muted) }

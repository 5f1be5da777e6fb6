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
	return Exported{Declined: slices.Sorted(maps.Keys(all.Declined)), Muted: all.Muted}, err
}

// Merge implements vault.Companion: the person that is kept wants neither's to be seen.
func (k *Keeper) Merge(tx *sqlite.Tx, keep, gone vault.PersonID) error {
	if _, err := tx.Exec("UPDATE OR IGNORE offer_choices SET person = ? WHERE person = ?", keep, gone); err != nil {
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

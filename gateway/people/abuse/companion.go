package abuse

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

var _ vault.Companion = (*Service)(nil)

// Exported is an objection in a person's export. What was decided about accounts is pseudonymous, and shown with them.
type Exported struct {
	Words   string `json:"words"`
	At      int64  `json:"at"` // Unix seconds.
	Outcome string `json:"outcome,omitempty"`
	Answer  string `json:"answer,omitempty"`
}

// Name implements vault.Companion.
func (v *Service) Name() string { return "objections" }

// Export implements vault.Companion.
func (v *Service) Export(ctx context.Context, person vault.PersonID) (any, error) {
	rows, err := v.s.DB.Reader().QueryContext(ctx, `SELECT `+objectionColumns+` FROM abuse_objections AS o WHERE o.person = ? ORDER BY o.at, o.id`, string(person))
	list, err := sqlite.Collect(rows, err, v.scanObjection)
	if err != nil {
		return nil, err
	}
	exported := make([]Exported, len(list))
	for i, o := range list {
		exported[i] = Exported{Words: o.Words, At: o.At, Outcome: string(o.Outcome), Answer: o.Answer}
	}
	return exported, nil
}

// Merge implements vault.Companion.
func (v *Service) Merge(tx *sqlite.Tx, keep, gone vault.PersonID) error {
	_, err := tx.Exec(`UPDATE abuse_objections SET person = ? WHERE person = ?`, string(keep), string(gone))
	return err
}

// Forget implements vault.Companion: the words go, answered or not. Flags and notices name accounts alone, which nobody is linked to any more.
func (v *Service) Forget(tx *sqlite.Tx, person vault.PersonID, _ []privacy.EntryKey) error {
	_, err := tx.Exec(`DELETE FROM abuse_objections WHERE person = ?`, string(person))
	return err
}

package signin

import (
	"context"

	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// A vault leaves out companions that aren't forerunners without a word.
var _ vault.Forerunner = (*Service)(nil)

// deviceKey is how a context has the device from which the vault is changed.
type deviceKey struct{}

// From gives a context for changes of the vault that a person makes within a session: the person's list of events then has the device.
func From(ctx context.Context, session *Session) context.Context {
	return context.WithValue(ctx, deviceKey{}, session.Device)
}

// Changing implements vault.Forerunner: the event waits until the change is in use. Addresses that the person loses are written to if the person had proved them, and are known
// now only.
func (s *Service) Changing(ctx context.Context, tx *sqlite.Tx, person PersonID, c vault.IdentifierChange) error {
	h := happening{person: person, kind: IdentifierReplaced, state: statePending, change: c.ID}
	switch {
	case len(c.Gone) == 0:
		h.kind = IdentifierAdded
	case len(c.Added) == 0:
		h.kind = IdentifierRemoved
	}
	h.device, _ = ctx.Value(deviceKey{}).(string)
	for _, one := range c.Gone {
		proved, err := tx.QueryRow("SELECT 1 FROM signin_proved WHERE person = ? AND address = ? AND gone = 0", []any{person, s.addressHash(one)}, new(int))
		if err != nil {
			return err
		}
		if proved {
			h.gone = append(h.gone, one)
		}
	}
	return s.note(tx, h)
}

// InUse implements vault.Forerunner: what Changing noted has come into use, and is told.
func (s *Service) InUse(tx *sqlite.Tx, change vault.ChangeID) error {
	var event string
	var person PersonID
	var kind Event
	var sealed []byte
	waits, err := tx.QueryRow("SELECT id, person, kind, gone FROM signin_events WHERE change = ?", []any{change}, &event, &person, &kind, &sealed)
	if err != nil || !waits {
		return err
	}
	for _, one := range s.openAddresses(event, sealed) {
		if _, err := tx.Exec("UPDATE signin_proved SET gone = 1 WHERE person = ? AND address = ?", person, s.addressHash(one)); err != nil {
			return err
		}
	}
	_, err = tx.Exec("UPDATE signin_events SET state = ?, change = NULL WHERE id = ?", stateDue, event)
	s.announce(tx, kind)
	return err
}

// TakenBack implements vault.Forerunner: the ledger refused the change, and nothing happened.
func (s *Service) TakenBack(tx *sqlite.Tx, change vault.ChangeID) error {
	_, err := tx.Exec("DELETE FROM signin_events WHERE change = ?", change)
	return err
}

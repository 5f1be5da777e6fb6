package signin

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Exported is what a person's export says of how they sign in: nothing that opens anything.
type Exported struct {
	Passkeys      []ExportedPasskey `json:"passkeys"`
	Authenticator bool              `json:"authenticator"`
	RecoveryCodes int               `json:"recoveryCodes"` // Left.
	Sessions      []ExportedSession `json:"sessions"`
	Events        []ExportedEvent   `json:"events"`
}

// ExportedPasskey is a passkey in an export.
type ExportedPasskey struct {
	Label   string `json:"label"`
	Created string `json:"created"`
}

// ExportedSession is a session in an export.
type ExportedSession struct {
	Device  string   `json:"device"`
	Methods []string `json:"methods"`
	Created string   `json:"created"`
	Seen    string   `json:"seen"`
}

// ExportedEvent is something that happened to how the person signs in, in an export.
type ExportedEvent struct {
	Kind   string `json:"kind"`
	At     string `json:"at"`
	Device string `json:"device,omitempty"`
}

// Name implements vault.Companion.
func (s *Service) Name() string { return "signIn" }

const timeForm = "2006-01-02T15:04:05Z"

// Export implements vault.Companion.
func (s *Service) Export(ctx context.Context, person PersonID) (any, error) {
	passkeys, err := s.Passkeys(ctx, person)
	if err != nil {
		return nil, err
	}
	sessions, err := s.Sessions(ctx, person)
	if err != nil {
		return nil, err
	}
	events, err := s.Events(ctx, person)
	if err != nil {
		return nil, err
	}
	e := Exported{Passkeys: []ExportedPasskey{}, Sessions: []ExportedSession{}, Events: []ExportedEvent{}}
	for _, h := range events {
		e.Events = append(e.Events, ExportedEvent{Kind: string(h.Kind), At: h.At.Format(timeForm), Device: h.Device})
	}
	for _, p := range passkeys {
		e.Passkeys = append(e.Passkeys, ExportedPasskey{Label: p.Label, Created: p.Created.Format(timeForm)})
	}
	for _, v := range sessions {
		e.Sessions = append(e.Sessions, ExportedSession{Device: v.Device, Methods: v.Methods, Created: v.Created.Format(timeForm), Seen: v.Seen.Format(timeForm)})
	}
	err = s.db.Reader().QueryRowContext(ctx, `SELECT (SELECT count(*) FROM signin_totp WHERE person = ?1 AND confirmed = 1) > 0,
		(SELECT count(*) FROM signin_recovery WHERE person = ?1)`, person).Scan(&e.Authenticator, &e.RecoveryCodes)
	return e, sqlite.Failed(err)
}

// personTables are those with rows of a person, in the column person.
var personTables = []string{"signin_begun", "signin_totp", "signin_recovery", "signin_passkeys", "signin_sessions", "signin_proved", "signin_events", "signin_letters", "signin_untold", "signin_asked"}

// Merge implements vault.Companion. What the person that is kept has stays; of the other one nothing is taken over, since whoever holds its factors has not shown that they are
// the same person, and both sign in anew. That messages reach them at an address stays true of the one person that they are.
func (s *Service) Merge(tx *sqlite.Tx, keep, gone PersonID) error {
	for _, table := range []string{"signin_proved", "signin_events", "signin_letters", "signin_asked"} {
		if _, err := tx.Exec("UPDATE OR IGNORE "+table+" SET person = ? WHERE person = ?", keep, gone); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`INSERT INTO signin_untold (person, kind, n) SELECT ?, kind, n FROM signin_untold WHERE person = ? ON CONFLICT DO UPDATE SET n = n + excluded.n`, keep, gone); err != nil {
		return err
	}
	if err := s.note(tx, happening{person: keep, kind: PersonsMerged}); err != nil {
		return err
	}
	if err := s.Forget(tx, gone, nil); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM signin_sessions WHERE person = ?", keep)
	return err
}

// Forget implements vault.Companion. Keyed hashes of addresses lapse by themselves within minutes.
func (s *Service) Forget(tx *sqlite.Tx, person PersonID, _ []privacy.EntryKey) error {
	for _, table := range personTables {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE person = ?", person); err != nil {
			return err
		}
	}
	_, err := tx.Exec("DELETE FROM signin_buckets WHERE name IN (?, ?, ?)", factorBucket(person), noticeBucket(person, inside), noticeBucket(person, outside))
	return err
}

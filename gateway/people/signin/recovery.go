package signin

import (
	"context"
	"strings"

	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// RecoveryCodes is how many recovery codes a person gets at once.
const RecoveryCodes = 10

// NewRecoveryCodes gives the person fresh codes and forgets earlier ones. Each serves once; only their keyed hashes are kept.
func (s *Service) NewRecoveryCodes(ctx context.Context, session *Session) ([]string, error) {
	person := session.Person
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		codes[i] = spell(base32Text.EncodeToString(random.Bytes(recoverySize)))
	}
	err := s.db.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec("DELETE FROM signin_recovery WHERE person = ?", person); err != nil {
			return err
		}
		for _, code := range codes {
			if _, err := tx.Exec("INSERT INTO signin_recovery (person, code) VALUES (?, ?)", person, s.recoveryHash(person, code)); err != nil {
				return err
			}
		}
		return s.note(tx, session.did(RecoveryRenewed))
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// spell writes a code in groups of four.
func spell(code string) string {
	var groups []string
	for ; len(code) > 4; code = code[4:] {
		groups = append(groups, code[:4])
	}
	return strings.Join(append(groups, code), "-")
}

// recoveryHash is what is kept of a code, however it is typed.
func (s *Service) recoveryHash(person PersonID, code string) string {
	plain := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
	return s.keys.hash("recovery", string(person), plain)
}

// useRecovery uses a recovery code up.
func (s *Service) useRecovery(tx *sqlite.Tx, person PersonID, code string) error {
	gone, err := tx.Change("DELETE FROM signin_recovery WHERE person = ? AND code = ?", person, s.recoveryHash(person, code))
	if err == nil && gone == 0 {
		return refused()
	}
	return err
}

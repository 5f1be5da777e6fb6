package signin

import (
	"cmp"
	"context"
	"slices"

	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// noteProved notes that messages to an address, given by its keyed hash, reach the person.
func (s *Service) noteProved(tx *sqlite.Tx, person PersonID, address string) error {
	_, err := tx.Exec("INSERT INTO signin_proved (person, address, at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET gone = 0, at = iif(gone = 1, excluded.at, at)", person, address, s.now().Unix())
	return err
}

// Proved gives those of a person's addresses that messages were shown to reach the person at, the longest proved first, and whether there ever was one. The addresses are
// the vault's, in their one form. One that was taken from the person and given back has to be proved again.
func (s *Service) Proved(ctx context.Context, person PersonID, addresses []vault.Identifier) (proved []vault.Identifier, ever bool, err error) {
	type mark struct {
		address string
		at      int64
		gone    bool
	}
	marks, err := list(ctx, s.db.Reader(), func(row scanner) (m mark, err error) {
		err = row.Scan(&m.address, &m.at, &m.gone)
		return m, err
	}, "SELECT address, at, gone FROM signin_proved WHERE person = ?", person)
	if err != nil {
		return nil, false, err
	}
	since := map[string]int64{}
	for _, m := range marks {
		if !m.gone {
			since[m.address] = m.at
		}
	}
	at := map[vault.Identifier]int64{}
	for _, one := range addresses {
		if when, there := since[s.addressHash(one)]; there {
			proved, at[one] = append(proved, one), when
		}
	}
	slices.SortStableFunc(proved, func(a, b vault.Identifier) int { return cmp.Compare(at[a], at[b]) })
	return proved, len(marks) > 0, nil
}

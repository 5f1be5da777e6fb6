package store

import "context"

// PassedOn is an operation that is sent to the gateway that sequences another programme.
type PassedOn struct {
	Natural       string // Keyed hash; empty without a natural id.
	Idempotency   string // Keyed hash; empty without a key.
	Authorisation string // Id of the authorisation that it is sent with.
}

func (p *PassedOn) names() []string {
	var names []string
	for _, name := range []string{p.Natural, p.Idempotency} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// NotePassedOn records durably that operations are sent, at a time in Unix milliseconds.
func (s *Store) NotePassedOn(ctx context.Context, now int64, list []PassedOn) error {
	return s.Write(ctx, func(tx *Tx) error {
		for i := range list {
			for _, name := range list[i].names() {
				if _, err := tx.Exec(`INSERT OR IGNORE INTO passed_on (name, authorisation, at) VALUES (?, ?, ?)`, name, list[i].Authorisation, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// PassedOtherwise says whether an operation was sent under the same natural id or key with another authorisation.
func (s *Store) PassedOtherwise(ctx context.Context, p PassedOn) (bool, error) {
	names := p.names()
	if len(names) == 0 {
		return false, nil
	}
	args := append(anys(names), p.Authorisation)
	var there bool
	err := s.Reader().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM passed_on WHERE name IN `+placeholders(1, len(names))+` AND authorisation <> ?)`, args...).Scan(&there)
	return there, storeError(err)
}

// Earlier finds the row that AcceptOperations would answer an operation with, by its idempotency key or its natural id, and says whether there is one.
func (s *Store) Earlier(ctx context.Context, n *NewOperation) (Admission, bool, error) {
	for _, by := range []struct {
		match Match
		value string
	}{{ByIdempotency, n.Idempotency}, {ByNatural, n.Natural}} {
		if by.value == "" {
			continue
		}
		found, err := s.operations(ctx, string(by.match)+` = ?`, by.value)
		if err != nil {
			return Admission{}, false, err
		}
		if len(found) == 1 {
			return Admission{Operation: found[0], Match: by.match}, true, nil
		}
	}
	return Admission{}, false, nil
}

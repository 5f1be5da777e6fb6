package signin

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// AskStepUp sends a code to one of the person's own addresses, for a fresh proof. FORBIDDEN when the person has a second factor: a code alone is no proof then.
func (s *Service) AskStepUp(ctx context.Context, person PersonID, ask Ask) (Asked, error) {
	if err := s.codeProves(ctx, person); err != nil {
		return Asked{}, err
	}
	ask.Device = ""
	return s.ask(ctx, ask, begun{stage: awaitsStepUp, person: person})
}

// codeProves is FORBIDDEN when the person has a second factor.
func (s *Service) codeProves(ctx context.Context, person PersonID) error {
	enrolled, err := s.Enrolled(ctx, person)
	if err == nil && len(enrolled) > 0 {
		return fault.New(fault.Forbidden, "the second factor that is set up is asked for, not a code")
	}
	return err
}

// StepUp is a fresh proof within a session.
type StepUp struct {
	Method  string // ByCode, ByTOTP or ByRecovery.
	Token   string // Of AskStepUp.
	Code    string
	Address vault.Identifier // Of ByCode: where the code was sent.
}

// Prove makes the session fresh.
func (s *Service) Prove(ctx context.Context, session *Session, u StepUp) error {
	var address string
	if u.Method == ByCode {
		if err := s.codeProves(ctx, session.Person); err != nil {
			return err
		}
		var err error
		if address, err = s.ownAddress(ctx, session.Person, u.Address); err != nil {
			return err
		}
	}
	err := s.judge(ctx, func(tx *sqlite.Tx) error {
		if u.Method != ByCode {
			if err := s.useFactor(tx, session.Person, u.Method, u.Code); err != nil {
				return err
			}
			if u.Method == ByRecovery {
				if err := s.note(tx, session.did(RecoveryUsed)); err != nil {
					return err
				}
			}
			return s.prove(tx, session, u.Method)
		}
		if err := s.proveAddress(tx, session.Person, address, awaitsStepUp, u.Token, u.Code); err != nil {
			return err
		}
		return s.prove(tx, session, ByCode)
	})
	return s.noteLockedOut(ctx, session.Person, session.Device, err)
}

// ownAddress gives an address's keyed hash when it is the person's in the vault; else SIGN_IN_REFUSED. Somebody who has got hold of a session proves nothing by their own address.
func (s *Service) ownAddress(ctx context.Context, person PersonID, id vault.Identifier) (string, error) {
	to, address, err := s.address(id)
	if err != nil {
		return "", err
	}
	owner, err := s.people.Find(ctx, to)
	if fault.CodeOf(err) == fault.PersonUnknown || err == nil && owner != person {
		return "", refused()
	}
	return address, err
}

// AskAddress sends a code to a further address that the person wants to add.
func (s *Service) AskAddress(ctx context.Context, person PersonID, ask Ask) (Asked, error) {
	ask.Device = ""
	return s.ask(ctx, ask, begun{stage: awaitsAddress, person: person})
}

// ConfirmAddress gives the address in its one form once its code was right; the caller writes it into the vault.
func (s *Service) ConfirmAddress(ctx context.Context, session *Session, p Proof) (vault.Identifier, error) {
	to, address, err := s.address(p.Address)
	if err != nil {
		return vault.Identifier{}, err
	}
	err = s.judge(ctx, func(tx *sqlite.Tx) error {
		return s.proveAddress(tx, session.Person, address, awaitsAddress, p.Token, p.Code)
	})
	return to, err
}

// proveAddress notes that a person has the address: by the code that was sent to it, for what the person began there.
func (s *Service) proveAddress(tx *sqlite.Tx, person PersonID, address string, at stage, token, code string) error {
	b, err := s.resume(tx, token, at)
	if err != nil {
		return err
	}
	if b.person != person || !same(b.address, address) {
		return refused()
	}
	if err := s.useCode(tx, b, code); err != nil {
		return err
	}
	return s.noteProved(tx, person, address)
}

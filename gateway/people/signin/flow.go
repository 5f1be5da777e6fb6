package signin

import (
	"cmp"
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// The methods by which a person is recognised.
const (
	ByCode     = "code"
	ByTOTP     = "totp"
	ByRecovery = "recovery"
	ByPasskey  = "passkey"
)

// Next is what follows a part of signing in.
type Next string

// What can follow.
const (
	SignedIn     Next = "signed-in"
	SecondFactor Next = "second-factor" // Methods says which ones the person has.
	Register     Next = "register"      // The address is nobody's yet.
)

// Progress is how far a sign-in has come.
type Progress struct {
	Next    Next
	Ticket  string   // Goes with what follows; empty once signed in.
	Methods []string // Of a second factor.
	Opened  *Opened  // Once signed in.
}

// Proof is a code together with where it was sent, which the gateway doesn't keep.
type Proof struct {
	Token   string // Of Asked.
	Code    string
	Address vault.Identifier
	Agent   string // User-Agent of the browser.
}

// ConfirmCode takes the code that was sent to an address.
func (s *Service) ConfirmCode(ctx context.Context, p Proof) (Progress, error) {
	to, address, err := s.address(p.Address)
	if err != nil {
		return Progress{}, err
	}
	var b begun
	err = s.judge(ctx, func(tx *sqlite.Tx) error {
		if b, err = s.resume(tx, p.Token, awaitsCode); err != nil {
			return err
		}
		if !same(b.address, address) {
			return refused()
		}
		return s.useCode(tx, b, p.Code)
	})
	if err != nil {
		return Progress{}, err
	}
	person, err := s.people.Find(ctx, to)
	if fault.CodeOf(err) == fault.PersonUnknown {
		return s.ticket(ctx, begun{stage: awaitsRegistration, address: address}, Progress{Next: Register})
	}
	if err != nil {
		return Progress{}, err
	}
	b.person = person
	return s.recognised(ctx, b, p.Agent)
}

// ticket begins the next stage.
func (s *Service) ticket(ctx context.Context, b begun, p Progress) (Progress, error) {
	err := s.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
		p.Ticket, _, err = s.begin(tx, b)
		return err
	})
	return p, err
}

// recognised goes on with a person whose address was proved: to the second factor where there is one.
func (s *Service) recognised(ctx context.Context, b begun, agent string) (Progress, error) {
	methods, err := s.Factors(ctx, b.person)
	if err != nil {
		return Progress{}, err
	}
	if len(methods) > 0 {
		return s.ticket(ctx, begun{stage: awaitsFactor, person: b.person, address: b.address, device: b.device}, Progress{Next: SecondFactor, Methods: methods})
	}
	return s.signIn(ctx, b, []string{ByCode}, agent)
}

// signIn opens a session, and notes when it is from where nobody had signed in as the person before.
func (s *Service) signIn(ctx context.Context, b begun, methods []string, agent string) (Progress, error) {
	kind := SignedInAgain
	if b.device == "" {
		kind = DeviceNew
	}
	return s.enter(ctx, b, methods, agent, kind)
}

// enter opens a session and notes how that came about.
func (s *Service) enter(ctx context.Context, b begun, methods []string, agent string, kind Event) (Progress, error) {
	var o Opened
	err := s.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
		if b.address != "" {
			if err := s.noteProved(tx, b.person, b.address); err != nil {
				return err
			}
		}
		if o, err = s.openSession(tx, b.person, methods, agent); err != nil {
			return err
		}
		return s.note(tx, happening{person: b.person, kind: kind, device: o.Device})
	})
	if err != nil {
		return Progress{}, err
	}
	o.DeviceToken = s.deviceToken(b.device, cmp.Or(b.address, b.bound))
	return Progress{Next: SignedIn, Opened: &o}, nil
}

// Registration is what somebody new says.
type Registration struct {
	Ticket   string
	Address  vault.Identifier // The one that was proved.
	Name     string           // May be empty: nobody has to give one.
	Language string
	Agent    string
}

// Register makes a person in the vault and signs them in. ALREADY_EXISTS when the address became somebody's meanwhile.
func (s *Service) Register(ctx context.Context, r Registration) (Progress, error) {
	to, address, err := s.address(r.Address)
	if err != nil {
		return Progress{}, err
	}
	var b begun
	err = s.judge(ctx, func(tx *sqlite.Tx) error {
		if b, err = s.resume(tx, r.Ticket, awaitsRegistration); err != nil {
			return err
		}
		if !same(b.address, address) {
			return refused()
		}
		return nil
	})
	if err != nil {
		return Progress{}, err
	}
	attributes := []vault.Attribute{{Name: string(to.Kind), Value: to.Value}}
	if r.Name != "" {
		attributes = append(attributes, vault.Attribute{Name: vault.Name, Value: r.Name})
	}
	if r.Language != "" {
		attributes = append(attributes, vault.Attribute{Name: vault.Language, Value: r.Language})
	}
	if b.person, err = s.people.Create(ctx, attributes, vault.Access{Actor: vault.ActorPerson, Purpose: "registration"}); err != nil {
		return Progress{}, err
	}
	if err := s.db.Write(ctx, func(tx *sqlite.Tx) error { return s.finish(tx, b) }); err != nil {
		return Progress{}, err
	}
	return s.enter(ctx, b, []string{ByCode}, r.Agent, Registered)
}

// Answer is a second factor other than a passkey.
type Answer struct {
	Ticket string
	Method string // ByTOTP or ByRecovery.
	Code   string
	Agent  string
}

// AnswerFactor takes a second factor and signs in.
func (s *Service) AnswerFactor(ctx context.Context, a Answer) (Progress, error) {
	var b begun
	err := s.judge(ctx, func(tx *sqlite.Tx) (err error) {
		if b, err = s.resume(tx, a.Ticket, awaitsFactor); err != nil {
			return err
		}
		if err := s.useFactor(tx, b.person, a.Method, a.Code); err != nil {
			return err
		}
		if a.Method == ByRecovery {
			if err := s.note(tx, happening{person: b.person, kind: RecoveryUsed, device: deviceOf(a.Agent)}); err != nil {
				return err
			}
		}
		return s.finish(tx, b)
	})
	if err != nil {
		return Progress{}, s.noteLockedOut(ctx, b.person, deviceOf(a.Agent), err)
	}
	return s.signIn(ctx, b, []string{ByCode, a.Method}, a.Agent)
}

// useFactor takes a code of the authenticator app or a recovery code, within the person's limit.
func (s *Service) useFactor(tx *sqlite.Tx, person PersonID, method, code string) error {
	if err := s.take(tx, factorBucket(person), factorLimit); err != nil {
		return err
	}
	switch method {
	case ByTOTP:
		return s.useTOTP(tx, person, code, confirmed)
	case ByRecovery:
		return s.useRecovery(tx, person, code)
	default:
		return refused()
	}
}

// Factors lists the second factors that signing in asks a person for. Recovery codes are one only beside another: who has nothing else would use one up each time.
func (s *Service) Factors(ctx context.Context, person PersonID) ([]string, error) {
	methods, err := s.Enrolled(ctx, person)
	if len(methods) == 1 && methods[0] == ByRecovery {
		return nil, err
	}
	return methods, err
}

// Enrolled lists all second factors that a person has set up: what is sensitive needs one of them, recovery codes included.
func (s *Service) Enrolled(ctx context.Context, person PersonID) ([]string, error) {
	var passkeys, apps, codes int
	err := s.db.Reader().QueryRowContext(ctx, `SELECT (SELECT count(*) FROM signin_passkeys WHERE person = ?1),
		(SELECT count(*) FROM signin_totp WHERE person = ?1 AND confirmed = 1), (SELECT count(*) FROM signin_recovery WHERE person = ?1)`, person).Scan(&passkeys, &apps, &codes)
	if err != nil {
		return nil, sqlite.Failed(err)
	}
	var methods []string
	if passkeys > 0 {
		methods = append(methods, ByPasskey)
	}
	if apps > 0 {
		methods = append(methods, ByTOTP)
	}
	if codes > 0 {
		methods = append(methods, ByRecovery)
	}
	return methods, nil
}

// RecoveryCodesLeft counts the recovery codes that a person hasn't used.
func (s *Service) RecoveryCodesLeft(ctx context.Context, person PersonID) (n int, err error) {
	err = s.db.Reader().QueryRowContext(ctx, "SELECT count(*) FROM signin_recovery WHERE person = ?", person).Scan(&n)
	return n, sqlite.Failed(err)
}

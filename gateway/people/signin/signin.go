package signin

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// PersonID is the vault's.
type PersonID = vault.PersonID

// People is the vault, as far as signing in needs it.
type People interface {
	// Find gives the person of an identifier; PERSON_UNKNOWN when it is nobody's.
	Find(ctx context.Context, id vault.Identifier) (PersonID, error)
	// Create makes a person; ALREADY_EXISTS when an identifier is somebody's already.
	Create(ctx context.Context, attributes []vault.Attribute, access vault.Access) (PersonID, error)
	// Read gives a person's values of the attributes named; PERSON_UNKNOWN when there is no such person.
	Read(ctx context.Context, person PersonID, names []string, access vault.Access) ([]vault.Attribute, error)
}

// RelyingParty says for whom passkeys are made: the programme's on the ledger, so that a passkey can control its accounts too.
type RelyingParty struct {
	webauthn.RelyingParty
	Name string // As authenticators show it.
}

// Settings are what a Service is made of.
type Settings struct {
	DB      *sqlite.DB // people.db.
	People  People
	Post    *Post
	Relying func(context.Context) (RelyingParty, error)
	Watch   func(Event)      // Counts what happens; nil: nobody does.
	Secret  []byte           // SecretSize bytes.
	Issuer  string           // The programme as authenticator apps and messages name it.
	Region  string           // Of phone numbers without a country code; may be empty.
	Now     func() time.Time // time.Now when nil.
	Log     *slog.Logger     // Gets codes of errors, never who it is about.
}

// Service signs people in. It may be used by several goroutines.
type Service struct {
	db      *sqlite.DB
	people  People
	post    *Post
	relying func(context.Context) (RelyingParty, error)
	watch   func(Event)
	woken   chan struct{}     // Somebody is to be written to.
	waiting map[PersonID]wait // Who isn't written to for now; writeLetters' own.
	keys    keys
	issuer  string
	region  string
	now     func() time.Time
	log     *slog.Logger
	peers   peers
}

// New makes the service; INVALID_VALUE when a part is missing or the secret has another length.
func New(s Settings) (*Service, error) {
	if s.DB == nil || s.People == nil || s.Post == nil || s.Relying == nil || s.Issuer == "" {
		return nil, fault.New(fault.InvalidValue, "the sign-in needs a database, people, a way to send messages, a relying party and an issuer")
	}
	k, err := newKeys(s.Secret)
	if err != nil {
		return nil, err
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Watch == nil {
		s.Watch = func(Event) {}
	}
	return &Service{
		db: s.DB, people: s.People, post: s.Post, relying: s.Relying, watch: s.Watch, keys: k, issuer: s.Issuer, region: s.Region, now: s.Now, log: s.Log,
		woken: make(chan struct{}, 1), peers: peers{limiters: map[netip.Prefix]*rate.Limiter{}},
	}, nil
}

// refused is the one answer to whatever is wrong, used up or lapsed.
func refused() error { return fault.New(fault.SignInRefused, "begin again when it stays so") }

// judge runs f in a write whose changes stay also when f refuses: a try is counted whatever comes of it. Any other error undoes them.
func (s *Service) judge(ctx context.Context, f func(*sqlite.Tx) error) error {
	var verdict error
	err := s.db.Write(ctx, func(tx *sqlite.Tx) error {
		err := f(tx)
		if fault.CodeOf(err) == fault.SignInRefused {
			verdict = err
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return verdict
}

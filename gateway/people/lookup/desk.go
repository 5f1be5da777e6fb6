package lookup

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// How long what customers show or are asked for is good.
const (
	CodeSeconds      = 30  // An identification code, from when the wallet got it.
	ChallengeSeconds = 300 // A challenge, from when the till asked.
)

const (
	maxLiveCodes = 8   // Of one account: wallets on several devices, each with a fresh code before the last has lapsed.
	maxAnswers   = 5   // Codes that a till may try for one challenge.
	maxWaiting   = 256 // Customers who are still to be found and written to.
	messengers   = 4   // Customers who are written to at the same time.
	maxAsking    = 100 // Challenges that a customer's wallet lists.
	sweepPause   = time.Minute
)

// Asker is who wants to know a customer: a member's till. Partner is told by the certificate of its gateway, store and terminal are its word.
type Asker struct {
	Partner  string // The member's name.
	Name     string // As the customer knows it.
	Store    string // At most MaxPlace bytes; may be empty.
	Terminal string
}

// MaxPlace bounds the name of a store or a terminal, in bytes.
const MaxPlace = 64

// Question is what a till knows of a customer.
type Question struct{ Kind, Value string }

// Holder is who has an identifier, and that person's account in the desk's programme.
type Holder struct {
	Person  string
	Account points.AccountID
}

// People knows the brand's customers: the vault.
type People interface {
	// Normal gives an identifier in the form in which it is kept; INVALID_VALUE, which says nothing about who has it, when it has no such form.
	Normal(Question) (Question, error)
	// Holder finds who has an identifier; NOT_FOUND when nobody has, or has no account in the programme.
	Holder(ctx context.Context, q Question) (Holder, error)
	// Of gives a person's account; NOT_FOUND without one.
	Of(ctx context.Context, person string) (Holder, error)
	// Told notes in the customer's access log that the asker learnt which account is the customer's.
	Told(ctx context.Context, h Holder, by Asker) error
}

// Messenger writes to customers.
type Messenger interface {
	// Challenge tells a person who asks, and the code to tell the till if it is right that they ask. It goes to the phone or address that was asked for where the person has
	// proved it, else to another that was proved: Letters.
	Challenge(ctx context.Context, person string, asked Question, m Message) error
}

// Message is what a challenged customer is told.
type Message struct {
	Asker
	Code string
	Ends time.Time
}

// Settings are what a Desk is made of.
type Settings struct {
	Programme string
	DB        *sqlite.DB
	People    People
	Messenger Messenger
	Keyed     func(text string) string // Keyed hash, under which attempts for an identifier are counted.
	Now       func() time.Time         // Nil: the clock.
	Log       *slog.Logger
}

// Desk answers tills that want to know a customer of one programme. Its methods may be called from several goroutines.
type Desk struct {
	programme string
	db        *sqlite.DB
	people    People
	messenger Messenger
	keyed     func(string) string
	now       func() time.Time
	log       *slog.Logger
	waiting   chan errand
}

// errand is a customer to be found and written to.
type errand struct {
	challenge string
	question  Question
	message   Message
}

// New makes a desk. Run must run for challenges to reach anybody.
func New(s Settings) *Desk {
	d := &Desk{
		programme: s.Programme, db: s.DB, people: s.People, messenger: s.Messenger, keyed: s.Keyed, now: s.Now, log: s.Log, waiting: make(chan errand, maxWaiting),
	}
	if d.now == nil {
		d.now = time.Now
	}
	return d
}

// Run finds and writes to challenged customers, and deletes what has lapsed, until ctx ends. A challenge that was asked before a restart and not sent lapses.
func (d *Desk) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for range messengers {
		group.Go(func() error { return d.deliver(ctx) })
	}
	group.Go(func() error { return d.keepClean(ctx) })
	return group.Wait()
}

func (d *Desk) deliver(ctx context.Context) error {
	for {
		select {
		case e := <-d.waiting:
			d.run(ctx, e)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *Desk) keepClean(ctx context.Context) error {
	sweep := time.NewTicker(sweepPause)
	defer sweep.Stop()
	for {
		select {
		case <-sweep.C:
			if err := d.Sweep(ctx); err != nil && ctx.Err() == nil {
				d.log.Warn("lapsed lookups could not be deleted", "err", err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Sweep deletes what has lapsed.
func (d *Desk) Sweep(ctx context.Context) error {
	now := d.now().UnixMilli()
	return d.db.Write(ctx, func(tx *sqlite.Tx) error {
		for _, statement := range []string{
			"DELETE FROM identification_codes WHERE until <= ?", "DELETE FROM lookup_challenges WHERE until <= ?", "DELETE FROM lookup_attempts WHERE until <= ?",
		} {
			if _, err := tx.Exec(statement, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget deletes what there is of a person.
func forget(tx *sqlite.Tx, person string) error {
	for _, statement := range []string{"DELETE FROM identification_codes WHERE person = ?", "DELETE FROM lookup_challenges WHERE person = ?"} {
		if _, err := tx.Exec(statement, person); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) run(ctx context.Context, e errand) {
	h, err := d.people.Holder(ctx, e.question)
	if fault.CodeOf(err) == fault.NotFound {
		h, err = Holder{}, nil
	}
	if err == nil {
		err = d.db.Write(ctx, func(tx *sqlite.Tx) error { // Of nobody too, so that the database is as busy.
			_, err := tx.Exec("UPDATE lookup_challenges SET person = ?, account = ? WHERE id = ?", h.Person, string(h.Account), e.challenge)
			return err
		})
	}
	if err == nil && h.Person != "" {
		err = d.messenger.Challenge(ctx, h.Person, e.question, e.message)
	}
	if err != nil {
		d.log.Warn("a challenge could not be sent", "code", fault.CodeOf(err))
	}
}

func (a Asker) till() string {
	return hashOf(a.Partner, a.Store, a.Terminal)
}

func (a Asker) validate() error {
	if a.Partner == "" || len(a.Store) > MaxPlace || len(a.Terminal) > MaxPlace {
		return fault.New(fault.InvalidValue, "store and terminal have at most %d bytes", MaxPlace)
	}
	return nil
}

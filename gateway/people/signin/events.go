package signin

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Event is something about how a person signs in, or who controls the person's accounts, that the person wants to know.
type Event string

// The events.
const (
	Registered           Event = "registered"
	SignedInAgain        Event = "signed-in"
	DeviceNew            Event = "device-new" // Signed in from where nobody had signed in with the address.
	PasskeyAdded         Event = "passkey-added"
	PasskeyRemoved       Event = "passkey-removed"
	AuthenticatorAdded   Event = "authenticator-added"
	AuthenticatorRemoved Event = "authenticator-removed"
	RecoveryUsed         Event = "recovery-used"
	RecoveryRenewed      Event = "recovery-renewed"
	LockedOut            Event = "locked-out"         // The second factor was tried so often that it isn't taken for a while.
	IdentifierAdded      Event = "identifier-added"   // A phone, an e-mail address, a card or a member's own number.
	IdentifierRemoved    Event = "identifier-removed" //
	IdentifierReplaced   Event = "identifier-replaced"
	ControllerChanged    Event = "controller-changed"  // Another key controls an account.
	RecoveryBegun        Event = "controller-recovery" // Another key is to control an account after a wait.
	PersonsMerged        Event = "persons-merged"      // The brand made this person and another one.
)

// class says what an event is to who tells it.
type class int

const (
	listed  class = iota // Stands in the list alone.
	outside              // Can be brought about by who reads the person's messages, without a second factor: has a limit of its own.
	inside               // Needs a second factor where there is one, or the brand.
)

// classes has every event.
var classes = map[Event]class{
	Registered: listed, SignedInAgain: listed,
	DeviceNew: outside, LockedOut: outside,
	PasskeyAdded: inside, PasskeyRemoved: inside, AuthenticatorAdded: inside, AuthenticatorRemoved: inside, RecoveryUsed: inside, RecoveryRenewed: inside,
	IdentifierAdded: inside, IdentifierRemoved: inside, IdentifierReplaced: inside, ControllerChanged: inside, RecoveryBegun: inside, PersonsMerged: inside,
}

// AllEvents has every event, in alphabetical order.
var AllEvents = slices.Sorted(maps.Keys(classes))

// Told says whether a person is written to about an event.
func (e Event) Told() bool { return classes[e] != listed }

// Limits of the list of events.
const (
	MaxEventsOfKind = 30                   // Of one person, in the list and once they are told: however often one thing is done, the others stay.
	maxDueOfKind    = 300                  // Of one person, that are still to be told; of more the number is told. Those with addresses that are lost otherwise stay beyond it: each was proved by a code.
	MaxEvents       = 200                  // That are shown, the newest ones.
	EventLife       = 180 * 24 * time.Hour // After which an event is deleted.
	lockedOutPause  = time.Hour            // In which being locked out is one event.
	maxAsked        = 10                   // Requests for another key of a person's accounts, the newest ones, whose device is kept.
)

// States of an event.
const (
	statePending = "PENDING" // Of a change that isn't in use yet.
	stateDue     = "DUE"     // The person is to be written to.
	stateTold    = "TOLD"
)

// Happened is an event of a person.
type Happened struct {
	ID     string // 32 hex digits, random.
	Kind   Event
	At     time.Time
	Device string // Browser and system where it was done; empty where that isn't known, or was nobody's.
}

// happening is an event that is to be noted.
type happening struct {
	person PersonID
	kind   Event
	device string
	at     time.Time          // Now when zero.
	gone   []vault.Identifier // Addresses that are written to although they aren't the person's any more.
	state  string             // As the event's kind says when empty.
	change vault.ChangeID     // That a pending event waits for; 0 for any other.
}

// note writes an event down in the transaction of what happened, so that neither is there without the other. What happened too long ago is in the list at most.
func (s *Service) note(tx *sqlite.Tx, h happening) error {
	now := s.now()
	if h.at.IsZero() {
		h.at = now
	}
	if h.state == "" {
		h.state = stateTold
		if h.kind.Told() && now.Sub(h.at) < LetterLife {
			h.state = stateDue
		}
	}
	oldest := now.Add(-EventLife).Unix()
	if _, err := tx.Exec("DELETE FROM signin_events WHERE at <= ?", oldest); err != nil {
		return err
	}
	if h.at.Unix() <= oldest {
		return nil
	}
	id := random.Hex(idSize)
	gone, err := s.sealAddresses(id, h.gone)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO signin_events (id, person, kind, device, at, state, gone, change) VALUES (?, ?, ?, ?, ?, ?, ?, NULLIF(?, 0))",
		id, h.person, h.kind, h.device, h.at.Unix(), h.state, gone, h.change); err != nil {
		return err
	}
	if h.state != statePending {
		s.announce(tx, h.kind)
	}
	return prune(tx, h.person, h.kind)
}

// pruneQuery keeps a person's newest events of a kind and a state, and those that have addresses.
const pruneQuery = `DELETE FROM signin_events WHERE person = ?1 AND kind = ?2 AND state = ?3 AND gone IS NULL
	AND id NOT IN (SELECT id FROM signin_events WHERE person = ?1 AND kind = ?2 AND state = ?3 ORDER BY at DESC, rowid DESC LIMIT ?4)`

// prune bounds a person's events of a kind.
func prune(tx *sqlite.Tx, person PersonID, kind Event) error {
	if _, err := tx.Exec(pruneQuery, person, kind, stateTold, MaxEventsOfKind); err != nil {
		return err
	}
	gone, err := tx.Change(pruneQuery, person, kind, stateDue, maxDueOfKind)
	if err != nil || gone == 0 {
		return err
	}
	_, err = tx.Exec("INSERT INTO signin_untold (person, kind, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n", person, kind, gone)
	return err
}

// takeUntold gives how many events of a kind were dropped before they were told, and forgets it.
func takeUntold(tx *sqlite.Tx, person PersonID, kind Event) (n int, err error) {
	_, err = tx.QueryRow("DELETE FROM signin_untold WHERE person = ? AND kind = ? RETURNING n", []any{person, kind}, &n)
	return n, err
}

// announce has an event counted and told once it is committed: before, nobody would find it.
func (s *Service) announce(tx *sqlite.Tx, kind Event) {
	tx.After(func() {
		s.watch(kind)
		s.wake()
	})
}

// KeyChange is that another key controls, or is to control, an account of a person.
type KeyChange struct {
	Person  PersonID
	Kind    Event // ControllerChanged or RecoveryBegun.
	At      time.Time
	Request string // As NoteAsked has it; empty where that isn't known.
}

// NoteController notes it in somebody's transaction, with the device on which the person asked for it in the wallet.
func (s *Service) NoteController(tx *sqlite.Tx, c KeyChange) error {
	var device string
	if c.Request != "" {
		if _, err := tx.QueryRow("DELETE FROM signin_asked WHERE request = ? AND person = ? RETURNING device", []any{c.Request, c.Person}, &device); err != nil {
			return err
		}
	}
	return s.note(tx, happening{person: c.Person, kind: c.Kind, device: device, at: c.At})
}

// pruneAsked keeps a person's newest requests, of one second in any case the one that is being noted.
const pruneAsked = "DELETE FROM signin_asked WHERE person = ?1 AND request NOT IN (SELECT request FROM signin_asked WHERE person = ?1 ORDER BY request = ?2 DESC, at DESC LIMIT ?3)"

// NoteAsked notes on which device a session asks for another key of an account, under the hash by which the outbox knows the request: until the ledger's word, LetterLife at most. It
// comes before the request is recorded, since the ledger's word may come before the answer, so what is refused is noted, too: of a person the newest maxAsked stay.
func (s *Service) NoteAsked(ctx context.Context, session *Session, request string) error {
	if session.Device == "" {
		return nil
	}
	now := s.now()
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec("DELETE FROM signin_asked WHERE at <= ?", now.Add(-LetterLife).Unix()); err != nil {
			return err
		}
		const add = "INSERT INTO signin_asked (request, person, device, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
		if _, err := tx.Exec(add, request, session.Person, session.Device, now.Unix()); err != nil {
			return err
		}
		_, err := tx.Exec(pruneAsked, session.Person, request, maxAsked)
		return err
	})
}

// noteLockedOut notes that a person's second factor isn't taken for a while, once in lockedOutPause. The refusal's own write was undone.
func (s *Service) noteLockedOut(ctx context.Context, person PersonID, device string, refusal error) error {
	if person == "" || fault.CodeOf(refusal) != fault.AttemptsLimited {
		return refusal
	}
	err := s.db.Write(ctx, func(tx *sqlite.Tx) error {
		known, err := tx.QueryRow("SELECT 1 FROM signin_events WHERE person = ? AND kind = ? AND at > ? LIMIT 1", []any{person, LockedOut, s.now().Add(-lockedOutPause).Unix()}, new(int))
		if err != nil || known {
			return err
		}
		return s.note(tx, happening{person: person, kind: LockedOut, device: device})
	})
	return firstError(err, refusal)
}

// eventsQuery leaves out what is not in use yet, and of each kind all but the newest: what is still to be told may be more.
const eventsQuery = `SELECT id, kind, device, at FROM (
		SELECT id, kind, device, at, rowid AS n, row_number() OVER (PARTITION BY kind ORDER BY at DESC, rowid DESC) AS place FROM signin_events WHERE person = ? AND state <> ? AND at > ?)
	WHERE place <= ? ORDER BY at DESC, n DESC LIMIT ?`

// Events lists what happened to a person, the newest first.
func (s *Service) Events(ctx context.Context, person PersonID) ([]Happened, error) {
	return list(ctx, s.db.Reader(), func(row scanner) (h Happened, err error) {
		var at int64
		err = row.Scan(&h.ID, &h.Kind, &h.Device, &at)
		h.At = time.Unix(at, 0).UTC()
		return h, err
	}, eventsQuery, person, statePending, s.now().Add(-EventLife).Unix(), MaxEventsOfKind, MaxEvents)
}

func goneOwner(event string) string { return "gone " + event }

// sealAddresses is nil for none.
func (s *Service) sealAddresses(event string, all []vault.Identifier) ([]byte, error) {
	if len(all) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return nil, fault.New(fault.Internal, "addresses can't be encoded")
	}
	return s.keys.seal(goneOwner(event), raw), nil
}

// openAddresses gives what was sealed, and nothing when the gateway's secret was replaced meanwhile: what it goes with must not wait for that.
func (s *Service) openAddresses(event string, sealed []byte) (all []vault.Identifier) {
	if sealed == nil {
		return nil
	}
	raw, err := s.keys.open(goneOwner(event), sealed)
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil {
		s.log.Warn("addresses that a person has lost can't be told: was the gateway's secret replaced?")
		return nil
	}
	return all
}

package signin

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// noticeLimit is how many messages about events of one class a person gets at each address. What happens beyond it is told together in the next one: nothing is left out.
var noticeLimit = limit{burst: 5, pause: time.Hour}

// Limits of notices.
const (
	LetterLife    = 72 * time.Hour // After which a message that can't be sent isn't sent any more; the list of events stays.
	maxAddresses  = 4              // Of a person that are written to, the longest proved ones. All that aren't the person's any more are written to: nobody shall push one out by losing others.
	noticeRound   = 2 * time.Second
	personsAtOnce = 100              // Read at once.
	noticePause   = 30 * time.Second // After a failure of the database; and of the vault, for the one person, at first.
	maxWait       = 10 * time.Minute // Of one person.
)

// noticesActor is how the access log names who looks where a person can be written to.
const noticesActor = "job/security-notices"

// due is an event that its person is to be told of.
type due struct {
	Happened
	gone []byte // Sealed.
}

// noticeBucket is the bucket of messages about events of one sort.
func noticeBucket(person PersonID, of class) string {
	if of == outside {
		return "notice outside " + string(person)
	}
	return "notice inside " + string(person)
}

// dueQuery gives persons who are to be told of something. Its first condition is that of the index.
const dueQuery = "SELECT DISTINCT person FROM signin_events WHERE state <> 'TOLD' AND state = ? AND person > ? ORDER BY person LIMIT ?"

// writeLetters writes to everybody who is to be told of something, and whose limit allows it now. Letters stand in the database together with the note that the events are told:
// whatever becomes of the process, each event is told in one letter to each address.
//
// Whose addresses can't be read waits alone; an error is the database's.
func (s *Service) writeLetters(ctx context.Context) error {
	if err := s.forgetLetters(ctx); err != nil {
		return err
	}
	var failed error
	waiting := map[PersonID]wait{}
	for after := PersonID(""); ; {
		persons, err := list(ctx, s.db.Reader(), func(row scanner) (p PersonID, err error) {
			err = row.Scan(&p)
			return p, err
		}, dueQuery, stateDue, after, personsAtOnce)
		if err != nil {
			return err
		}
		if len(persons) == 0 {
			s.waiting = waiting
			return failed
		}
		for _, person := range persons {
			w := s.waiting[person]
			if s.now().Before(w.until) {
				waiting[person] = w
				continue
			}
			switch err := s.writeTo(ctx, person); {
			case errors.Is(err, errUnread):
				waiting[person] = w.again(s.now())
			case err != nil:
				failed = err // Others are written to all the same.
			}
		}
		after = persons[len(persons)-1]
	}
}

// wait is how long somebody isn't written to whose addresses couldn't be read.
type wait struct {
	tries int
	until time.Time
}

func (w wait) again(now time.Time) wait {
	return wait{tries: w.tries + 1, until: now.Add(min(noticePause<<min(w.tries, 16), maxWait))}
}

// errUnread is that a person's addresses can't be read: why is in the log.
var errUnread = errors.New("a person's addresses can't be read")

// forgetLetters gives up what couldn't be sent for LetterLife, also for channels that this gateway has no more.
func (s *Service) forgetLetters(ctx context.Context) error {
	const old = "made < ?"
	before := s.now().Add(-LetterLife).Unix()
	some, err := list(ctx, s.db.Reader(), func(row scanner) (one int, err error) { return one, row.Scan(&one) }, "SELECT 1 FROM signin_letters WHERE "+old+" LIMIT 1", before)
	if err != nil || len(some) == 0 {
		return err
	}
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Change("DELETE FROM signin_letters WHERE "+old, before)
		if err == nil {
			s.log.Warn("security notices are given up", "letters", n)
		}
		return err
	})
}

// writeTo writes to one person.
func (s *Service) writeTo(ctx context.Context, person PersonID) error {
	events, err := list(ctx, s.db.Reader(), func(row scanner) (d due, err error) {
		var at int64
		err = row.Scan(&d.ID, &d.Kind, &d.Device, &at, &d.gone)
		d.At = time.Unix(at, 0).UTC()
		return d, err
	}, "SELECT id, kind, device, at, gone FROM signin_events WHERE person = ? AND state = ? ORDER BY at, rowid", person, stateDue)
	if err != nil {
		return err
	}
	for _, of := range []class{inside, outside} {
		some := slices.DeleteFunc(slices.Clone(events), func(d due) bool { return classes[d.Kind] != of })
		open, err := s.opens(ctx, noticeBucket(person, of))
		if err != nil {
			return err
		}
		if len(some) == 0 || !open {
			continue
		}
		if err := s.tell(ctx, person, of, some); err != nil {
			return err
		}
	}
	return nil
}

// opens says whether a bucket of notices lets one through now.
func (s *Service) opens(ctx context.Context, bucket string) (bool, error) {
	dues, err := list(ctx, s.db.Reader(), func(row scanner) (at int64, err error) {
		err = row.Scan(&at)
		return at, err
	}, "SELECT due FROM signin_buckets WHERE name = ?", bucket)
	if err != nil || len(dues) == 0 {
		return true, err
	}
	return dues[0]-s.now().UnixMilli() <= int64(noticeLimit.burst-1)*noticeLimit.pause.Milliseconds(), nil
}

// tell turns events of one class into letters.
func (s *Service) tell(ctx context.Context, person PersonID, of class, events []due) error {
	to, language, err := s.addressesOf(ctx, person, events)
	if err != nil {
		return err
	}
	happened := make([]Happened, len(events))
	for i := range events {
		happened[i] = events[i].Happened
	}
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		untold, err := markTold(tx, person, events)
		if err != nil {
			return err
		}
		if len(to) == 0 {
			return nil
		}
		if err := s.take(tx, noticeBucket(person, of), noticeLimit); err != nil {
			return err
		}
		for _, one := range to {
			if err := s.keepLetter(tx, person, composeNotice(s.issuer, language, one, happened, untold)); err != nil {
				return err
			}
		}
		return nil
	})
}

// markTold marks events as told, and gives how many others of their kinds were dropped before they could be. One that was dropped since it was read is among these, and is told.
func markTold(tx *sqlite.Tx, person PersonID, events []due) (untold int, err error) {
	for _, e := range events {
		marked, err := tx.Change("UPDATE signin_events SET state = ?, gone = NULL WHERE id = ?", stateTold, e.ID)
		if err != nil {
			return 0, err
		}
		dropped, err := takeUntold(tx, person, e.Kind)
		if err != nil {
			return 0, err
		}
		untold += dropped + int(marked) - 1
		if err := prune(tx, person, e.Kind); err != nil {
			return 0, err
		}
	}
	return max(untold, 0), nil
}

// addressesOf are those that a person has proved, and those that the person has lost by what is told; nobody's when the person is gone.
func (s *Service) addressesOf(ctx context.Context, person PersonID, events []due) (to []vault.Identifier, language string, err error) {
	known, err := s.people.Read(ctx, person, vault.ContactAttributes, vault.Access{Actor: noticesActor, Purpose: "security"})
	if fault.CodeOf(err) == fault.PersonUnknown {
		return nil, "", nil
	}
	if err != nil {
		s.log.Warn("somebody can't be told of security events yet", "code", string(fault.CodeOf(err)))
		return nil, "", errUnread
	}
	language, addresses := vault.Contact(known)
	proved, _, err := s.Proved(ctx, person, addresses)
	if err != nil {
		return nil, "", err
	}
	var lost []vault.Identifier
	for _, e := range events {
		lost = append(lost, s.openAddresses(e.ID, e.gone)...)
	}
	proved = slices.DeleteFunc(proved, func(one vault.Identifier) bool { return !s.post.Reaches(one.Kind) })
	to = slices.Clone(proved[:min(len(proved), maxAddresses)])
	for _, one := range lost {
		if s.post.Reaches(one.Kind) && !slices.Contains(to, one) {
			to = append(to, one)
		}
	}
	return to, language, nil
}

func letterOwner(id string) string { return "letter " + id }

// keepLetter has a message sent, also by a later process.
func (s *Service) keepLetter(tx *sqlite.Tx, person PersonID, m Message) error {
	m.ID = random.Hex(idSize)
	raw, err := json.Marshal(m)
	if err != nil {
		return fault.New(fault.Internal, "a message can't be encoded")
	}
	now := s.now().Unix()
	_, err = tx.Exec("INSERT INTO signin_letters (id, person, channel, body, made, tries, due) VALUES (?, ?, ?, ?, ?, 0, ?)",
		m.ID, person, m.To.Kind, s.keys.seal(letterOwner(m.ID), raw), now, now)
	return err
}

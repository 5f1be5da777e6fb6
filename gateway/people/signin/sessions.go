package signin

import (
	"context"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// How long a session lasts.
const (
	SessionIdle     = 30 * time.Minute // Without a request.
	SessionLifetime = 12 * time.Hour   // At most.
	StepUpLifetime  = 10 * time.Minute // How long a proof is fresh enough for what is sensitive.
	seenEvery       = time.Minute      // How often it is noted that a session is used.
)

// MaxSessions is how many sessions a person can have; the one used longest ago ends for a further one.
const MaxSessions = 20

// tokenPrefix tells a session's token from API keys, for people and for scanners that look for leaked secrets.
const tokenPrefix = "tally_session_"

// IsToken says whether a bearer token has the form of a session's.
func IsToken(token string) bool { return strings.HasPrefix(token, tokenPrefix) }

// Session is a person's stay in the wallet.
type Session struct {
	ID      string // Its name in lists; not what opens it.
	Person  PersonID
	Methods []string // How the person was recognised: code, totp, recovery, passkey.
	Device  string   // Browser and system, as far as they say.
	Created time.Time
	Seen    time.Time
	Proved  time.Time // When the person was last recognised: sensitive actions need it to be recent.
	Expires time.Time
}

// did is something that the session's person has done within it.
func (session *Session) did(kind Event) happening {
	return happening{person: session.Person, kind: kind, device: session.Device}
}

// ProvedUntil is when the session's last proof is too old for what is sensitive.
func (session *Session) ProvedUntil() time.Time { return session.Proved.Add(StepUpLifetime) }

// lastProof is the method by which the person was recognised last.
func (session *Session) lastProof() string {
	if len(session.Methods) == 0 {
		return ""
	}
	return session.Methods[len(session.Methods)-1]
}

// Fresh says whether the person of a session was recognised recently enough for something sensitive, and well enough: by a code alone only as long as no second factor is
// set up. What was set up since the code was given counts, in whichever session.
func (s *Service) Fresh(ctx context.Context, session *Session) (bool, error) {
	if !s.now().Before(session.ProvedUntil()) {
		return false, nil
	}
	if session.lastProof() != ByCode {
		return true, nil
	}
	enrolled, err := s.Enrolled(ctx, session.Person)
	return err == nil && len(enrolled) == 0, err
}

// Opened is a new session with the token that opens it, which is told once.
type Opened struct {
	Session
	Token       string
	DeviceToken string // What the browser keeps, so that strangers' attempts don't count against it.
}

// openSession begins a session.
func (s *Service) openSession(tx *sqlite.Tx, person PersonID, methods []string, agent string) (Opened, error) {
	now := s.now()
	o := Opened{Token: tokenPrefix + drawToken(), Session: Session{
		ID: random.Hex(idSize), Person: person, Methods: methods, Device: deviceOf(agent), Created: now, Seen: now, Proved: now, Expires: now.Add(SessionLifetime),
	}}
	if _, err := tx.Exec("DELETE FROM signin_sessions WHERE expires <= ? OR seen <= ?", now.Unix(), now.Add(-SessionIdle).Unix()); err != nil {
		return Opened{}, err
	}
	_, err := tx.Exec("DELETE FROM signin_sessions WHERE person = ? AND id NOT IN (SELECT id FROM signin_sessions WHERE person = ? ORDER BY seen DESC LIMIT ?)", person, person, MaxSessions-1)
	if err != nil {
		return Opened{}, err
	}
	_, err = tx.Exec("INSERT INTO signin_sessions (id, token, person, methods, device, created, seen, proved, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		o.ID, digest(o.Token), person, strings.Join(methods, " "), o.Device, now.Unix(), now.Unix(), now.Unix(), o.Expires.Unix())
	return o, err
}

const sessionColumns = "id, person, methods, device, created, seen, proved, expires"

func scanSession(row scanner) (Session, error) {
	var session Session
	var methods string
	var created, seen, proved, expires int64
	err := row.Scan(&session.ID, &session.Person, &methods, &session.Device, &created, &seen, &proved, &expires)
	session.Methods = strings.Fields(methods)
	session.Created, session.Seen = time.Unix(created, 0).UTC(), time.Unix(seen, 0).UTC()
	session.Proved, session.Expires = time.Unix(proved, 0).UTC(), time.Unix(expires, 0).UTC()
	return session, err
}

func (s *Service) live(session *Session) bool {
	now := s.now()
	return now.Before(session.Expires) && now.Sub(session.Seen) < SessionIdle
}

// Authenticate finds the session that a token opens; UNAUTHENTICATED when it has ended or never was.
func (s *Service) Authenticate(ctx context.Context, token string) (Session, error) {
	sessions, err := list(ctx, s.db.Reader(), scanSession, "SELECT "+sessionColumns+" FROM signin_sessions WHERE token = ?", digest(token))
	if err != nil {
		return Session{}, err
	}
	if len(sessions) == 0 || !s.live(&sessions[0]) {
		return Session{}, fault.New(fault.Unauthenticated, "the session has ended: sign in again")
	}
	session := sessions[0]
	if s.now().Sub(session.Seen) < seenEvery {
		return session, nil
	}
	session.Seen = s.now()
	return session, s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("UPDATE signin_sessions SET seen = ? WHERE id = ?", session.Seen.Unix(), session.ID)
		return err
	})
}

// Sessions lists the person's live sessions, the latest used first.
func (s *Service) Sessions(ctx context.Context, person PersonID) ([]Session, error) {
	all, err := list(ctx, s.db.Reader(), scanSession, "SELECT "+sessionColumns+" FROM signin_sessions WHERE person = ? ORDER BY seen DESC, id", person)
	var live []Session
	for i := range all {
		if s.live(&all[i]) {
			live = append(live, all[i])
		}
	}
	return live, err
}

// EndSession ends one session of the person; NOT_FOUND when it isn't one.
func (s *Service) EndSession(ctx context.Context, person PersonID, id string) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		gone, err := tx.Change("DELETE FROM signin_sessions WHERE person = ? AND id = ?", person, id)
		if err == nil && gone == 0 {
			return fault.New(fault.NotFound, "there is no such session")
		}
		return err
	})
}

// EndOtherSessions ends every session of the person but one.
func (s *Service) EndOtherSessions(ctx context.Context, person PersonID, but string) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("DELETE FROM signin_sessions WHERE person = ? AND id <> ?", person, but)
		return err
	})
}

// prove notes that the person of a session was recognised again.
func (s *Service) prove(tx *sqlite.Tx, session *Session, method string) error {
	methods := session.Methods
	if session.lastProof() != method {
		methods = append(append([]string{}, methods...), method)
	}
	_, err := tx.Exec("UPDATE signin_sessions SET proved = ?, methods = ? WHERE id = ?", s.now().Unix(), strings.Join(methods, " "), session.ID)
	return err
}

// deviceOf tells browser and system from a User-Agent, and nothing that would tell one machine from another.
func deviceOf(agent string) string {
	find := func(names ...string) string {
		for _, name := range names {
			if strings.Contains(agent, name) {
				return name
			}
		}
		return ""
	}
	browser := find("Firefox", "Edg", "OPR", "Chrome", "Safari")
	system := find("Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux")
	return strings.Trim(browser+", "+system, ", ")
}

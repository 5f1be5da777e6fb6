package lookup

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Status is what an asker sees of a challenge.
type Status string

// The statuses. A customer who refuses, or isn't there, is waited for until the challenge lapses.
const (
	Waiting   Status = "waiting"
	Confirmed Status = "confirmed"
	Over      Status = "over" // Lapsed, too many wrong codes, told once already, or never asked.
)

// decisions of a customer, as the database has them.
const (
	undecided = 0
	agreed    = 1
	refused   = 2
)

// Challenge is what an asker is given.
type Challenge struct {
	ID   string // 32 hex digits, random.
	Ends time.Time
}

// Result is what has become of a challenge. Account is there when it is confirmed, and told once.
type Result struct {
	Status  Status
	Account points.AccountID
}

// Challenge asks whoever has the identifier whether the asker may know the account. INVALID_VALUE when it has no form of an identifier, ATTEMPTS_LIMITED when the partner,
// the till or anybody has asked for it too often, OVERLOADED when too many are waiting to be written to. Nothing in the answer, nor in the time that it takes, depends
// on whether anybody has it: that is looked at afterwards.
func (d *Desk) Challenge(ctx context.Context, by Asker, q Question) (Challenge, error) {
	if err := by.validate(); err != nil {
		return Challenge{}, err
	}
	q, err := d.people.Normal(q)
	if err != nil {
		return Challenge{}, err
	}
	names := counted{byPartner: by.Partner, byTill: by.till(), byIdentifier: d.keyed(q.Kind + "\x00" + q.Value)}
	if err := d.count(ctx, names); err != nil {
		return Challenge{}, err
	}
	c := Challenge{ID: newID(), Ends: d.now().Add(ChallengeSeconds * time.Second)}
	pin := newPIN()
	err = d.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO lookup_challenges (id, partner, name, store, terminal, code, person, account, decision, attempts, until)
			VALUES (?, ?, ?, ?, ?, ?, '', '', 0, 0, ?)`, c.ID, by.Partner, by.Name, by.Store, by.Terminal, hashOf(c.ID, pin), c.Ends.UnixMilli())
		return err
	})
	if err != nil {
		return Challenge{}, err
	}
	select {
	case d.waiting <- errand{challenge: c.ID, question: q, message: Message{Asker: by, Code: pin, Ends: c.Ends}}:
		return c, nil
	default:
		return Challenge{}, fault.New(fault.Overloaded, "too many customers are waiting to be asked")
	}
}

// Answer takes the code that the customer told the till; CODE_WRONG when it is another. Without one (empty) it says what has become of the challenge.
func (d *Desk) Answer(ctx context.Context, by Asker, id, pin string) (Result, error) {
	if err := by.validate(); err != nil {
		return Result{}, err
	}
	if pin != "" && !validPIN(pin) {
		return Result{}, fault.New(fault.InvalidValue, "the code that a customer tells has %d digits", pinDigits)
	}
	if pin != "" {
		if err := d.count(ctx, counted{byPartner: by.Partner, byTill: by.till()}); err != nil {
			return Result{}, err
		}
	}
	var a answer
	err := d.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
		a, err = d.judge(tx, by, id, pin)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	if a.wrong {
		return Result{}, fault.New(fault.CodeWrong, "ask the customer for the code in the message that names this merchant")
	}
	if a.result.Status != Confirmed {
		return a.result, nil
	}
	return a.result, d.people.Told(ctx, a.holder, by)
}

// answer is what judge finds.
type answer struct {
	result Result
	holder Holder
	wrong  bool // The code is another; that it was tried is kept.
}

// judge looks at a challenge and uses it up when it is confirmed. It writes the same rows whether or not somebody was asked.
func (d *Desk) judge(tx *sqlite.Tx, by Asker, id, pin string) (answer, error) {
	var (
		h                  Holder
		code               string
		decision, attempts int
	)
	found, err := tx.QueryRow("SELECT person, account, code, decision, attempts FROM lookup_challenges WHERE id = ? AND partner = ? AND until > ?",
		[]any{id, by.Partner, d.now().UnixMilli()}, &h.Person, &h.Account, &code, &decision, &attempts)
	if err != nil {
		return answer{}, err
	}
	if !found || attempts >= maxAnswers {
		return answer{result: Result{Status: Over}}, nil
	}
	told := pin != "" && subtle.ConstantTimeCompare([]byte(hashOf(id, pin)), []byte(code)) == 1
	if h.Account != "" && decision != refused && (told || decision == agreed) {
		_, err := tx.Exec("DELETE FROM lookup_challenges WHERE id = ?", id)
		return answer{result: Result{Confirmed, h.Account}, holder: h}, err
	}
	if pin == "" {
		return answer{result: Result{Status: Waiting}}, nil
	}
	_, err = tx.Exec("UPDATE lookup_challenges SET attempts = attempts + 1 WHERE id = ?", id)
	return answer{wrong: true}, err
}

// Pending is a challenge as its customer sees it.
type Pending struct {
	ID    string
	Asker Asker
	Ends  time.Time
}

// Pending lists what a customer is asked now.
func (d *Desk) Pending(ctx context.Context, person string) ([]Pending, error) {
	rows, err := d.db.Reader().QueryContext(ctx, `SELECT id, partner, name, store, terminal, until FROM lookup_challenges
		WHERE person = ? AND decision = 0 AND until > ? ORDER BY until LIMIT ?`, person, d.now().UnixMilli(), maxAsking)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (p Pending, err error) {
		var until int64
		err = row.Scan(&p.ID, &p.Asker.Partner, &p.Asker.Name, &p.Asker.Store, &p.Asker.Terminal, &until)
		p.Ends = time.UnixMilli(until).UTC()
		return p, sqlite.Failed(err)
	})
}

// Decision is a customer's word on a challenge.
type Decision int

// The decisions.
const (
	Agree  Decision = agreed
	Refuse Decision = refused
)

// Decide notes what a customer says to a challenge; NOT_FOUND when the customer isn't asked it (any more).
func (d *Desk) Decide(ctx context.Context, person, id string, decision Decision) error {
	return d.db.Write(ctx, func(tx *sqlite.Tx) error {
		var there string
		found, err := tx.QueryRow("UPDATE lookup_challenges SET decision = ? WHERE id = ? AND person = ? AND decision = 0 AND until > ? RETURNING id",
			[]any{int(decision), id, person, d.now().UnixMilli()}, &there)
		if err == nil && !found {
			return fault.New(fault.NotFound, "nobody asks this any more")
		}
		return err
	})
}

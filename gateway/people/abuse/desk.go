package abuse

import (
	"context"
	"database/sql"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Limits of the desk.
const (
	MaxWords = 2000 // Bytes of an objection or its answer.
	MaxPage  = 200  // Entries of one list.
)

// FlagState is what compliance makes of a flag.
type FlagState string

// The states.
const (
	FlagOpen      FlagState = "OPEN"
	FlagConfirmed FlagState = "CONFIRMED" // The customer is told.
	FlagDismissed FlagState = "DISMISSED"
)

// Flag is that an account has met a rule.
type Flag struct {
	ID          string
	Account     points.AccountID
	Rule        string
	Reason      Reason
	Action      Action
	State       FlagState
	Times       int64 // How often, while it was open.
	First, Last int64 // Unix seconds.
	Decided     int64 // 0 while it is open.
	DecidedBy   string
}

// NoticeKind is what a customer is told of.
type NoticeKind string

// The kinds of notice.
const (
	NoticeFrozen      NoticeKind = "FROZEN"       // The account is frozen until an end.
	NoticeUnfrozen    NoticeKind = "UNFROZEN"     // It is no longer.
	NoticeFreezeAsked NoticeKind = "FREEZE_ASKED" // The gateway asked compliance to freeze it.
	NoticeStepUp      NoticeKind = "STEP_UP"      // Something was taken only with a second factor.
	NoticeWithheld    NoticeKind = "WITHHELD"     // Something was not taken.
	NoticeConfirmed   NoticeKind = "CONFIRMED"    // Compliance holds a suspicion to be right.
)

// Notice is what a customer is told about an account, and what became of the objection to it.
type Notice struct {
	ID        string
	Account   points.AccountID
	Kind      NoticeKind
	Decision  points.OperationID // The operation, or the flag.
	Reason    Reason
	Until     int64 // Unix seconds; 0 where there is no end.
	At        int64
	Objection *Objection // Nil without one.
}

// Objection is a customer's to a notice.
type Objection struct {
	ID       points.OperationID
	Notice   string
	Account  points.AccountID
	Words    string
	At       int64 // Unix seconds.
	AnswerBy int64
	Outcome  points.ObjectionOutcome
	Answer   string
	Answered int64
	Recorded bool // On the ledger.
}

// tell writes a notice, once for each decision.
func tell(tx *sqlite.Tx, n Notice) error {
	_, err := tx.Exec(`INSERT INTO abuse_notices (id, account, kind, decision, reason, until, at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		drawID(), string(n.Account), string(n.Kind), string(n.Decision), string(n.Reason), n.Until, n.At)
	return err
}

// Flags lists flags in a state, ordered by id, from behind the id after; up to limit (1 to MaxPage).
func (v *Service) Flags(ctx context.Context, state FlagState, after string, limit int) ([]Flag, error) {
	rows, err := v.s.DB.Reader().QueryContext(ctx, `SELECT id, account, rule, reason, action, state, times, first_at, last_at, COALESCE(decided_at, 0), COALESCE(decided_by, '')
		FROM abuse_flags WHERE state = ? AND id > ? ORDER BY id LIMIT ?`, string(state), after, min(max(limit, 1), MaxPage))
	return sqlite.List(rows, err, func(f *Flag) []any {
		return []any{&f.ID, &f.Account, &f.Rule, &f.Reason, &f.Action, &f.State, &f.Times, &f.First, &f.Last, &f.Decided, &f.DecidedBy}
	})
}

// DecideFlag closes a flag; by is the name of the caller's key. NOT_FOUND, PROPOSAL_CLOSED when it was decided before, INVALID_VALUE for another state.
func (v *Service) DecideFlag(ctx context.Context, id string, state FlagState, by string) error {
	if state != FlagConfirmed && state != FlagDismissed {
		return fault.New(fault.InvalidValue, "a flag is %s or %s", FlagConfirmed, FlagDismissed)
	}
	return v.s.DB.Write(ctx, func(tx *sqlite.Tx) error {
		var was FlagState
		var f Finding
		there, err := tx.QueryRow(`SELECT state, account, reason FROM abuse_flags WHERE id = ?`, []any{id}, &was, &f.Account, &f.Reason)
		switch {
		case err != nil:
			return err
		case !there:
			return fault.New(fault.NotFound, "there is no such flag")
		case was != FlagOpen:
			return fault.New(fault.ProposalClosed, "the flag is %s", was)
		}
		if _, err := tx.Exec(`UPDATE abuse_flags SET state = ?, decided_at = ?, decided_by = ? WHERE id = ?`, string(state), v.now(), by, id); err != nil {
			return err
		}
		if state == FlagDismissed {
			return nil
		}
		return tell(tx, Notice{Account: f.Account, Kind: NoticeConfirmed, Decision: points.OperationID(id), Reason: f.Reason, At: v.now()})
	})
}

// objectionColumns are those of a notice's objection, which may be missing.
const objectionColumns = `o.id, o.notice, o.account, o.words, o.at, COALESCE(o.outcome, ''), o.answer, COALESCE(o.answered_at, 0), o.recorded`

// Notices lists what is to be told about accounts, the newest first; up to limit (1 to MaxPage).
func (v *Service) Notices(ctx context.Context, accounts []points.AccountID, limit int) ([]Notice, error) {
	ids, err := wire.Encode(accounts)
	if err != nil {
		return nil, err
	}
	rows, err := v.s.DB.Reader().QueryContext(ctx, `SELECT n.id, n.account, n.kind, n.decision, n.reason, n.until, n.at, `+objectionColumns+`
		FROM abuse_notices AS n LEFT JOIN abuse_objections AS o ON o.notice = n.id
		WHERE n.account IN (SELECT value FROM json_each(?)) ORDER BY n.at DESC, n.id LIMIT ?`, string(ids), min(max(limit, 1), MaxPage))
	return sqlite.Collect(rows, err, func(row *sql.Rows) (n Notice, err error) {
		var o objectionRow
		if err := row.Scan(append([]any{&n.ID, &n.Account, &n.Kind, &n.Decision, &n.Reason, &n.Until, &n.At}, o.into()...)...); err != nil {
			return n, sqlite.Failed(err)
		}
		n.Objection, err = v.objectionOf(&o)
		return n, err
	})
}

// objectionRow is an objection as the database has it, all columns NULL where there is none.
type objectionRow struct {
	id, notice, account, outcome sql.NullString
	words, answer                []byte
	at, answered, recorded       sql.NullInt64
}

func (o *objectionRow) into() []any {
	return []any{&o.id, &o.notice, &o.account, &o.words, &o.at, &o.outcome, &o.answer, &o.answered, &o.recorded}
}

func (v *Service) objectionOf(o *objectionRow) (*Objection, error) {
	if !o.id.Valid {
		return nil, nil
	}
	out := &Objection{
		ID: points.OperationID(o.id.String), Notice: o.notice.String, Account: points.AccountID(o.account.String), At: o.at.Int64, AnswerBy: o.at.Int64 + points.ObjectionSeconds,
		Outcome: points.ObjectionOutcome(o.outcome.String), Answered: o.answered.Int64, Recorded: o.recorded.Int64 == 1,
	}
	var err error
	if out.Words, err = v.openWords(o.id.String, o.words); err != nil {
		return nil, err
	}
	out.Answer, err = v.openWords(o.id.String+"/answer", o.answer)
	return out, err
}

// Object records a customer's objection to a notice about one of the accounts that are the person's. NOT_FOUND when none of them has it, ALREADY_EXISTS when it was objected to
// before, INVALID_VALUE for words that aren't 1 to MaxWords bytes of text.
func (v *Service) Object(ctx context.Context, person string, accounts []points.AccountID, notice, said string) (points.OperationID, error) {
	said = strings.TrimSpace(said)
	if said == "" || len(said) > MaxWords || !utf8.ValidString(said) {
		return "", fault.New(fault.InvalidValue, "say in 1 to %d bytes of text why", MaxWords)
	}
	id := drawID()
	hash, sealed := v.saltedHash(id, said)
	ids, err := wire.Encode(accounts)
	if err != nil {
		return "", err
	}
	err = v.s.DB.Write(ctx, func(tx *sqlite.Tx) error {
		var account, decision, before string
		there, err := tx.QueryRow(`SELECT n.account, n.decision, COALESCE(o.id, '') FROM abuse_notices AS n LEFT JOIN abuse_objections AS o ON o.notice = n.id
			WHERE n.id = ? AND n.account IN (SELECT value FROM json_each(?))`, []any{notice, string(ids)}, &account, &decision, &before)
		switch {
		case err != nil:
			return err
		case !there:
			return fault.New(fault.NotFound, "there is no such notice")
		case before != "":
			return fault.New(fault.AlreadyExists, "the notice was objected to before")
		}
		_, err = tx.Exec(`INSERT INTO abuse_objections (id, notice, person, account, decision, words, hash, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			id, notice, person, account, decision, sealed, hash, v.now())
		return err
	})
	return points.OperationID(id), err
}

// Objections lists those that wait for an answer, the one that has to be answered first in front; up to MaxPage.
func (v *Service) Objections(ctx context.Context) ([]Objection, error) {
	rows, err := v.s.DB.Reader().QueryContext(ctx, `SELECT `+objectionColumns+` FROM abuse_objections AS o WHERE o.outcome IS NULL ORDER BY o.at LIMIT ?`, MaxPage)
	return sqlite.Collect(rows, err, v.scanObjection)
}

// scanObjection reads a row of objectionColumns and opens its words.
func (v *Service) scanObjection(rows *sql.Rows) (Objection, error) {
	var row objectionRow
	if err := rows.Scan(row.into()...); err != nil {
		return Objection{}, sqlite.Failed(err)
	}
	o, err := v.objectionOf(&row)
	if err != nil {
		return Objection{}, err
	}
	return *o, nil
}

// Answer records what somebody of compliance answers. NOT_FOUND, PROPOSAL_CLOSED when it was answered before, INVALID_VALUE for another outcome or no words.
func (v *Service) Answer(ctx context.Context, id points.OperationID, outcome points.ObjectionOutcome, said, by string) error {
	said = strings.TrimSpace(said)
	if outcome != points.ObjectionUpheld && outcome != points.ObjectionDismissed || said == "" || len(said) > MaxWords || !utf8.ValidString(said) {
		return fault.New(fault.InvalidValue, "an answer is %s or %s, with 1 to %d bytes of text for the customer", points.ObjectionUpheld, points.ObjectionDismissed, MaxWords)
	}
	hash, sealed := v.saltedHash(string(id)+"/answer", said)
	return v.s.DB.Write(ctx, func(tx *sqlite.Tx) error {
		var answered bool
		there, err := tx.QueryRow(`SELECT outcome IS NOT NULL FROM abuse_objections WHERE id = ?`, []any{string(id)}, &answered)
		switch {
		case err != nil:
			return err
		case !there:
			return fault.New(fault.NotFound, "there is no such objection")
		case answered:
			return fault.New(fault.ProposalClosed, "the objection was answered before")
		}
		_, err = tx.Exec(`UPDATE abuse_objections SET outcome = ?, answer = ?, answer_hash = ?, answered_at = ?, answered_by = ?, settled = 0 WHERE id = ?`,
			string(outcome), sealed, hash, v.now(), by, string(id))
		return err
	})
}

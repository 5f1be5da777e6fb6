package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Status is where an operation stands in the gateway.
type Status string

// The statuses of an operation: PENDING -> PINNED -> DONE, and back to PENDING when its pin's place was won by a batch without it.
const (
	Pending Status = "PENDING" // Accepted, durable, not given to the ledger.
	Pinned  Status = "PINNED"  // In the pin (Lane, Seq).
	Done    Status = "DONE"    // Its outcome is known.
)

// Operation is a row of the outbox.
type Operation struct {
	Row         int64 // Arrival order.
	ID          points.OperationID
	Kind        points.Kind
	Programme   string // Whose points it is about.
	Partner     string // The other brand of a cross-brand operation; empty at home.
	Account     points.AccountID
	To          points.AccountID // Of a swap: an account of the partner's programme.
	Shop        string           // The sponsored shop that awards or accepts; empty without one.
	Natural     string           // Keyed hash; empty without a natural id.
	Idempotency string           // Keyed hash; empty when unknown.
	Request     string           // Keyed hash of the request's content.
	Document    []byte           // points.Operation.
	Details     []byte           // points.Details.
	Custody     bool
	Status      Status
	Lane        int   // When PINNED or DONE on the ledger.
	Seq         int64 // 0 while PENDING, and for an operation that never reached the ledger.
	Outcome     points.Outcome
	Code        fault.Code
	Receipt     []byte // points.Receipt; empty until DONE, and for an operation that never reached the ledger.
	AcceptedAt  int64  // Unix milliseconds.
	DoneAt      int64  // Unix milliseconds; 0 until DONE.
}

// NewOperation is an operation to be accepted.
type NewOperation struct {
	ID          points.OperationID
	Kind        points.Kind
	Programme   string
	Partner     string
	Account     points.AccountID
	To          points.AccountID
	Shop        string
	Natural     string
	Idempotency string
	Request     string
	Lookup      string // Of an opening: keyed hash of the customer's reference; empty without one.
	Document    []byte
	Details     []byte
	Custody     bool
}

// Match says by what an earlier row was found.
type Match string

// How rows are found, in this order.
const (
	ByIdempotency Match = "idempotency"
	ByNatural     Match = "natural"
	ByID          Match = "id" // Of an operation whose id the caller has chosen.
)

// Admission is the answer to one NewOperation: a row was inserted, or an earlier row has its idempotency key, its natural id or its id.
type Admission struct {
	Inserted  bool
	Operation Operation // The new row, or the earlier one.
	Match     Match     // By what the earlier one was found; empty when a row was inserted.
}

// insertSizes are the rows that one INSERT takes: few sizes, so that few statements stay prepared.
var insertSizes = []int{64, 8, 1}

// insertColumns are the values of one row that is inserted.
const insertColumns = 15

const operationColumns = `rowid, id, kind, programme, partner, account, to_account, shop, COALESCE(natural, ''), COALESCE(idempotency, ''), request, document, details,
	custody, status, COALESCE(lane, 0), COALESCE(seq, 0), COALESCE(outcome, ''), COALESCE(code, ''), receipt, accepted_at, COALESCE(done_at, 0)`

// AcceptOperations records many operations in one transaction, each with its own answer in the same order. onAccept is called inside the transaction
// with the admissions, so that whoever finds a row can rely on what it did; undo is called when the transaction then fails. A row's idempotency key,
// natural id and id are compared with all earlier rows, also those of the same call.
func (s *Store) AcceptOperations(ctx context.Context, now int64, all []NewOperation, onAccept func([]Admission), undo func()) ([]Admission, error) {
	admissions := make([]Admission, len(all))
	accepted := false
	err := s.Write(context.WithoutCancel(ctx), func(tx *Tx) error {
		for from := 0; from < len(all); {
			to := from + insertSize(len(all)-from)
			if err := insertOperations(tx, now, all[from:to], admissions[from:to]); err != nil {
				return err
			}
			from = to
		}
		if err := insertLookups(tx, all, admissions); err != nil {
			return err
		}
		onAccept(admissions)
		accepted = true
		return nil
	})
	if err != nil {
		if accepted {
			undo()
		}
		return nil, err
	}
	return admissions, nil
}

// insertSize is the largest size that rows rows can fill.
func insertSize(rows int) int {
	for _, size := range insertSizes {
		if size <= rows {
			return size
		}
	}
	return 0
}

func insertOperations(tx *Tx, now int64, all []NewOperation, admissions []Admission) error {
	rows, err := insertIgnoring(tx, now, all)
	if err != nil {
		return err
	}
	for i := range all {
		n := &all[i]
		if row, ok := rows[n.ID]; ok {
			admissions[i] = Admission{Inserted: true, Operation: Operation{
				Row: row, ID: n.ID, Kind: n.Kind, Programme: n.Programme, Partner: n.Partner, Account: n.Account, To: n.To, Shop: n.Shop,
				Natural: n.Natural, Idempotency: n.Idempotency, Request: n.Request, Document: n.Document, Details: n.Details, Custody: n.Custody, Status: Pending, AcceptedAt: now,
			}}
			continue
		}
		if admissions[i], err = findEarlier(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// insertIgnoring inserts what is new and says which rows that gave.
func insertIgnoring(tx *Tx, now int64, all []NewOperation) (map[points.OperationID]int64, error) {
	args := make([]any, 0, len(all)*insertColumns)
	for i := range all {
		n := &all[i]
		args = append(args, string(n.ID), string(n.Kind), n.Programme, n.Partner, string(n.Account), string(n.To), n.Shop, null(n.Natural), null(n.Idempotency), n.Request,
			n.Document, n.Details, n.Custody, string(Pending), now)
	}
	// OR IGNORE leaves no way to abort halfway, for which SQLite would copy every page first.
	rows, err := tx.Query(`INSERT OR IGNORE INTO operations (id, kind, programme, partner, account, to_account, shop, natural, idempotency, request, document, details,
		custody, status, accepted_at) VALUES `+placeholders(len(all), insertColumns)+` RETURNING id, rowid`, args...)
	inserted := make(map[points.OperationID]int64, len(all))
	err = sqlite.Each(rows, err, func(found *sql.Rows) error {
		var id points.OperationID
		var row int64
		err := found.Scan(&id, &row)
		inserted[id] = row
		return storeError(err)
	})
	return inserted, err
}

func findEarlier(tx *Tx, n *NewOperation) (Admission, error) {
	for _, by := range []struct {
		match Match
		value string
	}{{ByIdempotency, n.Idempotency}, {ByNatural, n.Natural}, {ByID, string(n.ID)}} {
		if by.value == "" {
			continue
		}
		rows, err := tx.Query(`SELECT `+operationColumns+` FROM operations WHERE `+string(by.match)+` = ?`, by.value)
		found, err := sqlite.List(rows, err, (*Operation).places)
		if err != nil {
			return Admission{}, err
		}
		if len(found) == 1 {
			return Admission{Operation: found[0], Match: by.match}, nil
		}
	}
	return Admission{}, fault.New(fault.Internal, "an operation was neither inserted nor found")
}

func insertLookups(tx *Tx, all []NewOperation, admissions []Admission) error {
	for i := range all {
		if all[i].Lookup == "" || !admissions[i].Inserted {
			continue
		}
		if _, err := tx.Exec(`INSERT INTO lookups (lookup, account, operation) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			all[i].Lookup, string(all[i].Account), string(all[i].ID)); err != nil {
			return err
		}
	}
	return nil
}

// PendingOperations gives what waits for a batch of a programme, in arrival order.
func (s *Store) PendingOperations(ctx context.Context, programme string) ([]Operation, error) {
	return s.operations(ctx, `status <> 'DONE' AND status = 'PENDING' AND programme = ? ORDER BY rowid`, programme)
}

// Adopt gives operations and pins from before there were several programmes in the outbox to the gateway's own.
func (s *Store) Adopt(ctx context.Context, programme string) error {
	return s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(`UPDATE operations SET programme = ? WHERE programme = ''`, programme); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE pins SET programme = ? WHERE programme = ''`, programme)
		return err
	})
}

// Operation gives one operation; NOT_FOUND when there is none of this id.
func (s *Store) Operation(ctx context.Context, id points.OperationID) (Operation, error) {
	found, err := s.operations(ctx, `id = ?`, string(id))
	if err != nil {
		return Operation{}, err
	}
	if len(found) == 0 {
		return Operation{}, fault.New(fault.NotFound, "this gateway has no operation of this id")
	}
	return found[0], nil
}

func (s *Store) operations(ctx context.Context, where string, args ...any) ([]Operation, error) {
	rows, err := s.Reader().QueryContext(ctx, `SELECT `+operationColumns+` FROM operations WHERE `+where, args...)
	return sqlite.List(rows, err, (*Operation).places)
}

// places are where operationColumns go.
func (o *Operation) places() []any {
	return []any{
		&o.Row, &o.ID, &o.Kind, &o.Programme, &o.Partner, &o.Account, &o.To, &o.Shop, &o.Natural, &o.Idempotency, &o.Request, &o.Document, &o.Details,
		&o.Custody, &o.Status, &o.Lane, &o.Seq, &o.Outcome, &o.Code, &o.Receipt, &o.AcceptedAt, &o.DoneAt,
	}
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// placeholders gives rows times "(?,?,...)".
func placeholders(rows, columns int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + ")"
	return strings.TrimSuffix(strings.Repeat(row+",", rows), ",")
}

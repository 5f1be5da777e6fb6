package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// maxGroup is how many writes share one commit; maxQueuedWrites is how many wait for it before Write blocks.
const (
	maxGroup        = 256
	maxQueuedWrites = 1024
)

// Tx is the open write transaction that a Write's function works on.
type Tx struct {
	w *writer
	r *request
}

// writer owns the only connection that writes. One goroutine takes what has been asked for in the meantime into one SQL transaction, since the sync
// to disk costs the same for one change and for hundreds.
type writer struct {
	db         *sql.DB
	conn       *sql.Conn
	life       context.Context // Of the connection: it doesn't end, what is handed to the writer is written.
	statements map[string]keptStatement
	requests   chan *request
	stopped    chan struct{}
	closing    sync.RWMutex
	closed     bool
}

// keptStatement is a prepared statement that is kept until the writer closes.
type keptStatement struct{ *sql.Stmt }

type request struct {
	f     func(*Tx) error
	alone bool // Has a commit of its own.
	bare  bool // Runs outside a transaction.
	after []func()
	err   error
	done  chan error
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		db: db, conn: conn, life: context.WithoutCancel(ctx), statements: map[string]keptStatement{},
		requests: make(chan *request, maxQueuedWrites), stopped: make(chan struct{}),
	}
	go w.run()
	return w, nil
}

func (w *writer) write(ctx context.Context, f func(*Tx) error) error {
	return w.await(ctx, &request{f: f, done: make(chan error, 1)})
}

// writeAlone is write for a function that changes many pages. Under a savepoint SQLite copies each page before it changes it, which costs several times
// the change itself; a commit of its own needs no savepoint.
func (w *writer) writeAlone(ctx context.Context, f func(*Tx) error) error {
	return w.await(ctx, &request{f: f, alone: true, done: make(chan error, 1)})
}

// writeBare is write for what SQLite refuses to do inside a transaction, VACUUM among it.
func (w *writer) writeBare(ctx context.Context, f func(*Tx) error) error {
	return w.await(ctx, &request{f: f, bare: true, done: make(chan error, 1)})
}

func (w *writer) await(ctx context.Context, r *request) error {
	if err := w.hand(ctx, r); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) hand(ctx context.Context, r *request) error {
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return fault.New(fault.NotReady, "the database is closed")
	}
	select {
	case w.requests <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) run() {
	defer close(w.stopped)
	for first := range w.requests {
		var group []*request
		for r, ok := first, true; ok && len(group) < maxGroup; r, ok = w.poll() {
			if r.alone || r.bare {
				w.commit(group)
				w.commit([]*request{r})
				group = nil
				continue
			}
			group = append(group, r)
		}
		w.commit(group)
	}
}

func (w *writer) poll() (*request, bool) {
	select {
	case r, ok := <-w.requests:
		return r, ok
	default:
		return nil, false
	}
}

func (w *writer) commit(group []*request) {
	var err error
	switch len(group) {
	case 0:
		return
	case 1:
		err = w.runAlone(group[0])
	default:
		err = w.transact(group)
	}
	for _, r := range group {
		end := errors.Join(r.err, err)
		if end == nil {
			for _, f := range r.after {
				f()
			}
		}
		r.done <- end
	}
}

// runAlone runs a single function, in a transaction unless it can't be run in one.
func (w *writer) runAlone(r *request) error {
	if !r.bare {
		return w.transactOne(r)
	}
	r.err = r.f(&Tx{w, r})
	return nil
}

// transactOne runs a single function; an error, its own included, undid everything.
func (w *writer) transactOne(r *request) error {
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return Failed(err)
	}
	if r.err = r.f(&Tx{w, r}); r.err != nil {
		return Failed(w.exec("ROLLBACK"))
	}
	if err := w.exec("COMMIT"); err != nil {
		return errors.Join(Failed(err), w.exec("ROLLBACK"))
	}
	return nil
}

// transact runs the group; an error it returns undid everything.
func (w *writer) transact(group []*request) error {
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return Failed(err)
	}
	for _, r := range group {
		if err := w.runOne(r); err != nil {
			return errors.Join(Failed(err), w.exec("ROLLBACK"))
		}
	}
	if err := w.exec("COMMIT"); err != nil {
		return errors.Join(Failed(err), w.exec("ROLLBACK"))
	}
	return nil
}

// runOne runs one function under a savepoint and keeps its error for its caller; what it returns is an error of the transaction itself.
func (w *writer) runOne(r *request) error {
	if err := w.exec("SAVEPOINT one"); err != nil {
		return err
	}
	if r.err = r.f(&Tx{w, r}); r.err != nil {
		if err := w.exec("ROLLBACK TO one"); err != nil {
			return err
		}
	}
	return w.exec("RELEASE one")
}

func (w *writer) exec(query string) error {
	s, err := w.prepare(query)
	if err != nil {
		return err
	}
	_, err = s.Exec()
	return err
}

// prepare keeps every statement for the life of the connection: texts must come from a bounded set.
func (w *writer) prepare(query string) (keptStatement, error) {
	if s, ok := w.statements[query]; ok {
		return s, nil
	}
	prepared, err := w.conn.PrepareContext(w.life, query)
	if err != nil {
		return keptStatement{}, err
	}
	w.statements[query] = keptStatement{prepared}
	return keptStatement{prepared}, nil
}

func (w *writer) close() error {
	w.closing.Lock()
	if !w.closed {
		w.closed = true
		close(w.requests)
	}
	w.closing.Unlock()
	<-w.stopped
	var all error
	for _, s := range w.statements {
		all = errors.Join(all, s.Close())
	}
	return errors.Join(all, w.conn.Close(), w.db.Close())
}

// After has f run once the write is committed, before Write returns; never when it is undone. f must not block: other writes wait for it.
func (t *Tx) After(f func()) { t.r.after = append(t.r.after, f) }

// Try runs f and undoes what it did. f's error is returned; whoever returns it from the write undoes the rest too.
func (t *Tx) Try(f func() error) error {
	if _, err := t.Exec("SAVEPOINT trial"); err != nil {
		return err
	}
	before := len(t.r.after)
	if err := f(); err != nil {
		return err
	}
	t.r.after = t.r.after[:before]
	if _, err := t.Exec("ROLLBACK TO trial"); err != nil {
		return err
	}
	_, err := t.Exec("RELEASE trial")
	return err
}

// Exec runs a statement. Its text must come from a bounded set, since it stays prepared: pass values as arguments.
func (t *Tx) Exec(query string, args ...any) (sql.Result, error) {
	s, err := t.w.prepare(query)
	if err != nil {
		return nil, Failed(err)
	}
	result, err := s.Exec(args...)
	return result, Failed(err)
}

// Change runs a statement like Exec, and says how many rows it inserted, changed or deleted.
func (t *Tx) Change(query string, args ...any) (int64, error) {
	result, err := t.Exec(query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return n, Failed(err)
}

// Query runs a query; like Exec. The rows must be closed before the next statement.
func (t *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	s, err := t.w.prepare(query)
	if err != nil {
		return nil, Failed(err)
	}
	rows, err := s.Query(args...)
	return rows, Failed(err)
}

// QueryRow runs a query for at most one row, into the given places; found is false when there is none.
func (t *Tx) QueryRow(query string, args []any, into ...any) (found bool, err error) {
	s, err := t.w.prepare(query)
	if err != nil {
		return false, Failed(err)
	}
	err = s.QueryRow(args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, Failed(err)
}

// Failed gives an error of the database the code INTERNAL; nil stays nil.
func Failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", fault.New(fault.Internal, "the gateway's database failed"), err)
}

package lookup

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

const known = "+441632960001"

var (
	alice = Holder{Person: strings.Repeat("a", 32), Account: "0123456789abcdef0123456789abcdef"}
	hotel = Asker{Partner: "hotel", Name: "Hotel Stars", Store: "S1", Terminal: "T1"}
)

// town is a brand's customers and their phones.
type town struct {
	mu       sync.Mutex
	holders  map[string]Holder
	messages []Message
	told     []Asker
	asked    int
	hold     chan struct{} // Nobody is found before it is closed.
	broken   error
}

func (w *town) Normal(q Question) (Question, error) {
	if q.Kind != "phone" || !strings.HasPrefix(q.Value, "+") {
		return Question{}, fault.New(fault.InvalidValue, "no phone number")
	}
	return q, nil
}

func (w *town) Holder(ctx context.Context, q Question) (Holder, error) {
	if w.hold != nil {
		select {
		case <-w.hold:
		case <-ctx.Done():
			return Holder{}, ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	h, there := w.holders[q.Value]
	if !there {
		return Holder{}, fault.New(fault.NotFound, "nobody")
	}
	return h, w.broken
}

func (w *town) Of(_ context.Context, person string) (Holder, error) {
	if person != alice.Person {
		return Holder{}, fault.New(fault.NotFound, "nobody")
	}
	return alice, nil
}

func (w *town) Told(_ context.Context, _ Holder, by Asker) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, by)
	return nil
}

func (w *town) Challenge(_ context.Context, person string, _ Question, m Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if person == "" {
		panic("a message to nobody")
	}
	w.messages = append(w.messages, m)
	return nil
}

func (w *town) lastCode() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.messages[len(w.messages)-1].Code
}

// clock is set by the test.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func (c *clock) pass(d time.Duration) { c.t = c.t.Add(d) }

type fixture struct {
	*Desk
	*town
	*clock
	t    *testing.T
	path string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, town: &town{holders: map[string]Holder{known: alice}}, clock: &clock{time.Unix(1_800_000_000, 0)}, path: filepath.Join(t.TempDir(), "people.db")}
	files, err := fs.Sub(os.DirFS("../store/migrations"), ".")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), f.path, sqlite.Settings{Migrations: files, WriterCache: 1024, ReaderCache: 1024})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	f.Desk = New(Settings{
		Programme: "airline", DB: db, People: f.town, Messenger: f.town, Keyed: func(s string) string { return hashOf("keyed", s) }, Now: f.now, Log: slog.New(slog.DiscardHandler),
	})
	return f
}

func (f *fixture) now() time.Time { return f.clock.now() }

// settle runs what waits to be found and written to.
func (f *fixture) settle() {
	f.t.Helper()
	for len(f.waiting) > 0 {
		f.run(f.t.Context(), <-f.waiting)
	}
}

func (f *fixture) ask(by Asker, value string) Challenge {
	f.t.Helper()
	c, err := f.Desk.Challenge(f.t.Context(), by, Question{"phone", value})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

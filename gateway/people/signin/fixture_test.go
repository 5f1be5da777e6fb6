package signin

import (
	"context"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/gateway/people/store"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// people is a vault that knows who has which address.
type people struct {
	mu     sync.Mutex
	by     map[vault.Identifier]PersonID
	asked  int // How often anybody was looked for.
	failed error
	broken PersonID // Who can't be read.
}

func (p *people) Find(_ context.Context, id vault.Identifier) (PersonID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	id.Value = strings.ToLower(id.Value)
	if person, known := p.by[id]; known {
		return person, nil
	}
	return "", fault.New(fault.PersonUnknown, "nobody has it")
}

func (p *people) Create(_ context.Context, attributes []vault.Attribute, _ vault.Access) (PersonID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil {
		return "", p.failed
	}
	person := PersonID(strings.Repeat("0", 31) + string(rune('a'+len(p.by))))
	p.by[vault.Identifier{Kind: vault.Kind(attributes[0].Name), Value: attributes[0].Value}] = person
	return person, nil
}

// Read gives the addresses that Find finds, and English.
func (p *people) Read(_ context.Context, person PersonID, _ []string, _ vault.Access) ([]vault.Attribute, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil {
		return nil, p.failed
	}
	if person == p.broken {
		return nil, fault.New(fault.StateCorrupt, "an entry is damaged")
	}
	all := []vault.Attribute{{Name: vault.Language, Value: "en"}}
	for id, owner := range p.by {
		if owner == person {
			all = append(all, vault.Attribute{Name: string(id.Kind), Value: id.Value})
		}
	}
	return all, nil
}

// inbox keeps messages by address.
type inbox struct {
	mu       sync.Mutex
	messages []Message
	arrived  chan struct{}
}

func (i *inbox) Send(_ context.Context, m Message) error {
	i.mu.Lock()
	i.messages = append(i.messages, m)
	i.mu.Unlock()
	i.arrived <- struct{}{}
	return nil
}

var codeForm = regexp.MustCompile(`\b\d{8}\b`)

// world is the service with a clock that the test moves.
type world struct {
	*Service
	t      *testing.T
	db     *sqlite.DB
	path   string
	people *people
	inbox  *inbox

	settings Settings
	events   []Event
	mu       sync.Mutex
	clock    time.Time
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "people.db"), people: &people{by: map[vault.Identifier]PersonID{}}, inbox: &inbox{arrived: make(chan struct{}, 100)},
		clock: time.Unix(1_800_000_000, 0)}
	db, err := store.Open(t.Context(), w.path)
	if err != nil {
		t.Fatal(err)
	}
	w.db = db
	post := NewPost(map[vault.Kind]Sender{vault.Email: w.inbox, vault.Phone: w.inbox}, slog.New(slog.DiscardHandler))
	w.settings = Settings{
		DB: db, People: w.people, Post: post, Secret: []byte(strings.Repeat("s", SecretSize)), Issuer: "Airline Miles",
		Relying: func(context.Context) (RelyingParty, error) {
			return RelyingParty{RelyingParty: webauthn.RelyingParty{ID: "example.org", Origins: []string{"https://example.org"}}, Name: "Airline Miles"}, nil
		},
		Watch: func(e Event) { w.events = append(w.events, e) },
		Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.clock
		},
	}
	w.Service, err = New(w.settings)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { _ = post.Run(ctx); close(ended) }()
	t.Cleanup(func() {
		end()
		<-ended
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func email(address string) vault.Identifier {
	return vault.Identifier{Kind: vault.Email, Value: address}
}

// ask asks for a code.
func (w *world) ask(address, device string) Asked {
	w.t.Helper()
	asked, err := w.AskCode(w.t.Context(), Ask{Address: email(address), Language: "en", Device: device})
	if err != nil {
		w.t.Fatal(err)
	}
	return asked
}

// code is the one in the newest message.
func (w *world) code() string {
	w.t.Helper()
	<-w.inbox.arrived
	w.inbox.mu.Lock()
	defer w.inbox.mu.Unlock()
	return codeForm.FindString(w.inbox.messages[len(w.inbox.messages)-1].Text)
}

func (w *world) confirm(asked Asked, code, address string) (Progress, error) {
	return w.ConfirmCode(w.t.Context(), Proof{Token: asked.Token, Code: code, Address: email(address), Agent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/140"})
}

// register makes a person with an address and gives their session.
func (w *world) register(address string) Opened {
	w.t.Helper()
	asked := w.ask(address, "")
	p, err := w.confirm(asked, w.code(), address)
	if err != nil || p.Next != Register {
		w.t.Fatalf("%+v %v", p, err)
	}
	p, err = w.Register(w.t.Context(), Registration{Ticket: p.Ticket, Address: email(address), Name: "Ada", Language: "en"})
	if err != nil || p.Next != SignedIn {
		w.t.Fatalf("%+v %v", p, err)
	}
	return *p.Opened
}

// signIn signs in with an address by a code.
func (w *world) signIn(address string) Progress {
	w.t.Helper()
	w.pass(codeLimit.pause)
	asked := w.ask(address, "")
	p, err := w.confirm(asked, w.code(), address)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) refuses(err error, what string) {
	w.t.Helper()
	if fault.CodeOf(err) != fault.SignInRefused {
		w.t.Errorf("%s: %v", what, err)
	}
}

func do[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

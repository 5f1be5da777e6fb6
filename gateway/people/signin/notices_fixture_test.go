package signin

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// outbox is a sender that keeps messages, and may fail.
type outbox struct {
	fails bool
	sent  []Message
}

func (o *outbox) Send(_ context.Context, m Message) error {
	if o.fails {
		return fault.New(fault.Internal, "not now")
	}
	o.sent = append(o.sent, m)
	return nil
}

// to lists what was sent to an address.
func (o *outbox) to(address string) (some []Message) {
	for _, m := range o.sent {
		if m.To.Value == address {
			some = append(some, m)
		}
	}
	return some
}

// notified is a world whose notices are sent when the test says so, into an outbox.
func notified(t *testing.T) (*world, *outbox) {
	w := newWorld(t)
	w.restart()
	return w, w.outbox()
}

// restart makes another service of the same database, with an outbox for e-mails and phones.
func (w *world) restart() {
	w.t.Helper()
	o := &outbox{}
	s := w.settings
	s.Post = NewPost(map[vault.Kind]Sender{vault.Email: o, vault.Phone: o}, w.log)
	w.Service = do[*Service](w.t)(New(s))
}

func (w *world) outbox() *outbox { return w.post.senders[vault.Email].(*outbox) }

// round writes and sends what is due.
func (w *world) round() error {
	return errors.Join(w.writeLetters(w.t.Context()), w.carry(w.t.Context(), vault.Email), w.carry(w.t.Context(), vault.Phone))
}

// person is somebody with addresses that are proved, without sessions.
func (w *world) person(addresses ...vault.Identifier) PersonID {
	w.t.Helper()
	person := PersonID(fmt.Sprintf("%032x", len(w.people.by)+100))
	for _, a := range addresses {
		w.people.by[a] = person
		w.write(func(tx *sqlite.Tx) error { return w.noteProved(tx, person, w.addressHash(a)) })
		w.pass(time.Second)
	}
	return person
}

func (w *world) write(f func(*sqlite.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) happens(person PersonID, kind Event) {
	w.t.Helper()
	w.write(func(tx *sqlite.Tx) error {
		return w.note(tx, happening{person: person, kind: kind, device: "Firefox, Linux"})
	})
}

func phone(number string) vault.Identifier {
	return vault.Identifier{Kind: vault.Phone, Value: number}
}

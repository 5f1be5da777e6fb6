package consent

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

// Whatever call the gateway dies at, before it, after it, or with its transaction still on the way, the next process brings the customer's will about.
func TestACrashAtAnyStepIsFinished(t *testing.T) {
	for _, how := range []death{beforeEffect, afterEffect, effectOnItsWay} {
		for at := 1; ; at++ {
			if !diesAndRecovers(t, how, at) {
				if at < 8 {
					t.Errorf("only %d calls were made", at-1)
				}
				break
			}
		}
	}
}

// story is what alice does: a consent, a change of her data, a withdrawal.
var story = []func(*world, privacy.ConsentID) error{
	func(w *world, _ privacy.ConsentID) error {
		w.book.put(alice, "email", "new@canary.example")
		return w.Refresh(w.t.Context(), alice)
	},
	func(w *world, id privacy.ConsentID) error { _, err := w.Withdraw(w.t.Context(), alice, id); return err },
}

// diesAndRecovers lets the gateway die at a call of the story, and a new one go on; false when the story was over before.
func diesAndRecovers(t *testing.T, how death, at int) (died bool) {
	t.Helper()
	name := fmt.Sprintf("death %d at call %d", how, at)
	w := newWorld(t)
	a := w.agree(wish())
	id := a.Body.ID
	w.start(&process{channel: w.channel, dieAt: at, how: how})
	if _, err := w.Grant(t.Context(), alice, a); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	w.resurrect(name, id, []string{"email", "name"}, privacy.StatusGranted, &died)
	for i, event := range story {
		if err := event(w, id); err != nil && !w.process.dead {
			t.Fatalf("%s: %v", name, err)
		}
		if i == 0 {
			w.resurrect(name, id, []string{"email", "name"}, privacy.StatusGranted, &died)
			if values, err := w.read(id); err != nil || !slices.Contains(values, Value{"email", "new@canary.example"}) {
				t.Errorf("%s: read %v (%v)", name, values, err)
			}
			continue
		}
		if _, err := w.read(id); err == nil {
			t.Errorf("%s: it is read after the withdrawal", name)
		}
		w.resurrect(name, id, nil, privacy.StatusWithdrawn, &died)
	}
	return died
}

// resurrect starts a new process where the old one died, lets it work, and looks at what has become of the consent.
func (w *world) resurrect(name string, id privacy.ConsentID, held []string, status privacy.Status, died *bool) {
	w.t.Helper()
	if w.process.dead {
		*died = true
		w.start(&process{channel: w.channel})
	}
	for range 3 {
		w.pass(time.Minute)
		w.work(w.t.Context())
	}
	if err := w.Refresh(w.t.Context(), alice); err != nil {
		w.t.Errorf("%s: %v", name, err)
	}
	w.channel.mu.Lock()
	w.channel.arrive()
	w.channel.mu.Unlock()
	if got := w.held(id); !slices.Equal(got, held) || w.status(id) != status {
		w.t.Errorf("%s: copies of %v and %s, want %v and %s; calls %v", name, got, w.status(id), held, status, w.channel.calls)
	}
	v, err := w.Get(w.t.Context(), alice, id)
	if err != nil || !v.Complete {
		w.t.Errorf("%s: %+v (%v)", name, v, err)
	}
}

func TestAnErasureThatWasCutOffIsFinished(t *testing.T) {
	for at := 1; at <= 2; at++ {
		w := newWorld(t)
		id := w.grant()
		w.start(&process{channel: w.channel, dieAt: at, how: beforeEffect})
		if _, err := w.EndAll(t.Context(), alice); err == nil {
			t.Error("nothing was said")
		}
		if _, err := w.read(id); err == nil {
			t.Error("it is still read")
		}
		w.start(&process{channel: w.channel})
		w.pass(time.Minute)
		w.work(t.Context())
		if _, err := w.load(t.Context(), id); err == nil || w.status(id) != privacy.StatusErased || len(w.held(id)) != 0 {
			t.Errorf("at %d: %s, copies of %v", at, w.status(id), w.held(id))
		}
	}
}

// newWorldWithALateShare has a consent whose share is on its way still: the process died when it had sent it, and another one runs.
func newWorldWithALateShare(t *testing.T) (*world, privacy.ConsentID) {
	t.Helper()
	w := newWorld(t)
	a := w.agree(wish())
	w.start(&process{channel: w.channel, dieAt: 3, how: effectOnItsWay})
	if _, err := w.Grant(t.Context(), alice, a); err != nil {
		t.Fatal(err)
	}
	w.start(&process{channel: w.channel})
	return w, a.Body.ID
}

// A share that was thought lost arrives at the worst moment: after the copies were purged, before the consent's end is on the channel.
func TestAShareThatComesLateIsPurgedToo(t *testing.T) {
	for delay := range 4 {
		w, id := newWorldWithALateShare(t)
		w.channel.delay = delay
		if v, err := w.Withdraw(t.Context(), alice, id); err != nil || !v.Complete {
			t.Fatalf("%+v (%v)", v, err)
		}
		w.channel.arrive()
		if got := w.held(id); len(got) != 0 || w.status(id) != privacy.StatusWithdrawn {
			t.Errorf("delayed by %d calls: copies of %v, %s", delay, got, w.status(id))
		}
	}
}

// A late share may bring a copy of what the customer has changed since.
func TestACopyThatALateShareBringsBackIsPurgedAtTheEnd(t *testing.T) {
	w, id := newWorldWithALateShare(t)
	w.channel.delay = 100
	w.book.put(alice, "email", "new@canary.example")
	w.pass(time.Minute)
	w.work(t.Context())
	w.channel.mu.Lock()
	w.channel.arrive()
	w.channel.mu.Unlock()
	if got := w.held(id); len(got) != 3 {
		t.Fatalf("copies of %v", got)
	}
	if _, err := w.Withdraw(t.Context(), alice, id); err != nil || len(w.held(id)) != 0 {
		t.Errorf("copies of %v (%v)", w.held(id), err)
	}
}

func TestWhatTheLedgerRefusesIsTold(t *testing.T) {
	w := newWorld(t)
	a := w.agree(wish())
	w.channel.refuse = map[string]error{"record": fault.New(fault.NotFound, "no such policy")}
	if v, err := w.Grant(t.Context(), alice, a); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%+v (%v)", v, err)
	}
	w.channel.calls = nil
	w.work(t.Context())
	if v, err := w.Get(t.Context(), alice, a.Body.ID); err != nil || v.InForce || !v.Complete || len(w.channel.calls) != 0 {
		t.Errorf("%+v (%v), calls %v", v, err, w.channel.calls)
	}
}

// What ends is out of force from the moment it is noted, also when the process dies before it does anything about it.
func TestWhatIsToEndIsOutOfForce(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	if _, err := w.aim(t.Context(), privacy.EndWithdrawn, "id = ?", string(id)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.read(id); fault.CodeOf(err) != fault.ConsentNotInForce {
		t.Errorf("got %v", err)
	}
}

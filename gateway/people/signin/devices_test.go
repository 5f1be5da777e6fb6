package signin

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// byPasskey signs in by a passkey, which gives nobody's address, in a browser that has kept something.
func (w *world) byPasskey(v *vector, person PersonID, kept string) Opened {
	w.t.Helper()
	token := w.asked(begun{stage: awaitsPasskey}, v.Authentication.Challenge, webauthn.SessionData{})
	p, err := w.SignInByPasskey(w.t.Context(), token, v.used(w.t, w.handle(person)), Browser{Agent: "Mozilla/5.0 (iPhone) Safari/605", Kept: kept})
	if err != nil || p.Next != SignedIn {
		w.t.Fatalf("%+v %v", p, err)
	}
	return *p.Opened
}

// newDevices counts the events of new devices of a person.
func (w *world) newDevices(person PersonID) (n int) {
	w.t.Helper()
	for _, e := range do[[]Happened](w.t)(w.Events(w.t.Context(), person)) {
		if e.Kind == DeviceNew {
			n++
		}
	}
	return n
}

func TestAPasskeyOnAnotherMachineIsANewDeviceOnce(t *testing.T) {
	w, v := newWorld(t), good(t)
	at := w.register("ada@example.org")
	do[Passkey](t)(w.add(&at.Session, v))
	if again := w.byPasskey(v, at.Person, at.DeviceToken); w.newDevices(at.Person) != 0 || DeviceName(again.DeviceToken) != DeviceName(at.DeviceToken) {
		t.Errorf("the browser of the registration is new: %q, then %q", at.DeviceToken, again.DeviceToken)
	}
	elsewhere := w.byPasskey(v, at.Person, "")
	if w.newDevices(at.Person) != 1 || DeviceName(elsewhere.DeviceToken) == DeviceName(at.DeviceToken) {
		t.Errorf("a machine that got the passkey from another one: %d events", w.newDevices(at.Person))
	}
	w.byPasskey(v, at.Person, elsewhere.DeviceToken)
	w.byPasskey(v, at.Person, at.DeviceToken)
	if n := w.newDevices(at.Person); n != 1 {
		t.Errorf("machines that are known: %d events", n)
	}
	asked := w.ask("ada@example.org", elsewhere.DeviceToken)
	if p, err := w.confirm(asked, w.code(), "ada@example.org"); err != nil || p.Next != SecondFactor || !w.knows(p.Ticket) {
		t.Errorf("a code on a machine where a passkey has signed in: %+v %v", p, err)
	}
}

// knows says whether what was begun comes from a device that is known.
func (w *world) knows(ticket string) bool {
	w.t.Helper()
	var device string
	if err := w.db.Reader().QueryRow("SELECT device FROM signin_begun WHERE id = ?", digest(ticket)).Scan(&device); err != nil {
		w.t.Fatal(err)
	}
	return device != ""
}

func TestWhatABrowserKeptOfOthersIsNoKnownDevice(t *testing.T) {
	w, v := newWorld(t), good(t)
	ada, bob := w.register("ada@example.org"), w.register("bob@example.org")
	do[Passkey](t)(w.add(&ada.Session, v))
	name, mac, _ := strings.Cut(ada.DeviceToken, ".")
	for i, kept := range []string{bob.DeviceToken, name, name + ".", name + "x." + mac, "." + mac, "anything"} {
		if w.byPasskey(v, ada.Person, kept); w.newDevices(ada.Person) != i+1 {
			t.Errorf("what kept %q isn't new", kept)
		}
	}
	w.write(func(tx *sqlite.Tx) error {
		_, err := tx.Exec("UPDATE signin_proved SET gone = 1 WHERE person = ?", ada.Person)
		return err
	})
	before := w.newDevices(ada.Person)
	mine := w.byPasskey(v, ada.Person, ada.DeviceToken)
	if w.newDevices(ada.Person) != before+1 {
		t.Error("what was bound to an address that the person has lost still counts")
	}
	w.byPasskey(v, ada.Person, mine.DeviceToken)
	if proved, _, err := w.Proved(t.Context(), ada.Person, []vault.Identifier{email("ada@example.org")}); err != nil || len(proved) != 0 || w.newDevices(ada.Person) != before+1 {
		t.Errorf("who has proved no address has a device too, and proves none by it: %v, %v", proved, err)
	}
}

func TestABrowserKeepsItsNameFromOneSignInToTheNext(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	names := []string{DeviceName(o.DeviceToken)}
	for range 3 {
		w.pass(codeLimit.pause)
		p, err := w.confirm(w.ask("ada@example.org", o.DeviceToken), w.code(), "ada@example.org")
		if err != nil {
			t.Fatal(err)
		}
		o = *p.Opened
		names = append(names, DeviceName(o.DeviceToken))
	}
	if len(slices.Compact(names)) != 1 {
		t.Errorf("one browser has the names %v", names)
	}
}

func TestANewKeyOfAnAccountIsToldWithTheDeviceThatAskedForIt(t *testing.T) {
	w := newWorld(t)
	o, other := w.register("ada@example.org"), w.register("bob@example.org")
	session := o.Session
	session.Device = "Safari, iPhone"
	for _, request := range []string{"asked", "asked", "never committed"} {
		if err := w.NoteAsked(t.Context(), &session, request); err != nil {
			t.Fatal(err)
		}
	}
	tell := func(person PersonID, request string) (device string) {
		w.pass(time.Second)
		w.write(func(tx *sqlite.Tx) error {
			return w.NoteController(tx, KeyChange{Person: person, Kind: ControllerChanged, At: w.now(), Request: request})
		})
		return do[[]Happened](t)(w.Events(t.Context(), person))[0].Device
	}
	for _, one := range []struct {
		person        PersonID
		request, want string
	}{{other.Person, "asked", ""}, {o.Person, "", ""}, {o.Person, "at a till", ""}, {o.Person, "asked", "Safari, iPhone"}, {o.Person, "asked", ""}} {
		if got := tell(one.person, one.request); got != one.want {
			t.Errorf("%q: told with the device %q, want %q", one.request, got, one.want)
		}
	}
	w.pass(LetterLife)
	if err := w.NoteAsked(t.Context(), &session, "later"); err != nil {
		t.Fatal(err)
	}
	if got := tell(o.Person, "never committed"); got != "" {
		t.Errorf("what was asked for long ago was on %q", got)
	}
}

func TestOfWhoAsksForKeysAgainAndAgainTheNewestRequestsAreKept(t *testing.T) {
	w := newWorld(t)
	o, other := w.register("ada@example.org"), w.register("bob@example.org")
	ask := func(o *Opened, request string) {
		session := o.Session
		session.Device = "Safari, iPhone"
		if err := w.NoteAsked(t.Context(), &session, request); err != nil {
			t.Fatal(err)
		}
	}
	ask(&other, "bob's")
	for n := range 2 * maxAsked { // The later ones within one second.
		if n < maxAsked {
			w.pass(time.Second)
		}
		ask(&o, strconv.Itoa(2*maxAsked-n))
	}
	for request, want := range map[string]int{"1": 1, strconv.Itoa(2 * maxAsked): 0, "bob's": 1} {
		var kept int
		if err := w.db.Reader().QueryRow("SELECT COUNT(*) FROM signin_asked WHERE request = ?", request).Scan(&kept); err != nil || kept != want {
			t.Errorf("%s is kept %d times, want %d (%v)", request, kept, want, err)
		}
	}
	var all int
	if err := w.db.Reader().QueryRow("SELECT COUNT(*) FROM signin_asked WHERE person = ?", o.Person).Scan(&all); err != nil || all != maxAsked {
		t.Errorf("%d are kept (%v)", all, err)
	}
}

package signin

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

func TestWhoIsNewRegistersAndWhoIsKnownSignsIn(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	session := do[Session](t)(w.Authenticate(t.Context(), o.Token))
	if session.Person != o.Person || strings.Join(session.Methods, " ") != ByCode {
		t.Errorf("%+v", session)
	}
	p := w.signIn("Ada@Example.org")
	if p.Next != SignedIn || p.Opened.Person != o.Person || !IsToken(p.Opened.Token) || p.Opened.Device != "Chrome, Linux" {
		t.Errorf("%+v", p)
	}
	if !slices.Equal(w.events, []Event{Registered, DeviceNew}) {
		t.Errorf("events %v: only the second sign-in is from where nobody had been", w.events)
	}
}

func TestNothingIsLookedUpBeforeTheAddressIsProved(t *testing.T) {
	w := newWorld(t)
	w.register("ada@example.org")
	asked := w.people.asked
	var answers []Asked
	for _, address := range []string{"ada@example.org", "nobody@example.org"} {
		a := w.ask(address, "")
		w.code()
		_, err := w.confirm(a, "00000000", address)
		w.refuses(err, address)
		answers = append(answers, a)
	}
	if w.people.asked != asked {
		t.Error("the vault was asked before a code was right")
	}
	if len(answers[0].Token) != len(answers[1].Token) || !answers[0].Expires.Equal(answers[1].Expires) {
		t.Errorf("the answers differ: %+v", answers)
	}
}

func TestACodeServesOnceInTimeForItsAddress(t *testing.T) {
	w := newWorld(t)
	asked := w.ask("ada@example.org", "")
	code := w.code()
	if len(code) != CodeDigits {
		t.Fatalf("code %q", code)
	}
	_, err := w.confirm(asked, code, "bob@example.org")
	w.refuses(err, "for another address")
	_, err = w.confirm(Asked{Token: "x"}, code, "ada@example.org")
	w.refuses(err, "with a token that nobody gave")
	p, err := w.confirm(asked, code[:4]+" "+code[4:], "ADA@example.org")
	if err != nil || p.Next != Register {
		t.Fatalf("%+v %v", p, err)
	}
	_, err = w.confirm(asked, code, "ada@example.org")
	w.refuses(err, "a second time")

	asked = w.ask("ada@example.org", "")
	code = w.code()
	w.pass(lifetimes[awaitsCode])
	_, err = w.confirm(asked, code, "ada@example.org")
	w.refuses(err, "lapsed")
}

func TestTriesAreCountedWhereTheyAreMade(t *testing.T) {
	w := newWorld(t)
	mine := w.ask("ada@example.org", "")
	w.code()
	theirs := w.ask("ada@example.org", "")
	code := w.code()
	for range Tries {
		_, err := w.confirm(theirs, "12345678", "ada@example.org")
		w.refuses(err, "a guess")
	}
	_, err := w.confirm(theirs, code, "ada@example.org")
	w.refuses(err, "the right code after too many guesses")
	if p, err := w.confirm(mine, code, "ada@example.org"); err != nil || p.Next != Register {
		t.Errorf("a stranger's guesses and newer code keep the customer out: %+v %v", p, err)
	}
}

func TestAnAddressHasOneLiveCode(t *testing.T) {
	w := newWorld(t)
	first := w.ask("ada@example.org", "")
	old := w.code()
	w.ask("ada@example.org", "")
	w.code()
	_, err := w.confirm(first, old, "ada@example.org")
	w.refuses(err, "an older code")
}

func TestAStrangerWhoAsksForCodesKeepsNobodyOut(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	var err error
	for range codeLimit.burst + 1 {
		_, err = w.AskCode(t.Context(), Ask{Address: email("ada@example.org")})
	}
	var limited *Limited
	if !errors.As(err, &limited) || fault.CodeOf(err) != fault.AttemptsLimited || limited.RetryAfter() <= 0 || limited.RetryAfter() > codeLimit.pause {
		t.Fatalf("a stranger's fifth code: %v", err)
	}
	if _, err := w.AskCode(t.Context(), Ask{Address: email("ada@example.org"), Device: "made.up"}); fault.CodeOf(err) != fault.AttemptsLimited {
		t.Errorf("with a device that nobody knows: %v", err)
	}
	if _, err := w.AskCode(t.Context(), Ask{Address: email("bob@example.org"), Device: o.DeviceToken}); err != nil {
		t.Errorf("another address: %v", err)
	}
	if _, err := w.AskCode(t.Context(), Ask{Address: email("ada@example.org"), Device: o.DeviceToken}); err != nil {
		t.Errorf("from where the customer has signed in before: %v", err)
	}
	w.pass(codeLimit.pause)
	if _, err := w.AskCode(t.Context(), Ask{Address: email("ada@example.org")}); err != nil {
		t.Errorf("after one pause: %v", err)
	}
}

func TestOnePeerAddressIsLimitedWhateverItAsksFor(t *testing.T) {
	w := newWorld(t)
	peer := netip.MustParseAddr("2001:db8::1")
	var err error
	for range peerBurst + 1 {
		err = w.Admit(peer)
	}
	if fault.CodeOf(err) != fault.AttemptsLimited {
		t.Errorf("one more: %v", err)
	}
	if err := w.Admit(netip.MustParseAddr("2001:db8::ffff")); fault.CodeOf(err) != fault.AttemptsLimited {
		t.Errorf("the same network: %v", err)
	}
	if err := w.Admit(netip.MustParseAddr("2001:db8:1::1")); err != nil {
		t.Errorf("another network: %v", err)
	}
	w.pass(peerPause)
	if err := w.Admit(peer); err != nil {
		t.Errorf("after a pause: %v", err)
	}
}

func TestAnAddressThatIsTakenMeanwhileIsNotRegisteredTwice(t *testing.T) {
	w := newWorld(t)
	p := w.signIn("ada@example.org")
	w.people.failed = fault.New(fault.AlreadyExists, "somebody has it")
	r := Registration{Ticket: p.Ticket, Address: email("ada@example.org")}
	if _, err := w.Register(t.Context(), r); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("%v", err)
	}
	w.people.failed = nil
	other := r
	other.Address = email("bob@example.org")
	_, err := w.Register(t.Context(), other)
	w.refuses(err, "another address than the one proved")
	if _, err := w.Register(t.Context(), r); err != nil {
		t.Errorf("again, once it can be: %v", err)
	}
	_, err = w.Register(t.Context(), r)
	w.refuses(err, "a second time")
}

func TestTheDatabaseHoldsNoAddressAndNothingThatOpens(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada.canary@example.org")
	codes := do[[]string](t)(w.NewRecoveryCodes(t.Context(), &o.Session))
	enrolment := do[Enrolment](t)(w.BeginTOTP(t.Context(), o.Person))
	asked := w.ask("ada.canary@example.org", o.DeviceToken)
	code := w.code()
	for _, name := range []string{w.path, w.path + "-wal"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for what, secret := range map[string]string{
			"address": "ada.canary", "session": strings.TrimPrefix(o.Token, tokenPrefix), "recovery code": codes[0], "bare recovery code": strings.ReplaceAll(codes[0], "-", ""),
			"app's secret": enrolment.Secret, "token": asked.Token, "code": code, "device": o.DeviceToken,
		} {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s holds a %s", name, what)
			}
		}
	}
}

func TestOnlyPhonesAndMailsGetCodes(t *testing.T) {
	w := newWorld(t)
	for _, id := range []vault.Identifier{{Kind: vault.Card, Value: "4111111111111111"}, {Kind: vault.Email, Value: "nonsense"}, {Kind: vault.Phone, Value: "12"}} {
		_, err := w.AskCode(t.Context(), Ask{Address: id})
		if fault.CodeOf(err) != fault.InvalidValue || strings.Contains(err.Error(), id.Value) {
			t.Errorf("%s: %v", id.Kind, err)
		}
	}
	if _, err := w.AskCode(t.Context(), Ask{Address: vault.Identifier{Kind: vault.Phone, Value: "+44 20 7946 0958"}}); err != nil {
		t.Error(err)
	}
}

func TestCodesAreDrawnEvenly(t *testing.T) {
	first := map[byte]int{}
	for range 2000 {
		code := do[string](t)(drawCode())
		if len(code) != CodeDigits {
			t.Fatalf("code %q", code)
		}
		first[code[0]]++
	}
	for digit := byte('0'); digit <= '9'; digit++ {
		if n := first[digit]; n < 120 || n > 280 { // Mean 200, standard deviation 13.
			t.Errorf("%d of 2000 codes begin with %c", n, digit)
		}
	}
}

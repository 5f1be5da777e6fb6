package signin

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// TestVectorsOfRFC6238 takes the codes of appendix B, whose last six digits are the six-digit codes.
func TestVectorsOfRFC6238(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, code := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		step, found := totpStep(secret, code[2:], time.Unix(at, 0), 0)
		if !found || step != at/30 {
			t.Errorf("at %d: step %d, %v", at, step, found)
		}
		if _, found := totpStep(secret, code[2:], time.Unix(at, 0), at/30); found {
			t.Errorf("at %d: a step that was used is taken again", at)
		}
		if _, found := totpStep(secret, code[2:], time.Unix(at+90, 0), 0); found {
			t.Errorf("at %d: the code is taken 90 seconds later", at)
		}
	}
}

// app sets up an authenticator app and gives what computes its codes.
func (w *world) app(session *Session) func() string {
	w.t.Helper()
	e := do[Enrolment](w.t)(w.BeginTOTP(w.t.Context(), session.Person))
	code := func() string { return do[string](w.t)(totp.GenerateCode(e.Secret, w.now())) }
	if err := w.ConfirmTOTP(w.t.Context(), session, code()); err != nil {
		w.t.Fatal(err)
	}
	w.pass(totpSeconds * time.Second)
	return code
}

func TestAnAuthenticatorAppIsTheSecondFactor(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	e := do[Enrolment](t)(w.BeginTOTP(t.Context(), o.Person))
	if _, err := png.Decode(bytes.NewReader(e.QR)); err != nil || !strings.HasPrefix(e.URI, "otpauth://totp/Airline%20Miles:wallet?") || strings.Contains(e.URI, "ada") {
		t.Errorf("%s %v", e.URI, err)
	}
	if p := w.signIn("ada@example.org"); p.Next != SignedIn {
		t.Errorf("an app that isn't confirmed is asked for: %+v", p)
	}
	w.refuses(w.ConfirmTOTP(t.Context(), &o.Session, "000000"), "a wrong code")
	code := w.app(&o.Session)
	if _, err := w.BeginTOTP(t.Context(), o.Person); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("a second app: %v", err)
	}

	p := w.signIn("ada@example.org")
	if p.Next != SecondFactor || len(p.Methods) != 1 || p.Methods[0] != ByTOTP || p.Opened != nil {
		t.Fatalf("%+v", p)
	}
	_, err := w.AnswerFactor(t.Context(), Answer{Ticket: p.Ticket, Method: ByTOTP, Code: "000000"})
	w.refuses(err, "a wrong code")
	right := code()
	done, err := w.AnswerFactor(t.Context(), Answer{Ticket: p.Ticket, Method: ByTOTP, Code: right})
	if err != nil || done.Next != SignedIn || strings.Join(done.Opened.Methods, " ") != "code totp" {
		t.Fatalf("%+v %v", done, err)
	}
	again := w.signIn("ada@example.org")
	_, err = w.AnswerFactor(t.Context(), Answer{Ticket: again.Ticket, Method: ByTOTP, Code: right})
	w.refuses(err, "a code that was used")
	_, err = w.AnswerFactor(t.Context(), Answer{Ticket: p.Ticket, Method: ByTOTP, Code: code()})
	w.refuses(err, "a ticket that was used")
	if err := w.RemoveTOTP(t.Context(), &o.Session); err != nil {
		t.Fatal(err)
	}
	if p := w.signIn("ada@example.org"); p.Next != SignedIn {
		t.Errorf("after it was removed: %+v", p)
	}
}

func TestRecoveryCodesServeOnceEach(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	old := do[[]string](t)(w.NewRecoveryCodes(t.Context(), &o.Session))
	if p := w.signIn("ada@example.org"); p.Next != SignedIn {
		t.Errorf("recovery codes alone are asked for: %+v", p)
	}
	w.app(&o.Session)
	codes := do[[]string](t)(w.NewRecoveryCodes(t.Context(), &o.Session))
	if len(codes) != RecoveryCodes || len(codes[0]) != 19 {
		t.Fatalf("codes %v", codes)
	}
	use := func(code string) error {
		w.pass(factorLimit.pause + codeLimit.pause)
		_, err := w.AnswerFactor(t.Context(), Answer{Ticket: w.signIn("ada@example.org").Ticket, Method: ByRecovery, Code: code})
		return err
	}
	w.refuses(use(old[0]), "one of those before")
	if err := use(strings.ToLower(strings.ReplaceAll(codes[3], "-", " "))); err != nil {
		t.Errorf("typed otherwise: %v", err)
	}
	w.refuses(use(codes[3]), "a second time")
	other := w.register("bob@example.org")
	w.app(&other.Session)
	do[[]string](t)(w.NewRecoveryCodes(t.Context(), &other.Session))
	p := w.signIn("bob@example.org")
	_, err := w.AnswerFactor(t.Context(), Answer{Ticket: p.Ticket, Method: ByRecovery, Code: codes[4]})
	w.refuses(err, "somebody else's")
}

func TestGuessingASecondFactorIsLimitedForThePerson(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	code := w.app(&o.Session)
	session := do[Session](t)(w.Authenticate(t.Context(), o.Token))
	var err error
	for range factorLimit.burst + 1 {
		err = w.Prove(t.Context(), &session, StepUp{Method: ByTOTP, Code: "000000"})
	}
	if fault.CodeOf(err) != fault.AttemptsLimited {
		t.Fatalf("too many guesses: %v", err)
	}
	if err := w.Prove(t.Context(), &session, StepUp{Method: ByTOTP, Code: code()}); fault.CodeOf(err) != fault.AttemptsLimited {
		t.Errorf("the right code then: %v", err)
	}
	w.pass(factorLimit.pause)
	if err := w.Prove(t.Context(), &session, StepUp{Method: ByTOTP, Code: code()}); err != nil {
		t.Errorf("after a pause: %v", err)
	}
}

func TestAFreshProofIsOfTheBestThatThePersonHas(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	session := do[Session](t)(w.Authenticate(t.Context(), o.Token))
	if !w.fresh(&session) {
		t.Error("who has just signed in isn't fresh")
	}
	w.pass(StepUpLifetime)
	session = do[Session](t)(w.Authenticate(t.Context(), o.Token))
	if w.fresh(&session) {
		t.Error("a proof stays fresh")
	}
	thiefs := do[Asked](t)(w.AskStepUp(t.Context(), o.Person, Ask{Address: email("thief@example.org")}))
	w.refuses(w.Prove(t.Context(), &session, StepUp{Method: ByCode, Token: thiefs.Token, Code: w.code(), Address: email("thief@example.org")}), "an address that is nobody's")
	w.register("mallory@example.org")
	w.pass(codeLimit.pause)
	thiefs = do[Asked](t)(w.AskStepUp(t.Context(), o.Person, Ask{Address: email("mallory@example.org")}))
	w.refuses(w.Prove(t.Context(), &session, StepUp{Method: ByCode, Token: thiefs.Token, Code: w.code(), Address: email("mallory@example.org")}), "an address that is somebody else's")
	asked := do[Asked](t)(w.AskStepUp(t.Context(), o.Person, Ask{Address: email("ada@example.org")}))
	up := StepUp{Method: ByCode, Token: asked.Token, Code: w.code(), Address: email("ada@example.org")}
	stranger := w.register("bob@example.org")
	w.refuses(w.Prove(t.Context(), &stranger.Session, up), "another person's proof")
	if err := w.Prove(t.Context(), &session, up); err != nil {
		t.Fatal(err)
	}
	session = do[Session](t)(w.Authenticate(t.Context(), o.Token))
	if !w.fresh(&session) {
		t.Error("a proof doesn't count")
	}
	w.app(&o.Session)
	if _, err := w.AskStepUp(t.Context(), o.Person, Ask{Address: email("ada@example.org")}); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("a code in place of the second factor: %v", err)
	}
}

func (w *world) fresh(session *Session) bool {
	w.t.Helper()
	return do[bool](w.t)(w.Fresh(w.t.Context(), session))
}

func TestACodeAloneIsEnoughOnlyAsLongAsNoSecondFactorIsSetUp(t *testing.T) {
	for name, enrol := range map[string]func(*world, *Session) (undo func()){
		"an authenticator app": func(w *world, s *Session) func() {
			w.app(s)
			return func() { _ = w.RemoveTOTP(t.Context(), s) }
		},
		"recovery codes": func(w *world, s *Session) func() {
			codes := do[[]string](t)(w.NewRecoveryCodes(t.Context(), s))
			return func() {
				for _, code := range codes {
					w.pass(factorLimit.pause)
					if err := w.Prove(t.Context(), s, StepUp{Method: ByRecovery, Code: code}); err != nil {
						t.Fatal(err)
					}
				}
			}
		},
		"a passkey": func(w *world, s *Session) func() {
			p := do[Passkey](t)(w.add(s, good(t)))
			return func() { _ = w.RemovePasskey(t.Context(), s, p.ID) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := w.register("ada@example.org")
			other := w.signIn("ada@example.org").Opened
			mid := do[Asked](t)(w.AskStepUp(t.Context(), o.Person, Ask{Address: email("ada@example.org")}))
			up := StepUp{Method: ByCode, Token: mid.Token, Code: w.code(), Address: email("ada@example.org")}
			if !w.fresh(&other.Session) {
				t.Fatal("a code isn't enough where there is nothing else")
			}
			undo := enrol(w, &o.Session)
			if w.fresh(&other.Session) {
				t.Error("a session that a code opened is still strong")
			}
			if err := w.Prove(t.Context(), &other.Session, up); fault.CodeOf(err) != fault.Forbidden {
				t.Errorf("a code that was asked for before: %v", err)
			}
			if _, err := w.AskStepUp(t.Context(), o.Person, Ask{Address: email("ada@example.org")}); fault.CodeOf(err) != fault.Forbidden {
				t.Errorf("a code in place of the second factor: %v", err)
			}
			own := do[Session](t)(w.Authenticate(t.Context(), o.Token))
			if strong := own.lastProof() != ByCode; w.fresh(&own) != strong {
				t.Errorf("the session that set it up: strong %v, last proof %s", !strong, own.lastProof())
			}
			undo()
			w.pass(codeLimit.pause)
			again := w.signIn("ada@example.org")
			if again.Opened == nil || !w.fresh(&again.Opened.Session) {
				t.Errorf("a code isn't enough again once nothing else is left: %+v", again)
			}
		})
	}
}

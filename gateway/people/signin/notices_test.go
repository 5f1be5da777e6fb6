package signin

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

func TestWhatHappensStandsInThePersonsListWithItsDevice(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	w.pass(time.Second)
	in := w.signIn("ada@example.org").Opened
	w.pass(time.Second) // The list has them in the order of their seconds.
	code := w.app(&in.Session)
	w.pass(time.Second)
	codes := do[[]string](t)(w.NewRecoveryCodes(t.Context(), &in.Session))
	w.pass(time.Second)
	p := do[Passkey](t)(w.add(&in.Session, good(t)))
	w.pass(time.Second)
	if err := w.Prove(t.Context(), &in.Session, StepUp{Method: ByRecovery, Code: codes[0]}); err != nil {
		t.Fatal(err)
	}
	w.pass(codeLimit.pause)
	asked := w.ask("ada@example.org", in.DeviceToken)
	ticket := do[Progress](t)(w.confirm(asked, w.code(), "ada@example.org")).Ticket
	if _, err := w.AnswerFactor(t.Context(), Answer{Ticket: ticket, Method: ByTOTP, Code: code(), Agent: "Firefox Windows"}); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Second)
	if err := w.RemovePasskey(t.Context(), &in.Session, p.ID); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Second)
	for range 2 {
		if err := w.RemoveTOTP(t.Context(), &in.Session); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, h := range do[[]Happened](t)(w.Events(t.Context(), o.Person)) {
		got = append(got, string(h.Kind)+" "+h.Device)
	}
	slices.Reverse(got)
	want := []string{
		"registered ", "device-new Chrome, Linux", "authenticator-added Chrome, Linux", "recovery-renewed Chrome, Linux", "passkey-added Chrome, Linux", "recovery-used Chrome, Linux",
		"signed-in Firefox, Windows", "passkey-removed Chrome, Linux", "authenticator-removed Chrome, Linux",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestBeingLockedOutIsOneEvent(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	w.app(&o.Session)
	guess := func() {
		for range factorLimit.burst + 5 {
			_ = w.Prove(t.Context(), &o.Session, StepUp{Method: ByTOTP, Code: "000000"})
		}
	}
	count := func() (n int) {
		for _, h := range do[[]Happened](t)(w.Events(t.Context(), o.Person)) {
			if h.Kind == LockedOut {
				n++
			}
		}
		return n
	}
	guess()
	if n := count(); n != 1 {
		t.Errorf("%d events of one lockout", n)
	}
	w.pass(lockedOutPause + time.Minute)
	guess()
	if n := count(); n != 2 {
		t.Errorf("%d events of two lockouts", n)
	}
	w.pass(lockedOutPause + time.Minute)
	ticket := w.signIn("ada@example.org").Ticket
	for range factorLimit.burst {
		_ = w.Prove(t.Context(), &o.Session, StepUp{Method: ByTOTP, Code: "000000"})
	}
	if n := count(); n != 2 {
		t.Errorf("%d events before the limit is reached", n)
	}
	_, err := w.AnswerFactor(t.Context(), Answer{Ticket: ticket, Method: ByTOTP, Code: "000000", Agent: "Chrome"})
	if fault.CodeOf(err) != fault.AttemptsLimited {
		t.Errorf("%v", err)
	}
	if n := count(); n != 3 {
		t.Errorf("%d events with a lockout at signing in", n)
	}
}

func TestAPersonIsToldAtEveryProvedAddressOnceAlsoAcrossRestarts(t *testing.T) {
	w, _ := notified(t)
	ada := w.person(email("ada@example.org"), phone("+442079460958"))
	w.people.by[email("typed-in@example.org")] = ada
	w.happens(ada, PasskeyAdded)
	w.happens(ada, SignedInAgain)
	w.people.failed = fault.New(fault.LedgerUnavailable, "the peer is down")
	if err := w.round(); err != nil || len(w.outbox().sent) != 0 {
		t.Fatalf("with the peer down: %v", err)
	}
	w.people.failed = nil
	w.restart() // Before anything is written.
	o := w.outbox()
	o.fails = true
	if err := w.round(); err != nil || len(o.sent) != 0 {
		t.Fatal(err)
	}
	w.restart() // With letters that couldn't be sent.
	o = w.outbox()
	for range 3 {
		w.pass(maxLetterPause)
		if err := w.round(); err != nil {
			t.Fatal(err)
		}
		w.restart()
	}
	if mails, texts := o.to("ada@example.org"), o.to("+442079460958"); len(o.sent) != 2 || len(mails) != 1 || len(texts) != 1 {
		t.Fatalf("%+v", o.sent)
	}
	text := o.to("ada@example.org")[0]
	if text.ID == "" || text.Subject != "Airline Miles: security of your wallet" || !strings.Contains(text.Text, "- 15 Jan 2027 08:00 UTC: a passkey was added (Firefox, Linux)\n") {
		t.Errorf("%+v", text)
	}
	if short := o.to("+442079460958")[0]; short.Subject != "" || strings.Contains(short.Text, "\n") || !strings.Contains(short.Text, "a passkey was added") {
		t.Errorf("%+v", short)
	}
	var left int
	if err := w.db.Reader().QueryRow("SELECT count(*) FROM signin_letters").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d letters are left, %v", left, err)
	}
}

func TestALetterIsGivenUpInTheEnd(t *testing.T) {
	w, o := notified(t)
	ada := w.person(email("ada@example.org"))
	w.happens(ada, PasskeyAdded)
	o.fails = true
	for range 5 {
		if err := w.round(); err != nil {
			t.Fatal(err)
		}
		w.pass(maxLetterPause)
	}
	o.fails = false
	w.pass(LetterLife)
	if err := w.round(); err != nil || len(o.sent) != 0 {
		t.Errorf("a letter of %s ago is sent: %v", LetterLife, err)
	}
	w.write(func(tx *sqlite.Tx) error {
		return w.NoteController(tx, KeyChange{Person: ada, Kind: ControllerChanged, At: w.now().Add(-LetterLife)})
	})
	w.write(func(tx *sqlite.Tx) error {
		return w.NoteController(tx, KeyChange{Person: ada, Kind: ControllerChanged, At: w.now().Add(-EventLife)})
	})
	if err := w.round(); err != nil || len(o.sent) != 0 {
		t.Errorf("what happened long ago is told as news: %v", err)
	}
	if all := do[[]Happened](t)(w.Events(t.Context(), ada)); len(all) != 2 {
		t.Errorf("%+v", all)
	}
}

// TestNobodyIsFloodedAndNothingIsLeftOut does things in any order: each is told once, and never more letters are sent than the limit allows.
func TestNobodyIsFloodedAndNothingIsLeftOut(t *testing.T) {
	w, o := notified(t)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		addresses := []string{fmt.Sprintf("ada%d@example.org", n), fmt.Sprintf("+4420794%05d", n)}
		ada := w.person(email(addresses[0]), phone(addresses[1]))
		begun := w.now()
		noted := 0
		kinds := rapid.SampledFrom([]Event{PasskeyAdded, DeviceNew})
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			for range rapid.IntRange(0, 2).Draw(r, "events") {
				w.happens(ada, kinds.Draw(r, "kind"))
				noted++
			}
			w.pass(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 40, 120}).Draw(r, "minutes")) * time.Minute)
			if rapid.IntRange(0, 3).Draw(r, "rounds") > 0 {
				if err := w.round(); err != nil {
					r.Fatal(err)
				}
			}
		}
		most := 2 * (noticeLimit.burst + int(w.now().Sub(begun)/noticeLimit.pause))
		for _, address := range addresses {
			if sent := len(o.to(address)); sent > most {
				r.Fatalf("%d letters to %s, at most %d are allowed", sent, address, most)
			}
		}
		w.pass(2 * noticeLimit.pause)
		if err := w.round(); err != nil {
			r.Fatal(err)
		}
		for _, address := range addresses {
			if told := eventsIn(t, o.to(address)); told != noted {
				r.Fatalf("%d of %d events are told to %s", told, noted, address)
			}
		}
	})
}

var moreForm = regexp.MustCompile(` and (\d+) more`)

// eventsIn counts of how many events messages tell.
func eventsIn(t *testing.T, all []Message) (told int) {
	for _, m := range all {
		told += strings.Count(m.Text, " UTC")
		if more := moreForm.FindStringSubmatch(m.Text); more != nil {
			told += do[int](t)(strconv.Atoi(more[1]))
		}
	}
	return told
}

func TestATextMessageTellsTheGravestAndCountsTheOthers(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	events := []Happened{{Kind: PasskeyAdded, At: at}, {Kind: ControllerChanged, At: at.Add(time.Minute)}, {Kind: ControllerChanged, At: at.Add(time.Hour)}, {Kind: DeviceNew, At: at.Add(2 * time.Hour)}}
	for language, count := range map[string]string{"en": " and 3 more.", "de": " und 3 weitere.", "zh": "，另有 3 项。"} {
		text := composeNotice("Airline Miles", language, phone("+442079460958"), events, 0).Text
		if !strings.Contains(text, eventWords[ControllerChanged][language]) || !strings.Contains(text, "09:00 UTC"+count) {
			t.Errorf("%s: %s", language, text)
		}
	}
	for kind := range classes {
		if slices.Contains(gravest, kind) != kind.Told() {
			t.Errorf("%s: it isn't said how grave it is", kind)
		}
	}
}

func TestWhoCantBeReadWaitsAlone(t *testing.T) {
	w, o := notified(t)
	ada, bob := w.person(email("ada@example.org")), w.person(email("bob@example.org"))
	w.people.broken = ada
	w.happens(ada, PasskeyAdded)
	for n := range 3 {
		w.happens(bob, PasskeyAdded)
		if err := w.round(); err != nil || len(o.to("bob@example.org")) != n+1 {
			t.Fatalf("%v, %d letters", err, len(o.sent))
		}
	}
	w.people.broken = ""
	if err := w.round(); err != nil || len(o.to("ada@example.org")) != 0 {
		t.Errorf("%v: it is tried again at once", err)
	}
	w.pass(noticePause)
	if err := w.round(); err != nil || len(o.to("ada@example.org")) != 1 || len(w.waiting) != 0 {
		t.Errorf("%v, %+v", err, o.sent)
	}
	if far := (wait{tries: 100}).again(w.now()); far.until.Sub(w.now()) != maxWait {
		t.Errorf("waits until %s", far.until)
	}
}

func TestLettersOfAChannelThatIsNoMoreAreGivenUpToo(t *testing.T) {
	w, o := notified(t)
	ada := w.person(phone("+442079460958"))
	o.fails = true
	w.happens(ada, PasskeyAdded)
	left := func() (n int) {
		t.Helper()
		if err := errors.Join(w.writeLetters(t.Context()), w.db.Reader().QueryRow("SELECT count(*) FROM signin_letters").Scan(&n)); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if left() != 1 {
		t.Fatal("no letter")
	}
	s := w.settings
	s.Post = NewPost(map[vault.Kind]Sender{vault.Email: o}, w.log)
	w.Service = do[*Service](t)(New(s))
	w.pass(LetterLife)
	if left() != 1 {
		t.Error("it is given up too early")
	}
	w.pass(time.Second)
	if left() != 0 {
		t.Error("it is kept")
	}
}

func TestALetterThatCantBeDecodedHoldsNoOthersUp(t *testing.T) {
	w, o := notified(t)
	w.write(func(tx *sqlite.Tx) error {
		_, err := tx.Exec("INSERT INTO signin_letters (id, person, channel, body, made, tries, due) VALUES ('a', 'bob', 'email', ?, ?, 0, 0)", w.keys.seal(letterOwner("a"), []byte("{")), w.now().Unix())
		return err
	})
	w.happens(w.person(email("ada@example.org")), PasskeyAdded)
	if err := w.round(); err != nil || len(o.sent) != 1 {
		t.Errorf("%v, %d letters", err, len(o.sent))
	}
}

func TestAnAuthenticatorThatWasOnlyBegunIsRemovedWithoutAnEvent(t *testing.T) {
	w := newWorld(t)
	o := w.register("ada@example.org")
	do[Enrolment](t)(w.BeginTOTP(t.Context(), o.Person))
	if err := w.RemoveTOTP(t.Context(), &o.Session); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := w.db.Reader().QueryRow("SELECT count(*) FROM signin_totp").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d are left, %v", rows, err)
	}
	for _, h := range do[[]Happened](t)(w.Events(t.Context(), o.Person)) {
		if h.Kind == AuthenticatorRemoved {
			t.Error("it is told")
		}
	}
}

func TestHoweverMuchHappensBeforeAnybodyIsToldNoAddressIsLeftOut(t *testing.T) {
	w, o := notified(t)
	first := email("first@example.org")
	ada := w.person(first)
	lose := func(n int, gone vault.Identifier) {
		id := vault.ChangeID(n)
		w.write(func(tx *sqlite.Tx) error { return w.noteProved(tx, ada, w.addressHash(gone)) })
		w.write(func(tx *sqlite.Tx) error {
			return w.Changing(t.Context(), tx, ada, vault.IdentifierChange{ID: id, Gone: []vault.Identifier{gone}})
		})
		w.write(func(tx *sqlite.Tx) error { return w.InUse(tx, id) })
	}
	w.happens(ada, PasskeyAdded)
	w.pass(time.Second)
	for n := range maxDueOfKind + 5 {
		w.happens(ada, IdentifierRemoved)
		if n > 0 && n <= maxAddresses+1 {
			lose(n, email(fmt.Sprintf("thief%d@example.org", n)))
		}
		if n == maxAddresses+1 {
			delete(w.people.by, first)
			lose(n+1, first)
		}
	}
	listed := func(when string) {
		t.Helper()
		if all := do[[]Happened](t)(w.Events(t.Context(), ada)); len(all) != MaxEventsOfKind+1 || all[MaxEventsOfKind].Kind != PasskeyAdded {
			t.Errorf("%d events are listed %s", len(all), when)
		}
	}
	listed("before they are told")
	if err := w.round(); err != nil || len(o.to(first.Value)) != 1 || len(o.sent) != maxAddresses+2 {
		t.Errorf("%v, %d letters", err, len(o.sent))
	}
	const happened = 1 + (maxDueOfKind + 5) + (maxAddresses + 1) + 1
	if told := eventsIn(t, o.to(first.Value)); told != happened {
		t.Errorf("%d events are told of %d", told, happened)
	}
	listed("once they are told")
	var rows int
	if err := w.db.Reader().QueryRow("SELECT count(*) FROM signin_events").Scan(&rows); err != nil || rows != MaxEventsOfKind+1 {
		t.Errorf("%d rows are left, %v", rows, err)
	}
}

func TestWhoIsToBeToldIsFoundAmongManyWhoWereTold(t *testing.T) {
	w, o := notified(t)
	var plan string
	if err := w.db.Reader().QueryRow("EXPLAIN QUERY PLAN "+dueQuery, stateDue, "", 1).Scan(new(int), new(int), new(int), &plan); err != nil || !strings.Contains(plan, "signin_events_due") {
		t.Errorf("every event is looked at: %s, %v", plan, err)
	}
	var last string
	for i := range personsAtOnce + 2 { // Whose limit is reached, but for the last one.
		last = fmt.Sprintf("ada%d@example.org", i)
		ada := w.person(email(last))
		w.happens(ada, DeviceNew)
		if i <= personsAtOnce {
			w.write(func(tx *sqlite.Tx) error {
				for range noticeLimit.burst {
					if err := w.take(tx, noticeBucket(ada, outside), noticeLimit); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	if err := w.round(); err != nil || len(o.sent) != 1 || len(o.to(last)) != 1 {
		t.Errorf("%d letters, %v", len(o.sent), err)
	}
}

func TestAHarmlessFloodHoldsNothingSeriousBack(t *testing.T) {
	w, o := notified(t)
	ada := w.person(email("ada@example.org"))
	for range noticeLimit.burst + 3 {
		w.happens(ada, DeviceNew)
		if err := w.round(); err != nil {
			t.Fatal(err)
		}
	}
	w.happens(ada, ControllerChanged)
	if err := w.round(); err != nil {
		t.Fatal(err)
	}
	if last := o.sent[len(o.sent)-1]; len(o.sent) != noticeLimit.burst+1 || !strings.Contains(last.Text, "another key controls") {
		t.Errorf("%d letters, the last one %s", len(o.sent), last.Text)
	}
}

func TestTheOldAddressIsToldOfAChangeAndHasToBeProvedAgain(t *testing.T) {
	w, o := notified(t)
	old, other, fresh, typed := email("old@example.org"), phone("+442079460958"), email("new@example.org"), email("typed-in@example.org")
	ada := w.person(old, other)
	change := func(c vault.IdentifierChange) {
		w.write(func(tx *sqlite.Tx) error {
			return w.Changing(From(t.Context(), &Session{Device: "Safari, iPhone"}), tx, ada, c)
		})
	}
	change(vault.IdentifierChange{ID: 6, Gone: []vault.Identifier{other}})
	w.write(func(tx *sqlite.Tx) error { return w.InUse(tx, 5) }) // Another change.
	if err := w.round(); err != nil || len(o.sent) != 0 {
		t.Fatalf("a change that isn't in use is told: %v %+v", err, o.sent)
	}
	w.write(func(tx *sqlite.Tx) error { return w.TakenBack(tx, 6) })
	w.write(func(tx *sqlite.Tx) error { return w.InUse(tx, 6) })
	change(vault.IdentifierChange{ID: 7, Gone: []vault.Identifier{old, typed}, Added: []vault.Identifier{fresh}})
	if all := do[[]Happened](t)(w.Events(t.Context(), ada)); len(all) != 0 {
		t.Errorf("a change that isn't in use is listed: %+v", all)
	}
	w.write(func(tx *sqlite.Tx) error { return w.noteProved(tx, ada, w.addressHash(fresh)) })
	delete(w.people.by, old)
	w.people.by[fresh] = ada
	w.write(func(tx *sqlite.Tx) error { return w.InUse(tx, 7) })
	w.write(func(tx *sqlite.Tx) error { return w.InUse(tx, 8) })
	for _, file := range []string{w.path, w.path + "-wal"} {
		if raw, err := os.ReadFile(file); err == nil && strings.Contains(string(raw), "old@example") {
			t.Errorf("%s has the old address in the clear", file)
		}
	}
	if err := w.round(); err != nil {
		t.Fatal(err)
	}
	if len(o.sent) != 3 || len(o.to(old.Value)) != 1 || len(o.to(other.Value)) != 1 || len(o.to(fresh.Value)) != 1 {
		t.Errorf("%+v", o.sent)
	}
	if all := do[[]Happened](t)(w.Events(t.Context(), ada)); len(all) != 1 || all[0].Kind != IdentifierReplaced || all[0].Device != "Safari, iPhone" {
		t.Errorf("%+v", all)
	}
	if got := w.proves(ada, old.Value, fresh.Value); !slices.Equal(got, []string{fresh.Value}) {
		t.Errorf("proved: %v", got)
	}
	if _, ever, err := w.Proved(t.Context(), ada, nil); !ever || err != nil {
		t.Errorf("what was proved once is forgotten: %v", err)
	}
	w.write(func(tx *sqlite.Tx) error { return w.noteProved(tx, ada, w.addressHash(old)) })
	if got := w.proves(ada, old.Value); len(got) != 1 {
		t.Errorf("an address that is proved again isn't: %v", got)
	}
}

func TestWhatIsUndoneIsNeitherCountedNorTold(t *testing.T) {
	w, _ := notified(t)
	ada := w.person(email("ada@example.org"))
	undone := errors.New("undone")
	if err := w.db.Write(t.Context(), func(tx *sqlite.Tx) error {
		if err := w.note(tx, happening{person: ada, kind: PasskeyAdded}); err != nil {
			return err
		}
		if len(w.events)+len(w.woken) > 0 {
			t.Error("it is counted before it is committed")
		}
		return undone
	}); !errors.Is(err, undone) || len(w.events)+len(w.woken) > 0 {
		t.Errorf("%v, %v", err, w.events)
	}
	w.write(func(tx *sqlite.Tx) error {
		return w.Changing(t.Context(), tx, ada, vault.IdentifierChange{ID: 1, Added: []vault.Identifier{email("b@example.org")}})
	})
	if len(w.events) > 0 {
		t.Errorf("a change that isn't in use is counted: %v", w.events)
	}
	w.write(func(tx *sqlite.Tx) error { return w.InUse(tx, 1) })
	if !slices.Equal(w.events, []Event{IdentifierAdded}) || len(w.woken) != 1 {
		t.Errorf("%v", w.events)
	}
}

func TestTheListIsBoundedByKindAndTime(t *testing.T) {
	w := newWorld(t)
	ada := w.person(email("ada@example.org"))
	w.happens(ada, PasskeyAdded)
	for range 2 * MaxEventsOfKind {
		w.pass(time.Second)
		w.happens(ada, SignedInAgain)
	}
	all := do[[]Happened](t)(w.Events(t.Context(), ada))
	if len(all) != MaxEventsOfKind+1 || all[len(all)-1].Kind != PasskeyAdded {
		t.Fatalf("%d events, the oldest %+v", len(all), all[len(all)-1])
	}
	w.pass(EventLife)
	w.happens(ada, DeviceNew)
	var rows int
	if err := w.db.Reader().QueryRow("SELECT count(*) FROM signin_events").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows are left after %s, %v", rows, EventLife, err)
	}
}

func TestASecretThatWasReplacedHoldsNothingUp(t *testing.T) {
	w, _ := notified(t)
	old := email("old@example.org")
	ada := w.person(old, phone("+442079460958"))
	w.write(func(tx *sqlite.Tx) error {
		return w.Changing(t.Context(), tx, ada, vault.IdentifierChange{ID: 1, Gone: []vault.Identifier{old}})
	})
	w.write(func(tx *sqlite.Tx) error { return w.InUse(tx, 1) })
	w.happens(ada, DeviceNew)
	if err := w.writeLetters(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.happens(ada, DeviceNew)
	w.settings.Secret = []byte(strings.Repeat("n", SecretSize))
	w.restart()
	if err := w.round(); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := w.db.Reader().QueryRow("SELECT (SELECT count(*) FROM signin_letters) + (SELECT count(*) FROM signin_events WHERE state <> 'TOLD')").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows wait for a secret that is gone, %v", left, err)
	}
}

func TestEveryEventIsSaidInEveryLanguageAndNothingElse(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for kind := range classes {
		if !kind.Told() {
			continue
		}
		seen := map[string]bool{}
		for _, language := range messageLanguages {
			for _, to := range []vault.Identifier{email("ada@example.org"), phone("+442079460958")} {
				m := composeNotice("Airline Miles", language, to, []Happened{{Kind: kind, At: at, Device: "Chrome, Linux"}}, 0)
				said := eventWords[kind][language]
				if said == "" || !strings.Contains(m.Text, said) || !strings.Contains(m.Text, "Airline Miles") || strings.ContainsAny(m.Subject+m.Text, "{}") || seen[m.Text] {
					t.Errorf("%s in %s: %+v", kind, language, m)
				}
				if strings.Contains(m.Text, to.Value) || strings.Contains(m.Text, "http") || codeForm.MatchString(m.Text) {
					t.Errorf("%s in %s says too much: %s", kind, language, m.Text)
				}
				seen[m.Text] = true
			}
		}
	}
}

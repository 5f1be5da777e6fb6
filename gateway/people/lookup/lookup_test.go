package lookup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

func TestACodeStandsForOneAccountOnceAndForThirtySeconds(t *testing.T) {
	f := newFixture(t)
	code, ends, err := f.Code(t.Context(), alice.Person)
	if err != nil || ends.Sub(f.now()) != 30*time.Second {
		t.Fatalf("%v, until %v", err, ends)
	}
	if programme, err := Programme(code); err != nil || programme != "airline" {
		t.Errorf("programme %q (%v)", programme, err)
	}
	if got, err := f.Identify(t.Context(), hotel, code); err != nil || got != alice.Account {
		t.Errorf("%s (%v)", got, err)
	}
	if len(f.told) != 1 || f.told[0] != hotel {
		t.Errorf("the customer's log has %v", f.told)
	}
	if _, err := f.Identify(t.Context(), hotel, code); fault.CodeOf(err) != fault.CodeUnknown {
		t.Errorf("used twice: %v", err)
	}
	late, _, _ := f.Code(t.Context(), alice.Person)
	f.pass(30 * time.Second)
	if _, err := f.Identify(t.Context(), hotel, late); fault.CodeOf(err) != fault.CodeUnknown {
		t.Errorf("used late: %v", err)
	}
	if len(f.told) != 1 {
		t.Errorf("a code that wasn't taken stands in the customer's log: %v", f.told)
	}
}

func TestOfManyTillsWithOneCodeOneIsServed(t *testing.T) {
	f := newFixture(t)
	code, _, _ := f.Code(t.Context(), alice.Person)
	var wg sync.WaitGroup
	served := make(chan string, 10)
	for i := range 10 {
		wg.Go(func() {
			if _, err := f.Identify(t.Context(), Asker{Partner: "hotel", Terminal: fmt.Sprint(i)}, code); err == nil {
				served <- code
			}
		})
	}
	wg.Wait()
	if len(served) != 1 {
		t.Errorf("%d tills were served", len(served))
	}
}

func TestTooManyLiveCodesAreRefused(t *testing.T) {
	f := newFixture(t)
	for range maxLiveCodes {
		if _, _, err := f.Code(t.Context(), alice.Person); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := f.Code(t.Context(), alice.Person); fault.CodeOf(err) != fault.AttemptsLimited {
		t.Errorf("got %v", err)
	}
	f.pass(CodeSeconds * time.Second)
	if _, _, err := f.Code(t.Context(), alice.Person); err != nil {
		t.Errorf("after they have lapsed: %v", err)
	}
}

func TestAMisreadCodeIsNoAttempt(t *testing.T) {
	code, _ := newCode("airline")
	for _, bad := range []string{
		"", "TALLY1:x", strings.ToLower(code), code[:len(code)-1], code + "A", "TALLYID1:" + code, strings.Replace(code, "AIRLINE", "", 1), code[:20] + "!" + code[21:],
		"TALLYID1:AIRLINE:" + strings.Repeat("1", 26),
	} {
		if _, err := Programme(bad); fault.CodeOf(err) != fault.InvalidValue || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAChallengedCustomerTellsTheTillTheCode(t *testing.T) {
	f := newFixture(t)
	c := f.ask(hotel, known)
	f.settle()
	if m := f.messages[0]; m.Name != "Hotel Stars" || m.Store != "S1" || !m.Ends.Equal(c.Ends) {
		t.Errorf("the message says %+v", m)
	}
	if r, err := f.Answer(t.Context(), hotel, c.ID, ""); err != nil || r != (Result{Status: Waiting}) {
		t.Errorf("before the answer: %+v (%v)", r, err)
	}
	other := hotel
	other.Partner = "grocer"
	if r, err := f.Answer(t.Context(), other, c.ID, f.lastCode()); err != nil || r.Status != Over {
		t.Errorf("another partner with the code: %+v (%v)", r, err)
	}
	if r, err := f.Answer(t.Context(), hotel, c.ID, f.lastCode()); err != nil || r != (Result{Confirmed, alice.Account}) {
		t.Errorf("the answer: %+v (%v)", r, err)
	}
	if r, err := f.Answer(t.Context(), hotel, c.ID, f.lastCode()); err != nil || r.Status != Over {
		t.Errorf("told twice: %+v (%v)", r, err)
	}
	if len(f.told) != 1 {
		t.Errorf("the customer's log has %v", f.told)
	}
}

func TestACustomerDecidesInTheWallet(t *testing.T) {
	f := newFixture(t)
	yes, no := f.ask(hotel, known), f.ask(hotel, known)
	f.settle()
	code := f.lastCode() // Of the second.
	pending, err := f.Pending(t.Context(), alice.Person)
	if err != nil || len(pending) != 2 || pending[0].Asker != hotel {
		t.Fatalf("%+v (%v)", pending, err)
	}
	if err := f.Decide(t.Context(), "somebody else", yes.ID, Agree); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("somebody else decides: %v", err)
	}
	if err := f.Decide(t.Context(), alice.Person, yes.ID, Agree); err != nil {
		t.Fatal(err)
	}
	if err := f.Decide(t.Context(), alice.Person, no.ID, Refuse); err != nil {
		t.Fatal(err)
	}
	if err := f.Decide(t.Context(), alice.Person, no.ID, Agree); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("decided twice: %v", err)
	}
	if r, err := f.Answer(t.Context(), hotel, yes.ID, ""); err != nil || r != (Result{Confirmed, alice.Account}) {
		t.Errorf("agreed: %+v (%v)", r, err)
	}
	if r, err := f.Answer(t.Context(), hotel, no.ID, ""); err != nil || r != (Result{Status: Waiting}) {
		t.Errorf("a refusal is told: %+v (%v)", r, err)
	}
	if _, err := f.Answer(t.Context(), hotel, no.ID, code); fault.CodeOf(err) != fault.CodeWrong {
		t.Errorf("the code after a refusal: %v", err)
	}
}

// seen is what an asker gets: the answer as JSON, without ids and times of its own.
func seen(v any, err error) string {
	if err != nil {
		return err.Error()
	}
	if c, ok := v.(Challenge); ok {
		v = fmt.Sprint(len(c.ID), c.Ends.Unix())
	}
	body, _ := json.Marshal(v)
	return string(body)
}

// conversation asks for an identifier and then does as the steps say: looks, tries a wrong code, waits.
func (f *fixture) conversation(value string, steps []int) (out []string) {
	ctx := context.Background()
	c, err := f.Desk.Challenge(ctx, hotel, Question{"phone", value})
	out = append(out, seen(c, err))
	for _, step := range steps {
		switch step {
		case 0:
			r, err := f.Answer(ctx, hotel, c.ID, "")
			out = append(out, seen(r, err))
		case 1:
			r, err := f.Answer(ctx, hotel, c.ID, wrongCode(f, c.ID))
			out = append(out, seen(r, err))
		case 2:
			for len(f.waiting) > 0 {
				f.run(ctx, <-f.waiting)
			}
		case 3:
			f.pass(97 * time.Second)
		case 4:
			c, err = f.Desk.Challenge(ctx, hotel, Question{"phone", value})
			out = append(out, seen(c, err))
		case 5:
			_ = f.Decide(ctx, alice.Person, c.ID, Refuse)
		}
	}
	return out
}

// wrongCode is a code that isn't the challenge's.
func wrongCode(f *fixture, id string) string {
	var hash string
	_ = f.db.Reader().QueryRow("SELECT code FROM lookup_challenges WHERE id = ?", id).Scan(&hash)
	if hash == hashOf(id, "123456") {
		return "654321"
	}
	return "123456"
}

// Whatever an asker does, short of having the customer's answer, it sees the same of somebody as of nobody: and the limits are reached at the same step.
func TestKnownAndUnknownAreAnsweredAlike(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 25).Draw(r, "steps")
		of := func(value string) []string { return newFixture(t).conversation(value, steps) }
		if a, b := of(known), of("+441632960999"); strings.Join(a, "\n") != strings.Join(b, "\n") {
			r.Fatalf("somebody:\n%s\nnobody:\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
	})
}

// The answer doesn't wait for the customer to be looked for: with a vault that never answers, it comes all the same.
func TestAChallengeIsAnsweredBeforeAnybodyIsLookedFor(t *testing.T) {
	f := newFixture(t)
	f.hold = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	c := f.ask(hotel, known)
	if r, err := f.Answer(t.Context(), hotel, c.ID, ""); err != nil || r.Status != Waiting || f.asked != 0 {
		t.Errorf("%+v (%v), %d looked for", r, err, f.asked)
	}
	close(f.hold)
	for sent := 0; sent == 0; {
		f.mu.Lock()
		sent = len(f.messages)
		f.mu.Unlock()
	}
	if r, err := f.Answer(t.Context(), hotel, c.ID, f.lastCode()); err != nil || r.Status != Confirmed {
		t.Errorf("%+v (%v)", r, err)
	}
	cancel()
	<-ended
}

func TestAttemptsAreLimitedByPartnerTillAndIdentifier(t *testing.T) {
	for name, c := range map[string]struct {
		most int
		by   func(i int) Asker
		of   func(i int) string
	}{
		"identifier": {3, func(i int) Asker { return Asker{Partner: []string{"hotel", "grocer"}[i%2], Terminal: fmt.Sprint(i)} }, func(int) string { return "+4477" }},
		"till":       {20, func(int) Asker { return hotel }, func(i int) string { return fmt.Sprint("+", i) }},
	} {
		f := newFixture(t)
		for i := range c.most {
			if _, err := f.Desk.Challenge(t.Context(), c.by(i), Question{"phone", c.of(i)}); err != nil {
				t.Fatalf("%s, attempt %d: %v", name, i+1, err)
			}
			<-f.waiting
		}
		if _, err := f.Desk.Challenge(t.Context(), c.by(c.most), Question{"phone", c.of(c.most)}); fault.CodeOf(err) != fault.AttemptsLimited {
			t.Errorf("%s: attempt %d: %v", name, c.most+1, err)
		}
		f.pass(time.Hour)
		if _, err := f.Desk.Challenge(t.Context(), c.by(c.most), Question{"phone", c.of(c.most)}); err != nil {
			t.Errorf("%s, later: %v", name, err)
		}
	}
	f := newFixture(t)
	for i := range limits[0].most {
		if err := f.count(t.Context(), counted{byPartner: "hotel", byTill: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.count(t.Context(), counted{byPartner: "hotel", byTill: "one more"}); fault.CodeOf(err) != fault.AttemptsLimited {
		t.Errorf("a partner's attempts: %v", err)
	}
	if err := f.count(t.Context(), counted{byPartner: "grocer", byTill: "one more"}); err != nil {
		t.Errorf("another partner's: %v", err)
	}
}

func TestACodeCantBeGuessed(t *testing.T) {
	f := newFixture(t)
	c := f.ask(hotel, known)
	f.settle()
	for i := range maxAnswers {
		if _, err := f.Answer(t.Context(), hotel, c.ID, wrongCode(f, c.ID)); fault.CodeOf(err) != fault.CodeWrong {
			t.Fatalf("guess %d: %v", i+1, err)
		}
	}
	if r, err := f.Answer(t.Context(), hotel, c.ID, f.lastCode()); err != nil || r.Status != Over {
		t.Errorf("the right code after %d wrong ones: %+v (%v)", maxAnswers, r, err)
	}
}

func TestALuckyGuessOfACodeThatNobodyGotSaysNothing(t *testing.T) {
	f := newFixture(t)
	c := f.ask(hotel, "+4499")
	sent := <-f.waiting
	f.run(t.Context(), sent)
	if _, err := f.Answer(t.Context(), hotel, c.ID, sent.message.Code); fault.CodeOf(err) != fault.CodeWrong {
		t.Errorf("got %v", err)
	}
}

func TestNothingThatLapsedAndNoIdentifierStaysInTheDatabase(t *testing.T) {
	f := newFixture(t)
	f.ask(hotel, known)
	f.settle()
	if _, _, err := f.Code(t.Context(), alice.Person); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{f.path, f.path + "-wal"} {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{known, known[1:], f.lastCode()} {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s holds %s", path, secret)
			}
		}
	}
	f.pass(25 * time.Hour)
	if err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"identification_codes", "lookup_challenges", "lookup_attempts"} {
		var n int
		if err := f.db.Reader().QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s has %d rows (%v)", table, n, err)
		}
	}
}

func TestAForgottenPersonIsAnsweredForNoMore(t *testing.T) {
	f := newFixture(t)
	c := f.ask(hotel, known)
	f.settle()
	code, _, _ := f.Code(t.Context(), alice.Person)
	if err := f.db.Write(t.Context(), func(tx *sqlite.Tx) error { return Companion{}.Forget(tx, vault.PersonID(alice.Person), nil) }); err != nil {
		t.Fatal(err)
	}
	if r, err := f.Answer(t.Context(), hotel, c.ID, f.lastCode()); err != nil || r.Status != Over {
		t.Errorf("%+v (%v)", r, err)
	}
	if _, err := f.Identify(t.Context(), hotel, code); fault.CodeOf(err) != fault.CodeUnknown {
		t.Errorf("got %v", err)
	}
}

func TestPlacesAreBounded(t *testing.T) {
	f := newFixture(t)
	for _, by := range []Asker{{}, {Partner: "hotel", Store: strings.Repeat("s", MaxPlace+1)}, {Partner: "hotel", Terminal: strings.Repeat("s", MaxPlace+1)}} {
		if _, err := f.Desk.Challenge(t.Context(), by, Question{"phone", known}); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%+v: %v", by, err)
		}
		if _, err := f.Identify(t.Context(), by, "x"); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%+v: %v", by, err)
		}
		if _, err := f.Answer(t.Context(), by, "x", ""); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%+v: %v", by, err)
		}
	}
	if _, err := f.Answer(t.Context(), hotel, "x", "12345a"); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("a code with a letter: %v", err)
	}
}

package consent

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Programme and Account implement World over the channel.
type everywhere struct{ *process }

func (e everywhere) Programme(ctx context.Context, _ string) (points.Programme, error) {
	return e.process.Programme(ctx)
}

func (e everywhere) Account(ctx context.Context, _ string, id points.AccountID) (points.Account, error) {
	return e.process.Account(ctx, id)
}

// Shared implements Copies over what the grantee holds.
func (e everywhere) Shared(_ context.Context, _ string, id privacy.ConsentID) (privacy.Shared, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	body, there := e.bodies[id]
	if !there {
		return privacy.Shared{}, fault.New(fault.NotFound, "nothing is shared")
	}
	s := privacy.Shared{Consent: body, Record: e.records[id]}
	for key, copied := range e.copies[id] {
		s.Values = append(s.Values, privacy.SharedValue{Attribute: copied.Attribute, Key: key, Value: string(copied.Value), Current: string(e.customers[key]) == string(copied.Value)})
	}
	return s, nil
}

// over is the owner's gateway as the named grantee reaches it.
type over struct {
	*world
	grantee string
}

func (o over) Secrets(ctx context.Context, q Question) ([]Secret, error) {
	return o.Disclose(ctx, o.grantee, q)
}

func (w *world) reader(grantee string) *Reader {
	all := everywhere{&process{channel: w.channel}}
	return &Reader{Copies: all, Owners: map[string]Owner{"airline": over{w, grantee}}, World: all, Open: openEntry, Now: func() time.Time { return w.channel.now }}
}

func (w *world) read(id privacy.ConsentID, attributes ...string) ([]Value, error) {
	values, err := w.reader("hotel").Read(w.t.Context(), Wanted{Owner: "airline", Consent: id, Purpose: "stay", Attributes: attributes})
	slices.SortFunc(values, func(a, b Value) int { return strings.Compare(a.Attribute, b.Attribute) })
	return values, err
}

func TestWhatACustomerAgreesToIsReadByTheGranteeAndSeenByTheCustomer(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	values, err := w.read(id)
	if err != nil || !slices.Equal(values, []Value{{"email", "alice@canary.example"}, {"name", "Alice Canary"}}) {
		t.Errorf("read %v (%v)", values, err)
	}
	if values, err := w.read(id, "name"); err != nil || len(values) != 1 {
		t.Errorf("read %v (%v)", values, err)
	}
	want := []Reading{{"partner/hotel", "stay", id, []string{"email", "name"}}, {"partner/hotel", "stay", id, []string{"name"}}}
	log := w.book.log[alice]
	slices.Sort(log[0].Attributes)
	got, _ := json.Marshal(log)
	if wanted, _ := json.Marshal(want); string(got) != string(wanted) {
		t.Errorf("the access log has %s", got)
	}
	record := w.channel.records[id]
	body := w.channel.bodies[id].Body
	digest, _ := wire.ConsentDigest(&body)
	if record.Hash != hexOf(digest) || record.Status != privacy.StatusGranted || record.Grantee != "hotel" || record.Policy != 1 {
		t.Errorf("on the channel stands %+v", record)
	}
}

func TestACustomerInCustodyAgreesByHavingBeenAuthenticated(t *testing.T) {
	w := newWorld(t)
	p, err := w.Prepare(t.Context(), bob, wish())
	if err != nil || p.Body.Method != privacy.MethodAuthenticated || p.Body.Account != custody {
		t.Fatalf("%+v (%v)", p, err)
	}
	if _, err := w.Grant(t.Context(), bob, Agreement{Body: p.Body}); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("without authentication: %v", err)
	}
	how := privacy.Authentication{Method: "sms-code", Challenge: strings.Repeat("a", 64), At: begin.Unix()}
	v, err := w.Grant(t.Context(), bob, Agreement{Body: p.Body, Authentication: &how})
	if err != nil || !v.InForce || *v.Signed.Authentication != how || v.Signed.Custodian != 1 {
		t.Fatalf("%+v (%v)", v, err)
	}
	if values, err := w.read(p.Body.ID); err != nil || len(values) != 2 {
		t.Errorf("read %v (%v)", values, err)
	}
}

func TestTheCustomerIsShownWhatIsSigned(t *testing.T) {
	w := newWorld(t)
	for language, words := range map[string][]string{
		"en": {"Airline Miles", "Hotel Stars", "your email, your name", "to make your stay nicer", "2027-01-15 08:00", "2027-01-16 08:00", "version 1"},
		"de": {"Airline Miles", "Hotel Stars", "your email (de), your name (de)", "to make your stay nicer (de)", "Fassung 1"},
	} {
		request := wish()
		request.Language = language
		p, err := w.Prepare(t.Context(), alice, request)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range words {
			if !strings.Contains(p.Notice.Text, word) {
				t.Errorf("%s: %q isn't in\n%s", language, word, p.Notice.Text)
			}
		}
		if p.Notice.Hash != p.Body.Notice || p.Body.Language != language {
			t.Errorf("the body names another notice")
		}
	}
}

func TestWhatCantBeAskedForIsRefused(t *testing.T) {
	w := newWorld(t)
	for name, spoil := range map[string]func(*Wish){
		"itself":                 func(x *Wish) { x.Grantee = "airline" },
		"a stranger":             func(x *Wish) { x.Grantee = "bank" },
		"no attribute":           func(x *Wish) { x.Attributes = nil },
		"an unknown attribute":   func(x *Wish) { x.Attributes = []string{"shoe.size"} },
		"the same one twice":     func(x *Wish) { x.Attributes = []string{"name", "name"} },
		"an unknown purpose":     func(x *Wish) { x.Purpose = "spying" },
		"a language not spoken":  func(x *Wish) { x.Language = "fr" },
		"policy words not there": func(x *Wish) { x.Language = "zh" },
		"a time that is over":    func(x *Wish) { x.Until = begin },
		"more than five years":   func(x *Wish) { x.Until = begin.Add(6 * 365 * 24 * time.Hour) },
	} {
		request := wish()
		spoil(&request)
		if _, err := w.Prepare(t.Context(), alice, request); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := w.Prepare(t.Context(), "nobody", wish()); fault.CodeOf(err) != fault.AccountUnknown {
		t.Errorf("somebody without an account: %v", err)
	}
}

func TestAnAgreementCantBeBent(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world, *Agreement)
		code  fault.Code
	}{
		"more attributes than were signed": {func(_ *world, a *Agreement) { a.Body.Attributes = []string{"custom.diet", "email", "name"} }, fault.InvalidValue},
		"another time than was signed":     {func(_ *world, a *Agreement) { a.Body.Salt = strings.Repeat("1", 64) }, fault.SignatureRefused},
		"somebody else's signature":        {func(w *world, a *Agreement) { a.Signature = signWith(w.custody, make([]byte, 32)) }, fault.SignatureRefused},
		"no signature":                     {func(_ *world, a *Agreement) { a.Signature = "" }, fault.SignatureRefused},
		"another account":                  {func(_ *world, a *Agreement) { a.Body.Account = custody }, fault.AccountUnknown},
		"another channel":                  {func(_ *world, a *Agreement) { a.Body.Genesis = strings.Repeat("d", 64) }, fault.ConsentMismatch},
		"another brand's":                  {func(_ *world, a *Agreement) { a.Body.Brand = "grocer" }, fault.InvalidValue},
		"other words":                      {func(_ *world, a *Agreement) { a.Body.Notice = strings.Repeat("0", 64) }, fault.InvalidValue},
		"another policy":                   {func(w *world, _ *Agreement) { w.channel.policy.Version = 2 }, fault.InvalidValue},
		"prepared long ago":                {func(w *world, _ *Agreement) { w.pass(maxDeliberation + time.Second) }, fault.InvalidValue},
		"prepared in the future":           {func(w *world, _ *Agreement) { w.pass(-2 * time.Minute) }, fault.InvalidValue},
		"an authentication besides":        {func(_ *world, a *Agreement) { a.Body.Method = privacy.MethodAuthenticated }, fault.InvalidValue},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.agree(wish())
			c.spoil(w, &a)
			if v, err := w.Grant(t.Context(), alice, a); fault.CodeOf(err) != c.code || err == nil {
				t.Errorf("%+v (%v)", v, err)
			}
			if len(w.channel.calls) != 0 {
				t.Errorf("the ledger was asked for %v", w.channel.calls)
			}
		})
	}
}

func TestAConsentThatIsSentAgainIsTheSame(t *testing.T) {
	w := newWorld(t)
	a := w.agree(wish())
	for range 2 {
		if v, err := w.Grant(t.Context(), alice, a); err != nil || !v.InForce {
			t.Errorf("%+v (%v)", v, err)
		}
	}
	if list, err := w.List(t.Context(), alice); err != nil || len(list) != 1 {
		t.Errorf("%d consents (%v)", len(list), err)
	}
	if _, err := w.Withdraw(t.Context(), alice, a.Body.ID); err != nil {
		t.Fatal(err)
	}
	if v, err := w.Grant(t.Context(), alice, a); err != nil || v.InForce {
		t.Errorf("a withdrawn consent is in force again: %+v (%v)", v, err)
	}
}

func TestWithdrawalEndsAndPurges(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	if _, err := w.Withdraw(t.Context(), bob, id); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("somebody else withdraws: %v", err)
	}
	w.pass(time.Minute)
	for range 2 {
		v, err := w.Withdraw(t.Context(), alice, id)
		if err != nil || v.InForce || !v.Complete || v.Ended != privacy.EndWithdrawn || !v.EndedAt.Equal(begin.Add(time.Minute)) {
			t.Errorf("%+v (%v)", v, err)
		}
	}
	if w.status(id) != privacy.StatusWithdrawn || len(w.held(id)) != 0 || len(w.channel.bodies) != 0 {
		t.Errorf("%s, copies of %v", w.status(id), w.held(id))
	}
	if values, err := w.read(id); err == nil {
		t.Errorf("read %v", values)
	}
}

func TestWithdrawalTakesEffectWithoutTheLedger(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	w.process.dead = true
	v, err := w.Withdraw(t.Context(), alice, id)
	if err != nil || v.InForce || v.Complete || v.Trouble == "" {
		t.Errorf("%+v (%v)", v, err)
	}
	if values, err := w.read(id); fault.CodeOf(err) != fault.ConsentNotInForce {
		t.Errorf("read %v (%v)", values, err)
	}
	if len(w.book.log[alice]) != 0 {
		t.Errorf("a refused reading stands in the log: %v", w.book.log[alice])
	}
	w.process.dead = false
	w.pass(time.Minute)
	w.work(t.Context())
	if w.status(id) != privacy.StatusWithdrawn || len(w.held(id)) != 0 {
		t.Errorf("%s, copies of %v", w.status(id), w.held(id))
	}
}

// A withdrawal waits for what is being handed out, and nothing is handed out after it has returned.
func TestNothingIsHandedOutAfterAWithdrawal(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	w.book.hold = make(chan struct{})
	handed, withdrawn := make(chan error, 1), make(chan error, 1)
	go func() { _, err := w.read(id); handed <- err }()
	for w.gate.TryLock() { // Until the hand-out has begun.
		w.gate.Unlock()
	}
	go func() { _, err := w.Withdraw(context.Background(), alice, id); withdrawn <- err }()
	for w.gate.TryRLock() { // Until the withdrawal waits.
		w.gate.RUnlock()
	}
	select {
	case <-withdrawn:
		t.Error("the withdrawal didn't wait")
	default:
	}
	close(w.book.hold)
	if err := <-handed; err != nil {
		t.Error(err)
	}
	if err := <-withdrawn; err != nil {
		t.Error(err)
	}
	if _, err := w.read(id); err == nil {
		t.Error("it is still read")
	}
}

func TestConsentsExpire(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	w.pass(24*time.Hour - time.Second)
	w.work(t.Context())
	if values, err := w.read(id); err != nil || len(values) != 2 {
		t.Errorf("a second before: %v (%v)", values, err)
	}
	w.pass(time.Second)
	if _, err := w.Disclose(t.Context(), "hotel", Question{id, "stay", []privacy.EntryKey{w.book.entries[alice][0].Key}}); fault.CodeOf(err) != fault.ConsentNotInForce {
		t.Errorf("before the job has run: %v", err)
	}
	w.work(t.Context())
	if w.status(id) != privacy.StatusExpired || len(w.held(id)) != 0 {
		t.Errorf("%s, copies of %v", w.status(id), w.held(id))
	}
}

func TestAConsentForLaterIsSharedLater(t *testing.T) {
	w := newWorld(t)
	later := wish()
	later.From = begin.Add(time.Hour)
	v, err := w.Grant(t.Context(), alice, w.agree(later))
	if err != nil || v.InForce || v.Complete {
		t.Fatalf("%+v (%v)", v, err)
	}
	id := v.Signed.Body.ID
	w.pass(time.Hour - time.Second)
	w.work(t.Context())
	if len(w.held(id)) != 0 {
		t.Errorf("copies of %v", w.held(id))
	}
	w.pass(time.Second)
	w.work(t.Context())
	if values, err := w.read(id); err != nil || len(values) != 2 {
		t.Errorf("read %v (%v)", values, err)
	}
}

func TestCopiesFollowTheCustomersData(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	w.book.put(alice, "email", "new@canary.example")
	if values, err := w.read(id); err != nil || len(values) != 1 || values[0].Attribute != "name" {
		t.Errorf("between: %v (%v)", values, err)
	}
	if err := w.Refresh(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if values, err := w.read(id); err != nil || !slices.Contains(values, Value{"email", "new@canary.example"}) || len(w.held(id)) != 2 {
		t.Errorf("after: %v (%v)", values, err)
	}
	w.book.remove(alice, "email")
	w.book.remove(alice, "name")
	if err := w.Refresh(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if len(w.held(id)) != 0 {
		t.Errorf("copies of %v", w.held(id))
	}
	w.book.put(alice, "name", "Alice Again")
	w.process.calls = nil
	if err := w.Refresh(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if values, err := w.read(id); err != nil || len(values) != 1 {
		t.Errorf("read %v (%v)", values, err)
	}
	w.channel.calls = nil
	if err := w.Refresh(t.Context(), alice); err != nil || len(w.channel.calls) != 0 {
		t.Errorf("nothing has changed, and the ledger is asked for %v (%v)", w.channel.calls, err)
	}
}

func TestSecretsAreHandedOutForWhatWasAgreedAlone(t *testing.T) {
	w := newWorld(t)
	w.book.put(alice, "custom.diet", "vegan")
	id := w.grant()
	entries := w.book.entries[alice]
	shared, unshared := entries[0].Key, entries[2].Key
	for name, c := range map[string]struct {
		grantee string
		q       Question
		code    fault.Code
	}{
		"another grantee":        {"grocer", Question{id, "stay", []privacy.EntryKey{shared}}, fault.ConsentNotInForce},
		"a consent of nobody":    {"hotel", Question{privacy.ConsentID(strings.Repeat("0", 32)), "stay", []privacy.EntryKey{shared}}, fault.ConsentNotInForce},
		"another purpose":        {"hotel", Question{id, "research", []privacy.EntryKey{shared}}, fault.ConsentMismatch},
		"an attribute not in it": {"hotel", Question{id, "stay", []privacy.EntryKey{shared, unshared}}, fault.ConsentMismatch},
		"nothing":                {"hotel", Question{id, "stay", nil}, fault.TooLarge},
		"no id":                  {"hotel", Question{"x", "stay", []privacy.EntryKey{shared}}, fault.InvalidValue},
	} {
		if secrets, err := w.Disclose(t.Context(), c.grantee, c.q); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v (%v)", name, secrets, err)
		}
	}
	if len(w.book.log[alice]) != 0 {
		t.Errorf("the log has %v", w.book.log[alice])
	}
}

func TestAReaderTakesNobodysWordForTheCustomers(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	forged := w.channel.bodies[id]
	forged.Signature = signWith(w.custody, make([]byte, 32))
	w.channel.bodies[id] = forged
	if _, err := w.read(id); fault.CodeOf(err) != fault.SignatureRefused {
		t.Errorf("a consent that the customer didn't sign: %v", err)
	}
	forged.Body.Attributes = []string{"name"}
	w.channel.bodies[id] = forged
	if _, err := w.read(id); fault.CodeOf(err) != fault.ConsentMismatch {
		t.Errorf("a body that isn't on the channel: %v", err)
	}
	if _, err := w.reader("hotel").Read(t.Context(), Wanted{Owner: "bank", Consent: id, Purpose: "stay"}); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("an unknown owner: %v", err)
	}
	w = newWorld(t)
	id = w.grant()
	if _, err := w.read(id, "custom.diet"); fault.CodeOf(err) != fault.ConsentMismatch {
		t.Errorf("an attribute that it doesn't name: %v", err)
	}
	if _, err := w.reader("hotel").Read(t.Context(), Wanted{Owner: "airline", Consent: id, Purpose: "research"}); fault.CodeOf(err) != fault.ConsentMismatch {
		t.Errorf("another purpose: %v", err)
	}
}

// TestSwappedEntriesAreNoticed: the owner shares two entries of the customer's under each other's name.
func TestSwappedEntriesAreNoticed(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	other := map[string]string{"name": "email", "email": "name"}
	for key, copied := range w.channel.copies[id] {
		copied.Attribute = other[copied.Attribute]
		w.channel.copies[id][key] = copied
	}
	if values, err := w.read(id); fault.CodeOf(err) != fault.ConsentMismatch {
		t.Errorf("read %v (%v)", values, err)
	}
}

func TestAReceiptSaysWhatAStandardWants(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	w.pass(time.Minute)
	if _, err := w.Withdraw(t.Context(), alice, id); err != nil {
		t.Fatal(err)
	}
	r, err := w.Receipt(t.Context(), alice, id)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(r)
	for _, part := range []string{
		`"schemaVersion":"ISO/IEC TS 27560:2023"`, `"recordId":"` + string(id), `"piiController":{"id":"airline","name":"Airline Miles"}`, `"recipient":{"id":"hotel"`,
		`"code":"stay"`, `"description":"to make your stay nicer"`, `"retentionPeriodDays":30`, `"lawfulBasis":"consent"`, `"policyVersion":1`, `"language":"en"`,
		`"state":"given"`, `"methodOfExpression":"wallet"`, `"state":"withdrawn"`, `"withdrawalMethod":"https://`,
	} {
		if !strings.Contains(string(body), part) {
			t.Errorf("%s isn't in %s", part, body)
		}
	}
	if w.channel.records[id].Hash != r.Ledger.Hash {
		t.Error("its hash isn't the ledger's")
	}
	if _, err := w.Receipt(t.Context(), bob, id); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("somebody else's: %v", err)
	}
}

func TestALaterConsentTakesTheEarliersPlace(t *testing.T) {
	w := newWorld(t)
	first := w.grant()
	w.pass(time.Minute)
	second := w.grant()
	w.work(t.Context())
	if w.status(first) != privacy.StatusSuperseded || w.status(second) != privacy.StatusGranted || len(w.held(first)) != 0 || len(w.held(second)) != 2 {
		t.Errorf("%s %v, %s %v", w.status(first), w.held(first), w.status(second), w.held(second))
	}
}

func TestOfAnErasedPersonNothingIsLeft(t *testing.T) {
	w := newWorld(t)
	done := w.grant()
	if _, err := w.Withdraw(t.Context(), alice, done); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	active := w.grant()
	if n, err := w.EndAll(t.Context(), alice); err != nil || n != 1 {
		t.Fatalf("%d ended (%v)", n, err)
	}
	if w.status(done) != privacy.StatusWithdrawn || w.status(active) != privacy.StatusErased || len(w.held(active)) != 0 {
		t.Errorf("%s, %s, copies of %v", w.status(done), w.status(active), w.held(active))
	}
	for _, table := range []string{"consents", "consent_entries"} {
		var n int
		if err := w.db.Reader().QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s has %d rows (%v)", table, n, err)
		}
	}
}

func TestACustomersConsentsAreLimited(t *testing.T) {
	w := newWorld(t)
	later := wish()
	later.From = begin.Add(time.Hour) // So that none takes another's place.
	for range MaxLive {
		if _, err := w.Grant(t.Context(), alice, w.agree(later)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Grant(t.Context(), alice, w.agree(later)); fault.CodeOf(err) != fault.Limit {
		t.Errorf("got %v", err)
	}
}

package erasure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/evidence"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// wrapped is a person's wrapped key as people.db holds it.
func (w *world) wrapped(id vault.PersonID) []byte {
	w.t.Helper()
	var raw []byte
	w.try(w.vault.DB.Reader().QueryRow(`SELECT wrapped FROM persons WHERE id = ?`, string(id)).Scan(&raw))
	return raw
}

func (w *world) fileHolds(text []byte) bool {
	w.t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(w.database() + suffix)
		w.try(err)
		if bytes.Contains(raw, text) {
			return true
		}
	}
	return false
}

// certified checks an erasure's certificate against what the ledger has.
func (w *world) certified(id privacy.ErasureID) evidence.Certificate {
	w.t.Helper()
	c, err := w.desk.Certified(w.t.Context(), id)
	w.try(err)
	if c.Proof == nil {
		w.t.Fatalf("no proof: the erasure stands at %s (%s)", w.at(id).Step, w.at(id).Trouble)
	}
	w.try(evidence.Verify(c.Certificate, c.Proof, w.recorded[c.Proof.Erasures].Root))
	var out evidence.Certificate
	w.try(json.Unmarshal(c.Certificate, &out))
	return out
}

func TestErasesEverythingAndCertifiesIt(t *testing.T) {
	w := newWorld(t)
	bystander := w.customer()
	own := w.account(7)
	w.accounts[own].Account.Controller.Kind = points.ControllerP256
	person := w.customer(w.account(120), own)
	w.try(w.vault.Link(t.Context(), person, "hotel", "ffffffffffffffffffffffffffffffff"))
	w.consents[person] = 2
	key := w.wrapped(person)
	if !w.fileHolds(key) {
		t.Fatal("the wrapped key isn't in the file: the search is broken")
	}
	before := len(w.vault.Ledger.Entries())

	plan, err := w.desk.Plan(t.Context(), person)
	w.try(err)
	if plan.Forfeit != 120 || plan.Values != 3 || len(plan.Accounts) != 3 || plan.Held {
		t.Errorf("planned %+v", plan)
	}
	e := w.ask(person)
	if e.DueAt-e.RequestedAt != erasure.Deadline.Milliseconds() {
		t.Errorf("due %d ms after the request", e.DueAt-e.RequestedAt)
	}
	w.look()

	c := w.certified(e.ID)
	if c.Values != 3 || c.Consents != 2 || c.Reason != privacy.ErasedOnRequest || len(c.Covers) == 0 || len(c.Excludes) == 0 {
		t.Errorf("certified %+v", c)
	}
	want := "[{airline kept 0} {airline closed 120} {hotel elsewhere 0}]"
	if got := fmt.Sprint(c.Accounts); got != want {
		t.Errorf("accounts %s, want %s", got, want)
	}
	if got := before + 1 - len(w.vault.Ledger.Entries()); got != 3 { // The mark is one more.
		t.Errorf("%d entries are gone from the ledger, want 3", got)
	}
	if w.fileHolds(key) {
		t.Error("the file of people.db still holds the wrapped key")
	}
	_, err = w.vault.Read(t.Context(), person, nil, access)
	w.wantCode(err, fault.PersonUnknown)
	_, err = w.vault.Read(t.Context(), bystander, nil, access)
	w.try(err)
	if len(w.consents) > 0 || len(w.closings) != 1 || w.accounts[own].Account.Status != points.StatusActive {
		t.Errorf("consents %v, closings %v", w.consents, w.closings)
	}
	for _, table := range []string{"erasures", "erasure_accounts", "erasure_entries", "legal_holds"} {
		if held := w.rowsOf(table); strings.Contains(held, string(person)) || strings.Contains(held, string(own)) {
			t.Errorf("%s still names the person or an account: %s", table, held)
		}
	}
}

// rowsOf writes a table out.
func (w *world) rowsOf(table string) string {
	w.t.Helper()
	rows, err := w.vault.DB.Reader().Query(`SELECT * FROM ` + table)
	w.try(err)
	defer rows.Close()
	columns, err := rows.Columns()
	w.try(err)
	var out strings.Builder
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		w.try(rows.Scan(targets...))
		fmt.Fprintln(&out, values...)
	}
	w.try(rows.Err())
	return out.String()
}

// TestIsFinishedAfterACrashAtAnyCall lets every call to the outside fail once, before or after it took effect, ends the process there and starts another.
func TestIsFinishedAfterACrashAtAnyCall(t *testing.T) {
	for _, late := range []bool{false, true} {
		for n := 1; ; n++ {
			w := newWorld(t)
			person := w.customer(w.account(120))
			w.consents[person] = 1
			e := w.ask(person)
			w.calls, w.failAt, w.late = 0, n, late
			failed := w.desk.Look(t.Context())
			if failed == nil && w.calls < n {
				break // There are no more calls.
			}
			for range 3 {
				w.restart()
				w.later(time.Minute)
				w.look()
			}
			w.later(7 * time.Hour)
			w.look()
			c := w.certified(e.ID)
			if w.at(e.ID).Step != erasure.Done || fmt.Sprint(c.Accounts) != "[{airline closed 120}]" || c.Values != 3 || len(w.recorded) != 1 || len(w.vault.Ledger.Entries()) != 1 || len(w.closings) != 1 {
				t.Errorf("call %d (late: %v): step %s, accounts %v, %d values, %d records, %d entries, closings %v", n, late, w.at(e.ID).Step, c.Accounts, c.Values, len(w.recorded), len(w.vault.Ledger.Entries()), w.closings)
			}
			if n > 30 {
				t.Fatal("it doesn't end")
			}
		}
	}
}

func TestOpenHoldsComeFirst(t *testing.T) {
	w := newWorld(t)
	id := w.account(100, points.Hold{ID: "h", Points: 20, Until: 1})
	person := w.customer(id)
	e := w.ask(person)
	w.look()
	if got := w.at(e.ID); got.Step != erasure.Waiting || got.Trouble != fault.TooEarly {
		t.Fatalf("with a hold it stands at %s, %s", got.Step, got.Trouble)
	}
	_, err := w.vault.Read(t.Context(), person, nil, access)
	w.try(err)

	again, err := w.desk.Request(t.Context(), erasure.Request{Person: person, Actor: vault.ActorPerson, Reason: privacy.ErasedOnRequest, Forfeit: 1})
	if err != nil || again.ID != e.ID {
		t.Errorf("asked again: %v, %v", again.ID, err)
	}
	w.accounts[id].Account.Holds, w.accounts[id].Account.Held = nil, 0 // Captured.
	w.later(2 * time.Minute)
	w.look()
	if c := w.certified(e.ID); fmt.Sprint(c.Accounts) != "[{airline closed 100}]" {
		t.Errorf("accounts %v", c.Accounts)
	}
}

func TestWhatStaysOpenForTooLongDoesNotHoldUpTheErasure(t *testing.T) {
	w := newWorld(t)
	id := w.account(100, points.Hold{ID: "g", Purpose: points.PurposeGift, Points: 20, Until: 1}, points.Hold{ID: "h", Points: 5, Until: 1})
	e := w.ask(w.customer(id))
	w.look()
	w.later(erasure.DefaultPace.Settle + time.Minute)
	w.look()
	if c := w.certified(e.ID); fmt.Sprint(c.Accounts) != "[{airline unsettled 0}]" {
		t.Errorf("accounts %v", c.Accounts)
	}
	w.accounts[id].Account.Holds, w.accounts[id].Account.Held = nil, 0 // Claimed and lapsed.
	w.later(7 * time.Hour)
	w.restart()
	w.look()
	if fmt.Sprint(w.closings) != "[100]" || strings.Contains(w.rowsOf("erasure_accounts"), string(id)) {
		t.Errorf("closings %v, accounts %s", w.closings, w.rowsOf("erasure_accounts"))
	}
}

func TestADebtKeepsTheAccountOpenAndNothingElse(t *testing.T) {
	w := newWorld(t)
	id := w.account(0)
	w.accounts[id].Account.Debt = 30
	e := w.ask(w.customer(id))
	w.look()
	if c := w.certified(e.ID); fmt.Sprint(c.Accounts) != "[{airline unsettled 0}]" || len(w.closings) > 0 {
		t.Errorf("accounts %v, closings %v", c.Accounts, w.closings)
	}
}

func TestTheCustomerConfirmsTheExactForfeiture(t *testing.T) {
	w := newWorld(t)
	id := w.account(100, points.Hold{ID: "g", Purpose: points.PurposeGift, Points: 20, Until: 1})
	w.accounts[id].Waiting = 3
	person := w.customer(id)
	for _, wrong := range []int64{0, 100, 120, 124} {
		_, err := w.desk.Request(t.Context(), erasure.Request{Person: person, Actor: vault.ActorPerson, Reason: privacy.ErasedOnRequest, Forfeit: quantity.Points(wrong)})
		w.wantCode(err, fault.ForfeitMismatch)
	}
	if e := w.ask(person); e.Step != erasure.Waiting {
		t.Errorf("123 points are refused: %+v", e)
	}
}

func TestARequestCanBeTakenBackWhileItWaits(t *testing.T) {
	w := newWorld(t)
	person := w.customer(w.account(10, points.Hold{ID: "h", Points: 5, Until: 1}))
	w.wantCode(w.desk.Cancel(t.Context(), person), fault.NotFound)
	w.ask(person)
	w.look()
	w.try(w.desk.Cancel(t.Context(), person))
	if rows := w.rowsOf("erasures") + w.rowsOf("erasure_accounts"); rows != "" {
		t.Errorf("left: %s", rows)
	}
	w.failAt, w.calls = 4, 0 // The withdrawal of consents fails.
	w.accounts["00000000000000000000000000000001"].Account.Holds = nil
	w.ask(person)
	w.calls = 0
	w.failAt = 2
	_ = w.desk.Look(t.Context())
	w.wantCode(w.desk.Cancel(t.Context(), person), fault.ErasureUnderWay)
}

func TestALegalHoldStopsAnErasure(t *testing.T) {
	for _, told := range []bool{true, false} {
		w := newWorld(t)
		person := w.customer()
		until := w.vault.Clock.Time.Add(48 * time.Hour).UnixMilli()
		hold, err := w.desk.Hold(t.Context(), person, erasure.LegalHold{Reason: "case 2026/17", SetBy: "compliance", Until: until, Told: told})
		w.try(err)
		ask := erasure.Request{Person: person, Actor: vault.ActorPerson, Reason: privacy.ErasedOnRequest}
		e, err := w.desk.Request(t.Context(), ask)
		plan, planErr := w.desk.Plan(t.Context(), person)
		w.try(planErr)
		if plan.Held != told {
			t.Errorf("told %v: the plan says %v", told, plan.Held)
		}
		if told {
			w.wantCode(err, fault.LegalHold)
		} else {
			w.try(err)
			w.look()
			if got := w.at(e.ID); got.Step != erasure.Waiting || got.Trouble != fault.LegalHold {
				t.Errorf("it stands at %s, %s", got.Step, got.Trouble)
			}
			w.wantCode(second(w.desk.Request(t.Context(), erasure.Request{Person: w.heldCustomer(), Actor: "desk", Reason: privacy.ErasedOnRequest})), fault.LegalHold)
		}
		section, err := w.desk.Companion().Export(t.Context(), person)
		w.try(err)
		if raw, _ := json.Marshal(section); bytes.Contains(raw, []byte("2026/17")) != told {
			t.Errorf("told %v: exported %s", told, raw)
		}
		w.try(w.desk.Lift(t.Context(), person, hold.ID, "compliance"))
		w.wantCode(w.desk.Lift(t.Context(), person, hold.ID, "compliance"), fault.NotFound)
		if told {
			e, err = w.desk.Request(t.Context(), ask)
			w.try(err)
		}
		w.look()
		w.certified(e.ID)
	}
}

func second[A any](_ A, err error) error { return err }

// heldCustomer is one under a hold of which the customer mustn't know.
func (w *world) heldCustomer() vault.PersonID {
	w.t.Helper()
	id := w.customer()
	_, err := w.desk.Hold(w.t.Context(), id, erasure.LegalHold{Reason: "x", SetBy: "compliance", Until: w.vault.Clock.Time.Add(time.Hour).UnixMilli()})
	w.try(err)
	return id
}

// TestALegalHoldInTheLastMoment: the transaction that destroys the key looks once more.
func TestALegalHoldInTheLastMoment(t *testing.T) {
	w := newWorld(t)
	person := w.customer()
	e := w.ask(person)
	hold := erasure.LegalHold{Reason: "x", SetBy: "compliance", Until: w.vault.Clock.Time.Add(time.Hour).UnixMilli()}
	w.try(second(w.desk.Hold(t.Context(), person, hold)))
	w.try(w.vault.DB.Write(t.Context(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE erasures SET step = 'destroying'`)
		return err
	}))
	w.look()
	w.try(second(w.desk.Hold(t.Context(), person, hold))) // Another one, as long as one is in force.
	if n := len(w.vault.Ledger.Entries()); n != 3 {
		t.Errorf("the ledger has %d entries, want the person's values and no mark", n)
	}
	if got := w.at(e.ID); got.Step != erasure.Destroying || got.Trouble != fault.LegalHold {
		t.Errorf("it stands at %s, %s", got.Step, got.Trouble)
	}
	w.try(second(w.vault.Read(t.Context(), person, nil, access)))
	w.later(2 * time.Hour) // The holds end by themselves.
	hold.Until = w.vault.Clock.Time.Add(time.Hour).UnixMilli()
	w.wantCode(second(w.desk.Hold(t.Context(), person, hold)), fault.ErasureUnderWay)
	w.look()
	w.certified(e.ID)
}

func TestLegalHoldsHaveLimits(t *testing.T) {
	w := newWorld(t)
	person := w.customer()
	now := w.vault.Clock.Time
	for _, h := range []erasure.LegalHold{
		{Reason: "", Until: now.Add(time.Hour).UnixMilli()}, {Reason: strings.Repeat("x", erasure.MaxHoldReason+1), Until: now.Add(time.Hour).UnixMilli()},
		{Reason: "x", Until: now.UnixMilli()}, {Reason: "x", Until: now.Add(erasure.MaxHoldTime).UnixMilli() + 1},
	} {
		w.wantCode(second(w.desk.Hold(t.Context(), person, h)), fault.InvalidValue)
	}
	good := erasure.LegalHold{Reason: "x", SetBy: "c", Until: now.Add(time.Hour).UnixMilli()}
	w.wantCode(second(w.desk.Hold(t.Context(), "00000000000000000000000000000000", good)), fault.PersonUnknown)
	for range erasure.MaxHolds {
		w.try(second(w.desk.Hold(t.Context(), person, good)))
	}
	w.wantCode(second(w.desk.Hold(t.Context(), person, good)), fault.Limit)
}

func TestWhoIsToBeErasedCanNotBeMerged(t *testing.T) {
	w := newWorld(t)
	keep, gone := w.customer(), w.customer()
	w.ask(gone)
	err := w.vault.Merge(t.Context(), vault.Merger{Keep: keep, Gone: gone, Overruled: []string{vault.Name, vault.Birthday}}, access)
	w.wantCode(err, fault.ErasureUnderWay)
}

func TestWhoIsBeingMergedCanNotAskForErasureYet(t *testing.T) {
	w := newWorld(t)
	keep, gone := w.customer(), w.customer()
	w.vault.Ledger.After = vaulttest.Unavailable
	_ = w.vault.Merge(t.Context(), vault.Merger{Keep: keep, Gone: gone, Overruled: []string{vault.Name, vault.Birthday}}, access)
	for _, id := range []vault.PersonID{keep, gone} {
		w.wantCode(second(w.desk.Request(t.Context(), erasure.Request{Person: id, Actor: vault.ActorPerson, Reason: privacy.ErasedOnRequest})), fault.NotReady)
	}
	w.vault.Ledger.After = nil
	w.try(w.vault.Recover(t.Context()))
	w.ask(keep)
}

func TestCertificatesOfOneRoundShareARoot(t *testing.T) {
	w := newWorld(t)
	var all []privacy.ErasureID
	for range 5 {
		all = append(all, w.ask(w.customer()).ID)
	}
	w.look()
	if len(w.recorded) != 1 {
		t.Fatalf("%d records", len(w.recorded))
	}
	for _, id := range all {
		w.certified(id)
	}
	c, err := w.desk.Certified(t.Context(), all[0])
	w.try(err)
	root := c.Proof.Root
	for name, broken := range map[string]func() ([]byte, evidence.Proof, string){
		"another certificate": func() ([]byte, evidence.Proof, string) {
			return bytes.Replace(c.Certificate, []byte(`"values":3`), []byte(`"values":4`), 1), *c.Proof, root
		},
		"another root": func() ([]byte, evidence.Proof, string) { return c.Certificate, *c.Proof, strings.Repeat("0", 64) },
		"another place": func() ([]byte, evidence.Proof, string) {
			p := *c.Proof
			p.Index = (p.Index + 1) % p.Size
			return c.Certificate, p, root
		},
		"no certificate": func() ([]byte, evidence.Proof, string) { return []byte(`{}x`), *c.Proof, root },
	} {
		certificate, p, at := broken()
		if err := evidence.Verify(certificate, &p, at); fault.CodeOf(err) != fault.CertificateInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRetentionRemovesWhatIsKeptTooLong(t *testing.T) {
	w := newWorld(t)
	old, held := w.customer(), w.customer()
	_, err := w.desk.Hold(t.Context(), held, erasure.LegalHold{Reason: "x", SetBy: "c", Until: w.vault.Clock.Time.Add(100 * 24 * time.Hour).UnixMilli()})
	w.try(err)
	w.policy = &privacy.Policy{V: 1, Version: 3, Attributes: []privacy.AttributeSchema{{Name: "birthday", RetentionDays: 10}, {Name: "name", RetentionDays: 100}, {Name: "phone"}}}
	w.later(10*24*time.Hour + time.Minute)
	fresh := w.customer()
	w.try(w.desk.Retain(t.Context()))
	for id, want := range map[vault.PersonID]int{old: 2, held: 3, fresh: 3} {
		if all, err := w.vault.Read(t.Context(), id, nil, access); err != nil || len(all) != want {
			t.Errorf("%d values left, %v; want %d", len(all), err, want)
		}
	}
	if got := w.rowsOf("retention_runs"); !strings.Contains(got, " 3 1 0") {
		t.Errorf("noted %q", got)
	}
}

// asking is a part with a retention of its own, that notes which accounts are held.
type asking struct {
	accounts []points.AccountID
	held     map[points.AccountID]bool
}

func (a *asking) Retain(ctx context.Context, held func(context.Context, points.AccountID) (bool, error)) (int, error) {
	for _, account := range a.accounts {
		is, err := held(ctx, account)
		if err != nil {
			return 0, err
		}
		a.held[account] = is
	}
	return 7, nil
}

func TestOtherPartsRetainToo(t *testing.T) {
	w := newWorld(t)
	held, free := w.account(1), w.account(2)
	_, err := w.desk.Hold(t.Context(), w.customer(held), erasure.LegalHold{Reason: "x", SetBy: "c", Until: w.vault.Clock.Time.Add(time.Hour).UnixMilli()})
	w.try(err)
	w.customer(free)
	const nobodys = points.AccountID("ffffffffffffffffffffffffffffffff")
	part := &asking{accounts: []points.AccountID{held, free, nobodys}, held: map[points.AccountID]bool{}}
	w.desk.Retainers = append(w.desk.Retainers, part)
	w.try(w.desk.Retain(t.Context()))
	if len(part.held) != 3 || !part.held[held] || part.held[free] || part.held[nobodys] {
		t.Errorf("held are %v", part.held)
	}
	if got := w.rowsOf("retention_runs"); !strings.Contains(got, " 0 0 0 7") {
		t.Errorf("noted %q", got)
	}
}

func TestInactivePersonsWithoutPointsAreErased(t *testing.T) {
	w := newWorld(t)
	w.inactive = 365 * 24 * time.Hour
	w.restart()
	gone, rich, seen, held := w.customer(w.account(0)), w.customer(w.account(5)), w.customer(), w.heldCustomer()
	looked := w.customer()
	w.later(366 * 24 * time.Hour)
	_, err := w.vault.Read(t.Context(), looked, nil, access)
	w.try(err)
	_, err = w.desk.Hold(t.Context(), held, erasure.LegalHold{Reason: "x", SetBy: "c", Until: w.vault.Clock.Time.Add(time.Hour).UnixMilli()})
	w.try(err)
	w.seen[seen] = w.vault.Clock.Time.UnixMilli()
	w.try(w.desk.Retain(t.Context()))
	w.look()
	for id, want := range map[vault.PersonID]fault.Code{gone: fault.PersonUnknown, rich: fault.OK, seen: fault.OK, held: fault.OK, looked: fault.OK} {
		_, err := w.vault.Read(t.Context(), id, nil, access)
		if want == fault.OK {
			w.try(err)
			continue
		}
		w.wantCode(err, want)
	}
	for _, r := range w.recorded {
		if r.Reason != privacy.ErasedByPolicy || r.Count != 1 {
			t.Errorf("recorded %+v", r)
		}
	}
}

func TestOnlyTheStepsErase(t *testing.T) {
	w := newWorld(t)
	person := w.customer()
	_, err := w.vault.Erase(t.Context(), person)
	w.wantCode(err, fault.Forbidden)
	if n := len(w.vault.Ledger.Entries()); n != 3 {
		t.Errorf("the ledger has %d entries: a mark of somebody who wasn't erased?", n)
	}
	_, err = w.vault.Read(t.Context(), person, nil, access)
	w.try(err)
}

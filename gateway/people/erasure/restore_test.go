package erasure_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/evidence"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// restore puts a copy of people.db back and starts the desk that a new process has.
func (w *world) restore(backup string) {
	w.vault.Restore(backup)
	w.open()
}

func (w *world) compare(want int) {
	w.t.Helper()
	if n, err := w.vault.Compare(w.t.Context()); err != nil || n != want {
		w.t.Fatalf("%d were erased again, want %d: %v", n, want, err)
	}
}

// requireGone wants that nothing in people.db opens, finds or names a person.
func (w *world) requireGone(person vault.PersonID, wrapped []byte, phone string) {
	w.t.Helper()
	if w.fileHolds(wrapped) {
		w.t.Error("the file of people.db holds the wrapped key")
	}
	_, err := w.vault.Read(w.t.Context(), person, nil, access)
	w.wantCode(err, fault.PersonUnknown)
	_, err = w.vault.Find(w.t.Context(), vault.Identifier{Kind: vault.Phone, Value: phone})
	w.wantCode(err, fault.PersonUnknown)
	for _, table := range []string{"entries", "identifiers", "accounts", "erasures", "erasure_accounts", "legal_holds"} {
		if rows := w.rowsOf(table); strings.Contains(rows, string(person)) {
			w.t.Errorf("%s still names the person: %s", table, rows)
		}
	}
}

const firstPhone = "+447700900001"

func TestABackupDoesNotBringBackWhoWasErasedSinceAndTheCertificateStillVerifies(t *testing.T) {
	w := newWorld(t)
	person := w.customer(w.account(120))
	bystander := w.customer()
	wrapped := w.wrapped(person)
	backup := w.vault.Backup()
	e := w.ask(person)
	w.look()
	c, err := w.desk.Certified(t.Context(), e.ID)
	w.try(err)

	w.restore(backup)
	if !w.fileHolds(wrapped) {
		t.Fatal("the backup hasn't the key: the test shows nothing")
	}
	_, err = w.desk.Hold(t.Context(), person, erasure.LegalHold{Reason: "x", SetBy: "c", Until: w.vault.Clock.Time.Add(time.Hour).UnixMilli()})
	w.try(err) // As if it had stood in the backup, and been lifted since.
	w.compare(1)
	w.requireGone(person, wrapped, firstPhone)
	_, err = w.vault.Read(t.Context(), bystander, nil, access)
	w.try(err)
	w.try(evidence.Verify(c.Certificate, c.Proof, w.recorded[c.Proof.Erasures].Root))
	w.look()
	if len(w.recorded) != 1 {
		t.Errorf("%d records: nothing was asked for in the backup", len(w.recorded))
	}
}

// TestARequestThatABackupBroughtBackIsCarriedOnAndCertifiedAgain: the customer who asked has its id, and finds a certificate there.
func TestARequestThatABackupBroughtBackIsCarriedOnAndCertifiedAgain(t *testing.T) {
	w := newWorld(t)
	person := w.customer(w.account(120))
	wrapped := w.wrapped(person)
	e := w.ask(person)
	backup := w.vault.Backup()
	w.look()
	first := w.certified(e.ID)
	w.restore(backup)
	w.compare(1)
	w.requireGone(person, wrapped, firstPhone)
	w.look()
	again := w.certified(e.ID)
	if w.at(e.ID).Step != erasure.Done || again.Values != 3 || again.Salt == first.Salt || len(w.closings) != 1 {
		t.Errorf("%+v, closings %v", again, w.closings)
	}
	if got := fmt.Sprint(again.Accounts); got != "[{airline unsettled 0}]" {
		t.Errorf("accounts %s", got)
	}
	if n := len(w.vault.Ledger.Entries()); n != 1 {
		t.Errorf("the ledger has %d entries, want the mark alone", n)
	}
}

// TestNoHoldCanBeSetOnWhoseMarkMayBeThere: the mark is on the ledger and the process ends before the key is destroyed. A hold would be obeyed by this database and not by an older copy.
func TestNoHoldCanBeSetOnWhoseMarkMayBeThere(t *testing.T) {
	w := newWorld(t)
	person := w.customer()
	e := w.ask(person)
	hold := erasure.LegalHold{Reason: "x", SetBy: "c", Until: w.vault.Clock.Time.Add(time.Hour).UnixMilli()}
	backup := ""
	w.vault.Ledger.After = func(change privacy.Change) error {
		if len(change.Put) == 1 && len(change.Purge) == 0 && backup == "" { // The mark.
			backup = w.vault.Backup()
			w.wantCode(second(w.desk.Hold(t.Context(), person, hold)), fault.ErasureUnderWay)
		}
		return nil
	}
	w.look()
	w.vault.Ledger.After = nil
	if backup == "" {
		t.Fatal("no mark was put")
	}
	w.restore(backup)
	w.compare(0)
	w.wantCode(second(w.desk.Hold(t.Context(), person, hold)), fault.ErasureUnderWay)
	w.look()
	w.certified(e.ID)
}

// TestAHoldThatOnlyTheBackupHasDoesNotKeepWhoWasErased: the erasure in the copy waits for a hold that was lifted before the person was erased.
func TestAHoldThatOnlyTheBackupHasDoesNotKeepWhoWasErased(t *testing.T) {
	w := newWorld(t)
	person := w.customer()
	wrapped := w.wrapped(person)
	e := w.ask(person)
	hold, err := w.desk.Hold(t.Context(), person, erasure.LegalHold{Reason: "x", SetBy: "c", Until: w.vault.Clock.Time.Add(time.Hour).UnixMilli()})
	w.try(err)
	w.try(w.vault.DB.Write(t.Context(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE erasures SET step = 'destroying'`)
		return err
	}))
	backup := w.vault.Backup()
	w.try(w.desk.Lift(t.Context(), person, hold.ID, "c"))
	w.look()
	w.certified(e.ID)
	w.restore(backup)
	w.compare(1)
	w.requireGone(person, wrapped, firstPhone)
	w.look()
	w.certified(e.ID)
}

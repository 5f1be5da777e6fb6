package sequencer

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const someAccount = points.AccountID("00112233445566778899aabbccddeeff")

func TestAnIntakeOfTheWrongFormIsRefusedAndNothingIsRecorded(t *testing.T) {
	w, p := start(t)
	signed := &points.Authorisation{Mandate: points.Mandate{Format: points.MandateFormat, ID: string(someAccount)}}
	for name, c := range map[string]struct {
		change func(*Intake)
		code   fault.Code
	}{
		"an id of the caller's choice":     {func(in *Intake) { in.Operation.ID = points.OperationID(someAccount) }, fault.InvalidValue},
		"an account id that isn't one":     {func(in *Intake) { in.Operation.Account = "x" }, fault.InvalidValue},
		"an unknown kind":                  {func(in *Intake) { in.Operation.Kind = "spend" }, fault.InvalidValue},
		"a negative amount":                {func(in *Intake) { in.Details.AmountMinor = -1 }, fault.OutOfRange},
		"an amount over the limit":         {func(in *Intake) { in.Details.AmountMinor = quantity.MaxMinor + 1 }, fault.OutOfRange},
		"no currency":                      {func(in *Intake) { in.Details.Currency = "" }, fault.InvalidValue},
		"a time that can't be read":        {func(in *Intake) { in.Details.OccurredAt = "yesterday" }, fault.InvalidValue},
		"a text that is too long":          {func(in *Intake) { in.Details.Store = strings.Repeat("x", points.MaxTextLength+1) }, fault.InvalidValue},
		"custody for what is no debit":     {func(in *Intake) { in.Custody = true }, fault.InvalidValue},
		"custody for what has a signature": {func(in *Intake) { *in = redeem(someAccount, 1, "r"); in.Operation.Authorisation = signed }, fault.InvalidValue},
		"a lookup without an opening":      {func(in *Intake) { in.Lookup = "00" }, fault.InvalidValue},
		"no points":                        {func(in *Intake) { *in = redeem(someAccount, 0, "r") }, fault.OutOfRange},
		"points over the limit":            {func(in *Intake) { *in = redeem(someAccount, quantity.MaxPoints+1, "r") }, fault.OutOfRange},
		"an operation over the limit": {func(in *Intake) {
			*in = redeem(someAccount, 1, "r")
			long := *signed
			long.Mandate.Quote = strings.Repeat("x", maxOperation)
			in.Custody, in.Operation.Authorisation = false, &long
		}, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			in := earn(someAccount, 1, "r")
			c.change(&in)
			if _, err := p.Accept(context.Background(), in); fault.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	if pending, err := w.store.PendingOperations(context.Background()); err != nil || len(pending) != 0 {
		t.Errorf("%d operations are recorded (%v)", len(pending), err)
	}
}

func TestTheSameRequestIsAnsweredByTheSameOperation(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	in := earn(account, 7, "r1")
	in.IdempotencyKey, in.RequestHash = "k1", sha256.Sum256([]byte("seven pounds"))
	first := p.must(in)
	again := p.must(in)
	await(t, first, again)
	in.IdempotencyKey = "k2"
	renamed := p.must(in)
	for _, ticket := range []Ticket{again, renamed} {
		if !ticket.Duplicate || ticket.Operation.ID != first.Operation.ID {
			t.Errorf("the same receipt was taken twice")
		}
	}
	select {
	case <-renamed.Done:
	default:
		t.Error("the ticket of an operation that is done isn't")
	}
	w.decidedOnce(first.Operation.ID)
}

func TestTheSameRequestInOneCallIsTakenOnce(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	results := p.AcceptAll(context.Background(), []Intake{earn(account, 7, "r1"), earn(account, 7, "r1"), earn(account, 8, "r1")})
	if results[0].Err != nil || results[1].Err != nil || results[0].Ticket.Operation.ID != results[1].Ticket.Operation.ID {
		t.Errorf("the same receipt twice in one call: %v, %v", results[0], results[1])
	}
	if fault.CodeOf(results[2].Err) != fault.NaturalConflict {
		t.Errorf("the same receipt with another amount: %v", results[2].Err)
	}
	await(t, results[0].Ticket, results[1].Ticket)
	w.decidedOnce(results[0].Ticket.Operation.ID)
}

func TestAKeyOrAReceiptNumberWithOtherContentIsAConflict(t *testing.T) {
	_, p := start(t)
	account := p.opened(1)[0]
	in := earn(account, 7, "r1")
	in.IdempotencyKey, in.RequestHash = "k1", sha256.Sum256([]byte("seven"))
	p.must(in)
	other := earn(account, 8, "r2")
	other.IdempotencyKey, other.RequestHash = "k1", sha256.Sum256([]byte("eight"))
	if _, err := p.Accept(context.Background(), other); fault.CodeOf(err) != fault.IdempotencyConflict {
		t.Errorf("the same key with another request: %v", err)
	}
	other.Caller = "another till"
	p.must(other)
	for name, change := range map[string]func(*Intake){
		"another amount":   func(in *Intake) { in.Details.AmountMinor++ },
		"another account":  func(in *Intake) { in.Operation.Account = someAccount },
		"another time":     func(in *Intake) { in.Details.OccurredAt = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) },
		"another currency": func(in *Intake) { in.Details.Currency = "EUR" },
	} {
		changed := in
		changed.IdempotencyKey = "k3"
		change(&changed)
		if _, err := p.Accept(context.Background(), changed); fault.CodeOf(err) != fault.NaturalConflict {
			t.Errorf("the same receipt number with %s: %v", name, err)
		}
	}
}

func TestTheSameCustomerGetsTheSameAccount(t *testing.T) {
	_, p := start(t)
	in := opening()
	in.Lookup = p.hasher.Lookup("+44 20 7946 0000")
	first := p.must(in)
	in.IdempotencyKey = "another"
	second := p.must(in)
	if first.Operation.Account != second.Operation.Account || !second.Duplicate {
		t.Errorf("one customer has accounts %s and %s", first.Operation.Account, second.Operation.Account)
	}
	await(t, second)
}

func TestAnOperationOnAnAccountThatIsBeingOpenedWaitsForIt(t *testing.T) {
	w, p := start(t)
	w.setFaults(nil, once(lost))
	open := opening()
	open.Operation.Account = someAccount
	results := p.AcceptAll(context.Background(), []Intake{open, earn(someAccount, 7, "r1")})
	await(t, results[0].Ticket, results[1].Ticket)
	if got := w.posted(someAccount); got != 7 {
		t.Errorf("the account has %d points, want 7", got)
	}
}

func TestOverloadAndOversizeRefuseTheWholeCall(t *testing.T) {
	w, p := start(t, func(s *Settings) { s.Backlog = 3 })
	account := p.opened(1)[0]
	w.setFaults(func(*wire.BatchRequest) error { return unavailable() }, nil)
	p.must(earn(account, 1, "r1"))
	results := p.AcceptAll(context.Background(), []Intake{earn(account, 1, "r2"), earn(account, 1, "r3"), earn(account, 1, "r4")})
	for _, r := range results {
		if fault.CodeOf(r.Err) != fault.Overloaded {
			t.Errorf("got %v, want OVERLOADED", r.Err)
		}
	}
	results = p.AcceptAll(context.Background(), make([]Intake, MaxIntakes+1))
	if fault.CodeOf(results[0].Err) != fault.TooLarge {
		t.Errorf("got %v, want TOO_LARGE", results[0].Err)
	}
}

func TestNothingIsAcceptedBeforeThePastIsResolvedNorAfterTheEnd(t *testing.T) {
	w, p := start(t)
	p.kill()
	if _, err := p.Accept(context.Background(), opening()); fault.CodeOf(err) != fault.NotReady {
		t.Errorf("after the end: %v", err)
	}
	w.setFaults(func(*wire.BatchRequest) error { return unavailable() }, nil)
	again := w.launch()
	defer again.kill()
	if _, err := again.Accept(context.Background(), opening()); fault.CodeOf(err) != fault.NotReady {
		t.Errorf("before the lanes are fenced: %v", err)
	}
	if err := again.Ready(); fault.CodeOf(err) != fault.NotReady {
		t.Errorf("readiness says %v", err)
	}
}

func TestAFailedWriteLeavesNothingBehind(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := p.Accept(context.Background(), earn(account, 1, "r1"))
	var coded *fault.Error
	if !errors.As(err, &coded) {
		t.Errorf("the failure has no code: %v", err)
	}
	if n := p.backlog(); n != 0 {
		t.Errorf("%d operations are waiting", n)
	}
}

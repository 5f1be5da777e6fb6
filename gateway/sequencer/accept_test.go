package sequencer

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

const someAccount = points.AccountID("00112233445566778899aabbccddeeff")

func TestAnIntakeOfTheWrongFormIsRefusedAndNothingIsRecorded(t *testing.T) {
	w, p := start(t)
	signed := &points.Authorisation{Mandate: points.Mandate{Format: points.MandateFormat, ID: string(someAccount)}}
	for name, c := range map[string]struct {
		change func(*Intake)
		code   fault.Code
	}{
		"an id of the caller's choice":  {func(in *Intake) { in.Operation.ID = points.OperationID(someAccount) }, fault.InvalidValue},
		"an approval of no id":          {func(in *Intake) { *in = adjust("", someAccount, 5) }, fault.InvalidValue},
		"an approval of what is no id":  {func(in *Intake) { *in = adjust("x", someAccount, 5) }, fault.InvalidValue},
		"an account id that isn't one":  {func(in *Intake) { in.Operation.Account = "x" }, fault.InvalidValue},
		"an unknown kind":               {func(in *Intake) { in.Operation.Kind = "spend" }, fault.InvalidValue},
		"a negative amount":             {func(in *Intake) { in.Details.AmountMinor = -1 }, fault.OutOfRange},
		"an amount over the limit":      {func(in *Intake) { in.Details.AmountMinor = quantity.MaxMinor + 1 }, fault.OutOfRange},
		"no currency":                   {func(in *Intake) { in.Details.Currency = "" }, fault.InvalidValue},
		"a time that can't be read":     {func(in *Intake) { in.Details.OccurredAt = "yesterday" }, fault.InvalidValue},
		"a text that is too long":       {func(in *Intake) { in.Details.Store = strings.Repeat("x", points.MaxTextLength+1) }, fault.InvalidValue},
		"custody for what nobody signs": {func(in *Intake) { in.Custody = true }, fault.InvalidValue},
		"custody for a referenced return": {func(in *Intake) {
			in.Custody, in.Operation.Kind, in.Operation.Whole, in.Operation.Original = true, points.KindReturn, true, someReceipt(someAccount)
		}, fault.InvalidValue},
		"custody for what has a signature": {func(in *Intake) { *in = redeem(someAccount, 1, "r"); in.Operation.Authorisation = signed }, fault.InvalidValue},
		"a lookup without an opening":      {func(in *Intake) { in.Lookup = "00" }, fault.InvalidValue},
		"no points":                        {func(in *Intake) { *in = redeem(someAccount, 0, "r") }, fault.InvalidValue},
		"points over the limit":            {func(in *Intake) { *in = redeem(someAccount, quantity.MaxPoints+1, "r") }, fault.OutOfRange},
		"an operation over the limit": {func(in *Intake) {
			in.Operation.Kind = points.KindReturn
			in.Operation.Original = &points.Original{
				Receipt: points.Receipt{Operation: points.OperationID(someAccount), Kind: points.KindEarn, Shop: strings.Repeat("x", maxOperation)},
				Proof:   points.InclusionProof{MSP: issuer, Seq: 1, Size: 1},
			}
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
	if pending, err := w.store.PendingOperations(context.Background(), "airline"); err != nil || len(pending) != 0 {
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

func TestAKeyWithAnotherRequestIsAConflict(t *testing.T) {
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
}

func TestAReceiptNumberStandsForOneContent(t *testing.T) {
	_, p := start(t)
	accounts := p.opened(2)
	bought := earn(accounts[0], 7, "r1")
	bought.Details.Channel, bought.Details.Tags = "shop", []string{"spring"}
	bought.Details.Lines = []points.Line{{Category: "food", AmountMinor: 300}, {Category: "wine", AmountMinor: 400}}
	spent := redeem(accounts[0], 1, "r1")
	spent.Details.Item, spent.Details.Pieces = "mug", 1
	back := earn(accounts[0], 1, "r1")
	back.Operation.Kind, back.Custody = points.KindReturn, true
	held := hold(accounts[0], 5, time.Now().Add(time.Minute).Unix(), "r1")
	for _, in := range []Intake{bought, spent, back, held} {
		p.must(in)
	}
	lines := slices.Clone(bought.Details.Lines)
	lines[0].Category = "wine"
	for name, c := range map[string]struct {
		in     Intake
		change func(*Intake)
	}{
		"another amount":   {back, func(in *Intake) { in.Details.AmountMinor++ }},
		"another account":  {bought, func(in *Intake) { in.Operation.Account = accounts[1] }},
		"another time":     {bought, func(in *Intake) { in.Details.OccurredAt = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) }},
		"another currency": {bought, func(in *Intake) { in.Details.Currency = "EUR" }},
		"other lines":      {bought, func(in *Intake) { in.Details.Lines = lines }},
		"other tags":       {bought, func(in *Intake) { in.Details.Tags = nil }},
		"another channel":  {bought, func(in *Intake) { in.Details.Channel = "web" }},
		"another event":    {bought, func(in *Intake) { in.Details.Event = "review" }},
		"a shop":           {bought, func(in *Intake) { in.Operation.Shop = "corner" }},
		"a late claim":     {bought, func(in *Intake) { in.Operation.Claim = strings.Repeat("ab", 32) }},
		"other points":     {spent, func(in *Intake) { in.Operation.Points++ }},
		"another item":     {spent, func(in *Intake) { in.Details.Item = "cup" }},
		"more pieces":      {spent, func(in *Intake) { in.Details.Pieces++ }},
		"a discount":       {spent, func(in *Intake) { in.Details.AmountMinor, in.Details.Currency = 100, "GBP" }},
		"another purpose":  {held, func(in *Intake) { in.Operation.Purpose = points.PurposeAllowance }},
		"another note":     {held, func(in *Intake) { in.Details.Note = "for later" }},
		"the original receipt": {back, func(in *Intake) {
			in.Custody, in.Operation.Whole, in.Operation.Original = false, true, someReceipt(accounts[0])
		}},
	} {
		c.change(&c.in)
		if _, err := p.Accept(context.Background(), c.in); fault.CodeOf(err) != fault.NaturalConflict {
			t.Errorf("the same receipt number with %s: %v", name, err)
		}
	}
}

// someReceipt is a purchase's receipt with a proof of the right form.
func someReceipt(account points.AccountID) *points.Original {
	return &points.Original{
		Receipt: points.Receipt{V: 1, Operation: points.OperationID(someAccount), Kind: points.KindEarn, Account: account, Outcome: points.Accepted},
		Proof:   points.InclusionProof{MSP: issuer, Seq: 1, Size: 1},
	}
}

func TestARepeatedRequestMayDifferInWhatItsTimeAndItsSignatureDecide(t *testing.T) {
	_, p := start(t)
	account := p.opened(1)[0]
	first := hold(account, 5, time.Now().Add(time.Minute).Unix(), "r1")
	ticket := p.must(first)
	for name, change := range map[string]func(*Intake){
		"a later end":        func(in *Intake) { in.Operation.Until += 7 },
		"another challenge":  func(in *Intake) { in.Details.Challenge = "pin:11" },
		"another place salt": func(in *Intake) { in.Details.PlaceSalt = "another" },
		"a signature of its own": func(in *Intake) {
			in.Custody, in.Operation.Authorisation = false, &points.Authorisation{Mandate: points.Mandate{Format: points.MandateFormat, ID: string(someAccount)}}
		},
	} {
		again := first
		change(&again)
		if got, err := p.Accept(context.Background(), again); err != nil || got.Operation.ID != ticket.Operation.ID {
			t.Errorf("the same hold with %s: %v", name, err)
		}
	}
}

func TestAnApprovedOperationRunsUnderItsIDOnce(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	in := adjust(points.OperationID(random.Hex(idBytes)), account, 50)
	w.approve(&in.Operation)
	first := p.must(in)
	in.IdempotencyKey = "another"
	again := p.must(in)
	await(t, first, again)
	if first.Operation.ID != in.Operation.ID || !again.Duplicate || again.Operation.ID != first.Operation.ID {
		t.Errorf("operation %s was taken as %s, then as %s", in.Operation.ID, first.Operation.ID, again.Operation.ID)
	}
	changed := in
	changed.Operation.Points, changed.IdempotencyKey = 51, "a third"
	purchased := adjust(p.must(earn(account, 1, "r1")).Operation.ID, account, 1)
	for name, other := range map[string]Intake{"another content": changed, "the id of a purchase": purchased} {
		w.approve(&other.Operation) // As no ledger lets them: an id is approved once.
		if _, err := p.Accept(context.Background(), other); fault.CodeOf(err) != fault.AlreadyExists {
			t.Errorf("an adjustment with %s: %v", name, err)
		}
	}
	w.decidedOnce(first.Operation.ID)
	eventually(t, "the purchase", func() bool { return w.posted(account) == 51 })
}

func TestWhatNobodyHasApprovedIsNotRecordedAndCanComeAgain(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	in := adjust(points.OperationID(random.Hex(idBytes)), account, 50)
	if _, err := p.Accept(context.Background(), in); fault.CodeOf(err) != fault.ApprovalMissing {
		t.Errorf("before its approval: %v", err)
	}
	w.approve(&in.Operation)
	dearer := in
	dearer.Operation.Points = 5000
	if _, err := p.Accept(context.Background(), dearer); fault.CodeOf(err) != fault.ApprovalMissing {
		t.Errorf("with other points than were approved: %v", err)
	}
	const past = int64((points.ApprovalSeconds + 1) * time.Second)
	w.ahead.Add(past)
	if _, err := p.Accept(context.Background(), in); fault.CodeOf(err) != fault.ApprovalMissing {
		t.Errorf("with an approval that has lapsed: %v", err)
	}
	w.ahead.Add(-past)
	if r := p.done(in); r.Code != fault.OK || r.Approver != "HotelMSP" {
		t.Errorf("after its approval: %s, approved by %q", r.Code, r.Approver)
	}
	if got := w.posted(account); got != 50 {
		t.Errorf("the account has %d points, want 50", got)
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

func TestOperationsAcceptedTogetherStandTogetherInIndexes(t *testing.T) {
	const second = 0x6789abcd
	seen := map[points.OperationID]bool{}
	for range 100 {
		id := operationID(time.Unix(second, 999_999_999))
		if err := id.Validate(); err != nil || !strings.HasPrefix(string(id), "6789abcd") || seen[id] {
			t.Errorf("id %s: %v", id, err)
		}
		seen[id] = true
	}
	if later := operationID(time.Unix(second+1, 0)); !strings.HasPrefix(string(later), "6789abce") {
		t.Errorf("a second later the id is %s", later)
	}
}

func TestAnIDTellsWhenItWasDrawn(t *testing.T) {
	now := time.Unix(1_770_000_000, 0)
	if at := DrawnAt(operationID(now)); !at.Equal(now) {
		t.Errorf("drawn at %s, want %s", at, now)
	}
	for _, id := range []points.OperationID{"", "69807f80", points.OperationID(strings.Repeat("z", 2*idBytes))} {
		if at := DrawnAt(id); !at.IsZero() {
			t.Errorf("%q was drawn at %s", id, at)
		}
	}
}

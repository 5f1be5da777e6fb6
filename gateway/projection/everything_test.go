package projection

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/store"
)

var issuer = owner{"airline", "AirlineMSP", "AirlineMSP"}

// everything is a ledger with every kind of operation, and a database of the issuer's that has all of it.
func everything(t *testing.T) (*ledgertest.Ledger, *ledgertest.Programme, *store.Store) {
	t.Helper()
	l := ledgertest.New(t, "airline", "grocer")
	l.Found()
	p := l.Everything(0)
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	project(t, s, l, 0, l.Height())
	return l, p, s
}

// project writes blocks from (included) to (excluded) in one go.
func project(t *testing.T, s *store.Store, l *ledgertest.Ledger, from, to uint64) {
	t.Helper()
	projectDelivered(t, s, l, from, to, func(*blocks.Delivered) {})
}

func projectDelivered(t *testing.T, s *store.Store, l *ledgertest.Ledger, from, to uint64, change func(*blocks.Delivered)) {
	t.Helper()
	e := newEffects(issuer, known(t, s))
	var err error
	if e.exposures, err = knownExposures(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for n := from; n < to; n++ {
		d := l.Block(n)
		change(&d)
		b, err := d.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if err := e.add(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Project(context.Background(), e.changes); err != nil {
		t.Fatal(err)
	}
}

// accountsOf are the programme's accounts as the ledger has them.
func accountsOf(t *testing.T, l *ledgertest.Ledger, s *store.Store) []*points.Account {
	t.Helper()
	rows, err := s.Reader().Query(`SELECT id FROM accounts ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []*points.Account
	for rows.Next() {
		var id points.AccountID
		a := new(points.Account)
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		if err := wire.DecodeRecord(l.State("points-airline", engine.AccountKey(id)), a); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func TestOneWriteOfAllBlocksEqualsOneWriteForEach(t *testing.T) {
	l, _, whole := everything(t)
	single, overlapping := open(t, filepath.Join(t.TempDir(), "s.db")), open(t, filepath.Join(t.TempDir(), "o.db"))
	for n := range l.Height() {
		project(t, single, l, n, n+1)
		project(t, overlapping, l, n-min(n, 3), n+1)
		project(t, overlapping, l, 0, n/2+1)
	}
	want := dump(t, whole)
	if got := dump(t, single); got != want {
		t.Errorf("one by one:\n%s\nall at once:\n%s", got, want)
	}
	if got := dump(t, overlapping); got != want {
		t.Errorf("with blocks that are there already:\n%s\nall at once:\n%s", got, want)
	}
}

func TestAccountsAreDueExactlyWhenASweepFindsSomething(t *testing.T) {
	l, p, s := everything(t)
	frozen := p.Open()
	p.Batch(0, []ledgertest.Item{frozen})
	l.Cut()
	p.Batch(0, []ledgertest.Item{p.Freeze(frozen.Operation.Account), p.Hold(accountsOf(t, l, s)[0].ID, 1, 600)})
	l.Cut()
	p.Batch(0, []ledgertest.Item{p.Earn(frozen.Operation.Account, 1_000)}) // All it has is in suspense.
	l.Cut()
	for _, step := range []struct {
		days    quantity.Day
		seconds int64
	}{{1, 0}, {1, 90}, {20, 0}, {45, 700}, {400, 0}} {
		p.AdvanceTo(today(t, l) + step.days)
		p.Now += step.seconds
		project(t, s, l, 0, l.Height())
		due, err := store.NewReads(s.Reader()).Due(t.Context(), "airline", today(t, l), p.Now+1, 100)
		if err != nil {
			t.Fatal(err)
		}
		all := accountsOf(t, l, s)
		var sweep []ledgertest.Item
		for _, a := range all {
			sweep = append(sweep, p.Expire(a.ID))
		}
		event, _ := p.Batch(0, sweep)
		l.Cut()
		for i, r := range event.Receipts {
			if want := slices.Contains(due, all[i].ID); (r.Code == fault.OK) != want {
				t.Errorf("%d days and %d seconds later account %s is due: %v; its sweep gives %s", step.days, step.seconds, all[i].ID, want, r.Code)
			}
		}
	}
}

func TestColumnsSayWhatTheLedgersRecordsSay(t *testing.T) {
	l, _, s := everything(t)
	sums := points.Account{}
	for _, a := range accountsOf(t, l, s) {
		var posted, held, debt quantity.Points
		if err := s.Reader().QueryRow(`SELECT posted, held, debt FROM accounts WHERE id = ?`, string(a.ID)).Scan(&posted, &held, &debt); err != nil {
			t.Fatal(err)
		}
		if posted != a.Posted || held != a.Held || debt != a.Debt {
			t.Errorf("account %s: posted %d, held %d, debt %d; the ledger has %+v", a.ID, posted, held, debt, a)
		}
		sums.Posted, sums.Held, sums.Debt = sums.Posted+posted, sums.Held+held, sums.Debt+debt
	}
	if sums.Posted == 0 || sums.Held == 0 || sums.Debt == 0 {
		t.Errorf("nothing to compare: %+v", sums)
	}
}

func today(t *testing.T, l *ledgertest.Ledger) quantity.Day {
	t.Helper()
	var p points.Programme
	if err := wire.DecodeRecord(l.State("points-airline", engine.ProgrammeKey()), &p); err != nil {
		t.Fatal(err)
	}
	return p.BusinessDate
}

func TestRecordsAreTheLedgers(t *testing.T) {
	l, _, s := everything(t)
	reads := store.NewReads(s.Reader())
	for _, c := range []struct{ object, id, key string }{
		{engine.ObjectTerms, store.VersionID(1), engine.TermsKey(1)}, {engine.ObjectTerms, store.VersionID(2), engine.TermsKey(2)},
		{engine.ObjectRuleSet, store.VersionID(1), engine.RuleSetKey(1)}, {engine.ObjectPrices, store.VersionID(1), engine.PricesKey(1)},
		{engine.ObjectShop, ledgertest.Shop, engine.ShopKey(ledgertest.Shop)},
	} {
		body, err := reads.Record(t.Context(), "airline", c.object, c.id)
		if want := l.State("points-airline", c.key); err != nil || string(body) != string(want) {
			t.Errorf("%s %s is %s (%v), the ledger has %s", c.object, c.id, body, err, want)
		}
	}
	approvals, err := reads.Records(t.Context(), "airline", engine.ObjectApproval, "", 200)
	if err != nil || len(approvals) != 5 {
		t.Fatalf("%d approvals, %v", len(approvals), err)
	}
	for _, a := range approvals {
		if want := l.State("points-airline", engine.ApprovalKey(points.OperationID(a.ID))); string(a.Body) != string(want) {
			t.Errorf("approval %s is %s, the ledger has %s", a.ID, a.Body, want)
		}
	}
}

func TestStatementFollowsFromTheProjection(t *testing.T) {
	l, p, s := everything(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, filepath.Join(t.TempDir(), "s.db"))
	for n := range l.Height() {
		project(t, s, l, n, n+1)
	}
	p.AdvanceTo(today(t, l) + 10)
	project(t, s, l, 0, l.Height())
	reads := store.NewReads(s.Reader())
	totals, err := reads.Totals(t.Context(), "airline")
	if err != nil {
		t.Fatal(err)
	}
	outstanding, err := totals.Outstanding()
	if err != nil {
		t.Fatal(err)
	}
	begun := quantity.DayOf(ledgertest.Start)
	for _, from := range []quantity.Day{0, begun, begun + 1, begun + 70, begun + 80} {
		b, value, err := reads.StatementBook(t.Context(), "airline", from)
		if err != nil {
			t.Fatal(err)
		}
		st, err := statement.Of(b, value)
		if err != nil {
			t.Fatalf("from %s: %v", from, err)
		}
		if st.Closing.Outstanding != outstanding || st.Closing.Held != heldOf(t, &totals) || st.To != today(t, l) || st.From != from {
			t.Errorf("from %s to %s: %+v, the lanes have %d outstanding", st.From, st.To, st.Closing, outstanding)
		}
		before := totals
		if from > begun {
			before = points.Totals{Expired: totals.Expired, Issued: 2} // All that happened on day 70.
		}
		if from > begun+70 {
			before = points.Totals{}
		}
		if st.Summary.Expired != before.Expired || st.Summary.Issued != before.Issued || st.Summary.Redeemed != before.Redeemed {
			t.Errorf("from %s: %+v, want %+v", from, st.Summary, before)
		}
	}
	if _, _, err := reads.StatementBook(t.Context(), "nobody", 0); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("an unknown programme: %v", err)
	}
}

func heldOf(t *testing.T, totals *points.Totals) quantity.Points {
	t.Helper()
	held, err := totals.Held()
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestEveryReceiptOfOnesOwnCanBeDisclosed(t *testing.T) {
	_, _, s := everything(t)
	all := recoveredOperations(t, s)
	for _, o := range all {
		id := o.ID
		var receipt points.Receipt
		if err := wire.DecodeRecord(o.Receipt, &receipt); err != nil {
			t.Fatal(err)
		}
		if o.Shop != receipt.Shop || o.To != receipt.To || o.Kind != receipt.Kind {
			t.Errorf("operation %s was recovered as %+v", id, o)
		}
		d, err := store.NewReads(s.Reader()).Disclosed(t.Context(), id)
		if err != nil || wire.VerifyDisclosed(d, &receipt) != nil || d.Details.Operation != id {
			t.Errorf("operation %s: %+v, %v", id, d, err)
		}
	}
	if len(all) < 40 {
		t.Errorf("only %d operations", len(all))
	}
}

func recoveredOperations(t *testing.T, s *store.Store) []store.Operation {
	t.Helper()
	rows, err := s.Reader().Query(`SELECT id FROM operations`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []store.Operation
	for rows.Next() {
		var id points.OperationID
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		o, err := s.Operation(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

func TestDetailsThatThePeerDidNotDeliverAreDisclosedByThePinsSalt(t *testing.T) {
	l := ledgertest.New(t, "airline", "grocer")
	l.Found()
	p := l.Create(0)
	account := p.Open()
	earn := p.Earn(account.Operation.Account, 700)
	p.Batch(5, []ledgertest.Item{account, earn})
	l.Cut()
	for name, c := range map[string]struct {
		pin  *store.Pin
		code fault.Code
	}{
		"its own pin": {&store.Pin{Lane: 5, Seq: 1, Salt: ledgertest.Salt}, fault.OK}, "another salt": {&store.Pin{Lane: 5, Seq: 1, Salt: "00"}, fault.NotFound},
		"the pin of another place": {&store.Pin{Lane: 5, Seq: 2, Salt: ledgertest.Salt}, fault.NotFound}, "no pin": {nil, fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, filepath.Join(t.TempDir(), "g.db"))
			rows := accept(t, s, l, account, earn)
			if c.pin != nil {
				c.pin.Operations = rows
				if err := s.Pin(t.Context(), "airline", "AirlineMSP", *c.pin); err != nil {
					t.Fatal(err)
				}
			}
			projectDelivered(t, s, l, 0, l.Height(), func(d *blocks.Delivered) { d.Private = nil })
			d, err := store.NewReads(s.Reader()).Disclosed(t.Context(), earn.Operation.ID)
			if (err == nil) != (c.code == fault.OK) || err != nil && fault.CodeOf(err) != c.code {
				t.Errorf("%+v, %v", d, err)
			}
		})
	}
}

func TestNobodyElsesOperationIsDisclosed(t *testing.T) {
	l := ledgertest.New(t, "airline", "grocer")
	l.Found()
	grocer := l.Create(1)
	account := grocer.Open()
	grocer.Batch(0, []ledgertest.Item{account})
	l.Cut()
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	project(t, s, l, 0, l.Height())
	waiting := grocer.Open()
	accept(t, s, l, waiting)
	for _, id := range []points.OperationID{account.Operation.ID, waiting.Operation.ID, "unknown"} {
		if d, err := store.NewReads(s.Reader()).Disclosed(t.Context(), id); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%+v, %v", d, err)
		}
	}
}

func TestPastAccrualsAreEventsForADryRun(t *testing.T) {
	l := ledgertest.New(t, "airline", "grocer")
	l.Found()
	p := l.Create(0)
	begun := quantity.DayOf(ledgertest.Start)
	p.PublishRuleSet(ledgertest.EventRules(1, begun))
	a, b := p.Open(), p.Open()
	p.Batch(0, []ledgertest.Item{a, b, p.Refer(a.Operation.Account, b.Operation.Account), p.Refer(a.Operation.Account, b.Operation.Account)}) // Referred once.
	l.Cut()
	p.AdvanceTo(begun + 40)
	shopping := p.Earn(a.Operation.Account, 2_550)
	shopping.Details.Lines = []points.Line{{Category: "fish", AmountMinor: 1_000}, {Category: "wine", AmountMinor: 1_550}}
	shopping.Details.Channel, shopping.Details.Tags = "app", []string{"summer"}
	p.Batch(0, []ledgertest.Item{shopping, p.Earn("00000000000000000000000000000000", 100)})
	l.Cut()
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	project(t, s, l, 0, l.Height())
	reads := store.NewReads(s.Reader())
	events, err := reads.Events(t.Context(), "airline", store.MaxEvents)
	if err != nil {
		t.Fatal(err)
	}
	at := func(day quantity.Day) string { return day.String() + "T10:00:00Z" }
	want := []rules.DatedEvent{
		{Customer: string(a.Operation.Account), Day: begun, Event: rules.Event{Type: rules.Referral, Store: "1", OccurredAt: at(begun)}},
		{Customer: string(b.Operation.Account), Day: begun, Event: rules.Event{Type: rules.Referrer, Store: "1", OccurredAt: at(begun)}},
		{Customer: string(a.Operation.Account), Day: begun + 40, Event: rules.Event{
			Type: rules.Purchase, AmountMinor: 2_550, Currency: "GBP", Store: "1", Channel: "app", OccurredAt: at(begun + 40), Tags: []string{"summer"},
			Categories: []rules.CategoryAmount{{Category: "fish", Minor: 1_000}, {Category: "wine", Minor: 1_550}},
		}},
	}
	if !reflect.DeepEqual(events, want) {
		t.Errorf("got  %+v\nwant %+v", events, want)
	}
	program, err := rules.Compile(ledgertest.EventRules(1, begun))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := rules.Compare(program, program, events); err != nil || c.Old != 50+20+25+25 || c.OldRefused != 0 {
		t.Errorf("the rules give %+v for them (%v)", c, err)
	}
	if last, err := reads.Events(t.Context(), "airline", 2); err != nil || !reflect.DeepEqual(last, want[1:]) {
		t.Errorf("the last two are %+v (%v)", last, err)
	}
	l.Create(1)
	project(t, s, l, 0, l.Height())
	if none, err := reads.Events(t.Context(), "grocer", 10); err != nil || len(none) != 0 {
		t.Errorf("another programme has %+v (%v)", none, err)
	}
	for _, limit := range []int{0, store.MaxEvents + 1} {
		if _, err := reads.Events(t.Context(), "airline", limit); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

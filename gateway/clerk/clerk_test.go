package clerk_test

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/clerk"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
)

// patience bounds waits for what must come.
const patience = time.Minute

// office is a member's gateway as far as the clerk is concerned.
type office struct {
	*clerk.Clerk
	t          *testing.T
	ledger     *ledgertest.Ledger
	projection *projection.Projection
	store      *store.Store
	facade     *ledgertest.Facade
	registry   *prometheus.Registry
}

func (d *day) office(member string) *office {
	d.t.Helper()
	s, err := store.Open(d.t.Context(), filepath.Join(d.t.TempDir(), member+".db"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { s.Close() })
	o := &office{t: d.t, ledger: d.Ledger, store: s, facade: d.As(d.Member(member).Gateway), registry: prometheus.NewRegistry()}
	log := slog.New(slog.DiscardHandler)
	o.projection = projection.New(projection.Settings{Sources: []projection.Source{d.Peer(member)}, Store: s, Member: member, Log: log, Metrics: prometheus.NewRegistry()}, func(projection.Outcome) {})
	go func() { _ = o.projection.Run(d.t.Context()) }()
	o.Clerk = clerk.New(clerk.Settings{
		Member: member, MSP: ledgertest.MSPOf(member), Reads: store.NewClearingReads(s.Reader()), Ledger: o.facade, Treasurer: d.As(d.Member(member).Treasurer),
		Interval: time.Second, Now: func() time.Time { return time.Unix(d.Now, 0) }, Log: log, Metrics: o.registry,
	})
	return o
}

// wait lets the clerk see everything.
func (o *office) wait() {
	o.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if seen, _ := o.projection.Height(); seen == o.ledger.Height() {
			break
		}
		if time.Now().After(end) {
			o.t.Fatal(o.projection.Ready())
		}
	}
}

// work lets the clerk see everything, then do what there is to do.
func (o *office) work() {
	o.t.Helper()
	o.wait()
	if err := o.Work(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// day is a ledger on which the airline deals with the hotel and the grocer.
type day struct {
	*ledgertest.Ledger
	t                 *testing.T
	airline           *ledgertest.Programme
	flyer             points.AccountID
	hotels, groceries *ledgertest.Pair
}

func newDay(t *testing.T) *day {
	t.Helper()
	l := ledgertest.New(t, "airline", "grocer", "hotel")
	l.Found()
	d := &day{Ledger: l, t: t, airline: l.Create(0), hotels: l.Pair("airline", "hotel"), groceries: l.Pair("airline", "grocer")}
	l.Create(1)
	l.Create(2)
	for _, p := range []*ledgertest.Pair{d.hotels, d.groceries} {
		p.Allocate([2]quantity.Minor{160_000, 160_000})
		p.Agree(p.Terms(1))
	}
	flyer := d.airline.Open()
	d.flyer = flyer.Operation.Account
	d.airline.Batch(0, []ledgertest.Item{flyer})
	l.Cut()
	d.airline.Batch(0, []ledgertest.Item{d.airline.Earn(d.flyer, 50_000_000)})
	l.Cut()
	return d
}

func (d *day) redeem(p *ledgertest.Pair, n quantity.Points) fault.Code {
	d.t.Helper()
	d.airline.Now = max(d.airline.Now, d.Now)
	event, _ := p.Exchange(d.airline, p.B, 0, []ledgertest.Item{d.airline.RedeemAt(p.B.Name, d.flyer, n)})
	d.Cut()
	return event.Home.Receipts[0].Code
}

func (d *day) status(number int64) clearing.WindowStatus { return d.Window(number).Status }

// until lets the clerks work until a window has come so far.
func (d *day) until(number int64, status clearing.WindowStatus, offices ...*office) {
	d.t.Helper()
	for range 20 {
		if d.status(number) == status {
			return
		}
		for _, o := range offices {
			o.work()
		}
	}
	d.t.Fatalf("window %d stays %s", number, d.status(number))
}

func TestClerksBringAWindowFromItsCloseToSettlementAndPayNothing(t *testing.T) {
	d := newDay(t)
	d.redeem(d.hotels, 100)
	d.redeem(d.groceries, 70)
	airline, hotel, grocer := d.office("airline"), d.office("hotel"), d.office("grocer")
	airline.work()
	if d.status(1) != clearing.WindowOpen {
		t.Fatal("the window was rolled before its close")
	}
	d.Now = d.Window(1).ClosesAt
	d.until(1, clearing.WindowSettling, airline, hotel, grocer)
	if w := d.Window(1); len(w.Undisclosed) != 0 || w.Roll.Reason != "" {
		t.Errorf("%+v", w)
	}
	for range 3 {
		airline.work()
		hotel.work()
		grocer.work()
	}
	if d.status(1) != clearing.WindowSettling || d.status(2) != clearing.WindowOpen {
		t.Errorf("the windows are %s and %s", d.status(1), d.status(2))
	}
	for _, place := range d.Window(1).Legs {
		var l clearing.Leg
		if err := wire.DecodeRecord(d.State(engine.ClearingChaincode, engine.LegKey("GBP", 1, place.From, place.To)), &l); err != nil || len(l.Entries) != 0 {
			t.Errorf("%+v, %v", l, err)
		}
	}
	for _, o := range []*office{airline, hotel, grocer} {
		if alarms := o.Alarms(); len(alarms) != 0 {
			t.Errorf("%+v", alarms)
		}
		o.tookNothingInVain()
	}
}

// tookNothingInVain wants no step of the clerk's to have been refused.
func (o *office) tookNothingInVain() {
	o.t.Helper()
	families, err := o.registry.Gather()
	if err != nil {
		o.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "tally_clerk_steps_total" && l.GetName() == "outcome" && l.GetValue() != "done" {
					o.t.Errorf("steps were refused: %v", m)
				}
			}
		}
	}
}

func TestOneClerkAloneIsEnoughAfterTheTerms(t *testing.T) {
	d := newDay(t)
	d.redeem(d.hotels, 100)
	hotel := d.office("hotel")
	d.Now = d.Window(1).ClosesAt
	d.until(1, clearing.WindowClosing, hotel)
	hotel.work()
	if d.status(1) != clearing.WindowClosing {
		t.Fatalf("the window is %s while the other pair may disclose", d.status(1))
	}
	d.Now = d.Window(1).DiscloseBy
	d.until(1, clearing.WindowNetted, hotel)
	hotel.work()
	if d.status(1) != clearing.WindowNetted {
		t.Fatalf("the window is %s while the airline may sign", d.status(1))
	}
	d.Now = d.Window(1).SignBy
	d.until(1, clearing.WindowSettling, hotel)
	hotel.tookNothingInVain()
	if w := d.Window(1); len(w.Undisclosed) != 1 || w.Undisclosed[0].B != "grocer" {
		t.Errorf("carried are %+v", w.Undisclosed)
	}
	d.Now = d.Window(1).PayBy + 1
	hotel.work()
	var l clearing.Leg
	if err := wire.DecodeRecord(d.State(engine.ClearingChaincode, engine.LegKey("GBP", 1, "airline", "hotel")), &l); err != nil || !l.Late || l.Status != clearing.LegNotified {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestAPairThatMissedAWindowIsDisclosedWithTheNext(t *testing.T) {
	d := newDay(t)
	d.redeem(d.hotels, 100)
	hotel, grocer := d.office("hotel"), d.office("grocer")
	d.Now = d.Window(1).ClosesAt
	d.until(1, clearing.WindowClosing, grocer)
	d.Now = d.Window(1).DiscloseBy
	d.until(1, clearing.WindowNetted, grocer)
	if code := d.redeem(d.hotels, 11); code != fault.OK {
		t.Fatal(code)
	}
	d.Now = d.Window(2).ClosesAt
	d.until(2, clearing.WindowClosing, grocer)
	d.until(2, clearing.WindowNetted, hotel, grocer)
	var p clearing.Position
	if err := wire.DecodeRecord(d.State(engine.ClearingChaincode, engine.PositionKey("GBP", 2, "hotel")), &p); err != nil || p.Net != 111 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAPositionThatIsNotWhatTheOwnDataMakeIsNotSigned(t *testing.T) {
	d := newDay(t)
	d.redeem(d.hotels, 100)
	hotel, grocer := d.office("hotel"), d.office("grocer")
	window := d.Roll()
	d.hotels.Disclose(window)
	d.groceries.Disclose(window)
	q := wire.WindowQuery{Currency: "GBP", Number: window}
	d.Public(d.Brands[0].Gateway, wire.FnCloseWindow, q)
	// A majority with another chaincode writes one minor unit more into the result, root and position included.
	if _, err := d.Submit(ledgertest.Proposal{
		Caller: d.Brands[0].Gateway, Chaincode: engine.ClearingChaincode, Function: wire.FnNetWindow, Document: d.Encode(q), Time: d.Now, Endorsers: d.BrandPeers(),
		Tamper: func(e *engine.Effects) { forge(d, e, window) },
	}); err != nil {
		t.Fatal(err)
	}
	d.Cut()
	for range 3 {
		hotel.work()
	}
	alarms := hotel.Alarms()
	if len(alarms) != 1 || alarms[0].Kind != clerk.AlarmPosition || alarms[0].Window != window || alarms[0].Member != "hotel" {
		t.Errorf("%+v", alarms)
	}
	if n := gauge(t, hotel.registry); n != 1 {
		t.Errorf("the gauge shows %v", n)
	}
	var p clearing.Position
	if err := wire.DecodeRecord(d.State(engine.ClearingChaincode, engine.PositionKey("GBP", window, "hotel")), &p); err != nil || p.Signed != nil {
		t.Errorf("%+v, %v", p, err)
	}
	grocer.work()
	if len(grocer.Alarms()) != 0 {
		t.Errorf("without a position: %+v", grocer.Alarms())
	}
}

// forge changes a netting's result by one minor unit, and everything that names it.
func forge(d *day, e *engine.Effects, window int64) {
	root := ""
	for i, w := range e.Writes {
		if w.Key != engine.NettingKey("GBP", window) {
			continue
		}
		var n clearing.Netting
		if err := wire.DecodeRecord(w.Value, &n); err != nil {
			d.t.Fatal(err)
		}
		n.Settled[0].Amount++
		for j := range n.Positions {
			if n.Positions[j].Net > 0 {
				n.Positions[j].Net++
			} else {
				n.Positions[j].Net--
			}
		}
		n.Payments[0].Amount++
		e.Writes[i].Value = d.Encode(n)
		hash, err := wire.Hash(n)
		if err != nil {
			d.t.Fatal(err)
		}
		root = hash
	}
	for i, w := range e.Writes {
		switch w.Key {
		case engine.PositionKey("GBP", window, "hotel"):
			e.Writes[i].Value = d.Encode(clearing.Position{V: 1, Currency: "GBP", Window: window, Member: "hotel", Net: 101, Root: root})
		case engine.WindowKey("GBP", window):
			var there clearing.Window
			if err := wire.DecodeRecord(w.Value, &there); err != nil {
				d.t.Fatal(err)
			}
			there.Root = root
			e.Writes[i].Value = d.Encode(there)
		}
	}
}

// gauge is how many alarms the metrics show.
func gauge(t *testing.T, r *prometheus.Registry) int {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "tally_clerk_alarms" {
			return int(f.GetMetric()[0].GetGauge().GetValue())
		}
	}
	return -1
}

func TestNothingIsDisclosedWhileDataOfThePairIsMissingOrDoesNotAddUp(t *testing.T) {
	d := newDay(t)
	d.redeem(d.hotels, 100)
	hotel := d.office("hotel")
	window := d.Roll()
	write := func(q string) {
		if err := hotel.store.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(q); return err }); err != nil {
			t.Fatal(err)
		}
	}
	hotel.wait()
	write(`INSERT INTO clearing_gaps (block, tx, collection) VALUES (3, 0, 'pair-airline-hotel')`)
	hotel.work()
	if a := hotel.Alarms(); len(a) != 1 || a[0].Kind != clerk.AlarmGap {
		t.Errorf("%+v", a)
	}
	write(`DELETE FROM clearing_gaps`)
	write(`UPDATE obligations SET a_owes = a_owes - 1`)
	hotel.work()
	if a := hotel.Alarms(); len(a) != 2 || a[1].Kind != clerk.AlarmDisclosure {
		t.Errorf("%+v", a)
	}
	if d.State(engine.ClearingChaincode, engine.PairNetsKey("GBP", window, "airline", "hotel")) != nil {
		t.Error("the net was disclosed")
	}
	write(`UPDATE obligations SET a_owes = a_owes + 1`)
	hotel.work()
	if a := hotel.Alarms(); len(a) != 0 || d.State(engine.ClearingChaincode, engine.PairNetsKey("GBP", window, "airline", "hotel")) == nil {
		t.Errorf("%+v", a)
	}
}

func TestRoomIsMovedToTheLaneThatRunsShortOfIt(t *testing.T) {
	d := newDay(t)
	if code := d.redeem(d.hotels, 9_000); code != fault.OK { // Of 10,000 in each lane.
		t.Fatal(code)
	}
	if code := d.redeem(d.hotels, 5_000); code != fault.Limit {
		t.Fatal(code)
	}
	hotel := d.office("hotel")
	hotel.work()
	if code := d.redeem(d.hotels, 5_000); code != fault.OK {
		t.Errorf("after the move: %s", code)
	}
	hotel.wait()
	lanes, err := store.All[clearing.PairLane](t.Context(), store.NewClearingReads(hotel.store.Reader()), store.ClearingList{Collection: d.hotels.Collection(), Object: engine.ObjectPairLane})
	if err != nil {
		t.Fatal(err)
	}
	var sum quantity.Micro
	for i := range lanes {
		sum += lanes[i].Slice[clearing.AOwesB]
	}
	if sum > 160_000_000_000 {
		t.Errorf("slices make %d", sum)
	}
}

func TestAClerkWhoseLedgerIsGoneTriesAgain(t *testing.T) {
	d := newDay(t)
	hotel := d.office("hotel")
	d.Now = d.Window(1).ClosesAt
	hotel.facade.Fail = fault.New(fault.LedgerUnavailable, "gone")
	hotel.work()
	if d.status(1) != clearing.WindowOpen {
		t.Fatal("rolled without a ledger")
	}
	hotel.facade.Fail = nil
	hotel.work()
	if d.status(1) != clearing.WindowClosing {
		t.Errorf("the window is %s", d.status(1))
	}
}

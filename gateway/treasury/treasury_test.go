package treasury_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// desk is a ledger on which the airline deals with the hotel and the grocer, and databases of its members.
type desk struct {
	*ledgertest.Ledger
	t                 *testing.T
	airline           *ledgertest.Programme
	flyer             points.AccountID
	hotels, groceries *ledgertest.Pair
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	l := ledgertest.New(t, "airline", "grocer", "hotel")
	l.Found()
	d := &desk{Ledger: l, t: t, airline: l.Create(0), hotels: l.Pair("airline", "hotel"), groceries: l.Pair("airline", "grocer")}
	l.Create(1)
	l.Create(2)
	for _, p := range []*ledgertest.Pair{d.hotels, d.groceries} {
		p.Allocate([2]quantity.Minor{32_000, 32_000})
		terms := p.Terms(1)
		terms.Sides[0].Acceptance = quantity.Ratio{Num: 1, Den: 3} // A third of a minor unit per point: something is left of every net.
		p.Agree(terms)
	}
	flyer := d.airline.Open()
	d.flyer = flyer.Operation.Account
	d.airline.Batch(0, []ledgertest.Item{flyer})
	l.Cut()
	d.airline.Batch(0, []ledgertest.Item{d.airline.Earn(d.flyer, 5_000_000)})
	l.Cut()
	return d
}

// trade commits operations on the airline's accounts at a partner's till.
func (d *desk) trade(p *ledgertest.Pair, items ...ledgertest.Item) []points.Receipt {
	d.t.Helper()
	event, _ := p.Exchange(d.airline, p.B, 0, items)
	d.Cut()
	for _, r := range event.Home.Receipts {
		if r.Code != fault.OK {
			d.t.Fatalf("%s is refused: %s", r.Kind, r.Code)
		}
	}
	return event.Home.Receipts
}

func (d *desk) redeem(partner string, n quantity.Points) ledgertest.Item {
	return d.airline.RedeemAt(partner, d.flyer, n)
}

// reads is the read model of a member, as of now.
func (d *desk) reads(member string) (*store.Store, *store.ClearingReads) {
	d.t.Helper()
	s, err := store.Open(d.t.Context(), filepath.Join(d.t.TempDir(), member+".db"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { s.Close() })
	p := projection.New(projection.Settings{
		Sources: []projection.Source{d.Peer(member)}, Store: s, Member: member, Regulator: member == "regulator", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: prometheus.NewRegistry(),
	}, func(projection.Outcome) {})
	ended := make(chan error, 1)
	go func() { ended <- p.Run(d.t.Context()) }()
	select {
	case <-p.CaughtUp():
	case err := <-ended:
		d.t.Fatal(err)
	case <-time.After(time.Minute):
		d.t.Fatal(p.Ready())
	}
	return s, store.NewClearingReads(s.Reader())
}

// net brings a window to NETTED.
func (d *desk) net() int64 {
	d.t.Helper()
	window := d.Roll()
	d.hotels.Disclose(window)
	d.groceries.Disclose(window)
	d.Net(window)
	return window
}

func TestAStatementAddsUpThroughRoundingDisputesAndWindows(t *testing.T) {
	d := newDesk(t)
	disputed := d.trade(d.hotels, d.redeem("hotel", 100), d.airline.AwardBy("hotel", d.flyer, 3))[0]
	d.trade(d.groceries, d.redeem("grocer", 1_000))
	_, reads := d.reads("airline")
	s, _ := d.reads("airline")
	evidence, err := treasury.Evidence(t.Context(), reads, store.NewReads(s.Reader()), disputed.Operation)
	if err != nil {
		t.Fatal(err)
	}
	evidence.Reason = "not delivered"
	d.Public(d.hotels.A.Treasurer, wire.FnFileDispute, evidence)
	first := d.net()
	d.Sign(first)
	d.trade(d.hotels, d.redeem("hotel", 50))
	d.Public(d.hotels.A.Treasurer, wire.FnWithdrawDispute, wire.DisputeStep{Currency: "GBP", Programme: "airline", Operation: disputed.Operation, Member: "airline"})
	second := d.net()
	d.Sign(second)
	for _, member := range []string{"airline", "hotel", "grocer"} {
		_, reads := d.reads(member)
		for _, window := range []int64{first, second} {
			got, err := treasury.StatementOf(t.Context(), reads, member, "GBP", window)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range got.Checks {
				if !c.Holds {
					t.Errorf("%s, window %d: %+v", member, window, c)
				}
			}
			if len(got.Checks) < 4 && member != "grocer" {
				t.Errorf("%s, window %d: only %d checks", member, window, len(got.Checks))
			}
			if got.Position == nil && member == "hotel" {
				t.Errorf("window %d: the hotel has no position", window)
			}
		}
	}
	_, reads = d.reads("hotel")
	got, err := treasury.StatementOf(t.Context(), reads, "hotel", "GBP", first)
	if err != nil || len(got.Pairs) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	// 33.333333 owed for the redemption, 6 to be paid for the award: 27; of that 33 is disputed.
	if p := got.Pairs[0]; p.Booked != 27_333_333 || p.Nets[0].Net != 27 || p.Nets[0].After != 333_333 || len(p.Aside) != 1 || p.Aside[0].Amount != -33 || got.Position.Net != -6 {
		t.Errorf("%+v, position %+v", p, got.Position)
	}
	got, err = treasury.StatementOf(t.Context(), reads, "hotel", "GBP", second)
	if p := got.Pairs[0]; err != nil || p.Nets[0].Before != 333_333 || p.Nets[0].Net != 17 || len(p.Aside) != 1 || p.Aside[0].Amount != 33 || got.Position.Net != 50 {
		t.Errorf("%+v, position %+v (%v)", p, got.Position, err)
	}
}

func TestADisputedLineFallsDueByItselfAfterItsTerm(t *testing.T) {
	d := newDesk(t)
	disputed := d.trade(d.hotels, d.redeem("hotel", 300))[0]
	s, reads := d.reads("airline")
	evidence, err := treasury.Evidence(t.Context(), reads, store.NewReads(s.Reader()), disputed.Operation)
	if err != nil {
		t.Fatal(err)
	}
	evidence.Reason = "not delivered"
	d.Public(d.hotels.A.Treasurer, wire.FnFileDispute, evidence)
	for range 4 {
		d.net()
	}
	_, reads = d.reads("hotel")
	for window, want := range map[int64]quantity.Minor{1: -100, 2: 0, 3: 0, 4: 100} {
		got, err := treasury.StatementOf(t.Context(), reads, "hotel", "GBP", window)
		if err != nil {
			t.Fatal(err)
		}
		var aside quantity.Minor
		for _, p := range got.Pairs {
			for _, l := range p.Aside {
				aside += l.Amount
			}
		}
		if aside != want {
			t.Errorf("window %d: disputes make %d, want %d", window, aside, want)
		}
		for _, c := range got.Checks {
			if !c.Holds {
				t.Errorf("window %d: %+v", window, c)
			}
		}
	}
}

func TestAStatementSaysWhatDoesNotAddUp(t *testing.T) {
	d := newDesk(t)
	d.trade(d.hotels, d.redeem("hotel", 100))
	window := d.net()
	s, reads := d.reads("hotel")
	if err := s.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE obligations SET a_owes = a_owes + 1`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	got, err := treasury.StatementOf(t.Context(), reads, "hotel", "GBP", window)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range got.Checks {
		if c.Holds == (c.Name == treasury.CheckDisclosed) {
			t.Errorf("%+v", c)
		}
	}
	if _, err := treasury.Recompute(t.Context(), reads, treasury.Signatory{Member: "hotel", By: "hotel"}, "GBP", window); fault.CodeOf(err) != fault.ClearingMismatch {
		t.Errorf("a position is recomputed from other obligations: %v", err)
	}
}

func TestAMemberComputesItsPositionItself(t *testing.T) {
	d := newDesk(t)
	d.trade(d.hotels, d.redeem("hotel", 100))
	d.trade(d.groceries, d.redeem("grocer", 1_000))
	window := d.net()
	for member, net := range map[string]quantity.Minor{"airline": -366, "hotel": 33, "grocer": 333} {
		_, reads := d.reads(member)
		got, err := treasury.Recompute(t.Context(), reads, treasury.Signatory{Member: member, By: member}, "GBP", window)
		if err != nil || got.Net != net || got.Root != d.Window(window).Root {
			t.Errorf("%s: %+v, %v", member, got, err)
		}
	}
}

func TestARootThatNettingDoesNotGiveIsFound(t *testing.T) {
	d := newDesk(t)
	d.trade(d.hotels, d.redeem("hotel", 100))
	window := d.net()
	s, reads := d.reads("hotel")
	for name, forge := range map[string]string{
		"another root":   `UPDATE clearing_records SET body = CAST(replace(body, '"root":"', '"root":"0') AS BLOB) WHERE object = 'window' AND id LIKE '%1'`,
		"another net":    `UPDATE clearing_history SET body = CAST(replace(body, '"net":33', '"net":34') AS BLOB) WHERE object = 'pairnets'`,
		"another record": `UPDATE clearing_records SET body = CAST(replace(body, '"net":"33', '"net":"34') AS BLOB) WHERE object = 'tally'`,
	} {
		undo := []string{`DROP TABLE IF EXISTS kept_r`, `DROP TABLE IF EXISTS kept_h`, `CREATE TABLE kept_r AS SELECT * FROM clearing_records`, `CREATE TABLE kept_h AS SELECT * FROM clearing_history`}
		redo := []string{`DELETE FROM clearing_records`, `DELETE FROM clearing_history`, `INSERT INTO clearing_records SELECT * FROM kept_r`, `INSERT INTO clearing_history SELECT * FROM kept_h`}
		run := func(list ...string) {
			if err := s.Write(t.Context(), func(tx *store.Tx) error {
				for _, q := range list {
					if _, err := tx.Exec(q); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		run(append(undo, forge)...)
		if got, err := treasury.Recompute(t.Context(), reads, treasury.Signatory{Member: "hotel", By: "hotel"}, "GBP", window); fault.CodeOf(err) != fault.ClearingMismatch {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		run(redo...)
	}
}

func TestLimitsCountWhatIsUsedAndReservedInAllLanes(t *testing.T) {
	d := newDesk(t)
	d.trade(d.hotels, d.redeem("hotel", 300), d.airline.HoldAt("hotel", d.flyer, 600, 600), d.airline.AwardBy("hotel", d.flyer, 7))
	_, reads := d.reads("airline")
	got, err := treasury.LimitsOf(t.Context(), reads, clearing.Pair{A: "airline", B: "hotel"})
	if err != nil || len(got.Lanes) != clearing.PairLaneCount || got.Used != [2]quantity.Micro{100_000_000, 14_000_000} || got.Reserved != [2]quantity.Micro{200_000_000, 0} || got.Percent != [2]int64{0, 0} {
		t.Errorf("%+v, %v", got, err)
	}
	var slices quantity.Micro
	for _, l := range got.Lanes {
		slices += l.Slice[clearing.AOwesB]
	}
	if slices != 32_000_000_000 {
		t.Errorf("the slices make %d", slices)
	}
	position, err := treasury.Intraday(t.Context(), reads, clearing.Pair{A: "airline", B: "hotel"}, "GBP", 1)
	if err != nil || position.Owed != got.Used || position.Net != 86_000_000 || position.Count != 2 {
		t.Errorf("%+v, %v", position, err)
	}
	if pairs, err := treasury.PairsOf(t.Context(), reads, "grocer"); err != nil || len(pairs) != 1 {
		t.Errorf("%v, %v", pairs, err)
	}
}

func TestAStatementIsATableWithAllColumnsInEveryLine(t *testing.T) {
	d := newDesk(t)
	d.trade(d.hotels, d.redeem("hotel", 100))
	window := d.net()
	d.Sign(window)
	d.Pay(window)
	_, reads := d.reads("hotel")
	s, err := treasury.StatementOf(t.Context(), reads, "hotel", "GBP", window)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := treasury.WriteCSV(&out, s); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll() // Refuses lines of different lengths.
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, r := range rows {
		found[r[0]] = strings.Join(r, ",")
	}
	for record, want := range map[string]string{
		"window": "SETTLED", "obligations": "redemption,airline,hotel,1,1,33333333", "net": "33333333,,0,333333,33", "position": "SIGNED", "leg": "airline,hotel,,,,,,,33,FINAL", "payment": "RECEIVED,BANK1",
		"check": "true",
	} {
		if !strings.Contains(found[record], want) {
			t.Errorf("%s: %q", record, found[record])
		}
	}
}

package audit

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// bazaar is a market whose grocer trades with both others too.
type bazaar struct {
	*market
	grocer      *ledgertest.Programme
	withAirline *ledgertest.Pair
	withHotel   *ledgertest.Pair
}

func tradeAll(t *testing.T) *bazaar {
	t.Helper()
	b := &bazaar{market: trade(t)}
	b.grocer = b.create(1)
	b.withAirline, b.withHotel = b.agree("airline", "grocer"), b.agree("grocer", "hotel")
	return b
}

func (b *bazaar) pairs() []*ledgertest.Pair {
	return []*ledgertest.Pair{b.withAirline, b.pair, b.withHotel}
}

// collections are those of all pairs.
func (b *bazaar) collections() []string {
	return []string{b.pair.Collection(), b.withAirline.Collection(), b.withHotel.Collection()}
}

// chain has two pairs book something in the open window: the airline owes the grocer, and the grocer the hotel.
func (b *bazaar) chain() *wire.ExchangeEvent {
	b.t.Helper()
	b.pass(1)
	event, _ := b.withAirline.Exchange(b.airline, b.grocer.Brand, 0, []ledgertest.Item{b.airline.RedeemAt("grocer", b.flyer, 151)})
	b.withHotel.Exchange(b.hotel, b.grocer.Brand, 0, []ledgertest.Item{b.hotel.AwardBy("grocer", b.guest, 77)})
	b.Cut()
	return event
}

// discloseAll rolls a window and has all pairs disclose it.
func (b *bazaar) discloseAll(window int64) {
	b.t.Helper()
	b.roll(window)
	for _, p := range b.pairs() {
		b.disclose(p, window)
	}
}

// close brings a window from OPEN to CLOSED.
func (b *bazaar) close(window int64) {
	b.t.Helper()
	b.discloseAll(window)
	b.shut(window)
}

// settle brings a window from OPEN to SETTLED.
func (b *bazaar) settle(window int64) {
	b.t.Helper()
	b.close(window)
	b.net(window)
	b.sign(window)
	b.start(window)
	b.Pay(window)
}

// passes audits the ledger as the regulator, as a member of two pairs, and as somebody who is in none.
func (b *bazaar) passes(t *testing.T) *Statement {
	t.Helper()
	for name, hidden := range map[string][]string{"nobody's": b.collections(), "a member's": {b.withHotel.Collection()}} {
		if s := audit(t, b.saved(t, hidden...), Options{}); s.Verdict != VerdictPassed {
			t.Fatalf("%s: %v", name, s.Finding)
		}
	}
	s := audit(t, b.saved(t), Options{})
	if s.Verdict != VerdictPassed {
		t.Fatalf("%v", s.Finding)
	}
	return s
}

func TestWindowsAreReplayedFromOpenToSettled(t *testing.T) {
	b := tradeAll(t)
	b.everything()
	b.chain()
	b.settle(1)
	disputed := b.chain()
	b.passes(t)
	step := b.dispute(b.withAirline, &disputed.Home, 0)
	b.withAirline.Release = 1
	b.chain()
	b.withAirline.Release = 0
	b.settle(2)
	b.passes(t)
	b.clear(b.withAirline.B.Treasurer, wire.FnUpholdDispute, step)
	b.chain()
	b.settle(3)
	s := b.passes(t)
	c := s.Clearing[0]
	if len(c.Windows) != 4 || c.Open != 4 || len(c.Pairs) != 3 {
		t.Fatalf("%+v", c)
	}
	for _, w := range c.Windows[:3] {
		if w.Status != clearing.WindowSettled || len(w.Disclosed) != 3 || w.Receipts == 0 {
			t.Errorf("window %d: %+v", w.Number, w)
		}
	}
	text := new(strings.Builder)
	if err := s.WriteText(text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"window 1: SETTLED, 8 batches, 13 accepted operations", "hotel owes airline 24 net (24.433333 of window 1)", "position of airline: -52, signed",
		"airline pays grocer 22: FINAL, 22 paid, 22 received", "window 4: OPEN", "│ hotel   │ swap (fee) │", "airline and grocer, replayed from its data",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in the statement:\n%s", want, text)
		}
	}
}

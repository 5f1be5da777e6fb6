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
	withAirline *ledgertest.Trade
	withHotel   *ledgertest.Trade
}

func tradeAll(t *testing.T) *bazaar {
	t.Helper()
	b := &bazaar{market: trade(t)}
	b.grocer = b.Create(1)
	b.withAirline, b.withHotel = b.Trade(b.airline, b.grocer, 100_000), b.Trade(b.grocer, b.hotel, 100_000)
	return b
}

func (b *bazaar) trades() []*ledgertest.Trade {
	return []*ledgertest.Trade{b.withAirline, b.pair, b.withHotel}
}

// chain has every pair book something in the open window: the airline owes the grocer, and the grocer the hotel.
func (b *bazaar) chain(t *testing.T) *wire.ExchangeEvent {
	t.Helper()
	event, _ := b.withAirline.Exchange(b.grocer, b.airline, 0, []ledgertest.Item{b.airline.With(b.grocer, b.airline.Redeem(b.flyer, 151))})
	b.withHotel.Exchange(b.grocer, b.hotel, 0, []ledgertest.Item{b.hotel.Award(b.grocer, b.guest, 77)})
	b.Cut()
	return event
}

// settle brings a window from CLOSING to SETTLED.
func (b *bazaar) settle(t *testing.T, window int64) {
	t.Helper()
	for _, d := range b.trades() {
		d.Disclose(window)
	}
	b.Shut(window)
	b.Net(window)
	b.Sign(window)
	b.Settle(window)
	b.Pay(window)
}

func (b *bazaar) passes(t *testing.T) *Statement {
	t.Helper()
	for name, hidden := range map[string][]string{
		"public": {b.pair.Collection(), b.withAirline.Collection(), b.withHotel.Collection()}, "half": {b.withHotel.Collection()},
	} {
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
	b.everything(t)
	b.chain(t)
	b.Roll()
	disputed := b.chain(t)
	b.passes(t)
	b.settle(t, 1)
	b.passes(t)
	step := b.withAirline.Dispute(b.airline, &disputed.Home, 0)
	b.Roll()
	b.withAirline.Release = 1
	b.chain(t)
	b.settle(t, 2)
	b.passes(t)
	b.Clear(b.withAirline.B.Brand.Treasurer, wire.FnUpholdDispute, wire.DisputeStep{Currency: step.Currency, Programme: step.Programme, Operation: step.Operation, Member: "grocer"})
	b.Roll()
	b.settle(t, 3)
	s := b.passes(t)
	c := s.Clearing[0]
	if len(c.Windows) != 4 || c.Open != 4 {
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

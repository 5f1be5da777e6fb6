package ledgertest_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

func TestAWindowIsTradedInNettedAndSettled(t *testing.T) {
	l, p := agreed(t)
	airline, hotel := l.Programme("airline"), l.Programme("hotel")
	a, b := airline.Open(), hotel.Open()
	airline.Batch(0, []ledgertest.Item{a})
	hotel.Batch(0, []ledgertest.Item{b})
	l.Cut()
	airline.Batch(0, []ledgertest.Item{airline.Earn(a.Operation.Account, 50_000)})
	l.Cut()
	held := airline.HoldAt("hotel", a.Operation.Account, 30, 600)
	event, _ := p.Exchange(airline, p.B, 0, []ledgertest.Item{
		airline.RedeemAt("hotel", a.Operation.Account, 20), held, airline.AwardBy("hotel", a.Operation.Account, 5), airline.Swap("hotel", a.Operation.Account, b.Operation.Account, 40),
	})
	l.Cut()
	for _, r := range event.Home.Receipts {
		if r.Outcome != points.Accepted {
			t.Errorf("%s is refused: %s", r.Kind, r.Code)
		}
	}
	if event.Partner == nil || len(event.Partner.Receipts) != 1 {
		t.Fatalf("%+v", event.Partner)
	}
	p.Exchange(airline, p.A, 0, []ledgertest.Item{airline.RedeemAt("hotel", a.Operation.Account, 7)})
	l.Cut()
	window := l.Roll()
	p.Disclose(window)
	l.Net(window)
	l.Sign(window)
	l.Pay(window)
	if w := l.Window(window); w.Status != clearing.WindowSettled {
		t.Errorf("the window is %s", w.Status)
	}
	var position clearing.Position
	if err := wire.DecodeRecord(l.State(engine.ClearingChaincode, engine.PositionKey("GBP", window, "hotel")), &position); err != nil || position.Net != 20-2*5+40+7 {
		t.Errorf("%+v, %v", position, err)
	}
}

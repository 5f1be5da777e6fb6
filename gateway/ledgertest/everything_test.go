package ledgertest_test

import (
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

func TestEverythingHasEveryKindOfOperationEveryCauseAndOneRefusal(t *testing.T) {
	l := ledgertest.New(t, "airline", "grocer")
	l.Found()
	l.Everything(0)
	accepted, refused, causes := map[points.Kind]int{}, 0, map[lots.Cause]bool{}
	for n := range l.Height() {
		b, err := l.Block(n).Decode()
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range b.Transactions {
			if tx.Event == nil {
				continue
			}
			if !tx.Valid() {
				t.Errorf("block %d: transaction %s is not valid: %s", n, tx.ID, tx.Code)
			}
			var event wire.BatchEvent
			if err := wire.DecodeRecord(tx.Event.Payload, &event); err != nil {
				t.Fatal(err)
			}
			for _, r := range event.Receipts {
				for _, m := range slices.Concat(r.Moves, r.ToMoves) {
					causes[m.Cause] = true
				}
				if r.Outcome == points.Accepted {
					accepted[r.Kind]++
				} else if refused++; refused > 1 {
					t.Errorf("block %d: %s is refused: %s", n, r.Kind, r.Code)
				}
			}
		}
	}
	for _, k := range points.HomeKinds() {
		if accepted[k] == 0 {
			t.Errorf("no %s was accepted", k)
		}
	}
	for _, c := range []lots.Cause{
		lots.Accrued, lots.Received, lots.Restored, lots.Adjusted, lots.Redeemed, lots.Captured, lots.Sent, lots.Delivered, lots.Recovered, lots.Repaid, lots.Expired,
		lots.Forfeited, lots.Pinned, lots.Released,
	} {
		if !causes[c] {
			t.Errorf("no points were %s", c)
		}
	}
	for _, key := range []string{engine.TermsKey(2), engine.RuleSetKey(1), engine.PricesKey(1), engine.ShopKey(ledgertest.Shop)} {
		if l.State("points-airline", key) == nil {
			t.Errorf("%s is not there", engine.ReadableKey(key))
		}
	}
}

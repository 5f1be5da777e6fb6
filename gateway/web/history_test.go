package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func moves(cause lots.Cause, n quantity.Points) []lots.Move {
	return []lots.Move{{Lot: lots.Lot{Points: n}, Cause: cause}}
}

func TestHistoryTellsWhatEachReceiptDidToTheCustomersOwnPoints(t *testing.T) {
	own, other := points.AccountID(mine), points.AccountID(theirs)
	rows := []struct {
		receipt points.Receipt
		want    string
	}{
		{points.Receipt{Kind: points.KindEarn, Account: own, Points: 12, Moves: moves(lots.Accrued, 12)}, "Earned|+12"},
		{points.Receipt{Kind: points.KindEarn, Account: own, Points: 12, Moves: append(moves(lots.Expired, -3), moves(lots.Accrued, 12)...)}, "Earned|+12"},
		{points.Receipt{Kind: points.KindEarn, Account: own, Points: 12, DebtRepaid: 5, Moves: append(moves(lots.Accrued, 12), moves(lots.Repaid, -5)...)}, "Earned|+12"},
		{points.Receipt{Kind: points.KindRedeem, Account: own, Points: 10, Moves: moves(lots.Redeemed, -10)}, "Redeemed|-10"},
		{points.Receipt{Kind: points.KindHold, Account: own, Points: 8, Moves: moves(lots.Pinned, -8)}, "Reserved|–8 reserved"},
		{points.Receipt{Kind: points.KindCapture, Account: own, Points: 8, Moves: moves(lots.Captured, -8)}, "Redeemed from reserve|-8"},
		{points.Receipt{Kind: points.KindVoid, Account: own, Points: 8, Moves: moves(lots.Released, 8)}, "Reserve released|–8 free again"},
		{points.Receipt{Kind: points.KindReturn, Account: own, Points: 9, DebtIncurred: 4, Moves: moves(lots.Recovered, -5)}, "Return|-9"},
		{points.Receipt{Kind: points.KindReturn, Account: own, Points: 9, Moves: moves(lots.Restored, 9)}, "Return|+9"},
		{points.Receipt{Kind: points.KindTransfer, Account: own, To: other, Points: 7, Moves: moves(lots.Sent, -7), ToMoves: moves(lots.Received, 7)}, "Sent|-7"},
		{points.Receipt{Kind: points.KindTransfer, Account: other, To: own, Points: 7, Moves: moves(lots.Sent, -7), ToMoves: moves(lots.Received, 7)}, "Received|+7"},
		{points.Receipt{Kind: points.KindTransfer, Account: other, To: own, Points: 7, Moves: moves(lots.Pinned, -7)}, "Offered to you|–"},
		{points.Receipt{Kind: points.KindAccept, Account: own, To: other, Points: 7, Moves: moves(lots.Received, 7), ToMoves: moves(lots.Delivered, -7)}, "Accepted|+7"},
		{points.Receipt{Kind: points.KindAccept, Account: other, To: own, Points: 7, Moves: moves(lots.Received, 7), ToMoves: moves(lots.Delivered, -7)}, "Taken by the other|-7"},
		{points.Receipt{Kind: points.KindAward, Account: own, Points: 6, Moves: moves(lots.Deposited, 6)}, "Awarded|+6"},
		{points.Receipt{Kind: points.KindFold, Account: own, Points: 6, Moves: moves(lots.Folded, 6)}, "Credited|–"},
		{points.Receipt{Kind: points.KindExpire, Account: own, Points: 3, Moves: moves(lots.Expired, -3)}, "Expired|-3"},
		{points.Receipt{Kind: points.KindGift, Account: own, Points: 3, Outcome: points.Rejected, Code: fault.TransferRefused}, "Given · refused|–"},
	}
	entries := make([]any, len(rows))
	for i := range rows {
		r := &rows[i].receipt
		r.Programme = "airline"
		if r.Outcome == "" {
			r.Outcome = points.Accepted
		}
		entries[i] = map[string]any{"receipt": r, "block": 1, "transactionTime": time.Unix(1_700_000_000, 0).UTC()}
	}
	p := openPhone(t, map[string]any{
		"GET /v1/me/accounts":  map[string]any{"accounts": []any{position(mine, 500)}},
		"GET /v1/me/history":   map[string]any{"entries": entries},
		"GET /v1/me/transfers": map[string]any{"incoming": []any{}, "outgoing": []any{}},
	})
	p.visit("?history")
	var shown []string
	p.do(chromedp.Evaluate(`[...document.querySelectorAll("#history tr")].map((r) => r.children[1].innerText + "|" + r.children[3].innerText.replace(/\s*\n\s*/, ""))`, &shown))
	if len(shown) != len(rows) {
		t.Fatalf("%d rows: %v", len(shown), shown)
	}
	for i := range rows {
		if got := strings.TrimSpace(shown[i]); got != rows[i].want {
			t.Errorf("row %d reads %q, want %q", i, got, rows[i].want)
		}
	}
}

package engine_test

import (
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// anyBatch draws operations of every kind, good and bad, on a handful of accounts. known are receipts of earlier batches.
func anyBatch(t *rapid.T, seq int64, known []*points.Original) []pair {
	n := rapid.IntRange(0, 8).Draw(t, "operations")
	pairs := make([]pair, n)
	for i := range pairs {
		pairs[i] = anyOperation(t, int(seq)*100+i, known)
		pairs[i].details.Operation = pairs[i].op.ID
		spoil(t, &pairs[i])
	}
	return pairs
}

func anyAccount(t *rapid.T, label string) points.AccountID {
	return accountID(rapid.IntRange(1, 4).Draw(t, label))
}

func anyOperation(t *rapid.T, id int, known []*points.Original) pair {
	account, amount := anyAccount(t, "account"), quantity.Points(rapid.IntRange(1, 100).Draw(t, "points"))
	o := points.Operation{ID: operationID(id), Account: account, Kind: rapid.SampledFrom(points.HomeKinds()).Draw(t, "kind")}
	switch o.Kind {
	case points.KindOpen:
		return opening(id, account)
	case points.KindEarn:
		return anyAccrual(t, id, account)
	case points.KindReturn:
		return anyReturn(t, id, account, known)
	case points.KindRefer:
		o.To = anyAccount(t, "referrer")
		return pair{o, purchase(id, 0)}
	case points.KindRedeem:
		o.Points = amount
		return custody(o, discount(amount))
	case points.KindHold:
		o.Points, o.Until = amount, now+int64(rapid.IntRange(0, 4000).Draw(t, "until"))
		if rapid.Bool().Draw(t, "allowance") {
			o.Purpose = points.PurposeAllowance
		}
		return custody(o, points.Details{})
	case points.KindCapture:
		o.Points, o.Hold = amount, anyEarlier(t, id)
		return pair{o, discount(amount)}
	case points.KindVoid:
		o.Hold = anyEarlier(t, id)
		return custody(o, points.Details{})
	case points.KindTransfer:
		o.Points, o.To = amount, anyAccount(t, "to")
		return custody(o, points.Details{})
	case points.KindGift:
		o.Points, o.Claim = amount, points.ClaimHash(account, "code")
		return custody(o, points.Details{})
	case points.KindAccept:
		o.To, o.Hold, o.Claim = anyAccount(t, "sender"), anyEarlier(t, id), ""
		if rapid.Bool().Draw(t, "gift") {
			o.Claim = points.ClaimHash(o.To, "code")
		}
		return custody(o, points.Details{ClaimCode: rapid.SampledFrom([]string{"code", "other"}).Draw(t, "code")})
	case points.KindAdjust:
		o.Points, o.Reason = rapid.SampledFrom([]quantity.Points{-amount, amount}).Draw(t, "adjustment"), points.ReasonGoodwill
		return pair{o, points.Details{Note: "n"}}
	case points.KindRekey, points.KindRecover:
		o.Controller = &points.Controller{Kind: points.ControllerCustodian, Version: rapid.IntRange(1, 2).Draw(t, "version")}
		if o.Kind == points.KindRecover {
			return pair{o, points.Details{}}
		}
	case points.KindFreeze, points.KindUnfreeze:
		o.Reason = points.ReasonFraud
		return pair{o, points.Details{}}
	case points.KindExpire, points.KindComplete:
		return pair{o, points.Details{}}
	case points.KindClose:
		o.Points = rapid.SampledFrom([]quantity.Points{0, amount}).Draw(t, "forfeited")
	}
	return custody(o, points.Details{})
}

// discount is what points buy by the price list.
func discount(amount quantity.Points) points.Details {
	return points.Details{AmountMinor: int64(amount) / 2, Currency: "GBP"}
}

// anyEarlier names an operation of the last two batches, which may have made a hold.
func anyEarlier(t *rapid.T, id int) points.OperationID {
	return operationID(max(1, id-rapid.IntRange(1, 120).Draw(t, "earlier")))
}

func anyAccrual(t *rapid.T, id int, account points.AccountID) pair {
	p := accrual(id, account, rapid.Int64Range(0, 30000).Draw(t, "pence"))
	p.details.Event = string(rapid.SampledFrom([]rules.EventType{"", "", "", rules.Purchase, rules.SignUp, rules.Share}).Draw(t, "event"))
	switch rapid.IntRange(0, 5).Draw(t, "way") {
	case 0:
		p.op.Shop, p.details.Merchant = "kiosk", "kiosk"
	case 1:
		p.op.Claim = strings.Repeat("0a", 32)
	}
	return p
}

func anyReturn(t *rapid.T, id int, account points.AccountID, known []*points.Original) pair {
	if len(known) == 0 || rapid.IntRange(0, 3).Draw(t, "unreferenced") == 0 {
		o := points.Operation{ID: operationID(id), Kind: points.KindReturn, Account: account}
		p := custody(o, purchase(id, rapid.Int64Range(0, 6000).Draw(t, "pence")))
		m := p.op.Authorisation.Mandate
		m.MaxPoints = 50
		p.op.Authorisation = sign(custodian, m)
		return p
	}
	original := *rapid.SampledFrom(known).Draw(t, "receipt")
	p := giveBack(id, &original, rapid.Int64Range(0, 30000).Draw(t, "pence"))
	switch {
	case rapid.Bool().Draw(t, "whole"):
		p.op.Whole = true
	case original.Receipt.Kind.Redeems():
		p.op.Points = quantity.Points(rapid.IntRange(1, 100).Draw(t, "back"))
	}
	return p
}

// spoil makes some operations wrong in the ways in which details, mandates and receipts can be.
func spoil(t *rapid.T, p *pair) {
	switch rapid.SampledFrom([]string{"", "", "", "", "currency", "period", "limit", "place", "signature", "mandate", "receipt"}).Draw(t, "spoil") {
	case "currency":
		p.details.Currency = "EUR"
	case "period":
		p.details.OccurredAt = "2009-01-01T00:00:00Z"
	case "limit":
		p.details.AmountMinor, p.details.Currency = quantity.MaxMinor, "GBP"
	case "place":
		p.details.Merchant = "elsewhere"
	case "signature":
		if p.op.Authorisation != nil {
			p.op.Authorisation.Mandate.MaxPoints++
		}
	case "mandate":
		if p.op.Authorisation != nil {
			m := p.op.Authorisation.Mandate
			m.Receiver = accountID(99)
			p.op.Authorisation = sign(custodian, m)
		}
	case "receipt":
		if p.op.Original != nil {
			p.op.Original.Receipt.Points++
		}
	}
}

func TestObserverWithoutDetailsComesToTheSamePublicEffects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := founded(t)
		if rapid.Bool().Draw(t, "with rules") {
			l.do(t, wire.FnPublishRuleSet, doubled(1, today()), operator)
		}
		if rapid.Bool().Draw(t, "with prices") {
			l.do(t, wire.FnPublishPrices, prices(1, today(), 10), operator)
		}
		l.do(t, wire.FnPutShop, kiosk(), operator)
		l.submit(t, 0, 1, opening(1, accountID(1)), opening(2, accountID(2)), accrual(3, accountID(1), 20000))
		var known []*points.Original
		for seq := int64(2); seq <= 6; seq++ {
			known = append(known, l.observe(t, seq, known)...)
			if rapid.IntRange(0, 2).Draw(t, "later") == 0 {
				l.advance(t, l.programme(t).BusinessDate+quantity.Day(rapid.IntRange(1, 120).Draw(t, "days")))
			}
		}
	})
}

// observe runs a batch twice, with its details and as an observer, and gives the receipts that can be returned.
func (l *ledger) observe(t *rapid.T, seq int64, known []*points.Original) []*points.Original {
	pairs := anyBatch(t, seq, known)
	l.approveSome(t, pairs)
	call := batchCall(t, 0, seq, pairs...)
	full, err := engine.Points(call, l.state())
	if err != nil {
		t.Fatalf("batch %d: %v", seq, err)
	}
	event := eventOf(t, full)
	observed := call
	observed.Transient, observed.Observed = nil, &event
	seen, err := engine.Points(observed, l.state())
	if err != nil {
		t.Fatalf("observer of batch %d: %v", seq, err)
	}
	if len(seen.Private) != 0 {
		t.Fatalf("an observer writes private values")
	}
	seen.Private = full.Private
	if got, want := string(encode(t, seen)), string(encode(t, full)); got != want {
		t.Fatalf("batch %d: the observer comes to\n%s\nthe endorsers came to\n%s", seq, got, want)
	}
	l.points.commit(full)
	wantSound(t, l)
	var returnable []*points.Original
	for i, r := range event.Receipts {
		if r.Kind == points.KindEarn || r.Kind.Redeems() {
			returnable = append(returnable, prove(t, 0, seq, event.Receipts, i))
		}
	}
	return returnable
}

// approveSome has another brand approve some of the operations that need it.
func (l *ledger) approveSome(t *rapid.T, pairs []pair) {
	for i := range pairs {
		if pairs[i].op.Kind.NeedsApproval() && rapid.Bool().Draw(t, "approved") {
			l.do(t, wire.FnApprove, wire.Consent{Operation: pairs[i].op}, hotelOperator)
		}
	}
}

// wantSound checks the named invariants over the committed state.
func wantSound(t tester, l *ledger) {
	t.Helper()
	var total points.Totals
	var accounts []*points.Account
	for key, raw := range l.points {
		object, _, err := engine.ParseKey(key)
		if err != nil {
			t.Fatalf("%v", err)
		}
		switch object {
		case engine.ObjectLane:
			var lane points.Lane
			decodeRecord(t, raw, &lane)
			if total, err = total.Plus(lane.Totals); err != nil {
				t.Fatalf("%v", err)
			}
		case engine.ObjectAccount:
			a := new(points.Account)
			decodeRecord(t, raw, a)
			accounts = append(accounts, a)
			for name, holds := range points.AccountInvariants() {
				if err := holds(a); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		case engine.ObjectReversal:
			var r points.Reversal
			decodeRecord(t, raw, &r)
			if err := points.ReversalWithinAward(&r); err != nil {
				t.Fatalf("%v", err)
			}
		}
	}
	if err := points.SupplyEqualsBalances(total, accounts); err != nil {
		t.Fatalf("%v", err)
	}
	if err := points.OpenedEqualsAccounts(total, len(accounts)); err != nil {
		t.Fatalf("%v", err)
	}
}

func decodeRecord(t tester, raw []byte, v any) {
	t.Helper()
	if err := wire.DecodeRecord(raw, v); err != nil {
		t.Fatalf("%v", err)
	}
}

func TestObserverNoticesReceiptsThatDoNotFollow(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	call := batchCall(t, 0, 2, accrual(2, accountID(1), 1000), debit(3, accountID(1), "", 4))
	full, err := engine.Points(call, l.state())
	if err != nil {
		t.Fatal(err)
	}
	public := maps.Clone(l.points)
	public.commit(full)
	cases := []struct {
		name   string
		change func([]points.Receipt) []points.Receipt
	}{
		{"a redemption of less", func(r []points.Receipt) []points.Receipt { r[1].Points--; return r }},
		{"a balance from nowhere", func(r []points.Receipt) []points.Receipt { r[0].Posted++; return r }},
		{"an accrual that was refused", func(r []points.Receipt) []points.Receipt {
			r[0].Outcome, r[0].Code = points.Rejected, fault.AccountUnknown
			return r
		}},
		{"an order of its own", func(r []points.Receipt) []points.Receipt { r[0], r[1] = r[1], r[0]; return r }},
		{"a receipt fewer", func(r []points.Receipt) []points.Receipt { return r[:1] }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			event := eventOf(t, full)
			event.Receipts = c.change(event.Receipts)
			leaves, err := wire.Leaves(event.Receipts)
			if err != nil {
				t.Fatal(err)
			}
			claimed, err := wire.Root(leaves)
			if err != nil {
				t.Fatal(err)
			}
			observed := call
			observed.Transient, observed.Observed = nil, &event
			seen, err := engine.Points(observed, l.state())
			if err == nil && eventOf(t, seen).Root == claimed {
				t.Error("the altered receipts follow from the observed operations")
			}
		})
	}
}

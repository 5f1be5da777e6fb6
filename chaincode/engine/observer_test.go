package engine_test

import (
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// anyBatch draws operations of every kind, good and bad, on a handful of accounts.
func anyBatch(t *rapid.T, l *ledger, seq int64, known []*points.Original) []pair {
	const accounts = 4
	n := rapid.IntRange(0, 8).Draw(t, "operations")
	pairs := make([]pair, n)
	for i := range pairs {
		id := int(seq)*100 + i
		account := accountID(rapid.IntRange(1, accounts).Draw(t, "account"))
		switch rapid.SampledFrom(points.Kinds()).Draw(t, "kind") {
		case points.KindOpen:
			pairs[i] = opening(id, account)
		case points.KindEarn:
			pairs[i] = accrual(id, account, rapid.Int64Range(0, 30000).Draw(t, "pence"))
		case points.KindRedeem:
			pairs[i] = debit(id, account, "", quantity.Points(rapid.IntRange(1, 200).Draw(t, "points")))
		case points.KindTransfer:
			pairs[i] = debit(id, account, accountID(rapid.IntRange(1, accounts).Draw(t, "to")), quantity.Points(rapid.IntRange(1, 200).Draw(t, "points")))
		case points.KindReturn:
			pairs[i] = anyReturn(t, id, account, known)
		}
		spoil(t, &pairs[i])
	}
	return pairs
}

func anyReturn(t *rapid.T, id int, account points.AccountID, known []*points.Original) pair {
	if len(known) == 0 || rapid.Bool().Draw(t, "unreferenced") {
		mandate := points.Mandate{
			Format: 1, Genesis: genesis, Programme: "airline", Account: account, ControllerVersion: 1, Operation: points.KindReturn,
			MaxPoints: 50, ID: string(operationID(id)), NotAfter: now + 60,
		}
		op := points.Operation{ID: operationID(id), Kind: points.KindReturn, Account: account, Authorisation: sign(custodian, mandate)}
		return pair{op, purchase(id, rapid.Int64Range(0, 6000).Draw(t, "pence"))}
	}
	original := *rapid.SampledFrom(known).Draw(t, "receipt")
	return giveBack(id, &original, rapid.Int64Range(0, 30000).Draw(t, "pence"))
}

// spoil makes some operations wrong in the ways in which details, mandates and receipts can be.
func spoil(t *rapid.T, p *pair) {
	switch rapid.SampledFrom([]string{"", "", "", "", "currency", "period", "limit", "place", "signature", "mandate", "receipt"}).Draw(t, "spoil") {
	case "currency":
		p.details.Currency = "EUR"
	case "period":
		p.details.OccurredAt = "2009-01-01T00:00:00Z"
	case "limit":
		p.details.AmountMinor = quantity.MaxMinor
	case "place":
		p.details.Merchant = "elsewhere"
	case "signature":
		if p.op.Authorisation != nil {
			p.op.Authorisation.Mandate.MaxPoints++
		}
	case "mandate":
		if p.op.Authorisation != nil {
			m := p.op.Authorisation.Mandate
			m.MaxPoints = 0
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
		var known []*points.Original
		for seq := int64(1); seq <= 4; seq++ {
			call := batchCall(t, 0, seq, anyBatch(t, l, seq, known)...)
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
			for i, r := range event.Receipts {
				if r.Kind == points.KindEarn {
					known = append(known, prove(t, 0, seq, event.Receipts, i))
				}
			}
		}
	})
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

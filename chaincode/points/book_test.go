package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func earn(n int, id points.AccountID) *points.Operation {
	return &points.Operation{ID: operationID(n), Kind: points.KindEarn, Account: id}
}

func transfer(n int, from holder, to points.AccountID, amount quantity.Points, auth *points.Authorisation) *points.Operation {
	return &points.Operation{ID: operationID(n), Kind: points.KindTransfer, Account: from.id, To: to, Points: amount, Authorisation: auth}
}

// giveBack returns a purchase against its receipt, which is taken for proven.
func giveBack(b *points.Book, n int, original points.Receipt, pence int64) points.Receipt {
	o := &points.Operation{ID: operationID(n), Kind: points.KindReturn, Account: original.Account, Original: &points.Original{Receipt: original}}
	f := facts(b.Programme, o, purchase(o.ID, pence))
	f.OriginalProven = true
	return b.Apply(o, f)
}

func TestPurchaseIsAssessedByTheTerms(t *testing.T) {
	cases := []struct {
		name   string
		change func(*points.Details)
		points quantity.Points
		code   fault.Code
	}{
		{"whole pounds", func(d *points.Details) { d.AmountMinor = 1299 }, 12, fault.OK},
		{"under a pound", func(d *points.Details) { d.AmountMinor = 99 }, 0, fault.OK},
		{"nothing", func(d *points.Details) { d.AmountMinor = 0 }, 0, fault.OK},
		{"another currency", func(d *points.Details) { d.Currency = "EUR" }, 0, fault.CurrencyMismatch},
		{"tomorrow by the till's clock", func(d *points.Details) { d.OccurredAt = "2011-03-14T00:30:00+13:00" }, 12, fault.OK},
		{"the day after", func(d *points.Details) { d.OccurredAt = "2011-03-15T00:30:00Z" }, 0, fault.OutOfPeriod},
		{"as old as allowed", func(d *points.Details) { d.OccurredAt = "2011-02-11T23:59:59Z" }, 12, fault.OK},
		{"a day older", func(d *points.Details) { d.OccurredAt = "2011-02-10T23:59:59Z" }, 0, fault.OutOfPeriod},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := purchase(operationID(1), 1200)
			c.change(&d)
			a := points.Assess(programme(), points.KindEarn, &d)
			if a.Code != c.code || a.Points != c.points {
				t.Errorf("got %d points and %s", a.Points, a.Code)
			}
		})
	}
}

func TestAssessmentBeyondTheLedgerIsALimit(t *testing.T) {
	p := programme()
	p.Terms[0].Rate = quantity.Ratio{Num: quantity.MaxRatioTerm, Den: 1}
	d := purchase(operationID(1), quantity.MaxMinor)
	if a := points.Assess(p, points.KindEarn, &d); a.Code != fault.Limit || a.Points != 0 {
		t.Errorf("got %d points and %s", a.Points, a.Code)
	}
}

func TestOpeningTakesAFreeId(t *testing.T) {
	h := ownHolder(1)
	b := openWith(t, h, 5)
	again := &points.Operation{ID: operationID(9), Kind: points.KindOpen, Account: h.id, Controller: &h.controller}
	if r := apply(b, again); r.Code != fault.AccountExists || r.Outcome != points.Rejected {
		t.Errorf("twice in one batch: %s", r.Code)
	}
	b.Taken[accountID(2)] = true
	elsewhere := &points.Operation{ID: operationID(10), Kind: points.KindOpen, Account: accountID(2), Controller: &h.controller}
	if r := apply(b, elsewhere); r.Code != fault.AccountExists {
		t.Errorf("taken on the ledger: %s", r.Code)
	}
	if len(b.Opened) != 1 || b.Totals.Opened != 1 {
		t.Errorf("opened %v, counted %d", b.Opened, b.Totals.Opened)
	}
}

func TestOperationsOnUnknownAccountsAreRefused(t *testing.T) {
	b := newBook()
	h := ownHolder(1)
	for _, o := range []*points.Operation{
		earn(1, h.id),
		redeem(2, h, 1, h.sign(h.mandate(points.KindRedeem, 2, 1, start))),
		transfer(3, h, accountID(2), 1, h.sign(h.mandate(points.KindTransfer, 3, 1, start))),
	} {
		r := b.Apply(o, facts(b.Programme, o, purchase(o.ID, 100)))
		if r.Code != fault.AccountUnknown || r.Outcome != points.Rejected || r.Posted != 0 {
			t.Errorf("%s: %+v", o.Kind, r)
		}
	}
	if len(b.Accounts) != 0 || b.Totals.Operations != 3 || b.Totals.Rejected != 3 || b.Totals.Issued != 0 {
		t.Errorf("left %v and %+v", b.Accounts, b.Totals)
	}
}

func TestTransferMovesPointsBetweenTwoAccounts(t *testing.T) {
	from, to := ownHolder(1), ownHolder(2)
	b := openWith(t, from, 100)
	mandate := func(n int, receiver points.AccountID) *points.Authorisation {
		m := from.mandate(points.KindTransfer, n, 1000, start)
		m.Receiver = receiver
		return from.sign(m)
	}
	if r := apply(b, transfer(3, from, to.id, 10, mandate(3, to.id))); r.Code != fault.AccountUnknown {
		t.Errorf("to nobody: %s", r.Code)
	}
	open := &points.Operation{ID: operationID(4), Kind: points.KindOpen, Account: to.id, Controller: &to.controller}
	apply(b, open)
	if r := apply(b, transfer(5, from, from.id, 10, mandate(5, from.id))); r.Code != fault.SameAccount {
		t.Errorf("to itself: %s", r.Code)
	}
	if r := apply(b, transfer(6, from, to.id, 101, mandate(6, to.id))); r.Code != fault.InsufficientPoints {
		t.Errorf("more than there is: %s", r.Code)
	}
	if r := apply(b, transfer(7, from, to.id, 10, mandate(7, from.id))); r.Code != fault.AuthMismatch {
		t.Errorf("to another receiver than signed: %s", r.Code)
	}
	if r := apply(b, transfer(8, from, to.id, 10, nil)); r.Code != fault.AuthMissing {
		t.Errorf("unsigned: %s", r.Code)
	}
	r := apply(b, transfer(9, from, to.id, 60, mandate(9, to.id)))
	if r.Code != fault.OK || r.Posted != 40 || b.Accounts[to.id].Posted != 60 || b.Totals.Transferred != 60 {
		t.Errorf("got %+v, receiver has %d, moved %d", r, b.Accounts[to.id].Posted, b.Totals.Transferred)
	}
	wantSound(t, b)
}

func TestReturnTakesBackAndMayLeaveADebtThatCreditsPayFirst(t *testing.T) {
	h := ownHolder(1)
	b := newBook()
	apply(b, &points.Operation{ID: operationID(1), Kind: points.KindOpen, Account: h.id, Controller: &h.controller})
	sale := earn(2, h.id)
	receipt := b.Apply(sale, facts(b.Programme, sale, purchase(sale.ID, 10000)))
	apply(b, redeem(3, h, 70, h.sign(h.mandate(points.KindRedeem, 3, 70, start))))

	r := giveBack(b, 4, receipt, 10000)
	a := b.Accounts[h.id]
	if r.Code != fault.OK || r.Points != 100 || r.DebtIncurred != 70 || r.Posted != -70 || a.Debt != 70 || len(a.Lots) != 0 {
		t.Fatalf("return: %+v, account %+v", r, a)
	}
	if outstanding, err := b.Totals.Outstanding(); err != nil || outstanding != 0 {
		t.Errorf("outstanding is %d, %v: debt must not shrink the liability", outstanding, err)
	}
	wantSound(t, b)

	part := earn(5, h.id)
	r = b.Apply(part, facts(b.Programme, part, purchase(part.ID, 5000)))
	if r.DebtRepaid != 50 || r.Posted != -20 {
		t.Errorf("first credit: %+v", r)
	}
	rest := earn(6, h.id)
	r = b.Apply(rest, facts(b.Programme, rest, purchase(rest.ID, 5000)))
	if r.DebtRepaid != 20 || r.Posted != 30 || b.Accounts[h.id].Debt != 0 {
		t.Errorf("second credit: %+v", r)
	}
	wantSound(t, b)
}

func TestReturnNeedsAProvenAccrualOfThisAccountAndStopsAtItsAward(t *testing.T) {
	h := ownHolder(1)
	b := openWith(t, h, 0)
	sale := earn(3, h.id)
	receipt := b.Apply(sale, facts(b.Programme, sale, purchase(sale.ID, 10000)))
	cases := []struct {
		name   string
		change func(*points.Operation, *points.Facts)
		code   fault.Code
	}{
		{"not proven", func(_ *points.Operation, f *points.Facts) { f.OriginalProven = false }, fault.ReceiptInvalid},
		{"of another account", func(o *points.Operation, _ *points.Facts) { o.Original.Receipt.Account = accountID(2) }, fault.ReceiptNotReturnable},
		{"of another programme", func(o *points.Operation, _ *points.Facts) { o.Original.Receipt.Programme = "hotel" }, fault.ReceiptNotReturnable},
		{"of a redemption", func(o *points.Operation, _ *points.Facts) { o.Original.Receipt.Kind = points.KindRedeem }, fault.ReceiptNotReturnable},
		{"of a refused sale", func(o *points.Operation, _ *points.Facts) { o.Original.Receipt.Outcome = points.Rejected }, fault.ReceiptNotReturnable},
		{"of more than was awarded", func(_ *points.Operation, f *points.Facts) { f.Assessment.Points = 101 }, fault.ReturnExceeds},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := &points.Operation{ID: operationID(10 + i), Kind: points.KindReturn, Account: h.id, Original: &points.Original{Receipt: receipt}}
			f := facts(b.Programme, o, purchase(o.ID, 10000))
			f.OriginalProven = true
			c.change(o, &f)
			if r := b.Apply(o, f); r.Code != c.code || b.Accounts[h.id].Posted != 100 || len(b.Reversals) != 0 {
				t.Errorf("got %s, posted %d, reversals %v", r.Code, b.Accounts[h.id].Posted, b.Reversals)
			}
		})
	}
	if r := giveBack(b, 20, receipt, 6000); r.Code != fault.OK {
		t.Fatalf("a part: %s", r.Code)
	}
	if r := giveBack(b, 21, receipt, 4100); r.Code != fault.ReturnExceeds {
		t.Errorf("a part too much: %s", r.Code)
	}
	if r := giveBack(b, 22, receipt, 4000); r.Code != fault.OK {
		t.Errorf("the rest: %s", r.Code)
	}
	if r := giveBack(b, 23, receipt, 100); r.Code != fault.ReturnExceeds {
		t.Errorf("again: %s", r.Code)
	}
	wantSound(t, b)
}

func TestReturnWithoutAReceiptNeedsTermsAndAMandate(t *testing.T) {
	h := ownHolder(1)
	back := func(n int, auth *points.Authorisation) *points.Operation {
		return &points.Operation{ID: operationID(n), Kind: points.KindReturn, Account: h.id, Authorisation: auth}
	}
	for name, c := range map[string]struct {
		allowed bool
		auth    *points.Authorisation
		code    fault.Code
	}{
		"allowed and signed":     {true, h.sign(h.mandate(points.KindReturn, 7, 30, start)), fault.OK},
		"signed for too little":  {true, h.sign(h.mandate(points.KindReturn, 7, 29, start)), fault.AuthMismatch},
		"allowed and not signed": {true, nil, fault.AuthMissing},
		"signed and not allowed": {false, h.sign(h.mandate(points.KindReturn, 7, 30, start)), fault.ReturnUnreferenced},
		"neither":                {false, nil, fault.ReturnUnreferenced},
	} {
		t.Run(name, func(t *testing.T) {
			b := openWith(t, h, 20)
			b.Programme.Terms[0].UnreferencedReturns = c.allowed
			o := back(3, c.auth)
			r := b.Apply(o, facts(b.Programme, o, purchase(o.ID, 3000)))
			if r.Code != c.code {
				t.Fatalf("got %s, want %s", r.Code, c.code)
			}
			if r.Code == fault.OK && (r.Posted != -10 || r.DebtIncurred != 10) {
				t.Errorf("got %+v", r)
			}
			wantSound(t, b)
		})
	}
}

func TestSumsBeyondTheLedgerAreRefusedAndChangeNothing(t *testing.T) {
	h := ownHolder(1)
	b := openWith(t, h, 10)
	b.Totals.Issued = quantity.MaxPoints - 5
	before := encode(t, b.Accounts[h.id])
	o := earn(3, h.id)
	if r := b.Apply(o, facts(b.Programme, o, purchase(o.ID, 600))); r.Code != fault.Limit {
		t.Errorf("over the total: %s", r.Code)
	}
	b.Totals.Issued = 0
	f := facts(b.Programme, o, purchase(o.ID, 600))
	f.Assessment.Points = quantity.MaxPoints
	if r := b.Apply(o, f); r.Code != fault.Limit {
		t.Errorf("over the account: %s", r.Code)
	}
	if after := encode(t, b.Accounts[h.id]); after != before {
		t.Errorf("changed:\n%s\n%s", before, after)
	}
}

func TestTransferThatTheTotalsCanNotHoldLeavesBothAccounts(t *testing.T) {
	from, to := ownHolder(1), ownHolder(2)
	b := openWith(t, from, 100)
	apply(b, &points.Operation{ID: operationID(3), Kind: points.KindOpen, Account: to.id, Controller: &to.controller})
	b.Totals.Transferred = quantity.MaxPoints
	before, other := *b.Accounts[from.id], encode(t, b.Accounts[to.id])
	m := from.mandate(points.KindTransfer, 4, 10, start)
	m.Receiver = to.id
	if r := apply(b, transfer(4, from, to.id, 10, from.sign(m))); r.Code != fault.Limit {
		t.Errorf("got %s", r.Code)
	}
	if after := b.Accounts[from.id]; after.Posted != before.Posted || encode(t, after.Lots) != encode(t, before.Lots) {
		t.Errorf("the sender has %+v", after)
	}
	if after := encode(t, b.Accounts[to.id]); after != other {
		t.Errorf("the receiver has %s", after)
	}
}

func TestInvariantsNameWhatIsBroken(t *testing.T) {
	sound := func() *points.Account {
		return &points.Account{V: 1, ID: accountID(1), Posted: 10, Lots: []points.Lot{{Terms: 1, Points: 10}}}
	}
	cases := []struct {
		name, invariant string
		change          func(*points.Account)
	}{
		{"a point from nowhere", "PostedEqualsLotsMinusDebt", func(a *points.Account) { a.Posted++ }},
		{"negative debt", "PostedEqualsLotsMinusDebt", func(a *points.Account) { a.Debt, a.Posted = -1, 11 }},
		{"empty lot", "PostedEqualsLotsMinusDebt", func(a *points.Account) { a.Lots = append(a.Lots, points.Lot{Terms: 2}) }},
		{"negative lot", "PostedEqualsLotsMinusDebt", func(a *points.Account) {
			a.Lots = append(a.Lots, points.Lot{Terms: 2, Points: -1})
			a.Posted--
		}},
		{"lots beside a debt", "DebtLeavesNoLots", func(a *points.Account) { a.Debt, a.Posted = 3, 7 }},
		{"authorisations out of order", "UsedAuthorisationsBounded", func(a *points.Account) {
			a.Used = []points.UsedAuthorisation{{ID: "b", NotAfter: 2}, {ID: "a", NotAfter: 2}}
		}},
		{"an authorisation twice", "UsedAuthorisationsBounded", func(a *points.Account) {
			a.Used = []points.UsedAuthorisation{{ID: "a", NotAfter: 2}, {ID: "a", NotAfter: 2}}
		}},
		{"too many authorisations", "UsedAuthorisationsBounded", func(a *points.Account) {
			for i := range points.MaxUsedAuthorisations + 1 {
				a.Used = append(a.Used, points.UsedAuthorisation{ID: string(operationID(i)), NotAfter: int64(i)})
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := sound()
			c.change(a)
			for name, holds := range points.AccountInvariants() {
				if err := holds(a); (err != nil) != (name == c.invariant) {
					t.Errorf("%s says %v", name, err)
				}
			}
		})
	}
	for name, holds := range points.AccountInvariants() {
		if err := holds(sound()); err != nil {
			t.Errorf("%s refuses a sound account: %v", name, err)
		}
	}
	if points.ReversalWithinAward(&points.Reversal{Awarded: 3, TakenBack: 4}) == nil || points.ReversalWithinAward(&points.Reversal{TakenBack: -1}) == nil {
		t.Error("a reversal beyond its award passes")
	}
	if points.OpenedEqualsAccounts(points.Totals{Opened: 2}, 1) == nil {
		t.Error("an account that is missing passes")
	}
	for _, totals := range []points.Totals{{Issued: 9}, {Issued: 11, DebtIncurred: 1}, {Issued: 10, DebtRepaid: 1}, {Issued: 10, DebtIncurred: 1}} {
		if points.SupplyEqualsBalances(totals, []*points.Account{sound()}) == nil {
			t.Errorf("%+v passes for ten points", totals)
		}
	}
}

// wantSound checks every named invariant over a book that started empty.
func wantSound(t failer, b *points.Book) {
	t.Helper()
	accounts := make([]*points.Account, 0, len(b.Accounts))
	for _, a := range b.Accounts {
		accounts = append(accounts, a)
		for name, holds := range points.AccountInvariants() {
			if err := holds(a); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	for _, r := range b.Reversals {
		if err := points.ReversalWithinAward(r); err != nil {
			t.Fatalf("ReversalWithinAward: %v", err)
		}
	}
	if err := points.SupplyEqualsBalances(b.Totals, accounts); err != nil {
		t.Fatalf("SupplyEqualsBalances: %v", err)
	}
	if err := points.OpenedEqualsAccounts(b.Totals, len(accounts)); err != nil {
		t.Fatalf("OpenedEqualsAccounts: %v", err)
	}
}

package points_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// machine runs random operations on two books at once and beside them a model that knows nothing of lots, trials or copies.
type machine struct {
	book, twin *points.Book
	holders    []holder
	balance    map[points.AccountID]int64 // May be negative.
	awarded    []points.Receipt           // Accepted accruals.
	takenBack  map[points.OperationID]int64
	used       []*points.Authorisation // That were accepted as signatures.
	next       int
}

func newMachine() *machine {
	return &machine{book: newBook(), twin: newBook(), balance: map[points.AccountID]int64{}, takenBack: map[points.OperationID]int64{}}
}

func (m *machine) id() int { m.next++; return m.next }

// apply runs an operation on both books and checks what holds of every operation.
func (m *machine) apply(t *rapid.T, o *points.Operation, d points.Details, proven bool) points.Receipt {
	if err := o.Validate(); err != nil {
		t.Fatalf("the machine made an operation of the wrong form: %v", err)
	}
	f := facts(m.book.Programme, o, d)
	f.OriginalProven = proven
	before := m.snapshot(t)
	totals := m.book.Totals
	r := m.book.Apply(o, f)
	if other := m.twin.Apply(o, f); encode(t, other) != encode(t, r) {
		t.Fatalf("the same operation gave two receipts:\n%s\n%s", encode(t, r), encode(t, other))
	}
	if (r.Code == fault.OK) != (r.Outcome == points.Accepted) {
		t.Fatalf("%s with code %s", r.Outcome, r.Code)
	}
	if r.Code != fault.OK {
		m.unchanged(t, before, totals, o, &r)
	}
	if r.Authorisation != "" {
		m.used = append(m.used, o.Authorisation)
	}
	return r
}

func (m *machine) snapshot(t *rapid.T) map[points.AccountID]string {
	out := map[points.AccountID]string{}
	for id, a := range m.book.Accounts {
		out[id] = encode(t, a)
	}
	return out
}

// unchanged checks that a refusal left everything as it was but the counts, and, where the signature was good, the used-up authorisation.
func (m *machine) unchanged(t *rapid.T, before map[points.AccountID]string, totals points.Totals, o *points.Operation, r *points.Receipt) {
	totals.Operations++
	totals.Rejected++
	if m.book.Totals != totals {
		t.Fatalf("%s refused with %s changed the totals to %+v", o.Kind, r.Code, m.book.Totals)
	}
	for id, a := range m.book.Accounts {
		now := *a
		if id == o.Account && r.Authorisation != "" {
			if i := slices.IndexFunc(now.Used, func(u points.UsedAuthorisation) bool { return u.ID == r.Authorisation }); i < 0 {
				t.Fatalf("authorisation %s is not used up", r.Authorisation)
			}
			continue
		}
		if encode(t, &now) != before[id] {
			t.Fatalf("%s refused with %s changed account %s:\n%s\n%s", o.Kind, r.Code, id, before[id], encode(t, &now))
		}
	}
}

func want(t *rapid.T, r points.Receipt, code fault.Code) {
	t.Helper()
	if r.Code != code {
		t.Fatalf("%s was answered %s, the model says %s: %+v", r.Kind, r.Code, code, r)
	}
}

// check compares the book with the model and with its twin, and runs the invariants.
func (m *machine) check(t *rapid.T) {
	if len(m.book.Accounts) != len(m.balance) {
		t.Fatalf("%d accounts, the model has %d", len(m.book.Accounts), len(m.balance))
	}
	for id, balance := range m.balance {
		a := m.book.Accounts[id]
		if int64(a.Posted) != balance {
			t.Fatalf("account %s: posted %d, the model says %d", id, a.Posted, balance)
		}
		if encode(t, a) != encode(t, m.twin.Accounts[id]) {
			t.Fatalf("account %s came out in two ways", id)
		}
	}
	for id, taken := range m.takenBack {
		if int64(m.book.Reversals[id].TakenBack) != taken {
			t.Fatalf("of %s %d was taken back, the model says %d", id, m.book.Reversals[id].TakenBack, taken)
		}
	}
	if m.book.Totals != m.twin.Totals {
		t.Fatalf("totals came out as %+v and %+v", m.book.Totals, m.twin.Totals)
	}
	wantSound(t, m.book)
}

func (m *machine) holder(t *rapid.T) holder {
	if len(m.holders) == 0 {
		t.Skip("no accounts yet")
	}
	return rapid.SampledFrom(m.holders).Draw(t, "holder")
}

func (m *machine) authorise(h holder, kind points.Kind, receiver points.AccountID, most int64) *points.Authorisation {
	mandate := h.mandate(kind, m.id(), quantity.Points(most), m.book.Now)
	mandate.Receiver = receiver
	return h.sign(mandate)
}

// debitCode is what the model expects of a debit whose authorisation is in order.
func (m *machine) debitCode(h holder, amount int64) fault.Code {
	if m.balance[h.id] < amount {
		return fault.InsufficientPoints
	}
	return fault.OK
}

// busy says whether the account still remembers as many authorisations as it can.
func (m *machine) busy(h holder) bool {
	live := 0
	for _, u := range m.book.Accounts[h.id].Used {
		if u.NotAfter >= m.book.Now {
			live++
		}
	}
	return live >= points.MaxUsedAuthorisations
}

func (m *machine) open(t *rapid.T) {
	n := len(m.holders) + 1
	h := custodyHolder(n)
	if rapid.Bool().Draw(t, "own key") {
		h = ownHolder(n)
	}
	o := &points.Operation{ID: operationID(m.id()), Kind: points.KindOpen, Account: h.id, Controller: &h.controller}
	want(t, m.apply(t, o, points.Details{Operation: o.ID}, false), fault.OK)
	m.holders, m.balance[h.id] = append(m.holders, h), 0
}

func (m *machine) openAgain(t *rapid.T) {
	h := m.holder(t)
	o := &points.Operation{ID: operationID(m.id()), Kind: points.KindOpen, Account: h.id, Controller: &h.controller}
	want(t, m.apply(t, o, points.Details{Operation: o.ID}, false), fault.AccountExists)
}

func (m *machine) earn(t *rapid.T) {
	h := m.holder(t)
	pounds := rapid.Int64Range(0, 300).Draw(t, "pounds")
	o := earn(m.id(), h.id)
	r := m.apply(t, o, purchase(o.ID, pounds*100+rapid.Int64Range(0, 99).Draw(t, "pence")), false)
	want(t, r, fault.OK)
	if repaid := min(max(-m.balance[h.id], 0), pounds); int64(r.DebtRepaid) != repaid {
		t.Fatalf("repaid %d, the model says %d", r.DebtRepaid, repaid)
	}
	m.balance[h.id] += pounds
	m.awarded = append(m.awarded, r)
}

func (m *machine) earnElsewhere(t *rapid.T) {
	h := m.holder(t)
	o := earn(m.id(), h.id)
	d := purchase(o.ID, 1000)
	code := fault.CurrencyMismatch
	d.Currency = "EUR"
	if rapid.Bool().Draw(t, "too old") {
		code, d.Currency, d.OccurredAt = fault.OutOfPeriod, "GBP", "2010-01-01T00:00:00Z"
	}
	want(t, m.apply(t, o, d, false), code)
}

func (m *machine) redeem(t *rapid.T) {
	h := m.holder(t)
	amount := rapid.Int64Range(1, max(m.balance[h.id], 0)+5).Draw(t, "amount")
	code := m.debitCode(h, amount)
	if m.busy(h) {
		code = fault.AuthBusy
	}
	want(t, m.apply(t, redeem(m.id(), h, quantity.Points(amount), m.authorise(h, points.KindRedeem, "", amount)), points.Details{}, false), code)
	if code == fault.OK {
		m.balance[h.id] -= amount
	}
}

func (m *machine) transfer(t *rapid.T) {
	from, to := m.holder(t), m.holder(t)
	amount := rapid.Int64Range(1, max(m.balance[from.id], 0)+5).Draw(t, "amount")
	code := m.debitCode(from, amount)
	if from.id == to.id {
		code = fault.SameAccount
	}
	if m.busy(from) {
		code = fault.AuthBusy
	}
	o := transfer(m.id(), from, to.id, quantity.Points(amount), m.authorise(from, points.KindTransfer, to.id, amount))
	want(t, m.apply(t, o, points.Details{}, false), code)
	if code == fault.OK {
		m.balance[from.id] -= amount
		m.balance[to.id] += amount
	}
}

func (m *machine) giveBack(t *rapid.T) {
	if len(m.awarded) == 0 {
		t.Skip("nothing was bought yet")
	}
	receipt := rapid.SampledFrom(m.awarded).Draw(t, "receipt")
	amount := rapid.Int64Range(0, int64(receipt.Points)+5).Draw(t, "amount")
	proven := rapid.IntRange(0, 5).Draw(t, "proven") > 0
	code := fault.OK
	switch {
	case !proven:
		code = fault.ReceiptInvalid
	case m.takenBack[receipt.Operation]+amount > int64(receipt.Points):
		code = fault.ReturnExceeds
	}
	o := &points.Operation{ID: operationID(m.id()), Kind: points.KindReturn, Account: receipt.Account, Original: &points.Original{Receipt: receipt}}
	o.Original.Proof = points.InclusionProof{MSP: "AirlineMSP", Seq: 1, Size: 1}
	r := m.apply(t, o, purchase(o.ID, amount*100), proven)
	want(t, r, code)
	if code == fault.OK {
		if incurred := max(amount-max(m.balance[receipt.Account], 0), 0); int64(r.DebtIncurred) != incurred {
			t.Fatalf("incurred %d, the model says %d", r.DebtIncurred, incurred)
		}
		m.balance[receipt.Account] -= amount
		m.takenBack[receipt.Operation] += amount
	}
}

func (m *machine) giveBackUnreferenced(t *rapid.T) {
	h := m.holder(t)
	amount := rapid.Int64Range(0, 50).Draw(t, "amount")
	code := fault.OK
	if m.busy(h) {
		code = fault.AuthBusy
	}
	o := &points.Operation{ID: operationID(m.id()), Kind: points.KindReturn, Account: h.id, Authorisation: m.authorise(h, points.KindReturn, "", amount)}
	want(t, m.apply(t, o, purchase(o.ID, amount*100), false), code)
	if code == fault.OK {
		m.balance[h.id] -= amount
	}
}

func (m *machine) replay(t *rapid.T) {
	if len(m.used) == 0 {
		t.Skip("nothing was authorised yet")
	}
	auth := rapid.SampledFrom(m.used).Draw(t, "authorisation")
	i := slices.IndexFunc(m.holders, func(h holder) bool { return h.id == auth.Mandate.Account })
	o := redeem(m.id(), m.holders[i], 1, auth)
	code := fault.AuthReplayed
	if auth.Mandate.NotAfter < m.book.Now {
		code = fault.AuthExpired
	}
	want(t, m.apply(t, o, points.Details{}, false), code)
}

func (m *machine) forge(t *rapid.T) {
	h := m.holder(t)
	auth := m.authorise(h, points.KindRedeem, "", 10)
	code := fault.AuthMismatch
	switch rapid.SampledFrom([]string{"signature", "programme", "account", "channel", "controller"}).Draw(t, "forged") {
	case "signature":
		code, auth = fault.AuthInvalid, signWith(newKey(), auth.Mandate)
	case "programme":
		auth.Mandate.Programme = "hotel"
	case "account":
		auth.Mandate.Account = accountID(1 << 20)
	case "channel":
		auth.Mandate.Genesis = ""
	case "controller":
		auth.Mandate.ControllerVersion = 9
	}
	want(t, m.apply(t, redeem(m.id(), h, 1, auth), points.Details{}, false), code)
}

func (m *machine) wrongPurpose(t *rapid.T) {
	h := m.holder(t)
	auth := m.authorise(h, points.KindTransfer, "", 10)
	code := fault.AuthMismatch
	if m.busy(h) {
		code = fault.AuthBusy
	}
	want(t, m.apply(t, redeem(m.id(), h, 1, auth), points.Details{}, false), code)
}

func (m *machine) unsigned(t *rapid.T) {
	h := m.holder(t)
	want(t, m.apply(t, redeem(m.id(), h, 1, nil), points.Details{}, false), fault.AuthMissing)
}

func (m *machine) unknown(t *rapid.T) {
	o := earn(m.id(), accountID(1<<20))
	want(t, m.apply(t, o, purchase(o.ID, 100), false), fault.AccountUnknown)
}

func (m *machine) wait(t *rapid.T) {
	seconds := rapid.Int64Range(0, 90).Draw(t, "seconds")
	m.book.Now += seconds
	m.twin.Now += seconds
}

func TestRandomOperationsKeepTheInvariantsAndAgreeWithAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine()
		actions := map[string]func(*rapid.T){
			"": m.check, "open": m.open, "openAgain": m.openAgain, "earn": m.earn, "earnElsewhere": m.earnElsewhere, "redeem": m.redeem,
			"transfer": m.transfer, "giveBack": m.giveBack, "giveBackUnreferenced": m.giveBackUnreferenced, "replay": m.replay, "forge": m.forge,
			"wrongPurpose": m.wrongPurpose, "unsigned": m.unsigned, "unknown": m.unknown, "wait": m.wait,
		}
		t.Repeat(actions)
	})
}

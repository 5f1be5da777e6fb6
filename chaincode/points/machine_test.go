package points_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// What the machine's shop and campaign may give and take.
const (
	cornerAwards  = 300
	cornerAccepts = 150
	springSlice   = 100 // Of each of two lanes.
	machineSteps  = 60  // Operations and waits of one run.
	machineHolder = 6   // Accounts, at most.
)

// machineRules are those of the tables with a budget that a run can use up.
var machineRules = func() *rules.Program {
	set := springRules()
	set.Campaigns[0].Budget, set.Campaigns[0].Until = 2*springSlice, quantity.LastDay
	p, err := rules.Compile(set)
	if err != nil {
		panic(err)
	}
	return p
}()

// machineTerms are promises that differ in everything that a lot keeps of them; each run has three of them, one after the other, in any order.
func machineTerms() []terms.Terms {
	rolling, idle, fixed, strict := plainTerms(), plainTerms(), plainTerms(), plainTerms()
	rolling.PendingDays, rolling.ReturnDays, rolling.GraceDays, rolling.Expiry = 3, 20, 5, lots.Expiry{Kind: lots.Rolling, Months: 2, MonthEnd: true}
	rolling.Transfers.DailyLimit, rolling.HoldMaxSeconds = 60, 20*86400
	idle.Rate, idle.Expiry = quantity.Ratio{Num: 1, Den: 200}, lots.Expiry{Kind: lots.Inactivity, Months: 1}
	idle.Transfers, idle.HoldMaxSeconds = terms.Transfers{Customer: true, Gift: true, Trade: true, AcceptDays: 3, LifetimeLimit: 400}, 31*86400
	fixed.ReturnDays, fixed.GraceDays, fixed.Expiry = 10, 10, lots.Expiry{Kind: lots.Fixed, Month: 4, Day: 28}
	fixed.Transfers, fixed.Bearer = terms.Transfers{Customer: true, Gift: true, Merchant: true, AcceptDays: 2, MinPoints: 3}, 0
	strict.Rate, strict.PendingDays, strict.UnreferencedReturns, strict.Transfers = quantity.Ratio{Num: 2, Den: 100}, 5, false, terms.Transfers{Gift: true, AcceptDays: 5}
	strict.Expiry = lots.Expiry{Kind: lots.Rolling, Months: 1}
	return []terms.Terms{rolling, idle, fixed, strict}
}

// machine runs random operations on a till, on a twin of its book and on the model.
type machine struct {
	*till
	r       *rapid.T
	twin    *points.Book
	model   *model
	holders map[points.AccountID]holder // As controlled now.
	ids     []points.AccountID
	coming  map[points.AccountID]holder // By whom a recovery lets an account be controlled.
	codes   map[points.OperationID]string
	signed  []signedBy // Authorisations that were used up.
	moved   map[points.AccountID]map[lots.Key]quantity.Points
	pinned  map[points.AccountID]map[lots.Key]quantity.Points
	answers map[string]int // Kinds that were accepted, and codes of refusals.
}

// signedBy is an authorisation and who signed it.
type signedBy struct {
	authorisation *points.Authorisation
	by            holder
}

func newMachine(r *rapid.T) *machine {
	m := &machine{
		till: newTill(r), r: r, twin: newBook(), model: newModel(), holders: map[points.AccountID]holder{}, coming: map[points.AccountID]holder{},
		codes: map[points.OperationID]string{}, moved: map[points.AccountID]map[lots.Key]quantity.Points{}, pinned: map[points.AccountID]map[lots.Key]quantity.Points{},
		answers: map[string]int{},
	}
	history := rapid.Permutation(machineTerms()).Draw(r, "terms")[:3]
	for i := range history {
		history[i].Version, history[i].Effective, history[i].RecoveryWaitSeconds = i+1, today+quantity.Day(25*i), 300
		history[i].Guard = terms.Guard{Seconds: 1500, Points: 60}
		if err := history[i].Validate(); err != nil {
			r.Fatalf("terms %d: %v", i+1, err)
		}
	}
	m.Programme.Terms, m.model.terms, m.twin.Programme = history, history, m.Programme
	for _, book := range []*points.Book{m.Book, m.twin} {
		book.Shops["corner"] = &points.Shop{V: 1, ID: "corner", DisplayName: "Corner", Status: points.ShopOpen, AwardPerDay: cornerAwards, AcceptPerDay: cornerAccepts}
	}
	return m
}

// try applies an attempt everywhere and compares what came out.
func (m *machine) try(a *attempt) points.Receipt {
	m.r.Helper()
	a.d.Operation = a.op.ID
	if a.op.Kind.NeedsApproval() && a.approval != fault.ApprovalMissing {
		m.approve(a.op, other)
		m.Approvals[a.op.ID].Used = a.approval == fault.ApprovalUsed
		m.twin.Approvals[a.op.ID] = copyOf(m.r, m.Approvals[a.op.ID])
	}
	expected := m.model.expect(a)
	f := m.facts(a.op, a.d)
	r := m.apply(a.op, a.d)
	if r.Code != expected {
		m.r.Fatalf("%s was answered %s, the model says %s: %s", a.op.Kind, r.Code, expected, encode(m.r, r))
	}
	if r.Points != a.points {
		m.r.Fatalf("%s moved %d points, the model says %d", a.op.Kind, r.Points, a.points)
	}
	if again := m.twin.Apply(a.op, f); encode(m.r, again) != encode(m.r, r) {
		m.r.Fatalf("the same operation gave two receipts:\n%s\n%s", encode(m.r, r), encode(m.r, again))
	}
	if r.Authorisation != "" {
		m.signed = append(m.signed, signedBy{a.op.Authorisation, a.by})
	}
	m.note(r.Account, r.Moves)
	m.note(r.To, r.ToMoves)
	if r.Code == fault.OK {
		m.answers[string(r.Kind)]++
	} else {
		m.answers[string(r.Code)]++
	}
	return r
}

// note books the moves of a receipt, by lot and without the day of release: what is free is merged without a move.
func (m *machine) note(id points.AccountID, moves []lots.Move) {
	if m.moved[id] == nil {
		m.moved[id], m.pinned[id] = map[lots.Key]quantity.Points{}, map[lots.Key]quantity.Points{}
	}
	for _, move := range moves {
		key := lots.Key{Expiry: move.Expiry, Terms: move.Terms, Funding: move.Funding}
		switch move.Cause {
		case lots.Pinned, lots.Released:
			m.pinned[id][key] -= move.Points
		case lots.Captured, lots.Delivered:
			m.pinned[id][key] += move.Points
			m.moved[id][key] += move.Points
		default:
			m.moved[id][key] += move.Points
		}
	}
}

// check compares the book with the model, with its twin and with all receipts' moves, and runs the invariants.
func (m *machine) check() {
	m.r.Helper()
	m.sound()
	if m.Totals != m.model.totals {
		m.r.Fatalf("the totals are\n%+v, the model says\n%+v", m.Totals, m.model.totals)
	}
	if len(m.Accounts) != len(m.model.positions) {
		m.r.Fatalf("there are %d accounts, the model has %d", len(m.Accounts), len(m.model.positions))
	}
	for id, p := range m.model.positions {
		m.compare(m.Accounts[id], p)
		m.follow(m.Accounts[id])
	}
	for id, taken := range m.model.returned {
		if r := m.Reversals[id]; r.TakenBack != taken.points || r.Whole != taken.whole || len(r.Lines) != len(taken.lines) {
			m.r.Fatalf("of %s was returned %+v, the model says %+v", id, r, taken)
		}
	}
	if mine, twins := shown(m.r, m.Book), shown(m.r, m.twin); mine != twins {
		m.r.Fatalf("the same operations gave two books:\n%s\n%s", mine, twins)
	}
}

// merged sums lots by key.
func merged(lists ...[]lots.Lot) map[lots.Key]quantity.Points {
	sums := map[lots.Key]quantity.Points{}
	for _, list := range lists {
		for _, l := range list {
			sums[l.Key] += l.Points
		}
	}
	return sums
}

func (m *machine) compare(a *points.Account, p *position) {
	m.r.Helper()
	differs := func(what string) {
		m.r.Helper()
		m.r.Fatalf("%s of account %s is not the model's: %s\n%+v", what, a.ID, encode(m.r, a), *p)
	}
	switch {
	case !maps.Equal(merged(a.Lots), merged(p.free)):
		differs("what is free")
	case !maps.Equal(merged(a.Suspense), merged(p.suspense)):
		differs("what is in suspense")
	case a.Debt != p.debt || a.Held != p.held() || a.Posted != p.posted():
		differs("debt, held or posted")
	case a.Status != p.status || a.Controller.Version != p.version || a.Controller.Key != p.key || a.CoolUntil != p.cool || a.FrozenUntil != p.frozenUntil:
		differs("status or controller")
	case (a.Recovery == nil) != (p.recovery == nil) || a.Recovery != nil && a.Recovery.From != p.recovery.From:
		differs("the recovery")
	case a.Active != p.active || a.Sent != p.sent || a.Referred != p.referred:
		differs("activity, sent or referred")
	case len(a.Holds) != len(p.pinned):
		differs("the number of holds")
	}
	for i, h := range p.pinned {
		if a.Holds[i].ID != h.id || !maps.Equal(merged(a.Holds[i].Lots), merged(h.lots)) {
			differs("a hold")
		}
	}
	if !m.model.rules {
		return
	}
	if counted := m.Rules.Counted(&a.Standing, m.Programme.BusinessDate); counted[0] != p.spent {
		differs("what was spent")
	}
	if tier := m.Rules.TierOn(&a.Standing, m.Programme.BusinessDate); (tier == "gold") != p.gold(m.Programme.BusinessDate) {
		differs("the tier")
	}
}

// follow looks for every point of every lot in the moves that receipts have shown.
func (m *machine) follow(a *points.Account) {
	m.r.Helper()
	kept, held := map[lots.Key]quantity.Points{}, map[lots.Key]quantity.Points{}
	add := func(sums map[lots.Key]quantity.Points, list []lots.Lot) {
		for _, l := range list {
			sums[lots.Key{Expiry: l.Expiry, Terms: l.Terms, Funding: l.Funding}] += l.Points
		}
	}
	add(kept, a.Lots)
	add(kept, a.Suspense)
	for _, h := range a.Holds {
		add(kept, h.Lots)
		add(held, h.Lots)
	}
	none := func(_ lots.Key, n quantity.Points) bool { return n == 0 }
	maps.DeleteFunc(m.moved[a.ID], none)
	maps.DeleteFunc(m.pinned[a.ID], none)
	if !maps.Equal(kept, m.moved[a.ID]) || !maps.Equal(held, m.pinned[a.ID]) {
		m.r.Fatalf("the lots of %s are not what receipts moved: %v and %v of %s", a.ID, m.moved[a.ID], m.pinned[a.ID], encode(m.r, a))
	}
}

// wait lets time pass, for both books and the model.
func (m *machine) wait(seconds int64, days int) {
	m.Now += seconds
	if days > 0 {
		m.pass(days)
	}
	m.twin.Now, m.model.now, m.model.day = m.Now, m.Now, m.Programme.BusinessDate
}

func TestRandomOperationsKeepTheInvariantsAndAgreeWithAModel(t *testing.T) {
	answers, runs := map[string]int{}, 0
	rapid.Check(t, func(r *rapid.T) {
		runs++
		m := newMachine(r)
		m.found()
		actions := m.actions()
		names := slices.Sorted(maps.Keys(actions))
		for range machineSteps {
			actions[one(m, names, "action")]()
			m.check()
		}
		for answer, n := range m.answers {
			answers[answer] += n
		}
	})
	t.Log(runs, answers)
	if runs < 100 {
		return // As asked for by -rapid.checks: too few to reach everything.
	}
	for _, kind := range points.HomeKinds() { // The exchange's machine runs the others.
		if answers[string(kind)] == 0 {
			t.Errorf("no %s was accepted", kind)
		}
	}
	for _, code := range reachable {
		if answers[string(code)] == 0 {
			t.Errorf("no operation was answered %s", code)
		}
	}
}

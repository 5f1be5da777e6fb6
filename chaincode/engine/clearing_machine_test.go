package engine_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// clearingMachine lets a few brands vote, book, roll, disclose, dispute, net, sign, pay, default and leave in any order. Refusals are part of it: what must never break
// are the sums.
type clearingMachine struct {
	*house
	t        *rapid.T
	booked   map[clearing.Pair]map[int64][]wire.TallyValues // What lanes booked, by pair and window.
	disputed []wire.NewDispute
	upheld   map[clearing.Pair]quantity.Micro
	refusals map[fault.Code]int
	checked  int64          // Last window whose result was.
	done     map[string]int // Calls that were not refused, by function.
}

func newClearingMachine(t *rapid.T) *clearingMachine {
	m := &clearingMachine{
		house: newHouse(t, "airline", "grocer", "hotel"), t: t, booked: map[clearing.Pair]map[int64][]wire.TallyValues{}, upheld: map[clearing.Pair]quantity.Micro{},
		refusals: map[fault.Code]int{}, done: map[string]int{},
	}
	m.open()
	m.allotAll(100_000)
	m.custodian("bank")
	return m
}

// attempt makes a call that may be refused, but only for a reason of the domain.
func (m *clearingMachine) attempt(brand, role, function string, document any) bool {
	_, err := m.try(brand, role, function, document)
	if err == nil {
		m.done[function]++
		return true
	}
	code := fault.CodeOf(err)
	if fault.Lookup(code).Class == fault.ClassInternal {
		m.t.Fatalf("%s by %s: %v", function, brand, err)
	}
	m.refusals[code]++
	return false
}

func (m *clearingMachine) brand() string { return rapid.SampledFrom(m.brands).Draw(m.t, "brand") }

// number draws a window that exists, later ones more often.
func (m *clearingMachine) number() int64 {
	open := at[clearing.WindowPointer](m.house, engine.WindowPointerKey("GBP")).Number
	return max(open-rapid.Int64Range(0, 3).Draw(m.t, "back"), 1)
}

// in draws a window of one of these statuses; 0 when there is none.
func (m *clearingMachine) in(statuses ...clearing.WindowStatus) int64 {
	open := at[clearing.WindowPointer](m.house, engine.WindowPointerKey("GBP")).Number
	var list []int64
	for n := int64(1); n <= open; n++ {
		if slices.Contains(statuses, m.window(n).Status) {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return 0
	}
	return rapid.SampledFrom(list).Draw(m.t, "window")
}

func (m *clearingMachine) pair() clearing.Pair {
	members := at[clearing.Consortium](m.house, engine.ConsortiumKey())
	return rapid.SampledFrom(members.Pairs()).Draw(m.t, "pair")
}

// Book leaves a tally in the open window, as an exchange does.
func (m *clearingMachine) Book(*rapid.T) {
	p, window := m.pair(), at[clearing.WindowPointer](m.house, engine.WindowPointerKey("GBP")).Number
	k := rapid.IntRange(0, 3).Draw(m.t, "lane")
	net := quantity.Micro(rapid.Int64Range(-5_000_000_000, 5_000_000_000).Draw(m.t, "net"))
	if m.booked[p] == nil {
		m.booked[p] = map[int64][]wire.TallyValues{}
	}
	v := m.tally(window, p.A, p.B, k, net)
	m.booked[p][window] = append(slices.DeleteFunc(m.booked[p][window], func(w wire.TallyValues) bool { return w.Lane == v.Lane }), v)
}

func (m *clearingMachine) Roll(*rapid.T) {
	m.now += rapid.Int64Range(1, 30).Draw(m.t, "hours") * hour
	m.attempt(m.brand(), engine.RoleOperator, wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: m.number(), Reason: "test"})
}

func (m *clearingMachine) Disclose(*rapid.T) {
	p, window := m.pair(), m.number()
	values := append([]wire.TallyValues{}, m.booked[p][window]...)
	if len(values) > 0 && rapid.IntRange(0, 9).Draw(m.t, "lie") == 0 {
		values[0].Net++
	}
	doc := disclosure(window, p.A, p.B, values...)
	if rapid.Bool().Draw(m.t, "late") {
		doc.Netting = m.number()
	}
	m.attempt(rapid.SampledFrom([]string{p.A, p.B}).Draw(m.t, "by"), engine.RoleGateway, wire.FnDiscloseNet, doc)
}

// Advance brings the oldest window that can move on by one step, as gateways do.
func (m *clearingMachine) Advance(*rapid.T) {
	open := at[clearing.WindowPointer](m.house, engine.WindowPointerKey("GBP")).Number
	for n := int64(1); n <= open; n++ {
		w := m.window(n)
		switch w.Status {
		case clearing.WindowOpen:
			m.now += hour
			m.attempt(m.brand(), engine.RoleOperator, wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: n, Reason: "test"})
		case clearing.WindowClosing:
			m.discloseAll(n)
			if rapid.IntRange(0, 2).Draw(m.t, "wait") == 0 {
				m.now = max(m.now, w.DiscloseBy)
			}
			m.attempt(m.brand(), engine.RoleGateway, wire.FnCloseWindow, named(n))
		case clearing.WindowClosed:
			m.attempt(m.brand(), engine.RoleGateway, wire.FnNetWindow, named(n))
		case clearing.WindowNetted:
			m.now = max(m.now, w.SignBy)
			m.attempt(m.brand(), engine.RoleGateway, wire.FnStartSettlement, named(n))
		default:
			continue
		}
		return
	}
}

// AdvanceFar and BookMuch make runs come far enough for anything to be carried, deferred and set aside.
func (m *clearingMachine) AdvanceFar(t *rapid.T) {
	for range 6 {
		m.Advance(t)
	}
}

func (m *clearingMachine) BookMuch(t *rapid.T) {
	for range 6 {
		m.Book(t)
	}
}

// discloseAll has most pairs disclose what they have to.
func (m *clearingMachine) discloseAll(into int64) {
	members := at[clearing.Consortium](m.house, engine.ConsortiumKey())
	for _, p := range members.Pairs() {
		if rapid.IntRange(0, 5).Draw(m.t, "absent") == 0 {
			continue
		}
		book, allocation := at[clearing.PairBook](m.house, engine.PairBookKey(p.A, p.B, "GBP")), at[clearing.Allocation](m.house, engine.AllocationKey(p.A, p.B, "GBP"))
		if allocation.V == 0 {
			continue
		}
		for n := max(book.Disclosed+1, allocation.Since); n <= into; n++ {
			doc := disclosure(n, p.A, p.B, m.booked[p][n]...)
			doc.Netting = into
			m.attempt(m.spokesman(p.B), engine.RoleGateway, wire.FnDiscloseNet, doc)
		}
	}
}

func (m *clearingMachine) Bring(*rapid.T) {
	step := rapid.SampledFrom([]string{wire.FnCloseWindow, wire.FnNetWindow, wire.FnStartSettlement}).Draw(m.t, "step")
	m.attempt(m.brand(), engine.RoleGateway, step, named(m.number()))
}

func (m *clearingMachine) Sign(*rapid.T) {
	n := m.in(clearing.WindowNetted, clearing.WindowSettling)
	for _, p := range at[clearing.Netting](m.house, engine.NettingKey("GBP", n)).Positions {
		doc := wire.PositionSignature{Currency: "GBP", Window: n, Member: p.Member, Net: p.Net, Root: m.window(n).Root}
		m.attempt(m.spokesman(p.Member), engine.RoleTreasurer, wire.FnSignPosition, doc)
	}
}

// spokesman is who acts for a member.
func (m *clearingMachine) spokesman(name string) string {
	member := m.member(name)
	for _, b := range m.brands {
		if member.SpokenForBy(mspOf(b)) {
			return b
		}
	}
	return name
}

func (m *clearingMachine) Pay(*rapid.T) {
	n := m.in(clearing.WindowSettling)
	legs := m.window(n).Legs
	if len(legs) == 0 {
		return
	}
	place := rapid.SampledFrom(legs).Draw(m.t, "leg")
	q := wire.LegQuery{Currency: "GBP", Window: n, From: place.From, To: place.To}
	leg, reference := m.leg(q), rapid.StringMatching(`[A-E]`).Draw(m.t, "reference")
	amount := quantity.Minor(rapid.Int64Range(1, int64(leg.Amount)+1).Draw(m.t, "amount"))
	payer, payee := m.spokesman(place.From), m.spokesman(place.To)
	if rapid.Bool().Draw(m.t, "rest") {
		amount = leg.Amount - leg.Paid()
	}
	m.attempt(payer, engine.RoleTreasurer, wire.FnPayLeg, payment(q, reference, amount))
	m.attempt(payee, engine.RoleTreasurer, wire.FnReceiveLeg, payment(q, reference, amount))
	if rapid.IntRange(0, 3).Draw(m.t, "wrong") == 0 {
		m.attempt(payee, engine.RoleTreasurer, wire.FnReverseEntry, wire.EntryReversal{Leg: q, Reference: reference, Reason: "wrong amount", Member: place.To})
	}
	m.attempt(payee, engine.RoleTreasurer, wire.FnFinaliseLeg, q)
}

// Defer lets a late leg be owed again.
func (m *clearingMachine) Defer(*rapid.T) {
	n := m.in(clearing.WindowSettling)
	for _, place := range m.window(n).Legs {
		q := wire.LegQuery{Currency: "GBP", Window: n, From: place.From, To: place.To}
		m.now = max(m.now, m.leg(q).Due+1)
		m.attempt(m.spokesman(place.To), engine.RoleGateway, wire.FnMarkLate, q)
		m.vote(clearing.Motion{Deferral: &clearing.Deferral{Currency: "GBP", Window: n, From: place.From, To: place.To}})
	}
}

// vote has every brand vote for a motion, as far as they may.
func (m *clearingMachine) vote(motion clearing.Motion) {
	id, opened := m.proposalID(), false
	for _, b := range m.brands {
		if !opened {
			opened = m.attempt(b, engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: id, Motion: motion})
			continue
		}
		m.attempt(b, engine.RoleOperator, wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
	}
}

func (m *clearingMachine) Limits(*rapid.T) {
	p, amount := m.pair(), quantity.Minor(rapid.Int64Range(0, 300_000).Draw(m.t, "amount"))
	if rapid.Bool().Draw(m.t, "cap") {
		m.vote(capMotion(p.A, amount))
		return
	}
	m.vote(clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: p.B, Creditor: p.A, Currency: "GBP", Amount: amount}})
}

func (m *clearingMachine) Membership(*rapid.T) {
	name, day := m.brand(), quantity.DayOf(m.now)
	switch rapid.IntRange(0, 5).Draw(m.t, "change") {
	case 0:
		m.vote(clearing.Motion{Suspend: &clearing.Concerned{Member: name}})
	case 1:
		m.vote(clearing.Motion{Reinstate: &clearing.Concerned{Member: name}})
	case 2:
		m.vote(clearing.Motion{Exit: &clearing.Leave{Member: name, HonourUntil: day}})
	case 3:
		m.vote(clearing.Motion{Default: &clearing.Administration{Member: name, Administrator: m.brand(), HonourUntil: day}})
	case 4:
		if len(m.brands) < 5 {
			newcomer := []string{"spa", "tram"}[len(m.brands)-3]
			m.vote(clearing.Motion{Admit: m.admission(newcomer, newKey(), clearing.CoverReserve)})
			if m.state[engine.ConsortiumKey()] != nil && m.known(newcomer) {
				m.brands = append(m.brands, newcomer)
			}
		}
	case 5:
		doc := closing(named(max(m.in(clearing.WindowSettled), 1)))
		doc.Member = name
		m.attempt(m.spokesman(name), engine.RoleOperator, wire.FnCloseMembership, doc)
	}
}

func (m *clearingMachine) known(name string) bool {
	members := at[clearing.Consortium](m.house, engine.ConsortiumKey())
	_, err := members.Find(name)
	return err == nil
}

// Dispute sets a line of the airline's and the hotel's aside.
func (m *clearingMachine) Dispute(*rapid.T) {
	doc := m.evidence(m.number(), quantity.Micro(rapid.Int64Range(-90_000_000, 90_000_000).Draw(m.t, "amount")))[0]
	if m.attempt(m.spokesman("airline"), engine.RoleTreasurer, wire.FnFileDispute, doc) {
		m.disputed = append(m.disputed, doc)
	}
}

// Answer withdraws or upholds a dispute.
func (m *clearingMachine) Answer(*rapid.T) {
	if len(m.disputed) == 0 {
		return
	}
	doc := rapid.SampledFrom(m.disputed).Draw(m.t, "dispute")
	if rapid.Bool().Draw(m.t, "withdraw") {
		m.attempt(m.spokesman("airline"), engine.RoleTreasurer, wire.FnWithdrawDispute, stepOf(doc, "airline"))
		return
	}
	if m.attempt(m.spokesman("hotel"), engine.RoleTreasurer, wire.FnUpholdDispute, stepOf(doc, "hotel")) {
		m.upheld[clearing.Pair{A: "airline", B: "hotel"}] += doc.Obligation.Micro
	}
}

func (m *clearingMachine) Check(t *rapid.T) {
	open := at[clearing.WindowPointer](m.house, engine.WindowPointerKey("GBP")).Number
	windows := make([]clearing.Window, open)
	for i := range windows {
		windows[i] = m.window(int64(i + 1))
	}
	m.checkWindows(t, windows)
	m.checkMembers(t)
	members := at[clearing.Consortium](m.house, engine.ConsortiumKey())
	for i := range members.Members {
		for j := i + 1; j < len(members.Members); j++ {
			m.checkPair(t, clearing.Pair{A: members.Members[i].Name, B: members.Members[j].Name}, windows)
		}
	}
}

// checkWindows: one window is open, the last; those before are netted in order, with results that check.
func (m *clearingMachine) checkWindows(t *rapid.T, windows []clearing.Window) {
	netted := true
	for i, w := range windows {
		n := int64(i + 1)
		if (w.Status == clearing.WindowOpen) != (i == len(windows)-1) || w.NettedAt != 0 && !netted {
			t.Fatalf("window %d of %d is %s", n, len(windows), w.Status)
		}
		netted = w.NettedAt != 0
		if !netted || n <= m.checked {
			continue
		}
		m.checked = n
		result := at[clearing.Netting](m.house, engine.NettingKey("GBP", n))
		if err := result.Check(); err != nil {
			t.Fatalf("%v", err)
		}
		if hash, err := wire.Hash(result); err != nil || hash != w.Root {
			t.Fatalf("window %d has root %s, its result %s", n, w.Root, hash)
		}
	}
}

// checkMembers: standings balance, alone and together; allocations are within caps; numbers are distinct.
func (m *clearingMachine) checkMembers(t *rapid.T) {
	var sum clearing.Standing
	members, numbers := at[clearing.Consortium](m.house, engine.ConsortiumKey()), map[int]bool{}
	for _, member := range members.Members {
		if numbers[member.Number] {
			t.Fatalf("two members have number %d", member.Number)
		}
		numbers[member.Number] = true
		s := m.standing(member.Name)
		if err := clearing.StandingBalances(&s); err != nil {
			t.Fatalf("%v", err)
		}
		sum.Owes += s.Owes - s.Owed
		sum.Payable += s.Payable - s.Receivable
		sum.Paid += s.Paid - s.Received
		limit := at[clearing.Cap](m.house, engine.CapKey(member.Name, "GBP"))
		if limit.V == 0 {
			continue
		}
		var allocations []clearing.Allocation
		for _, other := range members.Members {
			allocations = append(allocations, at[clearing.Allocation](m.house, engine.AllocationKey(member.Name, other.Name, "GBP")))
		}
		if err := clearing.AllocationsWithinCap(&limit, allocations); err != nil {
			t.Fatalf("%v", err)
		}
	}
	if sum != (clearing.Standing{}) {
		t.Fatalf("standings add up to %+v", sum)
	}
}

// checkPair: what the pair booked and disclosed, less what both hold not to be owed, is settled, carried, waiting for its netting, set aside, or left by rounding.
func (m *clearingMachine) checkPair(t *rapid.T, p clearing.Pair, windows []clearing.Window) {
	book := at[clearing.PairBook](m.house, engine.PairBookKey(p.A, p.B, "GBP"))
	var disclosed quantity.Micro
	var minor quantity.Minor
	for i, w := range windows {
		n, netted := int64(i+1), w.NettedAt != 0
		for _, d := range at[clearing.PairNets](m.house, engine.PairNetsKey("GBP", n, p.A, p.B)).Nets {
			var sum quantity.Micro
			for _, v := range m.booked[p][d.Window] {
				sum += v.Net
			}
			if sum != d.Sum {
				t.Fatalf("%v booked %d in window %d and disclosed %d", p, sum, d.Window, d.Sum)
			}
			disclosed += d.Sum
			if !netted {
				minor += d.Net
			}
		}
		if netted {
			result := at[clearing.Netting](m.house, engine.NettingKey("GBP", n))
			minor += between(p, result.Settled)
			if windows[i+1].NettedAt == 0 {
				minor += between(p, result.Carried)
			}
		}
		for _, place := range w.Legs {
			leg := m.leg(wire.LegQuery{Currency: "GBP", Window: n, From: place.From, To: place.To})
			minor -= between(p, []netting.Obligation{{From: leg.From, To: leg.To, Amount: leg.Deferred}})
		}
	}
	for _, leg := range at[wire.Deferred](m.house, engine.DeferredKey("GBP")).Legs {
		minor += between(p, []netting.Obligation{{From: leg.From, To: leg.To, Amount: leg.Deferred}})
	}
	for _, a := range book.Aside {
		switch {
		case a.Out > 0 && a.Due > 0:
			minor += a.Amount
		case a.Out == 0 && a.Due == 0:
			minor -= a.Amount // Upheld, and still in the net that waits.
		}
	}
	if got := quantity.Micro(minor)*quantity.MicroPerMinor + book.Residual; got != disclosed-m.upheld[p] {
		t.Fatalf("%v disclosed %d less %d; %d minor units and %d are accounted for", p, disclosed, m.upheld[p], minor, book.Residual)
	}
}

// between is what A owes B by a list of obligations.
func between(p clearing.Pair, list []netting.Obligation) quantity.Minor {
	var sum quantity.Minor
	for _, o := range list {
		switch {
		case o.From == p.A && o.To == p.B:
			sum += o.Amount
		case o.From == p.B && o.To == p.A:
			sum -= o.Amount
		}
	}
	return sum
}

func TestSumsOfClearingHoldWhateverBrandsDo(t *testing.T) {
	refusals, done := map[fault.Code]int{}, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		m := newClearingMachine(t)
		t.Repeat(rapid.StateMachineActions(m))
		for code, n := range m.refusals {
			refusals[code] += n
		}
		for function, n := range m.done {
			done[function] += n
		}
	})
	t.Logf("done %v, refused %v", done, refusals)
}

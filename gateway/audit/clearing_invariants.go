package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// clearingInvariant holds for clearing in one currency over the whole channel.
type clearingInvariant struct {
	name string
	hold func(*clearingRecords) (key string, err error) // The key of the record that breaks it.
}

// clearingInvariants are those that need nothing but public records.
var clearingInvariants = []clearingInvariant{
	{"WindowsFollowEachOther", windowsFollowEachOther},
	{"ResultsHaveTheirRoots", resultsHaveTheirRoots},
	{"LegsFollowResults", legsFollowResults},
	{"ObligationsAreSettledOrCarried", obligationsAreSettledOrCarried},
	{"NetsFollowSums", netsFollowSums},
	{"StandingsFollowLegs", standingsFollowLegs},
	{"AllocationsWithinCaps", allocationsWithinCaps},
}

func broken(format string, args ...any) error {
	return fault.New(fault.ClearingMismatch, format, args...)
}

// checkClearingHolds checks what holds for clearing as a whole, and for every pair whose data is held.
func (a *Auditor) checkClearingHolds() error {
	all, f := a.clearingRecords()
	if f != nil {
		return f
	}
	for _, r := range all {
		for _, i := range clearingInvariants {
			if key, err := i.hold(r); err != nil {
				return blockFinding(CheckInvariant, a.Height()-1, "%s: %v", i.name, err).at(engine.ClearingChaincode, key)
			}
		}
		if f := a.checkPairs(r); f != nil {
			return f
		}
	}
	return nil
}

// windowsFollowEachOther: windows are numbered without a gap up to the open one, which alone is open, and are netted and settled in order.
func windowsFollowEachOther(r *clearingRecords) (string, error) {
	numbers := r.numbers()
	for i, number := range numbers {
		w, key := r.windows[number], engine.WindowKey(r.currency, number)
		switch {
		case number != int64(i+1):
			return key, broken("window %d is missing", i+1)
		case (w.Status == clearing.WindowOpen) != (number == r.pointer.Number):
			return key, broken("it is %s, and window %d is where operations come in", w.Status, r.pointer.Number)
		case i > 0 && w.NettedAt != 0 && r.windows[number-1].NettedAt == 0:
			return key, broken("it was netted before the window before it")
		case (w.NettedAt != 0) != (r.nettings[number] != nil):
			return engine.NettingKey(r.currency, number), broken("the window and its result don't agree on whether it is netted")
		}
	}
	if int64(len(numbers)) != r.pointer.Number {
		return engine.WindowPointerKey(r.currency), broken("window %d is where operations come in, there are %d", r.pointer.Number, len(numbers))
	}
	return "", nil
}

// resultsHaveTheirRoots: every result is what the window's root and its positions say, and holds in itself.
func resultsHaveTheirRoots(r *clearingRecords) (string, error) {
	for number, n := range r.nettings {
		key := engine.NettingKey(r.currency, number)
		if err := n.Check(); err != nil {
			return key, err
		}
		sum := sha256.Sum256(r.roots[number])
		root := hex.EncodeToString(sum[:])
		if root != r.windows[number].Root {
			return key, broken("its root is %s, the window says %s", root, r.windows[number].Root)
		}
		positions := r.positionsOf(number)
		if len(positions) != len(n.Positions) {
			return key, broken("it has %d positions, %d are kept", len(n.Positions), len(positions))
		}
		for _, p := range n.Positions {
			if !slices.ContainsFunc(positions, func(kept *clearing.Position) bool {
				return kept.Member == p.Member && kept.Net == p.Net && kept.Root == root
			}) {
				return engine.PositionKey(r.currency, number, p.Member), broken("it isn't the result's position")
			}
		}
	}
	return "", nil
}

// legsFollowResults: the legs of a window are the payments of its result once it settles, and a settled window has none that isn't closed.
func legsFollowResults(r *clearingRecords) (string, error) {
	for _, number := range r.numbers() {
		w, legs := r.windows[number], r.legsOf(number)
		want := 0
		if w.SettlingAt != 0 {
			want = len(r.nettings[number].Payments)
		}
		if len(legs) != want {
			return engine.WindowKey(r.currency, number), broken("it has %d legs, its result has %d", len(legs), want)
		}
		for _, l := range legs {
			key := engine.LegKey(r.currency, number, l.From, l.To)
			found := slices.ContainsFunc(r.nettings[number].Payments, func(p netting.Payment) bool { return p.From == l.From && p.To == l.To && p.Amount == l.Amount })
			switch {
			case !found:
				return key, broken("no payment of the result is like it")
			case w.Status == clearing.WindowSettled && !l.Closed():
				return key, broken("it is %s, and its window is settled", l.Status)
			case l.Status == clearing.LegFinal && l.Received() != l.Amount, l.Status == clearing.LegDeferred && l.Received()+l.Deferred != l.Amount:
				return key, broken("%d of %d were received, and it is %s", int64(l.Received()), int64(l.Amount), l.Status)
			}
		}
	}
	return "", nil
}

// sums are amounts by member: what it receives, net.
type sums map[string]quantity.Minor

func (s sums) owe(from, to string, amount quantity.Minor) {
	s[from] -= amount // Sums of a channel's amounts, each within 2^53 and few: they don't overflow.
	s[to] += amount
}

// obligationsAreSettledOrCarried: member by member, what pairs disclosed into nettings, less the disputed lines that are aside, and with what votes deferred, is what the
// results' payments settle and what the last result carries. With NetsFollowSums that accounts for obligations to the last millionth.
func obligationsAreSettledOrCarried(r *clearingRecords) (string, error) {
	owed, settled, last := sums{}, sums{}, r.lastNetted()
	for _, n := range r.nets {
		for _, d := range n.Nets {
			if n.Window <= last {
				owed.owe(n.A, n.B, d.Net)
			}
		}
	}
	for _, d := range r.disputes {
		side := r.sideOf(d)
		if side != nil && side.Out != 0 || side == nil && d.Status == clearing.DisputeUpheld {
			owed.owe(d.A, d.B, -d.Amount)
		}
	}
	for _, l := range r.legs {
		owed.owe(l.From, l.To, l.Deferred)
	}
	for _, l := range r.deferred.Legs {
		owed.owe(l.From, l.To, -l.Deferred) // Not netted again yet.
	}
	for _, n := range r.nettings {
		for _, p := range n.Payments {
			settled.owe(p.From, p.To, p.Amount)
		}
	}
	if last > 0 {
		for _, o := range r.nettings[last].Carried {
			settled.owe(o.From, o.To, o.Amount)
		}
	}
	for _, member := range slices.Sorted(maps.Keys(owed)) {
		if owed[member] != settled[member] {
			return engine.NettingKey(r.currency, last), broken("obligations make %d for %s, payments and what is carried make %d", int64(owed[member]), member, int64(settled[member]))
		}
	}
	for member, amount := range settled {
		if amount != owed[member] {
			return engine.NettingKey(r.currency, last), broken("payments and what is carried make %d for %s, obligations %d", int64(amount), member, int64(owed[member]))
		}
	}
	return "", nil
}

// netsFollowSums: pair by pair, every disclosed sum, with what was left before, is its net and what is left, and in the end what the pair's book says is left; of an upheld
// dispute the rounding went with it.
func netsFollowSums(r *clearingRecords) (string, error) {
	for pair, book := range r.books {
		key := engine.PairBookKey(pair.A, pair.B, r.currency)
		var rest, upheld quantity.Micro
		for _, d := range r.netsOf(pair) {
			if d.Sum+d.Before != quantity.Micro(d.Net)*quantity.MicroPerMinor+d.After {
				return engine.PairNetsKey(r.currency, d.Window, pair.A, pair.B), broken("of window %d, %d and %d millionths aren't %d minor units and %d", d.Window, int64(d.Sum), int64(d.Before), int64(d.Net), int64(d.After))
			}
			rest += d.Sum - quantity.Micro(d.Net)*quantity.MicroPerMinor
		}
		for _, d := range r.disputes {
			if d.A == pair.A && d.B == pair.B && d.Status == clearing.DisputeUpheld {
				upheld += d.Micro - quantity.Micro(d.Amount)*quantity.MicroPerMinor
			}
		}
		if rest-upheld != book.Residual {
			return key, broken("the nets leave %d millionths, the book says %d", int64(rest-upheld), int64(book.Residual))
		}
	}
	return "", nil
}

// standingsFollowLegs: what members owe, pay and receive according to their standings is what results and legs say.
func standingsFollowLegs(r *clearingRecords) (string, error) {
	want := map[string]*clearing.Standing{}
	of := func(member string) *clearing.Standing {
		if want[member] == nil {
			want[member] = clearing.NewStanding(member, r.currency)
		}
		return want[member]
	}
	for _, n := range r.nettings {
		for _, o := range n.Settled {
			of(o.From).Owes += o.Amount
			of(o.To).Owed += o.Amount
		}
		for _, p := range n.Payments {
			of(p.From).Payable += p.Amount
			of(p.To).Receivable += p.Amount
		}
	}
	for _, l := range r.legs {
		if !l.Closed() {
			continue
		}
		from, to, paid := of(l.From), of(l.To), l.Amount-l.Deferred
		from.Payable, from.Paid, from.Owes = from.Payable-l.Amount, from.Paid+paid, from.Owes-l.Deferred
		to.Receivable, to.Received, to.Owed = to.Receivable-l.Amount, to.Received+paid, to.Owed-l.Deferred
	}
	for _, s := range r.standings {
		if *s != *of(s.Member) {
			return engine.StandingKey(s.Member, r.currency), broken("it is %+v, results and legs make %+v", *s, *of(s.Member))
		}
		delete(want, s.Member)
	}
	for member, s := range want {
		if *s != *clearing.NewStanding(member, r.currency) {
			return engine.StandingKey(member, r.currency), broken("it isn't there, results and legs make %+v", *s)
		}
	}
	return "", nil
}

// allocationsWithinCaps: a member's allocations add up to what its cap says, within its amount.
func allocationsWithinCaps(r *clearingRecords) (string, error) {
	for _, c := range r.caps {
		if err := clearing.AllocationsWithinCap(c, r.allocations); err != nil {
			return engine.CapKey(c.Member, r.currency), err
		}
	}
	return "", nil
}

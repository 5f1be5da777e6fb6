package clearing

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func mismatch(format string, args ...any) error {
	return fault.New(fault.ClearingMismatch, format, args...)
}

// Check holds a result of netting against everything that is always true of one.
func (n *Netting) Check() error {
	for _, holds := range []func(*Netting) error{PositionsNetToZero, PositionsFollowObligations, CoversHold, LegsSettlePositions} {
		if err := holds(n); err != nil {
			return err
		}
	}
	return nil
}

// PositionsNetToZero returns CLEARING_MISMATCH unless what members pay is what members receive.
func PositionsNetToZero(n *Netting) error {
	var sum quantity.Minor
	for _, p := range n.Positions {
		sum += p.Net // At most netting.MaxMembers of at most 2^53.
	}
	if sum != 0 {
		return mismatch("the positions of window %d add up to %d", n.Window, int64(sum))
	}
	return nil
}

// PositionsFollowObligations returns CLEARING_MISMATCH unless every position is what the settled obligations make it.
func PositionsFollowObligations(n *Netting) error {
	nets := netOf(n.Settled)
	for _, p := range n.Positions {
		if nets[p.Member] != p.Net {
			return mismatch("the position of %s is %d, its obligations make %d", p.Member, int64(p.Net), int64(nets[p.Member]))
		}
		delete(nets, p.Member)
	}
	if len(nets) > 0 {
		return mismatch("%d members have obligations and no position in window %d", len(nets), n.Window)
	}
	return nil
}

// netOf is what every member with an obligation receives, net.
func netOf(list []netting.Obligation) map[string]quantity.Minor {
	nets := map[string]quantity.Minor{}
	for _, o := range list {
		nets[o.From] -= o.Amount
		nets[o.To] += o.Amount
	}
	return nets
}

// CoversHold returns CLEARING_MISMATCH unless every position that pays is within its member's cover.
func CoversHold(n *Netting) error {
	covers := map[string]quantity.Minor{}
	for _, c := range n.Covers {
		covers[c.Member] = c.Amount
	}
	for _, p := range n.Positions {
		if p.Net < -covers[p.Member] {
			return mismatch("%s pays %d with a cover of %d", p.Member, int64(-p.Net), int64(covers[p.Member]))
		}
	}
	return nil
}

// LegsSettlePositions returns CLEARING_MISMATCH unless the payments make up exactly the positions and are fewer than the members that have one.
func LegsSettlePositions(n *Netting) error {
	left, members := map[string]quantity.Minor{}, 0
	for _, p := range n.Positions {
		if p.Net != 0 {
			left[p.Member] = p.Net
			members++
		}
	}
	if len(n.Payments) > max(members-1, 0) {
		return mismatch("%d payments settle %d positions of window %d", len(n.Payments), members, n.Window)
	}
	for _, p := range n.Payments {
		left[p.From] += p.Amount
		left[p.To] -= p.Amount
	}
	for member, rest := range left {
		if rest != 0 {
			return mismatch("payments leave %d of a position of window %d (%s)", int64(rest), n.Window, member)
		}
	}
	return nil
}

// ObligationsEqualLegsPlusCarried returns CLEARING_MISMATCH unless, member by member, the obligations that went into a netting are its legs and what it carries.
func ObligationsEqualLegsPlusCarried(obligations []netting.Obligation, n *Netting) error {
	nets, after := netOf(obligations), netOf(n.Carried)
	for _, p := range n.Payments {
		after[p.From] -= p.Amount
		after[p.To] += p.Amount
	}
	for _, name := range Parties(append(append([]netting.Obligation{}, obligations...), n.Carried...)) {
		if nets[name] != after[name] {
			return mismatch("%s has obligations of %d in window %d; legs and what is carried make %d", name, int64(nets[name]), n.Window, int64(after[name]))
		}
	}
	return nil
}

// StandingBalances returns CLEARING_MISMATCH unless what was settled of a member's obligations is what it paid and is to pay, less what it received and is to receive.
func StandingBalances(s *Standing) error {
	if s.Owes-s.Owed != s.Payable+s.Paid-s.Receivable-s.Received {
		return mismatch("the standing of %s in %s doesn't balance: %+v", s.Member, s.Currency, *s)
	}
	return nil
}

// AllocationsWithinCap returns CLEARING_MISMATCH unless the allocations of a member's pairs add up to what its cap says, within its amount.
func AllocationsWithinCap(c *Cap, allocations []Allocation) error {
	var sum quantity.Minor
	for i := range allocations {
		a := &allocations[i]
		if a.Currency == c.Currency && (a.A == c.Member || a.B == c.Member) {
			sum += a.Amount[direction(a.A, c.Member)]
		}
	}
	if sum != c.Allocated || sum > c.Amount {
		return mismatch("allocations of %s add up to %d, its cap says %d of %d", c.Member, int64(sum), int64(c.Allocated), int64(c.Amount))
	}
	return nil
}

// NetsFollowSums returns CLEARING_MISMATCH unless what a pair disclosed, less what was rounded into its nets, is what is left in its book; nets are all that the pair
// ever disclosed. It says nothing of a pair with an upheld dispute, whose rounding went with it.
func NetsFollowSums(b *PairBook, nets []Disclosure) error {
	var rest quantity.Micro
	for _, d := range nets {
		rest += d.Sum - quantity.Micro(d.Net)*quantity.MicroPerMinor // After less Before.
	}
	if rest != b.Residual {
		return mismatch("the nets of %s and %s leave %d millionths, their book says %d", b.A, b.B, int64(rest), int64(b.Residual))
	}
	return nil
}

package netting

import (
	"cmp"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Payment is money that one member sends another to settle positions; its amount is positive.
type Payment struct {
	From   string         `json:"from"`
	To     string         `json:"to"`
	Amount quantity.Minor `json:"amount"`
}

// Payments chooses the payments that settle every position exactly, ordered by payer, then payee. Nobody both pays and receives.
//
// The rule: whoever owes most pays whoever is owed most, as much as the smaller of the two, until nobody owes; of equals the first by name. Every payment settles at
// least one member and the last one two, so there are at most one fewer than members that have a position. (Fewer still may do: the least number is found by cutting
// the members into as many groups that balance as possible, which is NP-hard and would gain little.)
//
// TOO_LARGE over MaxMembers positions, INVALID_VALUE when a member has no name or is named twice or the positions don't sum to zero, OUT_OF_RANGE when one of them isn't
// valid or what all members receive is over MaxMinor. What Positions and Settle give is never refused.
func Payments(positions []Position) ([]Payment, error) {
	if len(positions) > MaxMembers {
		return nil, fault.New(fault.TooLarge, "there are at most %d members", MaxMembers)
	}
	open := slices.SortedFunc(slices.Values(positions), func(p, q Position) int {
		return cmp.Or(cmp.Compare(p.Member, q.Member), cmp.Compare(p.Net, q.Net))
	})
	if err := checkPositions(open); err != nil {
		return nil, err
	}
	payments := []Payment{}
	for {
		payer, payee := extremes(open)
		if len(open) == 0 || open[payer].Net == 0 {
			break
		}
		amount := min(-open[payer].Net, open[payee].Net)
		open[payer].Net += amount
		open[payee].Net -= amount
		payments = append(payments, Payment{From: open[payer].Member, To: open[payee].Member, Amount: amount})
	}
	slices.SortFunc(payments, func(p, q Payment) int { return cmp.Or(cmp.Compare(p.From, q.From), cmp.Compare(p.To, q.To)) })
	return payments, nil
}

func checkPositions(ordered []Position) error {
	var received total
	var sum quantity.Minor
	for i, p := range ordered {
		if p.Member == "" || i > 0 && ordered[i-1].Member == p.Member {
			return fault.New(fault.InvalidValue, "a position names one member, each once, not %q", p.Member)
		}
		if err := p.Net.Valid(); err != nil {
			return err
		}
		if err := received.add(max(p.Net, 0)); err != nil {
			return err
		}
		sum += p.Net // MaxMembers values within ±2^53 can't overflow 64 bits.
	}
	if sum != 0 {
		return fault.New(fault.InvalidValue, "positions sum to zero, not to %d", int64(sum))
	}
	return nil
}

// extremes returns who owes most and who is owed most, of equals the first.
func extremes(open []Position) (payer, payee int) {
	for i, p := range open {
		if p.Net < open[payer].Net {
			payer = i
		}
		if p.Net > open[payee].Net {
			payee = i
		}
	}
	return payer, payee
}

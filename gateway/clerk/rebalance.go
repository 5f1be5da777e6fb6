package clerk

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// How room is moved between the lanes of a pair: a lane of the own gateway that has less than a fifth of an even slice left gets half of what the lane with most room has.
const (
	shortShare = 5
	givenShare = 2
	leastMove  = 100 * quantity.MicroPerMinor // Millionths; less isn't worth a transaction.
	stepMove   = clearing.Step(wire.FnMoveSlice)
)

// rebalance moves room to lanes of the own gateway that run short of it, one lane of each pair and direction at a time. Slices never exceed the allocation by that: what one lane
// gets, another gives.
func (c *Clerk) rebalance(ctx context.Context, v *view) error {
	pairs, err := treasury.PairsOf(ctx, c.settings.Reads, v.own.Name)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		limits, err := treasury.LimitsOf(ctx, c.settings.Reads, p)
		if fault.CodeOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		for _, direction := range []int{clearing.AOwesB, clearing.BOwesA} {
			if err := c.moveRoom(ctx, p, limits, direction); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Clerk) moveRoom(ctx context.Context, p clearing.Pair, l *treasury.Limits, direction int) error {
	short, rich := c.extremes(l, direction)
	if short == nil || rich == nil || short == rich {
		return nil
	}
	even := clearing.MicroOf(l.Allocation[direction]) / quantity.Micro(clearing.PairLaneCount)
	amount := room(rich, direction) / givenShare
	if room(short, direction) >= even/shortShare || amount < leastMove || room(rich, direction)-amount <= room(short, direction) {
		return nil
	}
	partner := p.A
	if partner == c.settings.Member {
		partner = p.B
	}
	err := c.settings.Ledger.MoveSlice(ctx, partner, wire.SliceMove{
		Salt: random.Hex(wire.SaltLength / 2), From: clearing.LanePlace{MSP: rich.MSP, N: rich.N}, To: clearing.LanePlace{MSP: short.MSP, N: short.N},
		Direction: direction, Amount: amount,
	})
	c.took(stepMove, &clearing.Window{Currency: l.Currency}, err)
	return nil
}

// extremes are the used lane of the own gateway with least room, and the lane of the pair with most; lanes that were never used aren't short of anything.
func (c *Clerk) extremes(l *treasury.Limits, direction int) (short, rich *treasury.LaneLimits) {
	for i := range l.Lanes {
		lane := &l.Lanes[i]
		used := lane.Used[direction]+lane.Reserved[direction] > 0
		if lane.MSP == c.settings.MSP && used && (short == nil || room(lane, direction) < room(short, direction)) {
			short = lane
		}
		if rich == nil || room(lane, direction) > room(rich, direction) {
			rich = lane
		}
	}
	return short, rich
}

// room is what a lane may still come to owe.
func room(l *treasury.LaneLimits, direction int) quantity.Micro {
	return l.Slice[direction] - max(l.Used[direction]+l.Reserved[direction], 0)
}

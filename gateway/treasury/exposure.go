package treasury

import (
	"context"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/store"
)

// Shares of an allocation, in percent, from which on a treasury is warned.
const (
	WarningPercent  = 80
	CriticalPercent = 95
)

// PairPosition is what a pair booked in one window.
type PairPosition struct {
	A        string            `json:"a"`
	B        string            `json:"b"`
	Currency string            `json:"currency"`
	Window   int64             `json:"window"`
	Owed     [2]quantity.Micro `json:"owed"`  // Gross, by direction: what A owes B, what B owes A.
	Net      quantity.Micro    `json:"net"`   // What A owes B, less what B owes A.
	Count    int64             `json:"count"` // Obligations.
}

// Limits are how much a pair may owe each other, and how much of that is taken.
type Limits struct {
	A          string            `json:"a"`
	B          string            `json:"b"`
	Currency   string            `json:"currency"`
	Allocation [2]quantity.Minor `json:"allocation"` // By direction: what A may owe B, what B may owe A.
	Epoch      int               `json:"epoch"`
	Used       [2]quantity.Micro `json:"used"`     // Obligations of windows that aren't settled.
	Reserved   [2]quantity.Micro `json:"reserved"` // For open holds.
	Percent    [2]int64          `json:"percent"`  // Of the allocation that is taken, rounded down.
	Lanes      []LaneLimits      `json:"lanes"`
}

// LaneLimits are one lane's slices of its pair's allocation, and how much of them is taken.
type LaneLimits struct {
	MSP      string            `json:"msp"`
	N        int               `json:"n"`
	Slice    [2]quantity.Micro `json:"slice"`
	Used     [2]quantity.Micro `json:"used"`
	Reserved [2]quantity.Micro `json:"reserved"`
	Released int64             `json:"released"` // Last settled window whose obligations were taken off Used.
}

// PairsOf are the pairs whose data the own peer holds, of one member or, when it is empty, all of them.
func PairsOf(ctx context.Context, reads *store.ClearingReads, member string) ([]clearing.Pair, error) {
	collections, err := reads.Collections(ctx)
	if err != nil {
		return nil, err
	}
	var pairs []clearing.Pair
	for _, c := range collections {
		a, b, ok := strings.Cut(strings.TrimPrefix(c, "pair-"), "-")
		if ok && (member == "" || member == a || member == b) {
			pairs = append(pairs, clearing.Pair{A: a, B: b})
		}
	}
	return pairs, nil
}

// Intraday is what a pair booked in a window so far: as of the last block that was projected.
func Intraday(ctx context.Context, reads *store.ClearingReads, p clearing.Pair, currency string, window int64) (PairPosition, error) {
	out := PairPosition{A: p.A, B: p.B, Currency: currency, Window: window}
	list := store.ClearingList{Collection: clearing.PairCollection(p.A, p.B), Object: engine.ObjectGross, Prefix: store.WindowID(currency, window)}
	gross, err := store.All[clearing.Gross](ctx, reads, list)
	if err != nil {
		return out, err
	}
	total := clearing.Gross{}
	for i := range gross {
		if err := total.Add(gross[i].Owed); err != nil {
			return out, err
		}
	}
	tallies, err := Tallies(ctx, reads, p.A, p.B, currency, window)
	if err != nil {
		return out, err
	}
	for i := range tallies {
		out.Count += tallies[i].Count
	}
	out.Owed = total.Owed
	out.Net, err = total.Owed[clearing.AOwesB].Sub(total.Owed[clearing.BOwesA])
	return out, err
}

// LimitsOf are a pair's limits; NOT_FOUND when the own peer holds no agreement of the pair.
func LimitsOf(ctx context.Context, reads *store.ClearingReads, p clearing.Pair) (*Limits, error) {
	collection := clearing.PairCollection(p.A, p.B)
	var pair struct {
		Currency string `json:"currency"`
	}
	if err := reads.Record(ctx, store.ClearingRef{Collection: collection, Object: engine.ObjectPair}, &pair); err != nil {
		return nil, err
	}
	out := &Limits{A: p.A, B: p.B, Currency: pair.Currency, Lanes: []LaneLimits{}}
	var allocation clearing.Allocation
	err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectAllocation, ID: strings.Join([]string{p.A, p.B, pair.Currency}, "/")}, &allocation)
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return nil, err
	}
	out.Allocation, out.Epoch = allocation.Amount, allocation.Epoch
	lanes, err := pairLanes(ctx, reads, p, pair.Currency)
	if err != nil {
		return nil, err
	}
	for i := range lanes {
		if err := out.add(&lanes[i]); err != nil {
			return nil, err
		}
	}
	return out, out.rate()
}

// pairLanes are all lanes of a pair, those that were never used too.
func pairLanes(ctx context.Context, reads *store.ClearingReads, p clearing.Pair, currency string) ([]clearing.PairLane, error) {
	var members clearing.Consortium
	if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectConsortium}, &members); err != nil {
		return nil, err
	}
	a, err := members.Find(p.A)
	if err != nil {
		return nil, err
	}
	b, err := members.Find(p.B)
	if err != nil {
		return nil, err
	}
	known, err := store.All[clearing.PairLane](ctx, reads, store.ClearingList{Collection: clearing.PairCollection(p.A, p.B), Object: engine.ObjectPairLane})
	if err != nil {
		return nil, err
	}
	places := clearing.CrossLanes(a, b)
	lanes := make([]clearing.PairLane, len(places))
	for i, place := range places {
		lanes[i] = clearing.PairLane{V: 1, Currency: currency, MSP: place.MSP, N: place.N}
		for _, k := range known {
			if k.MSP == place.MSP && k.N == place.N {
				lanes[i] = k
			}
		}
	}
	return lanes, nil
}

func (l *Limits) add(lane *clearing.PairLane) error {
	row := LaneLimits{MSP: lane.MSP, N: lane.N, Used: lane.Used, Reserved: lane.Reserved, Released: lane.Released}
	for i := range row.Slice {
		row.Slice[i] = lane.SliceOf(i, clearing.MicroOf(l.Allocation[i]))
		var err error
		if l.Used[i], err = l.Used[i].Add(lane.Used[i]); err != nil {
			return err
		}
		if l.Reserved[i], err = l.Reserved[i].Add(lane.Reserved[i]); err != nil {
			return err
		}
	}
	l.Lanes = append(l.Lanes, row)
	return nil
}

func (l *Limits) rate() error {
	for i := range l.Percent {
		taken, err := l.Used[i].Add(l.Reserved[i])
		if err != nil {
			return err
		}
		l.Percent[i] = PercentOf(taken, clearing.MicroOf(l.Allocation[i]))
	}
	return nil
}

// PercentOf is a share in whole percent, rounded down; of nothing everything is 100 percent.
func PercentOf(taken, allocation quantity.Micro) int64 {
	switch {
	case taken <= 0:
		return 0
	case allocation == 0:
		return 100
	}
	percent, err := quantity.Portion(int64(taken), 100, int64(allocation))
	if err != nil {
		return 100
	}
	return percent
}

package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Standing is what an account's record keeps for the rules. It is public, changes by Apply alone, and its zero value is that of a new account.
type Standing struct {
	Counters []CounterState `json:"counters,omitempty"` // In the order of their ids.
	Kept     []KeptTier     `json:"kept,omitempty"`     // Tiers that no longer follow from a counter, lowest first.
	Uses     []Use          `json:"uses,omitempty"`     // Of rules and campaigns with a cap per account, in the order of kind and id.
	Once     []string       `json:"once,omitempty"`     // Marks of events that happened, in order.
}

// CounterState is how far one counter got.
type CounterState struct {
	ID      string       `json:"id"`
	Buckets []Bucketed   `json:"buckets,omitempty"` // One, or of a rolling counter one per month, oldest first.
	Last    quantity.Day `json:"last,omitzero"`     // Of visits: the last business date counted.
}

// Bucketed is what was counted in the period that starts on a day.
type Bucketed struct {
	Start quantity.Day `json:"start,omitzero"`
	Value int64        `json:"value"` // 1 to quantity.MaxPoints.
}

// KeptTier is a tier that is kept through a day.
type KeptTier struct {
	Tier  string       `json:"tier"`
	Until quantity.Day `json:"until"`
}

// UseKind says whose cap a Use belongs to.
type UseKind string

// The kinds of uses.
const (
	UseOfCampaign UseKind = "campaign"
	UseOfRule     UseKind = "rule"
)

// Use is how much of a cap an account has used.
type Use struct {
	Kind  UseKind         `json:"kind"`
	ID    string          `json:"id"`
	Day   quantity.Day    `json:"day"`   // Business date of the last award.
	Today quantity.Points `json:"today"` // Given on that date.
	Total quantity.Points `json:"total"` // Given for ever.
}

// IsZero says whether there is nothing to keep.
func (s *Standing) IsZero() bool {
	return len(s.Counters) == 0 && len(s.Kept) == 0 && len(s.Uses) == 0 && len(s.Once) == 0
}

// Clone copies a standing; the copy shares nothing with the original.
func (s *Standing) Clone() Standing {
	c := Standing{Counters: slices.Clone(s.Counters), Kept: slices.Clone(s.Kept), Uses: slices.Clone(s.Uses), Once: slices.Clone(s.Once)}
	for i := range c.Counters {
		c.Counters[i].Buckets = slices.Clone(c.Counters[i].Buckets)
	}
	return c
}

func (s *Standing) counter(id string) *CounterState {
	for i := range s.Counters {
		if s.Counters[i].ID == id {
			return &s.Counters[i]
		}
	}
	return nil
}

func (s *Standing) use(kind UseKind, id string) Use {
	if i, found := s.findUse(kind, id); found {
		return s.Uses[i]
	}
	return Use{Kind: kind, ID: id}
}

func (s *Standing) findUse(kind UseKind, id string) (int, bool) {
	return slices.BinarySearchFunc(s.Uses, Use{Kind: kind, ID: id}, func(a, b Use) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.ID, b.ID))
	})
}

// today is what was given on a business date.
func (u Use) today(day quantity.Day) quantity.Points {
	if u.Day == day {
		return u.Today
	}
	return 0
}

func (s *Standing) has(mark string) bool {
	_, found := slices.BinarySearch(s.Once, mark)
	return found
}

// Award is what one rule gave.
type Award struct {
	Rule     string          `json:"rule"`
	Points   quantity.Points `json:"points"` // 1 to quantity.MaxPoints.
	Campaign string          `json:"campaign,omitzero"`
}

// Progress is how far an event moves a counter: forward, or back for a return.
type Progress struct {
	Counter string `json:"counter"`
	Add     int64  `json:"add"`
}

// Outcome is what an event changes at an account. It is public, stands in the receipt, and is all that Apply knows.
type Outcome struct {
	Awards   []Award    `json:"awards,omitempty"`   // In the order of the rules.
	Progress []Progress `json:"progress,omitempty"` // In the order of the counters.
	Once     string     `json:"once,omitzero"`      // Mark that the account gets.
}

// Points is the sum of the awards, which Evaluate keeps within quantity.MaxPoints.
func (o *Outcome) Points() quantity.Points {
	var total quantity.Points
	for i := range o.Awards {
		total += o.Awards[i].Points // At most MaxRules awards of at most 2^53-1 each stay within 64 bits.
	}
	return total
}

// CampaignPoints is the sum of the awards of one campaign.
func (o *Outcome) CampaignPoints(campaign string) quantity.Points {
	var total quantity.Points
	for i := range o.Awards {
		if o.Awards[i].Campaign == campaign {
			total += o.Awards[i].Points
		}
	}
	return total
}

// Reverse is what a return changes when taken of the awarded points are taken back: counters of points and spend go back in proportion, rounded towards zero.
// Visits and events happened and stay; so do tiers kept from earlier periods, used caps, budgets and marks. An outcome of an older set moves back the counters that this set still has.
func (p *Program) Reverse(o *Outcome, taken, awarded quantity.Points) (Outcome, error) {
	var back Outcome
	if taken < 0 || awarded < 0 || taken > awarded {
		return Outcome{}, fault.New(fault.OutOfRange, "%d of %d points can't be taken back", int64(taken), int64(awarded))
	}
	if taken == 0 {
		return back, nil
	}
	for _, moved := range o.Progress {
		c := findCounter(p.set.Counters, moved.Counter)
		if c == nil || c.Measure != Earned && c.Measure != Spend || moved.Add <= 0 {
			continue
		}
		part, err := quantity.Portion(moved.Add, int64(taken), int64(awarded))
		if err != nil {
			return Outcome{}, err
		}
		if part > 0 {
			back.Progress = append(back.Progress, Progress{Counter: moved.Counter, Add: -part})
		}
	}
	return back, nil
}

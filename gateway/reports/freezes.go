package reports

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/store"
)

// Freezes is what brands asked issuers to freeze and how they decided, and what customers objected to.
type Freezes struct {
	Header
	Programmes []ProgrammeFreezes `json:"programmes"` // By name.
}

// ProgrammeFreezes is one programme's.
type ProgrammeFreezes struct {
	Programme  string           `json:"programme"`
	Requests   []FreezeCount    `json:"requests"`   // By who asked, reason and status.
	Objections []ObjectionCount `json:"objections"` // By outcome.
	Overdue    int              `json:"overdue"`    // Objections without an answer whose time is over.
}

// FreezeCount counts requests.
type FreezeCount struct {
	MSP    string              `json:"msp"` // Of who asked.
	Reason points.Reason       `json:"reason"`
	Status points.FreezeStatus `json:"status"` // At the report's time.
	Count  int                 `json:"count"`
}

// ObjectionCount counts objections.
type ObjectionCount struct {
	Outcome string `json:"outcome"` // OPEN, UPHELD or DISMISSED.
	Count   int    `json:"count"`
}

// openObjection is how an objection without an answer is counted.
const openObjection = "OPEN"

// MakeFreezes makes the report.
func MakeFreezes(ctx context.Context, r Reader) (*Freezes, error) {
	f := &Freezes{Programmes: []ProgrammeFreezes{}}
	return f, f.make(ctx, r, NameFreezes, func(p *store.Picture, programmes []points.Programme) error {
		for i := range programmes {
			one := ProgrammeFreezes{Programme: programmes[i].Brand, Requests: []FreezeCount{}, Objections: []ObjectionCount{}}
			if err := one.countRequests(ctx, p); err != nil {
				return err
			}
			if err := one.countObjections(ctx, p); err != nil {
				return err
			}
			f.Programmes = append(f.Programmes, one)
		}
		return nil
	})
}

func (f *ProgrammeFreezes) countRequests(ctx context.Context, p *store.Picture) error {
	counts := map[FreezeCount]int{}
	err := p.Records(ctx, f.Programme, engine.ObjectFreeze, func(r *store.Record) error {
		var one points.FreezeRequest
		if err := r.Into(&one); err != nil {
			return err
		}
		counts[FreezeCount{MSP: one.MSP, Reason: one.Reason, Status: one.StatusAt(p.At.Time)}]++
		return nil
	})
	for _, at := range slices.SortedFunc(maps.Keys(counts), func(a, b FreezeCount) int {
		return cmp.Or(cmp.Compare(a.MSP, b.MSP), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Status, b.Status))
	}) {
		at.Count = counts[at]
		f.Requests = append(f.Requests, at)
	}
	return err
}

func (f *ProgrammeFreezes) countObjections(ctx context.Context, p *store.Picture) error {
	counts := map[string]int{}
	err := p.Records(ctx, f.Programme, engine.ObjectObjection, func(r *store.Record) error {
		var one points.Objection
		if err := r.Into(&one); err != nil {
			return err
		}
		outcome := string(one.Outcome)
		if one.Outcome == points.ObjectionOpen {
			outcome = openObjection
			if one.AnswerBy < p.At.Time {
				f.Overdue++
			}
		}
		counts[outcome]++
		return nil
	})
	for _, outcome := range slices.Sorted(maps.Keys(counts)) {
		f.Objections = append(f.Objections, ObjectionCount{outcome, counts[outcome]})
	}
	return err
}

func (f *Freezes) columns() []string {
	return []string{"record", "programme", "msp", "reason", "status", "count"}
}

func (f *Freezes) lines() [][]string {
	var all [][]string
	for i := range f.Programmes {
		p := &f.Programmes[i]
		for _, n := range p.Requests {
			all = append(all, []string{"requests", p.Programme, n.MSP, string(n.Reason), string(n.Status), number(n.Count)})
		}
		for _, n := range p.Objections {
			all = append(all, []string{"objections", p.Programme, "", "", n.Outcome, number(n.Count)})
		}
		all = append(all, []string{"overdueObjections", p.Programme, "", "", "", number(p.Overdue)})
	}
	return all
}

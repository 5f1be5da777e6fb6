package api

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/gateway/store"
)

// Limits of a dry run.
const (
	MaxDryRunEvents      = store.MaxEvents // Newest past events that it looks at.
	MaxDryRunDifferences = 100             // Differences that it lists.
)

// DryRunRuleSet compares a drafted rule set with the one in force over past events.
func (s *Server) DryRunRuleSet(ctx context.Context, r DryRunRuleSetRequestObject) (DryRunRuleSetResponseObject, error) {
	if err := s.sequences(r.Name); err != nil {
		return nil, err
	}
	draft, err := rules.Compile(r.Body)
	if err != nil {
		return nil, err
	}
	p, err := s.reader.Programme(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	current, err := s.rulesInForce(ctx, &p)
	if err != nil {
		return nil, err
	}
	var answer DryRun
	if err := s.alone(func() error {
		answer, err = s.dryRun(ctx, p.Brand, current, draft)
		return err
	}); err != nil {
		return nil, err
	}
	return DryRunRuleSet200JSONResponse(answer), nil
}

// rulesInForce are the rules that decide on the business date: those of the terms while no rule set is in force.
func (s *Server) rulesInForce(ctx context.Context, p *points.Programme) (*rules.Program, error) {
	program, err := s.program(ctx, p)
	if err != nil || program != nil {
		return program, err
	}
	return rules.Standard(p.Current().Rate), nil
}

func (s *Server) dryRun(ctx context.Context, programme string, current, draft *rules.Program) (DryRun, error) {
	events, err := s.reader.Events(ctx, programme, MaxDryRunEvents)
	if err != nil {
		return DryRun{}, err
	}
	c, err := rules.Compare(current, draft, events)
	if err != nil {
		return DryRun{}, err
	}
	difference, err := c.New.Sub(c.Old)
	if err != nil {
		return DryRun{}, err
	}
	return DryRun{
		Events: len(events), Complete: len(events) < MaxDryRunEvents,
		Before:     DryRunSide{RuleSet: versionOf(current), Points: int64(c.Old), Refused: c.OldRefused},
		After:      DryRunSide{RuleSet: versionOf(draft), Points: int64(c.New), Refused: c.NewRefused},
		Difference: int64(difference), Gaining: c.Gaining, Losing: c.Losing, Unchanged: c.Unchanged, Largest: largest(c.Customers),
	}, nil
}

// versionOf is the version of a rule set; nil for the rate of the terms.
func versionOf(p *rules.Program) *int {
	if version := p.Set().Version; version != 0 {
		return &version
	}
	return nil
}

// largest lists the largest differences, whichever way they go, ordered by size and then by account.
func largest(all []rules.CustomerComparison) []DryRunDifference {
	changed := slices.DeleteFunc(slices.Clone(all), func(c rules.CustomerComparison) bool { return c.Difference() == 0 })
	slices.SortFunc(changed, func(a, b rules.CustomerComparison) int {
		return cmp.Or(cmp.Compare(size(b), size(a)), strings.Compare(a.Customer, b.Customer))
	})
	changed = changed[:min(len(changed), MaxDryRunDifferences)]
	list := make([]DryRunDifference, len(changed))
	for i, c := range changed {
		list[i] = DryRunDifference{Account: c.Customer, Before: int64(c.Old), After: int64(c.New), Difference: int64(c.Difference())}
	}
	return list
}

func size(c rules.CustomerComparison) int64 {
	d := int64(c.Difference())
	return max(d, -d)
}

package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// ruleSet reads a version of a programme's rule set for its words. It is empty, and rules go by their ids, for version 0, which is none, and for one that the peer has
// and the read model doesn't have yet.
func (s *Server) ruleSet(ctx context.Context, programme string, version int) (*rules.Set, error) {
	set := &rules.Set{}
	if version == 0 {
		return set, nil
	}
	raw, err := s.reader.Record(ctx, programme, engine.ObjectRuleSet, store.VersionID(version))
	if fault.CodeOf(err) == fault.NotFound {
		return set, nil
	}
	if err != nil {
		return nil, err
	}
	return set, wire.DecodeRecord(raw, set)
}

// program is the rule set in force on the programme's business date; nil without one.
func (s *Server) program(ctx context.Context, p *points.Programme) (*rules.Program, error) {
	published := points.InForce(p.RuleSets, p.BusinessDate)
	if published == nil {
		return nil, nil
	}
	return s.programs.Program(published.Hash, func() (*rules.Program, error) {
		set := new(rules.Set)
		if _, err := s.published(ctx, p, versions{engine.ObjectRuleSet, p.RuleSets}, published.Version, set); err != nil {
			return nil, err
		}
		return rules.Compile(set)
	})
}

// addStanding adds what the rules know of an account: its tier and counters.
func addStanding(out *Account, a *points.Account, p *points.Programme, program *rules.Program) {
	if program == nil {
		return
	}
	counters, values := program.Set().Counters, program.Counted(&a.Standing, p.BusinessDate)
	for i := range counters {
		out.Counters = append(out.Counters, Counter{Id: counters[i].ID, Value: values[i]})
	}
	tier := program.TierOn(&a.Standing, p.BusinessDate)
	if tier == "" {
		return
	}
	out.Tier = &tier
	if until, ok := program.TierUntil(&a.Standing, tier); ok {
		day := until.String()
		out.TierUntil = &day
	}
}

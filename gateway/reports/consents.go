package reports

import (
	"context"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/store"
)

// MaxOverdue is how many overdue consents of a programme are named.
const MaxOverdue = 100

// Consents is the evidence that the ledger has of consents and erasures. It names no customer and no attribute: those are private.
type Consents struct {
	Header
	Programmes []ProgrammeConsents `json:"programmes"` // By name.
}

// ProgrammeConsents is one programme's.
type ProgrammeConsents struct {
	Programme string              `json:"programme"`
	Policies  []int               `json:"policies"` // Versions of the data policy that are published.
	Consents  []ConsentCount      `json:"consents"` // By grantee and status.
	InForce   int                 `json:"inForce"`  // Granted, and begun, and not over at the report's time.
	Overdue   int                 `json:"overdue"`  // Granted, and over at the report's time: to be ended and purged.
	Oldest    string              `json:"oldest,omitempty"`
	Named     []privacy.ConsentID `json:"named"`    // Of the overdue ones, those that ended first, at most MaxOverdue.
	Erasures  []ErasureCount      `json:"erasures"` // By reason.
}

// ConsentCount counts consents.
type ConsentCount struct {
	Grantee string         `json:"grantee"`
	Status  privacy.Status `json:"status"`
	Count   int            `json:"count"`
}

// ErasureCount counts what was erased for a reason.
type ErasureCount struct {
	Reason       privacy.ErasureReason `json:"reason"`
	Records      int                   `json:"records"`      // On the ledger, each with the root over its certificates.
	Certificates int                   `json:"certificates"` // Persons, once each.
	Last         string                `json:"last"`         // When the last one was recorded, RFC 3339.
}

// MakeConsents makes the report.
func MakeConsents(ctx context.Context, r Reader) (*Consents, error) {
	c := &Consents{Programmes: []ProgrammeConsents{}}
	return c, c.make(ctx, r, NameConsents, func(p *store.Picture, programmes []points.Programme) error {
		for i := range programmes {
			one, err := consentsOf(ctx, p, programmes[i].Brand)
			if err != nil {
				return err
			}
			c.Programmes = append(c.Programmes, *one)
		}
		return nil
	})
}

func consentsOf(ctx context.Context, p *store.Picture, programme string) (*ProgrammeConsents, error) {
	out := &ProgrammeConsents{Programme: programme, Policies: []int{}, Consents: []ConsentCount{}, Named: []privacy.ConsentID{}, Erasures: []ErasureCount{}}
	err := p.Records(ctx, programme, engine.ObjectDataPolicy, func(r *store.Record) error {
		var policy struct {
			Version int `json:"version"`
		}
		err := r.Into(&policy)
		out.Policies = append(out.Policies, policy.Version)
		return err
	})
	if err == nil {
		err = out.countConsents(ctx, p)
	}
	if err == nil {
		err = out.countErasures(ctx, p)
	}
	return out, err
}

func (c *ProgrammeConsents) countConsents(ctx context.Context, p *store.Picture) error {
	sums, err := p.ConsentSums(ctx, c.Programme, p.At.Time)
	if err != nil {
		return err
	}
	for _, s := range sums {
		c.Consents = append(c.Consents, ConsentCount{Grantee: s.Grantee, Status: s.Status, Count: s.Count})
		c.InForce, c.Overdue = c.InForce+s.InForce, c.Overdue+s.Overdue
	}
	overdue, err := p.OverdueConsents(ctx, c.Programme, p.At.Time, MaxOverdue)
	for _, o := range overdue {
		c.Named = append(c.Named, o.ID)
	}
	if len(overdue) > 0 {
		c.Oldest = timeOf(overdue[0].Until)
	}
	return err
}

func (c *ProgrammeConsents) countErasures(ctx context.Context, p *store.Picture) error {
	counts, last := map[privacy.ErasureReason]ErasureCount{}, map[privacy.ErasureReason]int64{}
	err := p.Records(ctx, c.Programme, engine.ObjectErasures, func(r *store.Record) error {
		var one privacy.Erasures
		if err := r.Into(&one); err != nil {
			return err
		}
		sum := counts[one.Reason]
		sum.Reason, sum.Records, sum.Certificates = one.Reason, sum.Records+1, sum.Certificates+one.Count
		counts[one.Reason], last[one.Reason] = sum, max(last[one.Reason], one.At)
		return nil
	})
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		sum := counts[reason]
		sum.Last = timeOf(last[reason])
		c.Erasures = append(c.Erasures, sum)
	}
	return err
}

func (c *Consents) columns() []string {
	return []string{"record", "programme", "grantee", "status", "count", "certificates", "time", "id"}
}

func (c *Consents) lines() [][]string {
	var all [][]string
	for i := range c.Programmes {
		p := &c.Programmes[i]
		for _, version := range p.Policies {
			all = append(all, []string{"policy", p.Programme, "", "", "", "", "", number(version)})
		}
		for _, n := range p.Consents {
			all = append(all, []string{"consents", p.Programme, n.Grantee, string(n.Status), number(n.Count), "", "", ""})
		}
		all = append(all, []string{"inForce", p.Programme, "", "", number(p.InForce), "", "", ""}, []string{"overdue", p.Programme, "", "", number(p.Overdue), "", p.Oldest, ""})
		for _, id := range p.Named {
			all = append(all, []string{"overdueConsent", p.Programme, "", "", "", "", "", string(id)})
		}
		for _, e := range p.Erasures {
			all = append(all, []string{"erasures", p.Programme, "", string(e.Reason), number(e.Records), number(e.Certificates), e.Last, ""})
		}
	}
	return all
}

package reports

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/store"
)

// AccessCount says how often a kind of personal data was looked at or changed, by whom and what for. It names attributes, never values, and nobody whose they are.
type AccessCount struct {
	Actor     string `json:"actor"` // Name of an API key, person, a partner, or a job.
	Purpose   string `json:"purpose"`
	Action    string `json:"action"`
	Attribute string `json:"attribute"` // Empty for what is about no attribute.
	Accesses  int64  `json:"accesses"`
	Persons   int64  `json:"persons"` // Different ones.
}

// ReadingCount says how often the member read an attribute that customers of another brand share with it.
type ReadingCount struct {
	Owner     string `json:"owner"` // The other brand, whose own report counts the same under the actor partner/<member>.
	Purpose   string `json:"purpose"`
	Attribute string `json:"attribute"`
	Readings  int64  `json:"readings"`
}

// GranteeSum is what another brand was given to read of this brand's customers in one month, by the log of the brand that gave it.
type GranteeSum struct {
	Grantee  string `json:"grantee"`
	Purpose  string `json:"purpose"`
	Month    string `json:"month"`    // YYYY-MM, UTC.
	Accesses int64  `json:"accesses"` // Of attributes, as the counts of what partner/<grantee> read, which they add up to.
	Persons  int64  `json:"persons"`  // Different ones in the month; who is read in two months is in both sums.
}

// AccessLog counts what a brand's access log has: the vault. A gateway that keeps no customers has none.
type AccessLog interface {
	// Accesses counts those of the time from (included) to (excluded), in Unix seconds, ordered by actor, purpose, action and attribute, at most limit lines.
	Accesses(ctx context.Context, from, to int64, limit int) ([]AccessCount, error)
	// Grantees sums up what other brands read by grantee, purpose and month, in this order, at most limit lines.
	Grantees(ctx context.Context, from, to int64, limit int) ([]GranteeSum, error)
	// Readings counts what was read of other brands' customers in the same time, ordered by owner, purpose and attribute, at most limit lines.
	Readings(ctx context.Context, from, to int64, limit int) ([]ReadingCount, error)
}

// Accesses is who did what with personal data at the own brand. Unlike the other reports it is made of the brand's own log, which isn't on the ledger: nobody else can make it.
type Accesses struct {
	Header
	Method string        `json:"method"` // MethodAccesses.
	Member string        `json:"member"` // Whose log it is.
	From   string        `json:"from"`   // RFC 3339, included;
	Until  string        `json:"until"`  // excluded.
	Counts []AccessCount `json:"counts"`
	// Grantees sums up the counts of what other brands read.
	Grantees []GranteeSum `json:"grantees"`
	// Readings is the other side: of other brands' customers, as far as this member read. An owner counts at least as many, and more only where its answer was lost.
	Readings []ReadingCount `json:"readings"`
}

// MethodAccesses says how the report comes about.
const MethodAccesses = "Counted from the member's own access log, which is not on the ledger: the figures rest on the member's word, and no other member can make them again. " +
	"A line about several attributes counts once for each of them; days are UTC days. Readings are what this member read of other brands' customers, by its own count: each owner counts as " +
	"many in its own report, as partner/ and this member's name, or more where an answer was lost after it was logged."

// MakeAccesses makes the report of the business dates of a period, taken as UTC days. TOO_LARGE above MaxRows lines, INVALID_VALUE for a period that can't be, NOT_FOUND without
// a log.
func MakeAccesses(ctx context.Context, r Reader, log AccessLog, member string, period Period) (*Accesses, error) {
	if err := period.Valid(); err != nil {
		return nil, err
	}
	if log == nil {
		return nil, fault.New(fault.NotFound, "this gateway keeps no customers' data, so it has no access log")
	}
	from, until := int64(period.From)*secondsPerDay, (int64(period.To)+1)*secondsPerDay
	a := &Accesses{Method: MethodAccesses, Member: member, From: timeOf(from), Until: timeOf(until), Counts: []AccessCount{}, Grantees: []GranteeSum{}, Readings: []ReadingCount{}}
	return a, a.make(ctx, r, NameAccesses, func(*store.Picture, []points.Programme) error {
		counts, err := log.Accesses(ctx, from, until, MaxRows+1)
		if err != nil {
			return err
		}
		if len(counts) > MaxRows {
			return tooMany("kinds of access")
		}
		grantees, err := log.Grantees(ctx, from, until, MaxRows+1)
		if err != nil {
			return err
		}
		if len(grantees) > MaxRows {
			return tooMany("sums by grantee")
		}
		readings, err := log.Readings(ctx, from, until, MaxRows+1)
		if err != nil {
			return err
		}
		if len(readings) > MaxRows {
			return tooMany("kinds of readings")
		}
		a.Counts, a.Grantees, a.Readings = append(a.Counts, counts...), append(a.Grantees, grantees...), append(a.Readings, readings...)
		return nil
	})
}

const secondsPerDay = 86400

func (a *Accesses) columns() []string {
	return []string{"member", "from", "until", "actor", "purpose", "action", "attribute", "accesses", "persons", "owner", "grantee", "month", "method"}
}

func (a *Accesses) lines() [][]string {
	var all [][]string
	for _, c := range a.Counts {
		all = append(all, []string{a.Member, a.From, a.Until, c.Actor, c.Purpose, c.Action, c.Attribute, number(c.Accesses), number(c.Persons), "", "", "", a.Method})
	}
	for _, g := range a.Grantees {
		all = append(all, []string{a.Member, a.From, a.Until, "", g.Purpose, "", "", number(g.Accesses), number(g.Persons), "", g.Grantee, g.Month, a.Method})
	}
	for _, r := range a.Readings {
		all = append(all, []string{a.Member, a.From, a.Until, "", r.Purpose, "read", r.Attribute, number(r.Readings), "", r.Owner, "", "", a.Method})
	}
	return all
}

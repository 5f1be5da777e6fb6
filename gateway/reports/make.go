package reports

import (
	"context"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Sources are what reports are made of.
type Sources struct {
	Reader Reader
	Rates  Rates
	Log    AccessLog // Nil where no customers' data are kept.
	Member string    // Whose log it is.
	Page   Page      // Of a report that comes in pages.
}

// makers make a report of a period; those that have none leave it.
var makers = map[Name]func(context.Context, *Sources, Period) (Table, error){
	NameSupply: func(ctx context.Context, s *Sources, _ Period) (Table, error) { return MakeSupply(ctx, s.Reader) },
	NameConcentration: func(ctx context.Context, s *Sources, p Period) (Table, error) {
		return MakeConcentration(ctx, s.Reader, p)
	},
	NameFlows:    func(ctx context.Context, s *Sources, p Period) (Table, error) { return MakeFlows(ctx, s.Reader, p) },
	NameConsents: func(ctx context.Context, s *Sources, _ Period) (Table, error) { return MakeConsents(ctx, s.Reader) },
	NameFreezes:  func(ctx context.Context, s *Sources, _ Period) (Table, error) { return MakeFreezes(ctx, s.Reader) },
	NameAdjustments: func(ctx context.Context, s *Sources, p Period) (Table, error) {
		return MakeAdjustments(ctx, s.Reader, p, s.Page)
	},
	NameLimitedNetwork: func(ctx context.Context, s *Sources, p Period) (Table, error) {
		return MakeLimitedNetwork(ctx, s.Reader, &s.Rates, p.To)
	},
	NameAccesses: func(ctx context.Context, s *Sources, p Period) (Table, error) {
		return MakeAccesses(ctx, s.Reader, s.Log, s.Member, p)
	},
}

// Make makes a report by its name. NOT_FOUND when there is none of this name; otherwise what its own maker says.
func Make(ctx context.Context, name Name, s *Sources, period Period) (Table, error) {
	maker, known := makers[name]
	if !known {
		return nil, fault.New(fault.NotFound, "there is no such report")
	}
	return maker(ctx, s, period)
}

// Names are those of all reports, in order.
func Names() []Name { return slices.Sorted(maps.Keys(makers)) }

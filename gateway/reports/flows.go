package reports

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/store"
)

// Flows is what moved between brands: points, which everybody on the channel sees; what the brands came to owe each other, of pairs whose data the own peer holds; and what pairs
// disclosed, which everybody sees.
type Flows struct {
	Header
	Period    Period          `json:"period"`    // Of the points.
	Points    []PointFlow     `json:"points"`    // By programme, partner and activity.
	Owed      []OwedFlow      `json:"owed"`      // Of all windows, by currency, window and pair.
	Disclosed []DisclosedFlow `json:"disclosed"` // Likewise.
	Held      []clearing.Pair `json:"held"`      // The pairs whose obligations are in this report; of others there are none in it.
}

// PointFlow is what was done with a programme's points together with a partner.
type PointFlow struct {
	Programme  string          `json:"programme"` // Whose points.
	Partner    string          `json:"partner"`
	Activity   string          `json:"activity"` // Kind of operation; of returns recovered or restored.
	Operations int64           `json:"operations"`
	Points     quantity.Points `json:"points"`
	Given      quantity.Points `json:"given"` // Points of the partner's programme that swaps brought, or that were given for deposits.
}

// OwedFlow is what one brand came to owe another in a window.
type OwedFlow struct {
	clearing.Pair
	Currency string         `json:"currency"`
	Window   int64          `json:"window"`
	Home     string         `json:"home"` // Whose points the operations are about.
	Service  string         `json:"service"`
	Debtor   string         `json:"debtor"`
	Creditor string         `json:"creditor"`
	Count    int64          `json:"count"`
	Micro    quantity.Micro `json:"micro"` // 10^-6 minor units, returns subtracted, without fees.
	Fees     quantity.Micro `json:"fees"`  // The same.
}

// DisclosedFlow is a pair's net of a window.
type DisclosedFlow struct {
	clearing.Pair
	Currency string         `json:"currency"`
	Window   int64          `json:"window"`
	Micro    quantity.Micro `json:"micro"` // A owes B, 10^-6 minor units.
	Net      quantity.Minor `json:"net"`   // Rounded, with what rounding had left of the windows before.
}

// MakeFlows makes the report. TOO_LARGE above MaxRows obligations' sums or disclosures, INVALID_VALUE for a period that can't be.
func MakeFlows(ctx context.Context, r Reader, period Period) (*Flows, error) {
	if err := period.Valid(); err != nil {
		return nil, err
	}
	f := &Flows{Period: period, Points: []PointFlow{}, Owed: []OwedFlow{}, Disclosed: []DisclosedFlow{}, Held: []clearing.Pair{}}
	return f, f.make(ctx, r, NameFlows, func(p *store.Picture, programmes []points.Programme) error {
		for _, step := range []func(context.Context, *store.Picture) error{f.points, f.owed, f.disclosed} {
			if err := step(ctx, p); err != nil {
				return err
			}
		}
		return f.held(ctx, p, programmes)
	})
}

// points adds up over shops.
func (f *Flows) points(ctx context.Context, p *store.Picture) error {
	turnovers, err := p.Turnovers(ctx, f.Period.From, f.Period.To)
	if err != nil {
		return err
	}
	at := map[PointFlow]int{}
	for _, t := range turnovers {
		if t.Partner == "" {
			continue
		}
		key := PointFlow{Programme: t.Programme, Partner: t.Partner, Activity: string(t.Activity)}
		i, known := at[key]
		if !known {
			i = len(f.Points)
			at[key], f.Points = i, append(f.Points, key)
		}
		sum := &f.Points[i]
		sum.Operations += t.Operations
		if sum.Points, err = sum.Points.Add(t.Points); err != nil {
			return err
		}
		if sum.Given, err = sum.Given.Add(t.Given); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flows) owed(ctx context.Context, p *store.Picture) error {
	sums, err := p.WindowSums(ctx, MaxRows+1)
	if err != nil {
		return err
	}
	if len(sums) > MaxRows {
		return tooMany("sums of obligations")
	}
	for _, s := range sums {
		f.Owed = append(f.Owed, OwedFlow{
			Pair: clearing.Pair{A: s.A, B: s.B}, Currency: s.Currency, Window: s.Window, Home: s.Home, Service: s.Service, Debtor: s.Debtor, Creditor: s.Creditor, Count: s.Count,
			Micro: s.Micro, Fees: s.Fees,
		})
	}
	return nil
}

func tooMany(what string) error {
	return fault.New(fault.TooLarge, "there are over %d %s: ask for a shorter period", MaxRows, what)
}

func (f *Flows) disclosed(ctx context.Context, p *store.Picture) error {
	return p.Clearing().Each(ctx, store.ClearingList{Object: engine.ObjectPairNets}, func(r *store.ClearingRecord) error {
		var nets clearing.PairNets
		if err := r.Into(&nets); err != nil {
			return err
		}
		for _, d := range nets.Nets {
			if len(f.Disclosed) == MaxRows {
				return tooMany("disclosed nets")
			}
			f.Disclosed = append(f.Disclosed, DisclosedFlow{clearing.Pair{A: nets.A, B: nets.B}, nets.Currency, d.Window, d.Sum, d.Net})
		}
		return nil
	})
}

// held lists the pairs of programmes of whose data the own peer holds something.
func (f *Flows) held(ctx context.Context, p *store.Picture, programmes []points.Programme) error {
	names, err := p.Clearing().Collections(ctx)
	if err != nil {
		return err
	}
	for i := range programmes {
		for n := i + 1; n < len(programmes); n++ {
			a, b := clearing.PairOf(programmes[i].Brand, programmes[n].Brand)
			if slices.Contains(names, clearing.PairCollection(a, b)) {
				f.Held = append(f.Held, clearing.Pair{A: a, B: b})
			}
		}
	}
	return nil
}

func (f *Flows) columns() []string {
	return []string{"record", "programme", "partner", "activity", "operations", "points", "given", "a", "b", "currency", "window", "home", "service", "debtor", "creditor", "micro", "fees", "net"}
}

func (f *Flows) lines() [][]string {
	var all [][]string
	for _, p := range f.Points {
		line := f.line("points")
		copy(line[1:], []string{p.Programme, p.Partner, p.Activity, number(p.Operations), number(p.Points), number(p.Given)})
		all = append(all, line)
	}
	for _, o := range f.Owed {
		line := f.line("owed")
		line[4] = number(o.Count)
		copy(line[7:], []string{o.A, o.B, o.Currency, number(o.Window), o.Home, o.Service, o.Debtor, o.Creditor, number(o.Micro), number(o.Fees)})
		all = append(all, line)
	}
	for _, d := range f.Disclosed {
		line := f.line("disclosed")
		copy(line[7:], []string{d.A, d.B, d.Currency, number(d.Window)})
		line[15], line[17] = number(d.Micro), number(d.Net)
		all = append(all, line)
	}
	for _, h := range f.Held {
		line := f.line("held")
		line[7], line[8] = h.A, h.B
		all = append(all, line)
	}
	return all
}

func (f *Flows) line(record string) []string {
	line := make([]string, len(f.columns()))
	line[0] = record
	return line
}

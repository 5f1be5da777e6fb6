package reports

import (
	"context"
	"math/big"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
	"github.com/tallystick/tallystick/gateway/store"
)

// NotificationThreshold is EUR 1 million in cents: above it in 12 months, who offers instruments within a limited network notifies the authority (Directive (EU) 2015/2366,
// Article 37(2)).
const NotificationThreshold = 1_000_000_00

// thresholdMonths is the span that the threshold is about.
const thresholdMonths = 12

const euro = "EUR"

// Rates are what currencies are worth in euro cents, and where that is known from.
type Rates struct {
	Source string                    // In words.
	AsOf   string                    // YYYY-MM-DD.
	Euro   map[string]quantity.Ratio // Euro cents per minor unit, by currency. The euro itself needs none.
}

// Valid returns INVALID_VALUE unless every rate is one, and rates come with their source and day.
func (r *Rates) Valid() error {
	if len(r.Euro) == 0 {
		return nil
	}
	if r.Source == "" {
		return fault.New(fault.InvalidValue, "rates come with their source")
	}
	if _, err := quantity.ParseDay(r.AsOf); err != nil {
		return err
	}
	for currency, rate := range r.Euro {
		if err := rate.Valid(); err != nil || rate.Num == 0 {
			return fault.New(fault.InvalidValue, "the rate of %s is none", currency)
		}
	}
	return nil
}

func (r *Rates) of(currency string) (quantity.Ratio, bool) {
	if currency == euro {
		return quantity.Ratio{Num: 1, Den: 1}, true
	}
	rate, known := r.Euro[currency]
	return rate, known
}

// MethodLimitedNetwork says how the volume is counted, in the report itself.
const MethodLimitedNetwork = "Counted per programme: points that accepted operations with a business date of the period redeemed (captures included, at home and at partners), swapped into " +
	"partners' points or transferred between accounts (gifts included, when they were accepted). What was given back of a redemption or swap by the report's block is subtracted from it " +
	"on the business date of the redemption or swap, whenever it was given back, part by part from the end of what was taken; returns of earlier payments are not subtracted from this " +
	"period, and returns of purchases are no payments. Each point is worth what the terms it was earned under publish; the exact sum is rounded half-even to minor units, and the exact euro " +
	"amount up to a cent. Points that expired, were adjusted, taken back or forfeited are not counted."

// LimitedNetwork is what was paid and transferred with each programme's points in the 12 months up to its business date, net of what was given back, in money, beside the
// threshold above which a limited network is notified.
type LimitedNetwork struct {
	Header
	Method     string            `json:"method"`    // MethodLimitedNetwork.
	Threshold  int64             `json:"threshold"` // Euro cents.
	RateSource string            `json:"rateSource,omitempty"`
	RateAsOf   string            `json:"rateAsOf,omitempty"`
	Programmes []ProgrammeVolume `json:"programmes"` // By name.
}

// ProgrammeVolume is one programme's.
type ProgrammeVolume struct {
	Programme   string          `json:"programme"`
	Currency    string          `json:"currency"`
	Simulated   bool            `json:"simulated"`
	Period      Period          `json:"period"`
	Redeemed    Volume          `json:"redeemed"`    // Spent on goods and services, captures included, wherever, less what was given back.
	Swapped     Volume          `json:"swapped"`     // Into partners' points, likewise.
	Transferred Volume          `json:"transferred"` // Between accounts, gifts included.
	Total       Volume          `json:"total"`
	Returned    Volume          `json:"returned"`        // Given back of what was redeemed and swapped in the period; subtracted above.
	AtPartners  quantity.Points `json:"atPartners"`      // Of redeemed: at other brands.
	Rate        *quantity.Ratio `json:"rate,omitempty"`  // Euro cents per minor unit; absent when the gateway has none.
	Euro        *int64          `json:"euro,omitempty"`  // Total in euro cents, rounded up; absent without a rate.
	Share       *int64          `json:"share,omitempty"` // Of the threshold in basis points, rounded down; absent likewise.
	Exceeded    *bool           `json:"exceeded,omitempty"`
}

// Volume is points and what they are worth at the value that the terms of their lots publish.
type Volume struct {
	Points quantity.Points `json:"points"`
	Minor  int64           `json:"minor"` // Minor units of the programme's currency, rounded half-even once.

	exact *big.Rat // Nil: nothing.
}

// worth is the exact sum.
func (v *Volume) worth() *big.Rat {
	if v.exact == nil {
		v.exact = new(big.Rat)
	}
	return v.exact
}

// MakeLimitedNetwork makes the report. OUT_OF_RANGE when a volume can't be counted.
func MakeLimitedNetwork(ctx context.Context, r Reader, rates *Rates) (*LimitedNetwork, error) {
	l := &LimitedNetwork{Method: MethodLimitedNetwork, Threshold: NotificationThreshold, Programmes: []ProgrammeVolume{}}
	if len(rates.Euro) > 0 {
		l.RateSource, l.RateAsOf = rates.Source, rates.AsOf
	}
	return l, l.make(ctx, r, NameLimitedNetwork, func(p *store.Picture, programmes []points.Programme) error {
		for i := range programmes {
			one, err := volumeOf(ctx, p, &programmes[i], rates)
			if err != nil {
				return err
			}
			l.Programmes = append(l.Programmes, *one)
		}
		return nil
	})
}

// preceding are the 12 months up to a business date, that included.
func preceding(day quantity.Day) Period {
	return Period{From: max(0, day.AddMonths(-thresholdMonths)+1), To: day}
}

func volumeOf(ctx context.Context, p *store.Picture, programme *points.Programme, rates *Rates) (*ProgrammeVolume, error) {
	v := &ProgrammeVolume{Programme: programme.Brand, Currency: programme.Currency, Simulated: programme.Simulated, Period: preceding(programme.BusinessDate)}
	value := bookkeeping.Value(programme)
	if err := v.addSpent(ctx, p, value); err != nil {
		return nil, err
	}
	if err := v.subtractReturned(ctx, p, value); err != nil {
		return nil, err
	}
	for _, sum := range []*Volume{&v.Redeemed, &v.Swapped, &v.Transferred, &v.Total, &v.Returned} {
		if err := sum.round(); err != nil {
			return nil, err
		}
	}
	if err := v.convert(rates); err != nil {
		return nil, err
	}
	return v, v.atPartners(ctx, p)
}

// addSpent adds what left lots in the period.
func (v *ProgrammeVolume) addSpent(ctx context.Context, p *store.Picture, value statement.Value) error {
	flows, err := p.Outflows(ctx, v.Programme, v.Period.From, v.Period.To)
	if err != nil {
		return err
	}
	for _, f := range flows {
		if into := v.column(f.Cause); into != nil {
			if err := count(value, f.Terms, f.Points, into, &v.Total); err != nil {
				return err
			}
		}
	}
	return nil
}

// subtractReturned takes off what was given back of it, at partners from what was redeemed there too.
func (v *ProgrammeVolume) subtractReturned(ctx context.Context, p *store.Picture, value statement.Value) error {
	list, err := p.GivenBack(ctx, v.Programme, v.Period.From, v.Period.To)
	if err != nil {
		return err
	}
	for _, b := range list {
		if err := count(value, b.Terms, -b.Points, v.column(b.Cause), &v.Total); err != nil {
			return err
		}
		if err := count(value, b.Terms, b.Points, &v.Returned); err != nil {
			return err
		}
		if b.Cause != lots.Swapped && b.Partner != "" {
			v.AtPartners -= b.Points // At most what was redeemed there.
		}
	}
	return nil
}

// count adds points at the value of their terms to sums; NOT_FOUND when the terms have none.
func count(value statement.Value, version int, n quantity.Points, sums ...*Volume) error {
	worth, known := value(version)
	if !known {
		return fault.New(fault.NotFound, "points were earned under terms %d, whose value is not known", version)
	}
	for _, sum := range sums {
		if err := sum.add(n, worth); err != nil {
			return err
		}
	}
	return nil
}

func (v *ProgrammeVolume) column(c lots.Cause) *Volume {
	switch c {
	case lots.Redeemed, lots.Captured:
		return &v.Redeemed
	case lots.Swapped:
		return &v.Swapped
	case lots.Sent, lots.Delivered:
		return &v.Transferred
	}
	return nil
}

func (v *Volume) add(p quantity.Points, worth quantity.Ratio) error {
	var err error
	if v.Points, err = v.Points.Add(p); err != nil {
		return err
	}
	one := new(big.Rat).SetFrac64(worth.Num, worth.Den)
	v.worth().Add(v.worth(), one.Mul(one, new(big.Rat).SetInt64(int64(p))))
	return nil
}

func (v *Volume) round() (err error) {
	v.Minor, err = counted(roundHalfEven(v.worth()))
	return err
}

func counted(n *big.Int) (int64, error) {
	if !n.IsInt64() {
		return 0, fault.New(fault.OutOfRange, "an amount can't be counted")
	}
	return n.Int64(), nil
}

// convert rounds the exact total up to a cent, so that the threshold isn't missed by rounding.
func (v *ProgrammeVolume) convert(rates *Rates) error {
	rate, known := rates.of(v.Currency)
	if !known {
		return nil
	}
	exact := new(big.Rat).SetFrac64(rate.Num, rate.Den)
	exact.Mul(exact, v.Total.worth())
	up, rest := new(big.Int).QuoRem(exact.Num(), exact.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		up.Add(up, big.NewInt(1))
	}
	cents, err := counted(up)
	if err != nil {
		return err
	}
	exceeded := exact.Cmp(new(big.Rat).SetInt64(NotificationThreshold)) > 0
	v.Rate, v.Euro, v.Share, v.Exceeded = &rate, &cents, coverage(cents, NotificationThreshold), &exceeded
	return nil
}

func (v *ProgrammeVolume) atPartners(ctx context.Context, p *store.Picture) error {
	turnovers, err := p.Turnovers(ctx, v.Period.From, v.Period.To)
	if err != nil {
		return err
	}
	for _, t := range turnovers {
		redeemed := t.Activity == bookkeeping.Activity(points.KindRedeem) || t.Activity == bookkeeping.Activity(points.KindCapture)
		if t.Programme != v.Programme || t.Partner == "" || !redeemed {
			continue
		}
		if v.AtPartners, err = v.AtPartners.Add(t.Points); err != nil {
			return err
		}
	}
	return nil
}

func (l *LimitedNetwork) columns() []string {
	return []string{
		"programme", "currency", "simulated", "from", "to", "redeemedPoints", "redeemedMinor", "swappedPoints", "swappedMinor", "transferredPoints", "transferredMinor", "totalPoints",
		"totalMinor", "returnedPoints", "returnedMinor", "atPartners", "rateNum", "rateDen", "rateSource", "rateAsOf", "euroCents", "thresholdCents", "share", "exceeded", "method",
	}
}

func (l *LimitedNetwork) lines() [][]string {
	var all [][]string
	for i := range l.Programmes {
		v := &l.Programmes[i]
		num, den, exceeded := "", "", ""
		if v.Rate != nil {
			num, den, exceeded = number(v.Rate.Num), number(v.Rate.Den), flag(*v.Exceeded)
		}
		line := append([]string{v.Programme, v.Currency, flag(v.Simulated)}, v.Period.strings()...)
		for _, sum := range []*Volume{&v.Redeemed, &v.Swapped, &v.Transferred, &v.Total, &v.Returned} {
			line = append(line, number(sum.Points), number(sum.Minor))
		}
		all = append(all, append(line, number(v.AtPartners), num, den, l.RateSource, l.RateAsOf, optional(v.Euro), number(l.Threshold), optional(v.Share), exceeded, l.Method))
	}
	return all
}

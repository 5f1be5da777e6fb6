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
	"partners' points or transferred between accounts (gifts included, when they were accepted). All of that was executed. Of the total, as it stood at the period's end, what was given back of " +
	"the period's redemptions and swaps by the period's last business date is subtracted; of the total as it stands now, what was given back later too. Parts are given back from the end of what " +
	"was taken; returns of earlier payments are not subtracted from this period, and returns of purchases are no payments. What was executed and the total can't change once the period is over; " +
	"they are what is held against the threshold, which is about what was executed over the preceding 12 months. Each point is worth what the terms it was earned under publish; the exact sum is " +
	"rounded half-even to minor units, and the exact euro amount up to a cent. Points that expired, were adjusted, taken back or forfeited are not counted."

// LimitedNetwork is what was paid and transferred with each programme's points in 12 months, in money, beside the threshold above which a limited network is notified: as it was
// executed, net of what was given back by the period's end, and net of what has been given back since.
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
	Period      Period          `json:"period"`      // 12 months.
	Closed      bool            `json:"closed"`      // The business date is past it: only returns can come, and change no figure but Now and ReturnedSince.
	Redeemed    Volume          `json:"redeemed"`    // Spent on goods and services, captures included, wherever, less what was given back by the period's end.
	Swapped     Volume          `json:"swapped"`     // Into partners' points, likewise.
	Transferred Volume          `json:"transferred"` // Between accounts, gifts included.
	Total       Volume          `json:"total"`       // As it stood at the period's end.
	Returned    Volume          `json:"returned"`    // Given back by the period's end of what was redeemed and swapped in it; subtracted above.
	AtPartners  quantity.Points `json:"atPartners"`  // Of redeemed: at other brands.
	Executed    Measured        `json:"executed"`    // With nothing subtracted.
	Now         Measured        `json:"now"`         // Total, less what has been given back since.

	ReturnedSince Volume          `json:"returnedSince"`   // Given back after the period's end of what was redeemed and swapped in it.
	Rate          *quantity.Ratio `json:"rate,omitempty"`  // Euro cents per minor unit; absent when the gateway has none.
	Euro          *int64          `json:"euro,omitempty"`  // Total in euro cents, rounded up; absent without a rate.
	Share         *int64          `json:"share,omitempty"` // Of the threshold in basis points, rounded down; absent likewise.
	Exceeded      *bool           `json:"exceeded,omitempty"`
}

// Measured is a volume beside the threshold.
type Measured struct {
	Volume
	Euro     *int64 `json:"euro,omitempty"` // Euro cents, rounded up; absent without a rate.
	Exceeded *bool  `json:"exceeded,omitempty"`
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

// MakeLimitedNetwork makes the report of the 12 months up to a day, or up to the programme's business date where that is earlier. OUT_OF_RANGE when a volume can't be counted.
func MakeLimitedNetwork(ctx context.Context, r Reader, rates *Rates, to quantity.Day) (*LimitedNetwork, error) {
	l := &LimitedNetwork{Method: MethodLimitedNetwork, Threshold: NotificationThreshold, Programmes: []ProgrammeVolume{}}
	if len(rates.Euro) > 0 {
		l.RateSource, l.RateAsOf = rates.Source, rates.AsOf
	}
	return l, l.make(ctx, r, NameLimitedNetwork, func(p *store.Picture, programmes []points.Programme) error {
		for i := range programmes {
			one, err := volumeOf(ctx, p, &programmes[i], rates, to)
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

func volumeOf(ctx context.Context, p *store.Picture, programme *points.Programme, rates *Rates, to quantity.Day) (*ProgrammeVolume, error) {
	v := &ProgrammeVolume{
		Programme: programme.Brand, Currency: programme.Currency, Simulated: programme.Simulated, Period: preceding(min(to, programme.BusinessDate)), Closed: to < programme.BusinessDate,
	}
	value := bookkeeping.Value(programme)
	if err := v.addSpent(ctx, p, value); err != nil {
		return nil, err
	}
	if err := v.subtractReturned(ctx, p, value); err != nil {
		return nil, err
	}
	for _, sum := range []*Volume{&v.Redeemed, &v.Swapped, &v.Transferred, &v.Total, &v.Returned, &v.Executed.Volume, &v.Now.Volume, &v.ReturnedSince} {
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
			if err := count(value, f.Terms, f.Points, into, &v.Total, &v.Executed.Volume, &v.Now.Volume); err != nil {
				return err
			}
		}
	}
	return nil
}

// subtractReturned takes off what was given back of it, by the period's end and since; at partners from what was redeemed there too.
func (v *ProgrammeVolume) subtractReturned(ctx context.Context, p *store.Picture, value statement.Value) error {
	list, err := p.GivenBack(ctx, v.Programme, v.Period.From, v.Period.To)
	if err != nil {
		return err
	}
	for _, b := range list {
		for _, part := range []struct {
			points quantity.Points
			sums   []*Volume
		}{
			{-b.Within, []*Volume{v.column(b.Cause), &v.Total}}, {-b.Points, []*Volume{&v.Now.Volume}},
			{b.Within, []*Volume{&v.Returned}}, {b.Points - b.Within, []*Volume{&v.ReturnedSince}},
		} {
			if err := count(value, b.Terms, part.points, part.sums...); err != nil {
				return err
			}
		}
		if b.Cause != lots.Swapped && b.Partner != "" {
			v.AtPartners -= b.Within // At most what was redeemed there.
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

// convert gives the volumes that are held against the threshold in euro.
func (v *ProgrammeVolume) convert(rates *Rates) (err error) {
	rate, known := rates.of(v.Currency)
	if !known {
		return nil
	}
	total := Measured{Volume: v.Total}
	for _, m := range []*Measured{&total, &v.Executed, &v.Now} {
		if err := m.convert(rate); err != nil {
			return err
		}
	}
	v.Rate, v.Euro, v.Share, v.Exceeded = &rate, total.Euro, coverage(*total.Euro, NotificationThreshold), total.Exceeded
	return nil
}

// convert rounds the exact amount up to a cent, so that the threshold isn't missed by rounding.
func (m *Measured) convert(rate quantity.Ratio) error {
	exact := new(big.Rat).SetFrac64(rate.Num, rate.Den)
	exact.Mul(exact, m.worth())
	up, rest := new(big.Int).QuoRem(exact.Num(), exact.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		up.Add(up, big.NewInt(1))
	}
	cents, err := counted(up)
	if err != nil {
		return err
	}
	exceeded := exact.Cmp(new(big.Rat).SetInt64(NotificationThreshold)) > 0
	m.Euro, m.Exceeded = &cents, &exceeded
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
		"programme", "currency", "simulated", "from", "to", "closed", "redeemedPoints", "redeemedMinor", "swappedPoints", "swappedMinor", "transferredPoints", "transferredMinor", "totalPoints",
		"totalMinor", "returnedPoints", "returnedMinor", "executedPoints", "executedMinor", "nowPoints", "nowMinor", "returnedSincePoints", "returnedSinceMinor", "atPartners",
		"rateNum", "rateDen", "rateSource", "rateAsOf", "euroCents", "thresholdCents", "share", "exceeded", "executedEuroCents", "executedExceeded", "nowEuroCents", "nowExceeded", "method",
	}
}

func (l *LimitedNetwork) lines() [][]string {
	var all [][]string
	for i := range l.Programmes {
		v := &l.Programmes[i]
		num, den := "", ""
		if v.Rate != nil {
			num, den = number(v.Rate.Num), number(v.Rate.Den)
		}
		line := append([]string{v.Programme, v.Currency, flag(v.Simulated)}, v.Period.strings()...)
		line = append(line, flag(v.Closed))
		for _, sum := range []*Volume{&v.Redeemed, &v.Swapped, &v.Transferred, &v.Total, &v.Returned, &v.Executed.Volume, &v.Now.Volume, &v.ReturnedSince} {
			line = append(line, number(sum.Points), number(sum.Minor))
		}
		line = append(line, number(v.AtPartners), num, den, l.RateSource, l.RateAsOf, optional(v.Euro), number(l.Threshold), optional(v.Share), optionalFlag(v.Exceeded))
		all = append(all, append(line, optional(v.Executed.Euro), optionalFlag(v.Executed.Exceeded), optional(v.Now.Euro), optionalFlag(v.Now.Exceeded), l.Method))
	}
	return all
}

// optionalFlag writes a flag that may be missing.
func optionalFlag(f *bool) string {
	if f == nil {
		return ""
	}
	return flag(*f)
}

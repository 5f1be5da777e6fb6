package api

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// accountOf is how the API tells a position as it stands at a time (Unix seconds), without what the rules know of it.
func accountOf(a *points.Account, p *points.Programme, now int64) (Account, error) {
	a = a.At(now)
	spendable, err := a.Spendable(p, p.BusinessDate)
	if err != nil {
		return Account{}, err
	}
	out := Account{
		Id: string(a.ID), Programme: p.Brand, Status: string(a.Status), Posted: int64(a.Posted), Spendable: int64(spendable), Held: int64(a.Held), Debt: int64(a.Debt),
		Lots: lotsOf(a, p, a.Lots), Suspense: lotsOf(a, p, a.Suspense), Holds: make([]Hold, len(a.Holds)), Counters: []Counter{}, Controller: shownController(&a.Controller),
	}
	if a.Holder != "" {
		holder := string(a.Holder)
		out.Holder = &holder
	}
	for i := range a.Holds {
		out.Holds[i] = holdOf(a, p, &a.Holds[i])
	}
	if r := a.Recovery; r != nil {
		out.Recovery = &Recovery{Operation: string(r.Operation), From: r.From, Controller: shownController(&r.Controller)}
	}
	if a.CoolUntil != 0 {
		out.CoolUntil = &a.CoolUntil
	}
	if a.FrozenUntil != 0 {
		out.FrozenUntil = &a.FrozenUntil
	}
	if g := a.Guard; g != nil && now < g.Until {
		out.Guard = &Guard{Until: g.Until, Spent: int64(g.Spent)}
	}
	if out.Pending, err = pending(a, p); err != nil {
		return Account{}, err
	}
	out.Expiries, err = expiries(a, p)
	return out, err
}

func shownController(c *points.Controller) Controller {
	return Controller{Kind: string(c.Kind), Version: c.Version}
}

func lotsOf(a *points.Account, p *points.Programme, list []lots.Lot) []Lot {
	out := make([]Lot, len(list))
	for i, l := range list {
		out[i] = Lot{Points: int64(l.Points), Terms: l.Terms, From: dayOf(l.From), Expiry: dayOf(p.ExpiryOf(a, l))}
		if l.Funding != lots.FundingPurchase {
			out[i].Funding = &l.Funding
		}
	}
	return out
}

// dayOf writes a day; nil for none.
func dayOf(d quantity.Day) *string {
	if d == 0 {
		return nil
	}
	text := d.String()
	return &text
}

func holdOf(a *points.Account, p *points.Programme, h *points.Hold) Hold {
	out := Hold{Id: string(h.ID), Purpose: string(h.Purpose), Points: int64(h.Points), Until: h.Until, Lots: lotsOf(a, p, h.Lots)}
	if h.Purpose == points.PurposeRedemption {
		out.Purpose = "redemption"
	}
	if h.To != "" {
		to := string(h.To)
		out.To = &to
	}
	if h.Partner != "" {
		out.Partner, out.Agreement = &h.Partner, &h.Agreement
	}
	return out
}

// pending is what is the account's and not free on the business date.
func pending(a *points.Account, p *points.Programme) (int64, error) {
	waiting, _ := lots.Split(a.Lots, func(l lots.Lot) bool { return l.From > p.BusinessDate })
	sum, err := lots.Sum(waiting)
	return int64(sum), err
}

// expiries lists every business date to come on which points of the account are gone, earliest first: free ones and those in suspense.
func expiries(a *points.Account, p *points.Programme) ([]Expiry, error) {
	sums := map[quantity.Day]quantity.Points{}
	for _, l := range slices.Concat(a.Lots, a.Suspense) {
		day := p.ExpiryOf(a, l)
		if day <= p.BusinessDate {
			continue
		}
		sum, err := sums[day].Add(l.Points)
		if err != nil {
			return nil, err
		}
		sums[day] = sum
	}
	days := make([]quantity.Day, 0, len(sums))
	for day := range sums {
		days = append(days, day)
	}
	slices.Sort(days)
	list := make([]Expiry, len(days))
	for i, day := range days {
		list[i] = Expiry{Day: day.String(), Points: int64(sums[day])}
	}
	return list, nil
}

package reports

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
	"github.com/tallystick/tallystick/gateway/store"
)

// Concentration says how much of each programme lies with its largest accounts, how much is spent at the largest merchants, and how much of all liabilities is the largest
// programmes'.
type Concentration struct {
	Header
	Period     Period                   `json:"period"`     // Of what is counted of merchants.
	Accounts   []AccountConcentration   `json:"accounts"`   // By programme.
	Merchants  []MerchantConcentration  `json:"merchants"`  // By programme.
	Currencies []LiabilityConcentration `json:"currencies"` // By currency; simulated programmes apart.
}

// AccountConcentration is how a programme's points are spread over accounts: what lies in them, free, held and in suspense. What waits in inboxes is left out.
type AccountConcentration struct {
	Programme string `json:"programme"`
	Distribution
}

// MerchantConcentration is how what was redeemed of a programme's points is spread over those who took them.
type MerchantConcentration struct {
	Programme string `json:"programme"`
	Distribution
	Merchants []Merchant `json:"merchants"` // The one with most first.
}

// Merchant is a brand, or a shop that it sponsors, as far as receipts tell everybody: stores and terminals are private.
type Merchant struct {
	Brand  string          `json:"brand"`
	Shop   string          `json:"shop,omitempty"`
	Points quantity.Points `json:"points"`
	Share  int64           `json:"share"` // Basis points, rounded down.
}

// LiabilityConcentration is how the liabilities in a currency are spread over programmes.
type LiabilityConcentration struct {
	Currency  string `json:"currency"`
	Simulated bool   `json:"simulated"`
	Distribution
	Programmes []ProgrammeShare `json:"programmes"` // The one with most first.
}

// ProgrammeShare is a programme's part.
type ProgrammeShare struct {
	Programme string `json:"programme"`
	Liability int64  `json:"liability"` // Minor units.
	Share     int64  `json:"share"`     // Basis points, rounded down.
}

// MakeConcentration makes the report; of merchants, what was redeemed in the period. Errors as of MakeSupply, INVALID_VALUE for a period that can't be.
func MakeConcentration(ctx context.Context, r Reader, period Period) (*Concentration, error) {
	if err := period.Valid(); err != nil {
		return nil, err
	}
	c := &Concentration{Period: period, Accounts: []AccountConcentration{}, Merchants: []MerchantConcentration{}, Currencies: []LiabilityConcentration{}}
	return c, c.make(ctx, r, NameConcentration, func(p *store.Picture, programmes []points.Programme) error {
		for _, step := range []func(context.Context, *store.Picture, []points.Programme) error{c.accounts, c.merchants, c.liabilities} {
			if err := step(ctx, p, programmes); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *Concentration) accounts(ctx context.Context, p *store.Picture, programmes []points.Programme) error {
	for i := range programmes {
		all := newSpread()
		err := p.Balances(ctx, programmes[i].Brand, func(total quantity.Points, accounts int) error { return all.add(int64(total), accounts) })
		if err != nil {
			return err
		}
		c.Accounts = append(c.Accounts, AccountConcentration{programmes[i].Brand, all.distribution()})
	}
	return nil
}

func (c *Concentration) merchants(ctx context.Context, p *store.Picture, programmes []points.Programme) error {
	turnovers, err := p.Turnovers(ctx, c.Period.From, c.Period.To)
	if err != nil {
		return err
	}
	taken := map[string]map[Merchant]quantity.Points{}
	for _, t := range turnovers {
		if t.Activity != bookkeeping.Activity(points.KindRedeem) && t.Activity != bookkeeping.Activity(points.KindCapture) {
			continue
		}
		if taken[t.Programme] == nil {
			taken[t.Programme] = map[Merchant]quantity.Points{}
		}
		at := Merchant{Brand: takerOf(t), Shop: t.Shop}
		if taken[t.Programme][at], err = taken[t.Programme][at].Add(t.Points); err != nil {
			return err
		}
	}
	for i := range programmes {
		one, err := merchantsOf(programmes[i].Brand, taken[programmes[i].Brand])
		if err != nil {
			return err
		}
		c.Merchants = append(c.Merchants, *one)
	}
	return nil
}

// takerOf is the brand that took the points.
func takerOf(t store.Turnover) string {
	if t.Partner != "" {
		return t.Partner
	}
	return t.Programme
}

func merchantsOf(programme string, taken map[Merchant]quantity.Points) (*MerchantConcentration, error) {
	out := &MerchantConcentration{Programme: programme, Merchants: []Merchant{}}
	var amounts []int64
	for at, sum := range taken {
		at.Points = sum
		amounts, out.Merchants = append(amounts, int64(sum)), append(out.Merchants, at)
	}
	var err error
	if out.Distribution, err = distribute(amounts); err != nil {
		return nil, err
	}
	slices.SortFunc(out.Merchants, func(a, b Merchant) int {
		return compare(b.Points, a.Points, a.Brand+"\x00"+a.Shop, b.Brand+"\x00"+b.Shop)
	})
	for i := range out.Merchants {
		out.Merchants[i].Share = shareOf(int64(out.Merchants[i].Points), out.Sum)
	}
	return out, nil
}

func (c *Concentration) liabilities(ctx context.Context, p *store.Picture, programmes []points.Programme) error {
	shares := map[market][]ProgrammeShare{}
	for i := range programmes {
		st, err := statementOf(ctx, p, programmes[i].Brand)
		if err != nil {
			return err
		}
		at := market{st.Currency, programmes[i].Simulated}
		shares[at] = append(shares[at], ProgrammeShare{Programme: st.Programme, Liability: st.Liability})
	}
	for _, at := range sorted(shares) {
		one := LiabilityConcentration{Currency: at.currency, Simulated: at.simulated, Programmes: shares[at]}
		amounts := make([]int64, len(one.Programmes))
		for i := range amounts {
			amounts[i] = one.Programmes[i].Liability
		}
		var err error
		if one.Distribution, err = distribute(amounts); err != nil {
			return err
		}
		slices.SortFunc(one.Programmes, func(a, b ProgrammeShare) int { return compare(b.Liability, a.Liability, a.Programme, b.Programme) })
		for i := range one.Programmes {
			one.Programmes[i].Share = shareOf(one.Programmes[i].Liability, one.Sum)
		}
		c.Currencies = append(c.Currencies, one)
	}
	return nil
}

func (c *Concentration) columns() []string {
	return []string{"record", "programme", "currency", "simulated", "brand", "shop", "largest", "amount", "share", "holders", "sum", "index"}
}

func (c *Concentration) lines() [][]string {
	var all [][]string
	spread := func(record, programme, currency, simulated string, d *Distribution) {
		for _, top := range d.Largest {
			all = append(all, []string{
				record, programme, currency, simulated, "", "", number(top.Largest), number(top.Amount), number(top.Share), number(d.Holders), number(d.Sum), number(d.Index),
			})
		}
	}
	for i := range c.Accounts {
		spread("accounts", c.Accounts[i].Programme, "", "", &c.Accounts[i].Distribution)
	}
	for i := range c.Merchants {
		m := &c.Merchants[i]
		spread("merchants", m.Programme, "", "", &m.Distribution)
		for _, one := range m.Merchants {
			all = append(all, []string{"merchant", m.Programme, "", "", one.Brand, one.Shop, "", number(one.Points), number(one.Share), "", "", ""})
		}
	}
	for i := range c.Currencies {
		l := &c.Currencies[i]
		spread("programmes", "", l.Currency, flag(l.Simulated), &l.Distribution)
		for _, one := range l.Programmes {
			all = append(all, []string{"programme", one.Programme, l.Currency, flag(l.Simulated), "", "", "", number(one.Liability), number(one.Share), "", "", ""})
		}
	}
	return all
}

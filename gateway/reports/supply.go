package reports

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/gateway/store"
)

// Supply is what every programme has outstanding, what that is worth by its terms, and the reserve against it.
type Supply struct {
	Header
	Programmes []ProgrammeSupply `json:"programmes"` // By name.
	Currencies []CurrencySupply  `json:"currencies"` // By code; simulated programmes apart.
}

// ProgrammeSupply is one programme's. Points are those of its lots at the end of its business date.
type ProgrammeSupply struct {
	Programme    string          `json:"programme"`
	Currency     string          `json:"currency"`
	Simulated    bool            `json:"simulated"`
	BusinessDate quantity.Day    `json:"businessDate"`
	Outstanding  quantity.Points `json:"outstanding"` // The sum of the next six.
	Free         quantity.Points `json:"free"`
	Pending      quantity.Points `json:"pending"` // Not spendable yet.
	Held         quantity.Points `json:"held"`
	Suspense     quantity.Points `json:"suspense"`
	Inbox        quantity.Points `json:"inbox"`
	Lapsed       quantity.Points `json:"lapsed"` // Expired and not booked yet: worth nothing.
	Debt         quantity.Points `json:"debt"`   // Of accounts, beside; it doesn't reduce the liability.
	Issued       quantity.Points `json:"issued"` // Since the beginning, what paid debt included; awards of partners and swaps among it.
	Redeemed     quantity.Points `json:"redeemed"`
	Expired      quantity.Points `json:"expired"`
	Liability    int64           `json:"liability"` // Minor units, at the value that the terms of each lot publish.
	Reserve      int64           `json:"reserve"`   // Minor units, as attested and in force at the report's time; 0 without.
	Custodian    string          `json:"custodian,omitempty"`
	ValidUntil   string          `json:"validUntil,omitempty"` // Of the custodian's statement, RFC 3339, in force or not.
	Coverage     *int64          `json:"coverage,omitempty"`   // Basis points, rounded down; absent without a liability.
}

// CurrencySupply adds up the programmes of a currency. Simulated ones, which owe nobody anything, are never added to others.
type CurrencySupply struct {
	Currency  string `json:"currency"`
	Simulated bool   `json:"simulated"`
	Liability int64  `json:"liability"`
	Reserve   int64  `json:"reserve"`
	Coverage  *int64 `json:"coverage,omitempty"`
}

// MakeSupply makes the report. STATEMENT_MISMATCH when a programme's lots, moves and totals don't agree.
func MakeSupply(ctx context.Context, r Reader) (*Supply, error) {
	s := &Supply{Programmes: []ProgrammeSupply{}, Currencies: []CurrencySupply{}}
	err := s.make(ctx, r, NameSupply, func(p *store.Picture, programmes []points.Programme) error {
		for i := range programmes {
			one, err := supplyOf(ctx, p, &programmes[i])
			if err != nil {
				return err
			}
			s.Programmes = append(s.Programmes, *one)
		}
		return s.addUp()
	})
	return s, err
}

func supplyOf(ctx context.Context, p *store.Picture, programme *points.Programme) (*ProgrammeSupply, error) {
	st, err := statementOf(ctx, p, programme.Brand)
	if err != nil {
		return nil, err
	}
	totals, err := p.Totals(ctx, programme.Brand)
	if err != nil {
		return nil, err
	}
	issued, err := quantity.Sum(totals.Issued, totals.Deposited)
	if err != nil {
		return nil, err
	}
	c := &st.Closing
	out := &ProgrammeSupply{
		Programme: programme.Brand, Currency: programme.Currency, Simulated: programme.Simulated, BusinessDate: programme.BusinessDate,
		Outstanding: c.Outstanding, Free: c.Free, Pending: c.Pending, Held: c.Held, Suspense: c.Suspense, Inbox: c.Inbox, Lapsed: c.Lapsed, Debt: c.Debt,
		Issued: issued, Redeemed: totals.Redeemed, Expired: totals.Expired, Liability: st.Liability,
	}
	if err := out.fillReserve(ctx, p); err != nil {
		return nil, err
	}
	out.Coverage = coverage(out.Reserve, out.Liability)
	return out, nil
}

func statementOf(ctx context.Context, p *store.Picture, programme string) (*statement.Statement, error) {
	book, value, err := p.Book(ctx, programme)
	if err != nil {
		return nil, err
	}
	return statement.Of(book, value)
}

// fillReserve finds what the issuer's custodian attested in the programme's currency.
func (s *ProgrammeSupply) fillReserve(ctx context.Context, p *store.Picture) error {
	var reserve clearing.Reserve
	err := p.Clearing().Record(ctx, store.ClearingRef{Object: engine.ObjectAttested, ID: s.Programme + "/" + s.Currency}, &reserve)
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	var custodian clearing.Custodian
	if err := p.Clearing().Record(ctx, store.ClearingRef{Object: engine.ObjectCustodian, ID: reserve.Statement.Custodian}, &custodian); err != nil {
		return err
	}
	s.Reserve = int64(reserve.Worth(&custodian, p.At.Time))
	s.Custodian, s.ValidUntil = reserve.Statement.Custodian, timeOf(reserve.Statement.ValidUntil)
	return nil
}

func (s *Supply) addUp() error {
	sums := map[market]*CurrencySupply{}
	for i := range s.Programmes {
		p := &s.Programmes[i]
		at := market{p.Currency, p.Simulated}
		sum := sums[at]
		if sum == nil {
			sum = &CurrencySupply{Currency: p.Currency, Simulated: p.Simulated}
			sums[at] = sum
		}
		sum.Liability, sum.Reserve = sum.Liability+p.Liability, sum.Reserve+p.Reserve
		if sum.Liability < 0 || sum.Reserve < 0 {
			return fault.New(fault.OutOfRange, "the liabilities or reserves in %s can't be added up", p.Currency)
		}
	}
	for _, at := range sorted(sums) {
		sum := sums[at]
		sum.Coverage = coverage(sum.Reserve, sum.Liability)
		s.Currencies = append(s.Currencies, *sum)
	}
	return nil
}

// market is what amounts can be added up in.
type market struct {
	currency  string
	simulated bool
}

// sorted are the markets of a map in order, the real one of a currency before the simulated one.
func sorted[V any](m map[market]V) []market {
	return slices.SortedFunc(maps.Keys(m), func(a, b market) int {
		return cmp.Or(cmp.Compare(a.currency, b.currency), cmp.Compare(flag(a.simulated), flag(b.simulated)))
	})
}

func (s *Supply) columns() []string {
	return []string{
		"record", "programme", "currency", "simulated", "businessDate", "outstanding", "free", "pending", "held", "suspense", "inbox", "lapsed", "debt", "issued", "redeemed", "expired",
		"liability", "reserve", "custodian", "validUntil", "coverage",
	}
}

func (s *Supply) lines() [][]string {
	var all [][]string
	for i := range s.Programmes {
		p := &s.Programmes[i]
		all = append(all, []string{
			"programme", p.Programme, p.Currency, flag(p.Simulated), p.BusinessDate.String(), number(p.Outstanding), number(p.Free), number(p.Pending), number(p.Held), number(p.Suspense),
			number(p.Inbox), number(p.Lapsed), number(p.Debt), number(p.Issued), number(p.Redeemed), number(p.Expired), number(p.Liability), number(p.Reserve), p.Custodian,
			p.ValidUntil, optional(p.Coverage),
		})
	}
	for _, c := range s.Currencies {
		line := make([]string, len(s.columns()))
		line[0], line[2], line[3], line[16], line[17], line[20] = "currency", c.Currency, flag(c.Simulated), number(c.Liability), number(c.Reserve), optional(c.Coverage)
		all = append(all, line)
	}
	return all
}

func flag(b bool) string { return strconv.FormatBool(b) }

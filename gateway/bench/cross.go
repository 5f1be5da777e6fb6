package bench

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
)

// Sizes of the cross-brand loads.
const (
	crossPoints      = 10      // Of one redemption or swap: what the default consortium's agreements ask for at least.
	crossFunds       = 200_000 // Minor units of the accrual that every account gets before.
	partnersAccounts = 200     // That the benchmark opens at the partner, for what swaps bring.
)

// Partner is another brand with an agreement with the member that is measured.
type Partner struct {
	Name    string
	Gateway Gateway   // Its own.
	Ledger  Ledger    // Of batches between the two, on the partner's programme: see DirectExchange.
	Lanes   LaneRange // That the naive way uses of them.
}

// LaneRange are lanes with consecutive numbers.
type LaneRange struct{ First, Count int }

// across makes load between two brands.
type across struct {
	home    *through // The member's gateway and accounts.
	there   *through // The partner's.
	member  string
	partner string
}

// The order of the cross-brand loads; crossRatios relies on it.
const (
	homeRedemptions = iota
	partnerRedemptions
	swaps
	awards
	awardsNaive
	partnerCalm
)

// acrossBrands measures cross-brand operations, and home redemptions for comparison.
func (o *Options) acrossBrands(ctx context.Context, t *through, r *Results) error {
	p := o.Partner
	a := &across{home: t, there: &through{gateway: p.Gateway, purchase: t.purchase, run: t.run}, member: o.Member, partner: p.Name}
	o.Tell(fmt.Sprintf("opening %d accounts at %s and giving every account points", partnersAccounts, p.Name))
	if err := a.prepare(ctx); err != nil {
		return err
	}
	first := len(r.Measurements)
	for _, l := range o.crossLoads(a) {
		o.Tell(l.name)
		m, err := l.run(ctx, l.name)
		if err != nil {
			return err
		}
		r.Measurements = append(r.Measurements, m)
	}
	r.Ratios = append(r.Ratios, crossRatios(r.Measurements[first:], &r.Measurements[uniform])...)
	return nil
}

func (o *Options) crossLoads(a *across) []load {
	bulks := func(t *through, fresh maker) func(context.Context, string) (Measurement, error) {
		return func(ctx context.Context, name string) (Measurement, error) {
			return saturate(ctx, name, o.Length, repeat(bulkClients, t.bulk(bulkSize, fresh, a.home.anyAccount)))
		}
	}
	naiveAwards := func(ctx context.Context, name string) (Measurement, error) {
		d := &naive{ledger: o.Partner.Ledger, msp: o.Programme.MSP, member: o.Member, purchase: a.home.purchase, partner: o.Partner.Name}
		clients, err := d.clients(ctx, o.Partner.Lanes, a.there.anyAccount)
		if err != nil {
			return Measurement{}, err
		}
		return saturate(ctx, name, o.Length, clients)
	}
	in := fmt.Sprintf("gateway, bulks of %d", bulkSize)
	return []load{
		homeRedemptions:    {"redemptions at home, " + in, bulks(a.home, a.atHome)},
		partnerRedemptions: {"redemptions at a partner's till, " + in, bulks(a.there, a.redemption)},
		swaps:              {"swaps into a partner's points, " + in, bulks(a.home, a.swap)},
		awards:             {"awards by a partner, " + in, bulks(a.there, a.award)},
		awardsNaive:        {"awards by a partner, naive", naiveAwards},
		partnerCalm: {fmt.Sprintf("%d redemptions/s at a partner's till, gateway, single requests", calmRate), func(ctx context.Context, name string) (Measurement, error) {
			return paced(ctx, name, o.Length, calmRate, a.there.singly(a.redemption, a.home.anyAccount))
		}},
	}
}

func crossRatios(m []Measurement, accruals *Measurement) []Ratio {
	return []Ratio{
		{"redemptions: at a partner's till to at home", times(&m[partnerRedemptions], &m[homeRedemptions])},
		{"swaps to redemptions at home", times(&m[swaps], &m[homeRedemptions])},
		{"awards by a partner to accruals at home", times(&m[awards], accruals)},
		{"awards by a partner: gateway to naive", times(&m[awards], &m[awardsNaive])},
	}
}

// prepare opens accounts at the partner and gives those of the member points to spend.
func (a *across) prepare(ctx context.Context) error {
	if err := a.there.open(ctx, partnersAccounts); err != nil {
		return err
	}
	funds := int64(crossFunds)
	for rest := a.home.accounts; len(rest) > 0; rest = rest[min(len(rest), client.MaxBulk):] {
		items := make([]client.BulkItem, min(len(rest), client.MaxBulk))
		for i := range items {
			items[i].IdempotencyKey, items[i].Operation = a.home.earn(rest[i])
			items[i].Operation.AmountMinor = &funds
		}
		results, err := a.home.gateway.SubmitAll(ctx, items, receiptWait)
		if err != nil {
			return err
		}
		for i := range results {
			if code := codeOf(&results[i]); code != fault.OK {
				return fault.New(code, "the benchmark's accounts can't be given points")
			}
		}
	}
	return nil
}

// atHome is a redemption of as many points as elsewhere at the member's own till.
func (a *across) atHome(account string) (key string, o client.OperationRequest) {
	key, o = a.home.redeem(account)
	points := int64(crossPoints)
	o.Points = &points
	return key, o
}

// redemption takes a customer's points at the partner's till; the member's gateway signs for the customer.
func (a *across) redemption(account string) (key string, o client.OperationRequest) {
	key, o = a.there.redeem(account)
	points := int64(crossPoints)
	o.Points, o.Programme = &points, &a.member
	return key, o
}

// swap makes a customer's points the partner's.
func (a *across) swap(account string) (key string, o client.OperationRequest) {
	key, o = a.atHome(account)
	to := a.there.anyAccount()
	o.Kind, o.To, o.Partner = client.KindSwap, &to, &a.partner
	o.Store, o.Terminal, o.ReceiptNumber = nil, nil, nil
	return key, o
}

// award gives a customer of the member's a point for a receipt of the partner's.
func (a *across) award(account string) (key string, o client.OperationRequest) {
	key, o = a.there.redeem(account)
	o.Kind, o.Programme, o.Authentication = client.KindAward, &a.member, nil
	return key, o
}

package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

// Limits and defaults.
const (
	DefaultLength   = 10 * time.Second
	MaxLength       = 10 * time.Minute
	DefaultClients  = 64
	MaxClients      = wire.MaxLanesPerQuery
	DefaultAccounts = 2000
	MaxAccounts     = 1_000_000
	bulkSize        = 250 // Accruals of one call under uniform load.
	bulkClients     = 16  // Calls in flight under uniform load.
	hotBulkSize     = 25  // Accruals of one call of a client of the hot account.
	calmRate        = 20  // Operations per second.
	amountMinor     = 100
)

// Options of a benchmark.
type Options struct {
	Gateway   Gateway
	Ledger    Ledger
	Publisher Publisher        // Nil: without the load under rules.
	Partner   *Partner         // Nil: without loads between brands.
	Programme points.Programme // Its currency and business date.
	Member    string
	Length    time.Duration // Of each load, over 0, at most MaxLength.
	Clients   int           // Of the loads with single requests, 1 to MaxClients.
	Accounts  int           // Of the uniform load, 1 to MaxAccounts.
	Tell      func(text string)
}

// Results are all measurements of a run, taken one after the other.
type Results struct {
	Machine      Machine       `json:"machine"`
	Measurements []Measurement `json:"measurements"`
	Ratios       []Ratio       `json:"ratios"`
}

// Ratio compares two throughputs.
type Ratio struct {
	Name  string  `json:"name"`
	Times float64 `json:"times"`
}

func (o *Options) validate() error {
	switch {
	case o.Length <= 0 || o.Length > MaxLength:
		return fault.New(fault.InvalidValue, "each load lasts up to %s", MaxLength)
	case o.Clients < 1 || o.Clients > MaxClients:
		return fault.New(fault.InvalidValue, "there can be 1 to %d clients", MaxClients)
	case o.Accounts < 1 || o.Accounts > MaxAccounts:
		return fault.New(fault.InvalidValue, "there can be 1 to %d accounts", MaxAccounts)
	}
	return nil
}

// Run opens accounts and makes one load after the other.
func Run(ctx context.Context, o Options) (*Results, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := purchase{minor: amountMinor, currency: o.Programme.Currency, occurredAt: o.Programme.BusinessDate.String() + "T12:00:00Z"}
	t := &through{gateway: o.Gateway, purchase: p, run: random.Hex(4)}
	d := &naive{ledger: o.Ledger, msp: o.Programme.MSP, member: o.Member, purchase: p}
	o.Tell(fmt.Sprintf("opening %d accounts", o.Accounts))
	if err := t.open(ctx, o.Accounts); err != nil {
		return nil, err
	}
	r := &Results{Machine: ThisMachine()}
	for _, l := range o.loads(t, d) {
		o.Tell(l.name)
		m, err := l.run(ctx, l.name)
		if err != nil {
			return r, err
		}
		r.Measurements = append(r.Measurements, m)
	}
	r.Ratios = ratios(r.Measurements)
	if o.Partner != nil {
		if err := o.acrossBrands(ctx, t, r); err != nil {
			return r, err
		}
	}
	if o.Publisher == nil {
		return r, nil
	}
	return r, o.underRules(ctx, t, r)
}

// underRules publishes a rule set and repeats the uniform load with accruals under it and redemptions that are signed, in turn. It comes last: a rule set stays.
func (o *Options) underRules(ctx context.Context, t *through, r *Results) error {
	if err := publish(ctx, o.Publisher, &o.Programme); err != nil {
		return err
	}
	name := fmt.Sprintf("uniform over %d accounts, gateway, rules and signatures", o.Accounts)
	o.Tell(name)
	m, err := saturate(ctx, name, o.Length, repeat(bulkClients, t.bulk(bulkSize, t.mixed, t.anyAccount)))
	if err != nil {
		return err
	}
	r.Measurements = append(r.Measurements, m)
	r.Ratios = append(r.Ratios, Ratio{"uniform: with rules and signatures to without", times(&m, &r.Measurements[uniform])})
	return nil
}

func repeat(clients int, s step) []step {
	all := make([]step, clients)
	for i := range all {
		all[i] = s
	}
	return all
}

// load is one measurement to make.
type load struct {
	name string
	run  func(ctx context.Context, name string) (Measurement, error)
}

// The order of the loads; ratios relies on it.
const (
	uniform = iota
	uniformNaive
	hotBulk
	hotSingle
	hotNaive
	calm
)

func (o *Options) loads(t *through, d *naive) []load {
	duration := o.Length
	same := func(clients int, s step) func(context.Context, string) (Measurement, error) {
		return func(ctx context.Context, name string) (Measurement, error) {
			return saturate(ctx, name, duration, repeat(clients, s))
		}
	}
	direct := func(choose func() string) func(context.Context, string) (Measurement, error) {
		return func(ctx context.Context, name string) (Measurement, error) {
			all, err := d.clients(ctx, LaneRange{First: NaiveLane, Count: o.Clients}, choose)
			if err != nil {
				return Measurement{}, err
			}
			return saturate(ctx, name, duration, all)
		}
	}
	return []load{
		uniform:      {fmt.Sprintf("uniform over %d accounts, gateway, bulks of %d", o.Accounts, bulkSize), same(bulkClients, t.bulk(bulkSize, t.earn, t.anyAccount))},
		uniformNaive: {fmt.Sprintf("uniform over %d accounts, naive", o.Accounts), direct(t.anyAccount)},
		hotBulk:      {fmt.Sprintf("one hot account, gateway, bulks of %d", hotBulkSize), same(o.Clients, t.bulk(hotBulkSize, t.earn, t.hotAccount))},
		hotSingle:    {"one hot account, gateway, single requests", same(o.Clients, t.single(t.hotAccount))},
		hotNaive:     {"one hot account, naive", direct(t.hotAccount)},
		calm: {fmt.Sprintf("%d operations/s, gateway, single requests", calmRate), func(ctx context.Context, name string) (Measurement, error) {
			return paced(ctx, name, duration, calmRate, t.single(t.anyAccount))
		}},
	}
}

func ratios(m []Measurement) []Ratio {
	return []Ratio{
		{"uniform: gateway to naive", times(&m[uniform], &m[uniformNaive])},
		{"hot account: gateway (bulks) to naive", times(&m[hotBulk], &m[hotNaive])},
		{"hot account: gateway (single requests) to naive", times(&m[hotSingle], &m[hotNaive])},
	}
}

// times is how many times as much as b a commits; 0 when b commits nothing.
func times(a, b *Measurement) float64 {
	if b.PerSecond == 0 {
		return 0
	}
	return a.PerSecond / b.PerSecond
}

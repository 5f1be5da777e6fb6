package replay

import (
	"cmp"
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
)

// Gateway is what a replay needs of a gateway: a client.Session with a till's key.
type Gateway interface {
	SubmitAll(ctx context.Context, items []client.BulkItem, wait time.Duration) ([]client.BulkResult, error)
	Programme(ctx context.Context, name string) (client.Programme, error)
	Readiness(ctx context.Context) (client.Readiness, error)
}

// Calendar moves business dates: a client.Session with an operator's key.
type Calendar interface {
	AdvanceBusinessDate(ctx context.Context, programme, day string) error
}

// Target is a gateway and the brand whose rows go to it.
type Target struct {
	Brand    string // Empty: asked of the gateway.
	Gateway  Gateway
	Calendar Calendar // Nil without an operator's key.
}

// Progress is told how many rows are finished.
type Progress interface{ Add(rows int) }

// Limits and defaults of the options.
const (
	DefaultBulk        = 250
	DefaultConcurrency = 8
	MaxConcurrency     = 64
	DefaultDateStep    = 30
	MaxDateStep        = 366
	DefaultRetryFor    = 5 * time.Minute
	MaxPrefix          = 24
)

// Options of a replay. Zero values are not defaults.
type Options struct {
	Targets     []Target
	Bulk        int           // Rows of one call, 1 to client.MaxBulk/2: an opening may go before each.
	Concurrency int           // Calls in flight per gateway, 1 to MaxConcurrency.
	DateStep    int           // Days by which a simulated programme's business date moves at once, 1 to MaxDateStep.
	RetryFor    time.Duration // How long a gateway may be away before the replay gives up.
	Prefix      string        // Put before every idempotency key, up to MaxPrefix characters.
	StateFile   string        // Where progress is kept for resuming; empty: nowhere.
	Progress    Progress
}

func (o *Options) validate() error {
	switch {
	case len(o.Targets) == 0:
		return fault.New(fault.InvalidValue, "no gateway is given")
	case o.Bulk < 1 || o.Bulk > client.MaxBulk/2:
		return fault.New(fault.InvalidValue, "the bulk size must lie between 1 and %d", client.MaxBulk/2)
	case o.Concurrency < 1 || o.Concurrency > MaxConcurrency:
		return fault.New(fault.InvalidValue, "the concurrency must lie between 1 and %d", MaxConcurrency)
	case o.DateStep < 1 || o.DateStep > MaxDateStep:
		return fault.New(fault.InvalidValue, "the date step must lie between 1 and %d days", MaxDateStep)
	case len(o.Prefix) > MaxPrefix || strings.ContainsFunc(o.Prefix, func(c rune) bool { return c <= ' ' || c > '~' }):
		return fault.New(fault.InvalidValue, "the idempotency prefix has at most %d printable ASCII characters", MaxPrefix)
	}
	return nil
}

// Run sends the rows and returns what became of them, also when it ends early with an error: what is in the report has happened.
func Run(ctx context.Context, rows *Rows, o Options) (*Report, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	t := newTally(rows)
	streams, err := plan(ctx, rows, &o, t)
	if err != nil {
		return t.report(), err
	}
	j, err := openJournal(o.StateFile, rows.Digest, o.Prefix, streams)
	if err != nil {
		return t.report(), err
	}
	t.start()
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range streams {
		s.journal = j
		t.resumed(s.track.low)
		o.Progress.Add(s.track.low)
		group.Go(func() error { return s.run(ctx) })
	}
	err = cmp.Or(group.Wait(), j.close())
	return t.report(), err
}

// plan asks every gateway for its programme and deals the rows out by brand. Rows of a brand that no gateway was given for are counted, not sent.
func plan(ctx context.Context, rows *Rows, o *Options, t *tally) ([]*stream, error) {
	byBrand := map[string]*stream{}
	var streams []*stream
	for _, target := range o.Targets {
		s, err := newStream(ctx, target, o, t)
		if err != nil {
			return nil, err
		}
		if byBrand[s.brand] != nil {
			return nil, fault.New(fault.InvalidValue, "two gateways of %s are given", s.brand)
		}
		byBrand[s.brand] = s
		streams = append(streams, s)
	}
	for i := range rows.Rows {
		row := &rows.Rows[i]
		s := byBrand[row.Brand]
		if row.Brand == "" && len(streams) == 1 {
			s = streams[0]
		}
		if s == nil {
			t.elsewhere()
			o.Progress.Add(1)
			continue
		}
		s.rows = append(s.rows, row)
	}
	for _, s := range streams {
		s.prepare()
	}
	return streams, nil
}

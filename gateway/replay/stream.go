package replay

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/client"
)

// otherDigits are the currencies whose amounts don't have two decimals.
const otherDigits = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF BHD IQD JOD KWD LYD OMR TND"

// stream is everything that goes to one gateway. Customers are dealt out to shards, and each shard has one call in flight, so a customer's rows stay in order.
type stream struct {
	brand     string
	target    Target
	options   *Options
	tally     *tally
	programme client.Programme
	rows      []*Row // Ordered by time.
	shards    []*shard
	track     *track
	journal   *journal

	mu        sync.Mutex
	wanted    map[string]bool   // Receipt numbers that returns refer to.
	originals map[string]string // Of these, the operations that recorded them.
}

// shard is the part of the customers whose rows one worker sends.
type shard struct {
	stream *stream
	opened map[string]bool
	queue  []int // Indexes into the stream's rows.
}

func newStream(ctx context.Context, target Target, o *Options, t *tally) (*stream, error) {
	s := &stream{
		brand: target.Brand, target: target, options: o, tally: t, track: &track{},
		wanted: map[string]bool{}, originals: map[string]string{},
	}
	err := s.persist(ctx, func(ctx context.Context) error {
		r, err := target.Gateway.Readiness(ctx)
		if err != nil {
			return err
		}
		if s.brand != "" && r.Member != s.brand {
			return fault.New(fault.InvalidValue, "the gateway given for %s is %s's", s.brand, r.Member)
		}
		if s.brand = r.Member; !r.Ready {
			return fault.New(fault.NotReady, "%s", strings.Join(r.Reasons, "; "))
		}
		s.programme, err = target.Gateway.Programme(ctx, s.brand)
		return err
	})
	if err != nil {
		return nil, err
	}
	if strings.Contains(otherDigits, s.programme.Currency) {
		return nil, fault.New(fault.CurrencyMismatch, "%s counts in %s, and amounts are read with two decimals", s.brand, s.programme.Currency)
	}
	return s, nil
}

// prepare is called when all rows are there.
func (s *stream) prepare() {
	s.track = newTrack(len(s.rows))
	for _, r := range s.rows {
		if r.Original != "" {
			s.wanted[r.Original] = true
		}
	}
	for range s.options.Concurrency {
		s.shards = append(s.shards, &shard{stream: s, opened: map[string]bool{}})
	}
}

func (s *stream) run(ctx context.Context) error {
	for _, span := range s.spans() {
		if err := s.moveDate(ctx, span.until); err != nil {
			return err
		}
		if err := s.send(ctx, span.from, span.to); err != nil {
			return err
		}
	}
	return nil
}

// span is a run of rows that are sent under one business date.
type span struct {
	from, to int // Rows from to to-1.
	until    quantity.Day
}

// spans cuts the rows of a simulated programme into steps of the business date. A step is never wider than the age that the terms accept.
func (s *stream) spans() []span {
	first := s.track.low
	if first >= len(s.rows) {
		return nil
	}
	last := dayOf(s.rows[len(s.rows)-1])
	if !s.programme.Simulated {
		return []span{{first, len(s.rows), 0}}
	}
	terms := s.programme.Terms[len(s.programme.Terms)-1].Parameters
	step := quantity.Day(min(s.options.DateStep, terms.MaxReceiptAgeDays+1))
	var out []span
	for first < len(s.rows) {
		until := min(dayOf(s.rows[first])+step-1, last)
		n, _ := slices.BinarySearchFunc(s.rows[first:], until, func(r *Row, until quantity.Day) int {
			if dayOf(r) <= until {
				return -1
			}
			return 1
		})
		n = max(n, 1) // Rows are ordered by instant; one from a far zone may show an earlier day than its neighbours.
		out = append(out, span{first, first + n, until})
		first += n
	}
	return out
}

// dayOf is the day on the till's own clock, as the ledger sees it.
func dayOf(r *Row) quantity.Day {
	_, offset := r.At.Zone()
	return quantity.DayOf(r.At.Unix() + int64(offset))
}

// moveDate brings a simulated programme's business date to until, unless it is there or past it.
func (s *stream) moveDate(ctx context.Context, until quantity.Day) error {
	now, err := quantity.ParseDay(s.programme.BusinessDate)
	if err != nil {
		return err
	}
	if !s.programme.Simulated || now >= until {
		return nil
	}
	if s.target.Calendar == nil {
		return fault.New(fault.DateNotAllowed, "%s is simulated and stands at %s, the data goes on to %s: give an operator's API key", s.brand, now, until)
	}
	err = s.persist(ctx, func(ctx context.Context) error {
		return s.target.Calendar.AdvanceBusinessDate(ctx, s.brand, until.String())
	})
	if fault.CodeOf(err) == fault.DateNotAllowed { // Somebody else, or a call whose answer was lost, has moved it.
		err = s.persist(ctx, func(ctx context.Context) (err error) {
			s.programme, err = s.target.Gateway.Programme(ctx, s.brand)
			return err
		})
		return err
	}
	if err == nil {
		s.programme.BusinessDate = until.String()
	}
	return err
}

// send deals rows out to the shards and waits until all are finished.
func (s *stream) send(ctx context.Context, from, to int) error {
	for i := from; i < to; i++ {
		if s.track.isDone(i) {
			continue
		}
		shard := s.shardOf(s.rows[i].Customer)
		shard.queue = append(shard.queue, i)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, shard := range s.shards {
		group.Go(func() error { return shard.run(ctx) })
	}
	return group.Wait()
}

func (s *stream) shardOf(customer string) *shard {
	h := fnv.New32a()
	h.Write([]byte(customer))
	return s.shards[h.Sum32()%uint32(len(s.shards))]
}

// remember keeps the operation of a purchase that a later return refers to.
func (s *stream) remember(receipt, operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wanted[receipt] {
		s.originals[receipt] = operation
	}
}

func (s *stream) original(receipt string) (operation string, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	operation, known = s.originals[receipt]
	return operation, known
}

// Pauses between attempts.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 3 * time.Second
)

// persist repeats a call while it may succeed later, for as long as the options allow.
func (s *stream) persist(ctx context.Context, call func(context.Context) error) error {
	began := time.Now()
	for wait := firstPause; ; wait = min(2*wait, longestPause) {
		err := call(ctx)
		if err == nil || !mayPass(err) {
			return err
		}
		if time.Since(began) > s.options.RetryFor {
			return fault.New(fault.CodeOf(err), "given up after %s: %v", s.options.RetryFor, err)
		}
		s.tally.retried()
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
	}
}

// mayPass says whether a failed call is worth repeating: the gateway is away, or its code says so. What this package finds wrong itself isn't.
func mayPass(err error) bool {
	var answered *client.ProblemError
	var own *fault.Error
	if !errors.As(err, &answered) && errors.As(err, &own) {
		return fault.Lookup(own.Code).Class == fault.ClassRetry
	}
	return client.Retryable(err)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

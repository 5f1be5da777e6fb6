package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/store"
)

// How often a comparison that failed is tried again, how often the ledger's records of erasures are looked at afterwards, and for how long readiness warns of a backup that was put back.
const (
	comparePause  = time.Second
	compareRound  = time.Minute
	restoreWarned = 30 * 24 * time.Hour
)

// records is the read model's part of the ledger's records: store.Reads.
type records interface {
	Count(ctx context.Context, programme, object string) (int, error)
	Records(ctx context.Context, programme, object, after string, limit int) ([]store.Record, error)
}

// comparison holds people.db against what the ledger knows of erasures, before anything is served and again when the ledger turns out to know more than people.db: a backup that was put
// back, or a peer that was behind.
type comparison struct {
	vault     *vault.Vault
	desk      *erasure.Desk
	reads     records
	programme string
	caughtUp  <-chan struct{} // Closed once the read model is.
	log       *slog.Logger
	again     prometheus.Counter

	looked int             // How many records of erasures there were when they were last looked at,
	tried  map[string]bool // and which of them people.db didn't know then.

	mu      sync.Mutex
	pending bool
	trouble fault.Code    // Of the last attempt; empty before there was one.
	opened  chan struct{} // Closed unless pending,
	shut    chan struct{} // and this one while it is.
}

func newComparison(v *vault.Vault, desk *erasure.Desk, reads records, programme string, log *slog.Logger, registry *prometheus.Registry) *comparison {
	c := &comparison{
		vault: v, desk: desk, reads: reads, programme: programme, log: log, tried: map[string]bool{}, pending: true, opened: make(chan struct{}), shut: make(chan struct{}),
		again: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tally_people_erased_again_total", Help: "Persons who were erased again because a copy of people.db had brought their keys back.",
		}),
	}
	close(c.shut)
	registry.MustRegister(c.again, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tally_people_compared", Help: "1 when people.db was held against the erasures on the ledger, without which nothing is served.",
	}, func() float64 {
		if c.Open() != nil {
			return 0
		}
		return 1
	}))
	return c
}

// Open is NOT_READY as long as there may be somebody in people.db who was erased.
func (c *comparison) Open() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.pending:
		return nil
	case c.trouble == "":
		return fault.New(fault.NotReady, "people.db is being held against the erasures on the ledger")
	default:
		return fault.New(fault.NotReady, "people.db can't be held against the erasures on the ledger: %s", c.trouble)
	}
}

func (c *comparison) note(pending bool, trouble fault.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case pending && !c.pending:
		c.opened = make(chan struct{})
		close(c.shut)
	case !pending && c.pending:
		c.shut = make(chan struct{})
		close(c.opened)
	}
	c.pending, c.trouble = pending, trouble
}

func (c *comparison) doors() (opened, shut <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened, c.shut
}

// whileOpen runs a part that works with people.db as long as nobody may be in it who was erased: it is ended for each comparison and begins again afterwards.
func (c *comparison) whileOpen(ctx context.Context, run func(context.Context) error) error {
	for {
		opened, _ := c.doors()
		select {
		case <-opened:
		case <-ctx.Done():
			return ctx.Err()
		}
		_, shut := c.doors()
		inner, end := context.WithCancel(ctx)
		go func() {
			select {
			case <-shut:
				end()
			case <-inner.Done():
			}
		}()
		err := run(inner)
		cut := inner.Err() != nil && ctx.Err() == nil
		end()
		if !cut {
			return err
		}
	}
}

// Warnings says that a backup was put back, for as long as somebody may still have to do something about it.
func (c *comparison) Warnings(ctx context.Context) []string {
	all, err := c.vault.Restores(ctx, time.Now().Add(-restoreWarned).UnixMilli())
	if err != nil || len(all) == 0 {
		return nil
	}
	return []string{"people.db was put back from a backup: persons who had been erased since were erased again, the last time " +
		time.UnixMilli(all[0].At).UTC().Format(time.RFC3339) + "; make a new backup and destroy the old one"}
}

// run compares until that has succeeded, and then watches.
func (c *comparison) run(ctx context.Context) error {
	if err := c.compare(ctx); err != nil {
		return err
	}
	select {
	case <-c.caughtUp:
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		if err := c.watch(ctx); err != nil {
			return err
		}
		if err := rest(ctx, compareRound); err != nil {
			return err
		}
	}
}

// compare goes on until people.db holds nobody who is erased, and nothing in the clear that isn't any more; an error is the context's.
func (c *comparison) compare(ctx context.Context) error {
	for {
		erased, err := c.vault.Compare(ctx)
		if err == nil {
			err = c.desk.SealReasons(ctx)
		}
		if erased > 0 {
			c.again.Add(float64(erased))
			c.log.Warn("people.db is older than erasures on the ledger: their persons were erased again", "persons", erased)
		}
		if err == nil {
			c.note(false, "")
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		code := fault.CodeOf(err)
		if code != c.lastTrouble() {
			c.log.Warn("people.db can't be held against the erasures on the ledger, and nothing is served", "code", code, "err", err)
		}
		c.note(true, code)
		if err := rest(ctx, comparePause); err != nil {
			return err
		}
		if err := c.vault.Master.Reload(); err != nil { // A missing key may have been put back.
			c.log.Warn("the master keys can't be read", "code", fault.CodeOf(err))
		}
	}
}

func (c *comparison) lastTrouble() fault.Code {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trouble
}

// watch compares again when the ledger has records of erasures that people.db doesn't know, and notes them. One that can't be noted has nothing compared again by this process.
func (c *comparison) watch(ctx context.Context) error {
	unknown, count, err := c.unknown(ctx)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("the ledger's records of erasures can't be read", "code", fault.CodeOf(err))
		}
		return ctx.Err()
	}
	if len(unknown) > 0 {
		c.log.Warn("the ledger has records of erasures that people.db doesn't know: it is an older copy", "records", len(unknown))
		c.note(true, "")
		if err := c.compare(ctx); err != nil {
			return err
		}
	}
	for id, body := range unknown {
		c.adopt(ctx, id, body)
	}
	c.looked = count
	return ctx.Err()
}

func (c *comparison) adopt(ctx context.Context, id string, body []byte) {
	c.tried[id] = true
	if err := c.desk.Adopt(ctx, body); err != nil && ctx.Err() == nil {
		c.log.Warn("a record of erasures on the ledger can't be noted: the next start compares again", "record", id, "code", fault.CodeOf(err))
	}
}

// unknown gives the ledger's records of erasures that people.db doesn't know and that weren't tried yet, by their ids, and how many records there are. Their ids are random, so that new
// ones aren't behind the old ones; but none is ever deleted: as long as their number stays the same there is no new one.
func (c *comparison) unknown(ctx context.Context) (all map[string][]byte, count int, err error) {
	count, err = c.reads.Count(ctx, c.programme, engine.ObjectErasures)
	if err != nil || count == c.looked {
		return nil, count, err
	}
	all = map[string][]byte{}
	for after := ""; ; {
		page, err := c.reads.Records(ctx, c.programme, engine.ObjectErasures, after, store.MaxPage)
		if err != nil || len(page) == 0 {
			return all, count, err
		}
		if err := c.unknownOf(ctx, page, all); err != nil {
			return nil, 0, err
		}
		after = page[len(page)-1].ID
	}
}

// unknownOf adds those of a page.
func (c *comparison) unknownOf(ctx context.Context, page []store.Record, all map[string][]byte) error {
	ids, bodies := make([]string, len(page)), make(map[string][]byte, len(page))
	for i, r := range page {
		ids[i], bodies[r.ID] = r.ID, r.Body
	}
	unknown, err := c.desk.Unknown(ctx, ids)
	for _, id := range unknown {
		if !c.tried[id] {
			all[id] = bodies[id]
		}
	}
	return err
}

// rest waits; an error is the context's.
func rest(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

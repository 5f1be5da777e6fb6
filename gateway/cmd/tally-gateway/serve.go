package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/certificates"
	"github.com/tallystick/tallystick/gateway/clerk"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/fingerprint"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/partners"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/tracing"
)

// gateway is the program's parts, wired together.
type gateway struct {
	cfg        *config.Config
	log        *slog.Logger
	registry   *prometheus.Registry
	store      *store.Store
	reads      *store.Reads
	clearing   *store.ClearingReads
	client     *ledger.Client
	keys       *api.Keys
	operator   *ledger.Points      // Nil without an operator's identity.
	custodian  points.CustodianKey // With which it signs for customers in custody; of a writer.
	projection *projection.Projection
	sequencer  *sequencer.Sequencer            // Of the own programme; nil for a reader.
	abroad     map[string]*sequencer.Sequencer // Of what the member does with accounts of other brands' programmes, by brand; of a writer.
	partners   *partners.Directory             // Other members' gateways; of a writer.
	clerk      *clerk.Clerk                    // Nil for a reader, or when it is off.
	people     *people                         // Nil where customers' data have no place.
	server     *api.Server

	certificates *certificates.Watch // Of what the gateway shows of itself.
	tracing      *tracing.Tracing    // Nil while it is off.
}

// serve runs the gateway until ctx ends. It returns nil after an orderly end.
func serve(ctx context.Context, cfg *config.Config) (err error) {
	g := &gateway{cfg: cfg, log: newLog(cfg.Log.Level, cfg.Member), registry: prometheus.NewRegistry()}
	g.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fault.New(fault.InvalidValue, "key listen: %v", err)
	}
	defer func() { err = errors.Join(err, g.close(ctx)) }()
	if err := g.build(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	g.log.Info("the gateway starts", "mode", cfg.Mode, "listen", cfg.Listen, "database", cfg.Database)
	return g.run(ctx, listener)
}

func newLog(level, member string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // The configuration has checked it.
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l})).With("member", member)
}

func (g *gateway) build(ctx context.Context) (err error) {
	if g.store, err = store.Open(ctx, g.cfg.Database); err != nil {
		return err
	}
	g.reads, g.clearing = store.NewReads(g.store.Reader()), store.NewClearingReads(g.store.Reader())
	if g.tracing, err = tracing.Open(ctx, tracing.Settings{
		Config: g.cfg.Tracing, Member: g.cfg.Member, Members: names(g.cfg.Members), Log: g.log, Metrics: g.registry,
	}); err != nil {
		return err
	}
	if g.client, err = ledger.Connect(g.cfg, g.tracing.DialOptions()...); err != nil {
		return err
	}
	g.certificates = certificates.New(certificates.DefaultInterval, g.log, g.registry)
	if err := g.renews("identity", g.cfg.Identity, g.client); err != nil {
		return err
	}
	if g.keys, err = api.LoadKeys(g.cfg.APIKeys); err != nil {
		return err
	}
	made, err := g.reportParts()
	if err != nil {
		return err
	}
	parts := api.Parts{
		Member: g.cfg.Represented().Name, Keys: g.keys, Reader: g.reads, Condition: &condition{gateway: g}, Metrics: g.registry, Tracing: g.tracing, Log: g.log,
		Clearing: api.Clearing{Reads: g.clearing, Receipts: g.reads}, Reports: made,
	}
	observe := func(projection.Outcome) {}
	if g.cfg.Mode == config.Writer {
		if err := g.buildWriter(ctx, &parts); err != nil {
			return err
		}
		observe = g.observe
	}
	g.projection = projection.New(projection.Settings{
		Sources: sources(g.client), Store: g.store, Programme: parts.Programme, MSP: g.cfg.Represented().MSP, Creator: g.cfg.MSP, Member: g.cfg.Member,
		Regulator: g.regulator(), Log: g.log, Metrics: g.registry,
	}, observe)
	g.server, err = api.New(parts)
	return err
}

func names(members []config.Member) []string {
	all := make([]string, len(members))
	for i := range members {
		all[i] = members[i].Name
	}
	return all
}

func sources(client *ledger.Client) []projection.Source {
	peers := client.Peers()
	all := make([]projection.Source, len(peers))
	for i, p := range peers {
		all[i] = p
	}
	return all
}

// buildWriter makes the write side: what only the issuer's own gateway has.
func (g *gateway) buildWriter(ctx context.Context, parts *api.Parts) error {
	if err := g.store.Adopt(ctx, g.cfg.Programme); err != nil {
		return err
	}
	hasher, err := fingerprint.Load(g.cfg.Represented().Name, g.cfg.Secret)
	if err != nil {
		return err
	}
	key, err := loadCustodian(g.cfg.Custodian.Key)
	if err != nil {
		return err
	}
	if g.custodian, err = publicCustodian(key, g.cfg.Custodian.Version); err != nil {
		return err
	}
	g.buildSequencers(hasher, sequencer.FileKey{Key: key})
	parts.Programme, parts.Recorder, parts.Hasher, parts.Quoter = g.cfg.Programme, g.sequencer, hasher, quoter{g.client.Points(g.cfg.Programme), g.client.Clearing()}
	if err := g.buildPartners(parts); err != nil {
		return err
	}
	if err := g.buildPeople(ctx, parts, hasher); err != nil {
		return err
	}
	g.buildNeighbours(parts)
	if g.people != nil {
		g.buildConsents(parts, sequencer.FileKey{Key: key}, hasher.Lookup)
	}
	if err := g.buildOperator(parts); err != nil {
		return err
	}
	return g.buildClearing(parts)
}

// buildSequencers makes the sequencer of the own programme, and those of what the member does with accounts of the other brands' programmes.
func (g *gateway) buildSequencers(hasher *fingerprint.Hasher, custodian sequencer.Signer) {
	member := g.cfg.Represented()
	shared := sequencer.Settings{
		Member: member.Name, MSP: member.MSP, BatchMax: g.cfg.BatchMax, Backlog: g.cfg.Backlog, Store: g.store, Members: g.client.Clearing(),
		Settlements: store.NewClearingReads(g.store.Reader()), Programmes: g.reads, Disclosures: g.reads, Records: g.reads, Hasher: hasher, Log: g.log, Metrics: g.registry,
	}
	own := shared
	own.Programme, own.Lanes, own.Ledger = g.cfg.Programme, g.cfg.Lanes, sequencer.OverFabric(g.client.Points(g.cfg.Programme))
	own.Signer, own.CustodianVersion = custodian, g.cfg.Custodian.Version
	g.abroad = map[string]*sequencer.Sequencer{}
	for _, b := range g.cfg.Brands() {
		if b.Name == member.Name {
			continue
		}
		own.Partners = append(own.Partners, sequencer.Partner{Name: b.Name, Pair: sequencer.PairOverFabric(g.client.Exchange(g.cfg.Programme, b.Name))})
		other := shared
		other.Programme = b.Name
		other.Partners = []sequencer.Partner{{Name: member.Name, Pair: sequencer.PairOverFabric(g.client.Exchange(b.Name, member.Name))}}
		g.abroad[b.Name] = sequencer.New(other)
	}
	g.sequencer = sequencer.New(own)
}

// observe tells every sequencer of an outcome; each knows its own.
func (g *gateway) observe(o projection.Outcome) {
	g.sequencer.Observe(o)
	if s := g.abroad[o.Programme]; s != nil {
		s.Observe(o)
	}
}

// buildOperator makes what an operator's identity is needed for, where one is configured.
func (g *gateway) buildOperator(parts *api.Parts) error {
	if !g.cfg.Operator.Given() {
		return nil
	}
	operator, err := g.speakAs("operator", g.cfg.Operator)
	if err != nil {
		return err
	}
	g.operator = operator.Points(g.cfg.Programme)
	parts.Administrator, parts.Approver, parts.Clearing.Operator = g.operator, approver{operator}, operator.Clearing()
	return nil
}

// approver approves other programmes' operations as the operator.
type approver struct{ operator *ledger.Client }

// Approve implements api.Approver.
func (a approver) Approve(ctx context.Context, programme string, doc wire.Consent) (points.Approval, error) {
	return a.operator.Points(programme).Approve(ctx, doc)
}

// run runs all parts until ctx ends or one fails. The API ends first, while the sequencer still brings its callers their receipts.
func (g *gateway) run(ctx context.Context, listener net.Listener) error {
	visitors, err := g.listenForPartners()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	core, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, core := errgroup.WithContext(core)
	front, endFront := context.WithCancel(core)
	defer context.AfterFunc(ctx, endFront)()
	defer endFront()
	group.Go(func() error { return g.projection.Run(core) })
	group.Go(func() error { return g.certificates.Run(core) })
	group.Go(func() error { return g.keys.Follow(core, g.cfg.APIKeys, certificates.DefaultInterval, g.log) })
	if g.sequencer != nil {
		group.Go(func() error { return g.sequencer.Run(core, g.projection.CaughtUp()) })
	}
	for _, s := range g.abroad {
		group.Go(func() error { return s.Run(core, g.projection.CaughtUp()) })
	}
	if g.operator != nil {
		calendar := &sequencer.Calendar{Programme: g.cfg.Programme, Programmes: g.reads, Operator: g.operator, Log: g.log}
		group.Go(func() error { return g.whenCaughtUp(core, calendar.Run) })
	}
	for _, run := range g.schedulers() {
		group.Go(func() error { return g.whenCaughtUp(core, run) })
	}
	if g.people != nil {
		g.people.compare.caughtUp = g.projection.CaughtUp()
		group.Go(func() error { return g.people.compare.run(core) })
		for _, run := range g.people.runs {
			group.Go(func() error { return g.people.compare.whileOpen(core, run) })
		}
	}
	if g.partners != nil {
		group.Go(func() error { return g.followRevocations(core) })
	}
	if visitors != nil {
		group.Go(func() error { return g.server.ServePartners(front, visitors, g.partners.MemberOf) })
	}
	if g.clerk != nil {
		group.Go(func() error { return g.whenCaughtUp(core, g.clerk.Run) })
	}
	group.Go(func() error {
		defer stop()
		return g.server.Serve(front, listener)
	})
	err = group.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		g.log.Info("the gateway has ended")
		return nil
	}
	return err
}

// schedulers are what the gateway does by itself: sweep what is due, fold credits that wait, freeze where that was decided, and end what is left open with each partner.
func (g *gateway) schedulers() []func(context.Context) error {
	if g.sequencer == nil || g.cfg.Sweep.Outstanding == 0 {
		return nil
	}
	sweeper := &sequencer.Sweeper{Programme: g.cfg.Programme, Programmes: g.reads, Dues: g.reads, Sequencer: g.sequencer, Settings: g.cfg.Sweep, Log: g.log}
	folder := &sequencer.Folder{Programme: g.cfg.Programme, Inbox: g.reads, Sequencer: g.sequencer, Settings: g.cfg.Sweep, Log: g.log}
	freezer := &sequencer.Freezer{Programme: g.cfg.Programme, Requests: g.reads, Sequencer: g.sequencer, Settings: g.cfg.Sweep, Log: g.log}
	all := []func(context.Context) error{sweeper.Run, folder.Run, freezer.Run}
	for partner := range g.abroad {
		closer := &sequencer.Closer{
			Programme: g.cfg.Programme, Partner: partner, LooseEnds: g.reads, Sequencer: g.sequencer, Settings: g.cfg.Sweep, Log: g.log,
		}
		all = append(all, closer.Run)
	}
	return all
}

// whenCaughtUp runs a part that works with what the ledger says of the programme, once that is known.
func (g *gateway) whenCaughtUp(ctx context.Context, run func(context.Context) error) error {
	select {
	case <-g.projection.CaughtUp():
		return run(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gateway) close(ctx context.Context) error {
	var all error
	if g.client != nil {
		all = g.client.Close()
	}
	if g.people != nil {
		all = errors.Join(all, g.people.db.Close())
	}
	if g.store != nil {
		all = errors.Join(all, g.store.Close())
	}
	return errors.Join(all, g.tracing.Close(ctx))
}

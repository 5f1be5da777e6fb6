package sequencer

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/fingerprint"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
)

// network is a channel in memory on which the real chaincodes run, with the gateways of several brands: real blocks, projections and databases. It fails on demand in every way
// that a network does.
type network struct {
	t      *testing.T
	ledger *ledgertest.Ledger
	pairs  map[string]*ledgertest.Pair // By collection.
	began  time.Time
	ahead  atomic.Int64 // Nanoseconds that the network's clock runs ahead of the machine's.
	sites  map[string]*site

	ordering sync.Mutex // Held while blocks are made.

	mu        sync.Mutex
	dead      map[string]bool        // Brands whose peers can't be reached by others.
	onEndorse func(*shipment) error  // Called before each endorsement; nil: nothing fails.
	onSubmit  func(*shipment) fate   // nil: everything commits.
	late      []*ledgertest.Endorsed // Held back.
}

// shipment is a batch on its way.
type shipment struct {
	brand   string // Who submits it.
	partner string // The other brand of a cross-brand batch; empty at home.
	empty   bool
}

// allocation is what each pair may owe each other either way, in minor units.
const allocation = 1_600_000

// newNetwork founds a channel with programmes of these brands; each of the pairs (by the names of its members) has an agreement.
func newNetwork(t *testing.T, brands []string, pairs ...[2]string) *network {
	t.Helper()
	n := &network{t: t, ledger: ledgertest.New(t, brands...), pairs: map[string]*ledgertest.Pair{}, began: time.Now(), sites: map[string]*site{}, dead: map[string]bool{}}
	n.ledger.Found()
	for i := range brands {
		n.ledger.Create(i, func(t *terms.Terms) { t.Expiry, t.GraceDays = lots.Expiry{Kind: lots.Never}, 0 })
	}
	for _, names := range pairs {
		p := n.ledger.Pair(names[0], names[1])
		p.Allocate([2]quantity.Minor{allocation, allocation})
		n.agree(p)
	}
	for _, b := range n.ledger.Brands {
		n.sites[b.Name] = n.newSite(b)
	}
	t.Cleanup(func() {
		for _, s := range n.sites {
			s.kill()
			_ = s.store.Close()
		}
	})
	return n
}

func (n *network) agree(p *ledgertest.Pair) {
	n.ordering.Lock()
	defer n.ordering.Unlock()
	p.Agree(p.Terms(1))
	n.pairs[p.Collection()] = p
}

func (n *network) now() time.Time {
	return time.Unix(ledgertest.Start+7200, 0).Add(time.Since(n.began) + time.Duration(n.ahead.Load()))
}

// pass lets time pass for everybody.
func (n *network) pass(d time.Duration) {
	n.ahead.Add(int64(d))
	for _, s := range n.sites {
		for _, q := range s.sequencers() {
			q.wake()
		}
	}
}

func (n *network) setFaults(onEndorse func(*shipment) error, onSubmit func(*shipment) fate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onEndorse, n.onSubmit = onEndorse, onSubmit
}

func (n *network) setDead(brand string, dead bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dead[brand] = dead
}

// release orders what was held back.
func (n *network) release() {
	n.mu.Lock()
	late := n.late
	n.late = nil
	n.mu.Unlock()
	for _, e := range late {
		n.order(e)
	}
}

func (n *network) order(e *ledgertest.Endorsed) {
	n.ordering.Lock()
	defer n.ordering.Unlock()
	n.ledger.Queue(e)
	n.ledger.Cut()
}

// clearingDoes runs what members do to windows at the network's time.
func (n *network) clearingDoes(f func()) {
	n.ordering.Lock()
	defer n.ordering.Unlock()
	n.ledger.Now = max(n.ledger.Now, n.now().Unix())
	f()
}

// roll closes the open window for traffic.
func (n *network) roll() (window int64) {
	n.clearingDoes(func() { window = n.ledger.Roll() })
	return window
}

// settle brings a closed window to its end.
func (n *network) settle(window int64) {
	n.clearingDoes(func() {
		for _, p := range n.pairs {
			p.Disclose(window)
		}
		n.ledger.Net(window)
		n.ledger.Sign(window)
		n.ledger.Pay(window)
	})
}

// site is one brand's gateway: its database outlives its processes.
type site struct {
	net       *network
	brand     *ledgertest.Organisation
	programme *ledgertest.Programme
	hasher    *fingerprint.Hasher
	path      string
	store     *store.Store
	own       *Sequencer
	abroad    map[string]*Sequencer
	chores    config.Sweep    // What the gateway does by itself; nothing with 0 outstanding.
	see       func(Pair) Pair // How the gateway sees clearing; nil: as it is.
	cancel    context.CancelFunc
	running   sync.WaitGroup
}

func (n *network) newSite(b *ledgertest.Organisation) *site {
	secret := make([]byte, fingerprint.SecretLength)
	copy(secret, b.Name)
	hasher, err := fingerprint.New(b.Name, secret)
	if err != nil {
		n.t.Fatal(err)
	}
	s := &site{net: n, brand: b, programme: n.ledger.Programme(b.Name), hasher: hasher, path: filepath.Join(n.t.TempDir(), "gateway.db")}
	s.open()
	return s
}

func (s *site) open() {
	var err error
	if s.store, err = store.Open(context.Background(), s.path); err != nil {
		s.net.t.Fatal(err)
	}
}

// launch starts a process of the gateway. The changes are made to the settings of every sequencer.
func (s *site) launch(change ...func(*Settings)) *site {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.abroad = cancel, map[string]*Sequencer{}
	reads := store.NewReads(s.store.Reader())
	shared := Settings{
		Member: s.brand.Name, MSP: s.brand.MSP, BatchMax: 50, Backlog: 10_000, Store: s.store, Members: s, Settlements: store.NewClearingReads(s.store.Reader()),
		Programmes: reads, Disclosures: reads, Records: reads, Hasher: s.hasher, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Pace: testPace, Now: s.net.now,
	}
	shared.Pace.Enter, shared.Pace.Release, shared.Pace.Idle = 20*time.Millisecond, 10*time.Millisecond, 30*time.Millisecond
	for _, f := range change {
		f(&shared)
	}
	own := shared
	own.Programme, own.Lanes, own.Ledger, own.Signer, own.CustodianVersion = s.brand.Name, 3, s.home(), FileKey{s.programme.Custodian}, 1
	for _, other := range s.net.ledger.Brands {
		if other == s.brand {
			continue
		}
		own.Partners = append(own.Partners, Partner{Name: other.Name, Pair: s.pair(s.brand.Name, other.Name)})
		there := shared
		there.Programme, there.Partners = other.Name, []Partner{{Name: s.brand.Name, Pair: s.pair(other.Name, s.brand.Name)}}
		s.abroad[other.Name] = New(there)
	}
	s.own = New(own)
	p := projection.New(projection.Settings{
		Sources: []projection.Source{s.net.ledger.Peer(s.brand.Name)}, Store: s.store, Programme: s.brand.Name, MSP: s.brand.MSP, Log: shared.Log, Metrics: prometheus.NewRegistry(),
	}, s.observe)
	s.running.Go(func() { _ = p.Run(ctx) })
	for _, q := range s.sequencers() {
		s.running.Go(func() { _ = q.Run(ctx, p.CaughtUp()) })
	}
	if s.chores.Outstanding > 0 {
		s.startChores(ctx, reads)
	}
	return s
}

func (s *site) startChores(ctx context.Context, reads *store.Reads) {
	folder := &Folder{Programme: s.brand.Name, Inbox: reads, Sequencer: s.own, Settings: s.chores, Log: s.own.log}
	s.running.Go(func() { _ = folder.Run(ctx) })
	freezer := &Freezer{Programme: s.brand.Name, Requests: reads, Sequencer: s.own, Settings: s.chores, Log: s.own.log}
	s.running.Go(func() { _ = freezer.Run(ctx) })
	for partner := range s.abroad {
		c := &Closer{Programme: s.brand.Name, Partner: partner, LooseEnds: reads, Sequencer: s.own, Settings: s.chores, Log: s.own.log}
		s.running.Go(func() { _ = c.Run(ctx) })
	}
}

func (s *site) sequencers() []*Sequencer {
	if s.own == nil {
		return nil
	}
	all := []*Sequencer{s.own}
	for _, q := range s.abroad {
		all = append(all, q)
	}
	return all
}

func (s *site) observe(o projection.Outcome) {
	for _, q := range s.sequencers() {
		q.Observe(o)
	}
}

// kill ends the process where it stands.
func (s *site) kill() {
	if s.cancel == nil {
		return
	}
	s.cancel()
	s.running.Wait()
	s.cancel = nil
	_ = s.store.Write(context.Background(), func(*store.Tx) error { return nil }) // What was handed to the database is in it or not, but nothing comes later.
}

// backup copies the database of a process that is gone.
func (s *site) backup() string {
	s.net.t.Helper()
	copied := filepath.Join(s.net.t.TempDir(), "backup.db")
	if err := s.store.Close(); err != nil {
		s.net.t.Fatal(err)
	}
	s.copyFile(s.path, copied)
	s.open()
	return copied
}

// putBack replaces the database of a process that is gone by an earlier copy.
func (s *site) putBack(copied string) {
	s.net.t.Helper()
	if err := s.store.Close(); err != nil {
		s.net.t.Fatal(err)
	}
	s.path = filepath.Join(s.net.t.TempDir(), "gateway.db")
	s.copyFile(copied, s.path)
	s.open()
}

func (s *site) copyFile(from, to string) {
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o600)
	}
	if err != nil {
		s.net.t.Fatal(err)
	}
}

// awaitOpen waits until operations are accepted at home and with these partners, in the own programme and in theirs.
func (s *site) awaitOpen(partners ...string) *site {
	s.net.t.Helper()
	eventually(s.net.t, "the gateway of "+s.brand.Name+" to accept operations", func() bool {
		if s.own.Started() != nil {
			return false
		}
		for _, p := range partners {
			_, here := s.own.passable(p)
			_, there := s.abroad[p].passable(s.brand.Name)
			if here != nil || there != nil {
				return false
			}
		}
		return true
	})
	s.net.pass((mandateSeconds + 2) * time.Second)
	return s
}

// Consortium implements Members.
func (s *site) Consortium(context.Context) (clearing.Consortium, error) {
	var c clearing.Consortium
	return c, wire.DecodeRecord(s.net.ledger.State(engine.ClearingChaincode, engine.ConsortiumKey()), &c)
}

// facade is what a gateway knows of a contract.
type facade struct {
	site      *site
	home      string
	partner   string // Empty for a programme's own batches.
	chaincode string
	function  string
	endorsers []string // Brands.
}

func (s *site) home() Ledger {
	endorsers := []string{s.brand.Name}
	for _, b := range s.net.ledger.Brands {
		if b != s.brand {
			return facade{s, s.brand.Name, "", engine.PointsPrefix + s.brand.Name, wire.FnSubmitBatch, append(endorsers, b.Name)}
		}
	}
	return nil
}

func (s *site) pair(home, partner string) Pair {
	p := Pair(facade{s, home, partner, engine.ClearingChaincode, wire.FnExchange, []string{home, partner}})
	if s.see != nil {
		return s.see(p)
	}
	return p
}

// Lanes implements Pair.
func (f facade) Lanes(context.Context) ([]clearing.PairLane, error) {
	a, b := clearing.PairOf(f.home, f.partner)
	document, err := wire.Encode(wire.PairQuery{A: a, B: b})
	if err != nil {
		return nil, err
	}
	raw, err := f.site.net.ledger.Evaluate(ledgertest.Proposal{
		Caller: f.site.brand.Gateway, Chaincode: engine.ClearingChaincode, Function: wire.FnGetPairLanes, Document: document, Time: f.site.net.now().Unix(),
		Endorsers: []*ledgertest.Identity{f.site.brand.Peer},
	})
	if err != nil {
		return nil, refusalOf(err)
	}
	var lanes []clearing.PairLane
	return lanes, wire.DecodeRecord(raw, &lanes)
}

// EndorseBatch implements Ledger.
func (f facade) EndorseBatch(ctx context.Context, build func() (ledger.Batch, error)) (Transaction, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	n := f.site.net
	b, err := build()
	at := n.now()
	for ; err == nil && !b.NotAfter.IsZero() && !at.Before(b.NotAfter); at = n.now() {
		b, err = build()
	}
	if err != nil {
		return nil, err
	}
	var request struct {
		Operations []points.Operation `json:"operations"`
	}
	if err := wire.DecodeRecord(b.Document, &request); err != nil {
		return nil, err
	}
	way := &shipment{f.site.brand.Name, f.partner, len(request.Operations) == 0}
	peers, err := n.reach(way, f.endorsers)
	if err != nil {
		return nil, err
	}
	proposal := ledgertest.Proposal{
		Caller: f.site.brand.Gateway, Chaincode: f.chaincode, Function: f.function, Document: b.Document, Time: at.Unix(), Endorsers: peers,
	}
	if b.Details != nil {
		proposal.Transient = map[string][]byte{wire.DetailsTransient: b.Details}
	}
	endorsed, err := n.ledger.Endorse(proposal)
	if err != nil {
		return nil, refusalOf(err)
	}
	return &delivery{n, way, endorsed}, nil
}

// reach gives the peers of those who are to endorse, unless one is out of reach. A programme's own batches find another co-endorser.
func (n *network) reach(way *shipment, brands []string) ([]*ledgertest.Identity, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.onEndorse != nil {
		if err := n.onEndorse(way); err != nil {
			return nil, err
		}
	}
	var peers []*ledgertest.Identity
	for _, b := range n.ledger.Brands {
		if !slices.Contains(brands, b.Name) {
			continue
		}
		if way.partner != "" && n.dead[b.Name] && b.Name != way.brand {
			return nil, unavailable()
		}
		peers = append(peers, b.Peer)
	}
	return peers, nil
}

// delivery is an endorsed batch.
type delivery struct {
	net      *network
	way      *shipment
	endorsed *ledgertest.Endorsed
}

// TxID implements Transaction.
func (d *delivery) TxID() string { return d.endorsed.ID }

// Submit implements Transaction.
func (d *delivery) Submit(ctx context.Context) error {
	n := d.net
	become := committed
	n.mu.Lock()
	if n.onSubmit != nil {
		become = n.onSubmit(d.way)
	}
	if become == held {
		n.late = append(n.late, d.endorsed)
	}
	n.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case become == lost || become == held:
		return nil
	case become == refusedAck:
		return unavailable()
	}
	n.order(d.endorsed)
	if become == lostAnswer {
		return unavailable()
	}
	return nil
}

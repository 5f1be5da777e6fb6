package reports_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
)

// market is a ledger in which the airline's programme sees every kind of operation, and the grocer and the hotel deal with each other in two windows.
type market struct {
	*ledgertest.Ledger
	t               *testing.T
	airline         *ledgertest.Programme
	grocer, hotel   *ledgertest.Programme
	pair            *ledgertest.Pair
	shopper, guest  points.AccountID
	firstWindow     int64
	consortiumNames []string
}

func newMarket(t *testing.T) *market {
	t.Helper()
	m := &market{Ledger: ledgertest.New(t, "airline", "grocer", "hotel"), t: t, consortiumNames: []string{"airline", "grocer", "hotel"}}
	m.Found()
	m.airline, m.grocer, m.hotel = m.Everything(0), m.Create(1), m.Create(2)
	m.pair = m.Pair("grocer", "hotel")
	m.pair.Allocate([2]quantity.Minor{100_000, 100_000})
	m.pair.Agree(m.pair.Terms(1))
	m.shopper, m.guest = m.open(m.grocer), m.open(m.hotel)
	m.exchange(m.pair.B, m.grocer.RedeemAt("hotel", m.shopper, 20), m.grocer.AwardBy("hotel", m.shopper, 5), m.grocer.Swap("hotel", m.shopper, m.guest, 40))
	event := m.exchange(m.pair.B, m.grocer.RedeemAt("hotel", m.shopper, 300))
	m.exchange(m.pair.B, m.grocer.ReturnAt("hotel", event, 0))
	m.firstWindow = m.Roll()
	m.exchange(m.pair.A, m.grocer.RedeemAt("hotel", m.shopper, 11))
	m.pair.Disclose(m.firstWindow)
	return m
}

func (m *market) open(p *ledgertest.Programme) points.AccountID {
	m.t.Helper()
	item := p.Open()
	p.Batch(0, []ledgertest.Item{item})
	m.Cut()
	p.Batch(0, []ledgertest.Item{p.Earn(item.Operation.Account, 100_000)})
	m.Cut()
	return item.Operation.Account
}

func (m *market) exchange(by *ledgertest.Organisation, items ...ledgertest.Item) *wire.BatchEvent {
	m.t.Helper()
	event, _ := m.pair.Exchange(m.grocer, by, 0, items)
	m.Cut()
	for _, r := range event.Home.Receipts {
		if r.Outcome != points.Accepted {
			m.t.Fatalf("%s is refused: %s", r.Kind, r.Code)
		}
	}
	return &event.Home
}

// follow projects a member's peer into a database of its own.
func (m *market) follow(member string) *store.Reads {
	m.t.Helper()
	s, err := store.Open(m.t.Context(), filepath.Join(m.t.TempDir(), member+".db"))
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { s.Close() })
	p := projection.New(projection.Settings{
		Sources: []projection.Source{m.Peer(member)}, Store: s, Member: member, Regulator: member == "regulator", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: prometheus.NewRegistry(),
	}, func(projection.Outcome) {})
	ctx, cancel := context.WithCancel(m.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	select {
	case <-p.CaughtUp():
	case <-time.After(time.Minute):
		m.t.Fatal("the projection doesn't catch up")
	}
	cancel()
	<-ended
	return store.NewReads(s.Reader())
}

// receipts are all receipts of a programme, taken from the blocks' events alone.
func (m *market) receipts(programme string) []points.Receipt {
	m.t.Helper()
	var all []points.Receipt
	m.transactions(func(chaincode string, args [][]byte, event []byte) {
		batches := []json.RawMessage{event}
		if chaincode == "clearing" {
			var both struct{ Home, Partner json.RawMessage }
			m.decode(event, &both)
			batches = []json.RawMessage{both.Home, both.Partner}
		}
		for _, raw := range batches {
			var batch struct{ Receipts []points.Receipt }
			if len(raw) == 0 || json.Unmarshal(raw, &batch) != nil {
				continue
			}
			for _, r := range batch.Receipts {
				if r.Programme == programme {
					all = append(all, r)
				}
			}
		}
	})
	return all
}

// transactions hands over the valid transactions that have an event of a batch.
func (m *market) transactions(f func(chaincode string, args [][]byte, event []byte)) {
	m.t.Helper()
	for n := range m.Height() {
		b, err := m.Block(n).Decode()
		if err != nil {
			m.t.Fatal(err)
		}
		for i := range b.Transactions {
			t := &b.Transactions[i]
			if t.Valid() && t.Event != nil && (t.Event.Name == wire.EventBatch || t.Event.Name == wire.EventExchange) {
				f(t.Chaincode, t.Args, t.Event.Payload)
			}
		}
	}
}

func (m *market) decode(raw []byte, v any) {
	m.t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		m.t.Fatal(err)
	}
}

// accounts are a programme's accounts as the ledger's state has them.
func (m *market) accounts(programme string) []points.Account {
	m.t.Helper()
	seen, all := map[points.AccountID]bool{}, []points.Account{}
	for _, r := range m.receipts(programme) {
		for _, id := range []points.AccountID{r.Account, r.To} {
			raw := m.State("points-"+programme, engine.AccountKey(id))
			if raw == nil || seen[id] {
				continue
			}
			seen[id] = true
			var a points.Account
			m.decode(raw, &a)
			all = append(all, a)
		}
	}
	return all
}

func (m *market) programme(name string) *points.Programme {
	m.t.Helper()
	p := new(points.Programme)
	m.decode(m.State("points-"+name, engine.ProgrammeKey()), p)
	return p
}

// lines are the private records of the pair's batches, by the pair's own state.
func (m *market) lines() []wire.PairLines {
	m.t.Helper()
	var all []wire.PairLines
	m.transactions(func(chaincode string, args [][]byte, event []byte) {
		if chaincode != "clearing" {
			return
		}
		var x wire.ExchangeEvent
		m.decode(event, &x)
		all = append(all, *m.pair.Lines(m.grocer, &x.Home))
	})
	return all
}

func pairOf(a, b string) clearing.Pair { return clearing.Pair{A: a, B: b} }

func containsAll(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

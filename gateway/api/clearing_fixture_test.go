package api

import (
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/clerk"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// exchangeHouse is a channel in memory on which the airline deals with the hotel, and gateways of its members.
type exchangeHouse struct {
	*ledgertest.Ledger
	t       *testing.T
	airline *ledgertest.Programme
	flyer   points.AccountID
	pair    *ledgertest.Pair
}

// newHouse lets airline and hotel owe each other 16,000 minor units either way, 1,000 in each lane.
func newHouse(t *testing.T) *exchangeHouse {
	t.Helper()
	l := ledgertest.New(t, "airline", "grocer", "hotel")
	l.Found()
	h := &exchangeHouse{Ledger: l, t: t, airline: l.Create(0), pair: l.Pair("airline", "hotel")}
	l.Create(1)
	l.Create(2)
	h.pair.Allocate([2]quantity.Minor{16_000, 16_000})
	h.pair.Agree(h.pair.Terms(1))
	flyer := h.airline.Open()
	h.flyer = flyer.Operation.Account
	h.airline.Batch(0, []ledgertest.Item{flyer})
	l.Cut()
	h.airline.Batch(0, []ledgertest.Item{h.airline.Earn(h.flyer, 50_000_000)})
	l.Cut()
	return h
}

// redeem commits redemptions of the airline's points at the hotel, and gives their receipts.
func (h *exchangeHouse) redeem(amounts ...quantity.Points) []points.Receipt {
	h.t.Helper()
	var items []ledgertest.Item
	for _, n := range amounts {
		items = append(items, h.airline.RedeemAt("hotel", h.flyer, n))
	}
	event, _ := h.pair.Exchange(h.airline, h.pair.B, 0, items)
	h.Cut()
	return event.Home.Receipts
}

// desk is a member's gateway with a server under test; it answers when it has seen the ledger's last block.
type desk struct {
	*bench
	house      *exchangeHouse
	projection *projection.Projection
}

var accounts = config.Bank{Accounts: []config.BankAccount{
	{Member: "airline", Name: "Airline Treasury", IBAN: "GB82WEST12345698765432"}, {Member: "hotel", Name: "Hotel Treasury", IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX"},
}}

func (h *exchangeHouse) desk(member string, change ...func(*Parts)) *desk {
	h.t.Helper()
	s, err := store.Open(h.t.Context(), filepath.Join(h.t.TempDir(), member+".db"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { s.Close() })
	p := projection.New(projection.Settings{
		Sources: []projection.Source{h.Peer(member)}, Store: s, Member: member, Regulator: member == "regulator", Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	}, func(projection.Outcome) {})
	go func() { _ = p.Run(h.t.Context()) }()
	o, g := h.Member(member), newGateway()
	parts := Parts{Member: member, Programme: member, Recorder: g, Hasher: g, Quoter: g, Clearing: Clearing{
		Reads: store.NewClearingReads(s.Reader()), Receipts: store.NewReads(s.Reader()), Gateway: h.As(o.Gateway), Treasurer: h.As(o.Treasurer), Operator: h.As(o.Operator),
		Bank: treasury.Bank{Accounts: &accounts}, Alarms: func() []clerk.Alarm {
			return []clerk.Alarm{{Kind: clerk.AlarmPosition, Currency: "GBP", Window: 1, Member: member, Text: "something", Since: 1}}
		},
	}}
	for _, f := range change {
		f(&parts)
	}
	return &desk{bench: newBenchOf(h.t, g, parts), house: h, projection: p}
}

func (d *desk) do(c call) *httptest.ResponseRecorder {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if seen, _ := d.projection.Height(); seen == d.house.Height() {
			return d.bench.do(c)
		}
		if time.Now().After(end) {
			d.t.Fatal(d.projection.Ready())
		}
	}
}

func (d *desk) read(path string, headers ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	return d.do(call{"GET", path, ScopeTreasuryRead, "", headers})
}

func (d *desk) write(path, body string) *httptest.ResponseRecorder {
	d.t.Helper()
	return d.do(call{"POST", path, ScopeTreasuryWrite, body, nil})
}

func (d *desk) decide(path, body string) *httptest.ResponseRecorder {
	d.t.Helper()
	return d.do(call{"POST", path, ScopeGovernance, body, nil})
}

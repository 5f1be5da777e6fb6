package audit

import (
	"maps"
	"slices"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// market is a ledger of three brands of which two, the airline and the hotel, trade with each other; each has an account with a thousand points.
type market struct {
	*ledgertest.Ledger
	pair         *ledgertest.Trade
	airline      *ledgertest.Programme
	hotel        *ledgertest.Programme
	flyer, guest points.AccountID
}

func trade(t *testing.T) *market { return tradeAmong(t, "airline", "grocer", "hotel") }

func tradeAmong(t *testing.T, brands ...string) *market {
	t.Helper()
	m := &market{Ledger: ledgertest.New(t, brands...)}
	m.Found()
	m.airline, m.hotel = m.Create(0), m.Create(2)
	m.OpenClearing()
	m.pair = m.Trade(m.airline, m.hotel, 100_000)
	for _, p := range []*ledgertest.Programme{m.airline, m.hotel} {
		open := p.Open()
		p.Batch(0, []ledgertest.Item{open})
		m.Cut()
		p.Batch(0, []ledgertest.Item{p.Earn(open.Operation.Account, 100_000)})
		m.Cut()
		if p == m.airline {
			m.flyer = open.Operation.Account
		} else {
			m.guest = open.Operation.Account
		}
	}
	return m
}

// saved are the blocks as a node sees them that holds these collections' data.
func (m *market) saved(t *testing.T, hidden ...string) blocks.Archive {
	t.Helper()
	a := blocks.Archive{Dir: t.TempDir()}
	for n := range m.Height() {
		d := m.Block(n)
		d.Private = maps.Clone(d.Private)
		for i, set := range d.Private {
			d.Private[i] = without(set, hidden)
		}
		if err := a.Save(d); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// swapAndFold has everything cross-brand operations do: a redemption at the partner, a swap, an award, a hold, its capture, returns and a fold.
func (m *market) everything(t *testing.T) {
	t.Helper()
	a, h := m.airline, m.hotel
	held := a.With(h, a.Hold(m.flyer, 50, 600))
	event, _ := m.pair.Exchange(m.airline, m.airline, 0, []ledgertest.Item{
		a.With(h, a.Redeem(m.flyer, 101)), a.Swap(h, m.flyer, m.guest, 201), held, a.With(h, a.Redeem(m.flyer, 1_000_000)),
	})
	m.Cut()
	awarded, _ := m.pair.Exchange(m.hotel, m.airline, 1, []ledgertest.Item{a.Award(h, m.flyer, 33)})
	back, _ := m.pair.Exchange(m.hotel, m.hotel, 0, []ledgertest.Item{h.Swap(a, m.guest, m.flyer, 17)})
	m.Cut()
	m.pair.Exchange(m.airline, m.airline, 2, []ledgertest.Item{a.With(h, a.Capture(held, 20)), a.TakeBack(h, &event.Home, 0)})
	m.Cut()
	h.Batch(0, []ledgertest.Item{h.Fold(event.Partner, m.guest)})
	a.Batch(0, []ledgertest.Item{a.Fold(&awarded.Home, m.flyer), a.Fold(back.Partner, m.flyer)})
	m.Cut()
	m.pair.Exchange(m.hotel, m.hotel, 1, []ledgertest.Item{h.TakeBack(a, event.Partner, 0)})
	m.pair.Exchange(m.airline, m.airline, 3, nil)
	m.Cut()
	m.pair.Move(m.pair.Lane(m.airline, m.airline, 0), m.pair.Lane(m.hotel, m.airline, 0), clearing.AOwesB, 1_000_000)
	for i, want := range []string{"OK", "OK", "OK", "INSUFFICIENT_POINTS"} {
		if got := string(event.Home.Receipts[i].Code); got != want {
			t.Fatalf("operation %d is answered with %s", i, got)
		}
	}
	for _, e := range []*wire.BatchEvent{&awarded.Home, &back.Home} {
		if e.Receipts[0].Outcome != points.Accepted {
			t.Fatalf("refused: %+v", e.Receipts[0])
		}
	}
}

func TestCrossBrandOperationsAreReplayedInFullWhereThePairsDataIsHeld(t *testing.T) {
	m := trade(t)
	m.everything(t)
	s := audit(t, m.saved(t), Options{})
	if s.Verdict != VerdictPassed {
		t.Fatalf("%v", s.Finding)
	}
}

func TestCrossBrandOperationsAreReplayedPubliclyElsewhere(t *testing.T) {
	m := trade(t)
	m.everything(t)
	s := audit(t, m.saved(t, m.pair.Collection()), Options{})
	if s.Verdict != VerdictPassed {
		t.Fatalf("%v", s.Finding)
	}
}

// without leaves collections out of a transaction's private data; nil when nothing is left.
func without(set *rwset.TxPvtReadWriteSet, hidden []string) *rwset.TxPvtReadWriteSet {
	if set == nil {
		return nil
	}
	out := &rwset.TxPvtReadWriteSet{DataModel: set.DataModel}
	for _, n := range set.NsPvtRwset {
		kept := &rwset.NsPvtReadWriteSet{Namespace: n.Namespace}
		for _, c := range n.CollectionPvtRwset {
			if !slices.Contains(hidden, c.CollectionName) {
				kept.CollectionPvtRwset = append(kept.CollectionPvtRwset, c)
			}
		}
		if len(kept.CollectionPvtRwset) > 0 {
			out.NsPvtRwset = append(out.NsPvtRwset, kept)
		}
	}
	return out
}

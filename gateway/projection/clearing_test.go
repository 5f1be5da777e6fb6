package projection

import (
	"context"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/store"
)

// market is a ledger on which the airline deals with the hotel and the grocer.
type market struct {
	*ledgertest.Ledger
	t                 *testing.T
	airline, hotel    *ledgertest.Programme
	flyer, guest      points.AccountID
	hotels, groceries *ledgertest.Pair
}

// newMarket lets airline and hotel owe each other 3,200 minor units either way: 200 in each of their 16 lanes.
func newMarket(t *testing.T) *market {
	t.Helper()
	l := ledgertest.New(t, "airline", "grocer", "hotel")
	l.Found()
	m := &market{Ledger: l, t: t, airline: l.Create(0), hotel: l.Create(2), hotels: l.Pair("airline", "hotel"), groceries: l.Pair("airline", "grocer")}
	l.Create(1)
	for _, p := range []*ledgertest.Pair{m.hotels, m.groceries} {
		p.Allocate([2]quantity.Minor{3200, 3200})
		p.Agree(p.Terms(1))
	}
	flyer, guest := m.airline.Open(), m.hotel.Open()
	m.flyer, m.guest = flyer.Operation.Account, guest.Operation.Account
	m.airline.Batch(0, []ledgertest.Item{flyer})
	m.hotel.Batch(0, []ledgertest.Item{guest})
	l.Cut()
	m.airline.Batch(0, []ledgertest.Item{m.airline.Earn(m.flyer, 5_000_000)})
	l.Cut()
	return m
}

// exchange commits a batch on the airline's accounts with the hotel.
func (m *market) exchange(submitter *ledgertest.Organisation, k int, items ...ledgertest.Item) {
	m.t.Helper()
	event, _ := m.hotels.Exchange(m.airline, submitter, k, items)
	m.Cut()
	for _, r := range event.Home.Receipts {
		if r.Code != fault.OK && r.Code != fault.Limit {
			m.t.Fatalf("%s is refused: %s", r.Kind, r.Code)
		}
	}
}

func (m *market) redeem(n quantity.Points) ledgertest.Item {
	return m.airline.RedeemAt("hotel", m.flyer, n)
}

// season trades in two windows, settles the first and disputes nothing.
func (m *market) season() {
	m.t.Helper()
	held := m.airline.HoldAt("hotel", m.flyer, 30, 600)
	m.exchange(m.hotels.B, 0, m.redeem(20), held, m.airline.AwardBy("hotel", m.flyer, 5), m.airline.Swap("hotel", m.flyer, m.guest, 40), m.redeem(5_000))
	m.exchange(m.hotels.B, 0, m.airline.CaptureAt(held, 30))
	m.exchange(m.hotels.A, 1, m.redeem(7))
	event, _ := m.groceries.Exchange(m.airline, m.groceries.B, 0, []ledgertest.Item{m.airline.RedeemAt("grocer", m.flyer, 9)})
	m.Cut()
	if event.Home.Receipts[0].Code != fault.OK {
		m.t.Fatal(event.Home.Receipts[0].Code)
	}
	window := m.Roll()
	m.exchange(m.hotels.A, 1, m.redeem(11))
	m.hotels.Disclose(window)
	m.groceries.Disclose(window)
	m.Net(window)
	m.Sign(window)
	m.Pay(window)
}

// follow projects a member's peer into a database of its own.
func (m *market) follow(member string) (*store.Store, *store.ClearingReads) {
	m.t.Helper()
	s := open(m.t, filepath.Join(m.t.TempDir(), member+".db"))
	r := startAs(m.t, s, m.Peer(member), Settings{Member: member, Regulator: member == "regulator"})
	r.waitCaughtUp(m.t)
	r.stop(m.t)
	return s, store.NewClearingReads(s.Reader())
}

func TestTheDatabaseHasClearingsRecordsAsTheLedgerHasThem(t *testing.T) {
	m := newMarket(t)
	m.season()
	s, reads := m.follow("airline")
	rows, err := s.Reader().Query(`SELECT collection, object, id, body FROM clearing_records`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	objects := map[string]int{}
	for rows.Next() {
		var collection, object, id string
		var body []byte
		if err := rows.Scan(&collection, &object, &id, &body); err != nil {
			t.Fatal(err)
		}
		objects[object]++
		if want := m.record(collection, object, id); string(want) != string(body) {
			t.Errorf("%s %s %s: %s, the ledger has %s", collection, object, id, body, want)
		}
	}
	for _, object := range []string{
		engine.ObjectConsortium, engine.ObjectWindow, engine.ObjectCap, engine.ObjectAllocation, engine.ObjectVote, engine.ObjectPairBook, engine.ObjectPairNets, engine.ObjectNetting,
		engine.ObjectPosition, engine.ObjectLeg, engine.ObjectStanding, engine.ObjectPair, engine.ObjectAgreement, engine.ObjectProposed, engine.ObjectPairLane, engine.ObjectTally,
		engine.ObjectGross, engine.ObjectReserve,
	} {
		if objects[object] == 0 {
			t.Errorf("there is no %s", object)
		}
	}
	if objects[engine.ObjectLines] != 0 {
		t.Error("customers' details of both brands are kept")
	}
	if gaps, err := reads.Gaps(t.Context()); err != nil || len(gaps) != 0 {
		t.Errorf("gaps %v, %v", gaps, err)
	}
}

// record is what the ledger has under a record's key.
func (m *market) record(collection, object, id string) []byte {
	var attributes []string
	if id != "" {
		attributes = strings.Split(id, "/")
	}
	key := engine.Key(object, attributes...)
	if collection == "" {
		return m.State(engine.ClearingChaincode, key)
	}
	return m.Private(engine.ClearingChaincode, collection, key)
}

func TestObligationsOfAWindowAddUpToItsTalliesAndItsDisclosedNet(t *testing.T) {
	m := newMarket(t)
	m.season()
	_, reads := m.follow("airline")
	sums, err := reads.Sums(t.Context(), "GBP", 1, 2)
	if err != nil || len(sums) != 3 {
		t.Fatalf("%+v, %v", sums, err)
	}
	for _, sum := range sums {
		tallies, err := store.All[clearing.Tally](t.Context(), reads, store.ClearingList{Collection: clearing.PairCollection(sum.A, sum.B), Object: engine.ObjectTally, Prefix: store.WindowID("GBP", sum.Window)})
		if err != nil {
			t.Fatal(err)
		}
		net, err := clearing.Sum(tallies)
		if err != nil || net != sum.Net() {
			t.Errorf("%s-%s, window %d: obligations make %d, tallies %d (%v)", sum.A, sum.B, sum.Window, sum.Net(), net, err)
		}
	}
	// 20 and 7 redeemed at 1, 30 captured at 1, 40 swapped at 1; 5 awarded at 2.
	if first := sums[1]; first.B != "hotel" || first.Owed != [2]quantity.Micro{97_000_000, 10_000_000} || first.Count != 5 {
		t.Errorf("%+v", first)
	}
}

func TestAPairsDataIsProjectedFromMembersPeersOnly(t *testing.T) {
	m := newMarket(t)
	m.season()
	for member, want := range map[string][]string{
		"airline": {"pair-airline-grocer", "pair-airline-hotel"}, "hotel": {"pair-airline-hotel"}, "grocer": {"pair-airline-grocer"},
		"regulator": {"pair-airline-grocer", "pair-airline-hotel"},
	} {
		s, reads := m.follow(member)
		got, err := reads.Collections(t.Context())
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s has data of %v (%v)", member, got, err)
		}
		var strange int
		if err := s.Reader().QueryRow(`SELECT COUNT(*) FROM obligations WHERE 'pair-' || a || '-' || b NOT IN (?, ?)`, want[0], want[len(want)-1]).Scan(&strange); err != nil || strange != 0 {
			t.Errorf("%s has %d obligations of other pairs (%v)", member, strange, err)
		}
		if gaps, err := reads.Gaps(t.Context()); err != nil || len(gaps) != 0 {
			t.Errorf("%s misses %v (%v)", member, gaps, err)
		}
		var legs []clearing.Leg
		if legs, err = store.All[clearing.Leg](t.Context(), reads, store.ClearingList{Object: engine.ObjectLeg}); err != nil || len(legs) == 0 {
			t.Errorf("%s has no legs (%v)", member, err)
		}
	}
}

func TestClearingIsTheSameHoweverManyBlocksShareAWrite(t *testing.T) {
	m := newMarket(t)
	m.season()
	whole := open(t, filepath.Join(t.TempDir(), "w.db"))
	project(t, whole, m.Ledger, 0, m.Height())
	single := open(t, filepath.Join(t.TempDir(), "s.db"))
	for n := range m.Height() {
		project(t, single, m.Ledger, n, n+1)
		project(t, single, m.Ledger, n/2, n+1)
	}
	if got, want := dump(t, single), dump(t, whole); got != want {
		t.Errorf("one by one:\n%s\nall at once:\n%s", got, want)
	}
}

// kinds are the events of some kinds, in order.
func kinds(t *testing.T, reads *store.ClearingReads, wanted ...store.EventKind) (found []store.ClearingEvent) {
	t.Helper()
	var after *store.EventPlace
	for {
		page, err := reads.Events(t.Context(), after, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			if slices.Contains(wanted, e.Kind) {
				found = append(found, e)
			}
			after = &store.EventPlace{Block: int64(e.Block), N: e.N}
		}
		if len(page) < 7 {
			return found
		}
	}
}

func TestATreasuryIsWarnedWhenLittleIsLeftOfAnAllocationAndToldWhenThereIsMore(t *testing.T) {
	m := newMarket(t)
	submitters := []*ledgertest.Organisation{m.hotels.A, m.hotels.B}
	for i := range 8 { // 8 lanes may owe 200 each: half of the allocation.
		m.exchange(submitters[i%2], i/2, m.redeem(200))
	}
	_, reads := m.follow("hotel")
	if got := kinds(t, reads, store.EventLimitWarning, store.EventLimitCritical); len(got) != 0 {
		t.Errorf("warned at half: %+v", got)
	}
	lower := func(amount quantity.Minor) {
		m.Decide(clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: "airline", Creditor: "hotel", Currency: "GBP", Amount: amount}})
	}
	lower(2_000)
	lower(1_999)
	lower(1_684)
	lower(2_001)
	_, reads = m.follow("hotel")
	got := kinds(t, reads, store.EventLimitWarning, store.EventLimitCritical, store.EventLimitEased)
	want := []store.EventKind{store.EventLimitWarning, store.EventLimitCritical, store.EventLimitEased}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, e := range got {
		if e.Kind != want[i] || e.Debtor != "airline" || e.Creditor != "hotel" || e.Currency != "GBP" {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	if got[0].Percent != 80 || got[1].Percent != 95 || got[2].Percent != 79 {
		t.Errorf("%d, %d, %d percent", got[0].Percent, got[1].Percent, got[2].Percent)
	}
}

func TestTheMembersOfAPairLearnWhichLimitRefusedAnOperation(t *testing.T) {
	m := newMarket(t)
	slice, offer, allocation := m.redeem(201), m.airline.AwardBy("hotel", m.flyer, 10_001), m.redeem(3_201)
	m.exchange(m.hotels.B, 0, m.redeem(150), slice, offer, allocation, m.redeem(50))
	for _, member := range []string{"airline", "hotel", "regulator"} {
		_, reads := m.follow(member)
		for id, want := range map[points.OperationID]store.LimitRefusal{
			slice.Operation.ID:      {Limit: store.LimitSlice, Debtor: "airline", Needed: 201_000_000},
			allocation.Operation.ID: {Limit: store.LimitAllocation, Debtor: "airline", Needed: 3_201_000_000},
			offer.Operation.ID:      {Limit: store.LimitAllocation, Debtor: "hotel", Needed: 20_002_000_000},
		} {
			got, err := reads.Refusal(t.Context(), id)
			if err != nil || got.Limit != want.Limit || got.Debtor != want.Debtor || got.Needed != want.Needed || got.Slice != 200_000_000 {
				t.Errorf("%s: %+v, %v", member, got, err)
			}
		}
		if got := kinds(t, reads, store.EventLimitRefused); len(got) != 3 {
			t.Errorf("%s: %+v", member, got)
		}
	}
	_, reads := m.follow("grocer")
	if got, err := reads.Refusal(t.Context(), slice.Operation.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a third brand learns %+v (%v)", got, err)
	}
}

func TestAStatementCountsWhatWaitsForAccounts(t *testing.T) {
	m := newMarket(t)
	m.season()
	s, _ := m.follow("airline")
	for programme, waiting := range map[string]quantity.Points{"airline": 5, "hotel": 40} {
		reads := store.NewReads(s.Reader())
		totals, err := reads.Totals(t.Context(), programme)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := totals.Waiting(); err != nil || got != waiting {
			t.Fatalf("%d points wait in %s, want %d: %v", got, programme, waiting, err)
		}
		b, value, err := reads.StatementBook(t.Context(), programme, 0)
		if err != nil {
			t.Fatal(err)
		}
		st, err := statement.Of(b, value)
		if err != nil {
			t.Fatalf("%s: %v", programme, err)
		}
		if supply, err := totals.Supply(); err != nil || st.Closing.Outstanding != supply {
			t.Errorf("%s states %d outstanding, the lanes have %d: %v", programme, st.Closing.Outstanding, supply, err)
		}
	}
}

// slowPeer delivers no data of a pair for some transactions until it has caught up.
type slowPeer struct {
	Source
	holding atomic.Bool
}

func (p *slowPeer) Blocks(ctx context.Context, from, last uint64, content blocks.Content) iter.Seq2[blocks.Delivered, error] {
	return func(yield func(blocks.Delivered, error) bool) {
		for d, err := range p.Source.Blocks(ctx, from, last, content) {
			if p.holding.Load() && d.Block != nil && d.Block.Header.Number%2 == 0 {
				d.Private = nil
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

func TestDataThatThePeerGetsLaterFillsItsGap(t *testing.T) {
	m := newMarket(t)
	m.season()
	peer := &slowPeer{Source: m.Peer("hotel")}
	peer.holding.Store(true)
	late := open(t, filepath.Join(t.TempDir(), "late.db"))
	r := startAs(t, late, peer, Settings{Member: "hotel"})
	r.waitCaughtUp(t)
	reads := store.NewClearingReads(late.Reader())
	gaps, err := reads.Gaps(t.Context())
	if err != nil || len(gaps) < 3 {
		t.Fatalf("%+v, %v", gaps, err)
	}
	if err := r.mend(t.Context(), peer); err != nil {
		t.Fatal(err)
	}
	if still, err := reads.Gaps(t.Context()); err != nil || len(still) != len(gaps) {
		t.Errorf("%d of %d gaps are there while the peer has nothing (%v)", len(still), len(gaps), err)
	}
	peer.holding.Store(false)
	if err := r.mend(t.Context(), peer); err != nil {
		t.Fatal(err)
	}
	if still, err := reads.Gaps(t.Context()); err != nil || len(still) != 0 {
		t.Errorf("%+v, %v", still, err)
	}
	m.exchange(m.hotels.A, 1, m.redeem(3))
	for seen, _ := r.Height(); seen < m.Height(); seen, _ = r.Height() {
		time.Sleep(time.Millisecond)
	}
	r.stop(t)
	if p := r.exposures.pairs["pair-airline-hotel"]; p.taken[clearing.AOwesB].used != 111_000_000 {
		t.Errorf("after mending the pair is taken to owe %+v", p.taken)
	}
	whole, _ := m.follow("hotel")
	for _, table := range []string{
		`SELECT collection, object, id, block, tx, body FROM clearing_records ORDER BY 1, 2, 3`, `SELECT home, msp, lane, seq, salt, block, tx FROM exchanges ORDER BY 1, 2, 3, 4`,
		`SELECT operation, idx, a_owes, b_owes, block, tx FROM obligations ORDER BY 1`,
	} {
		if got, want := dumpOf(t, late, table), dumpOf(t, whole, table); got != want {
			t.Errorf("%s:\n%s\nwithout a gap:\n%s", table, got, want)
		}
	}
}

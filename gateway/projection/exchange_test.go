package projection

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/store"
)

// own follows the ledger as a brand's own gateway.
func (m *market) own(programme, msp string) (*store.Store, *runner) {
	m.t.Helper()
	s := open(m.t, filepath.Join(m.t.TempDir(), "own.db"))
	r := start(m.t, s, m.Peer(programme), programme, msp)
	r.waitCaughtUp(m.t)
	return s, r
}

func TestACrossBrandBatchIsTwoBatchesWithAnOutcomeEach(t *testing.T) {
	m := newMarket(t)
	swap := m.airline.Swap("hotel", m.flyer, m.guest, 40)
	event, tx := m.hotels.Exchange(m.airline, m.hotels.A, 0, []ledgertest.Item{m.redeem(20), swap})
	m.Cut()
	s, r := m.own("airline", "AirlineMSP")
	var halves []Outcome
	for _, o := range r.waitOutcomes(t, 4) {
		if o.TxID == tx {
			halves = append(halves, o)
		}
	}
	if len(halves) != 2 || halves[0].Programme != "airline" || halves[1].Programme != "hotel" || len(halves[0].Receipts) != 2 || len(halves[1].Receipts) != 1 {
		t.Fatalf("the outcomes are %+v", halves)
	}
	for _, o := range halves {
		if !o.Valid() || o.MSP != "AirlineMSP" || o.Lane != event.Home.Lane || o.Seq != 1 {
			t.Errorf("%+v", o)
		}
	}
	reads := store.NewReads(s.Reader())
	there, err := reads.ReceiptIn(t.Context(), "hotel", swap.Operation.ID)
	if err != nil || there.Receipt.Kind != points.KindDeposit || there.Batch.Root != event.Partner.Root || there.Tx != tx {
		t.Errorf("%+v, %v", there, err)
	}
	for name, c := range map[string]store.Committed{"home": must(reads.Receipt(t.Context(), swap.Operation.ID)), "partner": there} {
		leaves, err := wire.Leaves(c.Batch.Receipts)
		if err != nil {
			t.Fatal(err)
		}
		if root, err := wire.Root(leaves); err != nil || root != c.Batch.Root {
			t.Errorf("the batch at %s has root %s, its receipts %s", name, c.Batch.Root, root)
		}
	}
	for account, kind := range map[points.AccountID]points.Kind{m.flyer: points.KindSwap, m.guest: points.KindDeposit} {
		entries, _, err := reads.History(t.Context(), account, nil, 10)
		if err != nil || len(entries) == 0 || entries[0].Receipt.Kind != kind || entries[0].Receipt.Account != account {
			t.Errorf("the newest entry of the %s's account is %+v (%v)", kind, entries[0].Receipt, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAnInvalidCrossBrandBatchOfOnesOwnIsTold(t *testing.T) {
	m := newMarket(t)
	code := peer.TxValidationCode_MVCC_READ_CONFLICT
	_, own := m.hotels.Exchange(m.airline, m.hotels.A, 0, []ledgertest.Item{m.redeem(20)}, ledgertest.WithCode(code))
	_, foreign := m.hotels.Exchange(m.airline, m.hotels.B, 0, []ledgertest.Item{m.redeem(20)}, ledgertest.WithCode(code))
	m.Cut()
	s, r := m.own("airline", "AirlineMSP")
	told := map[string]Outcome{}
	for _, o := range r.waitOutcomes(t, 3) {
		told[o.TxID] = o
	}
	if o := told[own]; o.Valid() || o.Programme != "airline" || o.Code != code || o.Lane < clearing.CrossLaneFirst || o.Seq != 1 {
		t.Errorf("%+v", o)
	}
	if o, is := told[foreign]; is {
		t.Errorf("another submitter's is told: %+v", o)
	}
	if left := must(store.NewReads(s.Reader()).Lapsed(t.Context(), "airline", "hotel", 1<<40, 10)); len(left) != 0 {
		t.Errorf("%+v", left)
	}
}

func TestTheOutboxIsRebuiltFromThePairsDataAlsoForAnotherProgramme(t *testing.T) {
	m := newMarket(t)
	award, swap := m.airline.AwardBy("hotel", m.flyer, 5), m.airline.Swap("hotel", m.flyer, m.guest, 40)
	m.hotels.Exchange(m.airline, m.hotels.B, 0, []ledgertest.Item{award})
	m.hotels.Exchange(m.airline, m.hotels.A, 0, []ledgertest.Item{swap})
	m.Cut()
	for _, c := range []struct {
		member, msp string
		own, others ledgertest.Item
	}{{"hotel", "HotelMSP", award, swap}, {"airline", "AirlineMSP", swap, award}} {
		s, _ := m.own(c.member, c.msp)
		o, err := s.Operation(t.Context(), c.own.Operation.ID)
		if err != nil || o.Programme != "airline" || o.Partner != "hotel" || o.Status != store.Done || o.Code != fault.OK || o.Natural != c.own.Details.Natural ||
			o.Idempotency != c.own.Details.Idempotency || o.Lane < clearing.CrossLaneFirst {
			t.Errorf("%s has %+v (%v)", c.member, o, err)
		}
		if o, err := s.Operation(t.Context(), c.others.Operation.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s has an operation of the other's gateway: %+v (%v)", c.member, o, err)
		}
		if d, err := store.NewReads(s.Reader()).Disclosed(t.Context(), c.own.Operation.ID); err != nil || d.Details.Idempotency != c.own.Details.Idempotency {
			t.Errorf("%s can't disclose its own: %v", c.member, err)
		}
	}
}

func TestCreditsWaitUntilTheyAreFolded(t *testing.T) {
	m := newMarket(t)
	event, _ := m.hotels.Exchange(m.airline, m.hotels.B, 0, []ledgertest.Item{m.airline.AwardBy("hotel", m.flyer, 5), m.redeem(1), m.airline.AwardBy("hotel", m.flyer, 6)})
	m.Cut()
	s, _ := m.own("airline", "AirlineMSP")
	reads := store.NewReads(s.Reader())
	waiting := must(reads.Waiting(t.Context(), "airline", 10))
	place := points.InboxPlace{MSP: "HotelMSP", Lane: event.Home.Lane, Seq: 1, N: 2}
	if len(waiting) != 2 || waiting[1].Place != place || waiting[1].Entry.Operation != event.Home.Receipts[2].Operation || waiting[1].Entry.Partner != "hotel" {
		t.Fatalf("%+v", waiting)
	}
	before := must(reads.Account(t.Context(), m.flyer))
	if before.Waiting != 11 {
		t.Errorf("%d points wait, want 11", before.Waiting)
	}
	m.airline.Batch(0, []ledgertest.Item{m.airline.Fold(m.flyer, place)})
	m.Cut()
	s, _ = m.own("airline", "AirlineMSP")
	reads = store.NewReads(s.Reader())
	after := must(reads.Account(t.Context(), m.flyer))
	if after.Waiting != 5 || after.Account.Posted != before.Account.Posted+6 || len(must(reads.Waiting(t.Context(), "airline", 10))) != 1 {
		t.Errorf("after a fold of 6 points %d wait and %d are posted, %d before", after.Waiting, after.Account.Posted, before.Account.Posted)
	}
}

func TestReservationsFollowWhatReceiptsTellOfHoldsAtPartners(t *testing.T) {
	m := newMarket(t)
	used, voided, lapsed, partly, asked := m.hold(600), m.hold(600), m.hold(60), m.hold(600), m.hold(600)
	allowance := m.hold(600)
	allowance.Operation.Purpose = points.PurposeAllowance
	m.airline.Resign(&allowance, 30)
	m.exchange(m.hotels.B, 0, used, voided, lapsed, partly, asked, allowance)
	m.exchange(m.hotels.B, 0, m.airline.CaptureAt(used, 10), m.airline.CaptureAt(partly, 10), m.airline.VoidAt(voided), m.airline.CaptureAt(allowance, 1))
	m.exchange(m.hotels.B, 0, m.airline.CaptureAt(used, 20))
	m.airline.Now += 100
	m.tryExchange(m.airline.VoidAt(lapsed), m.airline.VoidAt(ledgertest.Item{Operation: points.Operation{ID: asked.Operation.ID, Account: m.flyer, Partner: "hotel"}}))
	s, _ := m.own("airline", "AirlineMSP")
	left := map[points.OperationID]store.Reservation{}
	for _, r := range must(store.NewReads(s.Reader()).Lapsed(t.Context(), "airline", "hotel", 1<<40, 10)) {
		left[r.Hold] = r
	}
	want := store.Reservation{Hold: partly.Operation.ID, Account: m.flyer, Partner: "hotel", Points: 20, Until: partly.Operation.Until}
	if len(left) != 1 || left[partly.Operation.ID] != want {
		t.Errorf("left are %+v, want %+v", left, want)
	}
	for id := range left {
		if m.Private(engine.ClearingChaincode, m.hotels.Collection(), engine.ReserveKey(id)) == nil {
			t.Errorf("nothing is reserved for %s", id)
		}
	}
	if again := must(store.NewReads(s.Reader()).Lapsed(t.Context(), "airline", "hotel", partly.Operation.Until-1, 10)); len(again) != 0 {
		t.Errorf("before its time is over: %+v", again)
	}
}

func (m *market) hold(seconds int64) ledgertest.Item {
	return m.airline.HoldAt("hotel", m.flyer, 30, seconds)
}

// tryExchange is exchange for operations that may be refused.
func (m *market) tryExchange(items ...ledgertest.Item) {
	m.t.Helper()
	m.hotels.Exchange(m.airline, m.hotels.B, 0, items)
	m.Cut()
}

func TestPartnersOffersAndOptOutsAreRecords(t *testing.T) {
	m := newMarket(t)
	m.airline.Batch(0, []ledgertest.Item{m.airline.OptOut("hotel", m.flyer)})
	m.Cut()
	s, _ := m.own("airline", "AirlineMSP")
	reads := store.NewReads(s.Reader())
	for _, c := range []struct{ programme, object, id, key string }{
		{"airline", engine.ObjectPartner, "hotel", engine.PartnerKey("hotel")}, {"hotel", engine.ObjectOffer, "airline/0001", engine.OfferKey("airline", 1)},
		{"airline", engine.ObjectOptOut, string(m.flyer), engine.OptOutKey(m.flyer)},
	} {
		body, err := reads.Record(t.Context(), c.programme, c.object, c.id)
		if err != nil || !slices.Equal(body, m.State(engine.PointsPrefix+c.programme, c.key)) {
			t.Errorf("%s %s of %s is %s (%v)", c.object, c.id, c.programme, body, err)
		}
	}
}

func TestCrossBrandBatchesAreProjectedAlikeHoweverManyBlocksShareAWrite(t *testing.T) {
	m := newMarket(t)
	m.season()
	var dumps []string
	for _, size := range []uint64{1, 7, m.Height()} {
		s := open(t, filepath.Join(t.TempDir(), "g.db"))
		for from := uint64(0); from < m.Height(); from += size {
			project(t, s, m.Ledger, from, min(from+size, m.Height()))
		}
		dumps = append(dumps, dump(t, s))
	}
	if dumps[0] != dumps[1] || dumps[0] != dumps[2] {
		t.Error("the tables differ")
	}
}

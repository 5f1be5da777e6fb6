package reports_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
	"github.com/tallystick/tallystick/gateway/reports"
	"github.com/tallystick/tallystick/gateway/store"
)

// Size of the read model that reports are timed on.
const (
	benchAccounts    = 500_000
	benchReceipts    = 4 * benchAccounts // Of each account: two awards, a redemption, and its return in part, an adjustment or another award.
	benchAdjustments = 5_000
	benchObligations = 300_000
	benchConsents    = 200_000
	benchBatch       = 500
	benchChunk       = 2_500 // Accounts of one block.
	benchDays        = 365
)

// BenchmarkReports times every report of the ledger on a read model of half a million accounts and two million receipts, as make bench-reports does. naive-cpu-ms is
// what the same figures take
// from a full scan of what the ledger has, once, in the same process and on the same database; x is how many times as much that is.
// TALLY_REPORTS_DB keeps the database under a name for the next run.
func BenchmarkReports(b *testing.B) {
	m := benchModel(b)
	all := reports.Period{From: 0, To: quantity.LastDay}
	for _, c := range []struct {
		name  reports.Name
		naive func(*naive, context.Context) error
	}{
		{reports.NameSupply, (*naive).supply},
		{reports.NameConcentration, (*naive).concentration},
		{reports.NameFlows, (*naive).flows},
		{reports.NameConsents, (*naive).consents},
		{reports.NameAdjustments, (*naive).adjustments},
		{reports.NameLimitedNetwork, (*naive).volume},
	} {
		b.Run(string(c.name), func(b *testing.B) {
			before := cpuTime(b)
			if err := c.naive(&naive{m}, b.Context()); err != nil {
				b.Fatal(err)
			}
			full := cpuTime(b) - before
			before = cpuTime(b)
			for b.Loop() {
				if _, err := reports.Make(b.Context(), c.name, &reports.Sources{Reader: store.NewReads(m.Reader())}, all); err != nil {
					b.Fatal(err)
				}
			}
			each := max((cpuTime(b)-before)/time.Duration(b.N), time.Microsecond)
			b.ReportMetric(float64(each.Microseconds())/1000, "cpu-ms")
			b.ReportMetric(float64(full.Milliseconds()), "naive-cpu-ms")
			b.ReportMetric(float64(full)/float64(each), "x")
		})
	}
}

// cpuTime is what this process has used of the processors: what counts on a machine that others use too.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchModel opens the read model, and makes it unless it is kept from before.
func benchModel(b *testing.B) *store.Store {
	b.Helper()
	path := os.Getenv("TALLY_REPORTS_DB")
	if path == "" {
		path = filepath.Join(b.TempDir(), "g.db")
	}
	s, err := store.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	if _, found, err := s.Checkpoint(b.Context()); err != nil || found {
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	begun := time.Now()
	w := &writer{b: b, store: s, random: rand.New(rand.NewPCG(1, 2))}
	w.everything()
	b.Logf("%d accounts and %d receipts were projected in %s", benchAccounts, benchReceipts, time.Since(begun).Round(time.Second))
	return s
}

// writer projects made-up blocks, which agree with themselves as the chaincode's do.
type writer struct {
	b       *testing.B
	store   *store.Store
	random  *rand.Rand
	block   uint64
	seq     int64
	totals  points.Totals
	changes store.Changes
	batch   []points.Receipt
}

const benchStart quantity.Day = 20_000

func (w *writer) encode(v any) []byte {
	raw, err := wire.Encode(v)
	if err != nil {
		w.b.Fatal(err)
	}
	return raw
}

func (w *writer) next() {
	w.changes = store.Changes{Accounts: map[store.AccountRef]store.AccountRow{}, Records: map[store.RecordRef][]byte{}, Lanes: map[store.LaneRef][]byte{}, Programmes: map[string][]byte{}}
}

func (w *writer) cut() {
	w.flush()
	w.changes.Lanes[store.LaneRef{Programme: "airline", MSP: "AirlineMSP"}] = w.encode(points.Lane{Totals: w.totals})
	w.changes.Checkpoint = store.Checkpoint{Block: w.block, Hash: strings.Repeat("a", 64), Time: int64(benchStart+benchDays) * 86400}
	if err := w.store.Project(w.b.Context(), w.changes); err != nil {
		w.b.Fatal(err)
	}
	w.block++
	w.next()
}

// flush makes a batch of the receipts so far.
func (w *writer) flush() {
	if len(w.batch) == 0 {
		return
	}
	row := store.BatchRow{Programme: "airline", MSP: "AirlineMSP", Seq: w.seq, Root: "r", Block: w.block, Tx: fmt.Sprint(w.seq), TxTime: 1}
	for i := range w.batch {
		body := []byte(nil)
		if w.batch[i].Kind == points.KindAdjust {
			body = w.encode(&w.batch[i])
		}
		row.Receipts = append(row.Receipts, store.ReceiptRow{Receipt: w.batch[i], Body: body})
	}
	row.Event = w.encode(wire.BatchEvent{V: 1, MSP: "AirlineMSP", Seq: w.seq, Root: "r", Receipts: w.batch})
	w.changes.Batches = append(w.changes.Batches, row)
	w.seq++
	w.batch = nil
}

func (w *writer) book(r points.Receipt) {
	if w.batch = append(w.batch, r); len(w.batch) == benchBatch {
		w.flush()
	}
}

func (w *writer) everything() {
	w.next()
	p := points.Programme{Brand: "airline", Currency: "EUR", BusinessDate: benchStart + benchDays, Genesis: strings.Repeat("9", 64)}
	p.Terms = []terms.Terms{{Version: 1, Value: quantity.Ratio{Num: 1, Den: 2}, Expiry: lots.Expiry{Kind: lots.Rolling, Months: 24}}}
	w.changes.Programmes["airline"] = w.encode(p)
	for n := range benchAccounts {
		w.account(n)
		if (n+1)%benchChunk == 0 {
			w.cut()
		}
	}
	w.consents()
	w.obligations()
	w.cut()
}

// account makes an account and its four receipts.
func (w *writer) account(n int) {
	id := points.AccountID(fmt.Sprintf("%016x%016x", w.random.Uint64(), n))
	day := benchStart + quantity.Day(w.random.IntN(benchDays/2))
	later := day + quantity.Day(w.random.IntN(benchDays/2))
	key := lots.Key{Expiry: day.AddMonths(24), Terms: 1}
	earned, burned := quantity.Points(100+w.random.IntN(10_000)), quantity.Points(10+w.random.IntN(50))
	operation := func(i int) points.OperationID {
		return points.OperationID(fmt.Sprintf("%016x%015x%x", w.random.Uint64(), n, i))
	}
	receipt := func(i int, kind points.Kind, day quantity.Day, cause lots.Cause, moved quantity.Points) points.Receipt {
		r := points.Receipt{V: 1, Operation: operation(i), Kind: kind, Programme: "airline", Account: id, Outcome: points.Accepted, Code: "OK", BusinessDate: day, Engine: 1, Terms: 1}
		r.Points = max(moved, -moved)
		r.Details = strings.Repeat("d", 64)
		r.Moves = []lots.Move{{Lot: lots.Lot{Key: key, Points: moved}, Cause: cause}}
		return r
	}
	w.book(receipt(0, points.KindEarn, day, lots.Accrued, earned))
	w.book(receipt(1, points.KindEarn, day, lots.Accrued, earned))
	spent := receipt(2, points.KindRedeem, later, lots.Redeemed, -burned)
	w.book(spent)
	left := 2*earned - burned
	w.totals.Issued, w.totals.Redeemed = w.totals.Issued+2*earned, w.totals.Redeemed+burned
	switch {
	case n%(benchAccounts/benchAdjustments) == 0:
		r := receipt(3, points.KindAdjust, later, lots.Adjusted, 7)
		r.Reason, r.Approver = "GOODWILL", "HotelMSP"
		w.book(r)
		left, w.totals.AdjustedUp = left+7, w.totals.AdjustedUp+7
	case n%20 == 1:
		r := receipt(3, points.KindReturn, later+3, lots.Restored, burned/2)
		r.Original = spent.Operation
		w.book(r)
		left, w.totals.Restored = left+burned/2, w.totals.Restored+burned/2
	default:
		w.book(receipt(3, points.KindEarn, day, lots.Accrued, 5))
		left, w.totals.Issued = left+5, w.totals.Issued+5
	}
	a := points.Account{V: 1, ID: id, Status: points.StatusActive, Posted: left, Lots: []lots.Lot{{Key: key, Points: left}}, Used: []points.UsedAuthorisation{}}
	w.changes.Accounts[store.AccountRef{Programme: "airline", ID: id}] = store.AccountRow{Posted: left, Body: w.encode(&a)}
}

func (w *writer) consents() {
	for n := range benchConsents {
		id := fmt.Sprintf("%032x", w.random.Uint64())
		from := int64(benchStart)*86400 + w.random.Int64N(benchDays*86400)
		c := privacy.Consent{V: 1, ID: privacy.ConsentID(id), Hash: strings.Repeat("c", 64), Grantee: []string{"hotel", "grocer"}[n%2], From: from, Until: from + 86400*100, Policy: 1, Status: privacy.StatusGranted}
		if n%3 == 0 {
			c.Status = privacy.StatusWithdrawn
		}
		w.changes.Records[store.RecordRef{Programme: "airline", Object: engine.ObjectConsent, ID: id}] = w.encode(&c)
		if (n+1)%10_000 == 0 {
			w.cut()
		}
	}
}

func (w *writer) obligations() {
	for n := range benchObligations / benchBatch {
		x := store.ExchangeRow{
			Home: []string{"airline", "hotel"}[n%2], MSP: "AirlineMSP", Seq: int64(n), A: "airline", B: "hotel", Currency: "EUR", Window: int64(1 + n%24), Block: w.block, Time: 1,
		}
		for i := range benchBatch {
			o := clearing.Obligation{Service: clearing.ServiceRedemption, Debtor: "airline", Creditor: "hotel", Micro: quantity.Micro(w.random.Int64N(10_000_000)), Agreement: 1}
			x.Obligations = append(x.Obligations, store.ObligationRow{Operation: points.OperationID(fmt.Sprintf("%032x", n*benchBatch+i)), Index: i, Obligation: o})
		}
		w.changes.Clearing.Exchanges = append(w.changes.Clearing.Exchanges, x)
		if (n+1)%20 == 0 {
			w.cut()
		}
	}
}

// naive makes the same figures from everything that there is, as reports did before there were sums, or would without.
type naive struct{ *store.Store }

// scan hands each row's one column over.
func (n *naive) scan(ctx context.Context, f func([]byte) error, query string, args ...any) error {
	rows, err := n.Reader().QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		if err := f(body); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (n *naive) supply(ctx context.Context) error {
	position := bookkeeping.NewPosition(&points.Programme{})
	return n.scan(ctx, func(body []byte) error {
		var a points.Account
		if err := wire.DecodeRecord(body, &a); err != nil {
			return err
		}
		return position.Note(&a)
	}, `SELECT body FROM accounts WHERE programme = 'airline'`)
}

func (n *naive) concentration(ctx context.Context) error {
	squares, square := new(big.Int), new(big.Int)
	err := n.scan(ctx, func(body []byte) error {
		if _, ok := square.SetString(string(body), 10); ok {
			squares.Add(squares, square.Mul(square, square))
		}
		return nil
	}, `SELECT posted + debt FROM accounts NOT INDEXED WHERE programme = 'airline'`)
	if err != nil {
		return err
	}
	return n.supply(ctx)
}

func (n *naive) flows(ctx context.Context) error {
	return n.scan(ctx, func([]byte) error { return nil },
		`SELECT SUM(micro) FROM obligations GROUP BY currency, window, a, b, home, service, debtor, creditor`)
}

func (n *naive) consents(ctx context.Context) error {
	counts := map[reports.ConsentCount]int{}
	return n.scan(ctx, func(body []byte) error {
		var c privacy.Consent
		counts[reports.ConsentCount{Grantee: c.Grantee, Status: c.Status}]++
		return wire.DecodeRecord(body, &c)
	}, `SELECT body FROM records WHERE programme = 'airline' AND object = 'consent'`)
}

func (n *naive) adjustments(ctx context.Context) error {
	return n.scan(ctx, func([]byte) error { return nil }, `SELECT json_extract(b.event, '$.receipts[' || r.idx || ']') FROM receipts r
		JOIN batches b ON b.programme = r.programme AND b.msp = r.msp AND b.lane = r.lane AND b.seq = r.seq
		WHERE r.programme = 'airline' AND r.kind = 'adjust' AND json_extract(b.event, '$.receipts[' || r.idx || '].businessDate') >= '2000-01-01'`)
}

// volume lays out every payment of all batches and takes off what was returned.
func (n *naive) volume(ctx context.Context) error {
	left := map[points.OperationID]quantity.Points{}
	return n.scan(ctx, func(body []byte) error {
		var event wire.BatchEvent
		if err := wire.DecodeRecord(body, &event); err != nil {
			return err
		}
		for i := range event.Receipts {
			switch r := &event.Receipts[i]; r.Kind {
			case points.KindRedeem:
				left[r.Operation] = r.Points
			case points.KindReturn:
				left[r.Original] -= r.Points
			}
		}
		return nil
	}, `SELECT event FROM batches ORDER BY block, seq`)
}

package audit

import (
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// BenchmarkReportSums measures what comparing the sums that reports are made of adds to an audit, on the read model that TALLY_REPORTS_DB names, as make bench-reports makes it:
// reading them, adding them up from two million receipts, and comparing. Obligations are added up from the read model's own, since it was made without blocks.
func BenchmarkReportSums(b *testing.B) {
	path := os.Getenv("TALLY_REPORTS_DB")
	if path == "" {
		b.Skip("there is no read model: make bench-reports makes one")
	}
	s, err := store.OpenReadOnly(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	tx, err := s.Reader().BeginTx(b.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = tx.Rollback() })
	var reading, adding, comparing time.Duration
	var receipts int // The same each time.
	for b.Loop() {
		d := &Database{Name: path, reports: newReported(), lying: summed[lying]{}, held: summed[lying]{}}
		before := cpuTime(b)
		for _, table := range d.reports.tables() {
			if err := each(b.Context(), tx, table.query, table.take); err != nil {
				b.Fatal(err)
			}
		}
		reading += cpuTime(b) - before
		book := newReportBook(&d.reports)
		n, spent := addAll(b, tx, book)
		receipts, adding = n, adding+spent
		for key, row := range d.reports.sums.obligations {
			if err := book.sums.obligations.add(key, row[:]...); err != nil {
				b.Fatal(err)
			}
			d.reports.held["pair-"+key.a+"-"+key.b] = true
		}
		a := &Auditor{reports: book, latest: d.reports.time}
		before = cpuTime(b)
		if f := a.compareReported(d, 0); f != nil {
			b.Fatal(f)
		}
		comparing += cpuTime(b) - before
		b.Logf("%d receipts, %d sums, %d adjustments, %d payments", receipts, book.sums.rows(), len(book.adjusted), len(book.payments))
	}
	for name, used := range map[string]time.Duration{"reading-cpu-ms": reading, "adding-cpu-ms": adding, "comparing-cpu-ms": comparing} {
		b.ReportMetric(float64(used.Milliseconds())/float64(b.N), name)
	}
}

// addAll adds up the receipts of all batches in the ledger's order. What it takes to decode them, which an audit does anyway, isn't counted.
func addAll(b *testing.B, tx *sql.Tx, book *reportBook) (receipts int, spent time.Duration) {
	b.Helper()
	err := each(b.Context(), tx, `SELECT block, tx, tx_time, event FROM batches ORDER BY block, seq`, func(rows *sql.Rows) error {
		var at placed
		var raw []byte
		var event wire.BatchEvent
		if err := rows.Scan(&at.block, &at.tx, &at.time, &raw); err != nil {
			return err
		}
		if err := wire.DecodeRecord(raw, &event); err != nil {
			return err
		}
		bodies := make([][]byte, len(event.Receipts))
		for i := range event.Receipts {
			body, err := wire.Encode(&event.Receipts[i])
			if err != nil {
				return err
			}
			bodies[i] = body
		}
		before := cpuTime(b)
		for i := range event.Receipts {
			at.index = i
			if err := book.receipt(&event.Receipts[i], bodies[i], at); err != nil {
				return err
			}
		}
		receipts, spent = receipts+len(bodies), spent+cpuTime(b)-before
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return receipts, spent
}

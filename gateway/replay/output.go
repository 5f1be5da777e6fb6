package replay

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// lineEvery is how often progress is told where there is no terminal to draw on.
const lineEvery = 5 * time.Second

// ShowProgress draws a bar with rate and remaining time on a terminal, and writes plain lines to anything else.
func ShowProgress(out *os.File, rows int) Progress {
	if term.IsTerminal(int(out.Fd())) {
		return &bar{progressbar.NewOptions(rows,
			progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("receipts"), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("rows"), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(30), progressbar.OptionOnCompletion(func() { fmt.Fprintln(out) }))}
	}
	return &lines{out: out, total: rows, began: time.Now(), told: time.Now()}
}

type bar struct{ bar *progressbar.ProgressBar }

// Add draws; a terminal that can't be written to stops nothing.
func (b *bar) Add(rows int) { _ = b.bar.Add(rows) }

type lines struct {
	out   io.Writer
	total int
	began time.Time

	mu   sync.Mutex
	done int
	told time.Time
}

// Add writes a line now and then, and at the end.
func (l *lines) Add(rows int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rows == 0 {
		return
	}
	l.done += rows
	if time.Since(l.told) < lineEvery && l.done < l.total {
		return
	}
	l.told = time.Now()
	elapsed := time.Since(l.began)
	left := time.Duration(float64(elapsed) / float64(l.done) * float64(l.total-l.done)).Round(time.Second)
	fmt.Fprintf(l.out, "receipts: %d of %d (%d %%), %.0f rows/s, %s left\n", l.done, l.total, 100*l.done/max(l.total, 1), float64(l.done)/elapsed.Seconds(), left)
}

// Print writes the report as a table.
func (r *Report) Print(out io.Writer) {
	w := table.NewWriter()
	w.SetOutputMirror(out)
	w.SetStyle(table.StyleLight)
	w.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}})
	w.AppendHeader(table.Row{"receipts", ""})
	w.AppendRow(table.Row{"accepted", grouped(int64(r.Accepted))})
	w.AppendRow(table.Row{"duplicate: recorded before", grouped(int64(r.Duplicates))})
	for _, code := range sortedCodes(r.Refused) {
		w.AppendRow(table.Row{"refused: " + code, grouped(int64(r.Refused[code]))})
	}
	w.AppendRow(table.Row{"anonymous: not sent", grouped(int64(r.Anonymous))})
	w.AppendRow(table.Row{"bad rows: not sent", grouped(int64(r.BadRows))})
	if r.Elsewhere > 0 {
		w.AppendRow(table.Row{"other brands: not sent", grouped(int64(r.Elsewhere))})
	}
	if r.Resumed > 0 {
		w.AppendRow(table.Row{"finished by an earlier run", grouped(int64(r.Resumed))})
	}
	w.AppendSeparator()
	w.AppendRow(table.Row{"accounts opened", grouped(int64(r.Opened))})
	w.AppendRow(table.Row{"accounts found", grouped(int64(r.Known))})
	w.AppendSeparator()
	w.AppendRow(table.Row{"points issued", grouped(r.Issued)})
	w.AppendRow(table.Row{"points taken back", grouped(r.TakenBack)})
	w.AppendRow(table.Row{"net", grouped(r.Issued - r.TakenBack)})
	w.AppendSeparator()
	w.AppendRow(table.Row{"seconds", fmt.Sprintf("%.1f", r.Seconds)})
	w.AppendRow(table.Row{"operations/s", fmt.Sprintf("%.0f", r.PerSecond)})
	l := r.LatencyMillis
	w.AppendRow(table.Row{"latency p50 / p95 / p99 / max", fmt.Sprintf("%d / %d / %d / %d ms", l.P50, l.P95, l.P99, l.Max)})
	w.AppendRow(table.Row{"calls repeated", grouped(int64(r.Retries))})
	w.Render()
}

func sortedCodes(counts map[string]int) []string {
	codes := make([]string, 0, len(counts))
	for code := range counts {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	digits := strconv.FormatInt(max(n, -n), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if n < 0 {
		return "-" + digits
	}
	return digits
}

// WriteRejects writes a CSV file of line and reason, ordered by line. Without rejects there is no file.
func (r *Report) WriteRejects(path string) error {
	if len(r.Rejects) == 0 {
		return nil
	}
	rejects := slices.Clone(r.Rejects)
	slices.SortStableFunc(rejects, func(a, b Reject) int { return a.Line - b.Line })
	var text bytes.Buffer
	records := [][]string{{"line", "reason"}}
	for _, reject := range rejects {
		records = append(records, []string{strconv.Itoa(reject.Line), reject.Reason})
	}
	if err := csv.NewWriter(&text).WriteAll(records); err != nil {
		return fault.New(fault.Internal, "the rejects can't be encoded: %v", err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return fault.New(fault.InvalidValue, "the rejects file can't be written: %v", err)
	}
	return nil
}

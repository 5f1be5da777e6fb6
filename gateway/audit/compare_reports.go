package audit

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// reportBook is what a gateway's reports must be made of, as the blocks have it up to now. The methods that add to it do nothing without one.
type reportBook struct {
	sums     *reportSums
	payments paymentBook
	adjusted map[paymentRef]adjustment
	gaps     map[gap]bool      // What the gateway says that it was not delivered.
	hidden   map[windowOf]bool // Windows of pairs of which lines were not delivered to the audit.
	omitted  map[string]bool   // Pairs of which nothing is compared.
	skipped  map[string]int    // Batches whose lines the audit has, and the gateway says that it hasn't, by pair.
}

// windowOf is a pair's window.
type windowOf struct {
	pairRef
	window int64
}

func newReportBook(d *reported) *reportBook {
	return &reportBook{sums: newReportSums(), payments: paymentBook{}, adjusted: map[paymentRef]adjustment{}, gaps: d.gaps, hidden: map[windowOf]bool{},
		omitted: map[string]bool{}, skipped: map[string]int{}}
}

// receipt adds a receipt with its own bytes.
func (b *reportBook) receipt(r *points.Receipt, raw []byte, at placed) error {
	if b == nil {
		return nil
	}
	if r.Kind == points.KindAdjust {
		b.adjusted[paymentRef{r.Programme, r.Operation}] = adjustmentOf(r, raw, at)
	}
	return b.sums.book(r, b.payments)
}

// unseen notes that lines of a pair's window were not delivered to the audit: it can't say what they add up to.
func (b *reportBook) unseen(ref pairRef, window int64) {
	if b != nil {
		b.hidden[windowOf{ref, window}] = true
	}
}

// lines adds the lines of a cross-brand batch, unless the gateway says that it was not delivered them.
func (b *reportBook) lines(ref pairRef, x *exchanged, lines *wire.PairLines, at gap) error {
	if b == nil {
		return nil
	}
	if b.gaps[at] {
		b.skipped[ref.a+" and "+ref.b]++
		return nil
	}
	for i := range lines.Obligations {
		o := &lines.Obligations[i]
		if o.Service == "" {
			continue
		}
		key := obligationKey{ref.currency, x.event.Window, ref.a, ref.b, x.doc.Home, string(o.Service), o.Debtor, o.Creditor}
		if err := b.sums.obligations.add(key, 1, int64(o.Micro), int64(o.Fee)); err != nil {
			return err
		}
	}
	return nil
}

// compareReported compares what reports are made of: what lies in all accounts with the accounts, which were compared, everything else with what the blocks add up to.
func (a *Auditor) compareReported(d *Database, block uint64) *Finding {
	found, want := &d.reports, a.reports
	if found.time != a.latest {
		return blockFinding(CheckSums, block, "%s takes %d for the latest time that a transaction states, the blocks have %d", d.Name, found.time, a.latest).of("checkpoint", "tx_time")
	}
	want.leaveOut(found, a.holding(d))
	for _, check := range []func() *Finding{
		tableOf("holdings", d.held, d.lying, "points"),
		tableOf("movements", found.sums.movements, want.sums.movements, "points"),
		tableOf("debts", found.sums.debts, want.sums.debts, "points"),
		tableOf("turnovers", found.sums.turnovers, want.sums.turnovers, "operations", "points", "given"),
		tableOf("given_back", found.sums.returns, want.sums.returns, "points"),
		tableOf("adjustment_sums", found.sums.adjustments, want.sums.adjustments, "accepted", "rejected", "up", "down", "debt"),
		tableOf("obligation_sums", found.sums.obligations, want.sums.obligations, "count", "micro", "fee"),
		func() *Finding { return compareAdjustments(found.adjusted, want.adjusted) },
	} {
		if f := check(); f != nil {
			f.Block, f.Detail = block, d.Name+" has "+f.Found+", the blocks give "+f.Expected
			return f
		}
	}
	return nil
}

// holding says of which pairs a database must hold the data: a brand's gateway holds its own, the regulator's all. Where nobody says whose the database is, it is those that it has
// data of.
func (a *Auditor) holding(d *Database) func(x, y string) bool {
	if d.Member == "" {
		return func(x, y string) bool { return d.reports.held[clearing.PairCollection(x, y)] }
	}
	all := false
	if founded, err := a.consortium(); err == nil { // Before the founding nobody trades.
		all = slices.ContainsFunc(founded.Members, func(m clearing.Member) bool { return m.Name == d.Member && m.Kind == clearing.KindRegulator })
	}
	return func(x, y string) bool { return all || d.Member == x || d.Member == y }
}

// leaveOut leaves out what can't be compared: windows of which the audit has not all lines, and what is expected of pairs whose data the gateway doesn't hold. Any sum of those that it
// has all the same stays.
func (b *reportBook) leaveOut(found *reported, holds func(x, y string) bool) {
	hidden := func(k obligationKey, _ amounts) bool {
		return b.hidden[windowOf{pairRef{k.a, k.b, k.currency}, k.window}]
	}
	for w := range b.hidden {
		b.omit(w.a, w.b, holds)
	}
	for k := range b.sums.obligations {
		b.omit(k.a, k.b, holds)
	}
	maps.DeleteFunc(found.sums.obligations, hidden)
	maps.DeleteFunc(b.sums.obligations, func(k obligationKey, n amounts) bool { return hidden(k, n) || !holds(k.a, k.b) })
}

// omit notes a pair that is left out whole.
func (b *reportBook) omit(x, y string, holds func(x, y string) bool) {
	if !holds(x, y) {
		b.omitted[x+" and "+y] = true
	}
}

// uncompared says in words what could not be compared.
func (b *reportBook) uncompared(d *Database) (list []string) {
	windows := map[string]int{}
	for w := range b.hidden {
		if pair := w.a + " and " + w.b; !b.omitted[pair] {
			windows[pair]++
		}
	}
	for _, pair := range slices.Sorted(maps.Keys(windows)) {
		list = append(list, fmt.Sprintf("what %s owe each other in %d windows: their lines aren't in the blocks that were audited", pair, windows[pair]))
	}
	for _, pair := range slices.Sorted(maps.Keys(b.skipped)) {
		list = append(list, fmt.Sprintf("the lines of %d cross-brand batches of %s, which the gateway says that its peer has not delivered yet", b.skipped[pair], pair))
	}
	why := "it has no data of them, and nobody said whose gateway's it is"
	if d.Member != "" {
		why = "a gateway of " + d.Member + "'s doesn't hold their data"
	}
	for _, pair := range slices.Sorted(maps.Keys(b.omitted)) {
		list = append(list, "what "+pair+" owe each other: "+why)
	}
	return list
}

// tableOf compares a table of sums: the first row, by its key, of which something else is found than is expected.
func tableOf[K sumKey](table string, found, want summed[K], columns ...string) func() *Finding {
	return func() *Finding {
		var wrong []K
		for key, row := range want {
			if found[key] != row {
				wrong = append(wrong, key)
			}
		}
		for key, row := range found {
			if _, both := want[key]; !both && row != (amounts{}) {
				wrong = append(wrong, key)
			}
		}
		if len(wrong) == 0 {
			return nil
		}
		key := slices.MinFunc(wrong, func(x, y K) int { return strings.Compare(x.String(), y.String()) })
		f := blockFinding(CheckSums, 0, "").of(table, key.String())
		f.Expected, f.Found = valuesOf(columns, want[key]), valuesOf(columns, found[key])
		return f
	}
}

// valuesOf writes a row's sums with the names of their columns.
func valuesOf(columns []string, row amounts) string {
	texts := make([]string, len(columns))
	for i, name := range columns {
		texts[i] = name + " " + strconv.FormatInt(row[i], 10)
	}
	return strings.Join(texts, ", ")
}

// compareAdjustments compares what is kept of adjustments one by one.
func compareAdjustments(found, want map[paymentRef]adjustment) *Finding {
	var wrong []paymentRef
	for ref, one := range want {
		if found[ref] != one {
			wrong = append(wrong, ref)
		}
	}
	for ref := range found {
		if _, both := want[ref]; !both {
			wrong = append(wrong, ref)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	ref := slices.MinFunc(wrong, func(x, y paymentRef) int { return strings.Compare(x.String(), y.String()) })
	f := blockFinding(CheckSums, 0, "").of("receipts", ref.String())
	f.Expected, f.Found = toldIn(want, ref), toldIn(found, ref)
	return f
}

func (r paymentRef) String() string { return path(r.programme, r.operation) }

func toldIn(list map[paymentRef]adjustment, ref paymentRef) string {
	one, there := list[ref]
	if !there {
		return "no such adjustment"
	}
	return one.String()
}

// compareClearing compares the public records of clearing.
func (a *Auditor) compareClearing(d *Database, block uint64) *Finding {
	found, want := d.reports.clearing, a.world.public[engine.ClearingChaincode]
	keys := map[string]bool{}
	for key := range want {
		keys[key] = true
	}
	for key := range found {
		keys[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if got, given := found[key], want[key].value; !bytes.Equal(got, given) {
			return blockFinding(CheckDatabase, block, "%s has %s, the blocks give %s", d.Name, excerpt(got), excerpt(given)).at(engine.ClearingChaincode, key)
		}
	}
	return nil
}

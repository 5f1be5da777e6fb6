package audit

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tallystick/tallystick/chaincode/quantity"
)

// shownWindows is how many settled windows the text tells of, the last ones; the JSON has all.
const shownWindows = 10

// writeClearing writes what became of windows and of what pairs owe.
func (s *Statement) writeClearing(b *strings.Builder) {
	for i := range s.Clearing {
		c := &s.Clearing[i]
		if len(c.Windows) == 0 {
			continue
		}
		fmt.Fprintf(b, "Clearing in %s, in its minor unit\n", c.Currency)
		first := max(0, len(c.Windows)-shownWindows)
		for first > 0 && !c.Windows[first-1].done() {
			first--
		}
		if first > 0 {
			fmt.Fprintf(b, "  %s earlier windows are settled\n", count(first))
		}
		for j := first; j < len(c.Windows); j++ {
			c.Windows[j].write(b)
		}
		c.writePairs(b)
		b.WriteByte('\n')
	}
}

// done says whether nothing of the window is open.
func (w *WindowStatement) done() bool { return w.Status == "SETTLED" }

func (w *WindowStatement) write(b *strings.Builder) {
	fmt.Fprintf(b, "  window %d: %s, %s batches, %s accepted operations\n", w.Number, w.Status, count(w.Batches), count(w.Receipts))
	for _, d := range w.Disclosed {
		from, to, sum := d.A, d.B, d.Sum
		if d.Net < 0 || d.Net == 0 && d.Sum < 0 {
			from, to, sum = d.B, d.A, -d.Sum
		}
		fmt.Fprintf(b, "    %s owes %s %s net (%s of window %d)\n", from, to, count(d.Net.Abs()), micro(sum), d.Window)
	}
	for _, p := range w.Undisclosed {
		fmt.Fprintf(b, "    %s and %s had not disclosed: they come later\n", p.A, p.B)
	}
	for _, p := range w.Positions {
		signed := "not signed"
		if p.Signed {
			signed = "signed"
		}
		fmt.Fprintf(b, "    position of %s: %s, %s\n", p.Member, count(p.Net), signed)
	}
	for _, l := range w.Legs {
		fmt.Fprintf(b, "    %s pays %s %s: %s, %s paid, %s received", l.From, l.To, count(l.Amount), l.Status, count(l.Paid), count(l.Received))
		if l.Deferred > 0 {
			fmt.Fprintf(b, ", %s deferred", count(l.Deferred))
		}
		b.WriteByte('\n')
	}
	for _, o := range w.Carried {
		fmt.Fprintf(b, "    %s owes %s %s of window %d: carried\n", o.From, o.To, count(o.Amount), o.Window)
	}
}

func (c *ClearingStatement) writePairs(b *strings.Builder) {
	for i := range c.Pairs {
		p := &c.Pairs[i]
		held := "whose data isn't held here"
		if p.Held {
			held = "replayed from its data"
		}
		fmt.Fprintf(b, "  %s and %s, %s: %s transactions in full, %s publicly; %s left by rounding, %d disputed lines aside\n",
			p.A, p.B, held, count(p.FullReplays), count(p.PublicReplays), micro(p.Residual), len(p.Aside))
		if len(p.Services) > 0 {
			p.writeServices(b)
		}
	}
}

func (p *PairStatement) writeServices(b *strings.Builder) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"debtor", "for", "obligations", "amount"})
	for _, s := range p.Services {
		what := string(s.Service)
		if s.Fee {
			what += " (fee)"
		}
		t.AppendRow(table.Row{s.Debtor, what, count(s.Count), micro(s.Micro)})
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, Align: text.AlignRight}, {Number: 4, Align: text.AlignRight}})
	b.WriteString(t.Render())
	b.WriteByte('\n')
}

// micro writes an amount in minor units with its six decimals.
func micro(m quantity.Micro) string {
	sign, whole := "", int64(m)
	if m < 0 {
		sign, whole = "-", -whole
	}
	return fmt.Sprintf("%s%d.%06d", sign, whole/int64(quantity.MicroPerMinor), whole%int64(quantity.MicroPerMinor))
}

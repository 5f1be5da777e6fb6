package replay

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Limits of a dry run.
const (
	MaxRuleSetBytes = 1 << 20
	maxDifferences  = 20 // Customers that are listed: those with the largest differences.
)

// ReadRuleSet reads a rule set as the ledger would, strictly, and compiles it. INVALID_VALUE when the file can't be read; MALFORMED or RULE_INVALID says what is wrong with it.
func ReadRuleSet(path string) (*rules.Program, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the rule set can't be read: %v", err)
	}
	set := new(rules.Set)
	if err := wire.Decode(raw, MaxRuleSetBytes, set); err != nil {
		return nil, err
	}
	return rules.Compile(set)
}

// DryRun says what the purchases among the rows give under two rule sets, in a currency. Nothing is sent. Every customer begins as a new account.
func DryRun(rows *Rows, currency string, old, next *rules.Program) (rules.Comparison, error) {
	events := make([]rules.DatedEvent, 0, len(rows.Rows))
	for i := range rows.Rows {
		r := &rows.Rows[i]
		if r.Return {
			continue
		}
		events = append(events, rules.DatedEvent{Customer: r.Customer, Day: dayOf(r), Event: rules.Event{
			Type: rules.Purchase, AmountMinor: r.Minor, Currency: currency, Store: r.Store, OccurredAt: r.At.Format(time.RFC3339),
		}})
	}
	return rules.Compare(old, next, events)
}

// PrintComparison writes what a dry run found: totals, how many customers gain and lose, and who gains or loses most.
func PrintComparison(out io.Writer, c *rules.Comparison) {
	w := newComparisonTable(out, "dry run", "in force", "draft", "difference")
	w.AppendRow(table.Row{"points", grouped(int64(c.Old)), grouped(int64(c.New)), grouped(int64(c.New - c.Old))})
	w.AppendRow(table.Row{"events refused", grouped(int64(c.OldRefused)), grouped(int64(c.NewRefused)), grouped(int64(c.NewRefused - c.OldRefused))})
	w.Render()
	fmt.Fprintf(out, "%s customers gain, %s lose, %s see no difference\n", grouped(int64(c.Gaining)), grouped(int64(c.Losing)), grouped(int64(c.Unchanged)))
	largest := largestDifferences(c)
	if len(largest) == 0 {
		return
	}
	w = newComparisonTable(out, "largest differences", "in force", "draft", "difference")
	for _, one := range largest {
		w.AppendRow(table.Row{one.Customer, grouped(int64(one.Old)), grouped(int64(one.New)), grouped(int64(one.Difference()))})
	}
	w.Render()
}

func newComparisonTable(out io.Writer, header ...any) table.Writer {
	w := table.NewWriter()
	w.SetOutputMirror(out)
	w.SetStyle(table.StyleLight)
	w.AppendHeader(header)
	var numbers []table.ColumnConfig
	for n := 2; n <= len(header); n++ {
		numbers = append(numbers, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	w.SetColumnConfigs(numbers)
	return w
}

// largestDifferences are the customers with the largest differences either way, by name where they are equal.
func largestDifferences(c *rules.Comparison) []rules.CustomerComparison {
	different := slices.DeleteFunc(slices.Clone(c.Customers), func(one rules.CustomerComparison) bool { return one.Difference() == 0 })
	slices.SortFunc(different, func(a, b rules.CustomerComparison) int {
		return cmp.Or(cmp.Compare(size(b.Difference()), size(a.Difference())), cmp.Compare(a.Customer, b.Customer))
	})
	return different[:min(len(different), maxDifferences)]
}

func size(p quantity.Points) quantity.Points { return max(p, -p) }

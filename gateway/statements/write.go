package statements

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
)

// Write writes a statement in tables. The error is the writer's.
func Write(w io.Writer, st *statement.Statement) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Statement of programme %s, business dates %s to %s\n", st.Programme, st.From, st.To)
	fmt.Fprintf(&b, "Points are whole; liabilities are minor units of %s at the value that the terms publish.\n", st.Currency)
	for _, section := range []func(*strings.Builder, *statement.Statement){writePeriod, writePosition, writeTerms, writeFunding, writeExpiry, writeCohorts} {
		b.WriteString("\n")
		section(&b, st)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// line is a named number.
type line struct {
	name  string
	value quantity.Points
}

// writePeriod shows the flows from the opening position to the closing one. What paid debt never came into a lot and is told beside.
func writePeriod(b *strings.Builder, st *statement.Statement) {
	f := &st.Flows
	writeLines(b, "In the period", []line{
		{"outstanding at the beginning", st.Opening.Outstanding},
		{"+ issued", f.Accrued},
		{"+ restored by returned redemptions", f.Restored},
		{"+ adjusted up", f.AdjustedUp},
		{"+ received by transfer", f.Received},
		{"- sent by transfer", f.Sent},
		{"- redeemed", f.Redeemed},
		{"- taken back by returns", f.Recovered},
		{"- adjusted down", f.AdjustedDown},
		{"- expired", f.Expired},
		{"- forfeited by closing", f.Forfeited},
		{"- paid debt out of holds", f.Repaid},
		{"= outstanding at the end", st.Closing.Outstanding},
	})
	s := &st.Summary
	fmt.Fprintf(b, "  Credits that paid debt are left out above: issued in all %s, of all credits %s paid debt; returns and adjustments left %s of new debt.\n",
		points(s.Issued), points(s.DebtRepaid), points(s.DebtIncurred))
}

func writePosition(b *strings.Builder, st *statement.Statement) {
	c := &st.Closing
	writeLines(b, "Outstanding on "+st.To.String(), []line{
		{"free to spend", c.Free},
		{"pending", c.Pending},
		{"held", c.Held},
		{"in suspense", c.Suspense},
		{"in the inbox", c.Inbox},
		{"lapsed, to be booked", c.Lapsed},
		{"= outstanding", c.Outstanding},
		{"debt of accounts, beside", c.Debt},
	})
	fmt.Fprintf(b, "  Liability: %s minor units of %s. Debt doesn't reduce it.\n", grouped(st.Liability), st.Currency)
}

func writeTerms(b *strings.Builder, st *statement.Statement) {
	t := newTable("By terms", "version", "value of a point", "outstanding", "lapsed", "liability")
	for _, l := range st.Terms {
		t.AppendRow(table.Row{l.Version, fmt.Sprintf("%d/%d", l.Value.Num, l.Value.Den), points(l.Outstanding), points(l.Lapsed), grouped(l.Liability)})
	}
	render(b, t)
}

func writeFunding(b *strings.Builder, st *statement.Statement) {
	t := newTable("By funding", "funding", "issued", "redeemed", "expired", "outstanding", "pending", "liability")
	for _, l := range st.Funding {
		t.AppendRow(table.Row{
			orOther(l.Funding, "the programme"), points(l.Flows.Accrued), points(l.Flows.Redeemed), points(l.Flows.Expired), points(l.Outstanding), points(l.Pending), grouped(l.Liability),
		})
	}
	render(b, t)
}

func writeExpiry(b *strings.Builder, st *statement.Statement) {
	t := newTable("By month of expiry", "month", "outstanding", "pending", "liability")
	for _, l := range st.Expiry {
		t.AppendRow(table.Row{orOther(l.Month, "no date"), points(l.Outstanding), points(l.Pending), grouped(l.Liability)})
	}
	render(b, t)
}

func writeCohorts(b *strings.Builder, st *statement.Statement) {
	t := newTable("Cohorts since the programme began, by month of expiry", "month", "issued", "redeemed", "expired", "forfeited", "outstanding", "breakage")
	for _, c := range st.Cohorts {
		f := &c.Flows
		t.AppendRow(table.Row{
			orOther(c.Month, "no date"), points(f.Accrued), points(f.Redeemed), points(f.Expired), points(f.Forfeited), points(c.Outstanding), share(c.Breakage),
		})
	}
	render(b, t)
}

func writeLines(b *strings.Builder, title string, lines []line) {
	t := newTable(title, "", "points")
	for _, l := range lines {
		t.AppendRow(table.Row{l.name, points(l.value)})
	}
	render(b, t)
}

// newTable makes a table whose first column is text and whose others are numbers.
func newTable(title string, columns ...string) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.SetTitle(title)
	header := make(table.Row, len(columns))
	var numbers []table.ColumnConfig
	for i, name := range columns {
		header[i] = name
		if i > 0 {
			numbers = append(numbers, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(numbers)
	return t
}

func render(b *strings.Builder, t table.Writer) {
	b.WriteString(t.Render())
	b.WriteString("\n")
}

func points(p quantity.Points) string { return grouped(int64(p)) }

// groupLength is how many digits stand together.
const groupLength = 3

// grouped writes a number with its digits in groups.
func grouped(n int64) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	for at := len(digits) - groupLength; at > 0; at -= groupLength {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// share writes a part of a whole in per cent with one decimal, rounded down; a dash for a part of nothing. Both fit a thousand times into 64 bits.
func share(s statement.Share) string {
	if s.Whole == 0 {
		return "-"
	}
	mille := int64(s.Part) * 1000 / int64(s.Whole)
	return fmt.Sprintf("%d.%d %%", mille/10, mille%10)
}

func orOther(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

package audit

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tallystick/tallystick/gateway/statements"
)

// WriteText writes the statement for people.
func (s *Statement) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Audit of channel %s, read from %s\n", orUnknown(s.Channel), orUnknown(s.Source))
	fmt.Fprintf(&b, "  genesis %s\n  %s blocks, the last one has hash %s\n\n", orUnknown(s.Genesis), count(s.Blocks), orUnknown(s.LastHash))
	s.writeProgrammes(&b)
	if err := s.writeStatements(&b); err != nil {
		return err
	}
	s.writeClearing(&b)
	s.writeChecked(&b)
	s.writePeers(&b)
	s.writeVerdict(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *Statement) writeProgrammes(b *strings.Builder) {
	if len(s.Programmes) == 0 {
		b.WriteString("No programme has been created.\n\n")
		return
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	header := table.Row{"programme"}
	for _, p := range s.Programmes {
		name := p.Programme
		if p.Simulated {
			name += " (simulated)"
		}
		header = append(header, name)
	}
	t.AppendHeader(header)
	for _, line := range []struct {
		name  string
		value func(*ProgrammeStatement) string
	}{
		{"business date", func(p *ProgrammeStatement) string { return p.BusinessDate }},
		{"accounts", func(p *ProgrammeStatement) string { return count(p.Accounts) }},
		{"points issued", func(p *ProgrammeStatement) string { return count(p.Issued) }},
		{"redeemed", func(p *ProgrammeStatement) string { return count(p.Redeemed) }},
		{"taken back by returns", func(p *ProgrammeStatement) string { return count(p.Recovered) }},
		{"spent on old debt", func(p *ProgrammeStatement) string { return count(p.DebtRepaid) }},
		{"supply (liability)", func(p *ProgrammeStatement) string { return count(p.Supply) }},
		{"held", func(p *ProgrammeStatement) string { return count(p.Held) }},
		{"expired", func(p *ProgrammeStatement) string { return count(p.Expired) }},
		{"debt of customers", func(p *ProgrammeStatement) string { return count(p.Debt) }},
		{"transferred", func(p *ProgrammeStatement) string { return count(p.Transferred) }},
		{"transactions", func(p *ProgrammeStatement) string { return count(p.Transactions) }},
		{"batches", func(p *ProgrammeStatement) string { return count(p.Batches) }},
		{"receipts", func(p *ProgrammeStatement) string { return count(p.Receipts) }},
		{"of refused operations", func(p *ProgrammeStatement) string { return count(p.Rejected) }},
		{"replayed in full", func(p *ProgrammeStatement) string { return count(p.FullReplays) }},
		{"replayed publicly", func(p *ProgrammeStatement) string { return count(p.PublicReplays) }},
	} {
		row := table.Row{line.name}
		for _, p := range s.Programmes {
			row = append(row, line.value(p))
		}
		t.AppendRow(row)
	}
	columns := make([]table.ColumnConfig, len(s.Programmes))
	for i := range columns {
		columns[i] = table.ColumnConfig{Number: i + 2, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	t.SetColumnConfigs(columns)
	b.WriteString(t.Render())
	b.WriteString("\n  supply = issued + restored + adjusted + deposited - redeemed - taken back - expired - forfeited - swapped - spent on old debt = sum of all accounts' points and of what waits in the inbox\n\n")
}

// writeStatements writes each programme's own statement, if it has issued anything.
func (s *Statement) writeStatements(b *strings.Builder) error {
	for _, p := range s.Programmes {
		if p.Statement == nil || p.Issued == 0 && p.Statement.Closing.Outstanding == 0 {
			continue
		}
		if err := statements.Write(b, p.Statement); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	return nil
}

func (s *Statement) writeChecked(b *strings.Builder) {
	fmt.Fprintf(b, "Checked up to the verdict\n")
	fmt.Fprintf(b, "  %s blocks: hash chain, data hashes, orderers' signatures under the channel's own configuration (%s configuration blocks)\n", count(s.Blocks), count(s.ConfigBlocks))
	fmt.Fprintf(b, "  %s transactions: signatures of clients and endorsers, among them all who had to endorse, read conflicts\n", count(s.Transactions))
	fmt.Fprintf(b, "  %s valid ones replayed, in every namespace: reads, writes, private hashes, events, answers, receipt roots, invariants\n", count(s.Transactions-s.Invalid-s.Believed))
	s.writeCheckpoints(b)
	fmt.Fprintf(b, "  %s marked invalid, without effect; for %s of them the reason can't be told from blocks alone\n", count(s.Invalid), count(s.UnexplainedRefusals))
	fmt.Fprintf(b, "  %s blocks whose commit hash is that of the rebuilt state", count(s.CommitHashes))
	if s.WithoutCommitHash > 0 {
		fmt.Fprintf(b, ", %s came without one", count(s.WithoutCommitHash))
	}
	b.WriteString("\n")
	if s.State != "" {
		fmt.Fprintf(b, "  current state compared with %s\n", s.State)
	} else {
		b.WriteString("  no database of a gateway was compared\n")
	}
	for _, what := range s.Uncompared {
		fmt.Fprintf(b, "    not %s\n", what)
	}
	if s.Queried != "" {
		fmt.Fprintf(b, "  current state compared with %s\n", s.Queried)
	}
	if len(s.Members) > 0 {
		fmt.Fprintf(b, "  members: %s\n", strings.Join(s.Members, ", "))
	}
	for _, d := range s.Definitions {
		fmt.Fprintf(b, "  chaincode %s, definition %d, committed in transaction %s\n", d.Chaincode, d.Sequence, d.Transaction)
	}
	for _, name := range slices.Sorted(maps.Keys(s.ForeignChaincodes)) {
		fmt.Fprintf(b, "  chaincode %s is not known to this audit: %s calls were not replayed (they wrote nothing of ours)\n", name, count(s.ForeignChaincodes[name]))
	}
}

// writeCheckpoints says which signed checkpoints agree, and what was left out for one that was trusted.
func (s *Statement) writeCheckpoints(b *strings.Builder) {
	if s.Trusted > 0 {
		fmt.Fprintf(b, "  NOT checked again, on the word of the checkpoint at height %s: orderers', clients' and endorsers' signatures of the blocks before it, who had to endorse,\n"+
			"    what was marked invalid, and what their %s valid transactions did; their hashes, receipt roots and sums were\n", count(s.Trusted), count(s.Believed))
	}
	for _, height := range s.Checkpoints {
		fmt.Fprintf(b, "  the checkpoint signed at height %s says the same\n", count(height))
	}
}

func (s *Statement) writePeers(b *strings.Builder) {
	for _, p := range s.Peers {
		switch {
		case p.Error == "":
			fmt.Fprintf(b, "  %s has the same %s blocks, codes and state\n", p.Name, count(p.Blocks))
		case p.Blocks == 0:
			fmt.Fprintf(b, "  %s could NOT be compared: %s\n", p.Name, p.Error)
		default:
			fmt.Fprintf(b, "  %s has the same %s blocks; further it could NOT be compared: %s\n", p.Name, count(p.Blocks), p.Error)
		}
	}
}

func (s *Statement) writeVerdict(b *strings.Builder) {
	if s.Seconds > 0 {
		fmt.Fprintf(b, "  in %.1f s\n", s.Seconds)
	}
	switch s.Verdict {
	case VerdictPassed:
		fmt.Fprintf(b, "\n%s: every balance follows from the recorded operations.\n", s.Verdict)
	case VerdictFailed:
		fmt.Fprintf(b, "\n%s at the first difference:\n  %v\n", s.Verdict, s.Finding)
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "(unknown)"
	}
	return s
}

// count writes a number with its thousands apart.
func count[N ~int | ~int64 | ~uint64](n N) string {
	digits := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

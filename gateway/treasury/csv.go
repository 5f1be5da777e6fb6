package treasury

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
)

// csvHeader names the columns of a statement: every line has all of them, empty where it has no such figure. Amounts are whole minor units, micro amounts millionths of them.
var csvHeader = []string{
	"record", "member", "currency", "window", "partner", "what", "debtor", "creditor", "agreement", "count", "micro", "feeMicro", "before", "after", "amountMinor", "status",
	"reference", "holds",
}

// columns by their place in csvHeader.
const (
	colRecord = iota
	colMember
	colCurrency
	colWindow
	colPartner
	colWhat
	colDebtor
	colCreditor
	colAgreement
	colCount
	colMicro
	colFee
	colBefore
	colAfter
	colAmount
	colStatus
	colReference
	colHolds
)

// WriteCSV writes a statement as comma-separated values (RFC 4180). INTERNAL when the writer fails.
func WriteCSV(w io.Writer, s *Statement) error {
	t := &table{statement: s, rows: [][]string{csvHeader}}
	t.add("window", func(r []string) { r[colStatus] = string(s.Window.Status) })
	for i := range s.Pairs {
		t.pair(&s.Pairs[i])
	}
	if p := s.Position; p != nil {
		t.add("position", func(r []string) {
			r[colAmount], r[colReference], r[colStatus] = number(p.Net), p.Root, "UNSIGNED"
			if p.Signed != nil {
				r[colStatus] = "SIGNED"
			}
		})
	}
	t.legs()
	for _, c := range s.Checks {
		t.add("check", func(r []string) {
			r[colWhat], r[colPartner], r[colBefore], r[colAfter], r[colHolds] = c.Name, c.Pair, number(c.Left), number(c.Right), strconv.FormatBool(c.Holds)
		})
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.WriteAll(t.rows); err != nil {
		return fault.New(fault.Internal, "the statement can't be written: %v", err)
	}
	return nil
}

// table collects a statement's lines.
type table struct {
	statement *Statement
	rows      [][]string
}

func number[T ~int | ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

func (t *table) add(record string, fill func(row []string)) {
	row := make([]string, len(csvHeader))
	row[colRecord], row[colMember], row[colCurrency], row[colWindow] = record, t.statement.Member, t.statement.Currency, number(t.statement.Window.Number)
	fill(row)
	t.rows = append(t.rows, row)
}

func (t *table) pair(p *PairStatement) {
	for _, l := range p.Services {
		t.add("obligations", func(r []string) {
			r[colPartner], r[colWhat], r[colDebtor], r[colCreditor], r[colAgreement] = p.Partner, string(l.Service), l.Debtor, l.Creditor, number(l.Agreement)
			r[colCount], r[colMicro], r[colFee], r[colReference] = number(l.Count), number(l.Micro), number(l.Fee), l.FeeDebtor
		})
	}
	for _, n := range p.Nets {
		t.add("net", func(r []string) {
			r[colPartner], r[colWindow], r[colMicro] = p.Partner, number(n.Window), number(n.Booked)
			r[colBefore], r[colAfter], r[colAmount] = number(n.Before), number(n.After), number(n.Net)
		})
	}
	t.obligations("carried-in", p.Partner, p.Before)
	t.obligations("deferred", p.Partner, p.Deferred)
	for _, l := range p.Aside {
		t.add("dispute", func(r []string) {
			r[colPartner], r[colWindow], r[colWhat], r[colReference], r[colAmount] = p.Partner, number(l.Window), l.Programme, l.Operation, number(l.Amount)
		})
	}
	t.add("settled", func(r []string) { r[colPartner], r[colAmount] = p.Partner, number(p.Settled) })
	t.add("carried-over", func(r []string) { r[colPartner], r[colAmount] = p.Partner, number(p.Carried) })
}

func (t *table) obligations(record, partner string, list []netting.Obligation) {
	for i := range list {
		o := &list[i]
		_, amount, _ := ownOf(t.statement.Member, o)
		t.add(record, func(r []string) {
			r[colPartner], r[colWindow], r[colDebtor], r[colCreditor], r[colAmount] = partner, number(o.Window), o.From, o.To, number(amount)
		})
	}
}

func (t *table) legs() {
	for i := range t.statement.Legs {
		l := &t.statement.Legs[i]
		t.add("leg", func(r []string) {
			r[colDebtor], r[colCreditor], r[colAmount], r[colStatus] = l.From, l.To, number(l.Amount), string(l.Status)
		})
		for _, e := range l.Entries {
			t.add("payment", func(r []string) {
				r[colDebtor], r[colCreditor], r[colAmount], r[colReference], r[colStatus] = l.From, l.To, number(e.Amount), e.Reference, "PAID"
				switch {
				case e.Reversal != nil:
					r[colStatus] = "REVERSED"
				case e.ReceiptAt != 0:
					r[colStatus] = "RECEIVED"
				}
			})
		}
	}
}

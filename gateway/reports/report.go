package reports

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/store"
)

// Name says which report it is.
type Name string

// The reports.
const (
	NameSupply         Name = "supply"
	NameConcentration  Name = "concentration"
	NameFlows          Name = "flows"
	NameConsents       Name = "consents"
	NameAdjustments    Name = "adjustments"
	NameLimitedNetwork Name = "limited-network"
	NameFreezes        Name = "freezes"
	NameAccesses       Name = "accesses"
)

// MaxRows bounds the lines of a report that lists single things; a report of more is TOO_LARGE and wants a shorter period.
const MaxRows = 10_000

// version is that of the documents and of the definitions behind them: docs/reports.md.
const version = 1

// Reader gives the read model as of one block: store.Reads.
type Reader interface {
	Picture(ctx context.Context, f func(*store.Picture) error) error
}

// Header begins every report.
type Header struct {
	V       int    `json:"v"` // Of the document and its definitions, 1.
	Report  Name   `json:"report"`
	Genesis string `json:"genesis"` // The channel: hash of its genesis block, hex; empty before the first programme.
	AsOf    AsOf   `json:"asOf"`
}

// AsOf is the block that a report is made of: whoever has the blocks up to it can make the same report.
type AsOf struct {
	Block uint64 `json:"block"`
	Hash  string `json:"hash"` // Of the block's header, hex.
	Time  string `json:"time"` // Latest time that a transaction up to the block states, RFC 3339.
}

// Table is a report as lines of columns.
type Table interface {
	header() *Header
	columns() []string
	lines() [][]string
}

// WriteCSV writes a report as comma-separated values (RFC 4180). Each line begins with the report's name, block and time. INTERNAL when the writer fails.
func WriteCSV(w io.Writer, t Table) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	h := t.header()
	prefix := []string{string(h.Report), strconv.FormatUint(h.AsOf.Block, 10), h.AsOf.Time}
	lines := [][]string{append([]string{"report", "asOfBlock", "asOfTime"}, t.columns()...)}
	for _, l := range t.lines() {
		lines = append(lines, append(append([]string{}, prefix...), l...))
	}
	if err := out.WriteAll(lines); err != nil {
		return fault.New(fault.Internal, "the report can't be written: %v", err)
	}
	return nil
}

func (h *Header) header() *Header { return h }

func number[T ~int | ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// optional writes a number that may be missing.
func optional[T ~int64](n *T) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

func timeOf(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// make hands f the read model and the programmes as of one block, and fills in the header.
func (h *Header) make(ctx context.Context, r Reader, name Name, f func(*store.Picture, []points.Programme) error) error {
	return r.Picture(ctx, func(p *store.Picture) error {
		programmes, err := p.Programmes(ctx)
		if err != nil {
			return err
		}
		*h = Header{V: version, Report: name, AsOf: AsOf{Block: p.At.Block, Hash: p.At.Hash, Time: timeOf(p.At.Time)}}
		if len(programmes) > 0 {
			h.Genesis = programmes[0].Genesis
		}
		return f(p, programmes)
	})
}

// Period are business dates of the programmes, both included.
type Period struct {
	From quantity.Day `json:"from"`
	To   quantity.Day `json:"to"`
}

// Always is a period without bounds.
var Always = Period{0, quantity.LastDay}

// Valid returns INVALID_VALUE when the period ends before it begins.
func (p Period) Valid() error {
	if p.From > p.To {
		return fault.New(fault.InvalidValue, "a period from %s can't end on %s", p.From, p.To)
	}
	return nil
}

func (p Period) strings() []string { return []string{p.From.String(), p.To.String()} }

package replay

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits of a file.
const (
	MaxRows      = 5_000_000
	maxText      = 64  // Bytes of a receipt number, store or terminal, as the gateway takes them.
	maxReference = 256 // Bytes of a customer's reference.
	minorDigits  = 2   // Digits after the decimal point of an amount.
)

// Row is one purchase or return of a known customer.
type Row struct {
	Line     int // In the file, from 1.
	Brand    string
	Customer string
	At       time.Time
	Receipt  string
	Minor    int64 // Never negative.
	Return   bool
	Original string // Of a return: the purchase's receipt number; may be empty.
	Store    string
	Terminal string
}

// Reject is a row that can't be sent, or that was refused.
type Reject struct {
	Line   int
	Reason string
}

// Rows is a file as it was read.
type Rows struct {
	Rows      []Row // Ordered by time.
	Anonymous int   // Purchases without a customer.
	Rejects   []Reject
	Digest    string // SHA-256 of the file's content, hex.
}

// Places stand in for columns that a file doesn't have.
type Places struct{ Store, Terminal string }

// ReadFile reads a file (.gz too), or standard input for "-". INVALID_VALUE when it can't be read at all; single bad rows are rejects.
func ReadFile(path string, m Mapping, p Places) (*Rows, error) {
	if path == "-" {
		return Read(os.Stdin, m, p)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the receipts can't be read: %v", err)
	}
	defer func() { _ = f.Close() }() // Nothing was written.
	if !strings.HasSuffix(path, ".gz") {
		return Read(f, m, p)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "%s is not a gzip file", path)
	}
	return Read(z, m, p)
}

// Read reads CSV with a header line.
func Read(r io.Reader, m Mapping, p Places) (*Rows, error) {
	digest := sha256.New()
	c := csv.NewReader(io.TeeReader(r, digest))
	c.FieldsPerRecord = -1
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the file has no readable header line: %v", err)
	}
	header = slices.Clone(header)
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	columns, err := m.columns(header)
	if err != nil {
		return nil, err
	}
	out := &Rows{}
	b := rowParser{columns: columns, width: len(header), places: p}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := out.take(c, record, err, &b); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out.Rows, func(a, b Row) int { return a.At.Compare(b.At) })
	out.Digest = hex.EncodeToString(digest.Sum(nil))
	return out, nil
}

func (r *Rows) take(c *csv.Reader, record []string, err error, b *rowParser) error {
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken):
		r.Rejects = append(r.Rejects, Reject{broken.StartLine, "not a CSV record: " + broken.Err.Error()})
		return nil
	case err != nil:
		return fault.New(fault.InvalidValue, "the receipts can't be read: %v", err)
	case len(r.Rows) >= MaxRows:
		return fault.New(fault.TooLarge, "a file has at most %d rows: split it", MaxRows)
	}
	line, _ := c.FieldPos(0)
	row, err := b.parse(record)
	switch {
	case err != nil:
		r.Rejects = append(r.Rejects, Reject{line, err.Error()})
	case row.Customer == "":
		r.Anonymous++
	default:
		row.Line = line
		r.Rows = append(r.Rows, row)
	}
	return nil
}

// rowParser turns records into rows. Its errors name the field and what is wrong, never the value: it may be personal data.
type rowParser struct {
	columns map[string]int
	width   int
	places  Places
}

func (b *rowParser) cell(record []string, field string) string {
	if at := b.columns[field]; at >= 0 {
		return strings.Clone(strings.TrimSpace(record[at]))
	}
	return ""
}

func (b *rowParser) parse(record []string) (Row, error) {
	if len(record) != b.width {
		return Row{}, fault.New(fault.Malformed, "the row has %d fields, the header %d", len(record), b.width)
	}
	row := Row{
		Brand: b.cell(record, "brand"), Customer: b.cell(record, "customer"), Receipt: b.cell(record, "receipt"), Original: b.cell(record, "original"),
		Store: b.cell(record, "store"), Terminal: b.cell(record, "terminal"),
	}
	if row.Store == "" {
		row.Store = b.places.Store
	}
	if row.Terminal == "" {
		row.Terminal = b.places.Terminal
	}
	if err := row.checkTexts(); err != nil {
		return Row{}, err
	}
	var err error
	if row.At, err = parseTime(b.cell(record, "time")); err != nil {
		return Row{}, err
	}
	minor, err := parseAmount(b.cell(record, "amount"))
	if err != nil {
		return Row{}, err
	}
	if row.Return, err = parseReturn(b.cell(record, "return"), minor); err != nil {
		return Row{}, err
	}
	if minor < 0 && !row.Return {
		return Row{}, fault.New(fault.OutOfRange, "amount: a sale can't be negative")
	}
	row.Minor = max(minor, -minor)
	return row, nil
}

func (r *Row) checkTexts() error {
	for _, t := range []struct {
		field, value string
		limit        int
	}{{"receipt", r.Receipt, maxText}, {"store", r.Store, maxText}, {"terminal", r.Terminal, maxText}} {
		if t.value == "" || !usable(t.value, t.limit) {
			return fault.New(fault.InvalidValue, "%s: 1 to %d bytes without control characters are needed", t.field, t.limit)
		}
	}
	if !usable(r.Customer, maxReference) {
		return fault.New(fault.InvalidValue, "customer: at most %d bytes without control characters are needed", maxReference)
	}
	return nil
}

func usable(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

var timeForms = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", time.DateOnly}

func parseTime(s string) (time.Time, error) {
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil && t.Year() >= 1970 {
			return t, nil
		}
	}
	return time.Time{}, fault.New(fault.InvalidValue, "time: write YYYY-MM-DDTHH:MM:SS, with a zone or in UTC, from 1970 on")
}

// parseAmount reads a decimal such as -12.5 into minor units, exactly.
func parseAmount(s string) (int64, error) {
	wrong := fault.New(fault.InvalidValue, "amount: write digits with at most %d after a decimal point", minorDigits)
	digits, negative := strings.CutPrefix(s, "-")
	whole, cents, _ := strings.Cut(digits, ".")
	if whole == "" || len(cents) > minorDigits {
		return 0, wrong
	}
	var minor int64
	for _, c := range whole + cents + strings.Repeat("0", minorDigits-len(cents)) {
		if c < '0' || c > '9' {
			return 0, wrong
		}
		if minor = minor*10 + int64(c-'0'); minor > quantity.MaxMinor {
			return 0, fault.New(fault.OutOfRange, "amount: over %d minor units", int64(quantity.MaxMinor))
		}
	}
	if negative {
		return -minor, nil
	}
	return minor, nil
}

func parseReturn(flag string, minor int64) (bool, error) {
	switch strings.ToLower(flag) {
	case "":
		return minor < 0, nil
	case "1", "true", "yes", "y":
		return true, nil
	case "0", "false", "no", "n":
		return false, nil
	}
	return false, fault.New(fault.InvalidValue, "return: write 1 or 0")
}

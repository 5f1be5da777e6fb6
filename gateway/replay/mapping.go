package replay

import (
	"bytes"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Mapping names the column of each field. A field that is mapped to a column which the file doesn't have is empty, unless it is required or was mapped by the user.
type Mapping struct {
	Customer string `yaml:"customer"` // Required. Empty cells are anonymous purchases.
	Time     string `yaml:"time"`     // Required. RFC 3339, or without a zone: then UTC.
	Receipt  string `yaml:"receipt"`  // Required. The till's receipt number.
	Amount   string `yaml:"amount"`   // Required. Decimal, in the currency's major unit.
	Return   string `yaml:"return"`   // 1, true, yes or y: a return. Without the column a negative amount is one.
	Brand    string `yaml:"brand"`    // Which gateway the row goes to.
	Original string `yaml:"original"` // Of a return: the receipt number of the purchase.
	Store    string `yaml:"store"`
	Terminal string `yaml:"terminal"`

	chosen []string // Fields that the user mapped.
}

// DefaultMapping fits the generated sample and the UCI Online Retail invoices.
func DefaultMapping() Mapping {
	return Mapping{
		Customer: "customer_id", Time: "date_or_time", Receipt: "invoice_id", Amount: "amount", Return: "is_return",
		Brand: "brand", Original: "original_invoice_id", Store: "store", Terminal: "terminal",
	}
}

// maxMappingBytes bounds a mapping file.
const maxMappingBytes = 64 << 10

// ParseMapping changes the default by a YAML file of field: column, or by inline pairs field=column separated by commas. INVALID_VALUE names what it can't read.
func ParseMapping(text string) (Mapping, error) {
	m := DefaultMapping()
	if text == "" {
		return m, nil
	}
	pairs, err := pairsOf(text)
	if err != nil {
		return Mapping{}, err
	}
	places := m.places()
	for field, column := range pairs {
		place, known := places[field]
		if !known || column == "" {
			return Mapping{}, fault.New(fault.InvalidValue, "the mapping maps %q to %q; fields are %s", field, column, strings.Join(fieldNames(), ", "))
		}
		*place = column
		m.chosen = append(m.chosen, field)
	}
	return m, nil
}

func pairsOf(text string) (map[string]string, error) {
	if strings.Contains(text, "=") {
		return ParsePairs(text)
	}
	raw, err := os.ReadFile(text)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the mapping is neither field=column pairs nor a readable file: %v", err)
	}
	pairs := map[string]string{}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	if len(raw) > maxMappingBytes || d.Decode(&pairs) != nil {
		return nil, fault.New(fault.InvalidValue, "the mapping file %s must be YAML with lines of the form field: column", text)
	}
	return pairs, nil
}

// ParsePairs reads name=value pairs separated by commas.
func ParsePairs(text string) (map[string]string, error) {
	pairs := map[string]string{}
	for _, part := range strings.Split(text, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found || name == "" || value == "" {
			return nil, fault.New(fault.InvalidValue, "%q must have the form name=value", part)
		}
		if _, twice := pairs[name]; twice {
			return nil, fault.New(fault.InvalidValue, "%s is given twice", name)
		}
		pairs[name] = value
	}
	return pairs, nil
}

func (m *Mapping) places() map[string]*string {
	return map[string]*string{
		"customer": &m.Customer, "time": &m.Time, "receipt": &m.Receipt, "amount": &m.Amount, "return": &m.Return,
		"brand": &m.Brand, "original": &m.Original, "store": &m.Store, "terminal": &m.Terminal,
	}
}

func fieldNames() []string {
	var m Mapping
	names := make([]string, 0, len(m.places()))
	for name := range m.places() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

var required = []string{"customer", "time", "receipt", "amount"}

// columns finds the mapped columns in a header: field name -> index, -1 for one that isn't there.
func (m *Mapping) columns(header []string) (map[string]int, error) {
	at := map[string]int{}
	for field, column := range m.places() {
		i := slices.Index(header, *column)
		if i < 0 && (slices.Contains(required, field) || slices.Contains(m.chosen, field)) {
			return nil, fault.New(fault.InvalidValue, "the file has no column %q for %s; its columns are %s. Use --map %s=<column>",
				*column, field, strings.Join(header, ", "), field)
		}
		at[field] = i
	}
	return at, nil
}

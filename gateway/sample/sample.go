package sample

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits and defaults.
const (
	DefaultReceipts = 4000
	MaxReceipts     = 1_000_000
	Days            = 30 // That a sample spans, the last one included.
)

// Shares of receipts, in percent.
const (
	anonymousPercent = 8
	returnPercent    = 6
	cardlessPercent  = 10 // Of returns: given back without a card.
)

// Options of a sample. The same options give the same bytes.
type Options struct {
	Seed     uint64
	End      quantity.Day // The last day.
	Receipts int          // Sales; returns come on top. 1 to MaxReceipts.
}

// receipt is a row.
type receipt struct {
	brand, customer string
	at              time.Time
	number          string
	minor           int64
	isReturn        bool
	original        string
	store, terminal string
}

// brand is how one brand's customers shop. Everything is whole numbers, so that every machine makes the same sample.
type brand struct {
	name        string
	weight      int // Of all receipts, in percent.
	customers   int // One per so many receipts of the brand.
	opens       int // Hour.
	closes      int
	stores      []string
	tills       int
	lines       int     // Most lines of a receipt.
	prices      []int64 // Whole currency units, one drawn per line.
	keepsReturn int     // Days within which things come back.
}

var brands = []brand{
	{"airline", 20, 4, 5, 23, []string{"web", "lhr-t5", "man-t2"}, 3, 2, []int64{39, 59, 89, 119, 189, 249, 420, 780}, 10},
	{"hotel", 22, 4, 7, 23, []string{"leeds-park", "york-gate", "bath-abbey"}, 2, 3, []int64{18, 35, 64, 95, 129, 165, 240}, 5},
	{"grocer", 58, 9, 7, 22, []string{"high-street", "station", "riverside", "retail-park"}, 6, 24, []int64{1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 12, 20}, 14},
}

// Header names the columns.
var Header = []string{"brand", "customer_id", "date_or_time", "invoice_id", "amount", "is_return", "original_invoice_id", "store", "terminal"}

// Write writes a sample as CSV, ordered by time.
func Write(w io.Writer, o Options) error {
	if o.Receipts < 1 || o.Receipts > MaxReceipts {
		return fault.New(fault.InvalidValue, "a sample has 1 to %d receipts", MaxReceipts)
	}
	if o.End < Days {
		return fault.New(fault.InvalidValue, "the last day must be %s or later", quantity.Day(Days))
	}
	c := csv.NewWriter(w)
	if err := c.Write(Header); err != nil {
		return fault.New(fault.Internal, "the sample can't be written: %v", err)
	}
	for _, r := range generate(o) {
		if err := c.Write(r.record()); err != nil {
			return fault.New(fault.Internal, "the sample can't be written: %v", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fault.New(fault.Internal, "the sample can't be written: %v", err)
	}
	return nil
}

func (r receipt) record() []string {
	sign, flag := "", "0"
	if r.isReturn {
		sign, flag = "-", "1"
	}
	return []string{
		r.brand, r.customer, r.at.Format("2006-01-02T15:04:05"), r.number, fmt.Sprintf("%s%d.%02d", sign, r.minor/100, r.minor%100), flag, r.original, r.store, r.terminal,
	}
}

func generate(o Options) []receipt {
	random := rand.New(rand.NewPCG(o.Seed, 0))
	end := time.Unix(int64(o.End+1)*86400, 0).UTC() // Midnight after the last day.
	var all []receipt
	left := o.Receipts
	for i := range brands {
		sales := o.Receipts * brands[i].weight / 100
		if i == len(brands)-1 {
			sales = left // With what rounding left over.
		}
		left -= sales
		all = append(all, brands[i].receipts(random, end, sales)...)
	}
	slices.SortStableFunc(all, func(a, b receipt) int { return a.at.Compare(b.at) })
	return all
}

func (b *brand) receipts(random *rand.Rand, end time.Time, sales int) []receipt {
	customers := max(sales/b.customers, 1)
	var all []receipt
	for n := range sales {
		sale := b.sale(random, end, customers)
		sale.number = b.name[:1] + strconv.Itoa(100_000+n)
		all = append(all, sale)
		if random.IntN(100) >= returnPercent {
			continue
		}
		if back, ok := b.giveBack(random, end, &sale); ok {
			all = append(all, back)
		}
	}
	return all
}

func (b *brand) sale(random *rand.Rand, end time.Time, customers int) receipt {
	r := receipt{brand: b.name, at: b.moment(random, end.AddDate(0, 0, -1-random.IntN(Days))), store: b.stores[random.IntN(len(b.stores))]}
	r.terminal = "till-" + strconv.Itoa(1+random.IntN(b.tills))
	if random.IntN(100) >= anonymousPercent {
		// The smaller of two draws: some customers come often, most now and then.
		r.customer = b.name[:1] + strconv.Itoa(10_000+min(random.IntN(customers), random.IntN(customers)))
	}
	for range 1 + random.IntN(b.lines) {
		r.minor += b.prices[random.IntN(len(b.prices))]*100 - []int64{1, 5, 10, 50, 0}[random.IntN(5)]
	}
	return r
}

// moment is a time within the opening hours of a day.
func (b *brand) moment(random *rand.Rand, midnight time.Time) time.Time {
	return midnight.Add(time.Duration(b.opens)*time.Hour + time.Duration(random.IntN((b.closes-b.opens)*3600))*time.Second)
}

// giveBack is a return of all or part of a sale, some days later; false when that would be after the last day.
func (b *brand) giveBack(random *rand.Rand, end time.Time, sale *receipt) (receipt, bool) {
	r := *sale
	r.at = b.moment(random, sale.at.Truncate(24*time.Hour).AddDate(0, 0, 1+random.IntN(b.keepsReturn)))
	r.number, r.isReturn, r.original = "R"+sale.number, true, sale.number
	if random.IntN(2) == 0 {
		r.minor = 1 + random.Int64N(sale.minor)
	}
	if random.IntN(100) < cardlessPercent {
		r.customer = ""
	}
	return r, r.at.Before(end)
}

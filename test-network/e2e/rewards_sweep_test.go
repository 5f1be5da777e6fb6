//go:build network

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// slowVariable, when it isn't empty, makes the sweep as large as a brand's: make test SLOW=1 sets it.
const slowVariable = "SLOW"

const (
	sweptAccounts     = 5_000  // Have something to expire at once,
	sweptAccountsSlow = 50_000 // or so many with SLOW=1,
	pointsEach        = 10     // so many points each.
	sweptParts        = 10     // Parts of the sweep that are waited for one after the other.
	batchesPerSale    = 5      // Of the sweep, full ones: a till sells at least once while so many are booked, whatever the machine. Two sales a batch were seen.
)

// accountsToSweep is how many accounts the sweep's test opens.
func accountsToSweep() int {
	if os.Getenv(slowVariable) != "" {
		return sweptAccountsSlow
	}
	return sweptAccounts
}

// tillReport is what became of a till that kept selling.
type tillReport struct {
	sold    int
	slowest time.Duration
	err     error // Of the first sale that was refused.
}

// keepSelling sends one sale after the other until it is told to stop, each under a receipt number of its own.
func (c *consortium) keepSelling(account string, sale fields, key string, stop <-chan struct{}) tillReport {
	var r tillReport
	for {
		select {
		case <-stop:
			return r
		default:
		}
		start := time.Now()
		a, err := c.decided("grocer", request{
			method: "POST", path: "/v1/operations", key: key, idempotency: unique("op"), body: sale.with(fields{"account": account, "receiptNumber": unique("r")}),
		})
		if err != nil || a.status != http.StatusOK {
			r.err = fmt.Errorf("sale %d: %d %.300s %w", r.sold, a.status, a.body, err)
			return r
		}
		r.sold++
		r.slowest = max(r.slowest, time.Since(start))
	}
}

// testSweep lets the points of many accounts expire on one day: the gateway's sweep books it in bounded transactions, while a till of the same programme keeps working.
func testSweep(t *testing.T, c *consortium) {
	accounts := accountsToSweep()
	day := c.moveOn(t, "grocer")
	until(t, "what was there before has expired", func() bool {
		outstanding, err := c.books(t, "grocer").totals.Outstanding()
		return err == nil && outstanding == 0
	})
	var file strings.Builder
	file.WriteString("customer_id,date_or_time,invoice_id,amount,is_return\n")
	for i := range accounts {
		fmt.Fprintf(&file, "sweep-%d,%sT12:00:00,sweep-%d,10.00,0\n", i, day.Format(time.DateOnly), i)
	}
	path := filepath.Join(t.TempDir(), "sweep.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c.replayAll(t, "grocer", path)
	before := c.books(t, "grocer")
	c.moveOn(t, "grocer")
	began := time.Now()
	stop := make(chan struct{})
	sales := make(chan tillReport, 1)
	account := c.open(t, "grocer", fields{"reference": unique("shopper")})
	sale, key := c.purchase(t, "grocer", account, 1_000), c.key(t, "grocer", "till")
	go func() { sales <- c.keepSelling(account, sale, key, stop) }()
	for part := 1; part <= sweptParts; part++ { // Each part has a wait of its own: a slow machine takes long, and goes on.
		until(t, "everything that is due has expired", func() bool {
			return c.books(t, "grocer").totals.Expired-before.totals.Expired >= quantity.Points(pointsEach*accounts*part/sweptParts)
		})
	}
	took := time.Since(began)
	close(stop)
	till := <-sales
	if till.err != nil {
		t.Errorf("the till during the sweep: %v", till.err)
	}
	after := c.books(t, "grocer")
	batches, operations := after.batches-before.batches, after.totals.Operations-before.totals.Operations
	t.Logf("%d accounts swept in %.0f s, %d batches of %d operations in all; meanwhile the till sold %d times, the slowest in %d ms",
		accounts, took.Seconds(), batches, operations, till.sold, till.slowest.Milliseconds())
	if operations > batches*wire.MaxBatch || till.sold < accounts/wire.MaxBatch/batchesPerSale {
		t.Errorf("%d operations in %d batches, %d sales at the till", operations, batches, till.sold)
	}
}

// moveOn moves a simulated programme's business date by seven months, beyond the life of every point, and gives the new date.
func (c *consortium) moveOn(t *testing.T, brand string) time.Time {
	t.Helper()
	day := must[time.Time](t)(time.Parse(time.DateOnly, c.businessDate(t, brand))).AddDate(0, 7, 0)
	ok[fields](t, c.call(t, brand, request{
		method: "POST", path: "/v1/programmes/" + brand + "/business-date", key: c.key(t, brand, "operator"), idempotency: unique("date"),
		body: fields{"date": day.Format(time.DateOnly)},
	}))
	return day
}

//go:build network

package e2e

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// receiptsVariable names a file of real receipts (CSV, may be gzipped): columns customer_id, date_or_time, invoice_id, amount, is_return.
const receiptsVariable = "TALLY_RECEIPTS"

// realReceipts unpacks the file of real receipts, or skips the test in words that a person sees.
func realReceipts(t *testing.T) string {
	t.Helper()
	file := os.Getenv(receiptsVariable)
	if file == "" {
		t.Skipf("the real year of receipts is not here: set %s to its CSV file to run this test", receiptsVariable)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(root, file)
	}
	in := must[*os.File](t)(os.Open(file))
	defer in.Close()
	var from io.Reader = in
	if strings.HasSuffix(file, ".gz") {
		from = must[*gzip.Reader](t)(gzip.NewReader(in))
	}
	plain := filepath.Join(t.TempDir(), "receipts.csv")
	out := must[*os.File](t)(os.Create(plain))
	must[int64](t)(io.Copy(out, from))
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return plain
}

// madeReceipts writes sales and returns of the three days from a programme's business date on, in time order. Customers and receipt numbers are the test's
// own.
func (c *consortium) madeReceipts(t *testing.T, brand, prefix string, customers, rows int) string {
	t.Helper()
	prefix = unique(prefix)
	at := must[time.Time](t)(time.Parse(time.DateOnly, c.businessDate(t, brand)))
	random := rand.New(rand.NewPCG(uint64(len(prefix)), uint64(rows)))
	step := 3 * 24 * time.Hour / time.Duration(rows)
	var csv strings.Builder
	csv.WriteString("customer_id,date_or_time,invoice_id,amount,units,is_return,country,lines,non_merch_amount\n")
	for i := range rows {
		returned := 0
		if random.IntN(10) == 0 {
			returned = 1
		}
		customer := fmt.Sprintf("%s-c%d", prefix, random.IntN(customers))
		if random.IntN(50) == 0 {
			customer = ""
		}
		fmt.Fprintf(&csv, "%s,%s,%s-%d,%d.%02d,1,%d,United Kingdom,1,0.00\n",
			customer, at.Add(time.Duration(i)*step).Format("2006-01-02T15:04:05"), prefix, i, random.IntN(80), random.IntN(100), returned)
	}
	file := filepath.Join(t.TempDir(), prefix+".csv")
	if err := os.WriteFile(file, []byte(csv.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// recomputed is what every customer must hold, by awk from the file alone; brand picks the rows of a file that has several.
func recomputed(t *testing.T, file, brand string) map[string]int64 {
	t.Helper()
	out := must[[]byte](t)(exec.Command("awk", "-v", "brand="+brand, "-f", "testdata/balances.awk", file).Output())
	balances := map[string]int64{}
	for line := range strings.Lines(string(out)) {
		customer, balance, found := strings.Cut(strings.TrimSpace(line), ",")
		if !found {
			t.Fatalf("awk wrote %q", line)
		}
		balances[customer] = must[int64](t)(strconv.ParseInt(balance, 10, 64))
	}
	if len(balances) == 0 {
		t.Fatalf("awk found no customers of brand %q in %s", brand, file)
	}
	return balances
}

// askers is how many customers are asked for at once.
const askers = 16

// held asks a member's gateway what each of these customers holds.
func (c *consortium) held(t *testing.T, member string, customers map[string]int64) map[string]int64 {
	t.Helper()
	key := c.key(t, member, "till")
	names := make(chan string, len(customers))
	for name := range customers {
		names <- name
	}
	close(names)
	type balance struct {
		customer string
		points   int64
	}
	answers := make(chan balance, len(customers))
	var group errgroup.Group
	for range askers {
		group.Go(func() error {
			for name := range names {
				points, err := c.balance(member, key, name)
				if err != nil {
					return err
				}
				answers <- balance{name, points}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	close(answers)
	found := map[string]int64{}
	for b := range answers {
		found[b.customer] = b.points
	}
	return found
}

// requireBalances compares what customers hold with what they must hold, customer by customer.
func (c *consortium) requireBalances(t *testing.T, member string, want map[string]int64) {
	t.Helper()
	got := c.held(t, member, want)
	wrong := 0
	for customer, balance := range want {
		if got[customer] != balance {
			wrong++
			if wrong <= 5 {
				t.Errorf("a customer holds %d points at %s, want %d", got[customer], member, balance)
			}
		}
	}
	if wrong > 0 {
		t.Fatalf("%d of %d customers hold something else than the receipts say", wrong, len(want))
	}
}

func (c *consortium) balance(member, key, customer string) (int64, error) {
	a, err := c.try(member, request{method: "POST", path: "/v1/accounts/lookup", key: key, body: fields{"reference": customer}})
	if err != nil || a.status != http.StatusOK {
		return 0, fmt.Errorf("no account of a customer: %d %.200s %w", a.status, a.body, err)
	}
	var found struct {
		Account string `json:"account"`
	}
	if err := json.Unmarshal(a.body, &found); err != nil {
		return 0, err
	}
	if a, err = c.try(member, request{method: "GET", path: "/v1/accounts/" + found.Account, key: key}); err != nil || a.status != http.StatusOK {
		return 0, fmt.Errorf("no position of an account: %d %.200s %w", a.status, a.body, err)
	}
	var p position
	err = json.Unmarshal(a.body, &p)
	return p.Posted, err
}

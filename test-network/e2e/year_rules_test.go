//go:build network

package e2e

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// linksVariable names a file that says which purchase each return of the real receipts belongs to: columns customer_id, return_time, return_invoice_id,
// original_invoice_id, amount. It stands beside the receipts when it isn't named.
const linksVariable = "TALLY_RETURN_LINKS"

// yearStep is by how many days the business date moves at once.
const yearStep = 7

// testYearUnderRules replays the real year again, under rules with tiers and a capped campaign, points that live six months, and returns against the purchases that they
// belong to. Every customer's lots must be those that an independent recomputation gives, and the audit re-executes every award.
func testYearUnderRules(t *testing.T, c *consortium) {
	file := realReceipts(t)
	rows := append(salesOf(t, file), linkedReturns(t)...)
	slices.SortStableFunc(rows, func(a, b yearRow) int { return a.at.Compare(b.at) })
	rules := must[[]byte](t)(os.ReadFile("testdata/year-rules.json"))
	operator := c.key(t, "grocer", "operator")
	ok[fields](t, c.call(t, "grocer", request{method: "POST", path: "/v1/programmes/grocer/rule-sets", key: operator, idempotency: unique("rules"), body: rules}))

	merged := writeRows(t, rows)
	out, err := c.attempt("tally-replay", "--gateway", c.url("grocer"), "--api-key-file", filepath.Join(c.dir.Gateway("grocer"), "api-keys.txt"),
		"--rejects", merged+".rejects", "--date-step", strconv.Itoa(yearStep), merged)
	t.Log(lastLines(out))
	if err != nil {
		t.Fatal(err)
	}
	want, last := recomputeYear(rows, yearStep)
	if got := c.businessDate(t, "grocer"); got != last.Format(time.DateOnly) {
		t.Fatalf("the business date is %s, the data ends on %s", got, last.Format(time.DateOnly))
	}
	requireRefusals(t, merged+".rejects", want)
	c.requireLots(t, want, last)
	report := c.requireHonestBooks(t)
	for _, words := range []string{"campaign:autumn", "Statement of programme grocer"} {
		if !strings.Contains(report, words) {
			t.Errorf("%q is not in the audit's statement", words)
		}
	}
}

func salesOf(t *testing.T, file string) []yearRow {
	t.Helper()
	var rows []yearRow
	for _, r := range readTable(t, must[*os.File](t)(os.Open(file))) {
		if r["customer_id"] != "" && r["is_return"] == "0" {
			rows = append(rows, yearRow{customer: r["customer_id"], receipt: r["invoice_id"], at: timeOf(t, r["date_or_time"]), minor: minorOf(t, r["amount"])})
		}
	}
	return rows
}

// linkedReturns are the returns, a line for each purchase that a return belongs to. Without the file they are the test's failure: it comes with the receipts.
func linkedReturns(t *testing.T) []yearRow {
	t.Helper()
	file := os.Getenv(linksVariable)
	if file == "" {
		file = filepath.Join(filepath.Dir(os.Getenv(receiptsVariable)), "uci_online_retail_return_links.csv.gz")
	}
	in := must[*os.File](t)(os.Open(file))
	table := readTable(t, must[*gzip.Reader](t)(gzip.NewReader(in)))
	rows := make([]yearRow, len(table))
	for i, r := range table {
		rows[i] = yearRow{
			customer: r["customer_id"], receipt: fmt.Sprintf("%s/%d", r["return_invoice_id"], i), original: r["original_invoice_id"],
			at: timeOf(t, r["return_time"]), minor: minorOf(t, r["amount"]), returned: true,
		}
	}
	return rows
}

func readTable(t *testing.T, from io.ReadCloser) []map[string]string {
	t.Helper()
	defer from.Close()
	all := must[[][]string](t)(csv.NewReader(from).ReadAll())
	rows := make([]map[string]string, len(all)-1)
	for i, record := range all[1:] {
		rows[i] = map[string]string{}
		for n, name := range all[0] {
			rows[i][name] = record[n]
		}
	}
	return rows
}

func timeOf(t *testing.T, s string) time.Time {
	t.Helper()
	return must[time.Time](t)(time.Parse("2006-01-02T15:04:05", s))
}

// minorOf reads an amount such as 12.5 or 12.50 into minor units.
func minorOf(t *testing.T, s string) int64 {
	t.Helper()
	whole, cents, _ := strings.Cut(s, ".")
	return must[int64](t)(strconv.ParseInt(whole+(cents + "00")[:2], 10, 64))
}

func writeRows(t *testing.T, rows []yearRow) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("customer_id,date_or_time,invoice_id,amount,is_return,original_invoice_id\n")
	for _, r := range rows {
		returned := "0"
		if r.returned {
			returned = "1"
		}
		fmt.Fprintf(&b, "%s,%s,%s,%d.%02d,%s,%s\n", r.customer, r.at.Format("2006-01-02T15:04:05"), r.receipt, r.minor/100, r.minor%100, returned, r.original)
	}
	file := filepath.Join(t.TempDir(), "year.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// requireRefusals requires that exactly the returns were refused that are more than their purchase.
func requireRefusals(t *testing.T, rejects string, want map[string]*shopper) {
	t.Helper()
	refused := 0
	for _, s := range want {
		refused += s.refusedBy
	}
	found := 0
	if in, err := os.Open(rejects); err == nil {
		for _, r := range readTable(t, in) {
			if !strings.HasPrefix(r["reason"], "RETURN_EXCEEDS") {
				t.Errorf("line %s: %s", r["line"], r["reason"])
			}
			found++
		}
	}
	if found != refused {
		t.Errorf("%d returns were refused, %d are more than their purchase", found, refused)
	}
}

// requireLots compares every customer's lots and debt, as the ledger holds them, with the recomputation. Lots that have expired by the last day and that nobody has touched since are left out on both sides.
func (c *consortium) requireLots(t *testing.T, want map[string]*shopper, last time.Time) {
	t.Helper()
	accounts := c.accountsOf(t, "grocer", slices.Sorted(maps.Keys(want)))
	wrong := 0
	for customer, s := range want {
		a := c.account(t, "grocer", accounts[customer])
		got := map[lotKey]int64{}
		for _, l := range a.Lots {
			gone := must[time.Time](t)(time.Parse(time.DateOnly, l.Expiry.String()))
			if gone.After(last) {
				got[lotKey{gone, l.Funding != ""}] += int64(l.Points)
			}
		}
		if !maps.Equal(got, s.lots) || int64(a.Debt) != s.debt {
			if wrong++; wrong <= 5 {
				t.Errorf("a customer has %v and owes %d, want %v and %d", got, a.Debt, s.lots, s.debt)
			}
		}
	}
	if wrong > 0 {
		t.Fatalf("%d of %d customers have other lots than the receipts say", wrong, len(want))
	}
}

// accountsOf asks a member's gateway for the accounts of customers, by their references.
func (c *consortium) accountsOf(t *testing.T, member string, customers []string) map[string]string {
	t.Helper()
	key := c.key(t, member, "till")
	accounts := make([]string, len(customers))
	var group errgroup.Group
	group.SetLimit(askers)
	for i, customer := range customers {
		group.Go(func() error {
			a, err := c.try(member, request{method: "POST", path: "/v1/accounts/lookup", key: key, body: fields{"reference": customer}})
			if err != nil || a.status != http.StatusOK {
				return fmt.Errorf("no account of a customer: %d %.200s %w", a.status, a.body, err)
			}
			var found operation
			err = json.Unmarshal(a.body, &found)
			accounts[i] = found.Account
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	byName := map[string]string{}
	for i, customer := range customers {
		byName[customer] = accounts[i]
	}
	return byName
}

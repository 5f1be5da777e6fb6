package replay

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

const uci = "customer_id,date_or_time,invoice_id,amount,units,is_return,country,lines,non_merch_amount\n"

func TestRowsOfTheRetailersFileAreRead(t *testing.T) {
	rows, err := Read(strings.NewReader(uci+
		"17850,2010-12-02T08:26:00,536365,139.12,40,0,United Kingdom,7,0.00\n"+
		"14527,2010-12-01T09:41:00,C536379,-27.50,-1,1,United Kingdom,1,-27.50\n"+
		",2010-12-01T09:41:00,536380,3.00,1,0,United Kingdom,1,0.00\n"+
		"15311,2010-12-03T09:49:00,C536383,4.65,-1,1,United Kingdom,1,0.00\n"), DefaultMapping(), Places{Store: "online", Terminal: "replay"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{
		{Line: 3, Customer: "14527", At: time.Date(2010, 12, 1, 9, 41, 0, 0, time.UTC), Receipt: "C536379", Minor: 2750, Return: true, Store: "online", Terminal: "replay"},
		{Line: 2, Customer: "17850", At: time.Date(2010, 12, 2, 8, 26, 0, 0, time.UTC), Receipt: "536365", Minor: 13912, Store: "online", Terminal: "replay"},
		{Line: 5, Customer: "15311", At: time.Date(2010, 12, 3, 9, 49, 0, 0, time.UTC), Receipt: "C536383", Minor: 465, Return: true, Store: "online", Terminal: "replay"},
	}
	if len(rows.Rows) != len(want) || rows.Anonymous != 1 || len(rows.Rejects) != 0 {
		t.Fatalf("%+v", rows)
	}
	for i := range want {
		if rows.Rows[i] != want[i] {
			t.Errorf("row %d: %+v, want %+v", i, rows.Rows[i], want[i])
		}
	}
}

func TestBadRowsAreRejectedWithLineAndReason(t *testing.T) {
	for name, row := range map[string]string{
		"too few fields":    "1,2010-12-01T08:26:00,5",
		"no receipt":        "1,2010-12-01T08:26:00,,1.00,1,0,UK,1,0",
		"no such day":       "1,2010-13-01T08:26:00,5,1.00,1,0,UK,1,0",
		"old":               "1,1969-12-01T08:26:00,5,1.00,1,0,UK,1,0",
		"words":             "1,2010-12-01T08:26:00,5,one,1,0,UK,1,0",
		"three decimals":    "1,2010-12-01T08:26:00,5,1.001,1,0,UK,1,0",
		"exponent":          "1,2010-12-01T08:26:00,5,1e3,1,0,UK,1,0",
		"overflow":          "1,2010-12-01T08:26:00,5,99999999999999999999,1,0,UK,1,0",
		"no amount":         "1,2010-12-01T08:26:00,5,,1,0,UK,1,0",
		"negative sale":     "1,2010-12-01T08:26:00,5,-1.00,1,0,UK,1,0",
		"strange flag":      "1,2010-12-01T08:26:00,5,1.00,1,maybe,UK,1,0",
		"long receipt":      "1,2010-12-01T08:26:00," + strings.Repeat("5", 65) + ",1.00,1,0,UK,1,0",
		"control character": "1,2010-12-01T08:26:00,5\x015,1.00,1,0,UK,1,0",
		"bare quote":        `1,2010-12-01T08:26:00,5"5,1.00,1,0,UK,1,0`,
	} {
		t.Run(name, func(t *testing.T) {
			good := "2,2010-12-01T08:26:00,6,1.00,1,0,UK,1,0\n"
			rows, err := Read(strings.NewReader(uci+good+row+"\n"+strings.Replace(good, "6", "7", 1)), DefaultMapping(), Places{Store: "s", Terminal: "t"})
			if err != nil {
				t.Fatal(err)
			}
			if len(rows.Rows) != 2 || len(rows.Rejects) != 1 || rows.Rejects[0].Line != 3 || rows.Rejects[0].Reason == "" {
				t.Errorf("%+v", rows)
			}
		})
	}
}

func TestAmountsAreReadExactly(t *testing.T) {
	for text, minor := range map[string]int64{"0": 0, "1": 100, "1.5": 150, "0.07": 7, "-27.50": -2750, "90071992547409.91": 1<<53 - 1} {
		if got, err := parseAmount(text); err != nil || got != minor {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
}

func TestTimesWithoutAZoneAreUTC(t *testing.T) {
	for text, want := range map[string]string{
		"2010-12-01T08:26:00": "2010-12-01T08:26:00Z", "2010-12-01 08:26": "2010-12-01T08:26:00Z", "2010-12-01": "2010-12-01T00:00:00Z",
		"2010-12-01T08:26:00+02:00": "2010-12-01T08:26:00+02:00",
	} {
		if got, err := parseTime(text); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

func TestAMappingNamesTheUsersColumns(t *testing.T) {
	file := "who,when,what,how_much,back\nann,2026-01-02,r1,5,no\nbob,2026-01-02,r2,7,yes\n"
	inline := "customer=who,time=when,receipt=what,amount=how_much,return=back"
	path := filepath.Join(t.TempDir(), "map.yaml")
	if err := os.WriteFile(path, []byte(strings.NewReplacer("=", ": ", ",", "\n").Replace(inline)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{inline, path} {
		m, err := ParseMapping(text)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := Read(strings.NewReader(file), m, Places{Store: "s", Terminal: "t"})
		if err != nil || len(rows.Rows) != 2 || rows.Rows[0].Customer != "ann" || !rows.Rows[1].Return || rows.Rows[1].Minor != 700 {
			t.Errorf("%s: %+v, %v", text, rows, err)
		}
	}
	for _, text := range []string{"customer", "customer=", "buyer=who", "customer=a,customer=b", "/no/such/file"} {
		if _, err := ParseMapping(text); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("mapping %q: %v", text, err)
		}
	}
	m, err := ParseMapping("store=shop")
	if err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string]string{"a mapped column": uci, "a needed column": "customer_id,invoice_id,amount,shop\n", "a header": ""} {
		if _, err := Read(strings.NewReader(header), m, Places{}); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestCompressedFilesAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "receipts.csv.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	if _, err := z.Write([]byte(uci + "1,2010-12-01T08:26:00,5,1.00,1,0,UK,1,0\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if rows, err := ReadFile(path, DefaultMapping(), Places{Store: "s", Terminal: "t"}); err != nil || len(rows.Rows) != 1 {
		t.Errorf("%+v, %v", rows, err)
	}
}

package replay

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// weekends doubles what is bought on Saturdays and Sundays.
const weekends = `{"v":1,"version":1,"effective":"2011-01-01","zone":"Europe/London","minorPerUnit":100,"prose":{"en":"Double points at weekends."},"rules":[
	{"id":"base","types":["purchase"],"action":{"rate":{"num":1,"den":100},"rounding":"floor"}},
	{"id":"weekend","types":["purchase"],"when":"weekday >= 6","action":{"multiplier":{"num":2,"den":1}}}]}`

func ruleSetFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDryRunTellsWhoGainsHowMuch(t *testing.T) {
	const file = `customer_id,date_or_time,invoice_id,amount,is_return
ann,2011-01-07T10:00:00Z,1,20.00,0
bob,2011-01-08T10:00:00Z,2,30.50,0
cat,2011-01-09T10:00:00Z,3,5.00,0
bob,2011-01-10T10:00:00Z,4,30.50,1
`
	rows, err := Read(strings.NewReader(file), DefaultMapping(), Places{Store: "s", Terminal: "t"})
	if err != nil {
		t.Fatal(err)
	}
	draft, err := ReadRuleSet(ruleSetFile(t, weekends))
	if err != nil {
		t.Fatal(err)
	}
	c, err := DryRun(rows, "GBP", rules.Standard(quantity.Ratio{Num: 1, Den: 100}), draft)
	if err != nil {
		t.Fatal(err)
	}
	if c.Old != 55 || c.New != 90 || c.Gaining != 2 || c.Losing != 0 || c.Unchanged != 1 {
		t.Errorf("the comparison is %+v", c)
	}
	var out bytes.Buffer
	PrintComparison(&out, &c)
	if text := out.String(); !strings.Contains(text, "2 customers gain, 0 lose, 1 see no difference") || strings.Contains(text, "ann") ||
		strings.Index(text, "bob") > strings.Index(text, "cat") {
		t.Errorf("printed as\n%s", text)
	}
}

func TestRuleSetsOfADryRunAreReadAsTheLedgerWould(t *testing.T) {
	for name, c := range map[string]struct {
		path string
		code fault.Code
	}{
		"as it should be":       {ruleSetFile(t, weekends), fault.OK},
		"no file":               {filepath.Join(t.TempDir(), "none"), fault.InvalidValue},
		"an unknown field":      {ruleSetFile(t, strings.Replace(weekends, `"zone"`, `"Zone"`, 1)), fault.Malformed},
		"a fraction":            {ruleSetFile(t, strings.Replace(weekends, "weekday >= 6", "amount > 1.5", 1)), fault.RuleInvalid},
		"a rule set without it": {ruleSetFile(t, `{}`), fault.RuleInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadRuleSet(c.path)
			if c.code == fault.OK && err != nil || c.code != fault.OK && (err == nil || fault.CodeOf(err) != c.code) {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestOnlyTheLargestDifferencesAreListed(t *testing.T) {
	c := rules.Comparison{}
	for i := range maxDifferences + 5 {
		c.Customers = append(c.Customers, rules.CustomerComparison{Customer: string(rune('a' + i)), New: quantity.Points(i)})
	}
	largest := largestDifferences(&c)
	if len(largest) != maxDifferences || largest[0].Difference() != maxDifferences+4 || largest[maxDifferences-1].Difference() != 5 {
		t.Errorf("%d are listed, from %d to %d", len(largest), largest[0].Difference(), largest[len(largest)-1].Difference())
	}
}

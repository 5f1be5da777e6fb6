package config

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

func TestRatesAreReadWithTheirSource(t *testing.T) {
	c, err := Load(folder(t, complete+"reports: {rateSource: ECB, rateAsOf: 2026-01-02, rates: [{currency: GBP, num: 117, den: 100}]}\n"), nil)
	if err != nil || len(c.Reports.Rates) != 1 || c.Reports.Rates[0] != (Rate{"GBP", 117, 100}) || c.Reports.RateSource != "ECB" {
		t.Errorf("%v, %+v", err, c)
	}
	if c, err = Load(folder(t, complete), nil); err != nil || len(c.Reports.Rates) != 0 {
		t.Errorf("without the block: %v", err)
	}
}

func TestWrongRatesNameTheirKey(t *testing.T) {
	for block, key := range map[string]string{
		"{checkpoints: chain, auditors: keys}":                                                                             "reports.checkpoints",
		"{checkpoints: chain, key: secret}":                                                                                "reports.checkpoints",
		"{rates: [{currency: GBP, num: 1, den: 1}]}":                                                                       "reports.rateSource",
		"{rateSource: s, rates: [{currency: GBP, num: 1, den: 1}]}":                                                        "reports.rateAsOf",
		"{rateSource: s, rateAsOf: 2026-01-02, rates: [{currency: GBP, num: 0, den: 1}]}":                                  "reports.rates",
		"{rateSource: s, rateAsOf: 2026-01-02, rates: [{currency: GBP, num: 1, den: 0}]}":                                  "reports.rates",
		"{rateSource: s, rateAsOf: 2026-01-02, rates: [{currency: gbp, num: 1, den: 1}]}":                                  "reports.rates",
		"{rateSource: s, rateAsOf: 2026-01-02, rates: [{currency: GBP, num: 1, den: 1}, {currency: GBP, num: 2, den: 1}]}": "reports.rates",
	} {
		if _, err := Load(folder(t, complete+"reports: "+block+"\n"), nil); fault.CodeOf(err) != fault.InvalidValue || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", block, err)
		}
	}
}

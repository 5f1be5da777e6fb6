package config

import (
	"regexp"

	"github.com/tallystick/tallystick/chaincode/quantity"
)

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

// MaxRates is how many currencies can have a rate.
const MaxRates = 200

// Reports says what reports need beside the ledger.
type Reports struct {
	RateSource string // Where the rates are from, in words.
	RateAsOf   string // Of which day they are, YYYY-MM-DD.
	Rates      []Rate // Towards the euro, one a currency. The euro needs none; a currency without one is reported in itself only.

	Key         string // File with the secret key that signs reports, as tally-audit checkpoint keygen writes it. Empty: none are signed.
	Checkpoints string // Folder with an auditor's checkpoints, which signed reports name. Empty: they name none.
	Auditors    string // File with the public keys of the auditors whose checkpoints these may be.
}

func (r *Reports) paths() []*string { return []*string{&r.Key, &r.Checkpoints, &r.Auditors} }

// Rate is what a currency is worth: Num/Den euro cents for one of its minor units.
type Rate struct {
	Currency string
	Num, Den int64
}

func (c *Config) validateReports() error {
	r := &c.Reports
	if r.Checkpoints != "" && (r.Auditors == "" || r.Key == "") {
		return wrong("reports.checkpoints", "needs reports.auditors, whose keys are believed, and reports.key, since signed reports alone name checkpoints")
	}
	if len(r.Rates) == 0 {
		return nil
	}
	if len(r.Rates) > MaxRates {
		return wrong("reports.rates", "has at most %d currencies", MaxRates)
	}
	if r.RateSource == "" {
		return wrong("reports.rateSource", "is missing: rates come with their source")
	}
	if _, err := quantity.ParseDay(r.RateAsOf); err != nil {
		return wrong("reports.rateAsOf", "must be a day written YYYY-MM-DD")
	}
	seen := map[string]bool{}
	for _, one := range r.Rates {
		ratio := quantity.Ratio{Num: one.Num, Den: one.Den}
		if err := ratio.Valid(); err != nil || one.Num == 0 || !currencyForm.MatchString(one.Currency) || seen[one.Currency] {
			return wrong("reports.rates", "must have one rate above nothing for each currency, by its three capital letters")
		}
		seen[one.Currency] = true
	}
	return nil
}

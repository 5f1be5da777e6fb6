package main

import (
	"io"

	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/gateway/replay"
)

// dryRun is what the flags of a dry run say.
type dryRun struct {
	wanted                   bool
	draft, against, currency string
}

func (d *dryRun) bind(fs *pflag.FlagSet) {
	fs.BoolVar(&d.wanted, "dry-run", false, "send nothing: say what the purchases give under --rules, compared with --against")
	fs.StringVar(&d.draft, "rules", "", "of a dry run: the drafted rule set, a JSON file")
	fs.StringVar(&d.against, "against", "", "of a dry run: the rule set to compare with (default: one point per major unit)")
	fs.StringVar(&d.currency, "currency", "GBP", "of a dry run: the amounts' currency, ISO 4217")
}

// pointPerUnit is the rate that a draft is compared with when no other rule set is given.
var pointPerUnit = quantity.Ratio{Num: 1, Den: 100}

func (d *dryRun) run(f *flags, path string, out io.Writer) (int, error) {
	if d.draft == "" {
		return exitUsage, fault.New(fault.InvalidValue, "a dry run needs the draft: --rules FILE")
	}
	if err := quantity.ValidCurrency(d.currency); err != nil {
		return exitUsage, err
	}
	draft, err := replay.ReadRuleSet(d.draft)
	if err != nil {
		return exitUsage, err
	}
	inForce := rules.Standard(pointPerUnit)
	if d.against != "" {
		if inForce, err = replay.ReadRuleSet(d.against); err != nil {
			return exitUsage, err
		}
	}
	rows, err := f.read(path)
	if err != nil {
		return exitUsage, err
	}
	comparison, err := replay.DryRun(rows, d.currency, inForce, draft)
	if err != nil {
		return exitFailed, err
	}
	replay.PrintComparison(out, &comparison)
	return 0, nil
}

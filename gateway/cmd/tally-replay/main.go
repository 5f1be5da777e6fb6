// Command tally-replay sends receipts from a CSV file through gateways; see package replay.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/replay"
)

// Exit codes besides 0.
const (
	exitFailed = 1 // Something has no final answer, or was refused for a mistake rather than by the programme's rules.
	exitUsage  = 2
	exitStrict = 3 // With --strict: something was refused or could not be read.
)

const help = `Sends receipts from a CSV file (.gz too, - for standard input) through gateways: opens accounts as customers appear, keeps each customer's
receipts in the order of time, moves a simulated programme's business date along, and counts what became of everything.

Sending the same file again changes nothing: the gateways know each till's receipt numbers.

One gateway takes all rows (or, when the file has a brand column, its own brand's); several are given by brand:
  --gateway http://127.0.0.1:27000
  --gateway airline=http://127.0.0.1:27000,hotel=http://127.0.0.1:27100

Keys are given in the same way, by value (--api-key, --operator-key) or as a file (--api-key-file): the file holds one key, or lines of
"till: key" and "operator: key". The operator's key moves the business date of simulated programmes.

The column mapping is given inline or as a YAML file of field: column; fields are customer, time, receipt, amount, return, brand, original, store, terminal:
  --map customer=customer_id,time=date_or_time,receipt=invoice_id,amount=amount,return=is_return

A dry run sends nothing: --dry-run --rules draft.json says what the purchases would give under a draft, compared with --against rules.json or, without it,
with a rate of one point per major unit. Every customer begins as a new account, and returns are left out.

Exit status: 0 done, 1 something has no final answer or was a mistake, 2 wrong usage or input, 3 with --strict: something was refused or unreadable.`

type flags struct {
	gateway, apiKey, apiKeyFile, operatorKey string
	mapping, rejects, report                 string
	places                                   replay.Places
	options                                  replay.Options
	strict                                   bool
	dry                                      dryRun
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	code := exitUsage
	f := &flags{}
	cmd := &cobra.Command{
		Use: "tally-replay [flags] FILE", Short: "Send receipts from a CSV file through gateways", Long: help, Args: cobra.ExactArgs(1),
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if f.dry.wanted {
				code, err = f.dry.run(f, args[0], cmd.OutOrStdout())
				return err
			}
			code, err = send(ctx, f, args[0])
			return err
		},
	}
	f.bind(cmd)
	if err := cmd.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "tally-replay:", err)
	}
	return code
}

func (f *flags) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.gateway, "gateway", "", "URL of the gateway, or brand=URL,... (required)")
	fs.StringVar(&f.apiKey, "api-key", "", "API key with scope till, or brand=key,...")
	fs.StringVar(&f.apiKeyFile, "api-key-file", "", "file with the API keys, or brand=file,...")
	fs.StringVar(&f.operatorKey, "operator-key", "", "API key with scope operator, or brand=key,...")
	fs.StringVar(&f.mapping, "map", "", "column mapping: field=column,... or a YAML file")
	fs.StringVar(&f.places.Store, "store", "online", "store of rows without one")
	fs.StringVar(&f.places.Terminal, "terminal", "replay", "terminal of rows without one")
	fs.IntVar(&f.options.Bulk, "bulk", replay.DefaultBulk, "rows of one call")
	fs.IntVar(&f.options.Concurrency, "concurrency", replay.DefaultConcurrency, "calls in flight per gateway")
	fs.IntVar(&f.options.DateStep, "date-step", replay.DefaultDateStep, "days by which a simulated programme's business date moves at once")
	fs.DurationVar(&f.options.RetryFor, "retry-for", replay.DefaultRetryFor, "how long a gateway may be away")
	fs.StringVar(&f.options.Prefix, "idempotency-prefix", "", "put before every idempotency key")
	fs.StringVar(&f.options.StateFile, "state", "", "file that keeps the progress, for resuming")
	fs.StringVar(&f.rejects, "rejects", "", "file for rows that were not sent or were refused (default FILE.rejects.csv)")
	fs.StringVar(&f.report, "json", "", "also write the report to this file as JSON")
	f.dry.bind(fs)
	fs.BoolVar(&f.strict, "strict", false, "exit with 3 when a row was refused or unreadable")
}

func send(ctx context.Context, f *flags, path string) (int, error) {
	targets, err := targetsOf(f)
	if err != nil {
		return exitUsage, err
	}
	rows, err := f.read(path)
	if err != nil {
		return exitUsage, err
	}
	f.options.Targets = targets
	f.options.Progress = replay.ShowProgress(os.Stderr, len(rows.Rows))
	report, err := replay.Run(ctx, rows, f.options)
	if report == nil {
		return exitUsage, err
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted; run it again to go on (with --state it skips what is finished)")
	}
	return conclude(f, path, report, err)
}

// read reads the receipts by the mapping that the flags name.
func (f *flags) read(path string) (*replay.Rows, error) {
	mapping, err := replay.ParseMapping(f.mapping)
	if err != nil {
		return nil, err
	}
	return replay.ReadFile(path, mapping, f.places)
}

// conclude prints and writes the report, whatever happened before.
func conclude(f *flags, path string, report *replay.Report, failed error) (int, error) {
	report.Print(os.Stdout)
	rejects := f.rejects
	if rejects == "" {
		rejects = path + ".rejects.csv"
		if path == "-" {
			rejects = "replay.rejects.csv"
		}
	}
	if err := report.WriteRejects(rejects); err != nil {
		return exitFailed, errors.Join(failed, err)
	}
	if len(report.Rejects) > 0 {
		fmt.Fprintf(os.Stderr, "tally-replay: %d rows were not applied; %s says why\n", len(report.Rejects), rejects)
	}
	if err := writeJSON(f.report, report); err != nil {
		return exitFailed, errors.Join(failed, err)
	}
	switch {
	case failed != nil:
		return exitFailed, failed
	case report.Mistakes() > 0:
		return exitFailed, fmt.Errorf("%d rows were refused as mistakes", report.Mistakes())
	case f.strict && len(report.Rejects) > 0:
		return exitStrict, nil
	}
	return 0, nil
}

func writeJSON(path string, report *replay.Report) error {
	if path == "" {
		return nil
	}
	raw, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, "the report can't be encoded: %v", err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fault.New(fault.InvalidValue, "the report can't be written: %v", err)
	}
	return nil
}

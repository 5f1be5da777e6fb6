// Command tally-bench measures a running gateway beside the naive way on the same network; see package bench.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/bench"
	"github.com/tallystick/tallystick/gateway/client"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
)

const help = `Measures the gateway whose configuration is given, on the running network: uniform load, one hot account and a calm rate through its HTTP API, and, beside
them, the naive way: one transaction per operation through the same chaincode, retried when it loses a conflict. The loads run one after the other.

With --partner-config it then measures redemptions at the partner's till, swaps into the partner's points and awards by the partner, each through the gateway where it takes
place, beside redemptions at home and the naive way. Both members' customers must be able to do so under the agreement that is in force.

Last comes the uniform load again, with accruals under a rule set and redemptions that the custodian signs; for it the operator's identity publishes a rule set.

It opens accounts, issues points and publishes rules in the gateway's programme, and makes the two members owe each other money: don't run it against a programme that matters.`

type flags struct {
	config, gateway, apiKey, json string
	partner                       string
	options                       bench.Options
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally-bench:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use: "tally-bench --config gateway.yaml", Short: "Measure a running gateway beside the naive way", Long: help, Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.config, "config", "gateway.yaml", "configuration file of a running gateway in writer mode")
	fs.StringVar(&f.gateway, "gateway", "", "its URL (default: where the configuration listens)")
	fs.StringVar(&f.apiKey, "api-key", "", "API key with scope till (default: line till of api-keys.txt beside the configuration)")
	fs.StringVar(&f.partner, "partner-config", "", "configuration file of a partner's running gateway, with its api-keys.txt beside it; empty for no loads between brands")
	fs.StringVar(&f.json, "json", "", "also write the results to this file as JSON")
	fs.DurationVar(&f.options.Length, "length", bench.DefaultLength, "length of each load")
	fs.IntVar(&f.options.Clients, "clients", bench.DefaultClients, "clients of the loads with single requests")
	fs.IntVar(&f.options.Accounts, "accounts", bench.DefaultAccounts, "accounts of the uniform load")
	return cmd
}

func run(ctx context.Context, f *flags) (err error) {
	cfg, err := config.Load(f.config, nil)
	if err != nil {
		return err
	}
	if cfg.Mode != config.Writer {
		return fault.New(fault.ReadOnly, "%s is a gateway that only reads", cfg.Member)
	}
	connection, err := ledger.Connect(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	if err := f.connect(ctx, cfg, connection); err != nil {
		return err
	}
	if f.partner != "" {
		if f.options.Partner, err = partner(ctx, f.partner, cfg, connection); err != nil {
			return err
		}
	}
	operator, err := f.publisher(cfg)
	if err != nil {
		return err
	}
	if operator != nil {
		defer func() { err = errors.Join(err, operator.Close()) }()
	}
	results, err := bench.Run(ctx, f.options)
	if err != nil {
		return err
	}
	results.Print(os.Stdout)
	return write(f.json, results)
}

// connect fills in what the benchmark works on.
func (f *flags) connect(ctx context.Context, cfg *config.Config, connection *ledger.Client) error {
	if f.gateway == "" {
		f.gateway = "http://" + cfg.Listen
	}
	if f.apiKey == "" {
		var err error
		if f.apiKey, err = tillKey(filepath.Join(filepath.Dir(f.config), "api-keys.txt")); err != nil {
			return err
		}
	}
	session, err := client.Open(f.gateway, f.apiKey)
	if err != nil {
		return err
	}
	contract := connection.Points(cfg.Programme)
	if f.options.Programme, err = contract.Programme(ctx); err != nil {
		return err
	}
	f.options.Gateway, f.options.Ledger, f.options.Member = session, bench.Direct{Points: contract}, cfg.Member
	f.options.Tell = func(text string) { fmt.Fprintln(os.Stderr, "bench:", text) }
	return nil
}

// partner is the other brand: its gateway, and what the naive way needs to award its points in the member's name. The lanes are those in which the member's gateway brings
// awards of the partner's points to the ledger; no other load of the benchmark uses them.
func partner(ctx context.Context, path string, own *config.Config, connection *ledger.Client) (*bench.Partner, error) {
	cfg, err := config.Load(path, nil)
	if err != nil {
		return nil, err
	}
	key, err := tillKey(filepath.Join(filepath.Dir(path), "api-keys.txt"))
	if err != nil {
		return nil, err
	}
	session, err := client.Open("http://"+cfg.Listen, key)
	if err != nil {
		return nil, err
	}
	member, err := connection.Clearing().Member(ctx, cfg.Member)
	if err != nil {
		return nil, err
	}
	return &bench.Partner{
		Name: cfg.Member, Gateway: session,
		Ledger: bench.DirectExchange{Exchange: connection.Exchange(cfg.Member, own.Member), Home: connection.Points(cfg.Programme)},
		Lanes:  bench.LaneRange{First: clearing.CrossLane(member.Number, clearing.HomeOther, 0), Count: clearing.PairLanes},
	}, nil
}

// publisher connects as the operator, where the configuration has an operator's identity; nil without one.
func (f *flags) publisher(cfg *config.Config) (*ledger.Client, error) {
	if !cfg.Operator.Given() {
		return nil, nil
	}
	operator := *cfg
	operator.Identity = cfg.Operator
	connection, err := ledger.Connect(&operator)
	if err != nil {
		return nil, err
	}
	f.options.Publisher = connection.Points(cfg.Programme)
	return connection, nil
}

func tillKey(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fault.New(fault.InvalidValue, "no --api-key is given and %s can't be read: %v", path, err)
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if name, key, found := strings.Cut(line, ":"); found && name == "till" {
			return strings.TrimSpace(key), nil
		}
	}
	return "", fault.New(fault.InvalidValue, "%s has no line \"till: key\"", path)
}

func write(path string, results *bench.Results) error {
	if path == "" {
		return nil
	}
	raw, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, "the results can't be encoded: %v", err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fault.New(fault.InvalidValue, "the results can't be written: %v", err)
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/archive"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/reports"
	"github.com/tallystick/tallystick/gateway/software"
	"github.com/tallystick/tallystick/gateway/store"
)

// reportFlags are those of a report.
type reportFlags struct {
	archive, from, to    string
	after                string
	limit                int
	at                   uint64
	key, chain, auditors string
}

// ofLedger are the reports that follow from the blocks alone, or as far as they do.
func ofLedger() []reports.Name {
	return slices.DeleteFunc(reports.Names(), func(n reports.Name) bool { return n == reports.NameAccesses })
}

func reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use: "report --from-archive dir [--at n] name", Short: "Make a gateway's report again, as of any block of an archive", Args: cobra.ExactArgs(1), SilenceUsage: true,
		Long: "Builds the read model from an archive's blocks and makes the report that GET /v1/reports/<name> gave at that block, as JSON. What needs private data or a\n" +
			"gateway's configuration is not in it: what brands owe each other, and euro figures. With --key the report is signed, to be kept.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.make(cmd.Context(), reports.Name(args[0]), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&f.archive, "from-archive", "", "the archive's folder")
	cmd.Flags().StringVar(&f.from, "from", "", "first business date of the period (YYYY-MM-DD)")
	cmd.Flags().StringVar(&f.to, "to", "", "last business date of the period (YYYY-MM-DD)")
	cmd.Flags().StringVar(&f.after, "after", "", "of a report that comes in pages: next of the page before")
	cmd.Flags().IntVar(&f.limit, "limit", 0, "of a report that comes in pages: entries of a page (default: as many as it may have)")
	cmd.Flags().Uint64Var(&f.at, "at", 0, "take this many blocks only (default: all)")
	cmd.Flags().StringVar(&f.key, "key", "", "secret key to sign the report with")
	cmd.Flags().StringVar(&f.chain, "chain", "", "folder of checkpoints that a signed report names")
	cmd.Flags().StringVar(&f.auditors, "auditors", "", "file with the public keys of auditors whose checkpoints these are")
	cmd.AddCommand(verifyReportCommand())
	return required(cmd, "from-archive")
}

func (f *reportFlags) make(ctx context.Context, name reports.Name, out io.Writer) error {
	if !slices.Contains(ofLedger(), name) {
		return fault.New(fault.InvalidValue, "there is no such report for the ledger")
	}
	period, err := f.period()
	if err != nil {
		return err
	}
	signer, err := f.signer()
	if err != nil {
		return err
	}
	return f.readModel(ctx, func(r *store.Reads) error {
		made, err := reports.Make(ctx, name, &reports.Sources{Reader: r, Page: reports.Page{After: f.after, Limit: f.limit}}, period)
		if err != nil {
			return err
		}
		if signer == nil {
			return write(out, made)
		}
		signed, err := signer.Sign(made)
		if err != nil {
			return err
		}
		return write(out, signed)
	})
}

func write(out io.Writer, document any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e.Encode(document)
}

// signer signs with the key's name; nil without a key.
func (f *reportFlags) signer() (*reports.Signer, error) {
	if f.key == "" {
		return nil, nil
	}
	secret, err := os.ReadFile(f.key)
	if err != nil {
		return nil, fault.New(fault.NotFound, "the key can't be read: %v", err)
	}
	name, err := checkpoint.NameOf(string(secret))
	if err != nil {
		return nil, err
	}
	m, err := archive.Folder{Dir: f.archive}.Manifest()
	if err != nil {
		return nil, err
	}
	executable, err := software.Executable()
	if err != nil {
		return nil, err
	}
	s := &reports.Signer{Member: name, Channel: m.Channel, Secret: string(secret), Software: software.Describe(program), Executable: executable}
	if f.chain == "" {
		return s, nil
	}
	s.Checkpoints = func() (checkpoint.Chain, error) { return verified(f.chain, f.auditors) }
	return s, s.Check()
}

func (f *reportFlags) period() (p reports.Period, err error) {
	p = reports.Always
	for text, into := range map[*string]*quantity.Day{&f.from: &p.From, &f.to: &p.To} {
		if *text == "" {
			continue
		}
		if *into, err = quantity.ParseDay(*text); err != nil {
			return p, err
		}
	}
	return p, nil
}

// readModel builds a read model from the archive, and takes it away afterwards.
func (f *reportFlags) readModel(ctx context.Context, use func(*store.Reads) error) (err error) {
	src, err := f.source()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tally-report-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := store.Open(ctx, filepath.Join(dir, "read-model.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := project(ctx, s, src); err != nil {
		return err
	}
	return use(store.NewReads(s.Reader()))
}

// project runs the gateway's own projection until it has every block of the source.
func project(ctx context.Context, s *store.Store, src projection.Source) error {
	p := projection.New(projection.Settings{
		Sources: []projection.Source{src}, Store: s, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	}, func(projection.Outcome) {})
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(running) }()
	select {
	case err := <-ended:
		return err
	case <-p.CaughtUp():
		stop()
		<-ended
		return ctx.Err()
	}
}

func (f *reportFlags) source() (projection.Source, error) {
	folder := archive.Folder{Dir: f.archive}
	m, err := folder.Manifest()
	if err != nil {
		return nil, err
	}
	if f.at > m.Height() {
		return nil, tooFew("archive "+f.archive, m.Height(), f.at)
	}
	height := m.Height()
	if f.at > 0 {
		height = f.at
	}
	return cut{folder, height}, nil
}

// cut is an archive as it was when it had so many blocks.
type cut struct {
	archive.Folder
	height uint64
}

// Last gives the last block that isn't cut off.
func (c cut) Last(ctx context.Context) (last *common.Block, err error) {
	for d, err := range c.Folder.Blocks(ctx, c.height-1, c.height-1, blocks.Public) {
		if err != nil {
			return nil, err
		}
		last = d.Block
	}
	return last, nil
}

// Blocks gives the blocks that aren't cut off, then waits for the reader to end.
func (c cut) Blocks(ctx context.Context, from, last uint64, content blocks.Content) iter.Seq2[blocks.Delivered, error] {
	return func(yield func(blocks.Delivered, error) bool) {
		for d, err := range c.Folder.Blocks(ctx, from, min(last, c.height-1), content) {
			if !yield(d, err) || err != nil {
				return
			}
		}
		if last >= c.height {
			<-ctx.Done()
			yield(blocks.Delivered{}, ctx.Err())
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/audit"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/store"
)

// noDatabase is the value of --database that switches the comparison off.
const noDatabase = "none"

// statementMode is the mode of the JSON statement.
const statementMode = 0o644

// flags are those of an audit.
type flags struct {
	config, from, archive, save, json, database, member, genesis, since string
	auditors, chain, trust                                              string
	at                                                                  uint64
}

func (f *flags) register(set *pflag.FlagSet) {
	set.StringVar(&f.config, "config", "", "configuration of the member's gateway")
	set.StringVar(&f.from, "from-file", "", "read blocks from this folder (made by --save) instead of a peer")
	set.StringVar(&f.archive, "from-archive", "", "read blocks from this archive (made by tally-audit archive write) instead of a peer")
	set.StringVar(&f.save, "save", "", "write the blocks that are read to this folder; they may hold private data")
	set.StringVar(&f.json, "json", "", "also write the statement as JSON to this file")
	set.StringVar(&f.database, "database", "", "gateway database to compare with (default: that of --config, if it is there; none: no comparison)")
	set.StringVar(&f.member, "member", "", "member whose gateway's the database is: it must hold the data of the member's pairs (default: that of --config, for its own database)")
	set.StringVar(&f.genesis, "genesis", "", "hash that block 0's header must have, in hex, as known from elsewhere")
	set.StringVar(&f.since, "since", "", "first business date (YYYY-MM-DD) of the period that the programmes' statements tell of (default: from their beginning)")
	set.StringVar(&f.auditors, "auditors", "", "file with the public keys of auditors that are believed, one on a line")
	set.StringVar(&f.chain, "chain", "", "folder of an auditor's signed checkpoints, to be compared on the way")
	set.StringVar(&f.trust, "trust", "", "signed checkpoint that is believed: signatures, endorsements and transactions of the blocks before it are NOT checked again")
	set.Uint64Var(&f.at, "at", 0, "audit this many blocks only, and no state that came after them (default: all)")
}

// source is where blocks come from.
type source struct {
	name    string
	channel string
	count   uint64
	blocks  iter.Seq2[blocks.Delivered, error]
	peer    *blocks.Peer       // Nil when blocks come from a folder, as the next.
	others  *audit.Comparisons // Reading other members' peers.
	close   func()
}

func run(ctx context.Context, f flags, out, progress io.Writer) error {
	_, statement, err := examine(ctx, f, progress)
	if err != nil {
		return err
	}
	return report(statement, f, out)
}

// examine makes the audit.
func examine(ctx context.Context, f flags, progress io.Writer) (*audit.Auditor, *audit.Statement, error) {
	began := time.Now()
	cfg, err := load(f)
	if err != nil {
		return nil, nil, err
	}
	options, err := f.options()
	if err != nil {
		return nil, nil, err
	}
	if f.at == 0 {
		if options.Database, err = expected(ctx, f, cfg); err != nil {
			return nil, nil, err
		}
	}
	// The blocks' height is asked after the database was read: whatever it has projected, the ledger has.
	src, err := open(ctx, f, cfg)
	if err != nil {
		return nil, nil, err
	}
	defer src.close()
	options.Progress = bar(progress, src.count)
	auditor := audit.New(options)
	finding := auditor.Blocks(ctx, src.blocks)
	if finding == nil && src.others != nil {
		finding = auditor.Peers(src.others)
	}
	if finding == nil && src.peer != nil && f.at == 0 {
		finding = compareState(ctx, auditor, cfg, src.peer)
	}
	statement, err := auditor.Finish(finding)
	if err != nil {
		return nil, nil, err
	}
	statement.Source, statement.Channel, statement.Seconds = src.name, src.channel, time.Since(began).Seconds()
	return auditor, statement, nil
}

// options are what the flags ask for beside the sources.
func (f *flags) options() (o audit.Options, err error) {
	o.Genesis = f.genesis
	if f.since != "" {
		if o.Since, err = quantity.ParseDay(f.since); err != nil {
			return o, err
		}
	}
	if f.save != "" {
		o.Save = blocks.Archive{Dir: f.save}.Save
	}
	if f.chain == "" && f.trust == "" {
		return o, nil
	}
	keys, err := believed(f.auditors)
	if err != nil {
		return o, err
	}
	if f.chain != "" {
		chain, err := checkpoint.LoadChain(f.chain, keys)
		if err != nil {
			return o, err
		}
		o.Checkpoints = upTo(chain.Bodies(), f.at)
	}
	if f.trust != "" {
		trusted, err := checkpoint.Load(f.trust, keys)
		if err != nil {
			return o, err
		}
		o.Checkpoints, o.Trusted = append(o.Checkpoints, trusted.Body), trusted.Height
	}
	return o, nil
}

// upTo leaves out checkpoints above the height where the audit is to end; 0 is no end.
func upTo(bodies []*checkpoint.Body, height uint64) []*checkpoint.Body {
	return slices.DeleteFunc(bodies, func(b *checkpoint.Body) bool { return height > 0 && b.Height > height })
}

func believed(file string) (*checkpoint.Keys, error) {
	if file == "" {
		return nil, fault.New(fault.InvalidValue, "say with --auditors which auditors' public keys are believed")
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.NotFound, "the auditors' public keys can't be read: %v", err)
	}
	return checkpoint.ParseKeys(string(raw))
}
func load(f flags) (*config.Config, error) {
	if f.from != "" && f.archive != "" {
		return nil, fault.New(fault.InvalidValue, "--from-file and --from-archive are two sources: name one")
	}
	if f.config == "" {
		if f.kept() == "" {
			return nil, fault.New(fault.InvalidValue, "say with --config whose peer to read, or with --from-file or --from-archive which folder")
		}
		return nil, nil
	}
	if f.kept() != "" && f.save != "" {
		return nil, fault.New(fault.InvalidValue, "--save is for blocks from a peer")
	}
	return config.Load(f.config, nil)
}

// kept is the folder that blocks are read from; empty when they come from a peer.
func (f *flags) kept() string { return f.from + f.archive }

// expected reads the gateway's projection, if there is one to compare with.
func expected(ctx context.Context, f flags, cfg *config.Config) (d *audit.Database, err error) {
	path := f.database
	if path == "" && cfg != nil && f.kept() == "" {
		path = cfg.Database
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
	}
	if path == "" || path == noDatabase {
		return nil, nil
	}
	s, err := store.OpenReadOnly(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if d, err = audit.ReadDatabase(ctx, path, s); err != nil {
		return nil, err
	}
	d.Member = f.owner(path, cfg)
	return d, nil
}

// owner is the member whose gateway's the database is; empty when nobody says it.
func (f *flags) owner(path string, cfg *config.Config) string {
	if f.member == "" && cfg != nil && path == cfg.Database {
		return cfg.Member
	}
	return f.member
}

func report(s *audit.Statement, f flags, out io.Writer) error {
	if err := s.WriteText(out); err != nil {
		return err
	}
	if f.json != "" {
		raw, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.json, append(raw, '\n'), statementMode); err != nil {
			return fmt.Errorf("the statement can't be written: %w", err)
		}
	}
	if s.Verdict != audit.VerdictPassed {
		return errDifference
	}
	return nil
}

// bar shows progress on a terminal; elsewhere there is none.
func bar(w io.Writer, count uint64) func(uint64) {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	b := progressbar.NewOptions64(int64(count), progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("auditing blocks"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("blocks"), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	return func(block uint64) { b.Set64(int64(block) + 1) } //nolint:errcheck // A bar that can't be drawn is no reason to stop.
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/audit"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/store"
)

// noDatabase is the value of --database that switches the comparison off.
const noDatabase = "none"

// statementMode is the mode of the JSON statement.
const statementMode = 0o644

type flags struct{ config, from, save, json, database, genesis, since string }

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
	began := time.Now()
	cfg, err := load(f)
	if err != nil {
		return err
	}
	database, err := expected(ctx, f, cfg)
	if err != nil {
		return err
	}
	// The blocks' height is asked after the database was read: whatever it has projected, the ledger has.
	src, err := open(ctx, f, cfg)
	if err != nil {
		return err
	}
	defer src.close()
	options := audit.Options{Genesis: f.genesis, Database: database, Progress: bar(progress, src.count)}
	if f.since != "" {
		if options.Since, err = quantity.ParseDay(f.since); err != nil {
			return err
		}
	}
	if f.save != "" {
		options.Save = blocks.Archive{Dir: f.save}.Save
	}
	auditor := audit.New(options)
	finding := auditor.Blocks(ctx, src.blocks)
	if finding == nil && src.others != nil {
		finding = auditor.Peers(src.others)
	}
	if finding == nil && src.peer != nil {
		finding = compareState(ctx, auditor, cfg, src.peer)
	}
	statement, err := auditor.Finish(finding)
	if err != nil {
		return err
	}
	statement.Source, statement.Channel, statement.Seconds = src.name, src.channel, time.Since(began).Seconds()
	return report(statement, f, out)
}

func load(f flags) (*config.Config, error) {
	if f.config == "" {
		if f.from == "" {
			return nil, fault.New(fault.InvalidValue, "say with --config whose peer to read, or with --from-file which folder")
		}
		return nil, nil
	}
	if f.from != "" && f.save != "" {
		return nil, fault.New(fault.InvalidValue, "--save is for blocks from a peer: --from-file reads what was saved")
	}
	return config.Load(f.config, nil)
}

// expected reads the gateway's projection, if there is one to compare with.
func expected(ctx context.Context, f flags, cfg *config.Config) (d *audit.Database, err error) {
	path := f.database
	if path == "" && cfg != nil && f.from == "" {
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
	return audit.ReadDatabase(ctx, path, s)
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

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/network/ca"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "tally-ca:", err)
		os.Exit(1)
	}
}

// options are the flags that every command has.
type options struct{ run, member, client string }

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{Use: "tally-ca", Short: "Enrol, renew, list and revoke a member's identities, and change its authorities", SilenceUsage: true, SilenceErrors: true}
	flags := root.PersistentFlags()
	flags.StringVar(&o.run, "run", orDefault("TALLY_RUN", filepath.Join("test-network", "run")), "run directory")
	flags.StringVar(&o.member, "member", "", "whose identities")
	flags.StringVar(&o.client, "client", filepath.Join(orDefault("FABRIC_BIN", filepath.Join("network", "build", "fabric")), "fabric-ca-client"), "the program fabric-ca-client")
	_ = root.MarkPersistentFlagRequired("member") // The flag is defined above.
	root.AddCommand(newEnrol(o), newRenew(o), newRekey(o), newList(o), newRevoke(o), newPublish(o), newAddRoot(o), newDropRoot(o), newWriters(o), newSign(o), newSubmit(o))
	return root
}

func orDefault(variable, fallback string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return fallback
}

// setting is a member and where everything of its lies.
type setting struct {
	dir    rundir.Dir
	all    *membership.Membership
	member membership.Member
	*ca.Client
}

func (o *options) open() (*setting, error) {
	dir, err := rundir.At(o.run)
	if err != nil {
		return nil, err
	}
	m, err := membership.Load(dir.Membership())
	if err != nil {
		return nil, err
	}
	member, known := m.Member(o.member)
	if !known {
		return nil, failure.New(failure.SettingInvalid, "%q is no member of the consortium", o.member)
	}
	program, err := filepath.Abs(o.client)
	if err != nil {
		return nil, failure.Wrap(failure.SettingInvalid, err, "%s", o.client)
	}
	return &setting{dir: dir, all: m, member: member, Client: ca.Open(dir, m, member, program)}, nil
}

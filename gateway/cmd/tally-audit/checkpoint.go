package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/audit"
	"github.com/tallystick/tallystick/gateway/checkpoint"
)

// Files of an auditor's key.
const (
	secretName = "auditor.secret"
	publicName = "auditor.pub"
	secretMode = 0o600
	publicMode = 0o644
	folderMode = 0o700
)

func checkpointCommand() *cobra.Command {
	group := &cobra.Command{Use: "checkpoint", Short: "Write, verify and compare signed audit checkpoints"}
	group.AddCommand(keygenCommand(), writeCommand(), verifyCommand(), compareCommand())
	return group
}

func keygenCommand() *cobra.Command {
	var name, dir string
	cmd := &cobra.Command{
		Use: "keygen --name regulator.example/auditor --out dir", Short: "Draw an auditor's key", Args: cobra.NoArgs, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return keygen(name, dir, cmd.OutOrStdout()) },
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the key, as it stands beside its signatures")
	cmd.Flags().StringVar(&dir, "out", "", "folder for "+secretName+" and "+publicName)
	return required(cmd, "name", "out")
}

func required(cmd *cobra.Command, names ...string) *cobra.Command {
	for _, n := range names {
		if err := cmd.MarkFlagRequired(n); err != nil {
			panic(err) // The flag was defined a line above.
		}
	}
	return cmd
}

func keygen(name, dir string, out io.Writer) error {
	secret, public, err := checkpoint.NewKey(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return err
	}
	for _, f := range []struct {
		name, text string
		mode       os.FileMode
	}{{secretName, secret, secretMode}, {publicName, public, publicMode}} {
		if err := create(filepath.Join(dir, f.name), f.text+"\n", f.mode); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(out, public)
	return err
}

// create writes a file that isn't there yet.
func create(path, text string, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return fault.New(fault.AlreadyExists, "%s is there already", path)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

func writeCommand() *cobra.Command {
	var f flags
	var key string
	cmd := &cobra.Command{
		Use: "write --config gateway.yaml --auditors keys --key auditor.secret --chain dir", Short: "Audit, and sign where it stands when everything agrees",
		Long: "Makes the same audit as tally-audit, with the chain's earlier checkpoints compared on the way, and adds a signed one to the chain when it passes.",
		Args: cobra.NoArgs, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sign(cmd.Context(), f, key, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f.register(cmd.Flags())
	cmd.Flags().StringVar(&key, "key", "", "the auditor's secret key")
	return required(cmd, "key", "chain", "auditors")
}

func sign(ctx context.Context, f flags, key string, out, progress io.Writer) error {
	secret, err := os.ReadFile(key)
	if err != nil {
		return fault.New(fault.NotFound, "the auditor's key can't be read: %v", err)
	}
	keys, err := believed(f.auditors)
	if err != nil {
		return err
	}
	chain, err := checkpoint.LoadChain(f.chain, keys)
	if err != nil {
		return err
	}
	auditor, statement, err := examine(ctx, f, progress)
	if err != nil {
		return err
	}
	if err := report(statement, f, out); err != nil {
		return err
	}
	path, err := add(auditor, chain, keys, f.chain, string(secret))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nSigned at height %d: %s\n", auditor.Height(), path)
	return err
}

// add signs where the audit stands, and writes it once it fits the chain and its signature is one that is believed.
func add(auditor *audit.Auditor, chain checkpoint.Chain, keys *checkpoint.Keys, dir, secret string) (string, error) {
	body, err := auditor.Checkpoint()
	if err != nil {
		return "", err
	}
	body.Previous = chain.Tip()
	raw, err := checkpoint.Seal(body, secret)
	if err != nil {
		return "", err
	}
	signed, err := keys.Open(raw)
	if err != nil {
		return "", fmt.Errorf("the auditor's own public key is not among --auditors: %w", err)
	}
	if _, err := chain.Append(signed); err != nil {
		return "", err
	}
	return checkpoint.Save(dir, signed.Height, raw)
}

func verifyCommand() *cobra.Command {
	var auditors string
	cmd := &cobra.Command{
		Use: "verify --auditors keys dir", Short: "Verify a chain of checkpoints: signatures, order and links", Args: cobra.ExactArgs(1), SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			chain, err := verified(args[0], auditors)
			if err != nil {
				return err
			}
			for _, s := range chain {
				fmt.Fprintf(cmd.OutOrStdout(), "height %d, signed by %v, digest %s\n", s.Height, s.Signers, s.Digest())
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&auditors, "auditors", "", "file with the public keys of auditors that are believed")
	return required(cmd, "auditors")
}

// verified loads a chain that has checkpoints.
func verified(dir, auditors string) (checkpoint.Chain, error) {
	keys, err := believed(auditors)
	if err != nil {
		return nil, err
	}
	chain, err := checkpoint.LoadChain(dir, keys)
	if err == nil && len(chain) == 0 {
		err = fault.New(fault.NotFound, "folder %s has no checkpoints", dir)
	}
	return chain, err
}

func compareCommand() *cobra.Command {
	var auditors string
	cmd := &cobra.Command{
		Use: "compare --auditors keys dir dir", Short: "Compare two auditors' checkpoints where both signed", Args: cobra.ExactArgs(2), SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			one, err := verified(args[0], auditors)
			if err != nil {
				return err
			}
			two, err := verified(args[1], auditors)
			if err != nil {
				return err
			}
			return compare(one, two, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&auditors, "auditors", "", "file with the public keys of both auditors")
	return required(cmd, "auditors")
}

func compare(one, two checkpoint.Chain, out io.Writer) error {
	c, err := checkpoint.Compare(one, two)
	if err != nil {
		return err
	}
	for _, height := range c.Agreed {
		fmt.Fprintf(out, "height %d: both say the same\n", height)
	}
	if c.One == "" {
		return nil
	}
	fmt.Fprintf(out, "height %d: they DIFFER\n  %s\n  %s\n", c.Height, c.One, c.Two)
	return errDifference
}

package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/network/administration"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

func newAddRoot(o *options) *cobra.Command {
	return o.changeRoots("add-root", "Have the channel believe a further authority of the member's, beside those that it believes", administration.AddRoot,
		"The channel believes what this authority issues for %s.\n")
}

func newDropRoot(o *options) *cobra.Command {
	return o.changeRoots("drop-root", "Have the channel believe an authority of the member's no more: whatever it issued is refused", administration.DropRoot,
		"The channel refuses what this authority issued for %s.\n")
}

// changeRoots is a command that takes an authority's certificate.
func (o *options) changeRoots(use, short string, change func(context.Context, rundir.Dir, *membership.Membership, membership.Member, *x509.Certificate) (bool, error), done string) *cobra.Command {
	var file string
	command := &cobra.Command{
		Use: use + " --certificate FILE", Short: short, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			root, err := readRoot(file)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(command.Context(), publishTimeout)
			defer cancel()
			changed, err := change(ctx, s.dir, s.all, s.member, root)
			if err != nil {
				return err
			}
			if !changed {
				fmt.Fprint(command.OutOrStdout(), "Nothing had to change. ")
			}
			fmt.Fprintf(command.OutOrStdout(), done, s.member.Name)
			return nil
		},
	}
	command.Flags().StringVar(&file, "certificate", "", "of the authority, PEM")
	_ = command.MarkFlagRequired("certificate") // The flag is defined above.
	return command
}

func readRoot(file string) (*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, failure.Wrap(failure.SettingInvalid, err, "the authority's certificate")
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, failure.New(failure.SettingInvalid, "%s holds no certificate", file)
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, failure.Wrap(failure.SettingInvalid, err, "%s holds no certificate", file)
	}
	if !root.IsCA || root.CheckSignatureFrom(root) != nil {
		return nil, failure.New(failure.SettingInvalid, "%s isn't the certificate of a root authority", file)
	}
	return root, nil
}

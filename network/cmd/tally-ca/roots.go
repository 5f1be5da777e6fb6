package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/network/administration"
	"github.com/tallystick/tallystick/network/failure"
)

func newAddRoot(o *options) *cobra.Command {
	return o.changeRoots("add-root", "Have the channel believe a further authority of the member's, beside those that it believes",
		func(s *setting, root *x509.Certificate) administration.Change {
			return administration.AddRoot(s.all, s.member, root)
		},
		"The channel believes what this authority issues for %s.\n")
}

func newDropRoot(o *options) *cobra.Command {
	return o.changeRoots("drop-root", "Have the channel believe an authority of the member's no more: whatever it issued is refused",
		func(s *setting, root *x509.Certificate) administration.Change {
			return administration.DropRoot(s.dir, s.all, s.member, root)
		},
		"The channel refuses what this authority issued for %s.\n")
}

// changeRoots is a command that takes an authority's certificate.
func (o *options) changeRoots(use, short string, change func(*setting, *x509.Certificate) administration.Change, done string) *cobra.Command {
	var file string
	var w way
	command := &cobra.Command{
		Use: use + " --certificate FILE [--write FILE]", Short: short, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			root, err := readRoot(file)
			if err != nil {
				return err
			}
			did, err := s.bring(command, change(s, root), w)
			if err != nil || did == written {
				return err
			}
			if did == unchanged {
				fmt.Fprint(command.OutOrStdout(), "Nothing had to change. ")
			}
			fmt.Fprintf(command.OutOrStdout(), done, s.member.Name)
			return s.writersFollow(command)
		},
	}
	w.flags(command)
	command.Flags().StringVar(&file, "certificate", "", "of the authority, PEM")
	_ = command.MarkFlagRequired("certificate") // The flag is defined above.
	return command
}

// writersFollow has the rule about the member's writers name the authorities that the channel believes now, which is the brands' to say: at once where a majority of their
// administrators is at hand, else it says how.
func (s *setting) writersFollow(command *cobra.Command) error {
	enough, err := s.site().HoldsMajority()
	if err != nil {
		return err
	}
	if enough {
		return s.bringWriters(command, way{})
	}
	fmt.Fprintln(command.OutOrStdout(), "Who writes is the brands' to say: go on with tally-ca writers --write FILE, sign, submit.")
	return nil
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

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/network/administration"
	"github.com/tallystick/tallystick/network/ca"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

func newEnrol(o *options) *cobra.Command {
	var i ca.Identity
	var role string
	command := &cobra.Command{
		Use: "enrol --name NAME --role ROLE", Short: "Register an identity and get its certificates", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			i.Role = membership.Role(role)
			if err := s.Enrol(command.Context(), i); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "%s of %s is enrolled: %s\n", i.Name, s.member.Name, s.dir.Identity(s.member.Name, orName(i)).Folder)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&i.Name, "name", "", "of the identity at the CA")
	flags.StringVar(&role, "role", "", "gateway, operator, treasurer, compliance or auditor; none without it")
	flags.StringVar(&i.Files, "files", "", "folder for its files, when it takes another identity's place (default: its name)")
	flags.BoolVar(&i.TLS, "tls", false, "get a TLS certificate too, as a gateway needs")
	_ = command.MarkFlagRequired("name") // The flag is defined above.
	return command
}

func orName(i ca.Identity) string {
	if i.Files != "" {
		return i.Files
	}
	return i.Name
}

func newRenew(o *options) *cobra.Command {
	var r ca.Renewal
	var tls, same bool
	command := &cobra.Command{
		Use: "renew --files NAME", Short: "Get a new certificate while the present one is valid; whoever follows the files takes it", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			r.Purpose, r.Key = ca.Signing, ca.FreshKey
			if tls {
				r.Purpose = ca.TLS
			}
			if same {
				r.Key = ca.SameKey
			}
			if err := s.Renew(command.Context(), r); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "%s of %s has a new %s certificate.\n", r.Files, s.member.Name, r.Purpose)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&r.Files, "files", "", "folder of the identity's files: its name")
	flags.BoolVar(&tls, "tls", false, "the TLS certificate instead of the signing one")
	flags.BoolVar(&same, "same-key", false, "keep the key: ordering nodes' TLS certificates have to")
	_ = command.MarkFlagRequired("files") // The flag is defined above.
	return command
}

func newList(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the certificates that are neither expired nor revoked, with their ends", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			all, err := s.Certificates(command.Context())
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "NAME\tROLE\tUSE\tVALID UNTIL\tDAYS\tSERIAL")
			for _, c := range all {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%x\n", c.Subject.CommonName, ca.RoleOf(c), ca.PurposeOf(c), c.NotAfter.UTC().Format(time.RFC3339), int(time.Until(c.NotAfter).Hours()/24), c.SerialNumber)
			}
			return table.Flush()
		},
	}
}

func newRevoke(o *options) *cobra.Command {
	var name, reason, superseded string
	command := &cobra.Command{
		Use:   "revoke --name NAME | --superseded NAME",
		Short: "Revoke an identity, or what renewals left of one, and bring the list of revocations into the channel", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			switch {
			case (name == "") == (superseded == ""):
				return failure.New(failure.SettingInvalid, "give --name or --superseded")
			case name != "":
				err = s.RevokeIdentity(command.Context(), name, reason)
			default:
				var n int
				if n, err = s.RevokeSuperseded(command.Context(), superseded); err == nil {
					fmt.Fprintf(command.OutOrStdout(), "%d superseded certificates of %s are revoked at the CA.\n", n, superseded)
				}
			}
			if err != nil {
				return err
			}
			return s.publish(command, way{})
		},
	}
	flags := command.Flags()
	flags.StringVar(&name, "name", "", "the identity, with all its certificates")
	flags.StringVar(&superseded, "superseded", "", "folder of an identity's files: all its certificates but those in the files")
	flags.StringVar(&reason, "reason", "keycompromise", strings.Join(ca.Reasons(), ", "))
	return command
}

func newPublish(o *options) *cobra.Command {
	var w way
	command := &cobra.Command{
		Use: "publish [--write FILE]", Short: "Bring the CA's list of revocations into the channel: what revoke does last, if it was interrupted", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			return s.publish(command, w)
		},
	}
	w.flags(command)
	return command
}

func (s *setting) publish(command *cobra.Command, w way) error {
	list, err := s.RevocationList(command.Context())
	if err != nil {
		return err
	}
	did, err := s.bring(command, administration.Revoke(s.all, s.member, list), w)
	if err != nil {
		return err
	}
	switch did {
	case changed:
		fmt.Fprintf(command.OutOrStdout(), "The channel refuses what %s revoked.\n", s.member.Name)
	case unchanged:
		fmt.Fprintf(command.OutOrStdout(), "The channel knew of everything that %s revoked.\n", s.member.Name)
	}
	return nil
}

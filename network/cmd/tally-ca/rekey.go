package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/network/administration"
	"github.com/tallystick/tallystick/network/ca"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

// defaultWait is ample for an ordering node that has just started to catch up.
const defaultWait = time.Minute

func newRekey(o *options) *cobra.Command {
	var r rekeying
	command := &cobra.Command{
		Use:   "rekey --node NODE [--certificate FILE --key FILE [--replace]] [--write FILE]",
		Short: "Give an ordering node a fresh TLS key: the channel learns its certificate, then the node has to start anew; may be repeated",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			did, err := s.rekey(command, r)
			if err != nil {
				return err
			}
			if did == written {
				fmt.Fprintf(command.OutOrStdout(), "Once it is submitted, repeat this without --write: %s then takes the key into use.\n", r.node)
				return nil
			}
			fmt.Fprintf(command.OutOrStdout(), "The channel knows the fresh TLS key of %s: start it anew now, it is out of the ordering service until then.\n", r.node)
			return nil
		},
	}
	r.way.flags(command)
	command.Flags().DurationVar(&r.way.wait, "wait", defaultWait, "how long the other ordering nodes may take to be up with each other")
	command.Flags().StringVar(&r.node, "node", "", "an ordering node of the member, as orderer0.airline")
	command.Flags().StringVar(&r.certificate, "certificate", "", "a TLS certificate that another authority of the member's issued, PEM; without it the first issues one")
	command.Flags().StringVar(&r.key, "key", "", "its key, PEM")
	command.Flags().BoolVar(&r.replace, "replace", false, "take the given pair though another is kept for the node, for which others may be signing already")
	command.MarkFlagsRequiredTogether("certificate", "key")
	_ = command.MarkFlagRequired("node") // The flag is defined above.
	return command
}

// rekeying is what the command's flags say.
type rekeying struct {
	node             string
	certificate, key string // Files of a pair from elsewhere; empty for one of the member's authority.
	replace          bool   // Of another pair that is kept.
	way              way
}

// rekey takes a fresh pair into use once the channel names its certificate.
func (s *setting) rekey(command *cobra.Command, r rekeying) (outcome, error) {
	index, err := s.orderer(r.node)
	if err != nil {
		return unchanged, err
	}
	ctx, cancel := context.WithTimeout(command.Context(), publishTimeout)
	defer cancel()
	certificate, err := s.following(ctx, r, index)
	if err != nil {
		return unchanged, err
	}
	did, err := s.bring(command, administration.Rekey(s.all, s.member, index, certificate), r.way)
	if err != nil || did == written {
		return did, err
	}
	return did, s.TakeNextTLS(r.node)
}

// following is the certificate that follows the one in use, its pair kept until then.
func (s *setting) following(ctx context.Context, r rekeying, index int) (*x509.Certificate, error) {
	if r.certificate != "" {
		pending := ca.KeepPending
		if r.replace {
			pending = ca.ReplacePending
		}
		return s.PutNextTLS(r.node, r.certificate, r.key, pending)
	}
	return s.NextTLS(ctx, r.node, func(ctx context.Context, kept *x509.Certificate) (bool, error) {
		return s.site().Named(ctx, administration.Rekey(s.all, s.member, index, kept))
	})
}

// orderer is the place of an ordering node among its member's.
func (s *setting) orderer(name string) (int, error) {
	for i := range s.member.Orderers {
		if membership.OrdererNode(s.member.Name, i) == name {
			return i, nil
		}
	}
	return 0, failure.New(failure.SettingInvalid, "%s has no ordering node %q", s.member.Name, name)
}

package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/network/administration"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

// defaultWait is ample for an ordering node that has just started to catch up.
const defaultWait = time.Minute

func newRekey(o *options) *cobra.Command {
	var r rekeying
	command := &cobra.Command{
		Use:   "rekey --node NODE [--certificate FILE --key FILE]",
		Short: "Give an ordering node a fresh TLS key: the channel learns its certificate, then the node has to start anew; may be repeated",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			if err := s.rekey(command.Context(), r); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "The channel knows the fresh TLS key of %s: start it anew now, it is out of the ordering service until then.\n", r.node)
			return nil
		},
	}
	command.Flags().DurationVar(&r.wait, "wait", defaultWait, "how long the other ordering nodes may take to be up with each other")
	command.Flags().StringVar(&r.node, "node", "", "an ordering node of the member, as orderer0.airline")
	command.Flags().StringVar(&r.certificate, "certificate", "", "a TLS certificate that another authority of the member's issued, PEM; without it the first issues one")
	command.Flags().StringVar(&r.key, "key", "", "its key, PEM")
	command.MarkFlagsRequiredTogether("certificate", "key")
	_ = command.MarkFlagRequired("node") // The flag is defined above.
	return command
}

// rekeying is what the command's flags say.
type rekeying struct {
	node             string
	certificate, key string // Files of a pair from elsewhere; empty for one of the member's authority.
	wait             time.Duration
}

// rekey takes a fresh pair into use once the channel names its certificate.
func (s *setting) rekey(ctx context.Context, r rekeying) error {
	index, err := s.orderer(r.node)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.wait+publishTimeout)
	defer cancel()
	certificate, err := s.following(ctx, r, index)
	if err != nil {
		return err
	}
	if _, err := administration.Rekey(ctx, s.dir, s.all, administration.Rekeying{Member: s.member, Index: index, Certificate: certificate, Wait: r.wait}); err != nil {
		return err
	}
	return s.TakeNextTLS(r.node)
}

// following is the certificate that follows the one in use, its pair kept until then.
func (s *setting) following(ctx context.Context, r rekeying, index int) (*x509.Certificate, error) {
	if r.certificate != "" {
		return s.PutNextTLS(r.node, r.certificate, r.key)
	}
	return s.NextTLS(ctx, r.node, func(ctx context.Context, kept *x509.Certificate) (bool, error) {
		return administration.Named(ctx, s.dir, s.all, administration.Rekeying{Member: s.member, Index: index, Certificate: kept})
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

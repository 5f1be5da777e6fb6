package main

import (
	"context"
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
	var node string
	var wait time.Duration
	command := &cobra.Command{
		Use:   "rekey --node NODE",
		Short: "Give an ordering node a fresh TLS key: the channel learns its certificate, then the node has to start anew; may be repeated",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			index, err := s.orderer(node)
			if err != nil {
				return err
			}
			certificate, err := s.NextTLS(command.Context(), node)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(command.Context(), wait+publishTimeout)
			defer cancel()
			r := administration.Rekeying{Member: s.member, Index: index, Certificate: certificate, Wait: wait}
			if _, err := administration.Rekey(ctx, s.dir, s.all, r); err != nil {
				return err
			}
			if err := s.TakeNextTLS(node); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "The channel knows the fresh TLS key of %s: start it anew now, it is out of the ordering service until then.\n", node)
			return nil
		},
	}
	command.Flags().DurationVar(&wait, "wait", defaultWait, "how long the other ordering nodes may take to be up with each other")
	command.Flags().StringVar(&node, "node", "", "an ordering node of the member, as orderer0.airline")
	_ = command.MarkFlagRequired("node") // The flag is defined above.
	return command
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

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/network/administration"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

func newRekey(o *options) *cobra.Command {
	var node string
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
			ctx, cancel := context.WithTimeout(command.Context(), publishTimeout)
			defer cancel()
			if _, err := administration.ReplaceConsenterTLS(ctx, s.dir, s.all, s.member, index, certificate); err != nil {
				return err
			}
			if err := s.TakeNextTLS(node); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "The channel knows the fresh TLS key of %s: start it anew now, it is out of the ordering service until then.\n", node)
			return nil
		},
	}
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

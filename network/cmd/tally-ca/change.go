package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/network/administration"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/rundir"
)

// publishTimeout bounds the change of the channel.
const publishTimeout = time.Minute

// way is how a change gets into the channel: at once, or as a file that the members sign each.
type way struct {
	write string // The file; empty for at once.
	wait  time.Duration
}

func (w *way) flags(command *cobra.Command) {
	command.Flags().StringVar(&w.write, "write", "", "change nothing, but write the change, signed by the member, to this file for others to sign; then submit it, and repeat this command")
}

// outcome of a change.
type outcome string

const (
	changed   outcome = "changed"
	unchanged outcome = "unchanged"
	written   outcome = "written" // And not in the channel yet.
)

func (s *setting) site() administration.Site {
	return administration.Site{Dir: s.dir, All: s.all, Member: s.member}
}

// bring has a change made, or written.
func (s *setting) bring(command *cobra.Command, change administration.Change, w way) (outcome, error) {
	ctx, cancel := context.WithTimeout(command.Context(), w.wait+publishTimeout)
	defer cancel()
	if w.write != "" {
		return s.write(ctx, command, change, w.write)
	}
	did, err := s.site().Carry(ctx, change, w.wait)
	if err != nil || !did {
		return unchanged, err
	}
	return changed, nil
}

func (s *setting) write(ctx context.Context, command *cobra.Command, change administration.Change, file string) (outcome, error) {
	update, config, err := s.site().Lacks(ctx, change)
	if err != nil || update == nil {
		return unchanged, err
	}
	review, err := administration.ReviewOf(config, update)
	if err != nil {
		return unchanged, err
	}
	p := administration.Propose(s.all.Channel, update)
	if err := s.site().Sign(p); err != nil {
		return unchanged, err
	}
	if err := s.save(p, file); err != nil {
		return unchanged, err
	}
	say(command, review.Differences)
	fmt.Fprintf(command.OutOrStdout(), "%s holds this, signed by %s. ", file, s.member.MSP())
	sayDeciders(command, review.Deciders, p)
	return written, nil
}

func say(command *cobra.Command, lines []administration.Difference) {
	for _, line := range lines {
		mark := "  "
		if line.Unexplained {
			mark = "  UNEXPLAINED "
		}
		fmt.Fprintln(command.OutOrStdout(), mark+line.Text)
	}
}

// sayDeciders says who has to sign a change, and of whom it is known that they haven't.
func sayDeciders(command *cobra.Command, deciders administration.Deciders, p *administration.Proposal) {
	fmt.Fprintf(command.OutOrStdout(), "It has to be signed by %s.\n", deciders)
	if lacking := deciders.Lacking(p.Signers()); len(lacking) > 0 {
		fmt.Fprintf(command.OutOrStdout(), "The signatures of %s lack.\n", strings.Join(lacking, ", "))
	}
}

func (s *setting) save(p *administration.Proposal, file string) error {
	data, err := p.Bytes()
	if err != nil {
		return err
	}
	return s.dir.Write(file, data, rundir.PublicMode)
}

func (s *setting) read(file string) (*administration.Proposal, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, failure.Wrap(failure.SettingInvalid, err, "the change can't be read")
	}
	return administration.ReadProposal(s.all.Channel, data)
}

func newSign(o *options) *cobra.Command {
	var file string
	var unexplained bool
	command := &cobra.Command{
		Use: "sign --update FILE [--unexplained]", Short: "Show what a written change of the channel does, and add the signature of the member's administrator to it", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, p, err := o.proposal(file)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(command.Context(), publishTimeout)
			defer cancel()
			review, err := s.site().Against(ctx, p)
			if err != nil {
				return err
			}
			if review.Made {
				fmt.Fprintln(command.OutOrStdout(), "The channel has this already: nothing is to be signed.")
				return nil
			}
			say(command, review.Differences)
			if review.Unexplained() && !unexplained {
				return failure.New(failure.SettingInvalid, "it changes what this command has no words for, and isn't signed: find out what that is, then give --unexplained")
			}
			if err := s.site().Sign(p); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "Signed by %s. ", strings.Join(p.Signers(), ", "))
			sayDeciders(command, review.Deciders, p)
			return s.save(p, file)
		},
	}
	command.Flags().StringVar(&file, "update", "", "the change, as --write made it")
	command.Flags().BoolVar(&unexplained, "unexplained", false, "sign even what can't be said in words, and is shown only by its SHA-256")
	_ = command.MarkFlagRequired("update") // The flag is defined above.
	return command
}

func (o *options) proposal(file string) (*setting, *administration.Proposal, error) {
	s, err := o.open()
	if err != nil {
		return nil, nil, err
	}
	p, err := s.read(file)
	return s, p, err
}

func newSubmit(o *options) *cobra.Command {
	var files []string
	var wait time.Duration
	command := &cobra.Command{
		Use: "submit --update FILE...", Short: "Hand a signed change of the channel over, and wait until the channel has it; copies that were signed apart are joined", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, p, err := o.proposal(files[0])
			if err != nil {
				return err
			}
			for _, file := range files[1:] {
				other, err := s.read(file)
				if err != nil {
					return err
				}
				if err := p.Join(other); err != nil {
					return err
				}
			}
			ctx, cancel := context.WithTimeout(command.Context(), wait+publishTimeout)
			defer cancel()
			did, err := s.site().Submit(ctx, p, wait)
			if err != nil {
				return err
			}
			if !did {
				fmt.Fprintln(command.OutOrStdout(), "The channel had this already.")
				return nil
			}
			fmt.Fprintf(command.OutOrStdout(), "The channel has the change that %s signed.\n", strings.Join(p.Signers(), ", "))
			return nil
		},
	}
	command.Flags().StringSliceVar(&files, "update", nil, "the change, in one or several copies")
	command.Flags().DurationVar(&wait, "wait", defaultWait, "how long the other ordering nodes may take to be up with each other, when the change takes one away")
	_ = command.MarkFlagRequired("update") // The flag is defined above.
	return command
}

func newWriters(o *options) *cobra.Command {
	var w way
	var show bool
	command := &cobra.Command{
		Use:   "writers [--show | --write FILE]",
		Short: "Bring the rules about who writes and who asks to those of a new channel, for the authorities that the channel believes; a majority of brands signs",
		Long: "Bring the rules about who writes and who asks to those of a new channel, for the authorities that the channel believes.\n" +
			"A majority of brands signs. On a channel that was founded before these rules were guarded, each brand's are still its own to change: there the administrator of every brand\n" +
			"has to sign, once. What a member says for itself, as who reads and who administers, isn't touched.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.open()
			if err != nil {
				return err
			}
			if show {
				return s.show(command, administration.Writers(s.all))
			}
			return s.bringWriters(command, w)
		},
	}
	w.flags(command)
	command.Flags().BoolVar(&show, "show", false, "change nothing, and say what would change")
	command.MarkFlagsMutuallyExclusive("show", "write")
	return command
}

func (s *setting) bringWriters(command *cobra.Command, w way) error {
	did, err := s.bring(command, administration.Writers(s.all), w)
	if err != nil {
		return err
	}
	switch did {
	case unchanged:
		fmt.Fprintln(command.OutOrStdout(), "Nothing had to change in the rules about who writes and who asks.")
	case changed:
		fmt.Fprintln(command.OutOrStdout(), "The rules about who writes and who asks are those of a new channel.")
	}
	return nil
}

func (s *setting) show(command *cobra.Command, change administration.Change) error {
	ctx, cancel := context.WithTimeout(command.Context(), publishTimeout)
	defer cancel()
	update, config, err := s.site().Lacks(ctx, change)
	if err != nil {
		return err
	}
	if update == nil {
		fmt.Fprintln(command.OutOrStdout(), "Nothing has to change.")
		return nil
	}
	review, err := administration.ReviewOf(config, update)
	if err != nil {
		return err
	}
	say(command, review.Differences)
	fmt.Fprintf(command.OutOrStdout(), "It has to be signed by %s.\n", review.Deciders)
	return nil
}

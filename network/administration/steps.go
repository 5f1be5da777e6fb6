package administration

import (
	"context"
	"errors"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/network/failure"
)

// maxChanges of the channel's configuration, one's own and those of others, may come while one wants it otherwise: far more than a consortium has ordering nodes, of
// which an update takes one away.
const maxChanges = 32

// steps bring a channel's configuration to what somebody wants.
type steps struct {
	agreed func(context.Context) (*common.Config, error) // The configuration that the peers asked have.
	update func(*common.Config) ([]byte, error)          // What it lacks; nil when it is as wanted.
	// ready says whether the update may come now, asked once for each configuration. May be nil.
	ready func(ctx context.Context, config *common.Config, update []byte) error
	send  func(ctx context.Context, update []byte) error // Hands an update over. Neither an error nor none says what became of it.
}

// bring repeats these until the configuration is as wanted, and gives how often it changed meanwhile. Only the configuration decides: a newer one may be somebody
// else's change, in whose favour ours was refused, and
// an attempt that was thought lost may have brought it. CHANNEL_UPDATE with the last refusal when ctx ends first, or after maxChanges.
func (s steps) bring(ctx context.Context) (int, error) {
	var refusal error
	var last *common.Config
	for changes := 0; ; {
		config, err := s.agreed(ctx)
		if err != nil && refusal != nil {
			err = failure.Wrap(failure.ChannelUpdate, errors.Join(refusal, err), "the channel's configuration didn't change as asked")
		}
		if err != nil {
			return changes, err
		}
		changed := last != nil && config.GetSequence() > last.GetSequence()
		if changed {
			changes++
		}
		update, err := s.update(config)
		if err != nil || update == nil {
			return changes, err
		}
		if changes >= maxChanges {
			return changes, failure.Wrap(failure.ChannelUpdate, refusal, "the channel's configuration changed %d times, and not as asked", changes)
		}
		if (last == nil || changed) && s.ready != nil {
			if err := s.ready(ctx, config, update); err != nil {
				return changes, err
			}
		}
		last, refusal = config, s.send(ctx, update)
		if pause(ctx) != nil {
			return changes, failure.Wrap(failure.ChannelUpdate, refusal, "the channel's configuration didn't change as asked")
		}
	}
}

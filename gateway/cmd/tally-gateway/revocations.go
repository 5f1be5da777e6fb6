package main

import (
	"context"
	"time"
)

// revocationsEvery is how often the gateway looks whether the channel's configuration has changed.
const revocationsEvery = 10 * time.Second

// followRevocations tells the directory of partners what the members have revoked, as the channel says, until the context ends, whose error it returns. What can't be read leaves what is known.
func (g *gateway) followRevocations(ctx context.Context) error {
	ticker := time.NewTicker(revocationsEvery)
	defer ticker.Stop()
	known, failing := noBlock, false
	for {
		number, err := g.learnRevocations(ctx, known)
		if err != nil && ctx.Err() == nil && !failing {
			g.log.Warn("what members revoked can't be read: what is known stays", "err", err)
		}
		failing = err != nil
		if err == nil {
			known = number
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// noBlock is the number of no block.
const noBlock = ^uint64(0)

// learnRevocations reads the channel's configuration when it isn't the one of the known block, and gives the number of its block.
func (g *gateway) learnRevocations(ctx context.Context, known uint64) (number uint64, err error) {
	for _, peer := range g.client.Peers() {
		config, at, failure := peer.LatestConfig(ctx, known)
		if failure != nil {
			err = failure
			continue
		}
		if config != nil {
			g.partners.Revoke(config.Revoked)
		}
		return at, nil
	}
	return known, err
}

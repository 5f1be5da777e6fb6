package main

import (
	"context"
	"errors"
	"io"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/audit"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// open finds the blocks to audit: a folder of saved ones, or the first of the own member's peers that answers.
func open(ctx context.Context, f flags, cfg *config.Config) (*source, error) {
	if f.from != "" {
		return openArchive(f.from)
	}
	return openPeer(ctx, cfg)
}

func openArchive(dir string) (*source, error) {
	archive := blocks.Archive{Dir: dir}
	count, err := archive.Count()
	if err != nil {
		return nil, err
	}
	if count == 0 {
		return nil, fault.New(fault.NotFound, "folder %s has no saved blocks", dir)
	}
	return &source{name: "folder " + dir, count: count, blocks: archive.Blocks(count), close: func() {}}, nil
}

func openPeer(ctx context.Context, cfg *config.Config) (*source, error) {
	id, sign, err := ledger.LoadIdentity(cfg.MSP, cfg.Identity)
	if err != nil {
		return nil, err
	}
	var own []*blocks.Peer
	var others []audit.Other
	var open []io.Closer
	for _, p := range cfg.Peers {
		conn, err := ledger.Dial(p)
		if err != nil {
			return nil, errors.Join(err, closeAll(open))
		}
		open = append(open, conn)
		peer := &blocks.Peer{Name: p.Name, Channel: cfg.Channel, Conn: conn, ID: id, Sign: sign}
		if p.Member == cfg.Member {
			own = append(own, peer)
		} else {
			others = append(others, audit.Other{Name: p.Name, Ledger: peer})
		}
	}
	peer, height, err := firstReachable(ctx, own)
	if err != nil {
		return nil, errors.Join(err, closeAll(open))
	}
	reading, stop := context.WithCancel(ctx)
	return &source{
		name: "peer " + peer.Name, channel: cfg.Channel, count: height, blocks: peer.Blocks(ctx, 0, height-1, blocks.WithPrivate), peer: peer,
		others: audit.ComparePeers(reading, others, height),
		close: func() {
			stop()
			closeAll(open) //nolint:errcheck // The process ends.
		},
	}, nil
}

// firstReachable returns the first peer that tells its height.
func firstReachable(ctx context.Context, peers []*blocks.Peer) (*blocks.Peer, uint64, error) {
	var failures error
	for _, p := range peers {
		asking, cancel := context.WithTimeout(ctx, audit.PeerPatience)
		last, err := p.Last(asking)
		cancel()
		if err == nil {
			return p, last.Header.Number + 1, nil
		}
		failures = errors.Join(failures, err)
	}
	return nil, 0, fault.New(fault.LedgerUnavailable, "none of the member's own peers can be reached: %v", failures)
}

func closeAll(open []io.Closer) (all error) {
	for _, c := range open {
		all = errors.Join(all, c.Close())
	}
	return all
}

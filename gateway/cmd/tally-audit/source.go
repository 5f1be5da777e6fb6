package main

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/archive"
	"github.com/tallystick/tallystick/gateway/audit"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// open finds the blocks to audit: a folder of saved ones, or the first of the own member's peers that answers.
func open(ctx context.Context, f flags, cfg *config.Config) (*source, error) {
	var src *source
	var err error
	switch {
	case f.from != "":
		src, err = openSaved(f.from)
	case f.archive != "":
		src, err = openArchive(ctx, f.archive)
	default:
		return openPeer(ctx, cfg, f.at)
	}
	if err != nil || f.at == 0 {
		return src, err
	}
	if src.count < f.at {
		return nil, tooFew(src.name, src.count, f.at)
	}
	src.count, src.blocks = f.at, first(src.blocks, f.at)
	return src, nil
}

func tooFew(name string, count, at uint64) error {
	return fault.New(fault.NotFound, "%s has %d blocks, --at asks for %d", name, count, at)
}

// first gives the first n.
func first(all iter.Seq2[blocks.Delivered, error], n uint64) iter.Seq2[blocks.Delivered, error] {
	return func(yield func(blocks.Delivered, error) bool) {
		left := n
		for d, err := range all {
			if !yield(d, err) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

func openArchive(ctx context.Context, dir string) (*source, error) {
	folder := archive.Folder{Dir: dir}
	m, err := folder.Manifest()
	if err != nil {
		return nil, err
	}
	return &source{
		name: "archive " + dir, channel: m.Channel, count: m.Height(), blocks: folder.Blocks(ctx, 0, m.Height()-1, blocks.Public), close: func() {},
	}, nil
}

func openSaved(dir string) (*source, error) {
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

// openPeer reads a peer's blocks, the first at ones or all for 0, and compares them with other members' peers.
func openPeer(ctx context.Context, cfg *config.Config, at uint64) (*source, error) {
	p, err := dialPeers(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if at > p.height {
		return nil, errors.Join(tooFew("peer "+p.own.Name, p.height, at), closeAll(p.open))
	}
	if at > 0 {
		p.height = at
	}
	reading, stop := context.WithCancel(ctx)
	return &source{
		name: "peer " + p.own.Name, channel: cfg.Channel, count: p.height, blocks: p.own.Blocks(ctx, 0, p.height-1, blocks.WithPrivate), peer: p.own,
		others: audit.ComparePeers(reading, p.others, p.height),
		close: func() {
			stop()
			closeAll(p.open) //nolint:errcheck // The process ends.
		},
	}, nil
}

// peers are connections to the peers of a configuration.
type peers struct {
	own    *blocks.Peer // The first of the member's own that answers,
	height uint64       // and its number of blocks.
	others []audit.Other
	open   []io.Closer
}

func dialPeers(ctx context.Context, cfg *config.Config) (*peers, error) {
	id, sign, err := ledger.LoadIdentity(cfg.MSP, cfg.Identity)
	if err != nil {
		return nil, err
	}
	all := &peers{}
	var own []*blocks.Peer
	for _, p := range cfg.Peers {
		conn, err := ledger.Dial(p)
		if err != nil {
			return nil, errors.Join(err, closeAll(all.open))
		}
		all.open = append(all.open, conn)
		peer := &blocks.Peer{Name: p.Name, Channel: cfg.Channel, Conn: conn, ID: id, Sign: sign}
		if p.Member == cfg.Member {
			own = append(own, peer)
		} else {
			all.others = append(all.others, audit.Other{Name: p.Name, Ledger: peer})
		}
	}
	if all.own, all.height, err = firstReachable(ctx, own); err != nil {
		return nil, errors.Join(err, closeAll(all.open))
	}
	return all, nil
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

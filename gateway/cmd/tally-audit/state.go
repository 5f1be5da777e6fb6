package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/audit"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// compareState asks the own peer's chaincode for the current state and compares it with the rebuilt one. A regulator has no right to propose, so it can't ask;
// its peer's state is covered by the commit hashes.
func compareState(ctx context.Context, auditor *audit.Auditor, cfg *config.Config, peer *blocks.Peer) (err error) {
	if cfg.Mode == config.Reader {
		return nil
	}
	client, err := ledger.Connect(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	catchUp := func(ctx context.Context) error {
		last, err := peer.Last(ctx)
		if err != nil || last.Header.Number < auditor.Height() {
			return err
		}
		return auditor.Blocks(ctx, peer.Blocks(ctx, auditor.Height(), last.Header.Number, blocks.WithPrivate))
	}
	return auditor.CompareState(ctx, func(ctx context.Context, programme, key string) ([]byte, error) {
		return record(ctx, client.Points(programme), key)
	}, catchUp)
}

// record asks for the record under a state key; nothing when there is none.
func record(ctx context.Context, p *ledger.Points, key string) ([]byte, error) {
	object, attributes, err := engine.ParseKey(key)
	if err != nil {
		return nil, err
	}
	switch {
	case object == engine.ObjectProgramme && len(attributes) == 0:
		programme, err := p.Programme(ctx)
		return encoded(programme, err)
	case object == engine.ObjectAccount && len(attributes) == 1:
		account, err := p.Account(ctx, points.AccountID(attributes[0]))
		return encoded(account, err)
	case object == engine.ObjectLane && len(attributes) == 2:
		n, err := strconv.Atoi(attributes[1])
		if err != nil {
			return nil, fault.New(fault.InvalidValue, "%s is no lane", engine.ReadableKey(key))
		}
		lanes, err := p.Lanes(ctx, attributes[0], n, 1)
		if err != nil || len(lanes) != 1 {
			return nil, err
		}
		return encoded(lanes[0], nil)
	default:
		return nil, fault.New(fault.InvalidValue, "no function answers for %s", engine.ReadableKey(key))
	}
}

func encoded(v any, err error) ([]byte, error) {
	if code := fault.CodeOf(err); err != nil && (code == fault.NotFound || code == fault.NotFounded) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return wire.Encode(v)
}

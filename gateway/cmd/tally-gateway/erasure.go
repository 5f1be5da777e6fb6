package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
)

// buildErasure makes the desk that ends what is kept about customers.
func (g *gateway) buildErasure(own *ledger.Points, parts *api.Parts) {
	desk := erasure.New(erasure.Settings{
		Brand: g.cfg.Programme, DB: g.people.db, Vault: g.people.vault, Ledger: own, Policies: own, Positions: positions{g.reads},
		Operations: closing{g}, Inactive: time.Duration(g.cfg.People.InactiveDays) * 24 * time.Hour, Log: g.log,
	})
	g.people.vault.Register(desk.Companion())
	g.people.runs = append(g.people.runs, func(ctx context.Context) error { return g.whenCaughtUp(ctx, desk.Run) })
	g.people.erasure, parts.People.Erasures = desk, desk
}

// positions reads what accounts hold.
type positions struct{ reads *store.Reads }

// Account implements erasure.Positions.
func (p positions) Account(ctx context.Context, id points.AccountID) (erasure.Position, error) {
	found, err := p.reads.Account(ctx, id)
	return erasure.Position{Account: found.Account, Waiting: found.Waiting}, err
}

// erasureCaller owns the idempotency keys of closings: no API key has such a name.
const erasureCaller = "gateway/erasure"

// closing brings the closing of erased customers' accounts to the ledger, signed by the custodian.
type closing struct{ gateway *gateway }

// Close implements erasure.Operations.
func (c closing) Close(ctx context.Context, account points.AccountID, forfeit quantity.Points, key string) (fault.Code, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", key, forfeit))
	ticket, err := c.gateway.sequencer.Accept(ctx, sequencer.Intake{
		Caller: erasureCaller, IdempotencyKey: key, RequestHash: sum, Custody: true,
		Operation: points.Operation{Kind: points.KindClose, Account: account, Points: forfeit},
		Details:   points.Details{Challenge: "erasure:" + hex.EncodeToString(sum[:])},
	})
	if err != nil {
		return "", err
	}
	select {
	case <-ticket.Done:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	known, err := c.gateway.reads.Operation(ctx, ticket.Operation.ID)
	if err != nil {
		return "", err
	}
	return known.Code, nil
}

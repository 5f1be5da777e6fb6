package main

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/clerk"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// dealings is clearing under one identity, with what it does with single partners.
type dealings struct{ *ledger.Clearing }

// ProposeAgreement implements api.Treasurer.
func (d dealings) ProposeAgreement(ctx context.Context, partner string, g *clearing.Agreement) error {
	return d.Pair(partner).Propose(ctx, g)
}

// AcceptAgreement implements api.Treasurer.
func (d dealings) AcceptAgreement(ctx context.Context, partner string, version int, hash string) error {
	return d.Pair(partner).Accept(ctx, version, hash)
}

// MoveSlice implements api.ClearingGateway and clerk.Ledger.
func (d dealings) MoveSlice(ctx context.Context, partner string, move wire.SliceMove) error {
	return d.Pair(partner).MoveSlice(ctx, move)
}

// regulator says whether the own member is one: its peer holds the data of all pairs.
func (g *gateway) regulator() bool {
	for _, m := range g.cfg.Members {
		if m.Name == g.cfg.Member {
			return m.Kind == clearing.KindRegulator
		}
	}
	return false
}

// buildClearing makes what brings windows on and, where the treasurer's identity is configured, what answers for the member's money.
func (g *gateway) buildClearing(parts *api.Parts) error {
	machines := dealings{g.client.Clearing()}
	parts.Clearing.Gateway = machines
	settings := clerk.Settings{
		Member: g.cfg.Member, MSP: g.cfg.MSP, Reads: g.clearing, Ledger: machines, Interval: g.cfg.Clerk.Interval, Log: g.log, Metrics: g.registry,
	}
	if g.cfg.Treasurer.Given() {
		client, err := g.speakAs("treasurer", g.cfg.Treasurer)
		if err != nil {
			return err
		}
		treasurer := dealings{client.Clearing()}
		parts.Clearing.Treasurer, settings.Treasurer = treasurer, treasurer
		parts.Clearing.Bank = treasury.Bank{Accounts: &g.cfg.Bank, Charges: g.cfg.Bank.Charges, OmitUETR: g.cfg.Bank.OmitUETR}
	}
	if g.cfg.Clerk.Off {
		return nil
	}
	g.clerk = clerk.New(settings)
	parts.Clearing.Alarms = g.clerk.Alarms
	return nil
}

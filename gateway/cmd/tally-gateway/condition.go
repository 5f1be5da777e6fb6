package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/gateway/sequencer"
)

// How long the answer of a dry run is believed, and how long one may take.
const (
	dryRunValid   = 3 * time.Second
	dryRunTimeout = 5 * time.Second
)

// condition says what keeps the gateway from doing its work: it asks every part, and has an empty batch endorsed, which shows peers, chaincode and co-endorsers.
type condition struct {
	gateway *gateway

	mu     sync.Mutex
	tried  time.Time
	failed error
}

// Reasons implements api.Condition.
func (c *condition) Reasons(ctx context.Context) []string {
	var reasons []string
	reasons = append(reasons, c.gateway.certificates.Expired()...)
	if err := c.gateway.projection.Ready(); err != nil {
		reasons = append(reasons, err.Error())
	}
	if c.gateway.sequencer == nil {
		return reasons
	}
	if c.gateway.people != nil {
		if err := c.gateway.people.compare.Open(); err != nil {
			reasons = append(reasons, err.Error())
		}
	}
	if err := c.gateway.sequencer.Ready(); err != nil {
		reasons = append(reasons, err.Error())
	}
	if len(reasons) > 0 {
		return reasons
	}
	if err := c.endorses(ctx); err != nil {
		reasons = append(reasons, "a trial batch is not endorsed: "+err.Error())
	}
	return append(reasons, c.custody(ctx)...)
}

// Warnings implements api.Condition.
func (c *condition) Warnings() []string {
	warnings := c.gateway.certificates.Warnings()
	if c.gateway.people != nil {
		warnings = append(warnings, c.gateway.people.compare.Warnings(context.Background())...)
	}
	programme, err := c.gateway.reads.Programme(context.Background(), c.gateway.cfg.Programme)
	if err != nil {
		return warnings // Whose condition says more.
	}
	if trouble := originTrouble(&programme.RelyingParty, c.gateway.cfg.People.Origin); trouble != "" {
		warnings = append(warnings, trouble)
	}
	return warnings
}

// Troubles implements api.Condition.
func (c *condition) Troubles() []sequencer.PartnerTrouble {
	if c.gateway.sequencer == nil {
		return nil
	}
	list := c.gateway.sequencer.Troubles()
	for _, name := range slices.Sorted(maps.Keys(c.gateway.abroad)) {
		list = append(list, c.gateway.abroad[name].Troubles()...)
	}
	return list
}

// custody says why the configured key can't sign for customers in custody. A programme that can't be read yet has no reason of its own.
func (c *condition) custody(ctx context.Context) []string {
	programme, err := c.gateway.reads.Programme(ctx, c.gateway.cfg.Programme)
	if err != nil {
		return nil
	}
	if reason := custodyTrouble(programme.Custodians, c.gateway.custodian, time.Now().Unix()); reason != "" {
		return []string{reason}
	}
	return nil
}

// endorses makes a dry run, or gives the answer of a recent one; callers that come together share it.
func (c *condition) endorses(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.tried) < dryRunValid {
		return c.failed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dryRunTimeout)
	defer cancel()
	c.failed = c.gateway.client.Points(c.gateway.cfg.Programme).DryRun(ctx)
	c.tried = time.Now()
	return c.failed
}

package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/store"
)

// openingsInterval is how often accounts are looked for whose opening nobody has waited for.
const openingsInterval = 5 * time.Second

// openings links accounts that were opened for persons of the vault and committed after the caller's wait was over.
type openings struct {
	vault     *vault.Vault
	reads     *store.Reads
	hasher    api.Hasher
	programme string
	log       *slog.Logger
}

func (o *openings) run(ctx context.Context) error {
	ticker := time.NewTicker(openingsInterval)
	defer ticker.Stop()
	for {
		if err := o.link(ctx); err != nil && ctx.Err() == nil {
			o.log.Warn("accounts that were opened for customers are not linked yet", "code", fault.CodeOf(err), "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func (o *openings) link(ctx context.Context) error {
	references, err := o.vault.Openings(ctx)
	if err != nil {
		return err
	}
	for _, reference := range references {
		lookup := o.hasher.Lookup(reference)
		found, err := o.reads.Lookups(ctx, []string{lookup})
		if err != nil {
			return err
		}
		account, begun := found[lookup]
		if !begun {
			continue
		}
		if _, err := o.reads.Account(ctx, account); fault.CodeOf(err) == fault.AccountUnknown {
			continue // Not committed yet.
		} else if err != nil {
			return err
		}
		if err := o.vault.EndOpening(ctx, reference, o.programme, account); err != nil {
			return err
		}
	}
	return nil
}

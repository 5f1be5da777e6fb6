package main

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/store"
)

// histories exports what happened on a person's accounts, as far as this gateway's read model has it: also on those of other brands' programmes.
type histories struct {
	vault *vault.Vault
	reads *store.Reads
}

// accountHistory is one account in an export.
type accountHistory struct {
	Programme string           `json:"programme"`
	Account   points.AccountID `json:"account"`
	Position  *points.Account  `json:"position,omitempty"` // Nil when the read model doesn't have it yet.
	Receipts  []receiptLine    `json:"receipts"`           // Newest first.
}

type receiptLine struct {
	At      time.Time      `json:"at"`
	Block   int64          `json:"block"`
	Receipt points.Receipt `json:"receipt"`
}

// Name implements vault.Exporter.
func (histories) Name() string { return "accounts" }

// Export implements vault.Exporter.
func (h histories) Export(ctx context.Context, person vault.PersonID) (any, error) {
	links, err := h.vault.Accounts(ctx, person)
	if err != nil {
		return nil, err
	}
	all := make([]accountHistory, 0, len(links))
	for _, l := range links {
		one, err := h.of(ctx, l)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (h histories) of(ctx context.Context, l vault.Link) (accountHistory, error) {
	one := accountHistory{Programme: l.Programme, Account: l.Account, Receipts: []receiptLine{}}
	position, err := h.reads.Account(ctx, l.Account)
	if fault.CodeOf(err) == fault.AccountUnknown {
		return one, nil
	}
	if err != nil {
		return one, err
	}
	one.Position = &position.Account
	for after := (*store.Cursor)(nil); ; {
		page, next, err := h.reads.History(ctx, l.Account, after, store.MaxPage)
		if err != nil {
			return one, err
		}
		for _, e := range page {
			one.Receipts = append(one.Receipts, receiptLine{At: e.Time, Block: e.Block, Receipt: e.Receipt})
		}
		if next == nil {
			return one, nil
		}
		after = next
	}
}

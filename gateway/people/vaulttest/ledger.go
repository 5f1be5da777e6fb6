package vaulttest

import (
	"context"
	"sync"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// Ledger keeps a collection in memory. It refuses what the chaincode refuses.
type Ledger struct {
	mu      sync.Mutex
	entries map[vault.EntryKey][]byte
	// Before is asked before a change is made, After when it is made and not yet answered; an error of theirs is the caller's. Nil functions do nothing.
	Before, After func(vault.Change) error
	// Sent is everything that was ever sent.
	Sent []vault.Change
}

// NewLedger makes an empty collection.
func NewLedger() *Ledger { return &Ledger{entries: map[vault.EntryKey][]byte{}} }

// ChangeVault implements vault.Ledger.
func (l *Ledger) ChangeVault(ctx context.Context, change vault.Change) error {
	if err := ctx.Err(); err != nil {
		return fault.New(fault.LedgerUnavailable, "the call was cancelled")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Sent = append(l.Sent, change)
	if err := hook(l.Before, change); err != nil {
		return err
	}
	for _, put := range change.Put {
		if _, taken := l.entries[put.Key]; taken {
			return fault.New(fault.AlreadyExists, "an entry with this key is there")
		}
	}
	for _, put := range change.Put {
		l.entries[put.Key] = put.Value
	}
	for _, key := range change.Purge {
		delete(l.entries, key)
	}
	return hook(l.After, change)
}

func hook(f func(vault.Change) error, change vault.Change) error {
	if f == nil {
		return nil
	}
	return f(change)
}

// VaultEntries implements vault.Ledger.
func (l *Ledger) VaultEntries(_ context.Context, keys []vault.EntryKey) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	raw := make([][]byte, len(keys))
	for i, key := range keys {
		raw[i] = l.entries[key]
	}
	return raw, nil
}

// Entries copies what the collection has now.
func (l *Ledger) Entries() map[vault.EntryKey][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[vault.EntryKey][]byte, len(l.entries))
	for key, value := range l.entries {
		all[key] = value
	}
	return all
}

// Unavailable is what the ledger answers when it can't be reached.
func Unavailable(vault.Change) error {
	return fault.New(fault.LedgerUnavailable, "the ledger can't be reached")
}

package vaulttest

import (
	"context"
	"sync"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Ledger keeps a collection in memory. It refuses what the chaincode refuses.
type Ledger struct {
	mu      sync.Mutex
	entries map[privacy.EntryKey][]byte
	// Before is asked before a change is made, After when it is made and not yet answered; an error of theirs is the caller's. Nil functions do nothing.
	Before, After func(privacy.Change) error
	// Sent is everything that was ever sent.
	Sent []privacy.Change
}

// NewLedger makes an empty collection.
func NewLedger() *Ledger { return &Ledger{entries: map[privacy.EntryKey][]byte{}} }

// ChangeVault implements vault.Ledger.
func (l *Ledger) ChangeVault(ctx context.Context, change privacy.Change) error {
	if err := change.Validate(); err != nil {
		return err
	}
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
		if _, err := wire.DecodeEntry(put.Key, put.Value); err != nil {
			return err
		}
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

// Lose takes an entry away behind the vault's back.
func (l *Ledger) Lose(key privacy.EntryKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.entries, key)
}

func hook(f func(privacy.Change) error, change privacy.Change) error {
	if f == nil {
		return nil
	}
	return f(change)
}

// VaultEntries implements vault.Ledger.
func (l *Ledger) VaultEntries(_ context.Context, keys []privacy.EntryKey) ([][]byte, error) {
	if len(keys) == 0 || len(keys) > privacy.MaxLookup {
		return nil, fault.New(fault.TooLarge, "a lookup names 1 to %d keys", privacy.MaxLookup)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	raw := make([][]byte, len(keys))
	for i, key := range keys {
		raw[i] = l.entries[key]
	}
	return raw, nil
}

// Entries copies what the collection has now.
func (l *Ledger) Entries() map[privacy.EntryKey][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[privacy.EntryKey][]byte, len(l.entries))
	for key, value := range l.entries {
		all[key] = value
	}
	return all
}

// Unavailable is what the ledger answers when it can't be reached.
func Unavailable(privacy.Change) error {
	return fault.New(fault.LedgerUnavailable, "the ledger can't be reached")
}

package api

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/store"
)

// named is a field of a request that names an account by a customer's reference.
type named struct {
	field     string
	reference *string
	account   *points.AccountID // Where the account belongs.
	programme string            // Whose customer it is.
}

func (it *item) names() []named {
	to := it.way.home
	if it.request.Kind == KindSwap {
		to = it.way.partner
	}
	all := []named{
		{"reference", it.request.Reference, &it.intake.Operation.Account, it.way.home}, {"toReference", it.request.ToReference, &it.intake.Operation.To, to},
	}
	return slices.DeleteFunc(all, func(n named) bool { return n.reference == nil })
}

// resolve finds the accounts of customers' references. An account that is being opened counts.
func (s *Server) resolve(ctx context.Context, items []*item) {
	var lookups []string
	for _, it := range items {
		if it.err != nil {
			continue
		}
		for _, n := range it.names() {
			lookups = append(lookups, s.hasher.Lookup(*n.reference))
		}
	}
	accounts, err := s.lookUp(ctx, lookups)
	for _, it := range items {
		if it.err == nil {
			it.err = s.place(ctx, it, accounts, err)
		}
	}
}

// place puts the accounts that were found into an item; failed is why none was looked for.
func (s *Server) place(ctx context.Context, it *item, accounts map[string]points.AccountID, failed error) error {
	for _, n := range it.names() {
		if failed != nil {
			return failed
		}
		account, known := accounts[s.hasher.Lookup(*n.reference)]
		if !known && n.programme == s.programme {
			var err error
			if account, known, err = s.inVault(ctx, *n.reference); err != nil {
				return err
			}
		}
		if !known {
			return wrong(fault.AccountUnknown, it.at+"/"+n.field, "no account has this reference: open one first")
		}
		*n.account = account
	}
	return nil
}

// inVault finds an account of the own programme by what the vault knows of its customers.
func (s *Server) inVault(ctx context.Context, reference string) (points.AccountID, bool, error) {
	if s.people.Vault == nil {
		return "", false, nil
	}
	return s.people.Vault.AccountFor(ctx, s.programme, reference)
}

// refuseKnown refuses to open an account for a reference by which the vault knows a customer who has one: a second account would hide the first. An opening that was recorded
// before, under the reference itself, is left to the sequencer, which answers it again.
func (s *Server) refuseKnown(ctx context.Context, openings []*item) {
	for _, it := range openings {
		if it.err != nil || it.request.Reference == nil || s.people.Vault == nil {
			continue
		}
		lookup := s.hasher.Lookup(*it.request.Reference)
		recorded, err := s.reader.Lookups(ctx, []string{lookup})
		if err != nil {
			it.err = err
			continue
		}
		if _, before := recorded[lookup]; before {
			continue
		}
		if _, known, err := s.inVault(ctx, *it.request.Reference); err != nil {
			it.err = err
		} else if known {
			it.err = wrong(fault.PersonExists, it.at+"/reference", "a customer of the vault with this reference has an account: use it")
		}
	}
}

// lookUp asks for accounts in as many queries as the read model wants.
func (s *Server) lookUp(ctx context.Context, lookups []string) (map[string]points.AccountID, error) {
	found := make(map[string]points.AccountID, len(lookups))
	for part := range slices.Chunk(lookups, store.MaxReadsAtOnce) {
		accounts, err := s.reader.Lookups(ctx, part)
		if err != nil {
			return nil, err
		}
		for lookup, account := range accounts {
			found[lookup] = account
		}
	}
	return found, nil
}

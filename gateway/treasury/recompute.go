package treasury

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// Position is what a member signs of a window's netting.
type Position struct {
	Net  quantity.Minor // Positive when the member receives.
	Root string         // Hash of the whole result.
}

// Signatory is for whom a position is computed: a member, by itself or by the brand that acts for it since it failed.
type Signatory struct {
	Member string
	By     string // Whose gateway this is.
}

// Recompute nets a window again, from the gateway's own copy of what the netting found, and holds what the member's pairs disclosed against the data that the own peer holds: of
// its own member's pairs it holds everything. It gives the member's position as it follows from that.
//
// CLEARING_MISMATCH when a disclosed net isn't what the pair's obligations and tallies add up to, or the result on the ledger isn't what netting gives; NOT_READY while the own peer
// has not delivered all of a pair's data; NOT_FOUND when the window isn't netted or the member has no position in it.
func Recompute(ctx context.Context, reads *store.ClearingReads, who Signatory, currency string, window int64) (Position, error) {
	result, root, err := netAgain(ctx, reads, currency, window)
	if err != nil {
		return Position{}, err
	}
	var there clearing.Window
	if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectWindow, ID: store.WindowID(currency, window)}, &there); err != nil {
		return Position{}, err
	}
	if there.Root != root {
		return Position{}, fault.New(fault.ClearingMismatch, "window %d of %s: netting gives the root %s, the ledger has %s", window, currency, root, there.Root)
	}
	if err := CheckDisclosures(ctx, reads, who, currency, window); err != nil {
		return Position{}, err
	}
	for _, p := range result.Positions {
		if p.Member == who.Member {
			return Position{Net: p.Net, Root: root}, nil
		}
	}
	return Position{}, fault.New(fault.NotFound, "%s has no position in window %d of %s", who.Member, window, currency)
}

// netAgain executes the netting of a window on the records that its transaction found.
func netAgain(ctx context.Context, reads *store.ClearingReads, currency string, window int64) (*clearing.Netting, string, error) {
	ref := store.ClearingRef{Object: engine.ObjectNetting, ID: store.WindowID(currency, window)}
	block, tx, err := reads.Written(ctx, ref)
	if err != nil {
		return nil, "", err
	}
	past := &past{ctx: ctx, reads: reads, block: block, tx: tx}
	var there clearing.Window
	if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectWindow, ID: store.WindowID(currency, window)}, &there); err != nil {
		return nil, "", err
	}
	caller, err := past.brand()
	if err != nil {
		return nil, "", err
	}
	document, err := wire.Encode(wire.WindowQuery{Currency: currency, Number: window})
	if err != nil {
		return nil, "", err
	}
	effects, err := engine.Clearing(engine.Call{
		Chaincode: engine.ClearingChaincode, Function: wire.FnNetWindow, Document: document, Time: there.NettedAt,
		Caller: engine.Identity{MSP: caller, Role: engine.RoleGateway},
	}, past)
	if err != nil {
		return nil, "", fault.New(fault.ClearingMismatch, "window %d of %s can't be netted: %v", window, currency, err)
	}
	for _, w := range effects.Writes {
		if w.Key != engine.NettingKey(currency, window) {
			continue
		}
		sum := sha256.Sum256(w.Value)
		result := new(clearing.Netting)
		return result, hex.EncodeToString(sum[:]), wire.DecodeRecord(w.Value, result)
	}
	return nil, "", fault.New(fault.Internal, "netting gave no result")
}

// past is clearing's public state as one transaction found it.
type past struct {
	ctx   context.Context
	reads *store.ClearingReads
	block int64
	tx    int
}

// Get implements engine.State.
func (p *past) Get(keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		object, attributes, err := engine.ParseKey(key)
		if err != nil {
			return nil, err
		}
		if values[i], err = p.reads.Before(p.ctx, store.ClearingRef{Object: object, ID: strings.Join(attributes, "/")}, p.block, p.tx); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// Private implements engine.State: netting reads no private data.
func (p *past) Private(collection string, _ []string) ([][]byte, error) {
	return nil, fault.New(fault.PrivateUnavailable, "the past has no values of %s", collection)
}

// PrivateHash implements engine.State.
func (p *past) PrivateHash(collection, _ string) ([]byte, error) {
	return nil, fault.New(fault.PrivateUnavailable, "the past has no hashes of %s", collection)
}

// Invoke implements engine.State.
func (p *past) Invoke(chaincode, _ string, _ []byte) ([]byte, error) {
	return nil, fault.New(fault.Internal, "netting calls no %s", chaincode)
}

// brand is the MSP id of a brand that could ask for the netting: the result doesn't depend on which.
func (p *past) brand() (string, error) {
	values, err := p.Get([]string{engine.ConsortiumKey()})
	if err != nil {
		return "", err
	}
	var members clearing.Consortium
	if values[0] == nil || wire.DecodeRecord(values[0], &members) != nil {
		return "", fault.New(fault.NotFounded, "the consortium's record is not there")
	}
	for _, m := range members.Brands() {
		if m.Is(clearing.StatusActive, clearing.StatusExiting) {
			return m.MSP, nil
		}
	}
	return "", fault.New(fault.MemberStatus, "no brand is in good standing")
}

// CheckDisclosures holds what the member's pairs disclosed into the netting of a window against the data of the own peer: their tallies, and the obligations that these are made of.
func CheckDisclosures(ctx context.Context, reads *store.ClearingReads, who Signatory, currency string, window int64) error {
	all, err := store.All[clearing.PairNets](ctx, reads, store.ClearingList{Object: engine.ObjectPairNets, Prefix: store.WindowID(currency, window)})
	if err != nil {
		return err
	}
	for i := range all {
		n := &all[i]
		if (n.A == who.Member || n.B == who.Member) && (n.A == who.By || n.B == who.By) {
			if err := CheckPair(ctx, reads, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckPair holds what a pair disclosed, or is about to, against its tallies and obligations: CLEARING_MISMATCH unless they make the same, NOT_READY while the own peer has not
// delivered all of the pair's data.
func CheckPair(ctx context.Context, reads *store.ClearingReads, n *clearing.PairNets) error {
	gaps, err := reads.Gaps(ctx)
	if err != nil {
		return err
	}
	collection := clearing.PairCollection(n.A, n.B)
	for _, g := range gaps {
		if g.Collection == collection {
			return fault.New(fault.NotReady, "the peer has not delivered the data of block %d for %s: what the pair disclosed can't be checked", g.Block, collection)
		}
	}
	for _, d := range n.Nets {
		tallied, err := Tallied(ctx, reads, n.A, n.B, n.Currency, d.Window)
		if err != nil {
			return err
		}
		booked, err := booked(ctx, reads, n.A, n.B, n.Currency, d.Window)
		if err != nil {
			return err
		}
		if tallied != d.Sum || booked != d.Sum {
			return fault.New(fault.ClearingMismatch, "%s and %s disclosed %d millionths for window %d of %s; their tallies make %d, their obligations %d",
				n.A, n.B, int64(d.Sum), d.Window, n.Currency, int64(tallied), int64(booked))
		}
	}
	return nil
}

// Tallied adds the tallies of a pair's lanes in a window up: what A owes B, less what B owes A.
func Tallied(ctx context.Context, reads *store.ClearingReads, a, b, currency string, window int64) (quantity.Micro, error) {
	tallies, err := Tallies(ctx, reads, a, b, currency, window)
	if err != nil {
		return 0, err
	}
	return clearing.Sum(tallies)
}

// Tallies are those of a pair's lanes in a window.
func Tallies(ctx context.Context, reads *store.ClearingReads, a, b, currency string, window int64) ([]clearing.Tally, error) {
	return store.All[clearing.Tally](ctx, reads, store.ClearingList{
		Collection: clearing.PairCollection(a, b), Object: engine.ObjectTally, Prefix: store.WindowID(currency, window),
	})
}

// booked adds the obligations of a pair in a window up.
func booked(ctx context.Context, reads *store.ClearingReads, a, b, currency string, window int64) (quantity.Micro, error) {
	sums, err := reads.Sums(ctx, currency, window, window)
	if err != nil {
		return 0, err
	}
	for _, s := range sums {
		if s.A == a && s.B == b {
			return s.Net(), nil
		}
	}
	return 0, nil
}

package audit

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// clearingRecords are clearing's public records in one currency, as they stand in the rebuilt state.
type clearingRecords struct {
	currency    string
	pointer     clearing.WindowPointer
	windows     map[int64]*clearing.Window
	nettings    map[int64]*clearing.Netting
	nets        []*clearing.PairNets
	books       map[clearing.Pair]*clearing.PairBook
	disputes    []*clearing.Dispute
	legs        []*clearing.Leg
	positions   []*clearing.Position
	standings   []*clearing.Standing
	allocations []clearing.Allocation
	caps        []*clearing.Cap
	deferred    wire.Deferred
	roots       map[int64][]byte // The nettings' own bytes.
}

// clearingRecords reads clearing's records by currency, in order; a record that can't be read is a finding.
func (a *Auditor) clearingRecords() ([]*clearingRecords, *Finding) {
	all := map[string]*clearingRecords{}
	in := func(currency string) *clearingRecords {
		r := all[currency]
		if r == nil {
			r = &clearingRecords{
				currency: currency, windows: map[int64]*clearing.Window{}, nettings: map[int64]*clearing.Netting{},
				books: map[clearing.Pair]*clearing.PairBook{}, roots: map[int64][]byte{},
			}
			all[currency] = r
		}
		return r
	}
	records := a.world.public[engine.ClearingChaincode]
	for _, key := range slices.Sorted(maps.Keys(records)) {
		object, attributes, err := engine.ParseKey(key)
		if err == nil {
			err = takeClearing(in, object, attributes, records[key].value)
		}
		if err != nil {
			return nil, blockFinding(CheckInvariant, records[key].version.Block, "%v", err).at(engine.ClearingChaincode, key)
		}
	}
	out := make([]*clearingRecords, 0, len(all))
	for _, currency := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[currency])
	}
	return out, nil
}

// takeClearing takes one record.
func takeClearing(in func(currency string) *clearingRecords, object string, attributes []string, value []byte) error {
	switch object {
	case engine.ObjectWindow:
		if len(attributes) == 1 {
			return wire.DecodeRecord(value, &in(attributes[0]).pointer)
		}
		return taken(value, func(w *clearing.Window) { in(w.Currency).windows[w.Number] = w })
	case engine.ObjectNetting:
		return taken(value, func(n *clearing.Netting) {
			in(n.Currency).nettings[n.Window], in(n.Currency).roots[n.Window] = n, value
		})
	case engine.ObjectPairNets:
		return taken(value, func(n *clearing.PairNets) { in(n.Currency).nets = append(in(n.Currency).nets, n) })
	case engine.ObjectPairBook:
		return taken(value, func(b *clearing.PairBook) { in(b.Currency).books[clearing.Pair{A: b.A, B: b.B}] = b })
	case engine.ObjectDispute:
		return taken(value, func(d *clearing.Dispute) { in(d.Currency).disputes = append(in(d.Currency).disputes, d) })
	case engine.ObjectLeg:
		return taken(value, func(l *clearing.Leg) { in(l.Currency).legs = append(in(l.Currency).legs, l) })
	case engine.ObjectPosition:
		return taken(value, func(p *clearing.Position) { in(p.Currency).positions = append(in(p.Currency).positions, p) })
	case engine.ObjectStanding:
		return taken(value, func(s *clearing.Standing) { in(s.Currency).standings = append(in(s.Currency).standings, s) })
	case engine.ObjectAllocation:
		return taken(value, func(l *clearing.Allocation) { in(l.Currency).allocations = append(in(l.Currency).allocations, *l) })
	case engine.ObjectCap:
		return taken(value, func(c *clearing.Cap) { in(c.Currency).caps = append(in(c.Currency).caps, c) })
	case engine.ObjectDeferred:
		return wire.DecodeRecord(value, &in(attributes[0]).deferred)
	}
	return nil
}

func taken[T any](value []byte, take func(*T)) error {
	record := new(T)
	if err := wire.DecodeRecord(value, record); err != nil {
		return err
	}
	take(record)
	return nil
}

// numbers are the windows' numbers, in order.
func (r *clearingRecords) numbers() []int64 { return slices.Sorted(maps.Keys(r.windows)) }

// lastNetted is the last window with a result; 0 without one.
func (r *clearingRecords) lastNetted() int64 {
	last := int64(0)
	for number := range r.nettings {
		last = max(last, number)
	}
	return last
}

// netsOf are what a pair disclosed, in the order of windows.
func (r *clearingRecords) netsOf(pair clearing.Pair) []clearing.Disclosure {
	var out []clearing.Disclosure
	for _, n := range r.nets {
		if n.A == pair.A && n.B == pair.B {
			out = append(out, n.Nets...)
		}
	}
	slices.SortFunc(out, func(x, y clearing.Disclosure) int { return int(x.Window - y.Window) })
	return out
}

// legsOf are the legs of a window.
func (r *clearingRecords) legsOf(number int64) []*clearing.Leg {
	var out []*clearing.Leg
	for _, l := range r.legs {
		if l.Window == number {
			out = append(out, l)
		}
	}
	return out
}

// positionsOf are the positions of a window.
func (r *clearingRecords) positionsOf(number int64) []*clearing.Position {
	var out []*clearing.Position
	for _, p := range r.positions {
		if p.Window == number {
			out = append(out, p)
		}
	}
	return out
}

// sideOf finds a disputed line in its pair's book; nil when it has left it.
func (r *clearingRecords) sideOf(d *clearing.Dispute) *clearing.Aside {
	b := r.books[clearing.Pair{A: d.A, B: d.B}]
	if b == nil {
		return nil
	}
	for i := range b.Aside {
		if b.Aside[i].Line == d.Line {
			return &b.Aside[i]
		}
	}
	return nil
}

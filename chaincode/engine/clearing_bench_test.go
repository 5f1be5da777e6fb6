package engine_test

import (
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// crowd is a closed window of n brands in which every pair disclosed a net, as state that is put there directly.
func crowd(t tester, n int) *house {
	t.Helper()
	h := &house{t: t, state: memory{}, now: now}
	members := clearing.Consortium{V: 1, Genesis: genesis}
	for i := range n {
		name := fmt.Sprintf("m%03d", i)
		h.brands = append(h.brands, name)
		members.Members = append(members.Members, clearing.Member{Name: name, MSP: mspOf(name), Kind: clearing.KindBrand, Number: i})
	}
	h.state[engine.ConsortiumKey()] = encode(t, members)
	h.state[engine.WindowKey("GBP", 1)] = encode(t, clearing.Window{V: 1, Currency: "GBP", Number: 1, Status: clearing.WindowClosed})
	for i, p := range members.Pairs() {
		net := quantity.Minor(1_000_000 + i*7919%900_000)
		if i%2 == 0 {
			net = -net
		}
		nets := clearing.PairNets{V: 1, A: p.A, B: p.B, Currency: "GBP", Window: 1, Nets: []clearing.Disclosure{{Window: 1, Net: net}}}
		h.state[engine.PairNetsKey("GBP", 1, p.A, p.B)] = encode(t, nets)
		h.state[engine.PairBookKey(p.A, p.B, "GBP")] = encode(t, clearing.PairBook{V: 1, A: p.A, B: p.B, Currency: "GBP", Disclosed: 1})
	}
	return h
}

func TestNettingOfAHundredBrandsFitsIntoOneTransaction(t *testing.T) {
	h := crowd(t, clearing.MaxMembers)
	e := h.must("m000", engine.RoleGateway, wire.FnNetWindow, named(1))
	size := len(e.EventPayload) + len(e.Response)
	for _, w := range e.Writes {
		size += len(w.Key) + len(w.Value)
	}
	result := at[clearing.Netting](h, engine.NettingKey("GBP", 1))
	if len(result.Settled) != 4950 || len(result.Payments) >= clearing.MaxMembers {
		t.Errorf("%d obligations are settled by %d payments", len(result.Settled), len(result.Payments))
	}
	if size > wire.MaxDocument/4 {
		t.Errorf("the transaction writes %d bytes", size)
	}
}

func BenchmarkNetWindow(b *testing.B) {
	for _, n := range []int{10, 50, 100} {
		b.Run(fmt.Sprintf("%d brands", n), func(b *testing.B) {
			h := crowd(b, n)
			call := engine.Call{
				Chaincode: "clearing", Function: wire.FnNetWindow, Document: encode(b, named(1)), Caller: engine.Identity{MSP: mspOf("m000"), Role: engine.RoleGateway}, Time: now,
			}
			bytes := 0
			for b.Loop() {
				e, err := engine.Clearing(call, h)
				if err != nil {
					b.Fatal(err)
				}
				bytes = 0
				for _, w := range e.Writes {
					bytes += len(w.Key) + len(w.Value)
				}
			}
			b.ReportMetric(float64(bytes), "written-B/op")
		})
	}
}

package audit

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// edited replaces text in what clearing writes under keys that begin so.
func edited(prefix, from, to string) func(*ledgertest.Proposal) {
	return ledgertest.WithAltered(func(f ledgertest.Footprint) {
		for _, w := range append([]engine.Write(nil), f.Writes(engine.ClearingChaincode)...) {
			if strings.HasPrefix(engine.ReadableKey(w.Key), prefix) {
				f.Write(engine.ClearingChaincode, engine.Write{Key: w.Key, Value: bytes.Replace(w.Value, []byte(from), []byte(to), 1)})
			}
		}
	})
}

// put adds a public write of clearing.
func put(b *bazaar, key string, record any) func(*ledgertest.Proposal) {
	return ledgertest.WithAltered(func(f ledgertest.Footprint) {
		f.Write(engine.ClearingChaincode, engine.Write{Key: key, Value: b.Encode(record)})
	})
}

// Two of three brands are a majority: with altered chaincode they can write into clearing's public state what they like, against the third. Every peer commits it, and every
// replay finds it, whether it holds the pairs' data or not.
func TestCollusionOfAMajorityIsFoundAndNamed(t *testing.T) {
	window := func(number int64) wire.WindowQuery {
		return wire.WindowQuery{Currency: ledgertest.Currency, Number: number}
	}
	for name, c := range map[string]struct {
		do    func(*bazaar, func(*ledgertest.Proposal)) string
		with  func(*bazaar) []func(*ledgertest.Proposal)
		check Check
		key   string
	}{
		"a disclosed net that lines don't give": {(*bazaar).disclose, func(*bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){edited("pairnets/", `"net":76`, `"net":16`)}
		}, CheckWriteSet, "pairnets/"},
		"a disclosure of other values than the hashes allow": {(*bazaar).disclose, func(b *bazaar) []func(*ledgertest.Proposal) {
			doc := b.withAirline.Disclosure(1)
			doc.Values[0].Net -= 60_000_000
			return []func(*ledgertest.Proposal){as(wire.FnDiscloseNet, b.Encode(doc))}
		}, CheckExecution, ""},
		"a disclosure that leaves a lane out": {(*bazaar).disclose, func(b *bazaar) []func(*ledgertest.Proposal) {
			doc := b.withAirline.Disclosure(1)
			doc.Values = doc.Values[1:]
			return []func(*ledgertest.Proposal){as(wire.FnDiscloseNet, b.Encode(doc))}
		}, CheckExecution, ""},
		"a position altered": {(*bazaar).net, func(*bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){edited("position/GBP/000000001/hotel", `"net":`, `"net":9`)}
		}, CheckWriteSet, "position/GBP/000000001/hotel"},
		"a payment in the result altered": {(*bazaar).net, func(*bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){edited("netting/", `"payments":[`, `"payments":[{"amount":5,"from":"grocer","to":"airline"},`)}
		}, CheckWriteSet, "netting/"},
		"a window netted twice": {func(b *bazaar, o func(*ledgertest.Proposal)) string {
			b.closed()
			b.Net(1)
			return b.Clear(b.Brands[0].Operator, wire.FnGetConsortium, struct{}{}, o)
		}, func(b *bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){as(wire.FnNetWindow, b.Encode(window(1)))}
		}, CheckExecution, ""},
		"a window netted out of order": {func(b *bazaar, o func(*ledgertest.Proposal)) string {
			b.closed()
			b.Roll()
			for _, d := range b.trades() {
				d.Disclose(2)
			}
			b.Shut(2)
			return b.Clear(b.Brands[0].Operator, wire.FnGetConsortium, struct{}{}, o)
		}, func(b *bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){as(wire.FnNetWindow, b.Encode(window(2)))}
		}, CheckExecution, ""},
		"a window that skips its netting": {func(b *bazaar, o func(*ledgertest.Proposal)) string {
			b.disclosed()
			return b.Shut(1, o)
		}, func(*bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){edited("window/GBP/000000001", `"status":"CLOSED"`, `"status":"SETTLED"`)}
		}, CheckWriteSet, "window/"},
		"a leg of less": {func(b *bazaar, o func(*ledgertest.Proposal)) string {
			b.closed()
			b.Net(1)
			b.Sign(1)
			return b.Settle(1, o)
		}, func(*bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){edited("leg/", `"amount":`, `"amount":1`)}
		}, CheckWriteSet, "leg/"},
		"an allocation that no vote carried": {func(b *bazaar, o func(*ledgertest.Proposal)) string {
			return b.Clear(b.Brands[0].Operator, wire.FnPropose, wire.NewProposal{ID: clearing.ProposalID(strings.Repeat("9", 32)), Motion: clearing.Motion{
				Allocation: &clearing.AllocationMove{Debtor: "airline", Creditor: "hotel", Currency: ledgertest.Currency, Amount: 1},
			}}, o)
		}, func(b *bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){put(b, engine.AllocationKey("airline", "hotel", ledgertest.Currency), clearing.Allocation{
				V: 1, A: "airline", B: "hotel", Currency: ledgertest.Currency, Since: 1, Epoch: 2,
			})}
		}, CheckWriteSet, "allocation/airline/hotel"},
		"a member suspended without a vote": {func(b *bazaar, o func(*ledgertest.Proposal)) string {
			return b.Clear(b.Brands[0].Operator, wire.FnPropose, wire.NewProposal{ID: clearing.ProposalID(strings.Repeat("9", 32)), Motion: clearing.Motion{
				Suspend: &clearing.Concerned{Member: "hotel"},
			}}, o)
		}, func(*bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){edited("vote/", `"status":"OPEN"`, `"status":"CARRIED"`)}
		}, CheckWriteSet, "vote/"},
		"a roll too early": {func(b *bazaar, o func(*ledgertest.Proposal)) string { return b.Roll(o) }, func(b *bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){as(wire.FnRollWindow, b.Encode(wire.Rolling{Currency: ledgertest.Currency, Number: 1}))}
		}, CheckExecution, ""},
		"a pair's data written beside": {(*bazaar).disclose, func(b *bazaar) []func(*ledgertest.Proposal) {
			return []func(*ledgertest.Proposal){ledgertest.WithAltered(func(f ledgertest.Footprint) {
				f.WritePrivate(engine.ClearingChaincode, engine.PrivateWrite{Collection: b.pair.Collection(), Key: engine.PairKey(), Value: []byte("{}")})
			})}
		}, CheckPrivateWriteSet, ""}, // An observer can't tell which key has the hash.
		"points made beside": {(*bazaar).disclose, func(b *bazaar) []func(*ledgertest.Proposal) {
			account := b.State("points-hotel", engine.AccountKey(b.guest))
			return []func(*ledgertest.Proposal){ledgertest.WithAltered(func(f ledgertest.Footprint) {
				f.Write("points-hotel", engine.Write{Key: engine.AccountKey(b.guest), Value: account})
			})}
		}, CheckWriteSet, "account/"},
	} {
		t.Run(name, func(t *testing.T) {
			b := tradeAll(t)
			b.chain(t)
			b.Pass(5)
			with := append(c.with(b), signedBy(b.Brands[0].Peer, b.Brands[1].Peer))
			id := c.do(b, func(p *ledgertest.Proposal) {
				for _, o := range with {
					o(p)
				}
			})
			for view, hidden := range map[string][]string{"full": nil, "public": {b.pair.Collection(), b.withAirline.Collection(), b.withHotel.Collection()}} {
				f := audit(t, b.saved(t, hidden...), Options{}).Finding
				if f == nil || f.Check != c.check || f.Transaction != id || f.Block != b.Height()-1 || !strings.HasPrefix(f.Key, c.key) {
					t.Errorf("%s: found %v", view, f)
				}
			}
		})
	}
}

// as has the block tell another invocation than the one that was executed.
func as(function string, document []byte) func(*ledgertest.Proposal) {
	return func(p *ledgertest.Proposal) { p.As = &ledgertest.Invocation{Function: function, Document: document} }
}

func signedBy(peers ...*ledgertest.Identity) func(*ledgertest.Proposal) {
	return func(p *ledgertest.Proposal) { p.Signed = peers }
}

// disclose rolls the window and discloses what the airline and the grocer owe each other.
func (b *bazaar) disclose(o func(*ledgertest.Proposal)) string {
	b.Roll()
	return b.withAirline.Disclose(1, o)
}

// disclosed rolls the first window and has all pairs disclose it.
func (b *bazaar) disclosed() {
	b.Roll()
	for _, d := range b.trades() {
		d.Disclose(1)
	}
}

// closed brings the first window to CLOSED.
func (b *bazaar) closed() {
	b.disclosed()
	b.Shut(1)
}

func (b *bazaar) net(o func(*ledgertest.Proposal)) string {
	b.closed()
	return b.Net(1, o)
}

// What an engine that keeps its rules never writes: these invariants are there for one that doesn't, so the rebuilt state is made wrong under them.
func TestClearingInvariantsAreCheckedOnTheRebuiltState(t *testing.T) {
	b := tradeAll(t)
	b.everything(t)
	b.chain(t)
	b.Roll()
	b.chain(t)
	b.settle(t, 1)
	for name, c := range map[string]struct{ key, from, to string }{
		"WindowsFollowEachOther":         {"window/GBP/000000001", `"number":1`, `"number":3`},
		"WindowsFollowEachOther, status": {"window/GBP/000000001", `"status":"SETTLED"`, `"status":"OPEN"`},
		"WindowsFollowEachOther, result": {"window/GBP/000000002", `"number":2`, `"nettedAt":5,"number":2`},
		"ResultsHaveTheirRoots":          {"window/GBP/000000001", `"root":"`, `"root":"0`},
		"ResultsHaveTheirRoots, sum":     {"netting/GBP/000000001", `"member":"hotel","net":`, `"member":"hotel","net":1`},
		"ResultsHaveTheirRoots, kept":    {"position/GBP/000000001/hotel", `"net":`, `"net":1`},
		"LegsFollowResults":              {"leg/", `"from":"airline"`, `"from":"hotel"`},
		"LegsFollowResults, open":        {"leg/", `"status":"FINAL"`, `"status":"PAID"`},
		"ObligationsAreSettledOrCarried": {"pairnets/GBP/000000001/airline/grocer", `"net":7`, `"net":8`},
		"NetsFollowSums":                 {"pairbook/", `"residual":"-`, `"residual":"-1`},
		"StandingsFollowLegs":            {"standing/hotel", `"received":`, `"received":1`},
		"AllocationsWithinCaps":          {"cap/airline", `"allocated":`, `"allocated":1`},
		"NetsFollowSums, each":           {"pairnets/GBP/000000001/airline/grocer", `"before":"0"`, `"before":"1"`},
	} {
		t.Run(name, func(t *testing.T) {
			auditor := New(Options{})
			a := b.saved(t)
			if err := auditor.Blocks(t.Context(), a.Blocks(b.Height())); err != nil {
				t.Fatal(err)
			}
			if err := auditor.checkClearingHolds(); err != nil {
				t.Fatal(err)
			}
			records := auditor.world.public[engine.ClearingChaincode]
			found := false
			for key, e := range records {
				changed := bytes.Replace(e.value, []byte(c.from), []byte(c.to), 1)
				if strings.HasPrefix(engine.ReadableKey(key), c.key) && !bytes.Equal(changed, e.value) {
					records[key], found = entry{changed, e.version}, true
				}
			}
			if !found {
				t.Fatalf("%s is in no %s", c.from, c.key)
			}
			var f *Finding
			want, _, _ := strings.Cut(name, ",")
			if err := auditor.checkClearingHolds(); !errors.As(err, &f) || !strings.HasPrefix(f.Detail, want) {
				t.Errorf("found %v", err)
			}
		})
	}
}

// Of a pair whose data is held, the audit's own sums are made wrong under the records.
func TestPairInvariantsAreCheckedWhereThePairsDataIsHeld(t *testing.T) {
	b := tradeAll(t)
	b.everything(t)
	b.chain(t)
	b.Roll()
	b.settle(t, 1)
	place := b.pair.Lane(b.airline, b.airline, 0)
	for name, alter := range map[string]func(*pairAccount){
		"":                      func(*pairAccount) {},
		"DisclosedFollowsLines": func(p *pairAccount) { p.booked[1].lanes[place].owed[clearing.AOwesB]++ },
		"UsedFollowsLines": func(p *pairAccount) {
			l := p.lanes[place]
			l.Used[clearing.AOwesB]--
			p.lanes[place] = l
		},
		"ReservedFollowsHolds": func(p *pairAccount) {
			l := p.lanes[place]
			l.Reserved[clearing.AOwesB]++
			p.lanes[place] = l
		},
	} {
		t.Run(name, func(t *testing.T) {
			auditor := New(Options{})
			a := b.saved(t)
			if err := auditor.Blocks(t.Context(), a.Blocks(b.Height())); err != nil {
				t.Fatal(err)
			}
			alter(auditor.clearing.pair(pairRef{"airline", "hotel", ledgertest.Currency}))
			err := auditor.checkClearingHolds()
			var f *Finding
			if name == "" && err != nil || name != "" && (!errors.As(err, &f) || !strings.Contains(f.Detail, name)) {
				t.Errorf("found %v", err)
			}
		})
	}
}

package audit

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// edited replaces text in what clearing writes under keys that begin so.
func edited(prefix, from, to string) option {
	return ledgertest.WithAltered(func(f ledgertest.Footprint) {
		for _, w := range append([]engine.Write(nil), f.Writes(engine.ClearingChaincode)...) {
			if strings.HasPrefix(engine.ReadableKey(w.Key), prefix) {
				f.Write(engine.ClearingChaincode, engine.Write{Key: w.Key, Value: bytes.Replace(w.Value, []byte(from), []byte(to), 1)})
			}
		}
	})
}

// put adds a public write of clearing.
func put(b *bazaar, key string, record any) option {
	return ledgertest.WithAltered(func(f ledgertest.Footprint) {
		f.Write(engine.ClearingChaincode, engine.Write{Key: key, Value: b.Encode(record)})
	})
}

// Two of three brands are a majority: with altered chaincode they can write into clearing's public state what they like, against the third. Every peer commits it, and every
// replay finds it, whether it holds the pairs' data or not.
func TestCollusionOfAMajorityIsFoundAndNamed(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(*bazaar, option) string
		with  func(*bazaar) []option
		check Check
		key   string
	}{
		"a disclosed net that lines don't give": {(*bazaar).discloses, func(*bazaar) []option {
			return []option{edited("pairnets/", `"net":76`, `"net":16`)}
		}, CheckWriteSet, "pairnets/"},
		"a disclosure of other values than the hashes allow": {(*bazaar).discloses, func(b *bazaar) []option {
			doc := b.withAirline.Disclosure(1)
			doc.Values[0].Net -= 60_000_000
			return []option{as(wire.FnDiscloseNet, b.Encode(doc))}
		}, CheckExecution, ""},
		"a disclosure that leaves a lane out": {(*bazaar).discloses, func(b *bazaar) []option {
			doc := b.withAirline.Disclosure(1)
			doc.Values = doc.Values[1:]
			return []option{as(wire.FnDiscloseNet, b.Encode(doc))}
		}, CheckExecution, ""},
		"a position altered": {(*bazaar).nets, func(*bazaar) []option {
			return []option{edited("position/GBP/000000001/hotel", `"net":`, `"net":9`)}
		}, CheckWriteSet, "position/GBP/000000001/hotel"},
		"a payment in the result altered": {(*bazaar).nets, func(*bazaar) []option {
			return []option{edited("netting/", `"payments":[`, `"payments":[{"amount":5,"from":"grocer","to":"airline"},`)}
		}, CheckWriteSet, "netting/"},
		"a window netted twice": {func(b *bazaar, o option) string {
			b.close(1)
			b.net(1)
			return b.clear(b.operator(), wire.FnGetConsortium, struct{}{}, o)
		}, func(b *bazaar) []option {
			return []option{as(wire.FnNetWindow, b.Encode(number(1)))}
		}, CheckExecution, ""},
		"a window netted out of order": {func(b *bazaar, o option) string {
			b.close(1)
			b.close(2)
			return b.clear(b.operator(), wire.FnGetConsortium, struct{}{}, o)
		}, func(b *bazaar) []option {
			return []option{as(wire.FnNetWindow, b.Encode(number(2)))}
		}, CheckExecution, ""},
		"a window that skips its netting": {func(b *bazaar, o option) string {
			b.discloseAll(1)
			return b.shut(1, o)
		}, func(*bazaar) []option {
			return []option{edited("window/GBP/000000001", `"status":"CLOSED"`, `"status":"SETTLED"`)}
		}, CheckWriteSet, "window/"},
		"a leg of less": {func(b *bazaar, o option) string {
			b.close(1)
			b.net(1)
			b.sign(1)
			return b.start(1, o)
		}, func(*bazaar) []option {
			return []option{edited("leg/", `"amount":`, `"amount":1`)}
		}, CheckWriteSet, "leg/"},
		"an allocation that no vote carried": {func(b *bazaar, o option) string {
			return b.vote(clearing.Motion{
				Allocation: &clearing.AllocationMove{Debtor: "airline", Creditor: "hotel", Currency: ledgertest.Currency, Amount: 1},
			}, o)
		}, func(b *bazaar) []option {
			return []option{put(b, engine.AllocationKey("airline", "hotel", ledgertest.Currency), clearing.Allocation{
				V: 1, A: "airline", B: "hotel", Currency: ledgertest.Currency, Since: 1, Epoch: 2,
			})}
		}, CheckWriteSet, "allocation/airline/hotel"},
		"a member suspended without a vote": {func(b *bazaar, o option) string {
			return b.vote(clearing.Motion{
				Suspend: &clearing.Concerned{Member: "hotel"},
			}, o)
		}, func(*bazaar) []option {
			return []option{edited("vote/", `"status":"OPEN"`, `"status":"CARRIED"`)}
		}, CheckWriteSet, "vote/"},
		"a roll too early": {func(b *bazaar, o option) string { return b.roll(1, o) }, func(b *bazaar) []option {
			return []option{as(wire.FnRollWindow, b.Encode(wire.Rolling{Currency: ledgertest.Currency, Number: 1}))}
		}, CheckExecution, ""},
		"a pair's data written beside": {(*bazaar).discloses, func(b *bazaar) []option {
			return []option{ledgertest.WithAltered(func(f ledgertest.Footprint) {
				f.WritePrivate(engine.ClearingChaincode, engine.PrivateWrite{Collection: b.pair.Collection(), Key: engine.PairKey(), Value: []byte("{}")})
			})}
		}, CheckPrivateWriteSet, ""}, // An observer can't tell which key has the hash.
		"points made beside": {(*bazaar).discloses, func(b *bazaar) []option {
			account := b.State("points-hotel", engine.AccountKey(b.guest))
			return []option{ledgertest.WithAltered(func(f ledgertest.Footprint) {
				f.Write("points-hotel", engine.Write{Key: engine.AccountKey(b.guest), Value: account})
			})}
		}, CheckWriteSet, "account/"},
	} {
		t.Run(name, func(t *testing.T) {
			b := tradeAll(t)
			b.chain()
			b.pass(5)
			with := append(c.with(b), signedBy(b.Brands[0].Peer, b.Brands[1].Peer))
			id := c.do(b, func(p *ledgertest.Proposal) {
				for _, o := range with {
					o(p)
				}
			})
			for view, hidden := range map[string][]string{"full": nil, "public": b.collections()} {
				f := audit(t, b.saved(t, hidden...), Options{}).Finding
				if f == nil || f.Check != c.check || f.Transaction != id || f.Block != b.Height()-1 || !strings.HasPrefix(f.Key, c.key) {
					t.Errorf("%s: found %v", view, f)
				}
			}
		})
	}
}

// discloses rolls the window and discloses what the airline and the grocer owe each other.
func (b *bazaar) discloses(o option) string {
	b.roll(1)
	return b.disclose(b.withAirline, 1, o)
}

func (b *bazaar) nets(o option) string {
	b.close(1)
	return b.net(1, o)
}

// What an engine that keeps its rules never writes: these invariants are there for one that doesn't, so the rebuilt state is made wrong under them.
func TestClearingInvariantsAreCheckedOnTheRebuiltState(t *testing.T) {
	b := tradeAll(t)
	b.everything()
	b.chain()
	b.settle(1)
	b.chain()
	auditor, a := New(Options{}), b.saved(t)
	if err := auditor.Blocks(t.Context(), a.Blocks(b.Height())); err != nil {
		t.Fatal(err)
	}
	if err := auditor.checkClearingHolds(); err != nil {
		t.Fatal(err)
	}
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
			records := maps.Clone(auditor.world.public[engine.ClearingChaincode])
			defer func(before map[string]entry) { auditor.world.public[engine.ClearingChaincode] = before }(auditor.world.public[engine.ClearingChaincode])
			auditor.world.public[engine.ClearingChaincode] = records
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
	b.everything()
	b.chain()
	b.settle(1)
	place := b.pair.Lane(b.airline, b.airline.Brand, 0)
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

package audit

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// What follows can't be reached with an engine that keeps its rules either: the named invariants of single transactions, tried one by one.

func swapped() *wire.ExchangeEvent {
	return &wire.ExchangeEvent{
		Home: wire.BatchEvent{Receipts: []points.Receipt{
			{Operation: "1", Kind: points.KindSwap, Outcome: points.Accepted, Account: "a", To: "b", Points: 200, PartnerPoints: 100, Window: 3},
			{Operation: "2", Kind: points.KindSwap, Outcome: points.Rejected, Account: "a", To: "b", Points: 200},
			{Operation: "3", Kind: points.KindRedeem, Outcome: points.Accepted, Account: "a", Points: 5, Window: 3},
		}},
		Partner: &wire.BatchEvent{Receipts: []points.Receipt{
			{Operation: "1", Kind: points.KindDeposit, Outcome: points.Accepted, Account: "b", To: "a", Points: 100, PartnerPoints: 200, Window: 3},
		}},
	}
}

func TestEverySwapHasExactlyOneDepositInItsTransaction(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(*wire.ExchangeEvent)
		holds bool
	}{
		"one of each":              {func(*wire.ExchangeEvent) {}, true},
		"no deposits":              {func(e *wire.ExchangeEvent) { e.Partner = nil }, false},
		"a deposit twice":          {func(e *wire.ExchangeEvent) { e.Partner.Receipts = append(e.Partner.Receipts, e.Partner.Receipts[0]) }, false},
		"a deposit of nothing's":   {func(e *wire.ExchangeEvent) { e.Home.Receipts[0].Outcome = points.Rejected }, false},
		"for what was refused":     {func(e *wire.ExchangeEvent) { e.Partner.Receipts[0].Operation = "2" }, false},
		"a deposit that's refused": {func(e *wire.ExchangeEvent) { e.Partner.Receipts[0].Outcome = points.Rejected }, false},
		"something else":           {func(e *wire.ExchangeEvent) { e.Partner.Receipts[0].Kind = points.KindAward }, false},
		"of more points":           {func(e *wire.ExchangeEvent) { e.Partner.Receipts[0].Points++ }, false},
		"for more points":          {func(e *wire.ExchangeEvent) { e.Partner.Receipts[0].PartnerPoints++ }, false},
		"to somebody else":         {func(e *wire.ExchangeEvent) { e.Partner.Receipts[0].Account = "c" }, false},
		"from somebody else":       {func(e *wire.ExchangeEvent) { e.Partner.Receipts[0].To = "c" }, false},
	} {
		event := swapped()
		c.alter(event)
		if err := swapsAreDeposited(event); (err == nil) != c.holds {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAcceptedReceiptsAreInTheOpenWindow(t *testing.T) {
	if n, err := receiptsAreInWindow(swapped(), 3); err != nil || n != 3 {
		t.Errorf("%d, %v", n, err)
	}
	for i, alter := range []func(*wire.ExchangeEvent){
		func(e *wire.ExchangeEvent) { e.Home.Receipts[2].Window = 2 }, func(e *wire.ExchangeEvent) { e.Partner.Receipts[0].Window = 0 },
	} {
		event := swapped()
		alter(event)
		if _, err := receiptsAreInWindow(event, 3); err == nil {
			t.Errorf("%d: a receipt in another window passes", i)
		}
	}
}

func TestLanesOfAPairStayWithinItsAllocation(t *testing.T) {
	m := trade(t)
	lane := func(k int, used, reserved quantity.Micro) []byte {
		place := m.pair.Lane(m.airline, m.airline.Brand, k)
		return m.Encode(clearing.PairLane{V: 1, Currency: ledgertest.Currency, MSP: place.MSP, N: place.N, Used: [2]quantity.Micro{used, 0}, Reserved: [2]quantity.Micro{reserved, 0}})
	}
	const whole = 100_000_000_000 // The pair's allocation, in millionths.
	moved := func(k int, slice quantity.Micro) []byte {
		place := m.pair.Lane(m.airline, m.airline.Brand, k)
		return m.Encode(clearing.PairLane{V: 1, Currency: ledgertest.Currency, MSP: place.MSP, N: place.N, Slice: [2]quantity.Micro{slice, 0}, Of: [2]quantity.Micro{whole, 0}})
	}
	for name, c := range map[string]struct {
		lanes [][]byte
		want  string
	}{
		"within":                       {[][]byte{lane(0, whole/2, 0), lane(1, whole/4, whole/4)}, ""},
		"beyond by what is used":       {[][]byte{lane(0, whole/2, 0), lane(1, whole/2+1, 0)}, "CapsHold"},
		"beyond by what is reserved":   {[][]byte{lane(0, whole/2, 0), lane(1, 0, whole/2+1)}, "CapsHold"},
		"beyond, and less than before": {[][]byte{lane(0, whole-1, 0), lane(0, 5, 0)}, ""},
		"a slice from nowhere":         {[][]byte{moved(0, whole/16+1)}, "SlicesWithinAllocation"},
		"a slice from another lane's":  {[][]byte{moved(0, whole/16-1), moved(1, whole/16+1)}, ""},
	} {
		auditor := New(Options{})
		a := m.saved(t)
		if err := auditor.Blocks(t.Context(), a.Blocks(m.Height())); err != nil {
			t.Fatal(err)
		}
		var err error
		for _, raw := range c.lanes {
			if err == nil {
				err = auditor.checkLane("airline", "hotel", raw)
			}
		}
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTalliesAndDisclosuresAreHeldAgainstTheLines(t *testing.T) {
	auditor := New(Options{})
	ref := pairRef{"airline", "hotel", ledgertest.Currency}
	place := clearing.LanePlace{MSP: "AirlineMSP", N: 1024}
	lines := &wire.PairLines{Obligations: []clearing.Obligation{
		{Service: clearing.ServiceSwap, Debtor: "airline", Creditor: "hotel", Micro: 70, FeeDebtor: "hotel", Fee: 3}, {},
		{Service: clearing.ServiceAward, Debtor: "hotel", Creditor: "airline", Micro: 20},
	}}
	if err := auditor.clearing.pair(ref).book(ref, 1, place, lines); err != nil {
		t.Fatal(err)
	}
	tally := clearing.Tally{V: 1, Currency: ledgertest.Currency, Window: 1, MSP: place.MSP, Lane: place.N, Net: 47, Count: 2}
	nets := clearing.PairNets{A: "airline", B: "hotel", Currency: ledgertest.Currency, Window: 1, Nets: []clearing.Disclosure{{Window: 1, Sum: 47}}}
	check := func(name string, err error, holds bool) {
		t.Helper()
		if (err == nil) != holds {
			t.Errorf("%s: %v", name, err)
		}
	}
	encode := func(v any) []byte {
		raw, err := wire.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	check("the tally", auditor.checkTally(ref, encode(tally)), true)
	check("the disclosure", auditor.checkDisclosed(&nets), true)
	tally.Count++
	check("an obligation more", auditor.checkTally(ref, encode(tally)), false)
	tally.Count, tally.Net = 2, 46
	check("another net", auditor.checkTally(ref, encode(tally)), false)
	nets.Nets[0].Sum++
	check("another sum", auditor.checkDisclosed(&nets), false)
	auditor.clearing.pair(ref).window(1).unseen = true
	check("another sum of what isn't held", auditor.checkDisclosed(&nets), true)
}

func TestWindowsGoOnlyWhereTheirTableLeads(t *testing.T) {
	auditor := New(Options{})
	key := engine.WindowKey(ledgertest.Currency, 1)
	set := func(s clearing.WindowStatus) []byte {
		raw, err := wire.Encode(clearing.Window{V: 1, Currency: ledgertest.Currency, Number: 1, Status: s})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for _, c := range []struct {
		from, to clearing.WindowStatus
		holds    bool
	}{
		{clearing.WindowOpen, clearing.WindowClosing, true}, {clearing.WindowClosing, clearing.WindowClosed, true}, {clearing.WindowNetted, clearing.WindowSettled, true},
		{clearing.WindowNetted, clearing.WindowNetted, true}, {clearing.WindowOpen, clearing.WindowClosed, false}, {clearing.WindowClosing, clearing.WindowNetted, false},
		{clearing.WindowSettled, clearing.WindowSettling, false}, {clearing.WindowClosed, clearing.WindowSettled, false},
	} {
		auditor.world.public[engine.ClearingChaincode] = map[string]entry{key: {value: set(c.from)}}
		if err := auditor.checkWindow(blocks.Write{Key: key, Value: set(c.to)}); (err == nil) != c.holds {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
	}
}

func TestInboxFillsByExchangesAndEmptiesByFolding(t *testing.T) {
	encode := func(v any) []byte {
		raw, err := wire.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	entryOf := points.InboxEntry{V: 1, Account: "x", Operation: "1", Partner: "hotel", Lots: []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 40}}}
	key := engine.InboxKey("x", points.InboxPlace{MSP: "AirlineMSP", Lane: 1024, Seq: 1})
	laneOf := func(deposited, folded quantity.Points) blocks.Write {
		lane := points.Lane{V: 1, MSP: "AirlineMSP", N: 1024, Seq: 1, Totals: points.Totals{Deposited: deposited, Folded: folded}}
		return blocks.Write{Key: engine.LaneKey(lane.MSP, lane.N), Value: encode(lane)}
	}
	in, out := blocks.Write{Key: key, Value: encode(entryOf)}, blocks.Write{Key: key, Delete: true}
	exchange := &blocks.Transaction{Chaincode: engine.ClearingChaincode, Args: [][]byte{[]byte(wire.FnExchange), nil}}
	batch := &blocks.Transaction{Chaincode: home, Args: [][]byte{[]byte(wire.FnSubmitBatch), nil}}
	for name, c := range map[string]struct {
		t      *blocks.Transaction
		waits  bool // The credit is there before.
		writes []blocks.Write
		holds  bool
	}{
		"a credit":                           {exchange, false, []blocks.Write{in, laneOf(40, 0)}, true},
		"a credit that the lane doesn't say": {exchange, false, []blocks.Write{in, laneOf(39, 0)}, false},
		"a credit without a lane":            {exchange, false, []blocks.Write{in}, false},
		"a lane without a credit":            {exchange, false, []blocks.Write{laneOf(40, 0)}, false},
		"a credit by a batch":                {batch, false, []blocks.Write{in, laneOf(40, 0)}, false},
		"a credit again":                     {exchange, true, []blocks.Write{in, laneOf(80, 0)}, false},
		"a fold":                             {batch, true, []blocks.Write{out, laneOf(40, 40)}, true},
		"a fold by an exchange":              {exchange, true, []blocks.Write{out, laneOf(40, 40)}, false},
		"a fold of nothing":                  {batch, false, []blocks.Write{out, laneOf(0, 0)}, false},
	} {
		auditor := New(Options{})
		if c.waits {
			first := &blocks.Namespace{Name: home, Writes: []blocks.Write{in, laneOf(40, 0)}}
			if f := auditor.checkInbox(exchange, first, findHere); f != nil {
				t.Fatalf("%s: %v", name, f)
			}
			auditor.world.applyPublic(*first, blocks.Version{})
		}
		if f := auditor.checkInbox(c.t, &blocks.Namespace{Name: home, Writes: c.writes}, findHere); (f == nil) != c.holds {
			t.Errorf("%s: found %v", name, f)
		}
	}
}

func TestAdministratorsEndorseForBrandsThatFailed(t *testing.T) {
	m := tradeAmong(t, "airline", "grocer", "hotel", "zoo")
	auditor, a := New(Options{}), m.saved(t)
	if err := auditor.Blocks(t.Context(), a.Blocks(m.Height())); err != nil {
		t.Fatal(err)
	}
	const airline, grocer, hotel, zoo = "AirlineMSP", "GrocerMSP", "HotelMSP", "ZooMSP"
	auditor.acting["hotel"] = []string{grocer}
	for name, c := range map[string]struct {
		detail func(peers map[string]bool) string
		peers  []string
		enough bool
	}{
		"its points, by administrator and another": {func(p map[string]bool) string { return auditor.insufficientForPoints("hotel", p) }, []string{grocer, zoo}, true},
		"its points, by the administrator alone":   {func(p map[string]bool) string { return auditor.insufficientForPoints("hotel", p) }, []string{grocer}, false},
		"its points, by two others":                {func(p map[string]bool) string { return auditor.insufficientForPoints("hotel", p) }, []string{airline, zoo}, false},
		"its points, by a majority":                {func(p map[string]bool) string { return auditor.insufficientForPoints("hotel", p) }, []string{airline, grocer, zoo}, true},
		"its points, by itself again":              {func(p map[string]bool) string { return auditor.insufficientForPoints("hotel", p) }, []string{hotel, zoo}, true},
		"another's points, by the administrator":   {func(p map[string]bool) string { return auditor.insufficientForPoints("airline", p) }, []string{grocer, zoo}, false},
		"its pair, by administrator and partner":   {func(p map[string]bool) string { return auditor.insufficientForPair("airline", "hotel", p) }, []string{airline, grocer}, true},
		"its pair, with one that stands in":        {func(p map[string]bool) string { return auditor.insufficientForPair("grocer", "hotel", p) }, []string{airline, grocer}, true},
		"its pair, by two others":                  {func(p map[string]bool) string { return auditor.insufficientForPair("airline", "hotel", p) }, []string{zoo, "RegulatorMSP"}, false},
		"another pair, by the administrator":       {func(p map[string]bool) string { return auditor.insufficientForPair("airline", "zoo", p) }, []string{airline, grocer}, false},
	} {
		peers := map[string]bool{}
		for _, msp := range c.peers {
			peers[msp] = true
		}
		if detail := c.detail(peers); (detail == "") != c.enough {
			t.Errorf("%s: %q", name, detail)
		}
	}
	if err := auditor.noteAdministrators(m.Encode(clearing.Consortium{V: 1, Members: []clearing.Member{{Name: "zoo", Administrator: hotel}}})); err != nil || len(auditor.acting["zoo"]) != 1 {
		t.Errorf("%v, %v", err, auditor.acting)
	}
}

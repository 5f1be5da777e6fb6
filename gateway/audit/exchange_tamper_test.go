package audit

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

const (
	home    = "points-airline"
	partner = "points-hotel"
)

// rewrite replaces text in the public or private value whose readable key begins so.
func (m *market) rewrite(prefix, from, to string) func(ledgertest.Footprint) {
	return func(f ledgertest.Footprint) {
		for _, namespace := range []string{engine.ClearingChaincode, home, partner} {
			for _, w := range append([]engine.Write(nil), f.Writes(namespace)...) {
				if strings.HasPrefix(engine.ReadableKey(w.Key), prefix) {
					f.Write(namespace, engine.Write{Key: w.Key, Value: bytes.Replace(w.Value, []byte(from), []byte(to), 1)})
				}
			}
		}
		for _, w := range append([]engine.PrivateWrite(nil), f.PrivateWrites(engine.ClearingChaincode, m.pair.Collection())...) {
			if strings.HasPrefix(engine.ReadableKey(w.Key), prefix) {
				w.Value = bytes.Replace(w.Value, []byte(from), []byte(to), 1)
				f.WritePrivate(engine.ClearingChaincode, w)
			}
		}
	}
}

// dropped leaves out what is written under keys that begin so.
func (m *market) dropped(prefix string) func(ledgertest.Footprint) {
	return func(f ledgertest.Footprint) {
		for _, namespace := range []string{engine.ClearingChaincode, home, partner} {
			for _, w := range append([]engine.Write(nil), f.Writes(namespace)...) {
				if strings.HasPrefix(engine.ReadableKey(w.Key), prefix) {
					f.Drop(namespace, w.Key)
				}
			}
		}
		for _, w := range append([]engine.PrivateWrite(nil), f.PrivateWrites(engine.ClearingChaincode, m.pair.Collection())...) {
			if strings.HasPrefix(engine.ReadableKey(w.Key), prefix) {
				f.DropPrivate(engine.ClearingChaincode, w.Collection, w.Key)
			}
		}
	}
}

// credit is an inbox entry from nowhere.
func (m *market) credit(n int) func(ledgertest.Footprint) {
	lane := m.pair.Lane(m.airline, m.airline.Brand, 0)
	return func(f ledgertest.Footprint) {
		entry := points.InboxEntry{V: 1, Account: m.guest, Operation: "00000000000000000000000000000001", Partner: "airline", Lots: []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 100}}}
		raw, err := wire.Encode(entry)
		if err != nil {
			panic(err)
		}
		f.Write(partner, engine.Write{Key: engine.InboxKey(m.guest, points.InboxPlace{MSP: lane.MSP, Lane: lane.N, Seq: 1, N: n}), Value: raw})
	}
}

// replace changes the event that the endorsers sign.
func inEvent(from, to string) func(ledgertest.Footprint) {
	return func(f ledgertest.Footprint) {
		e := f.Effects()
		e.EventPayload = bytes.Replace(e.EventPayload, []byte(from), []byte(to), 1)
	}
}

// The two brands' chaincodes agree on something that the rules don't give: everything is signed as it should be.
func TestCrossBrandResultsThatDoNotFollowAreFoundAndNamed(t *testing.T) {
	for name, c := range map[string]struct {
		alter  func(*market) func(ledgertest.Footprint)
		check  Check
		key    string // The beginning of the key that is named.
		hidden bool   // Only who holds the pair's data can see it.
	}{
		"a wrong obligation": {func(m *market) func(ledgertest.Footprint) {
			return m.rewrite("lines/", `"micro":"50500000"`, `"micro":"40500000"`)
		}, CheckPrivateWriteSet, "lines/", true},
		"another service": {func(m *market) func(ledgertest.Footprint) {
			return m.rewrite("lines/", `"service":"swap"`, `"service":"award"`)
		}, CheckPrivateWriteSet, "lines/", true},
		"the wrong debtor": {func(m *market) func(ledgertest.Footprint) {
			return m.rewrite("lines/", `"debtor":"airline"`, `"debtor":"hotel"`)
		}, CheckPrivateWriteSet, "lines/", true},
		"a wrong tally": {func(m *market) func(ledgertest.Footprint) { return m.rewrite("tally/", `"count":2`, `"count":3`) }, CheckPrivateWriteSet, "tally/", true},
		"a wrong gross": {func(m *market) func(ledgertest.Footprint) { return m.rewrite("gross/", `"owed":["`, `"owed":["1`) }, CheckPrivateWriteSet, "gross/", true},
		"a negative cap": {func(m *market) func(ledgertest.Footprint) {
			return m.rewrite("pairlane/", `"slice":["0","0"]`, `"slice":["-1","0"]`)
		}, CheckPrivateWriteSet, "pairlane/", true},
		"less used than booked":  {func(m *market) func(ledgertest.Footprint) { return m.rewrite("pairlane/", `"used":["`, `"used":["-`) }, CheckPrivateWriteSet, "pairlane/", true},
		"no lines":               {func(m *market) func(ledgertest.Footprint) { return m.dropped("lines/") }, CheckPrivateWriteSet, "lines/", false},
		"no tally":               {func(m *market) func(ledgertest.Footprint) { return m.dropped("tally/") }, CheckPrivateWriteSet, "tally/", false},
		"no lane of the pair":    {func(m *market) func(ledgertest.Footprint) { return m.dropped("pairlane/") }, CheckPrivateWriteSet, "pairlane/", true},
		"no reservation":         {func(m *market) func(ledgertest.Footprint) { return m.dropped("reserve/") }, CheckPrivateWriteSet, "reserve/", true},
		"no lane at the partner": {func(m *market) func(ledgertest.Footprint) { return m.dropped("lane/" + m.hotel.Brand.MSP) }, "", "", false},
		"a private write more": {func(m *market) func(ledgertest.Footprint) {
			return func(f ledgertest.Footprint) {
				f.WritePrivate(engine.ClearingChaincode, engine.PrivateWrite{Collection: m.pair.Collection(), Key: engine.ReserveKey("other"), Value: []byte("{}")})
			}
		}, CheckPrivateWriteSet, "", false},
		"a write of another pair's": {func(m *market) func(ledgertest.Footprint) {
			return func(f ledgertest.Footprint) {
				f.WritePrivate(engine.ClearingChaincode, engine.PrivateWrite{Collection: "pair-airline-grocer", Key: engine.PairKey(), Value: []byte("{}")})
			}
		}, CheckPrivateWriteSet, "", false},
		"a write to a third programme": {func(*market) func(ledgertest.Footprint) {
			return func(f ledgertest.Footprint) {
				f.Write("points-grocer", engine.Write{Key: engine.ProgrammeKey(), Value: []byte("{}")})
			}
		}, CheckWriteSet, "programme", false},
		"a public write of clearing": {func(*market) func(ledgertest.Footprint) {
			return func(f ledgertest.Footprint) {
				f.Write(engine.ClearingChaincode, engine.Write{Key: engine.AllocationKey("airline", "hotel", "GBP"), Value: []byte("{}")})
			}
		}, CheckWriteSet, "allocation/", false},
		"a deposit without a swap":    {func(m *market) func(ledgertest.Footprint) { return m.credit(7) }, CheckWriteSet, "inbox/", false},
		"a swap without a deposit":    {func(m *market) func(ledgertest.Footprint) { return m.dropped("inbox/") }, CheckWriteSet, "inbox/", false},
		"a deposit of more points":    {func(m *market) func(ledgertest.Footprint) { return m.rewrite("inbox/", `"points":100`, `"points":101`) }, CheckWriteSet, "inbox/", false},
		"a burn of fewer points":      {func(m *market) func(ledgertest.Footprint) { return m.rewrite("account/", `"posted":`, `"posted":1`) }, CheckWriteSet, "account/", false},
		"another window in a receipt": {func(*market) func(ledgertest.Footprint) { return inEvent(`"window":1`, `"window":2`) }, CheckEvent, "receipt/", false},
		"another currency":            {func(*market) func(ledgertest.Footprint) { return inEvent(`"currency":"GBP"`, `"currency":"EUR"`) }, CheckEvent, "", true},
		"a receipt's obligation":      {func(*market) func(ledgertest.Footprint) { return inEvent(`"obligation":"`, `"obligation":"0`) }, CheckEvent, "receipt/", true},
		"a deposit's receipt":         {func(*market) func(ledgertest.Footprint) { return inEvent(`"kind":"deposit"`, `"kind":"award"`) }, CheckEvent, "receipt/", false},
		"no deposits in the event":    {func(*market) func(ledgertest.Footprint) { return func(f ledgertest.Footprint) { cutPartner(f) } }, CheckEvent, "", false},
		"an event of another kind": {func(*market) func(ledgertest.Footprint) {
			return func(f ledgertest.Footprint) { f.Effects().EventName = wire.EventBatch }
		}, CheckEvent, "", false},
		"another answer": {func(*market) func(ledgertest.Footprint) {
			return func(f ledgertest.Footprint) { f.Effects().Response = []byte("{}") }
		}, CheckResponse, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			m := trade(t)
			a := m.airline
			m.pass(1)
			_, id := m.pair.Exchange(a, a.Brand, 0, []ledgertest.Item{
				a.RedeemAt("hotel", m.flyer, 101), a.Swap("hotel", m.flyer, m.guest, 201), a.HoldAt("hotel", m.flyer, 50, 600),
			}, ledgertest.WithAltered(c.alter(m)))
			m.Cut()
			for view, hidden := range map[string][]string{"full": nil, "public": {m.pair.Collection()}} {
				f := audit(t, m.saved(t, hidden...), Options{}).Finding
				if c.check == "" || c.hidden && hidden != nil {
					if f != nil && c.check == "" {
						t.Errorf("%s: found %v", view, f)
					}
					continue
				}
				if f == nil || f.Check != c.check || f.Transaction != id || f.Block != m.Height()-1 || !strings.HasPrefix(f.Key, c.key) {
					t.Errorf("%s: found %v", view, f)
				}
			}
		})
	}
}

// cutPartner leaves the deposits out of the event.
func cutPartner(f ledgertest.Footprint) {
	e := f.Effects()
	var event wire.ExchangeEvent
	if err := wire.DecodeRecord(e.EventPayload, &event); err != nil {
		panic(err)
	}
	event.Partner = nil
	raw, err := wire.Encode(event)
	if err != nil {
		panic(err)
	}
	e.EventPayload = raw
}

func TestWhoHadToEndorseACrossBrandTransactionIsChecked(t *testing.T) {
	const airline, grocer, hotel, regulator = 0, 1, 2, 3
	batch := func(m *market, o option) string {
		m.pass(1)
		_, id := m.pair.Exchange(m.airline, m.airline.Brand, 0, []ledgertest.Item{m.airline.Swap("hotel", m.flyer, m.guest, 201)}, o)
		m.Cut()
		return id
	}
	redemption := func(m *market, o option) string {
		m.pass(1)
		_, id := m.pair.Exchange(m.airline, m.airline.Brand, 0, []ledgertest.Item{m.airline.RedeemAt("hotel", m.flyer, 10)}, o)
		m.Cut()
		return id
	}
	proposal := func(m *market, o option) string { return m.propose(2, o) }
	roll := func(m *market, o option) string { return m.roll(1, o) }
	query := func(m *market, o option) string { return m.clear(m.operator(), wire.FnGetConsortium, struct{}{}, o) }
	for name, c := range map[string]struct {
		do        func(*market, option) string
		endorsers []int
		enough    bool
	}{
		"a swap, by the two":                       {batch, []int{airline, hotel}, true},
		"a swap, by everybody":                     {batch, []int{airline, grocer, hotel, regulator}, true},
		"a swap, by one and a third":               {batch, []int{airline, grocer}, false},
		"a swap, by the other and a third":         {batch, []int{hotel, grocer}, false},
		"a swap, by one and the regulator":         {batch, []int{airline, regulator}, false},
		"a swap, by one alone":                     {batch, []int{airline}, false},
		"a swap, by a third alone":                 {batch, []int{grocer}, false},
		"a swap, by nobody":                        {batch, []int{}, false},
		"a redemption, by the two":                 {redemption, []int{airline, hotel}, true},
		"a redemption, by the issuer and a third":  {redemption, []int{airline, grocer}, false},
		"a proposal, by the two":                   {proposal, []int{airline, hotel}, true},
		"a proposal, by one and a third":           {proposal, []int{airline, grocer}, false},
		"a roll, by a majority":                    {roll, []int{airline, grocer, hotel}, true},
		"a roll, by two of four":                   {roll, []int{airline, grocer}, false},
		"a roll, by one and the regulator":         {roll, []int{airline, regulator}, false},
		"a query as a transaction, by a majority":  {query, []int{airline, grocer, hotel}, true},
		"a query as a transaction, by two of four": {query, []int{airline, grocer}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := tradeAmong(t, "airline", "grocer", "hotel", "zoo")
			var peers []*ledgertest.Identity
			for _, i := range c.endorsers {
				if i == regulator {
					i = len(m.Organisations) - 1
				}
				peers = append(peers, m.Organisations[i].Peer)
			}
			id := c.do(m, signedBy(peers...))
			f := audit(t, m.saved(t), Options{}).Finding
			if c.enough && f != nil || !c.enough && (f == nil || f.Check != CheckEndorsement || f.Transaction != id) {
				t.Errorf("found %v", f)
			}
		})
	}
}

// A pair's transactions besides batches, with results that don't follow.
func TestAgreementsAndSlicesThatDoNotFollowAreFound(t *testing.T) {
	accept := func(m *market, alter func(ledgertest.Footprint)) string {
		m.propose(2)
		return m.accept(2, ledgertest.WithAltered(alter))
	}
	move := func(m *market, alter func(ledgertest.Footprint)) string {
		return m.move(m.pair.Lane(m.airline, m.airline.Brand, 0), m.pair.Lane(m.airline, m.hotel.Brand, 1), ledgertest.WithAltered(alter))
	}
	propose := func(m *market, alter func(ledgertest.Footprint)) string {
		return m.propose(2, ledgertest.WithAltered(alter))
	}
	for name, c := range map[string]struct {
		do     func(*market, func(ledgertest.Footprint)) string
		alter  func(*market) func(ledgertest.Footprint)
		key    string
		check  Check
		hidden bool
	}{
		"an offer that isn't the agreement's": {accept, func(m *market) func(ledgertest.Footprint) {
			return m.rewrite("offer/", `"awardMax":10000`, `"awardMax":20000`)
		}, "", CheckWriteSet, false},
		"an offer that isn't published":      {accept, func(m *market) func(ledgertest.Footprint) { return m.dropped("offer/airline") }, "offer/", CheckWriteSet, false},
		"another rate than the proposed one": {accept, func(m *market) func(ledgertest.Footprint) { return m.rewrite("agreement/", `"scale":2`, `"scale":3`) }, "agreement/", CheckPrivateWriteSet, true},
		"a proposal that stays":              {accept, func(m *market) func(ledgertest.Footprint) { return m.dropped("proposed") }, "proposed", CheckPrivateWriteSet, false},
		"a version that isn't kept":          {accept, func(m *market) func(ledgertest.Footprint) { return m.dropped("agreement/") }, "agreement/", CheckPrivateWriteSet, false},
		"an invalid proposal":                {propose, func(m *market) func(ledgertest.Footprint) { return m.rewrite("proposed", `"version":2`, `"version":3`) }, "", CheckExecution, true},
		"no proposal":                        {propose, func(m *market) func(ledgertest.Footprint) { return m.dropped("proposed") }, "proposed", CheckPrivateWriteSet, false},
		"more slice than was given": {move, func(m *market) func(ledgertest.Footprint) {
			return m.rewrite("pairlane/HotelMSP", `"slice":["6`, `"slice":["7`)
		}, "pairlane/", CheckPrivateWriteSet, true},
		"another use than there was": {move, func(m *market) func(ledgertest.Footprint) {
			return m.rewrite("pairlane/HotelMSP", `"used":["0"`, `"used":["5"`)
		}, "pairlane/", CheckPrivateWriteSet, true},
		"the acceptance of something else": {func(m *market, _ func(ledgertest.Footprint)) string {
			m.propose(2)
			return m.accept(2, as(wire.FnAcceptAgreement, m.Encode(wire.Acceptance{A: "airline", B: "hotel", Version: 2, Hash: strings.Repeat("0", 64)})))
		}, func(*market) func(ledgertest.Footprint) { return nil }, "", CheckExecution, false},
		"a slice taken from nobody": {move, func(m *market) func(ledgertest.Footprint) { return m.dropped("pairlane/AirlineMSP") }, "", CheckPrivateWriteSet, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := trade(t)
			id := c.do(m, c.alter(m))
			for view, hidden := range map[string][]string{"full": nil, "public": {m.pair.Collection()}} {
				f := audit(t, m.saved(t, hidden...), Options{}).Finding
				if c.hidden && hidden != nil {
					continue
				}
				if f == nil || f.Check != c.check || f.Transaction != id || !strings.HasPrefix(f.Key, c.key) {
					t.Errorf("%s: found %v", view, f)
				}
			}
		})
	}
}

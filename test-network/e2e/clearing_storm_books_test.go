//go:build network

package e2e

import (
	"fmt"
	"math/big"
	"net/http"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/network/membership"
)

// stormBooks is what the regulator's blocks say of the pair and its programmes, added up by this test alone.
type stormBooks struct {
	agreement clearing.Agreement
	codes     map[string]int // Transactions of the storm, by function and validation code.
	windows   map[int64]map[clearing.LanePlace]*stormTally
	receipts  map[receiptRef]points.Receipt // Of the storm.
	earlier   map[receiptRef]points.Receipt // Of accepted operations that can be returned.
	returned  map[receiptRef]quantity.Points
	accounts  map[string]map[string]points.Account
	inbox     map[string]map[string]points.InboxEntry
	totals    map[string]map[string]points.Totals // Of lanes.
	lanes     map[clearing.LanePlace]clearing.PairLane
	allowed   [2]quantity.Micro // By the pair's allocation.
	highest   [2]quantity.Micro // Used and reserved by all lanes together, after any block of the storm.
	conflicts *conflicts
	batches   int
	from      uint64 // First block of the storm.
	problems  []string
}

// receiptRef names a receipt: a swap has one in either programme.
type receiptRef struct {
	programme string
	operation points.OperationID
}

// stormTally is what a lane's receipts of one window add up to.
type stormTally struct {
	owed  [2]quantity.Micro
	count int64
}

// readStorm reads the whole chain with the pair's data, up to now. What it finds wrong in the storm's blocks it remembers for the checks.
func readStorm(t *testing.T, from uint64) *stormBooks {
	t.Helper()
	b := &stormBooks{
		agreement: look[clearing.Agreement](t, three, "airline", wire.FnGetAgreement, wire.AgreementQuery{A: "airline", B: "hotel", Version: 1}),
		codes:     map[string]int{}, windows: map[int64]map[clearing.LanePlace]*stormTally{},
		receipts: map[receiptRef]points.Receipt{}, earlier: map[receiptRef]points.Receipt{}, returned: map[receiptRef]quantity.Points{},
		accounts: map[string]map[string]points.Account{}, inbox: map[string]map[string]points.InboxEntry{}, totals: map[string]map[string]points.Totals{},
		lanes: map[clearing.LanePlace]clearing.PairLane{}, conflicts: newConflicts(), from: from,
	}
	for _, brand := range stormBrands {
		b.accounts[brand], b.inbox[brand], b.totals[brand] = map[string]points.Account{}, map[string]points.InboxEntry{}, map[string]points.Totals{}
	}
	regulator := string(membership.Regulator)
	for d, err := range three.chain(t, regulator).Blocks(t.Context(), 0, three.height(t, regulator), blocks.WithPrivate) {
		if err != nil {
			t.Fatal(err)
		}
		block := must[*blocks.Block](t)(d.Decode())
		for i := range block.Transactions {
			b.take(t, block.Number, &block.Transactions[i])
		}
		b.weigh(block.Number)
	}
	return b
}

func (b *stormBooks) wrong(format string, args ...any) {
	b.problems = append(b.problems, fmt.Sprintf(format, args...))
}

// take takes in what one transaction did.
func (b *stormBooks) take(t *testing.T, number uint64, tx *blocks.Transaction) {
	t.Helper()
	if number >= b.from && len(tx.Args) > 0 {
		b.codes[fmt.Sprintf("%s %s", tx.Args[0], tx.Code)]++
	}
	b.conflicts.take(number, tx, number >= b.from)
	if !tx.Valid() {
		return
	}
	for _, brand := range stormBrands {
		if n := tx.Namespace(membership.PointsChaincode(brand)); n != nil {
			b.keep(t, brand, n.Writes)
		}
	}
	if n := tx.Namespace(engine.ClearingChaincode); n != nil {
		for _, w := range n.Writes {
			if w.Key == engine.AllocationKey("airline", "hotel", currency) {
				for i, amount := range decode[clearing.Allocation](t, w.Value).Amount {
					b.allowed[i] = clearing.MicroOf(amount)
				}
			}
		}
	}
	var lines *wire.PairLines
	for _, w := range tx.PrivateWrites(engine.ClearingChaincode, clearing.PairCollection("airline", "hotel")) {
		switch object, _, _ := engine.ParseKey(w.Key); object {
		case engine.ObjectPairLane:
			l := decode[clearing.PairLane](t, w.Value)
			b.lanes[clearing.LanePlace{MSP: l.MSP, N: l.N}] = l
		case engine.ObjectLines:
			l := decode[wire.PairLines](t, w.Value)
			lines = &l
		}
	}
	switch {
	case tx.Event == nil:
	case tx.Event.Name == wire.EventExchange && lines != nil:
		event := decode[wire.ExchangeEvent](t, tx.Event.Payload)
		b.exchange(t, number, &event, lines)
	case tx.Event.Name == wire.EventBatch:
		event := decode[wire.BatchEvent](t, tx.Event.Payload)
		b.note(number, 0, event.Receipts)
	}
}

// keep keeps what a programme's chaincode wrote last.
func (b *stormBooks) keep(t *testing.T, brand string, writes []blocks.Write) {
	t.Helper()
	for _, w := range writes {
		switch object, _, _ := engine.ParseKey(w.Key); {
		case object == engine.ObjectAccount:
			b.accounts[brand][w.Key] = decode[points.Account](t, w.Value)
		case object == engine.ObjectLane:
			b.totals[brand][w.Key] = decode[points.Lane](t, w.Value).Totals
		case object == engine.ObjectInbox && w.Delete:
			delete(b.inbox[brand], w.Key)
		case object == engine.ObjectInbox:
			b.inbox[brand][w.Key] = decode[points.InboxEntry](t, w.Value)
		}
	}
}

// note takes receipts in: none may come twice, and those of cross-brand batches are in the batch's window.
func (b *stormBooks) note(number uint64, window int64, receipts []points.Receipt) {
	for _, r := range receipts {
		ref := receiptRef{r.Programme, r.Operation}
		if r.Outcome == points.Accepted {
			b.earlier[ref] = r
		}
		if number < b.from {
			continue
		}
		if _, twice := b.receipts[ref]; twice {
			b.wrong("%s has two receipts in %s", r.Operation, r.Programme)
		}
		b.receipts[ref] = r
		if r.Outcome == points.Accepted && r.Window != window {
			b.wrong("%s of %s says window %d and is in window %d", r.Operation, r.Programme, r.Window, window)
		}
	}
}

// exchange adds a cross-brand batch up: what each receipt obliges the brands to, by the agreement, must be what its line says and its hash binds.
func (b *stormBooks) exchange(t *testing.T, number uint64, event *wire.ExchangeEvent, lines *wire.PairLines) {
	t.Helper()
	b.note(number, event.Window, event.Home.Receipts)
	if event.Partner != nil {
		b.note(number, event.Window, event.Partner.Receipts)
	}
	if number >= b.from {
		b.batches++
	}
	place := clearing.LanePlace{MSP: event.Home.MSP, N: event.Home.Lane}
	if b.windows[event.Window] == nil {
		b.windows[event.Window] = map[clearing.LanePlace]*stormTally{}
	}
	tally := b.windows[event.Window][place]
	if tally == nil {
		tally = &stormTally{}
		b.windows[event.Window][place] = tally
	}
	salt := unhex(t, lines.Salt)
	for i := range event.Home.Receipts {
		r := &event.Home.Receipts[i]
		o, obliges := b.obliged(r)
		if want := lines.Obligations[i]; o != want {
			b.wrong("%s of %s obliges to %+v by its receipt, its line says %+v", r.Kind, r.Programme, o, want)
		}
		if !obliges {
			if r.Obligation != "" {
				b.wrong("%s of %s obliges nobody and has the hash of an obligation", r.Kind, r.Programme)
			}
			continue
		}
		if got := must[string](t)(wire.ObligationHash(wire.OperationSalt(salt, r.Operation), &o)); got != r.Obligation {
			b.wrong("the receipt of %s in %s names another obligation than the agreement gives", r.Kind, r.Programme)
		}
		tally.owed[b.direction(o.Debtor)] += o.Micro
		if o.FeeDebtor != "" {
			tally.owed[b.direction(o.FeeDebtor)] += o.Fee
		}
		tally.count++
	}
}

func (b *stormBooks) direction(debtor string) int {
	if debtor == b.agreement.A {
		return clearing.AOwesB
	}
	return clearing.BOwesA
}

// obliged is what a receipt makes the brands owe each other, by the agreement.
func (b *stormBooks) obliged(r *points.Receipt) (clearing.Obligation, bool) {
	if r.Outcome != points.Accepted {
		return clearing.Obligation{}, false
	}
	switch r.Kind {
	case points.KindRedeem, points.KindCapture:
		return b.priced(r.Programme, clearing.ServiceRedemption, r.Points), true
	case points.KindAward:
		return b.priced(r.Programme, clearing.ServiceAward, r.Points), true
	case points.KindSwap:
		return b.priced(r.Programme, clearing.ServiceSwap, r.Points), true
	case points.KindReturn, points.KindRefund:
		return b.takenBack(r)
	default:
		return clearing.Obligation{}, false
	}
}

// takenBack is what a return undoes of the original: of an award only what could be recovered, of a swap what goes back to where it came from.
func (b *stormBooks) takenBack(r *points.Receipt) (clearing.Obligation, bool) {
	ref := receiptRef{r.Programme, r.Original}
	original := b.earlier[ref]
	var whole clearing.Obligation
	all, part := original.Points, r.Points
	switch original.Kind {
	case points.KindAward:
		whole, part = b.priced(r.Programme, clearing.ServiceAward, all), r.Points-r.DebtIncurred
	case points.KindDeposit:
		all, part = original.PartnerPoints, r.PartnerPoints
		whole = b.priced(r.Partner, clearing.ServiceSwap, all)
	default:
		whole = b.priced(r.Programme, clearing.ServiceRedemption, all)
	}
	if part == 0 {
		return clearing.Obligation{}, false
	}
	before := b.returned[ref]
	b.returned[ref] = before + part
	share := func(m quantity.Micro) quantity.Micro {
		floor := func(points quantity.Points) int64 {
			product := new(big.Int).Mul(big.NewInt(int64(m)), big.NewInt(int64(points)))
			return product.Div(product, big.NewInt(int64(all))).Int64()
		}
		return quantity.Micro(floor(before+part) - floor(before))
	}
	whole.Micro, whole.Fee = -share(whole.Micro), -share(whole.Fee)
	return whole, true
}

// priced is what a service of an issuer's points is worth between the two, computed apart from the ledger's own arithmetic.
func (b *stormBooks) priced(issuer string, service clearing.Service, amount quantity.Points) clearing.Obligation {
	g := &b.agreement
	o := clearing.Obligation{Service: service, Debtor: issuer, Creditor: g.Other(issuer), Agreement: g.Version}
	price := g.Side(issuer).Acceptance
	switch service {
	case clearing.ServiceAward:
		o.Debtor, o.Creditor, price = o.Creditor, o.Debtor, g.Side(issuer).Sale
	case clearing.ServiceSwap:
		price = g.Side(issuer).Swap
	}
	o.Micro = nearest(int64(amount)*quantity.MicroPerMinor, price)
	for _, f := range g.Side(issuer).Fees {
		if f.Service != service {
			continue
		}
		o.Fee = nearest(int64(o.Micro), f.Share) + f.PerOperation
		o.FeeDebtor = issuer
		if f.Payer == clearing.BearerPartner {
			o.FeeDebtor = g.Other(issuer)
		}
	}
	return o
}

// nearest is value times ratio to the nearest whole number, halves to the even one.
func nearest(value int64, r quantity.Ratio) quantity.Micro {
	product := new(big.Int).Mul(big.NewInt(value), big.NewInt(r.Num))
	whole, rest := new(big.Int).DivMod(product, big.NewInt(r.Den), new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(big.NewInt(r.Den)) {
	case 1:
		whole.Add(whole, big.NewInt(1))
	case 0:
		whole.Add(whole, new(big.Int).And(whole, big.NewInt(1)))
	}
	return quantity.Micro(whole.Int64())
}

// weigh holds all lanes together against the pair's allocation, after a block.
func (b *stormBooks) weigh(number uint64) {
	if number < b.from {
		return
	}
	var sums [2]quantity.Micro
	for _, l := range b.lanes {
		for i := range sums {
			sums[i] += l.Used[i] + l.Reserved[i]
		}
	}
	for i := range sums {
		b.highest[i] = max(b.highest[i], sums[i])
		if sums[i] > b.allowed[i] {
			b.wrong("after block %d direction %d uses %d millionths of an allocation of %d", number, i, int64(sums[i]), int64(b.allowed[i]))
		}
	}
}

// requireLimitsKept reports what was found wrong on the way through the blocks.
func (b *stormBooks) requireLimitsKept(t *testing.T) {
	t.Helper()
	for i, p := range b.problems {
		if i == 20 {
			t.Fatalf("and %d more", len(b.problems)-i)
		}
		t.Error(p)
	}
}

// requireAnswersStand requires that every operation that a client was answered for stands on the ledger exactly as answered.
func (b *stormBooks) requireAnswersStand(t *testing.T, answers map[string]operation) {
	t.Helper()
	for id, a := range answers {
		found := 0
		for _, brand := range stormBrands {
			r, is := b.receipts[receiptRef{brand, points.OperationID(id)}]
			if is && r.Kind != points.KindDeposit {
				found++
				if string(r.Code) != a.Code {
					t.Errorf("%s %s was answered with %s, and is %s on the ledger", r.Kind, id, a.Code, r.Code)
				}
			}
		}
		if found != 1 {
			t.Errorf("%s %s was answered and has %d receipts", a.Receipt.Kind, id, found)
		}
	}
}

// requirePointsConserved adds up each programme's accounts and what waits for them, and holds that against what its lanes count.
func (b *stormBooks) requirePointsConserved(t *testing.T) {
	t.Helper()
	for _, brand := range stormBrands {
		var totals points.Totals
		for _, lane := range b.totals[brand] {
			totals = must[points.Totals](t)(totals.Plus(lane))
		}
		var posted, debt, held, waiting quantity.Points
		for _, a := range b.accounts[brand] {
			posted, debt, held = posted+a.Posted, debt+a.Debt, held+a.Held
		}
		for _, e := range b.inbox[brand] {
			for _, l := range e.Lots {
				waiting += l.Points
			}
		}
		for _, sum := range []struct {
			name      string
			got, want quantity.Points
		}{
			{"outstanding", posted + debt, must[quantity.Points](t)(totals.Outstanding())},
			{"debt", debt, must[quantity.Points](t)(totals.Debt())},
			{"held", held, must[quantity.Points](t)(totals.Held())},
			{"waiting", waiting, must[quantity.Points](t)(totals.Waiting())},
		} {
			if sum.got != sum.want {
				t.Errorf("%s: accounts and inbox have %d points %s, lanes count %d", brand, sum.got, sum.name, sum.want)
			}
		}
	}
	swapped, deposited := map[string]quantity.Points{}, map[string]quantity.Points{}
	for ref, r := range b.receipts {
		switch {
		case r.Outcome != points.Accepted:
		case r.Kind == points.KindDeposit:
			deposited[ref.programme] += r.Points
		case r.PartnerPoints > 0:
			swapped[r.Partner] += r.PartnerPoints
		}
	}
	for _, brand := range stormBrands {
		if swapped[brand] != deposited[brand] {
			t.Errorf("swaps and their returns gave %s's accounts %d points, %d arrived", brand, swapped[brand], deposited[brand])
		}
	}
}

// requireObligationsFollowReceipts holds what was found in lines and lanes against each other: what lanes use is what their windows booked.
func (b *stormBooks) requireObligationsFollowReceipts(t *testing.T) {
	t.Helper()
	for place, l := range b.lanes {
		var used [2]quantity.Micro
		for number, w := range b.windows {
			if tally := w[place]; tally != nil && number > l.Released {
				for i := range used {
					used[i] += max(tally.owed[i], 0)
				}
			}
		}
		if used != l.Used {
			t.Errorf("lane %d of %s uses %v millionths, its receipts make %v", l.N, l.MSP, l.Used, used)
		}
	}
}

// requireTalliesAndTreasurersAgree holds every window's tallies, as both brands' peers keep them, and the treasurers' views against the receipts.
func (b *stormBooks) requireTalliesAndTreasurersAgree(t *testing.T) {
	t.Helper()
	for number, lanes := range b.windows {
		for _, brand := range stormBrands {
			tallies := look[[]clearing.Tally](t, three, brand, wire.FnGetTallies, wire.TalliesQuery{A: "airline", B: "hotel", Currency: currency, Window: number})
			seen := 0
			for _, tally := range tallies {
				want := lanes[clearing.LanePlace{MSP: tally.MSP, N: tally.Lane}]
				if want == nil || tally.Net != want.owed[clearing.AOwesB]-want.owed[clearing.BOwesA] || tally.Count != want.count {
					t.Errorf("window %d, lane %d of %s at %s: the tally is %d of %d, the receipts make %+v", number, tally.Lane, tally.MSP, brand, tally.Net, tally.Count, want)
				}
				seen++
			}
			for _, want := range lanes {
				if want.count > 0 {
					seen--
				}
			}
			if seen < 0 {
				t.Errorf("window %d at %s: %d lanes have receipts and no tally", number, brand, -seen)
			}
			b.requireTreasurerSees(t, brand, number, lanes)
		}
	}
}

// requireTreasurerSees requires that a treasurer's view of the pair's window is what its receipts make, each way.
func (b *stormBooks) requireTreasurerSees(t *testing.T, brand string, number int64, lanes map[clearing.LanePlace]*stormTally) {
	t.Helper()
	var want stormTally
	for _, lane := range lanes {
		want.count += lane.count
		for i := range want.owed {
			want.owed[i] += lane.owed[i]
		}
	}
	path := fmt.Sprintf("/v1/clearing/positions?currency=%s&window=%d", currency, number)
	a := three.call(t, brand, request{method: http.MethodGet, path: path, key: three.key(t, brand, "treasury-read")})
	view := ok[struct {
		Pairs []struct {
			A, B  string
			Owed  [2]quantity.Micro
			Net   quantity.Micro
			Count int64
		}
	}](t, a)
	for _, p := range view.Pairs {
		if p.A != "airline" || p.B != "hotel" {
			continue
		}
		if p.Owed != want.owed || p.Net != want.owed[clearing.AOwesB]-want.owed[clearing.BOwesA] || p.Count != want.count {
			t.Errorf("window %d: %s's treasurer sees %+v, the receipts make %+v", number, brand, p, want)
		}
		return
	}
	if want.count > 0 {
		t.Errorf("window %d: %s's treasurer doesn't see the pair", number, brand)
	}
}

func (b *stormBooks) summary() string {
	windows, most := 0, int64(0)
	for _, lanes := range b.windows {
		windows++
		count := int64(0)
		for _, lane := range lanes {
			count += lane.count
		}
		most = max(most, count)
	}
	return fmt.Sprintf("%d receipts in %d cross-brand batches and %d windows, at most %d obligations in one; transactions were validated as %v; batches lost to %v; used at most %v of %v millionths",
		len(b.receipts), b.batches, windows, most, sorted(b.codes), sorted(b.conflicts.lost), b.highest, b.allowed)
}

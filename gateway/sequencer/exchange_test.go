package sequencer

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/store"
)

// prompt has a gateway do by itself what there is to do, at once.
var prompt = config.Sweep{Interval: 5 * time.Millisecond, Outstanding: 20, Backlog: 500}

// twoBrands gives the gateways of an airline and a hotel that have an agreement, running, with an account of the airline's that has 1,000 points and one of the hotel's.
func twoBrands(t *testing.T) (n *network, airline, hotel *site, flyer, guest points.AccountID) {
	t.Helper()
	n = newNetwork(t, []string{"airline", "hotel"}, [2]string{"airline", "hotel"})
	airline, hotel = n.sites["airline"].launch(), n.sites["hotel"].launch()
	airline.awaitOpen("hotel")
	hotel.awaitOpen("airline")
	return n, airline, hotel, airline.customer(1000), hotel.customer(0)
}

// must accepts an intake.
func (s *site) must(q *Sequencer, in Intake) Ticket {
	s.net.t.Helper()
	ticket, err := q.Accept(context.Background(), in)
	if err != nil {
		s.net.t.Fatal(err)
	}
	return ticket
}

// customer opens an account in custody with so many points.
func (s *site) customer(n quantity.Points) points.AccountID {
	s.net.t.Helper()
	opened := s.must(s.own, opening())
	await(s.net.t, opened)
	account := opened.Operation.Account
	if n > 0 {
		await(s.net.t, s.must(s.own, s.purchase(account, int64(n), "first")))
	}
	return account
}

// purchase is one of so many pounds, each of which gives a point.
func (s *site) purchase(account points.AccountID, pounds int64, reference string) Intake {
	in := earn(account, pounds, reference)
	in.Details.Merchant, in.Details.OccurredAt = s.brand.Name, time.Unix(ledgertest.Start, 0).UTC().Format(time.RFC3339)
	in.Details.Reference = string(account) + reference
	return in
}

// with makes an operation one with a partner.
func with(in Intake, partner string) Intake {
	in.Operation.Partner = partner
	return in
}

func award(account points.AccountID, amount quantity.Points, partner, reference string) Intake {
	in := with(redeem(account, amount, reference), partner)
	in.Operation.Kind, in.Custody, in.Details.Challenge = points.KindAward, false, ""
	return in
}

func swap(from, to points.AccountID, amount quantity.Points, partner, key string) Intake {
	in := with(transfer(from, to, amount, key), partner)
	in.Operation.Kind = points.KindSwap
	return in
}

// decided waits for an operation and gives its code.
func (s *site) decided(ticket Ticket) fault.Code {
	s.net.t.Helper()
	await(s.net.t, ticket)
	o, err := s.store.Operation(context.Background(), ticket.Operation.ID)
	if err != nil {
		s.net.t.Fatal(err)
	}
	return o.Code
}

// position is an account as a gateway's own database has it.
func (s *site) position(id points.AccountID) store.Position {
	s.net.t.Helper()
	p, err := store.NewReads(s.store.Reader()).Account(context.Background(), id)
	if err != nil {
		s.net.t.Fatal(err)
	}
	return p
}

func TestWhatTakesPlaceWithAPartnerIsDecidedInBothProgrammes(t *testing.T) {
	n, airline, hotel, flyer, guest := twoBrands(t)
	stay := airline.must(airline.own, with(hold(flyer, 100, n.now().Unix()+600, "stay"), "hotel"))
	tickets := []Ticket{
		airline.must(airline.own, with(redeem(flyer, 50, "bill"), "hotel")), stay,
		airline.must(airline.own, swap(flyer, guest, 200, "hotel", "swap")),
	}
	given := hotel.must(hotel.abroad["airline"], award(flyer, 7, "hotel", "breakfast"))
	for i, ticket := range tickets {
		if code := airline.decided(ticket); code != fault.OK {
			t.Errorf("operation %d is refused with %s", i, code)
		}
	}
	if code := hotel.decided(given); code != fault.OK {
		t.Errorf("the award is refused with %s", code)
	}
	if code := airline.decided(airline.must(airline.own, with(capture(flyer, stay.Operation.ID, 60, "checkout"), "hotel"))); code != fault.OK {
		t.Errorf("the capture is refused with %s", code)
	}
	eventually(t, "both gateways to see it all", func() bool {
		return airline.position(flyer).Waiting == 7 && hotel.position(guest).Waiting == 200 && airline.position(guest).Waiting == 200
	})
	if p := airline.position(flyer); p.Account.Posted != 1000-50-200-60 || p.Account.Held != 40 {
		t.Errorf("the flyer has %+v", p.Account)
	}
	if entries, _, err := store.NewReads(airline.store.Reader()).History(context.Background(), guest, nil, 10); err != nil || entries[0].Receipt.Kind != points.KindDeposit {
		t.Errorf("the guest's history begins with %+v (%v)", entries[0].Receipt, err)
	}
	receipt, err := store.NewReads(hotel.store.Reader()).ReceiptIn(context.Background(), "hotel", tickets[2].Operation.ID)
	if err != nil || receipt.Receipt.Kind != points.KindDeposit || receipt.Receipt.Account != guest || receipt.Batch.MSP != "AirlineMSP" {
		t.Errorf("the deposit's receipt is %+v (%v)", receipt.Receipt, err)
	}
}

func TestAPartnerOutOfReachStopsItsOwnOperationsAlone(t *testing.T) {
	n := newNetwork(t, []string{"airline", "grocer", "hotel"}, [2]string{"airline", "grocer"}, [2]string{"airline", "hotel"})
	airline := n.sites["airline"].launch()
	airline.awaitOpen("grocer", "hotel")
	flyer := airline.customer(1000)
	n.setDead("hotel", true)
	var stuck []Ticket
	for range 2 * len(airline.own.routes["hotel"].lanes) { // More than its lanes can take.
		stuck = append(stuck, airline.must(airline.own, with(redeem(flyer, 1, random.Hex(8)), "hotel")))
	}
	eventually(t, "the gateway to say that the hotel is out of reach", func() bool { return len(airline.own.Troubles()) == 1 })
	if trouble := airline.own.Troubles()[0]; trouble.Partner != "hotel" || trouble.Programme != "airline" || trouble.Reason == "" {
		t.Errorf("the trouble is %+v", trouble)
	}
	if err := airline.own.Ready(); err != nil {
		t.Errorf("the gateway isn't ready: %v", err)
	}
	for range 5 {
		if code := airline.decided(airline.must(airline.own, redeem(flyer, 1, random.Hex(8)))); code != fault.OK {
			t.Errorf("an operation at home is refused with %s", code)
		}
		if code := airline.decided(airline.must(airline.own, with(redeem(flyer, 1, random.Hex(8)), "grocer"))); code != fault.OK {
			t.Errorf("an operation with another partner is refused with %s", code)
		}
	}
	again := airline
	again.kill()
	again.launch()
	eventually(t, "the gateway to be ready after a restart, though the hotel is out of reach", func() bool { return again.own.Ready() == nil })
	if _, err := again.own.Accept(context.Background(), with(redeem(flyer, 1, "new"), "hotel")); fault.CodeOf(err) != fault.NotReady {
		t.Errorf("an operation with a partner whose past isn't known is taken: %v", err)
	}
	again.awaitOpen("grocer")
	if code := again.decided(again.must(again.own, redeem(flyer, 1, random.Hex(8)))); code != fault.OK {
		t.Errorf("an operation at home is refused with %s after the restart", code)
	}
	n.setDead("hotel", false)
	again.awaitOpen("hotel")
	for _, ticket := range stuck {
		eventually(t, "what was stuck", func() bool {
			o, err := again.store.Operation(context.Background(), ticket.Operation.ID)
			return err == nil && o.Status == store.Done && o.Code == fault.OK
		})
	}
	if got, want := again.position(flyer).Account.Posted, quantity.Points(1000-11-len(stuck)); got != want {
		t.Errorf("the flyer has %d points, want %d", got, want)
	}
}

func TestARouteFillsUpAlone(t *testing.T) {
	n := newNetwork(t, []string{"airline", "hotel"}, [2]string{"airline", "hotel"})
	airline := n.sites["airline"].launch(func(s *Settings) { s.Backlog = 3 })
	airline.awaitOpen("hotel")
	flyer := airline.customer(10)
	n.setDead("hotel", true)
	for range 3 {
		airline.must(airline.own, with(redeem(flyer, 1, random.Hex(8)), "hotel"))
	}
	if _, err := airline.own.Accept(context.Background(), with(redeem(flyer, 1, "more"), "hotel")); fault.CodeOf(err) != fault.Overloaded {
		t.Errorf("one more is taken: %v", err)
	}
	if code := airline.decided(airline.must(airline.own, redeem(flyer, 1, "home"))); code != fault.OK {
		t.Errorf("an operation at home is refused with %s", code)
	}
	n.setDead("hotel", false)
}

func TestAPartnersRouteOpensWithItsAgreement(t *testing.T) {
	n := newNetwork(t, []string{"airline", "hotel"})
	airline := n.sites["airline"].launch()
	airline.awaitOpen()
	flyer := airline.customer(10)
	eventually(t, "the gateway to have looked for an agreement", func() bool {
		_, err := airline.own.passable("hotel")
		return fault.CodeOf(err) == fault.AgreementMissing
	})
	if _, err := airline.own.Accept(context.Background(), with(redeem(flyer, 1, "r"), "hotel")); fault.CodeOf(err) != fault.AgreementMissing {
		t.Errorf("without an agreement: %v", err)
	}
	if _, err := airline.own.Accept(context.Background(), with(redeem(flyer, 1, "r"), "nobody")); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("with nobody: %v", err)
	}
	if troubles := airline.own.Troubles(); len(troubles) != 0 {
		t.Errorf("that there is no agreement is no trouble: %v", troubles)
	}
	p := n.ledger.Pair("airline", "hotel")
	n.clearingDoes(func() { p.Allocate([2]quantity.Minor{allocation, allocation}) })
	n.agree(p)
	airline.awaitOpen("hotel")
	n.pass(time.Minute) // The agreement begins when the votes before it were cast.
	if code := airline.decided(airline.must(airline.own, with(redeem(flyer, 1, "r"), "hotel"))); code != fault.OK {
		t.Errorf("with an agreement it is refused with %s", code)
	}
}

func TestCreditsThatWaitAreFoldedOnce(t *testing.T) {
	n, airline, hotel, flyer, _ := twoBrands(t)
	airline.kill()
	airline.chores = prompt
	airline.launch()
	airline.awaitOpen("hotel")
	const given = 2*points.MaxFold + 3
	for range given {
		hotel.must(hotel.abroad["airline"], award(flyer, 1, "hotel", random.Hex(8)))
	}
	eventually(t, "the credits to be folded", func() bool {
		p := airline.position(flyer)
		return p.Waiting == 0 && p.Account.Posted == 1000+given
	})
	airline.kill()
	folded := 0
	for _, o := range airline.operations(points.KindFold) {
		if o.Code != fault.OK {
			t.Errorf("a fold is refused with %s", o.Code)
		}
		folded += len(o.operation.Entries)
	}
	if folded != given {
		t.Errorf("%d credits were folded, %d were given", folded, given)
	}
	n.setFaults(nil, nil)
}

func TestALapsedHoldAtAPartnerFreesWhatItReservedAlsoWhenTheAccountHasLetGoOfIt(t *testing.T) {
	n, airline, _, flyer, _ := twoBrands(t)
	forgotten := airline.must(airline.own, with(hold(flyer, 100, n.now().Unix()+600, "a"), "hotel"))
	swept := airline.must(airline.own, with(hold(flyer, 200, n.now().Unix()+600, "b"), "hotel"))
	used := airline.must(airline.own, with(hold(flyer, 300, n.now().Unix()+600, "c"), "hotel"))
	for _, ticket := range []Ticket{forgotten, swept, used} {
		airline.decided(ticket)
	}
	airline.decided(airline.must(airline.own, with(capture(flyer, used.Operation.ID, 300, "c"), "hotel")))
	if got := n.reserved(); got != 300*quantity.MicroPerMinor {
		t.Fatalf("%d is reserved", got)
	}
	n.pass(time.Hour)
	airline.decided(airline.must(airline.own, Intake{Caller: "office", IdempotencyKey: "x", Operation: points.Operation{Kind: points.KindExpire, Account: flyer}}))
	if p := airline.position(flyer); p.Account.Held != 0 {
		t.Fatalf("%d points are held", p.Account.Held)
	}
	airline.kill()
	airline.chores = prompt
	airline.launch()
	airline.awaitOpen("hotel")
	eventually(t, "the reservations to be released", func() bool { return n.reserved() == 0 })
	eventually(t, "the gateway to know it", func() bool {
		left, err := store.NewReads(airline.store.Reader()).Lapsed(context.Background(), "airline", "hotel", n.now().Unix(), 10)
		return err == nil && len(left) == 0
	})
	airline.kill()
	if voids := airline.operations(points.KindVoid); len(voids) != 2 || voids[0].Code != fault.HoldUnknown {
		t.Errorf("%+v", voids)
	}
}

func TestAPartnerIsRefundedWhenTheDebtOfAReturnedAwardIsRepaid(t *testing.T) {
	_, airline, hotel, _, _ := twoBrands(t)
	airline.kill()
	airline.chores = prompt
	airline.launch()
	airline.awaitOpen("hotel")
	flyer := airline.customer(0)
	given := hotel.must(hotel.abroad["airline"], award(flyer, 50, "hotel", "breakfast"))
	hotel.decided(given)
	eventually(t, "the credit", func() bool { return airline.position(flyer).Account.Posted == 50 })
	airline.decided(airline.must(airline.own, redeem(flyer, 40, "spent")))
	reads := store.NewReads(airline.store.Reader())
	receipt, err := reads.ReceiptIn(context.Background(), "airline", given.Operation.ID)
	if err != nil {
		t.Fatal(err)
	}
	original, err := originalOf(&receipt)
	if err != nil {
		t.Fatal(err)
	}
	back := airline.purchase(flyer, 0, "back")
	back.Operation = points.Operation{Kind: points.KindReturn, Account: flyer, Partner: "hotel", Original: original, Whole: true}
	if code := airline.decided(airline.must(airline.own, back)); code != fault.OK {
		t.Fatalf("the return is refused with %s", code)
	}
	if p := airline.position(flyer); p.Account.Debt != 40 {
		t.Fatalf("the account is %+v", p.Account)
	}
	for _, pounds := range []int64{30, 100} {
		airline.decided(airline.must(airline.own, airline.purchase(flyer, pounds, random.Hex(4))))
		eventually(t, "the partner to be refunded", func() bool {
			p := airline.position(flyer)
			return len(p.Account.Claims) == 0 || p.Account.Claims[0].Repaid == 0 && p.Account.Claims[0].Points == 10 && pounds == 30
		})
	}
	airline.kill()
	refunded := quantity.Points(0)
	for _, o := range airline.operations(points.KindRefund) {
		if o.Code != fault.OK {
			t.Errorf("a refund is refused with %s", o.Code)
		}
		refunded += o.receipt.Points
	}
	if refunded != 40 {
		t.Errorf("%d points were refunded later, want 40", refunded)
	}
}

func TestLanesReleaseSettledWindowsAlsoWhenTheyHaveNothingElseToDo(t *testing.T) {
	n, airline, hotel, flyer, _ := twoBrands(t)
	airline.decided(airline.must(airline.own, with(redeem(flyer, 100, "a"), "hotel")))
	hotel.decided(hotel.must(hotel.abroad["airline"], award(flyer, 10, "hotel", "b")))
	for range 11 { // More than a batch releases at once.
		n.pass(2 * time.Second)
		n.settle(n.roll())
	}
	eventually(t, "every lane of the pair to have released what is settled", func() bool {
		n.pass(time.Second)
		lanes, err := airline.pair("airline", "hotel").Lanes(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lanes {
			if l.Released != 11 || l.Used != [2]quantity.Micro{} {
				return false
			}
		}
		return true
	})
	if troubles := airline.own.Troubles(); len(troubles) != 0 {
		t.Errorf("there is trouble: %v", troubles)
	}
}

func TestADatabasePutBackForgetsNothingOfWhatTookPlaceWithAPartner(t *testing.T) {
	n, airline, hotel, flyer, guest := twoBrands(t)
	hotel.kill()
	copied := hotel.backup()
	hotel.launch()
	hotel.awaitOpen("airline")
	in := award(flyer, 7, "hotel", "breakfast")
	in.IdempotencyKey = "k"
	first := hotel.must(hotel.abroad["airline"], in)
	hotel.decided(first)
	own := with(swap(guest, flyer, 1, "airline", "none"), "airline")
	second := hotel.must(hotel.own, own)
	hotel.decided(second)
	n.setFaults(nil, func(way *shipment) fate { // One more is on its way when the database is lost.
		if way.brand == "hotel" && !way.empty {
			return held
		}
		return committed
	})
	late := award(flyer, 9, "hotel", "lunch")
	hotel.must(hotel.abroad["airline"], late)
	eventually(t, "the batch to be on its way", func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return len(n.late) > 0
	})
	hotel.kill()
	hotel.putBack(copied)
	n.setFaults(nil, nil)
	hotel.launch()
	hotel.awaitOpen("airline")
	for i, again := range []struct {
		q  *Sequencer
		in Intake
		id points.OperationID
	}{{hotel.abroad["airline"], in, first.Operation.ID}, {hotel.own, own, second.Operation.ID}} {
		ticket := hotel.must(again.q, again.in)
		if !ticket.Duplicate || ticket.Operation.ID != again.id || ticket.Operation.Partner == "" {
			t.Errorf("operation %d is %s now, was %s", i, ticket.Operation.ID, again.id)
		}
	}
	otherKey := in
	otherKey.IdempotencyKey = "another"
	if ticket := hotel.must(hotel.abroad["airline"], otherKey); ticket.Operation.ID != first.Operation.ID {
		t.Error("the till receipt is taken for a new one under another key")
	}
	hotel.decided(hotel.must(hotel.abroad["airline"], late))
	n.release()
	hotel.decided(hotel.must(hotel.abroad["airline"], award(flyer, 1, "hotel", "dinner")))
	eventually(t, "the airline to see it", func() bool { return airline.position(flyer).Waiting >= 7+9+1 })
	if p := airline.position(flyer); p.Waiting != 7+9+1 {
		t.Errorf("%d points wait, want %d", p.Waiting, 7+9+1)
	}
}

// outcome is an operation of a gateway's outbox, taken apart.
type outcome struct {
	store.Operation
	operation points.Operation
	receipt   points.Receipt
}

// operations gives what a gateway's outbox has of a kind.
func (s *site) operations(kind points.Kind) []outcome {
	s.net.t.Helper()
	rows, err := s.store.Reader().Query(`SELECT id FROM operations WHERE kind = ? ORDER BY rowid`, string(kind))
	if err != nil {
		s.net.t.Fatal(err)
	}
	var ids []points.OperationID
	for rows.Next() {
		var id points.OperationID
		if err := rows.Scan(&id); err != nil {
			s.net.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	_ = rows.Close()
	var all []outcome
	for _, id := range ids {
		var o outcome
		if o.Operation, err = s.store.Operation(context.Background(), id); err == nil {
			err = wire.DecodeRecord(o.Document, &o.operation)
		}
		if err == nil && len(o.Receipt) > 0 {
			err = wire.DecodeRecord(o.Receipt, &o.receipt)
		}
		if err != nil {
			s.net.t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// reserved is what all lanes of all pairs keep for holds.
func (n *network) reserved() quantity.Micro {
	n.t.Helper()
	var sum quantity.Micro
	for _, p := range n.pairs {
		lanes, err := n.sites[p.A.Name].pair(p.A.Name, p.B.Name).Lanes(context.Background())
		if err != nil {
			n.t.Fatal(err)
		}
		for _, l := range lanes {
			sum += l.Reserved[0] + l.Reserved[1]
		}
	}
	return sum
}

// outdated is a peer that knows nothing of what lanes have released, for so many answers.
type outdated struct {
	Pair
	answers atomic.Int64
}

func (o *outdated) Lanes(ctx context.Context) ([]clearing.PairLane, error) {
	lanes, err := o.Pair.Lanes(ctx)
	for i := range lanes {
		if o.answers.Add(-1) >= 0 {
			lanes[i].Released = 0
		}
	}
	return lanes, err
}

func TestALaneThatIsToReleaseWhatItHasReleasedGoesOn(t *testing.T) {
	n, airline, _, flyer, _ := twoBrands(t)
	n.pass(2 * time.Second)
	n.settle(n.roll())
	released := func() bool {
		n.pass(100 * time.Millisecond)
		lanes, err := airline.pair("airline", "hotel").Lanes(context.Background())
		return err == nil && !slices.ContainsFunc(lanes, func(l clearing.PairLane) bool { return l.MSP == airline.brand.MSP && l.Released < 1 })
	}
	eventually(t, "the lanes to release the first window", released)
	airline.kill()
	airline.see = func(p Pair) Pair {
		o := &outdated{Pair: p}
		o.answers.Store(40 * clearing.PairLaneCount)
		return o
	}
	airline.launch()
	airline.awaitOpen("hotel")
	for range 20 {
		if code := airline.decided(airline.must(airline.own, with(redeem(flyer, 1, random.Hex(8)), "hotel"))); code != fault.OK {
			t.Errorf("an operation is refused with %s", code)
		}
	}
	if troubles := airline.own.Troubles(); len(troubles) != 0 {
		t.Errorf("there is trouble: %v", troubles)
	}
}

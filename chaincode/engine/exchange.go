package engine

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// exchange is a cross-brand batch under way, as clearing sees it. It writes no public key of clearing, so that the two brands alone endorse it, and always something in the
// pair's collection.
type exchange struct {
	call       Call
	state      State
	doc        wire.Exchange
	home       clearing.Member
	partner    clearing.Member
	collection string
	observed   *wire.ExchangeEvent // Of an observer, who has no pair data.

	currency string
	window   int64
	details  wire.BatchDetails
	salt     []byte
	lane     clearing.PairLane
	desk     *clearing.Desk
	held     []clearing.Reservation // As they were before.
	answer   wire.ExchangeAnswer
	event    wire.ExchangeEvent
}

// runExchange applies one pinned cross-brand batch.
func runExchange(c Call, s State) (Effects, error) {
	x, err := openExchange(c, s)
	if err != nil {
		return Effects{}, err
	}
	if x.observed != nil {
		x.currency, x.window = x.observed.Currency, x.observed.Window
	} else if err := x.openDesk(); err != nil {
		return Effects{}, err
	}
	if err := x.checkWindow(); err != nil {
		return Effects{}, err
	}
	if err := x.applyHome(); err != nil {
		return Effects{}, err
	}
	if err := x.deposit(); err != nil {
		return Effects{}, err
	}
	return x.effects()
}

// openExchange decodes the batch and checks who sends it: a gateway of one of the two brands, in a lane of the pair.
func openExchange(c Call, s State) (*exchange, error) {
	x := &exchange{call: c, state: s, observed: c.Exchanged}
	if err := wire.Decode(c.Document, wire.MaxDocument, &x.doc); err != nil {
		return nil, err
	}
	if err := x.doc.Validate(); err != nil {
		return nil, err
	}
	if err := x.findBrands(); err != nil {
		return nil, err
	}
	x.collection = clearing.PairCollection(x.home.Name, x.partner.Name)
	return x, x.checkLane()
}

func (x *exchange) findBrands() error {
	members, err := x.call.consortium(x.state)
	if err != nil {
		return err
	}
	if x.home, err = findBrand(members, x.doc.Home); err != nil {
		return err
	}
	x.partner, err = findBrand(members, x.doc.Partner)
	return err
}

// checkLane finds by the lane for whom the batch is submitted: an administrator acts for one of the two brands, goes on with that one's lanes, and may be the other too.
func (x *exchange) checkLane() error {
	refusal := fault.New(fault.Forbidden, "%s acts for neither %s nor %s", x.call.Caller.MSP, x.home.Name, x.partner.Name)
	for _, side := range []struct {
		submitter, counterparty *clearing.Member
		home                    int
	}{{&x.home, &x.partner, clearing.HomeOwn}, {&x.partner, &x.home, clearing.HomeOther}} {
		if !side.submitter.SpokenForBy(x.call.Caller.MSP) {
			continue
		}
		first := clearing.CrossLane(side.counterparty.Number, side.home, 0)
		if x.doc.Lane >= first && x.doc.Lane < first+clearing.PairLanes {
			x.call.Caller.MSP = side.submitter.MSP
			return nil
		}
		refusal = fault.New(fault.InvalidValue, "lanes of %s with %s on %s are %d to %d", side.submitter.MSP, side.counterparty.Name, x.home.Name, first, first+clearing.PairLanes-1)
	}
	return refusal
}

// openDesk reads what the pair agreed on and what the lane may owe, and releases what was settled.
func (x *exchange) openDesk() error {
	var err error
	if x.details, x.salt, err = wire.DecodeDetails(x.call.Transient[wire.DetailsTransient], x.doc.Operations); err != nil {
		return err
	}
	var pair wire.PairRecord
	there, err := readPrivate(x.state, x.collection, PairKey(), &pair)
	if err != nil {
		return err
	}
	if !there {
		return fault.New(fault.AgreementMissing, "%s and %s have no agreement", x.home.Name, x.partner.Name)
	}
	x.currency = pair.Currency
	x.desk = &clearing.Desk{Home: x.home.Name, Partner: x.partner.Name, Currency: pair.Currency}
	if err := x.loadAllocation(); err != nil {
		return err
	}
	if err := x.loadReservations(); err != nil {
		return err
	}
	if err := x.loadAgreements(&pair); err != nil {
		return err
	}
	return x.loadLane()
}

func (x *exchange) loadAllocation() error {
	var allocation clearing.Allocation
	if _, err := read(x.state, AllocationKey(x.home.Name, x.partner.Name, x.currency), &allocation); err != nil {
		return err
	}
	for i, m := range allocation.Amount {
		x.desk.Allocation[i] = clearing.MicroOf(m)
	}
	return nil
}

// loadReservations reads what the holds that the batch names have reserved.
func (x *exchange) loadReservations() error {
	var holds []string
	for i := range x.doc.Operations {
		o := &x.doc.Operations[i]
		if o.Hold != "" {
			holds = append(holds, string(o.Hold))
		}
		if o.Kind == points.KindHold { // Its own id: a second hold under one id must not take the place of the first.
			holds = append(holds, string(o.ID))
		}
	}
	slices.Sort(holds)
	holds = slices.Compact(holds)
	keys := make([]string, len(holds))
	for i, hold := range holds {
		keys[i] = ReserveKey(points.OperationID(hold))
	}
	values, err := x.state.Private(x.collection, keys)
	if err != nil {
		return err
	}
	for _, raw := range values {
		if raw == nil {
			continue
		}
		var r clearing.Reservation
		if err := wire.DecodeRecord(raw, &r); err != nil {
			return err
		}
		x.desk.Reservations = append(x.desk.Reservations, r)
	}
	x.held = slices.Clone(x.desk.Reservations)
	return nil
}

// loadAgreements reads the versions that the batch can need: the one in force, those quoted, and those of the holds and originals that it names.
func (x *exchange) loadAgreements(pair *wire.PairRecord) error {
	wanted := []int{pair.InForce(x.call.Time)}
	for i := range x.doc.Operations {
		o := &x.doc.Operations[i]
		wanted = append(wanted, o.Agreement)
		if o.Original != nil {
			wanted = append(wanted, o.Original.Receipt.Agreement)
		}
	}
	for _, r := range x.desk.Reservations {
		wanted = append(wanted, r.Agreement)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	wanted = slices.DeleteFunc(wanted, func(v int) bool { return v < 1 || v > len(pair.Starts) })
	keys := make([]string, len(wanted))
	for i, version := range wanted {
		keys[i] = AgreementKey(version)
	}
	values, err := x.state.Private(x.collection, keys)
	if err != nil {
		return err
	}
	x.desk.Agreements = make([]clearing.Agreement, len(values))
	for i, raw := range values {
		if raw == nil {
			return fault.New(fault.StateCorrupt, "version %d of the agreement is not there", wanted[i])
		}
		if err := wire.DecodeRecord(raw, &x.desk.Agreements[i]); err != nil {
			return err
		}
	}
	return nil
}

// loadLane reads the pair's lane and takes off it what was booked in settled windows.
func (x *exchange) loadLane() error {
	key := PairLaneKey(x.call.Caller.MSP, x.doc.Lane)
	x.lane = clearing.PairLane{V: 1, Currency: x.currency, MSP: x.call.Caller.MSP, N: x.doc.Lane}
	if _, err := readPrivate(x.state, x.collection, key, &x.lane); err != nil {
		return err
	}
	x.desk.Lane = x.lane
	if x.doc.Release == 0 {
		return nil
	}
	if x.doc.Release <= x.lane.Released || x.doc.Release > x.lane.Released+wire.MaxReleases {
		return fault.New(fault.WindowOrder, "the lane releases windows from %d on, %d at most at once", x.lane.Released+1, wire.MaxReleases)
	}
	if err := x.requirePaid(x.doc.Release); err != nil {
		return err
	}
	for window := x.lane.Released + 1; window <= x.doc.Release; window++ {
		if err := x.release(window); err != nil {
			return err
		}
	}
	return nil
}

// requirePaid returns WINDOW_ORDER unless everything that the pair booked up to a window is paid: the window is settled, the pair has disclosed it, and neither a cover that
// didn't suffice nor a dispute has left anything of it open.
func (x *exchange) requirePaid(number int64) error {
	var window clearing.Window
	var netted clearing.Netting
	var book clearing.PairBook
	a, b := clearing.PairOf(x.home.Name, x.partner.Name)
	for _, r := range []struct {
		key    string
		record any
	}{{WindowKey(x.currency, number), &window}, {NettingKey(x.currency, number), &netted}, {PairBookKey(a, b, x.currency), &book}} {
		if _, err := read(x.state, r.key, r.record); err != nil {
			return err
		}
	}
	carried := slices.ContainsFunc(netted.Carried, func(o netting.Obligation) bool { return o.From == a && o.To == b || o.From == b && o.To == a })
	aside := slices.ContainsFunc(book.Aside, func(l clearing.Aside) bool { return l.Window <= number && l.Due != 0 })
	if window.Status != clearing.WindowSettled || book.Disclosed < number || carried || aside {
		return fault.New(fault.WindowOrder, "not everything of %s and %s up to window %d of %s is paid", a, b, number, x.currency)
	}
	return nil
}

func (x *exchange) release(window int64) error {
	var booked clearing.Gross
	if _, err := readPrivate(x.state, x.collection, GrossKey(x.currency, window, x.lane.MSP, x.lane.N), &booked); err != nil {
		return err
	}
	return x.desk.Lane.Settle(window, &booked)
}

// checkWindow reads the pointer to the open window: a roll makes what was endorsed before it stale.
func (x *exchange) checkWindow() error {
	var pointer clearing.WindowPointer
	there, err := read(x.state, WindowPointerKey(x.currency), &pointer)
	if err != nil {
		return err
	}
	if !there {
		return fault.New(fault.NotFounded, "clearing in %s has not been opened", x.currency)
	}
	if x.observed != nil && x.window != pointer.Number {
		return fault.New(fault.WindowOrder, "window %d is open", pointer.Number)
	}
	x.window = pointer.Number
	if x.desk != nil {
		x.desk.Window = pointer.Number
	}
	return nil
}

// applyHome has the home programme apply the operations.
func (x *exchange) applyHome() error {
	receivers, err := x.receivers()
	if err != nil {
		return err
	}
	raw, err := x.callee(x.home, wire.FnApplyExchange, wire.ExchangeCall{
		Exchange: x.doc, MSP: x.call.Caller.MSP, Desk: x.desk, Window: x.window, PartnerMSP: x.partner.MSP, Receivers: receivers, Closed: x.closed(),
	})
	if err != nil {
		return err
	}
	if err := wire.DecodeRecord(raw, &x.answer); err != nil {
		return err
	}
	x.event = wire.ExchangeEvent{V: 1, Currency: x.currency, Window: x.window, Home: x.answer.Event}
	return nil
}

// uses says what the home programme's issuer and the partner are wanted for by each kind of operation.
var uses = []struct {
	kind          points.Kind
	home, partner clearing.Use
}{
	{points.KindRedeem, clearing.UseHonour, clearing.UseAccept},
	{points.KindHold, clearing.UseHonour, clearing.UseAccept},
	{points.KindCapture, clearing.UseHonour, clearing.UseReturn}, // The partner's till relies on a hold that was made before.
	{points.KindSwap, clearing.UseHonour, clearing.UseIssue},
	{points.KindAward, clearing.UseIssue, clearing.UseAccept},
	{points.KindVoid, clearing.UseReturn, clearing.UseReturn},
	{points.KindReturn, clearing.UseReturn, clearing.UseReturn},
	{points.KindRefund, clearing.UseReturn, clearing.UseReturn},
}

// closed are the kinds of operation that the members' statuses don't admit.
func (x *exchange) closed() []points.Kind {
	day := quantity.DayOf(x.call.Time)
	kinds := []points.Kind{}
	for _, u := range uses {
		if clearing.MemberMayTrade(&x.home, u.home, day) != nil || clearing.MemberMayTrade(&x.partner, u.partner, day) != nil {
			kinds = append(kinds, u.kind)
		}
	}
	return kinds
}

// receivers are the accounts of the partner's programme that exist among those that swaps name.
func (x *exchange) receivers() ([]points.AccountID, error) {
	var wanted []points.AccountID
	for i := range x.doc.Operations {
		if o := &x.doc.Operations[i]; o.Kind == points.KindSwap {
			wanted = append(wanted, o.To)
		}
	}
	existing := []points.AccountID{}
	if len(wanted) == 0 {
		return existing, nil
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	raw, err := x.callee(x.partner, wire.FnGetExisting, wire.ExistingQuery{Accounts: wanted})
	if err != nil {
		return nil, err
	}
	var there []bool
	if err := wire.DecodeRecord(raw, &there); err != nil {
		return nil, err
	}
	for i, id := range wanted {
		if i < len(there) && there[i] {
			existing = append(existing, id)
		}
	}
	return existing, nil
}

// deposit has the partner's programme credit what swaps and their returns bring.
func (x *exchange) deposit() error {
	if len(x.answer.Deposits) == 0 {
		return nil
	}
	raw, err := x.callee(x.partner, wire.FnDeposit, wire.DepositCall{
		Home: x.home.Name, MSP: x.call.Caller.MSP, Lane: x.doc.Lane, Seq: x.doc.Seq, Window: x.window, Deposits: x.answer.Deposits,
	})
	if err != nil {
		return err
	}
	x.event.Partner = new(wire.BatchEvent)
	return wire.DecodeRecord(raw, x.event.Partner)
}

func (x *exchange) callee(of clearing.Member, function string, document any) ([]byte, error) {
	raw, err := wire.Encode(document)
	if err != nil {
		return nil, err
	}
	return x.state.Invoke(PointsPrefix+of.Name, function, raw)
}

func (x *exchange) effects() (Effects, error) {
	var out Effects
	var err error
	if x.observed == nil {
		if out.Private, err = x.private(); err != nil {
			return Effects{}, err
		}
	}
	out.EventName = wire.EventExchange
	if out.EventPayload, err = wire.Encode(x.event); err != nil {
		return Effects{}, err
	}
	result := wire.BatchResult{Root: x.event.Home.Root, Count: len(x.event.Home.Receipts), Rejected: x.answer.Rejected}
	out.Response, err = wire.Encode(result)
	return out, err
}

// private lists what the batch writes to the pair's collection: always its lines, and of the rest what changed.
func (x *exchange) private() ([]PrivateWrite, error) {
	w := &privateWriter{collection: x.collection, salt: x.salt}
	w.put(LinesKey(x.home.Name, x.lane.MSP, x.lane.N, x.doc.Seq), func(string) any {
		return wire.PairLines{V: 1, Salt: x.details.Salt, Window: x.window, Details: x.details.Operations, Obligations: x.answer.Obligations}
	})
	desk := x.answer.Desk
	if desk == nil {
		return nil, fault.New(fault.Internal, "the home programme gave no desk back")
	}
	if after := desk.Lane; after != x.lane {
		w.put(PairLaneKey(x.lane.MSP, x.lane.N), func(salt string) any { after.Salt = salt; return after })
	}
	if desk.Count > 0 {
		if err := x.book(w, desk); err != nil {
			return nil, err
		}
	}
	x.reservations(w, desk.Reservations)
	return w.writes, w.err
}

// book adds what the batch booked to what the lane has booked in the window.
func (x *exchange) book(w *privateWriter, desk *clearing.Desk) error {
	tally := clearing.Tally{V: 1, Currency: x.currency, Window: x.window, MSP: x.lane.MSP, Lane: x.lane.N}
	tallyKey := TallyKey(x.currency, x.window, x.lane.MSP, x.lane.N)
	if _, err := readPrivate(x.state, x.collection, tallyKey, &tally); err != nil {
		return err
	}
	gross := clearing.Gross{V: 1}
	grossKey := GrossKey(x.currency, x.window, x.lane.MSP, x.lane.N)
	if _, err := readPrivate(x.state, x.collection, grossKey, &gross); err != nil {
		return err
	}
	if err := tally.Add(desk.Owed, desk.Count); err != nil {
		return err
	}
	if err := gross.Add(desk.Owed); err != nil {
		return err
	}
	w.put(tallyKey, func(salt string) any { tally.Salt = salt; return tally })
	w.put(grossKey, func(salt string) any { gross.Salt = salt; return gross })
	return nil
}

// reservations writes those that were made or changed, and deletes those that ended.
func (x *exchange) reservations(w *privateWriter, after []clearing.Reservation) {
	for _, r := range after {
		i := slices.IndexFunc(x.held, func(h clearing.Reservation) bool { return h.Hold == r.Hold })
		key := ReserveKey(points.OperationID(r.Hold))
		switch {
		case i >= 0 && x.held[i] == r:
		case r.Points > 0:
			w.put(key, func(salt string) any { r.Salt = salt; return r })
		case i >= 0:
			w.writes = append(w.writes, PrivateWrite{Collection: x.collection, Key: key, Delete: true})
		}
	}
}

// privateWriter collects private writes, each with a salt of its own.
type privateWriter struct {
	collection string
	salt       []byte
	writes     []PrivateWrite
	err        error
}

func (w *privateWriter) put(key string, record func(salt string) any) {
	raw, err := wire.Encode(record(wire.ValueSalt(w.salt, key)))
	if err != nil {
		w.err = err
		return
	}
	w.writes = append(w.writes, PrivateWrite{Collection: w.collection, Key: key, Value: raw})
}

// readPrivate decodes the private record under key into v and says whether there is one.
func readPrivate(s State, collection, key string, v any) (bool, error) {
	values, err := s.Private(collection, []string{key})
	if err != nil || values[0] == nil {
		return false, err
	}
	return true, wire.DecodeRecord(values[0], v)
}

func loadConsortium(s State) (*clearing.Consortium, error) {
	var consortium clearing.Consortium
	there, err := read(s, ConsortiumKey(), &consortium)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fault.New(fault.NotFounded, "Found has not been called on %s", ClearingChaincode)
	}
	consortium.AssignNumbers() // A record from before there were numbers has none.
	return &consortium, nil
}

func findBrand(members *clearing.Consortium, name string) (clearing.Member, error) {
	m, err := members.Find(name)
	if err != nil {
		return m, err
	}
	if m.Kind != clearing.KindBrand {
		return m, fault.New(fault.Forbidden, "%s is no brand", name)
	}
	return m, nil
}

package clearing

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// PairLane is what one lane of a pair may and does owe, either way: index 0 is what A owes B, 1 what B owes A. Of every direction, used + reserved of a lane stay within its
// slice of the pair's allocation, whatever is settled in whichever order later. So a window in which the lane took back more than it booked counts as nothing, not as less:
// what it gave back of other windows frees their room when they are settled, not before. A hold that is captured or voided in another lane than it was made in leaves its room in
// the one and takes it from the other, which goes below zero: over all lanes that adds up.
type PairLane struct {
	V        int               `json:"v"` // Record version, 1.
	Salt     string            `json:"salt"`
	Currency string            `json:"currency"`
	MSP      string            `json:"msp"`
	N        int               `json:"n"`
	Slice    [2]quantity.Micro `json:"slice"`    // What the lane may owe, cut from the allocation Of;
	Of       [2]quantity.Micro `json:"of"`       // 0 when the lane has its even share of whatever the allocation is.
	Used     [2]quantity.Micro `json:"used"`     // Obligations of windows that aren't settled; of each window what is above zero.
	Reserved [2]quantity.Micro `json:"reserved"` // For open holds.
	Released int64             `json:"released"` // Last settled window whose obligations were taken off Used.
	Window   int64             `json:"window"`   // Last window in which the lane booked something, and
	Current  [2]quantity.Micro `json:"current"`  // what it booked in it; below zero where more was taken back.
}

// Tally is what one lane of a pair booked in one window, netted: the value that a member discloses when the window is netted.
type Tally struct {
	V        int            `json:"v"` // Record version, 1.
	Salt     string         `json:"salt"`
	Currency string         `json:"currency"`
	Window   int64          `json:"window"`
	MSP      string         `json:"msp"`
	Lane     int            `json:"lane"`
	Net      quantity.Micro `json:"net"`   // What A owes B, less what B owes A.
	Count    int64          `json:"count"` // Obligations.
}

// Add books what a batch made the pair owe each other in either direction.
func (t *Tally) Add(owed [2]quantity.Micro, count int64) error {
	net, err := owed[AOwesB].Sub(owed[BOwesA])
	if err != nil {
		return err
	}
	t.Count += count
	t.Net, err = t.Net.Add(net)
	return err
}

// Gross is what a lane booked in a window in each direction: it is taken off the lane's Used once the window is settled. It is never disclosed.
type Gross struct {
	V    int               `json:"v"` // Record version, 1.
	Salt string            `json:"salt"`
	Owed [2]quantity.Micro `json:"owed"`
}

// Add books what a batch made the pair owe each other in either direction.
func (g *Gross) Add(owed [2]quantity.Micro) error {
	for i := range g.Owed {
		var err error
		if g.Owed[i], err = g.Owed[i].Add(owed[i]); err != nil {
			return err
		}
	}
	return nil
}

// Reservation is what an open hold keeps of its pair's limits.
type Reservation struct {
	V         int             `json:"v"` // Record version, 1.
	Salt      string          `json:"salt"`
	Hold      string          `json:"hold"`   // Id of the operation that made it.
	Issuer    string          `json:"issuer"` // Whose points are held.
	Agreement int             `json:"agreement"`
	Points    quantity.Points `json:"points"` // Left in the hold.
	Until     int64           `json:"until"`  // Unix seconds at which the hold lapses.
}

// Desk books what a batch makes two brands owe each other. It is given to the points chaincode of the home programme for the length of a transaction and comes back from it.
type Desk struct {
	Home         string            `json:"home"` // Whose points the batch is about,
	Partner      string            `json:"partner"`
	Currency     string            `json:"currency"`
	Window       int64             `json:"window"`     // Current.
	Allocation   [2]quantity.Micro `json:"allocation"` // What A and B may owe each other in all.
	Agreements   []Agreement       `json:"agreements"` // Those that the batch may name.
	Lane         PairLane          `json:"lane"`
	Reservations []Reservation     `json:"reservations"` // Ordered by hold; of no points once they are released.
	Owed         [2]quantity.Micro `json:"owed"`         // Booked by this batch.
	Count        int64             `json:"count"`
}

// Clone copies the desk, so that an operation under way can be given up.
func (d *Desk) Clone() *Desk {
	c := *d
	c.Reservations = slices.Clone(d.Reservations)
	return &c
}

func (d *Desk) pair() (a, b string) { return PairOf(d.Home, d.Partner) }

func (d *Desk) agreement(version int) (*Agreement, fault.Code) {
	i := slices.IndexFunc(d.Agreements, func(g Agreement) bool { return g.Version == version })
	if i < 0 {
		return nil, fault.OfferUnknown
	}
	return &d.Agreements[i], fault.OK
}

// Oblige books a service of so many points at the rates of an agreement's version. LIMIT when a slice doesn't suffice.
func (d *Desk) Oblige(service Service, version int, points quantity.Points) (Obligation, fault.Code) {
	o, code := d.price(d.Home, service, version, points)
	if code != fault.OK {
		return Obligation{}, code
	}
	before := d.Lane
	return o, d.book(&o, &before)
}

// Done is a service that was booked earlier: so many of the issuer's points, at the rates of an agreement's version.
type Done struct {
	Issuer    string
	Service   Service
	Agreement int
	Points    quantity.Points
}

// TakeBack books the return of points from before to after of a service, at the rates that it was booked at. Limits don't stop it.
func (d *Desk) TakeBack(s Done, before, after quantity.Points) (Obligation, fault.Code) {
	o, code := d.price(s.Issuer, s.Service, s.Agreement, s.Points)
	if code != fault.OK {
		return Obligation{}, code
	}
	part, err := o.Part(before, after, s.Points)
	if err != nil {
		return Obligation{}, fault.Limit
	}
	part = part.Negative()
	return part, d.add(&part)
}

// Reserve keeps room for the redemption of a hold's points, until a time in Unix seconds. LIMIT when a slice doesn't suffice, or when a hold of this id had room already.
func (d *Desk) Reserve(hold string, version int, points quantity.Points, until int64) fault.Code {
	r := Reservation{V: 1, Hold: hold, Issuer: d.Home, Agreement: version, Points: points, Until: until}
	i, found := d.find(hold)
	if found {
		return fault.Limit
	}
	before := d.Lane
	if code := d.reserve(&r, 1); code != fault.OK {
		return code
	}
	d.Reservations = slices.Insert(d.Reservations, i, r)
	return d.room(&before)
}

// Convert books the redemption of points out of a hold, at the rates it was made at. HOLD_UNKNOWN when nothing is reserved for it. A reservation is given back as a whole
// and what is left of it made anew, so that no rounding stays behind. LIMIT stops only what makes the lane owe more than it had reserved: fees per operation, when a hold is
// captured in parts.
func (d *Desk) Convert(hold string, points quantity.Points) (Obligation, fault.Code) {
	before := d.Lane
	i, found := d.find(hold)
	if !found || d.Reservations[i].Points < points {
		return Obligation{}, fault.HoldUnknown
	}
	r := d.Reservations[i]
	if code := d.reserve(&r, -1); code != fault.OK {
		return Obligation{}, code
	}
	r.Points -= points
	if r.Points > 0 {
		if code := d.reserve(&r, 1); code != fault.OK {
			return Obligation{}, code
		}
	}
	d.Reservations[i] = r
	o, code := d.price(r.Issuer, ServiceRedemption, r.Agreement, points)
	if code != fault.OK {
		return Obligation{}, code
	}
	return o, d.book(&o, &before)
}

// Release gives back what is reserved for a hold that has ended; nothing when nothing is.
func (d *Desk) Release(hold string) fault.Code {
	i, found := d.find(hold)
	if !found || d.Reservations[i].Points == 0 {
		return fault.OK
	}
	code := d.reserve(&d.Reservations[i], -1)
	d.Reservations[i].Points = 0
	return code
}

// Lapse gives back what is reserved for a hold whose time is over at a transaction time (Unix seconds); nothing when it isn't, or when nothing is reserved.
func (d *Desk) Lapse(hold string, now int64) fault.Code {
	i, found := d.find(hold)
	if !found || d.Reservations[i].Until > now {
		return fault.OK
	}
	return d.Release(hold)
}

func (d *Desk) find(hold string) (int, bool) {
	return slices.BinarySearchFunc(d.Reservations, hold, func(r Reservation, hold string) int {
		switch {
		case r.Hold < hold:
			return -1
		case r.Hold > hold:
			return 1
		}
		return 0
	})
}

// reserve adds what a reservation is worth to the lane's (sign 1), or takes it off (-1).
func (d *Desk) reserve(r *Reservation, sign quantity.Micro) fault.Code {
	o, code := d.price(r.Issuer, ServiceRedemption, r.Agreement, r.Points)
	if code != fault.OK {
		return code
	}
	return d.addTo(&d.Lane.Reserved, &o, sign)
}

func (d *Desk) price(issuer string, service Service, version int, points quantity.Points) (Obligation, fault.Code) {
	g, code := d.agreement(version)
	if code != fault.OK {
		return Obligation{}, code
	}
	o, err := g.Price(issuer, service, points)
	if err != nil {
		return Obligation{}, fault.Limit
	}
	return o, fault.OK
}

// book adds an obligation and holds the lane against its slices; before is the lane as it was.
func (d *Desk) book(o *Obligation, before *PairLane) fault.Code {
	if code := d.add(o); code != fault.OK {
		return code
	}
	return d.room(before)
}

// add books an obligation in the window.
func (d *Desk) add(o *Obligation) fault.Code {
	l := &d.Lane
	if l.Window != d.Window {
		l.Window, l.Current = d.Window, [2]quantity.Micro{}
	}
	before := l.Current
	if code := d.addTo(&l.Current, o, 1); code != fault.OK {
		return code
	}
	for i := range l.Used {
		var err error
		if l.Used[i], err = l.Used[i].Add(max(l.Current[i], 0) - max(before[i], 0)); err != nil {
			return fault.Limit
		}
	}
	d.Count++
	return d.addTo(&d.Owed, o, 1)
}

func (d *Desk) addTo(sums *[2]quantity.Micro, o *Obligation, sign quantity.Micro) fault.Code {
	a, _ := d.pair()
	aOwes, bOwes, err := o.owed(a)
	if err != nil {
		return fault.Limit
	}
	for i, m := range []quantity.Micro{aOwes, bOwes} {
		if sums[i], err = sums[i].Add(sign * m); err != nil {
			return fault.Limit
		}
	}
	return fault.OK
}

// room says whether the lane is within its slices where it owes more than before. Where it doesn't, it can be beyond a slice that has shrunk since.
func (d *Desk) room(before *PairLane) fault.Code {
	for i := range d.Allocation {
		sum, err := d.Lane.owes(i)
		was, errBefore := before.owes(i)
		if err != nil || errBefore != nil || sum > was && sum > d.Lane.SliceOf(i, d.Allocation[i]) {
			return fault.Limit
		}
	}
	return fault.OK
}

// owes is what the lane uses of its slice in a direction.
func (l *PairLane) owes(i int) (quantity.Micro, error) { return l.Used[i].Add(l.Reserved[i]) }

// SliceOf is what the lane may owe in a direction (0 or 1) while the pair's allocation is what is given: its even share as long as slices were never moved, otherwise its
// slice, which shrinks with the allocation. Over all lanes of the pair it adds up to the allocation at most.
func (l *PairLane) SliceOf(i int, allocation quantity.Micro) quantity.Micro {
	switch {
	case l.Of[i] == 0:
		return allocation / quantity.Micro(PairLaneCount)
	case allocation >= l.Of[i]:
		return l.Slice[i]
	}
	shrunk, err := quantity.Portion(int64(l.Slice[i]), int64(allocation), int64(l.Of[i]))
	if err != nil {
		return 0
	}
	return quantity.Micro(shrunk)
}

// Settle takes the obligations of a settled window off the lane: all that it booked in it. WINDOW_ORDER unless it is the next one.
func (l *PairLane) Settle(window int64, booked *Gross) error {
	if window != l.Released+1 {
		return fault.New(fault.WindowOrder, "the lane's next window to release is %d", l.Released+1)
	}
	for i := range l.Used {
		var err error
		if l.Used[i], err = l.Used[i].Sub(max(booked.Owed[i], 0)); err != nil {
			return err
		}
	}
	l.Released = window
	return nil
}

// MoveSlice moves a part of what one lane may owe to another one, while the pair's allocation is what is given. LIMIT when the lane needs it itself, INVALID_VALUE unless the
// lanes are two of one pair. A refusal leaves both as they were.
func MoveSlice(from, to *PairLane, i int, amount, allocation quantity.Micro) error {
	if amount <= 0 || from.Currency != to.Currency || i < 0 || i > 1 || from.MSP == to.MSP && from.N == to.N {
		return fault.New(fault.InvalidValue, "a part above zero moves between two lanes of a pair in one direction")
	}
	needed, err := from.owes(i)
	if err != nil {
		return err
	}
	if from.SliceOf(i, allocation)-amount < max(needed, 0) {
		return fault.New(fault.Limit, "lane %d of %s needs what would be moved", from.N, from.MSP)
	}
	for _, l := range []*PairLane{from, to} { // Cut both from the allocation of today.
		l.Slice[i], l.Of[i] = l.SliceOf(i, allocation), allocation
	}
	from.Slice[i] -= amount
	to.Slice[i] += amount
	return nil
}

// MicroOf is an amount of minor units in millionths, or the most that can be counted.
func MicroOf(m quantity.Minor) quantity.Micro {
	if m > quantity.MaxMicro/quantity.MicroPerMinor {
		return quantity.MaxMicro
	}
	return quantity.Micro(m) * quantity.MicroPerMinor
}

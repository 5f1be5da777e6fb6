package clearing_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// lanesMachine books at random in all lanes of a pair, over windows that are settled in their order.
type lanesMachine struct {
	r            *rapid.T
	allocation   [2]quantity.Micro
	lanes        [clearing.PairLaneCount]clearing.PairLane
	gross        [clearing.PairLaneCount]map[int64]*clearing.Gross
	reservations []clearing.Reservation
	window       int64
	settled      int64
	holds        int
	done         []done
	all          []clearing.Obligation
	answers      map[string]int
}

// done is a service that can be taken back.
type done struct {
	clearing.Done
	back quantity.Points
}

func newLanesMachine(r *rapid.T) *lanesMachine {
	m := &lanesMachine{r: r, window: 1, answers: map[string]int{}}
	for i := range m.allocation {
		m.allocation[i] = quantity.Micro(rapid.Int64Range(0, 4_000_000_000).Draw(r, "allocation"))
	}
	for i := range m.lanes {
		m.lanes[i], m.gross[i] = lane(1024+i), map[int64]*clearing.Gross{}
	}
	return m
}

// at runs a step at the desk of a lane, and keeps it when it is accepted.
func (m *lanesMachine) at(home, name string, do func(*clearing.Desk) fault.Code) bool {
	i := rapid.IntRange(0, 3).Draw(m.r, "lane") // A few of them, so that they fill up.
	d := &clearing.Desk{
		Home: home, Partner: other(home), Currency: "GBP", Window: m.window, Allocation: m.allocation, Agreements: []clearing.Agreement{agreement(1), agreement(2)},
		Lane: m.lanes[i], Reservations: m.reservations,
	}
	next := d.Clone()
	code := do(next)
	m.answers[name+" "+string(code)]++
	if code != fault.OK {
		return false
	}
	m.lanes[i], m.reservations = next.Lane, next.Reservations
	g := m.gross[i][m.window]
	if g == nil {
		g = &clearing.Gross{}
		m.gross[i][m.window] = g
	}
	for k := range g.Owed {
		g.Owed[k] += next.Owed[k]
	}
	return true
}

func other(brand string) string {
	if brand == "airline" {
		return "hotel"
	}
	return "airline"
}

func (m *lanesMachine) points() quantity.Points {
	return quantity.Points(rapid.Int64Range(1, 600).Draw(m.r, "points"))
}

func (m *lanesMachine) brand() string {
	return rapid.SampledFrom([]string{"airline", "hotel"}).Draw(m.r, "brand")
}

func (m *lanesMachine) oblige() {
	s := clearing.Done{
		Issuer: m.brand(), Service: rapid.SampledFrom(clearing.Services()).Draw(m.r, "service"), Agreement: rapid.IntRange(1, 2).Draw(m.r, "version"), Points: m.points(),
	}
	var o clearing.Obligation
	if m.at(s.Issuer, "oblige", func(d *clearing.Desk) (code fault.Code) {
		o, code = d.Oblige(s.Service, s.Agreement, s.Points)
		return code
	}) {
		m.done, m.all = append(m.done, done{Done: s}), append(m.all, o)
	}
}

func (m *lanesMachine) takeBack() {
	if len(m.done) == 0 {
		return
	}
	s := &m.done[rapid.IntRange(0, len(m.done)-1).Draw(m.r, "original")]
	m.undo(s, quantity.Points(rapid.Int64Range(int64(s.back), int64(s.Points)).Draw(m.r, "back")))
}

func (m *lanesMachine) undo(s *done, after quantity.Points) {
	var o clearing.Obligation
	if !m.at(m.brand(), "takeBack", func(d *clearing.Desk) (code fault.Code) { o, code = d.TakeBack(s.Done, s.back, after); return code }) {
		m.r.Fatalf("a return was refused")
	}
	s.back, m.all = after, append(m.all, o)
}

func (m *lanesMachine) reserve() {
	home, version, n := m.brand(), rapid.IntRange(1, 2).Draw(m.r, "version"), m.points()
	m.holds++
	m.at(home, "reserve", func(d *clearing.Desk) fault.Code {
		return d.Reserve(fmt.Sprintf("h%04d", m.holds), version, n, m.window)
	})
}

// held draws a reservation with something left.
func (m *lanesMachine) held() (clearing.Reservation, bool) {
	var open []clearing.Reservation
	for _, r := range m.reservations {
		if r.Points > 0 {
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		return clearing.Reservation{}, false
	}
	return rapid.SampledFrom(open).Draw(m.r, "hold"), true
}

// end captures a part of a hold, in any lane, or gives it up.
func (m *lanesMachine) end(convert bool) {
	h, there := m.held()
	if !there {
		return
	}
	n := quantity.Points(rapid.Int64Range(1, int64(h.Points)).Draw(m.r, "part"))
	if !convert {
		m.at(h.Issuer, "release", func(d *clearing.Desk) fault.Code { return d.Release(h.Hold) })
		return
	}
	var o clearing.Obligation
	if m.at(h.Issuer, "convert", func(d *clearing.Desk) (code fault.Code) { o, code = d.Convert(h.Hold, n); return code }) {
		s := clearing.Done{Issuer: h.Issuer, Service: clearing.ServiceRedemption, Agreement: h.Agreement, Points: n}
		m.done, m.all = append(m.done, done{Done: s}), append(m.all, o)
	}
}

// roll opens the next window, settles the oldest that isn't open, or raises what the brands may owe each other.
func (m *lanesMachine) roll() {
	switch rapid.IntRange(0, 3).Draw(m.r, "what") {
	case 0:
		m.window++
	case 1:
		if m.settled+1 < m.window {
			m.settle()
		}
	case 2:
		m.allocation[rapid.IntRange(0, 1).Draw(m.r, "direction")] += quantity.Micro(rapid.Int64Range(0, 1_000_000_000).Draw(m.r, "more"))
	default:
		m.window++
		m.move()
	}
}

func (m *lanesMachine) settle() {
	m.settled++
	for i := range m.lanes {
		g := m.gross[i][m.settled]
		if g == nil {
			g = &clearing.Gross{}
		}
		if err := m.lanes[i].Settle(m.settled, g); err != nil {
			m.r.Fatalf("%v", err)
		}
	}
}

func (m *lanesMachine) move() {
	from, to := rapid.IntRange(0, 5).Draw(m.r, "from"), rapid.IntRange(0, 5).Draw(m.r, "to")
	i := rapid.IntRange(0, 1).Draw(m.r, "direction")
	amount := quantity.Micro(rapid.Int64Range(1, 400_000_000).Draw(m.r, "amount"))
	err := clearing.MoveSlice(&m.lanes[from], &m.lanes[to], i, amount, m.allocation[i])
	m.answers[fmt.Sprint("move ", err == nil)]++
}

// check holds the lanes against the allocation, by what they say and by what was booked.
func (m *lanesMachine) check() {
	for i := range m.allocation {
		var slices, said, booked quantity.Micro
		for n := range m.lanes {
			l := &m.lanes[n]
			slices += l.SliceOf(i, m.allocation[i])
			said += l.Used[i] + l.Reserved[i]
			booked += l.Reserved[i]
			for w, g := range m.gross[n] {
				if w > m.settled {
					booked += g.Owed[i]
				}
			}
			if l.Used[i] < 0 {
				m.r.Fatalf("lane %d uses %d", n, l.Used[i])
			}
		}
		if slices > m.allocation[i] || said > m.allocation[i] || booked > said {
			m.r.Fatalf("direction %d: the allocation is %d, slices %d, used and reserved %d, booked and reserved %d", i, m.allocation[i], slices, said, booked)
		}
	}
}

func TestWhateverIsBookedTheAllocationIsNeverExceededAndReturnsLeaveNothing(t *testing.T) {
	answers := map[string]int{}
	rapid.Check(t, func(r *rapid.T) {
		m := newLanesMachine(r)
		actions := []func(){m.oblige, m.oblige, m.takeBack, m.reserve, m.reserve, func() { m.end(true) }, func() { m.end(true) }, func() { m.end(false) }, m.roll, m.roll, m.move}
		for range 80 {
			actions[rapid.IntRange(0, len(actions)-1).Draw(r, "action")]()
			m.check()
		}
		m.undoAll()
		for answer, n := range m.answers {
			answers[answer] += n
		}
	})
	for _, answer := range []string{
		"oblige OK", "oblige LIMIT", "takeBack OK", "reserve OK", "reserve LIMIT", "convert OK", "release OK", "move true", "move false",
	} {
		if answers[answer] == 0 {
			t.Errorf("no step was answered %s: %v", answer, answers)
		}
	}
}

// undoAll takes everything back, ends every hold and settles every window: nothing is owed, used or reserved any more.
func (m *lanesMachine) undoAll() {
	for i := range m.done {
		m.undo(&m.done[i], m.done[i].Points)
	}
	for h, there := m.held(); there; h, there = m.held() {
		m.at(h.Issuer, "release", func(d *clearing.Desk) fault.Code { return d.Release(h.Hold) })
	}
	m.check()
	for m.settled < m.window {
		m.settle()
	}
	net, err := clearing.ObligationsNet("airline", m.all)
	var reserved, booked [2]quantity.Micro
	for n := range m.lanes {
		for i := range reserved {
			reserved[i] += m.lanes[n].Reserved[i]
			for _, g := range m.gross[n] {
				booked[i] += g.Owed[i]
			}
		}
		if m.lanes[n].Used != [2]quantity.Micro{} {
			m.r.Fatalf("lane %d still uses %v", n, m.lanes[n].Used)
		}
	}
	if none := [2]quantity.Micro{}; net != 0 || err != nil || reserved != none || booked != none {
		m.r.Fatalf("left are %d (%v), booked %v, reserved %v", net, err, booked, reserved)
	}
}

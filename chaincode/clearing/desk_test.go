package clearing_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// lane is one of a pair's.
func lane(n int) clearing.PairLane {
	return clearing.PairLane{V: 1, Currency: "GBP", MSP: "AirlineMSP", N: n}
}

// desk is the airline's, in a window, with slices of so many millionths each way.
func desk(slice quantity.Micro) *clearing.Desk {
	return &clearing.Desk{
		Home: "airline", Partner: "hotel", Currency: "GBP", Window: 1, Allocation: [2]quantity.Micro{slice * clearing.PairLaneCount, slice * clearing.PairLaneCount},
		Agreements: []clearing.Agreement{agreement(1), agreement(2)}, Lane: lane(1024),
	}
}

func priced(t *testing.T, service clearing.Service, n quantity.Points) clearing.Obligation {
	t.Helper()
	g := agreement(1)
	o, err := g.Price("airline", service, n)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAnObligationNeedsRoomInItsSlice(t *testing.T) {
	value := priced(t, clearing.ServiceRedemption, 100)
	for _, c := range []struct {
		slice quantity.Micro
		code  fault.Code
	}{{value.Micro, fault.OK}, {value.Micro - 1, fault.Limit}} {
		d := desk(c.slice)
		o, code := d.Oblige(clearing.ServiceRedemption, 1, 100)
		if code != c.code || o != value {
			t.Errorf("slice %d: %+v, %s", c.slice, o, code)
		}
		if code == fault.OK && (d.Lane.Used != [2]quantity.Micro{value.Micro, value.Fee} || d.Owed != d.Lane.Used || d.Count != 1) {
			t.Errorf("%+v", d)
		}
	}
	d := desk(value.Micro)
	if _, code := d.Oblige(clearing.ServiceRedemption, 3, 1); code != fault.OfferUnknown {
		t.Errorf("a version that isn't at hand: %s", code)
	}
	if _, code := d.Oblige(clearing.ServiceRedemption, 1, quantity.MaxPoints+1); code != fault.Limit {
		t.Errorf("points that can't be counted: %s", code)
	}
}

func TestTheOtherDirectionsSliceDoesNotRefuse(t *testing.T) {
	d := desk(1_000_000_000)
	d.Lane.Used[1], d.Allocation[1] = 5_000_000, 0 // The hotel's allocation was lowered below what it owes.
	if _, code := d.Oblige(clearing.ServiceSwap, 1, 0); code != fault.Limit {
		t.Errorf("a fee of the hotel's: %s", code)
	}
	d.Agreements[0].Sides[0].Fees = nil
	if _, code := d.Oblige(clearing.ServiceSwap, 1, 10); code != fault.OK {
		t.Errorf("without one: %s", code)
	}
}

func TestAHoldsRoomIsConvertedAndReleased(t *testing.T) {
	full, part, rest := priced(t, clearing.ServiceRedemption, 100), priced(t, clearing.ServiceRedemption, 40), priced(t, clearing.ServiceRedemption, 60)
	d := desk(full.Micro)
	steps := []struct {
		name           string
		do             func() fault.Code
		code           fault.Code
		used, reserved quantity.Micro
	}{
		{"more than the slice", func() fault.Code { return d.Clone().Reserve("h0", 1, 101, 50) }, fault.Limit, 0, 0},
		{"the slice", func() fault.Code { return d.Reserve("h1", 1, 100, 50) }, fault.OK, 0, full.Micro},
		{"the same hold again", func() fault.Code { return d.Reserve("h1", 1, 1, 50) }, fault.Limit, 0, full.Micro},
		{"another hold", func() fault.Code { return d.Clone().Reserve("h2", 1, 1, 50) }, fault.Limit, 0, full.Micro},
		{"more than was held", func() fault.Code { _, code := d.Convert("h1", 101); return code }, fault.HoldUnknown, 0, full.Micro},
		{"of no hold", func() fault.Code { _, code := d.Convert("h2", 1); return code }, fault.HoldUnknown, 0, full.Micro},
		{"before its time", func() fault.Code { return d.Lapse("h1", 49) }, fault.OK, 0, full.Micro},
		{"a part", func() fault.Code { _, code := d.Convert("h1", 40); return code }, fault.OK, part.Micro, rest.Micro},
		{"after its time", func() fault.Code { return d.Lapse("h1", 50) }, fault.OK, part.Micro, 0},
		{"what lapsed", func() fault.Code { _, code := d.Convert("h1", 1); return code }, fault.HoldUnknown, part.Micro, 0},
		{"once more", func() fault.Code { return d.Release("h1") }, fault.OK, part.Micro, 0},
		{"no hold", func() fault.Code { return d.Release("h9") }, fault.OK, part.Micro, 0},
	}
	for _, s := range steps {
		if code := s.do(); code != s.code || d.Lane.Used[0] != s.used || d.Lane.Reserved[0] != s.reserved {
			t.Errorf("%s: %s, %+v", s.name, code, d.Lane)
		}
	}
	if d.Lane.Reserved[1] != 0 || d.Count != 1 || len(d.Reservations) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestACaptureIsNotRefusedWhenTheLimitIsLowered(t *testing.T) {
	d := desk(1_000_000_000)
	if code := d.Reserve("h", 1, 100, 50); code != fault.OK {
		t.Fatal(code)
	}
	d.Allocation = [2]quantity.Micro{}
	if _, code := d.Convert("h", 100); code != fault.OK {
		t.Errorf("the whole: %s", code)
	}
	d = desk(1_000_000_000)
	if code := d.Reserve("h", 1, 100, 50); code != fault.OK {
		t.Fatal(code)
	}
	d.Allocation = [2]quantity.Micro{}
	if _, code := d.Convert("h", 40); code != fault.Limit {
		t.Errorf("a part, with a second fee that nothing was reserved for: %s", code)
	}
}

func TestReturnsAreNeverRefusedForLimits(t *testing.T) {
	d := desk(0)
	done := clearing.Done{Issuer: "airline", Service: clearing.ServiceRedemption, Agreement: 1, Points: 100}
	o, code := d.TakeBack(done, 0, 100)
	if code != fault.OK || o != priced(t, clearing.ServiceRedemption, 100).Negative() {
		t.Errorf("%+v, %s", o, code)
	}
	done.Agreement = 3
	if _, code := d.TakeBack(done, 0, 100); code != fault.OfferUnknown {
		t.Errorf("a version that isn't at hand: %s", code)
	}
}

func TestAReturnInALaterWindowFreesTheRoomWhenItsOriginalIsSettled(t *testing.T) {
	value := priced(t, clearing.ServiceRedemption, 100).Micro
	d := desk(value)
	book := func(window int64, do func(*clearing.Desk) fault.Code) [2]quantity.Micro {
		d.Window, d.Owed = window, [2]quantity.Micro{}
		next := d.Clone()
		if code := do(next); code != fault.OK {
			t.Fatalf("window %d: %s", window, code)
		}
		d = next
		return d.Owed
	}
	oblige := func(d *clearing.Desk) fault.Code {
		_, code := d.Oblige(clearing.ServiceRedemption, 1, 100)
		return code
	}
	first := book(1, oblige)
	second := book(2, func(d *clearing.Desk) fault.Code {
		_, code := d.TakeBack(clearing.Done{Issuer: "airline", Service: clearing.ServiceRedemption, Agreement: 1, Points: 100}, 0, 100)
		return code
	})
	if code := oblige(d.Clone()); code != fault.OK {
		t.Errorf("what is booked again in the window of the return: %s", code)
	}
	d.Window = 3
	if code := oblige(d.Clone()); code != fault.Limit {
		t.Errorf("the first window is still owed: %s", code)
	}
	wantCode(t, d.Lane.Settle(2, &clearing.Gross{}), fault.WindowOrder)
	wantCode(t, d.Lane.Settle(1, &clearing.Gross{Owed: first}), fault.OK)
	third := book(3, oblige)
	wantCode(t, d.Lane.Settle(2, &clearing.Gross{Owed: second}), fault.OK)
	if d.Lane.Used[0] != value {
		t.Errorf("what is owed went from %d to %d when a return was settled", value, d.Lane.Used[0])
	}
	wantCode(t, d.Lane.Settle(3, &clearing.Gross{Owed: third}), fault.OK)
	if d.Lane.Used != [2]quantity.Micro{} || d.Lane.Released != 3 {
		t.Errorf("%+v", d.Lane)
	}
}

func TestAnOperationThatIsGivenUpLeavesTheDeskAsItWas(t *testing.T) {
	d := desk(1_000_000_000)
	if code := d.Reserve("h", 1, 100, 50); code != fault.OK {
		t.Fatal(code)
	}
	before := fmt.Sprint(*d)
	c := d.Clone()
	if !reflect.DeepEqual(c, d) {
		t.Error("a clone isn't the same")
	}
	_, _ = c.Convert("h", 40)
	_, _ = c.Oblige(clearing.ServiceSwap, 1, 9)
	_ = c.Reserve("g", 1, 1, 50)
	_ = c.Release("h")
	if fmt.Sprint(*d) != before {
		t.Error("the clone shares with its desk")
	}
}

func TestSlicesMoveBetweenLanesOfOnePair(t *testing.T) {
	const allocation = 16_000
	cases := []struct {
		name       string
		change     func(from, to *clearing.PairLane)
		i          int
		amount     quantity.Micro
		code       fault.Code
		have, gets quantity.Micro
	}{
		{"all of it", func(_, _ *clearing.PairLane) {}, 0, 1000, fault.OK, 0, 2000},
		{"more than there is", func(_, _ *clearing.PairLane) {}, 1, 1001, fault.Limit, 1000, 1000},
		{"what is used", func(from, _ *clearing.PairLane) { from.Used[0] = 1 }, 0, 1000, fault.Limit, 1000, 1000},
		{"what is reserved", func(from, _ *clearing.PairLane) { from.Reserved[0] = 1 }, 0, 1000, fault.Limit, 1000, 1000},
		{"what another lane's hold gave", func(from, _ *clearing.PairLane) { from.Reserved[0] = -50 }, 0, 1001, fault.Limit, 1000, 1000},
		{"what is left", func(from, _ *clearing.PairLane) { from.Used[0], from.Reserved[0] = 300, 200 }, 0, 500, fault.OK, 500, 1500},
		{"nothing", func(_, _ *clearing.PairLane) {}, 0, 0, fault.InvalidValue, 1000, 1000},
		{"less than nothing", func(_, _ *clearing.PairLane) {}, 0, -5, fault.InvalidValue, 1000, 1000},
		{"in a third direction", func(_, _ *clearing.PairLane) {}, 2, 5, fault.InvalidValue, 1000, 1000},
		{"to another currency", func(_, to *clearing.PairLane) { to.Currency = "EUR" }, 0, 5, fault.InvalidValue, 1000, 1000},
		{"to itself", func(_, to *clearing.PairLane) { to.N = 1024 }, 0, 5, fault.InvalidValue, 1000, 1000},
		{"of a slice cut before the allocation was halved", func(from, _ *clearing.PairLane) { from.Slice[0], from.Of[0] = 3000, 2*allocation }, 0, 1500, fault.OK, 0, 2500},
		{"of a slice cut before the allocation grew", func(from, _ *clearing.PairLane) { from.Slice[0], from.Of[0] = 300, allocation/2 }, 0, 301, fault.Limit, 300, 1000},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			from, to := lane(1024), lane(1025)
			c.change(&from, &to)
			before := fmt.Sprint(from, to)
			wantCode(t, clearing.MoveSlice(&from, &to, c.i, c.amount, allocation), c.code)
			i := min(c.i, 1)
			if from.SliceOf(i, allocation) != c.have || to.SliceOf(i, allocation) != c.gets {
				t.Errorf("%d and %d", from.SliceOf(i, allocation), to.SliceOf(i, allocation))
			}
			if c.code != fault.OK && fmt.Sprint(from, to) != before {
				t.Error("a refusal changed the lanes")
			}
		})
	}
}

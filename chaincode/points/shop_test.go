package points_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func corner() *points.Shop {
	return &points.Shop{V: 1, ID: "corner", DisplayName: "Corner shop", Sponsor: issuer, Status: points.ShopOpen, AwardPerDay: 100, AcceptPerDay: 50}
}

func TestShopIsCheckedBeforeItIsKept(t *testing.T) {
	cases := []struct {
		name   string
		change func(*points.Shop)
		code   fault.Code
	}{
		{"usual", func(*points.Shop) {}, fault.OK},
		{"suspended", func(s *points.Shop) { s.Status = points.ShopSuspended }, fault.OK},
		{"largest limits", func(s *points.Shop) { s.AwardPerDay, s.AcceptPerDay = quantity.MaxPoints, quantity.MaxPoints }, fault.OK},
		{"longest name", func(s *points.Shop) { s.DisplayName = strings.Repeat("x", points.MaxNameLength) }, fault.OK},
		{"another version", func(s *points.Shop) { s.V = 2 }, fault.InvalidValue},
		{"id too short", func(s *points.Shop) { s.ID = "c" }, fault.InvalidValue},
		{"id that could build another key", func(s *points.Shop) { s.ID = "co\x00rner" }, fault.InvalidValue},
		{"no name", func(s *points.Shop) { s.DisplayName = "" }, fault.InvalidValue},
		{"name too long", func(s *points.Shop) { s.DisplayName = strings.Repeat("x", points.MaxNameLength+1) }, fault.InvalidValue},
		{"no status", func(s *points.Shop) { s.Status = "" }, fault.InvalidValue},
		{"award limit below zero", func(s *points.Shop) { s.AwardPerDay = -1 }, fault.OutOfRange},
		{"award limit too large", func(s *points.Shop) { s.AwardPerDay = quantity.MaxPoints + 1 }, fault.OutOfRange},
		{"acceptance limit below zero", func(s *points.Shop) { s.AcceptPerDay = -1 }, fault.OutOfRange},
		{"acceptance limit too large", func(s *points.Shop) { s.AcceptPerDay = quantity.MaxPoints + 1 }, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := corner()
			c.change(s)
			wantCode(t, s.Validate(), c.code)
		})
	}
}

func TestShopAwardsUpToItsLimitOfTheDay(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 0)
	c.Shops["corner"] = corner()
	sale := func(pounds int64) points.Receipt {
		return c.do(h, points.KindEarn, paying(pounds*100), c.now, in("corner"))
	}
	want(t, sale(99), fault.OK)
	want(t, sale(2), fault.Limit)
	if r := want(t, sale(1), fault.OK); r.Shop != "corner" {
		t.Errorf("awarded by %q", r.Shop)
	}
	want(t, sale(1), fault.Limit)
	want(t, sale(0), fault.OK)
	c.pass(1)
	want(t, sale(100), fault.OK)
	if s := c.Shops["corner"]; s.Day != today+1 || s.Awarded != 100 || s.Accepted != 0 {
		t.Errorf("counted %+v", s)
	}
	c.sound()
}

func TestShopAcceptsUpToItsLimitOfTheDayOutOfHoldsAsWell(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 1000)
	c.Shops["corner"] = corner()
	held := want(t, c.do(h, points.KindHold, of(100), c.until(600), func(_ *points.Operation, d *points.Details) { d.Merchant = "corner" }), fault.OK)
	want(t, c.do(h, points.KindRedeem, of(20), in("corner")), fault.OK)
	want(t, c.do(h, points.KindCapture, of(31), hold(held), in("corner")), fault.Limit)
	want(t, c.do(h, points.KindCapture, of(20), hold(held), in("corner")), fault.OK)
	want(t, c.do(h, points.KindRedeem, of(11), in("corner")), fault.Limit)
	want(t, c.do(h, points.KindRedeem, of(10), in("corner")), fault.OK)
	want(t, c.do(h, points.KindCapture, of(1), hold(held), in("corner")), fault.Limit)
	if s := c.Shops["corner"]; s.Accepted != 50 || s.Awarded != 0 {
		t.Errorf("counted %+v", s)
	}
	c.sound()
}

func TestShopThatIsNotOpenAwardsAndAcceptsNothing(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 1000)
	c.Shops["corner"] = corner()
	held := want(t, c.do(h, points.KindHold, of(100), c.until(600), func(_ *points.Operation, d *points.Details) { d.Merchant = "corner" }), fault.OK)
	try := func(why string, changes ...change) {
		t.Helper()
		for kind, usual := range map[points.Kind][]change{
			points.KindEarn: {paying(100)}, points.KindRedeem: {of(1)}, points.KindCapture: {of(1), hold(held)},
		} {
			if r := c.do(h, kind, append(usual, changes...)...); r.Code != fault.ShopUnknown {
				t.Errorf("%s, %s: %s", why, kind, r.Code)
			}
		}
	}
	c.Shops["corner"].Status = points.ShopSuspended
	try("suspended", in("corner"))
	c.Shops["corner"].Status = points.ShopOpen
	try("at another merchant", in("corner"), func(_ *points.Operation, d *points.Details) { d.Merchant = "market" })
	delete(c.Shops, "corner")
	try("unknown", in("corner"))
}

func TestReturnsLeaveTheDaysLimitsOfShopsAlone(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 0)
	c.Shops["corner"] = corner()
	bought := want(t, c.do(h, points.KindEarn, paying(10000), in("corner")), fault.OK)
	spent := want(t, c.do(h, points.KindRedeem, of(50), in("corner")), fault.OK)
	want(t, c.do(h, points.KindReturn, c.back(spent), whole), fault.OK)
	want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK)
	if s := c.Shops["corner"]; s.Awarded != 100 || s.Accepted != 50 {
		t.Errorf("counted %+v", s)
	}
	c.Shops["corner"].Status = points.ShopSuspended
	again := c.earn(h, 10)
	want(t, c.do(h, points.KindReturn, c.back(again), whole), fault.OK)
	c.sound()
}

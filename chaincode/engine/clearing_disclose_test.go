package engine_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestDisclosureIsHeldAgainstTheHashesOnTheChannel(t *testing.T) {
	fresh := func() (*house, []wire.TallyValues) {
		h := trio(t)
		values := []wire.TallyValues{h.tally(1, "airline", "hotel", 0, pounds(3)), h.tally(1, "airline", "hotel", 2, -pounds(1)), h.tally(1, "hotel", "airline", 1, 7)}
		h.roll(1)
		return h, values
	}
	for name, c := range map[string]struct {
		change func(*house, *wire.NetDisclosure)
		code   fault.Code
	}{
		"all lanes":     {func(*house, *wire.NetDisclosure) {}, fault.OK},
		"another net":   {func(_ *house, d *wire.NetDisclosure) { d.Values[0].Net++ }, fault.NetMismatch},
		"another salt":  {func(_ *house, d *wire.NetDisclosure) { d.Values[0].Salt = strings.Repeat("00", 32) }, fault.NetMismatch},
		"another count": {func(_ *house, d *wire.NetDisclosure) { d.Values[0].Count++ }, fault.NetMismatch},
		"nets changed about": {func(_ *house, d *wire.NetDisclosure) {
			d.Values[0].Net, d.Values[1].Net = d.Values[1].Net, d.Values[0].Net
		}, fault.NetMismatch},
		"a lane left out":        {func(_ *house, d *wire.NetDisclosure) { d.Values = d.Values[1:] }, fault.NetMismatch},
		"a lane without a tally": {func(_ *house, d *wire.NetDisclosure) { d.Values[0].Lane++ }, fault.NetMismatch},
		"a lane twice":           {func(_ *house, d *wire.NetDisclosure) { d.Values = append(d.Values, d.Values[0]) }, fault.InvalidValue},
		"a lane of another pair": {func(h *house, d *wire.NetDisclosure) {
			d.Values = append(d.Values, h.tally(1, "airline", "grocer", 0, 1))
		}, fault.InvalidValue},
		"another pair":            {func(_ *house, d *wire.NetDisclosure) { d.A, d.B = "airline", "grocer" }, fault.InvalidValue},
		"a pair out of order":     {func(_ *house, d *wire.NetDisclosure) { d.A, d.B = d.B, d.A }, fault.InvalidValue},
		"a member with itself":    {func(_ *house, d *wire.NetDisclosure) { d.B = d.A }, fault.InvalidValue},
		"an open window":          {func(_ *house, d *wire.NetDisclosure) { d.Window = 2 }, fault.WindowStatus},
		"of the past":             {func(_ *house, d *wire.NetDisclosure) { d.Netting, d.Window = 2, 1 }, fault.WindowStatus},
		"a window that isn't yet": {func(_ *house, d *wire.NetDisclosure) { d.Window = 3 }, fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			h, values := fresh()
			doc := disclosure(1, "airline", "hotel", values...)
			c.change(h, &doc)
			_, err := h.try("airline", engine.RoleGateway, wire.FnDiscloseNet, doc)
			wantCode(t, err, c.code)
		})
	}
	h, values := fresh()
	h.refused(fault.Forbidden, "grocer", engine.RoleGateway, wire.FnDiscloseNet, disclosure(1, "airline", "hotel", values...))
	h.refused(fault.Forbidden, "airline", "auditor", wire.FnDiscloseNet, disclosure(1, "airline", "hotel", values...))
	h.must("hotel", engine.RoleTreasurer, wire.FnDiscloseNet, disclosure(1, "airline", "hotel", values...))
	got := at[clearing.PairNets](h, engine.PairNetsKey("GBP", 1, "airline", "hotel")).Nets[0]
	if got.Sum != pounds(2)+7 || got.Net != 200 || got.After != 7 || got.MSP != "HotelMSP" {
		t.Errorf("disclosed is %+v", got)
	}
	h.refused(fault.WindowOrder, "airline", engine.RoleGateway, wire.FnDiscloseNet, disclosure(1, "airline", "hotel", values...))
}

func TestTallyOfAnotherWindowOrLaneIsNoProof(t *testing.T) {
	h := trio(t)
	v := h.tally(1, "airline", "hotel", 0, pounds(3))
	other := engine.TallyKey("GBP", 2, v.MSP, v.Lane)
	raw := encode(t, clearing.Tally{V: 1, Salt: salt, Currency: "GBP", Window: 1, MSP: v.MSP, Lane: v.Lane, Net: v.Net, Count: 1})
	sum := sha256.Sum256(raw)
	h.state[privateKey(clearing.PairCollection("airline", "hotel"), other)] = sum[:]
	h.close(1, nets{{"airline", "hotel"}: pounds(3)})
	h.roll(2)
	h.refused(fault.NetMismatch, "airline", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "airline", "hotel", v))
}

func TestResidualOpensThePairsNextWindow(t *testing.T) {
	h := trio(t)
	pair := [2]string{"airline", "hotel"}
	var booked quantity.Micro
	var settled quantity.Minor
	for n, micro := range []quantity.Micro{1_400_000, 1_400_000, 1_400_000, -1_700_000, 1_500_000} {
		booked += micro
		result := h.net(int64(n+1), nets{pair: micro})
		for _, o := range result.Settled {
			if o.From == "airline" {
				settled += o.Amount
			} else {
				settled -= o.Amount
			}
		}
		book := at[clearing.PairBook](h, engine.PairBookKey("airline", "hotel", "GBP"))
		if booked != quantity.Micro(settled)*quantity.MicroPerMinor+book.Residual || book.Residual > 500_000 || book.Residual < -500_000 {
			t.Fatalf("after window %d: booked %d, settled %d, residual %d", n+1, booked, settled, book.Residual)
		}
	}
}

func TestAbsentPairIsCarriedIntoTheNextNetting(t *testing.T) {
	h := trio(t)
	late := h.tally(1, "airline", "hotel", 0, pounds(9))
	h.roll(1)
	h.must("airline", engine.RoleGateway, wire.FnDiscloseNet, disclosure(1, "airline", "grocer"))
	h.must("grocer", engine.RoleGateway, wire.FnDiscloseNet, disclosure(1, "grocer", "hotel", h.tally(1, "grocer", "hotel", 0, pounds(1))))
	h.refused(fault.TooEarly, "grocer", engine.RoleGateway, wire.FnCloseWindow, named(1))
	h.now = h.window(1).DiscloseBy
	h.must("grocer", engine.RoleGateway, wire.FnCloseWindow, named(1))
	w := h.window(1)
	if len(w.Undisclosed) != 1 || w.Undisclosed[0] != (clearing.Pair{A: "airline", B: "hotel"}) {
		t.Fatalf("the window is %+v", w)
	}
	h.refused(fault.WindowStatus, "airline", engine.RoleGateway, wire.FnDiscloseNet, disclosure(1, "airline", "hotel", late))
	h.must("grocer", engine.RoleGateway, wire.FnNetWindow, named(1))
	h.settle(1)

	h.roll(2)
	next := h.tally(2, "airline", "hotel", 0, pounds(2))
	h.refused(fault.WindowOrder, "hotel", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "airline", "hotel", next))
	missed := disclosure(1, "airline", "hotel", late)
	missed.Netting = 2
	h.must("hotel", engine.RoleGateway, wire.FnDiscloseNet, missed)
	h.must("hotel", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "airline", "hotel", next))
	h.refused(fault.WindowOrder, "hotel", engine.RoleGateway, wire.FnDiscloseNet, missed)
	h.must("airline", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "airline", "grocer"))
	h.must("grocer", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "grocer", "hotel"))
	h.must("grocer", engine.RoleGateway, wire.FnCloseWindow, named(2))
	h.must("grocer", engine.RoleGateway, wire.FnNetWindow, named(2))
	result := at[clearing.Netting](h, engine.NettingKey("GBP", 2))
	if len(result.Settled) != 2 || result.Settled[0].Window != 1 || result.Settled[0].Amount != 900 || result.Settled[1].Amount != 200 {
		t.Errorf("settled is %+v", result.Settled)
	}
}

func TestPairDisclosesFromTheWindowOfItsFirstAllocationOn(t *testing.T) {
	h := newHouse(t, "airline", "grocer", "hotel")
	h.open()
	h.roll(1)
	h.allot("airline", "hotel", 100)
	h.must("grocer", engine.RoleGateway, wire.FnCloseWindow, named(1)) // Nobody could owe anything in it.
	h.roll(2)
	h.refused(fault.TooEarly, "grocer", engine.RoleGateway, wire.FnCloseWindow, named(2))
	h.must("hotel", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "airline", "hotel"))
	h.refused(fault.NotFound, "grocer", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "grocer", "hotel"))
	h.must("grocer", engine.RoleGateway, wire.FnCloseWindow, named(2))
}

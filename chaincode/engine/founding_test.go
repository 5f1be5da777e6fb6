package engine_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestConsortiumIsFoundedOnceByAnOperatorOfABrand(t *testing.T) {
	cases := []struct {
		name   string
		change func(*engine.Call, *wire.Founding)
		code   fault.Code
	}{
		{"by an operator", func(*engine.Call, *wire.Founding) {}, fault.OK},
		{"by another brand's operator", func(c *engine.Call, _ *wire.Founding) { c.Caller.MSP = "HotelMSP" }, fault.OK},
		{"by a gateway", func(c *engine.Call, _ *wire.Founding) { c.Caller.Role = engine.RoleGateway }, fault.Forbidden},
		{"by nobody in particular", func(c *engine.Call, _ *wire.Founding) { c.Caller.Role = "" }, fault.Forbidden},
		{"by the regulator", func(c *engine.Call, _ *wire.Founding) { c.Caller.MSP = "RegulatorMSP" }, fault.Forbidden},
		{"by a stranger", func(c *engine.Call, _ *wire.Founding) { c.Caller.MSP = "BankMSP" }, fault.Forbidden},
		{"through another chaincode", func(c *engine.Call, _ *wire.Founding) { c.Chaincode = "points-airline" }, fault.WrongEntryPoint},
		{"with one brand", func(_ *engine.Call, f *wire.Founding) { f.Members = f.Members[1:] }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			doc := founding()
			call := engine.Call{Chaincode: "clearing", Function: wire.FnFound, Caller: operator, Time: now}
			c.change(&call, &doc)
			call.Document = encode(t, doc)
			e, err := engine.Clearing(call, memory{})
			wantCode(t, err, c.code)
			if err != nil && (len(e.Writes) > 0 || e.Response != nil) {
				t.Errorf("a refused call has effects: %+v", e)
			}
		})
	}
	l := founded(t)
	again := engine.Call{Chaincode: "clearing", Function: wire.FnFound, Document: encode(t, founding()), Caller: operator, Time: now}
	_, err := engine.Clearing(again, l.clearing)
	wantCode(t, err, fault.AlreadyExists)
}

func TestProgrammeBelongsToTheBrandThatClearingNames(t *testing.T) {
	cases := []struct {
		name   string
		change func(*engine.Call, *wire.NewProgramme)
		code   fault.Code
	}{
		{"as it should be", func(*engine.Call, *wire.NewProgramme) {}, fault.OK},
		{"by another brand's operator", func(c *engine.Call, _ *wire.NewProgramme) { c.Caller.MSP = "HotelMSP" }, fault.Forbidden},
		{"by a gateway", func(c *engine.Call, _ *wire.NewProgramme) { c.Caller.Role = engine.RoleGateway }, fault.Forbidden},
		{"on another brand's chaincode", func(c *engine.Call, _ *wire.NewProgramme) { c.Chaincode = "points-hotel" }, fault.WrongEntryPoint},
		{"through clearing", func(c *engine.Call, _ *wire.NewProgramme) { c.Chaincode = "clearing" }, fault.WrongEntryPoint},
		{"for a brand that is none", func(c *engine.Call, p *wire.NewProgramme) { c.Chaincode, p.Brand = "points-bank", "bank" }, fault.NotFound},
		{"for the regulator", func(c *engine.Call, p *wire.NewProgramme) {
			c.Chaincode, p.Brand, c.Caller.MSP = "points-regulator", "regulator", "RegulatorMSP"
		}, fault.Forbidden},
		{"a real one of today", func(_ *engine.Call, p *wire.NewProgramme) { p.Simulated = false }, fault.OK},
		{"a real one of last year", func(_ *engine.Call, p *wire.NewProgramme) {
			p.Simulated, p.BusinessDate = false, quantity.DayOf(now)-365
		}, fault.DateNotAllowed},
		{"a custodian key that is none", func(_ *engine.Call, p *wire.NewProgramme) { p.CustodianKey = "key" }, fault.InvalidValue},
		{"terms without prose", func(_ *engine.Call, p *wire.NewProgramme) { p.Terms.Prose = nil }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := founded(t)
			l.points = memory{}
			doc := newProgramme()
			call := engine.Call{Chaincode: "points-airline", Function: wire.FnCreateProgramme, Caller: operator, Time: now}
			c.change(&call, &doc)
			call.Document = encode(t, doc)
			_, err := engine.Points(call, l.state())
			wantCode(t, err, c.code)
		})
	}
}

func TestProgrammeIsFoundedOnceAndAfterTheConsortium(t *testing.T) {
	create := engine.Call{Chaincode: "points-airline", Function: wire.FnCreateProgramme, Document: encode(t, newProgramme()), Caller: operator, Time: now}
	_, err := engine.Points(create, founded(t).state())
	wantCode(t, err, fault.AlreadyExists)
	_, err = engine.Points(create, (&ledger{points: memory{}, clearing: memory{}}).state())
	wantCode(t, err, fault.NotFounded)

	p := founded(t).programme(t)
	if p.MSP != "AirlineMSP" || p.Genesis != genesis || p.Engine != points.EngineVersion {
		t.Errorf("the programme was founded as %+v", p)
	}
}

func (l *ledger) programme(t tester) points.Programme {
	t.Helper()
	var p points.Programme
	if err := wire.DecodeRecord(l.points[engine.ProgrammeKey()], &p); err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

func TestBusinessDateIsMovedByTheIssuersOperatorOnly(t *testing.T) {
	today := quantity.DayOf(now)
	cases := []struct {
		name   string
		caller engine.Identity
		entry  string
		day    quantity.Day
		code   fault.Code
	}{
		{"by the operator", operator, "points-airline", today + 1, fault.OK},
		{"back", operator, "points-airline", today - 1, fault.DateNotAllowed},
		{"by the gateway", gateway, "points-airline", today + 1, fault.Forbidden},
		{"by another brand's operator", engine.Identity{MSP: "HotelMSP", Role: engine.RoleOperator}, "points-airline", today + 1, fault.Forbidden},
		{"through another chaincode", operator, "clearing", today + 1, fault.WrongEntryPoint},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := founded(t)
			call := engine.Call{Chaincode: c.entry, Function: wire.FnAdvanceBusinessDate, Document: encode(t, wire.BusinessDate{Date: c.day}), Caller: c.caller, Time: now}
			e, err := engine.Points(call, l.state())
			wantCode(t, err, c.code)
			l.points.commit(e)
			if moved := l.programme(t).BusinessDate == today+1; moved != (c.code == fault.OK) {
				t.Errorf("the business date is %s", l.programme(t).BusinessDate)
			}
		})
	}
	_, err := engine.Points(engine.Call{Chaincode: "points-airline", Function: wire.FnAdvanceBusinessDate, Document: encode(t, wire.BusinessDate{Date: today}), Caller: operator}, memory{})
	wantCode(t, err, fault.NotFounded)
}

func TestMembersAreAnsweredByName(t *testing.T) {
	l := founded(t)
	query := func(function, doc string) (string, error) {
		e, err := engine.Clearing(engine.Call{Chaincode: "clearing", Function: function, Document: []byte(doc), Time: now}, l.clearing)
		return string(e.Response), err
	}
	got, err := query(wire.FnGetMember, `{"name":"hotel"}`)
	if want := string(encode(t, clearing.Member{Name: "hotel", MSP: "HotelMSP", Kind: clearing.KindBrand, Number: 1})); err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
	_, err = query(wire.FnGetMember, `{"name":"bank"}`)
	wantCode(t, err, fault.NotFound)
	numbered := founding()
	numbered.AssignNumbers()
	if got, err = query(wire.FnGetConsortium, `{}`); err != nil || got != string(encode(t, numbered)) {
		t.Errorf("got %s, %v", got, err)
	}
	l.clearing = memory{}
	for _, c := range [][2]string{{wire.FnGetMember, `{"name":"hotel"}`}, {wire.FnGetConsortium, `{}`}} {
		_, err = query(c[0], c[1])
		wantCode(t, err, fault.NotFounded)
	}
}

package engine_test

import (
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/engine/accesstest"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// stage is a consortium in which the tables are walked: the airline issues, the hotel is its partner, and one brand has failed.
type stage struct {
	points, clearing memory
	members          accesstest.Members
	cast             map[accesstest.Kind]string // MSP id of an organisation of each kind that there is.
}

// newStage has the airline fail, or the bank.
func newStage(t *testing.T, failed string) *stage {
	t.Helper()
	founders := &clearing.Consortium{V: 1, Genesis: genesis}
	for _, name := range []string{"airline", "bank", "grocer", "hotel"} {
		founders.Members = append(founders.Members, clearing.Member{Name: name, MSP: mspOf(name), Kind: clearing.KindBrand})
	}
	founders.Members = append(founders.Members, clearing.Member{Name: "zregulator", MSP: "RegulatorMSP", Kind: clearing.KindRegulator})
	now := *founders
	now.Members = slices.Clone(founders.Members)
	for i := range now.Members {
		if m := &now.Members[i]; m.Name == failed {
			m.Status, m.Administrator, m.HonourUntil = clearing.StatusAdministered, "GrocerMSP", quantity.DayOf(1_300_000_000)+30
		}
	}
	programme := points.Programme{V: 1, Brand: "airline", MSP: "AirlineMSP", BusinessDate: quantity.DayOf(1_300_000_000), Custodians: []points.CustodianKey{{Version: 1}}}
	s := &stage{members: accesstest.Members{Home: now.Members[0], Partner: now.Members[3], Founders: founders}, cast: map[accesstest.Kind]string{
		accesstest.Issuer: "AirlineMSP", accesstest.Partner: "HotelMSP", accesstest.Other: "GrocerMSP", accesstest.FailedOther: "BankMSP",
		accesstest.Regulator: "RegulatorMSP", accesstest.Outsider: "NobodyMSP",
	}}
	if failed == "airline" {
		programme.Administration = &points.Administration{MSP: "GrocerMSP", HonourUntil: quantity.DayOf(1_300_000_000) + 30}
		s.cast = map[accesstest.Kind]string{
			accesstest.Failed: "AirlineMSP", accesstest.Administrator: "GrocerMSP", accesstest.Partner: "HotelMSP", accesstest.Other: "BankMSP",
			accesstest.Regulator: "RegulatorMSP", accesstest.Outsider: "NobodyMSP",
		}
	}
	s.points = memory{engine.ProgrammeKey(): encode(t, programme)}
	s.clearing = memory{engine.ConsortiumKey(): encode(t, now)}
	return s
}

// call runs a function with a document as an identity.
func (s *stage) call(t *testing.T, contract string, row *engine.Access, document any, caller engine.Identity) error {
	t.Helper()
	transient, err := accesstest.Transient(s.members, row.Function)
	if err != nil {
		t.Fatal(err)
	}
	c := engine.Call{Chaincode: contract, Function: row.Function, Document: encode(t, document), Caller: caller, Time: now, Transient: transient}
	if row.Entry == engine.EntryClearing {
		c.Chaincode = engine.ClearingChaincode
	}
	if contract == engine.ClearingChaincode {
		_, err = engine.Clearing(c, namespaces{s.clearing, nil})
	} else {
		_, err = engine.Points(c, namespaces{s.points, s.clearing})
	}
	return err
}

// namespaces is the state of one chaincode; of the others only clearing answers.
type namespaces struct {
	memory
	clearing memory
}

func (n namespaces) Invoke(chaincode, function string, document []byte) ([]byte, error) {
	if chaincode != engine.ClearingChaincode || n.clearing == nil {
		return nil, fault.New(fault.NotFound, "no chaincode %s", chaincode)
	}
	effects, err := engine.Clearing(engine.Call{Chaincode: "points-airline", Function: function, Document: document, Caller: gateway, Time: now}, n.clearing)
	return effects.Response, err
}

// TestEveryCellOfTheTables calls every function with every role of every kind of organisation: who isn't let in is refused with FORBIDDEN, or MEMBER_STATUS where a failed brand would speak as
// one in good standing; who is let in is refused for another reason, or answered.
func TestEveryCellOfTheTables(t *testing.T) {
	cells := 0
	for _, failed := range []string{"bank", "airline"} {
		s := newStage(t, failed)
		for contract, table := range map[string][]engine.Access{"points-airline": engine.PointsAccess(), engine.ClearingChaincode: engine.ClearingAccess()} {
			documents := accesstest.Points(s.members)
			if contract == engine.ClearingChaincode {
				documents = accesstest.Clearing(s.members)
			}
			for _, row := range table {
				document, there := documents[row.Function]
				if !there {
					t.Errorf("package accesstest has no document for %s", row.Function)
					continue
				}
				for kind, msp := range s.cast {
					for _, role := range append(engine.Roles(), "", "Gateway", "admin") {
						cells++
						err := s.call(t, contract, &row, document, engine.Identity{MSP: msp, Role: role})
						s.judge(t, &row, kind, role, err)
					}
				}
			}
		}
	}
	t.Logf("%d cells", cells)
}

// private are functions that go on to a transient field, which the walk leaves out.
var private = []string{wire.FnQuote, wire.FnMoveSlice, wire.FnProposeAgreement}

func (s *stage) judge(t *testing.T, row *engine.Access, kind accesstest.Kind, role string, err error) {
	t.Helper()
	refusal := fault.Forbidden
	if row.Party == clearing.PartyBrand && row.Admits(role) && (kind == accesstest.Failed || kind == accesstest.FailedOther) {
		refusal = fault.MemberStatus
	}
	switch admitted := accesstest.Admitted(*row, kind, role); {
	case admitted && err != nil && fault.CodeOf(err) == fault.Forbidden:
		t.Errorf("%s by %s as %q: %v", row.Function, kind, role, err)
	case admitted && err != nil && fault.CodeOf(err) == fault.Malformed && !slices.Contains(private, row.Function):
		t.Errorf("%s by %s as %q: the document of package accesstest doesn't reach the function: %v", row.Function, kind, role, err)
	case !admitted && (err == nil || fault.CodeOf(err) != refusal):
		t.Errorf("%s by %s as %q: got %v, want %s", row.Function, kind, role, err, refusal)
	}
}

func TestTablesHaveWholeRows(t *testing.T) {
	parties := map[engine.Party]bool{}
	for _, row := range append(engine.PointsAccess(), engine.ClearingAccess()...) {
		parties[row.Party] = true
		if row.Party == "" || row.Entry == "" {
			t.Errorf("%s has no party or no entry", row.Function)
		}
		if (row.Roles == nil) != (row.Party == engine.PartyAnybody) {
			t.Errorf("%s is for %s with the roles %v", row.Function, row.Party, row.Roles)
		}
		for _, role := range row.Roles {
			if !slices.Contains(engine.Roles(), role) || role == engine.RoleAuditor {
				t.Errorf("%s lets in the role %q", row.Function, role)
			}
		}
	}
	for party := range parties {
		if accesstest.Describe(party) == nil {
			t.Errorf("package accesstest doesn't say who %q is", party)
		}
	}
}

// TestStepsOfWindowsAreInTheTable holds the table against that of windows: who may take a step is said once.
func TestStepsOfWindowsAreInTheTable(t *testing.T) {
	rows := map[string]engine.Access{}
	for _, row := range engine.ClearingAccess() {
		rows[row.Function] = row
	}
	for _, step := range clearing.WindowSteps() {
		row, there := rows[string(step.Step)]
		if !there || row.Party != step.Party || !slices.Equal(row.Roles, step.Roles) {
			t.Errorf("%s is for %v of %q in the table of windows, for %v of %q here", step.Step, step.Roles, step.Party, row.Roles, row.Party)
		}
	}
}

func TestAFunctionOfClearingsIsReachedThroughClearingAlone(t *testing.T) {
	s := newStage(t, "bank")
	for _, row := range engine.PointsAccess() {
		if row.Entry != engine.EntryClearing {
			continue
		}
		for _, chaincode := range []string{"points-airline", "points-hotel"} {
			call := engine.Call{Chaincode: chaincode, Function: row.Function, Document: encode(t, accesstest.Points(s.members)[row.Function]), Caller: gateway, Time: now}
			_, err := engine.Points(call, namespaces{s.points, s.clearing})
			wantCode(t, err, fault.WrongEntryPoint)
		}
	}
	_, err := engine.Clearing(engine.Call{Chaincode: "points-airline", Function: wire.FnPropose, Document: []byte("{}"), Caller: operator, Time: now}, namespaces{s.clearing, nil})
	wantCode(t, err, fault.WrongEntryPoint)
}

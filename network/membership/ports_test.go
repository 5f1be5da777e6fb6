package membership

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/network/failure"
)

// largest is a membership at every limit of the port table.
func largest(t *testing.T) *Membership {
	t.Helper()
	var names []string
	for i := range MaxBrands {
		names = append(names, fmt.Sprintf("brand%d", i))
	}
	text := strings.ReplaceAll(document(names...), "kind: brand", fmt.Sprintf("kind: brand\n    peers: %d\n    orderers: %d", MaxPeers, MaxOrderers))
	m, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPortsAreUniqueAndBelowTheSystemsOwn(t *testing.T) {
	memberships := map[string]*Membership{"largest": largest(t)}
	for _, file := range []string{"../../organizations/membership.yaml", "../../test-network/four-brands.yaml"} {
		m, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		memberships[file] = m
	}
	for name, m := range memberships {
		taken := map[int]Port{}
		for _, port := range m.Ports() {
			if other, twice := taken[port.Number]; twice {
				t.Errorf("%s: port %d is %s (%s) and %s (%s)", name, port.Number, port.Node, port.Purpose, other.Node, other.Purpose)
			}
			if port.Number < minPortBase || port.Number > maxPort {
				t.Errorf("%s: port %d of %s is out of range", name, port.Number, port.Node)
			}
			taken[port.Number] = port
		}
	}
}

func TestPortsStayWhenNodesAndMembersAreAdded(t *testing.T) {
	before, err := Parse([]byte(document("airline", "hotel")))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(document("airline", "hotel"), "kind: brand", "kind: brand\n    peers: 2", 1)
	text = strings.Replace(text, "  - {name: regulator, kind: regulator}\n", "", 1) + "  - {name: regulator, kind: regulator}\n  - {name: observer, kind: regulator}\n"
	after, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]int{}
	for _, port := range after.Ports() {
		numbers[port.Node+"/"+port.Purpose] = port.Number
	}
	for _, port := range before.Ports() {
		if now := numbers[port.Node+"/"+port.Purpose]; now != port.Number {
			t.Errorf("%s (%s) moved from %d to %d", port.Node, port.Purpose, port.Number, now)
		}
	}
}

func TestRegulatorHasNoChaincodeServer(t *testing.T) {
	m, err := Parse([]byte(document("airline", "hotel")))
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range m.Ports() {
		if port.Node == ChaincodeNode("regulator", 0) {
			t.Errorf("port %d is a chaincode's at the regulator", port.Number)
		}
	}
}

func TestPortBaseMovesTheWholeTable(t *testing.T) {
	m, err := Parse([]byte(document("airline", "hotel")))
	if err != nil {
		t.Fatal(err)
	}
	moved, err := m.WithPortBase(m.PortBase + 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, port := range m.Ports() {
		if got := moved.Ports()[i].Number; got != port.Number+1000 {
			t.Errorf("%s: %d, want %d", port.Node, got, port.Number+1000)
		}
	}
	if _, err := m.WithPortBase(32700); failure.CodeOf(err) != failure.MembershipInvalid {
		t.Errorf("ports above the limit: %v", err)
	}
}

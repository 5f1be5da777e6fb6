package clearing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// four is a consortium of four brands and a regulator; the airline has a status.
func four(status clearing.MemberStatus) *clearing.Consortium {
	c := &clearing.Consortium{V: 1, Genesis: strings.Repeat("ab", 32)}
	for _, name := range []string{"airline", "grocer", "hotel", "spa"} {
		c.Members = append(c.Members, clearing.Member{Name: name, MSP: strings.ToUpper(name), Kind: clearing.KindBrand})
	}
	c.Members = append(c.Members, clearing.Member{Name: "state", MSP: "STATE", Kind: clearing.KindRegulator})
	c.AssignNumbers()
	c.Members[0].Status = status
	if status == clearing.StatusAdministered {
		c.Members[0].Administrator = "GROCER"
	}
	return c
}

func motionOf(subject clearing.Subject) *clearing.Motion {
	switch subject {
	case clearing.SubjectSuspend:
		return &clearing.Motion{Suspend: &clearing.Concerned{Member: "airline"}}
	case clearing.SubjectReinstate:
		return &clearing.Motion{Reinstate: &clearing.Concerned{Member: "airline"}}
	case clearing.SubjectExit:
		return &clearing.Motion{Exit: &clearing.Leave{Member: "airline", HonourUntil: 100}}
	default:
		return &clearing.Motion{Default: &clearing.Administration{Member: "airline", Administrator: "hotel", HonourUntil: 100}}
	}
}

func TestMemberChangesExactlyAsTheTableSays(t *testing.T) {
	subjects := []clearing.Subject{clearing.SubjectNone, clearing.SubjectSuspend, clearing.SubjectReinstate, clearing.SubjectExit, clearing.SubjectDefault}
	for _, from := range clearing.MemberStatuses() {
		for _, subject := range subjects {
			c := four(from)
			var err error
			if subject == clearing.SubjectNone {
				err = c.Release("airline")
			} else {
				err = c.Execute(motionOf(subject), 90)
			}
			i := slices.IndexFunc(clearing.MemberChanges(), func(r clearing.MemberChange) bool { return r.From == from && r.Subject == subject })
			if i < 0 {
				if fault.CodeOf(err) != fault.MemberStatus || c.Members[0].State() != from {
					t.Errorf("%s --%s--> %s, %v", from, subject, c.Members[0].State(), err)
				}
				continue
			}
			m := c.Members[0]
			if err != nil || m.State() != clearing.MemberChanges()[i].To {
				t.Errorf("%s --%s--> %s, %v", from, subject, m.State(), err)
			}
			leaving := m.Is(clearing.StatusExiting, clearing.StatusAdministered)
			if (m.HonourUntil == 100) != leaving || (m.Administrator == "HOTEL") != m.Is(clearing.StatusAdministered) {
				t.Errorf("%s --%s--> %+v", from, subject, m)
			}
		}
	}
}

func TestStatusSaysWhatAMemberMayDo(t *testing.T) {
	const day, last = quantity.Day(99), quantity.Day(100)
	allowed := map[clearing.MemberStatus][]clearing.Use{
		clearing.StatusActive:       clearing.Uses(),
		clearing.StatusSuspended:    {clearing.UseReturn},
		clearing.StatusExiting:      {clearing.UseHonour, clearing.UseReturn},
		clearing.StatusAdministered: {clearing.UseHonour, clearing.UseReturn},
		clearing.StatusExited:       {},
	}
	for _, status := range clearing.MemberStatuses() {
		for _, use := range clearing.Uses() {
			m := clearing.Member{Name: "airline", Kind: clearing.KindBrand, Status: status, HonourUntil: last}
			if got := clearing.MemberMayTrade(&m, use, day) == nil; got != slices.Contains(allowed[status], use) {
				t.Errorf("%s of a member that is %s: %v", use, status, got)
			}
			ending := status == clearing.StatusExiting || status == clearing.StatusAdministered
			before, after := clearing.MemberMayTrade(&m, use, last), clearing.MemberMayTrade(&m, use, last+1)
			if ending && (before == nil) != slices.Contains(allowed[status], use) || ending && fault.CodeOf(after) != fault.MemberStatus {
				t.Errorf("%s of a member that is %s on its last day: %v, after: %v", use, status, before, after)
			}
		}
	}
	old := clearing.Member{Name: "airline", Kind: clearing.KindBrand}
	if err := clearing.MemberMayTrade(&old, clearing.UseIssue, day); err != nil {
		t.Errorf("a member of a record without statuses: %v", err)
	}
	regulator := clearing.Member{Name: "state", Kind: clearing.KindRegulator}
	if clearing.MemberMayTrade(&regulator, clearing.UseReturn, day) == nil {
		t.Error("the regulator trades")
	}
}

func TestOnlyTheAdministratorSpeaksForAFailedMember(t *testing.T) {
	for status, want := range map[clearing.MemberStatus][2]bool{ // Itself, the grocer.
		"": {true, false}, clearing.StatusActive: {true, false}, clearing.StatusSuspended: {true, false}, clearing.StatusExiting: {true, false},
		clearing.StatusAdministered: {false, true}, clearing.StatusExited: {false, false},
	} {
		m := four(status).Members[0]
		if got := [2]bool{m.SpokenForBy("AIRLINE"), m.SpokenForBy("GROCER")}; got != want {
			t.Errorf("%s: %v", status, got)
		}
	}
}

func TestAdmissionNumbersAreAssignedOnceAndNeverAgain(t *testing.T) {
	c := four("")
	for i, m := range c.Members {
		if m.Number != i {
			t.Fatalf("%s has number %d", m.Name, m.Number)
		}
	}
	before := slices.Clone(c.Members)
	c.AssignNumbers()
	if !slices.Equal(before, c.Members) {
		t.Error("numbers are assigned again")
	}
	c.Members[4].Status = clearing.StatusExited // The highest number is gone, and isn't given again.
	if err := c.Admit(&clearing.Admission{Name: "bank", MSP: "BANK"}); err != nil {
		t.Fatal(err)
	}
	m, err := c.Find("bank")
	if err != nil || m.Number != 5 || c.Members[1].Name != "bank" {
		t.Errorf("the newcomer is %+v, %v", m, err)
	}
	for _, a := range []clearing.Admission{{Name: "state", MSP: "NEW"}, {Name: "new", MSP: "STATE"}} {
		if err := c.Admit(&a); fault.CodeOf(err) != fault.AlreadyExists {
			t.Errorf("%+v: %v", a, err)
		}
	}
	for i := len(c.Members); i < clearing.MaxMembers; i++ {
		if err := c.Admit(&clearing.Admission{Name: fmt.Sprintf("m%03d", i), MSP: fmt.Sprintf("M%03d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Admit(&clearing.Admission{Name: "last", MSP: "LAST"}); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("one too many: %v", err)
	}
	for _, m := range c.Members {
		if m.Number >= clearing.MaxMembers {
			t.Errorf("%s has number %d: there are no lanes for it", m.Name, m.Number)
		}
	}
}

func TestMajorityIsOneOfTheBrandsThatHaveNotLeft(t *testing.T) {
	c := four("")
	for want, gone := range map[int]int{3: 0, 2: 1} {
		c.Members[0].Status = ""
		if gone == 1 {
			c.Members[0].Status = clearing.StatusExited
		}
		if got := c.Majority(); got != want {
			t.Errorf("of four brands less %d it is %d", gone, got)
		}
	}
	c.Members[0].Status = clearing.StatusSuspended
	if got := c.Majority(); got != 3 {
		t.Errorf("with one suspended it is %d", got)
	}
	if got := len(c.Pairs()); got != 6 || len(c.PairsOf("hotel")) != 3 {
		t.Errorf("%d pairs, %v of the hotel", got, c.PairsOf("hotel"))
	}
}

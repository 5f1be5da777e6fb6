package clearing_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

const proposalID = clearing.ProposalID("0123456789abcdef0123456789abcdef")

func propose(t *testing.T, c *clearing.Consortium, m *clearing.Motion, by string) *clearing.Proposal {
	t.Helper()
	p, err := clearing.NewProposal(c, proposalID, m, by, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func cast(c *clearing.Consortium, p *clearing.Proposal, member string, choice clearing.Choice) error {
	return p.Cast(c, clearing.Ballot{Member: member, Choice: choice, At: 1001})
}

func TestProposalIsDecidedByTheMajorityOfAllBrands(t *testing.T) {
	cap := &clearing.Motion{Cap: &clearing.CapMotion{Member: "spa", Currency: "GBP", Amount: 5}}
	suspend := &clearing.Motion{Suspend: &clearing.Concerned{Member: "spa"}}
	for name, c := range map[string]struct {
		motion *clearing.Motion
		votes  map[string]clearing.Choice // In the order of names, after the airline's.
		want   clearing.ProposalStatus
	}{
		"nobody else yet":                     {cap, nil, clearing.ProposalOpen},
		"half":                                {cap, map[string]clearing.Choice{"grocer": "yes"}, clearing.ProposalOpen},
		"three of four":                       {cap, map[string]clearing.Choice{"grocer": "yes", "hotel": "yes"}, clearing.ProposalCarried},
		"one against":                         {cap, map[string]clearing.Choice{"grocer": "no"}, clearing.ProposalOpen},
		"two against":                         {cap, map[string]clearing.Choice{"grocer": "no", "hotel": "no"}, clearing.ProposalRejected},
		"all but who it is about":             {suspend, map[string]clearing.Choice{"grocer": "yes", "hotel": "yes"}, clearing.ProposalCarried},
		"one against, one that has no vote":   {suspend, map[string]clearing.Choice{"grocer": "no"}, clearing.ProposalRejected},
		"one for and who it is about to come": {suspend, map[string]clearing.Choice{"grocer": "yes"}, clearing.ProposalOpen},
	} {
		t.Run(name, func(t *testing.T) {
			consortium := four("")
			p := propose(t, consortium, c.motion, "airline")
			for _, member := range []string{"grocer", "hotel"} {
				if choice := c.votes[member]; choice != "" {
					if err := cast(consortium, p, member, choice); err != nil {
						t.Fatal(err)
					}
				}
			}
			if p.Status != c.want || (p.Decided != 0) != (c.want != clearing.ProposalOpen) {
				t.Errorf("it is %+v", p)
			}
		})
	}
}

func TestWhoIsConcernedOrNotInGoodStandingHasNoVote(t *testing.T) {
	for name, c := range map[string]struct {
		consortium *clearing.Consortium
		subject    clearing.Subject
		voter      string
		code       fault.Code
	}{
		"an active brand":                  {four(""), clearing.SubjectExit, "airline", fault.OK},
		"who leaves itself":                {four(clearing.StatusActive), clearing.SubjectExit, "airline", fault.OK},
		"who is to be suspended":           {four(""), clearing.SubjectSuspend, "airline", fault.Forbidden},
		"who is to be declared in default": {four(""), clearing.SubjectDefault, "airline", fault.Forbidden},
		"who is suspended":                 {four(clearing.StatusSuspended), clearing.SubjectReinstate, "airline", fault.Forbidden},
		"who is leaving":                   {four(clearing.StatusExiting), clearing.SubjectExit, "airline", fault.OK},
		"who failed":                       {four(clearing.StatusAdministered), clearing.SubjectReinstate, "airline", fault.Forbidden},
		"the regulator":                    {four(""), clearing.SubjectExit, "state", fault.Forbidden},
		"a stranger":                       {four(""), clearing.SubjectExit, "bank", fault.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			p := propose(t, c.consortium, motionOf(c.subject), "spa")
			err := cast(c.consortium, p, c.voter, clearing.ChoiceYes)
			if c.code == fault.OK && err != nil || c.code != fault.OK && fault.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestVoteOfABrandThatWasSuspendedSinceDoesNotCount(t *testing.T) {
	c := four("")
	p := propose(t, c, &clearing.Motion{Cap: &clearing.CapMotion{Member: "spa", Currency: "GBP", Amount: 5}}, "airline")
	c.Members[0].Status = clearing.StatusSuspended
	for _, member := range []string{"grocer", "hotel"} {
		if err := cast(c, p, member, clearing.ChoiceYes); err != nil {
			t.Fatal(err)
		}
	}
	if p.Status != clearing.ProposalOpen {
		t.Errorf("it is %s", p.Status)
	}
}

func TestProposalCarriesOnlyWithMoreThanHalfOfAllBrands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 9).Draw(t, "brands")
		c := &clearing.Consortium{V: 1}
		for i := range n {
			c.Members = append(c.Members, clearing.Member{Name: fmt.Sprintf("m%d", i), MSP: fmt.Sprintf("M%d", i), Kind: clearing.KindBrand, Number: i})
		}
		p, err := clearing.NewProposal(c, proposalID, &clearing.Motion{Suspend: &clearing.Concerned{Member: "m0"}}, "m1", 1000)
		if err != nil {
			t.Fatal(err)
		}
		yes, no := 1, 0
		for i := 2; i < n && p.Status == clearing.ProposalOpen; i++ {
			choice := rapid.SampledFrom([]clearing.Choice{clearing.ChoiceYes, clearing.ChoiceNo}).Draw(t, "choice")
			if choice == clearing.ChoiceYes {
				yes++
			} else {
				no++
			}
			if err := cast(c, p, fmt.Sprintf("m%d", i), choice); err != nil {
				t.Fatal(err)
			}
		}
		carried, hopeless := 2*yes > n, 2*(n-1-no) <= n
		if carried != (p.Status == clearing.ProposalCarried) || !carried && hopeless != (p.Status == clearing.ProposalRejected) {
			t.Fatalf("%d for and %d against of %d: %s", yes, no, n, p.Status)
		}
	})
}

func TestMotionIsAboutOneThingInItsForm(t *testing.T) {
	const day = quantity.Day(100)
	key := "BMZ_"
	for name, c := range map[string]struct {
		motion clearing.Motion
		code   fault.Code
	}{
		"nothing":                     {clearing.Motion{}, fault.InvalidValue},
		"two things":                  {clearing.Motion{Suspend: &clearing.Concerned{Member: "spa"}, Reinstate: &clearing.Concerned{Member: "spa"}}, fault.InvalidValue},
		"suspend nobody":              {clearing.Motion{Suspend: &clearing.Concerned{Member: "bank"}}, fault.NotFound},
		"suspend the regulator":       {clearing.Motion{Suspend: &clearing.Concerned{Member: "state"}}, fault.InvalidValue},
		"a negative cap":              {clearing.Motion{Cap: &clearing.CapMotion{Member: "spa", Currency: "GBP", Amount: -1}}, fault.OutOfRange},
		"a cap over everything":       {clearing.Motion{Cap: &clearing.CapMotion{Member: "spa", Currency: "GBP", Amount: quantity.MaxMinor + 1}}, fault.OutOfRange},
		"a cap in no currency":        {clearing.Motion{Cap: &clearing.CapMotion{Member: "spa", Currency: "pounds", Amount: 1}}, fault.InvalidValue},
		"an allocation to itself":     {clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: "spa", Creditor: "spa", Currency: "GBP"}}, fault.InvalidValue},
		"an allocation to nobody":     {clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: "spa", Creditor: "bank", Currency: "GBP"}}, fault.NotFound},
		"administered by itself":      {clearing.Motion{Default: &clearing.Administration{Member: "spa", Administrator: "spa", HonourUntil: day}}, fault.InvalidValue},
		"an admission without a key":  {clearing.Motion{Admit: &clearing.Admission{Name: "bank", MSP: "BANK", Novation: genesisOfTests}}, fault.InvalidValue},
		"an admission without clause": {clearing.Motion{Admit: &clearing.Admission{Name: "bank", MSP: "BANK", AdminKey: key}}, fault.InvalidValue},
		"a custodian without an id":   {clearing.Motion{Custodian: &clearing.CustodianKey{}}, fault.InvalidValue},
		"a custodian's key of none":   {clearing.Motion{Custodian: &clearing.CustodianKey{ID: "bank", Key: key}}, fault.InvalidValue},
		"a deferral of no window":     {clearing.Motion{Deferral: &clearing.Deferral{Currency: "GBP", From: "spa", To: "hotel"}}, fault.InvalidValue},
		"a calendar of nothing":       {clearing.Motion{Calendar: &clearing.Calendar{}}, fault.InvalidValue},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.motion.Validate(four("")); fault.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	if _, err := clearing.NewProposal(four(""), "0123", motionOf(clearing.SubjectExit), "spa", 1); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("a short id: %v", err)
	}
}

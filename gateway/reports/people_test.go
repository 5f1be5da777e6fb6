package reports_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/reports"
)

// peopled is a market whose airline's customers consent, withdraw and are erased.
func peopled(t *testing.T) (*market, []privacy.ConsentID) {
	t.Helper()
	m := newMarket(t)
	ctx := t.Context()
	people := m.People("airline", m.airline.Brand.Gateway)
	policy, err := m.People("airline", m.airline.Brand.Operator).PublishDataPolicy(ctx, m.airline.DataPolicy(1))
	if err != nil {
		t.Fatal(err)
	}
	item := m.airline.Open()
	m.airline.Batch(0, []ledgertest.Item{item})
	m.Cut()
	grant := func(grantee string) privacy.ConsentID {
		body := m.airline.Consent(item.Operation.Account, grantee, policy, "phone")
		if _, err := people.RecordConsent(ctx, m.NewConsent(&body)); err != nil {
			t.Fatal(err)
		}
		return body.ID
	}
	over := []privacy.ConsentID{grant("hotel"), grant("grocer")} // Nobody ends them.
	if _, err := people.EndConsent(ctx, grant("hotel"), privacy.EndWithdrawn); err != nil {
		t.Fatal(err)
	}
	for i, count := range []int{2, 5} {
		if _, err := people.RecordErasures(ctx, wire.NewErasures{
			ID: privacy.ErasureID(strings.Repeat(string(rune('a'+i)), 32)), Root: strings.Repeat("12", 32), Count: count, Reason: privacy.ErasedOnRequest,
		}); err != nil {
			t.Fatal(err)
		}
	}
	m.airline.Now += 3601
	grant("hotel") // Still in force.
	return m, over
}

func TestConsentsAndErasuresAreCountedAndOverdueOnesNamed(t *testing.T) {
	m, over := peopled(t)
	r, err := reports.MakeConsents(t.Context(), m.follow("hotel"))
	if err != nil {
		t.Fatal(err)
	}
	p := r.Programmes[0]
	want := []reports.ConsentCount{
		{Grantee: "grocer", Status: privacy.StatusGranted, Count: 1}, {Grantee: "hotel", Status: privacy.StatusGranted, Count: 2}, {Grantee: "hotel", Status: privacy.StatusWithdrawn, Count: 1},
	}
	if !slices.Equal(p.Consents, want) || !slices.Equal(p.Policies, []int{1}) || p.InForce != 1 || p.Overdue != 2 || p.Oldest == "" {
		t.Errorf("%+v", p)
	}
	slices.Sort(over)
	if named := slices.Sorted(slices.Values(p.Named)); !slices.Equal(named, over) {
		t.Errorf("named are %v, want %v", named, over)
	}
	if len(p.Erasures) != 1 || p.Erasures[0].Records != 2 || p.Erasures[0].Certificates != 7 || p.Erasures[0].Reason != privacy.ErasedOnRequest {
		t.Errorf("%+v", p.Erasures)
	}
	if other := r.Programmes[1]; len(other.Consents) != 0 || other.Overdue != 0 {
		t.Errorf("the grocer's: %+v", other)
	}
}

func TestFreezesAndObjectionsAreCountedAsOfTheReport(t *testing.T) {
	m := newMarket(t)
	m.grocer.AskFreeze(m.shopper, 3600)
	m.grocer.DeclineFreeze(m.grocer.AskFreeze(m.shopper, 3600))
	m.grocer.AcceptFreeze(m.grocer.AskFreeze(m.shopper, 3600), 1800)
	m.grocer.Object(m.shopper, points.OperationID(strings.Repeat("1", 32)), points.ObjectionUpheld)
	m.grocer.Object(m.shopper, points.OperationID(strings.Repeat("2", 32)), points.ObjectionOpen)
	counts := func() (map[points.FreezeStatus]int, map[string]int, int) {
		r, err := reports.MakeFreezes(t.Context(), m.follow("regulator"))
		if err != nil {
			t.Fatal(err)
		}
		p := r.Programmes[1]
		requests, objections := map[points.FreezeStatus]int{}, map[string]int{}
		for _, n := range p.Requests {
			requests[n.Status] += n.Count
		}
		for _, n := range p.Objections {
			objections[n.Outcome] += n.Count
		}
		return requests, objections, p.Overdue
	}
	requests, objections, overdue := counts()
	if requests[points.FreezeAsked] != 1 || requests[points.FreezeDeclined] != 1 || requests[points.FreezeAccepted] != 1 || objections["OPEN"] != 1 || objections["UPHELD"] != 1 || overdue != 0 {
		t.Errorf("%v, %v, %d overdue", requests, objections, overdue)
	}
	m.grocer.Now += points.ObjectionSeconds + 60
	m.grocer.Batch(1, nil)
	m.Cut()
	requests, objections, overdue = counts()
	if requests[points.FreezeLapsed] != 2 || requests[points.FreezeDeclined] != 1 || objections["OPEN"] != 1 || overdue != 1 {
		t.Errorf("a month later: %v, %v, %d overdue", requests, objections, overdue)
	}
}

package main

import (
	"context"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// publishedPolicy is a ledger with a data policy, or an error in its place.
type publishedPolicy struct {
	policy privacy.Policy
	err    error
}

func (p *publishedPolicy) DataPolicyInForce(context.Context) (privacy.Policy, wire.Published, error) {
	return p.policy, wire.Published{}, p.err
}

func TestPurposesAreThoseOfThePolicyInForce(t *testing.T) {
	ledger := &publishedPolicy{err: fault.New(fault.LedgerUnavailable, "the peer is down")}
	p := &policies{points: ledger}
	if _, err := p.Declares(t.Context(), "service"); fault.CodeOf(err) != fault.LedgerUnavailable {
		t.Errorf("before the policy was ever read: %v", err)
	}
	ledger.err = fault.New(fault.NotFound, "no policy")
	want := func(code string, declared bool) {
		t.Helper()
		if got, err := p.Declares(t.Context(), code); err != nil || got != declared {
			t.Errorf("%s: %v, %v", code, got, err)
		}
	}
	want("service", false)
	p.read = time.Time{}
	*ledger = publishedPolicy{policy: privacy.Policy{Version: 1, Purposes: []privacy.Purpose{{Code: "service"}}}}
	want("service", true)
	want("offers", false)
	p.read = time.Time{}
	ledger.err = fault.New(fault.LedgerUnavailable, "the peer is down")
	want("service", true)
	*ledger = publishedPolicy{policy: privacy.Policy{Version: 2, Purposes: []privacy.Purpose{{Code: "offers"}}}}
	want("service", false)
}

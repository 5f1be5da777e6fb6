package localnet

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/gateway/ledger"

	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
)

// clearingPatience bounds what is asked of clearing for a status: nodes may be down.
const clearingPatience = 3 * time.Second

// ClearingStatus is what everybody may know of clearing.
type ClearingStatus struct {
	Members []clearing.Member // Brands, by name.
	Windows []clearing.Window // The open window of every currency that the membership's programmes have.
	Pairs   []clearing.Allocation
}

// Clearing asks the first brand whose peer runs and answers; nil when none does, or nothing was founded.
func (c *Consortium) Clearing(ctx context.Context) *ClearingStatus {
	ctx, cancel := context.WithTimeout(ctx, clearingPatience)
	defer cancel()
	for _, brand := range c.Membership.Brands() {
		if c.Supervisor.Status(membership.PeerNode(brand.Name, 0)).State != node.Running {
			continue
		}
		reader, err := operatorOf(c, brand, "")
		if err != nil {
			continue
		}
		status, err := readClearing(ctx, c.Membership, reader.Clearing())
		_ = reader.Close()
		if err == nil {
			return status
		}
	}
	return nil
}

func readClearing(ctx context.Context, m *membership.Membership, contract *ledger.Clearing) (*ClearingStatus, error) {
	record, err := contract.Consortium(ctx)
	if err != nil {
		return nil, err
	}
	s := &ClearingStatus{}
	for _, member := range record.Members {
		if member.Kind == clearing.KindBrand {
			s.Members = append(s.Members, member)
		}
	}
	seen := map[string]bool{}
	for _, brand := range m.Brands() {
		currency := brand.Programme.Currency
		if seen[currency] {
			continue
		}
		seen[currency] = true
		window, err := contract.OpenWindow(ctx, currency)
		if err != nil {
			continue // Clearing in it was never opened.
		}
		s.Windows = append(s.Windows, window)
		for _, pair := range record.Pairs() {
			if allocation, err := contract.Allocation(ctx, pair.A, pair.B, currency); err == nil {
				s.Pairs = append(s.Pairs, allocation)
			}
		}
	}
	return s, nil
}

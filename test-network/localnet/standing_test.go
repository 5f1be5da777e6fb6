package localnet

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"

	"github.com/tallystick/tallystick/network/membership"
)

// TestLedgerAndChannelAgreeOnWhoActsForWhom holds the two sides of one rule against each other: the ledger's, by which clients
// choose endorsers, and the network's, by which collections name them. With five brands it tries every set of up to three
// that failed, under every administrator.
func TestLedgerAndChannelAgreeOnWhoActsForWhom(t *testing.T) {
	names := []string{"airline", "hotel", "grocer", "cinema", "bakery"}
	m := &membership.Membership{Channel: membership.DefaultChannel}
	for _, name := range names {
		m.Members = append(m.Members, membership.Member{Name: name, Kind: membership.Brand, Peers: 1, Orderers: 1})
	}
	tried := 0
	for failed := range 1 << len(names) {
		for by := range names {
			record := recordOf(m, failed, by)
			standing := standingOf(record)
			if m.Check(standing) != nil || len(standing.Administrators) > 3 {
				continue
			}
			tried++
			for i, a := range m.Members {
				for _, b := range m.Members[i+1:] {
					first, second := m.PairSpeakers(standing, a, b)
					x, y, err := record.Endorsers(a.Name, b.Name)
					if got, want := fmt.Sprint(x.MSP, y.MSP, err), fmt.Sprint(first.MSP(), second.MSP(), nil); got != want {
						t.Errorf("%v: %s and %s are endorsed by %s on the ledger, by %s on the channel", standing.Administrators, a.Name, b.Name, got, want)
					}
				}
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d standings were tried", tried)
	}
}

// recordOf is the ledger's record of the brands, those of a bit set administered by one of the others.
func recordOf(m *membership.Membership, failed, by int) *clearing.Consortium {
	c := &clearing.Consortium{V: 1}
	for i, member := range m.Members {
		one := clearing.Member{Name: member.Name, MSP: member.MSP(), Kind: clearing.KindBrand}
		if failed&(1<<i) != 0 {
			one.Status, one.Administrator = clearing.StatusAdministered, m.Members[by].MSP()
		}
		c.Members = append(c.Members, one)
	}
	slices.SortFunc(c.Members, func(a, b clearing.Member) int { return cmp.Compare(a.Name, b.Name) })
	return c
}

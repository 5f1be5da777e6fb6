//go:build network

package e2e

import (
	"fmt"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/network/membership"
)

// books are a programme's lanes as its own peer holds them: what every gateway and every client wrote, whoever they were.
type books struct {
	totals  points.Totals
	batches int64 // Sum of the lanes' sequence numbers.
}

// books reads the lanes of every brand, by evaluation at the issuer's peer: no gateway and no projection is asked. The gateways and these tests write only
// lanes that two queries cover: those of home batches, and those of batches with the consortium's other members.
func (c *consortium) books(t *testing.T, brand string) books {
	t.Helper()
	reader := c.user(t, brand, string(membership.AuditorRole))
	var b books
	for _, submitter := range c.members.Brands() {
		for _, first := range []int{0, clearing.CrossLaneFirst} {
			document := fmt.Sprintf(`{"msp":%q,"first":%d,"count":%d}`, submitter.MSP(), first, wire.MaxLanesPerQuery)
			for _, lane := range decode[[]points.Lane](t, reader.query(t, membership.PointsChaincode(brand), wire.FnGetLanes, document)) {
				b.batches += lane.Seq
				var err error
				if b.totals, err = b.totals.Plus(lane.Totals); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return b
}

// account reads an account at the issuer's peer.
func (c *consortium) account(t *testing.T, brand, id string) points.Account {
	t.Helper()
	reader := c.user(t, brand, string(membership.AuditorRole))
	document := fmt.Sprintf(`{"account":%q}`, id)
	return decode[points.Account](t, reader.query(t, membership.PointsChaincode(brand), wire.FnGetAccount, document))
}

// businessDate is the day that a brand's programme has, by its own peer.
func (c *consortium) businessDate(t *testing.T, brand string) string {
	t.Helper()
	reader := c.user(t, brand, string(membership.AuditorRole))
	return decode[points.Programme](t, reader.query(t, membership.PointsChaincode(brand), wire.FnGetProgramme, "{}")).BusinessDate.String()
}

// height is the number of the newest block of a member's first peer.
func (c *consortium) height(t *testing.T, member string) uint64 {
	t.Helper()
	return must[*common.Block](t)(c.chain(t, member).Last(t.Context())).GetHeader().GetNumber()
}

func (c *consortium) chain(t *testing.T, member string) *blocks.Peer {
	t.Helper()
	reader := c.user(t, member, string(membership.AuditorRole))
	name := membership.PeerNode(member, 0)
	return &blocks.Peer{Name: name, Channel: c.members.Channel, Conn: c.dial(t, name), ID: reader.id, Sign: reader.sign}
}

// validationCodes counts the codes of all transactions from one block to another, as a member's peer gave them.
func (c *consortium) validationCodes(t *testing.T, member string, from, to uint64) map[peer.TxValidationCode]int {
	t.Helper()
	codes := map[peer.TxValidationCode]int{}
	for d, err := range c.chain(t, member).Blocks(t.Context(), from, to, blocks.Public) {
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range d.Block.GetMetadata().GetMetadata()[common.BlockMetadataIndex_TRANSACTIONS_FILTER] {
			codes[peer.TxValidationCode(code)]++
		}
	}
	return codes
}

// unchanged requires that a programme's books are as they were, to the last batch.
func (c *consortium) unchanged(t *testing.T, brand string, before books) {
	t.Helper()
	if after := c.books(t, brand); after != before {
		t.Fatalf("%s's books changed:\nbefore %+v\nafter  %+v", brand, before, after)
	}
}

// unmoved requires that no points moved: operations were counted and refused, nothing else.
func (c *consortium) unmoved(t *testing.T, brand string, before books) {
	t.Helper()
	after := c.books(t, brand).totals
	if after.Operations-before.totals.Operations != after.Rejected-before.totals.Rejected {
		t.Fatalf("%s accepted an operation: before %+v, after %+v", brand, before.totals, after)
	}
	after.Operations, after.Rejected = before.totals.Operations, before.totals.Rejected
	if after != before.totals {
		t.Fatalf("%s's points moved: before %+v, after %+v", brand, before.totals, after)
	}
}

//go:build network

package localnet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"google.golang.org/grpc/status"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"

	"github.com/tallystick/tallystick/network/administration"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
)

// TestChannelGoesOnWithoutAMemberWhoseProcessesAreDead shows that the channel can be changed so that a dead member's points
// and pair data are written by others, and that the administrator gets what the member held.
func TestChannelGoesOnWithoutAMemberWhoseProcessesAreDead(t *testing.T) {
	c := bringUp(t, realSettings(t, "organizations/membership.yaml"))
	ctx, cancel := context.WithTimeout(t.Context(), networkPatience)
	defer cancel()
	if err := proposeAgreement(ctx, t, c, "hotel", "AirlineMSP", "HotelMSP"); err != nil {
		t.Fatal(err)
	}
	if err := c.KillNodes("ca.hotel", "orderer0.hotel", "peer0.hotel", "chaincode0.hotel"); err != nil {
		t.Fatal(err)
	}

	died := time.Now()
	failed := membership.Standing{Administrators: map[string]string{"hotel": "grocer"}}
	updates, err := administration.Configure(ctx, c.Dir, c.Membership, failed)
	if err != nil || updates != 1 {
		t.Fatalf("%d updates of the channel: %v", updates, err)
	}
	changed, err := lifecycle.Redefine(ctx, c.Dir, c.Membership, failed)
	// The other brands' too: what customers shared with the hotel passes to nobody.
	if err != nil || !slices.Equal(changed, []string{"points-airline", "points-hotel", "points-grocer", "clearing"}) {
		t.Fatalf("new definitions of %v: %v", changed, err)
	}
	t.Logf("the channel had changed after %v", time.Since(died))

	awaitPairData(ctx, t, c, "grocer")
	t.Logf("the administrator had the pair's data after %v", time.Since(died))
	if err := proposeAgreement(ctx, t, c, "airline", "AirlineMSP", "GrocerMSP"); err != nil {
		t.Errorf("the pair's data can't be written without its dead member: %v", err)
	}
	if err := approveAtHotel(ctx, t, c, "AirlineMSP", "GrocerMSP"); err != nil {
		t.Errorf("the dead member's points can't be written without it: %v", err)
	}

	updates, err = administration.Configure(ctx, c.Dir, c.Membership, failed)
	changed, redefineErr := lifecycle.Redefine(ctx, c.Dir, c.Membership, failed)
	if err != nil || redefineErr != nil || updates != 0 || len(changed) != 0 {
		t.Errorf("once more: %d updates, definitions of %v, %v, %v", updates, changed, err, redefineErr)
	}
}

// proposeAgreement writes the next version to the collection of airline and hotel, endorsed by these organisations.
func proposeAgreement(ctx context.Context, t *testing.T, c *Consortium, member string, organisations ...string) error {
	t.Helper()
	from := time.Now().Add(time.Hour).Unix()
	side := clearing.Side{
		Offer:      clearing.Offer{Version: 2, From: from, Acceptance: quantity.Ratio{Num: 1, Den: 2}, Swap: quantity.Ratio{Num: 0, Den: 1}},
		Acceptance: quantity.Ratio{Num: 1, Den: 2}, Sale: quantity.Ratio{Num: 1, Den: 1}, Swap: quantity.Ratio{Num: 0, Den: 1},
	}
	agreement, err := wire.Encode(clearing.Agreement{
		V: 1, Salt: strings.Repeat("ab", 32), Version: 2, A: "airline", B: "hotel", Currency: "GBP", Scale: 2, From: from, Sides: [2]clearing.Side{side, side},
		Calendar: "daily", DisputeWindows: 1, Fraud: clearing.BearerIssuer, Offline: clearing.BearerPartner, Prose: map[string]string{"en": "Half a penny a point."},
	})
	if err != nil {
		return err
	}
	return submitAs(ctx, t, c, member, membership.TreasurerRole, "clearing", wire.FnProposeAgreement, wire.PairQuery{A: "airline", B: "hotel"},
		client.WithTransient(map[string][]byte{wire.AgreementTransient: agreement}), client.WithEndorsingOrganizations(organisations...))
}

// approveAtHotel writes to the hotel's points: the airline approves an adjustment.
func approveAtHotel(ctx context.Context, t *testing.T, c *Consortium, organisations ...string) error {
	t.Helper()
	consent := wire.Consent{Operation: points.Operation{
		ID: points.OperationID(strings.Repeat("1", 32)), Kind: points.KindAdjust, Account: points.AccountID(strings.Repeat("2", 32)), Points: 5, Reason: points.ReasonGoodwill,
	}}
	return submitAs(ctx, t, c, "airline", membership.OperatorRole, "points-hotel", wire.FnApprove, consent, client.WithEndorsingOrganizations(organisations...))
}

// submitAs brings a document to the ledger through the member's own peer and waits until it is valid there.
func submitAs(
	ctx context.Context, t *testing.T, c *Consortium, member string, role membership.Role, chaincode, function string, document any, options ...client.ProposalOption,
) error {
	t.Helper()
	encoded, err := wire.Encode(document)
	if err != nil {
		return err
	}
	by := signer(t, c, member, string(role))
	session, err := client.Connect(by, client.WithSign(by.Sign), client.WithHash(func(m []byte) []byte { return m }), client.WithClientConnection(peerOf(t, c, member, 0)))
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	options = append(options, client.WithArguments(string(encoded)))
	if _, err := session.GetNetwork(c.Membership.Channel).GetContract(chaincode).SubmitWithContext(ctx, function, options...); err != nil {
		return fmt.Errorf("%w %v", err, status.Convert(err).Details())
	}
	return nil
}

// awaitPairData waits until a member's peer has fetched the data of airline and hotel from those who hold it.
func awaitPairData(ctx context.Context, t *testing.T, c *Consortium, member string) {
	t.Helper()
	by := signer(t, c, member, string(membership.GatewayRole))
	for {
		_, err := propose(t, c, member, 0, by, "clearing", wire.FnGetOffered, `{"a":"airline","b":"hotel"}`)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(readinessInterval):
		}
	}
}

package api

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/abuse"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/store"
)

// docket is a programme with one batch, and a ledger that takes objections.
type docket struct {
	receipts []points.Receipt
	objected []wire.NewObjection
}

func (d *docket) LanesOf(context.Context, string) ([]store.LaneRef, error) {
	return []store.LaneRef{{Programme: "airline", MSP: "AirlineMSP"}}, nil
}

func (d *docket) BatchesAfter(_ context.Context, _ store.LaneRef, seq int64, _ int) ([]store.Told, error) {
	if seq > 0 {
		return nil, nil
	}
	return []store.Told{{MSP: "AirlineMSP", Seq: 1, Time: 1_760_000_000, Receipts: d.receipts}}, nil
}

func (d *docket) RecordObjection(_ context.Context, doc wire.NewObjection) (points.Objection, error) {
	d.objected = append(d.objected, doc)
	return points.Objection{}, nil
}

func TestACustomerReadsWhatWasDecidedAndObjects(t *testing.T) {
	l := newLobby(t)
	token := l.register("ada@example.com")
	ada, err := l.vault.Find(t.Context(), vault.Identifier{Kind: vault.Email, Value: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.vault.Link(t.Context(), ada, "airline", wallet); err != nil {
		t.Fatal(err)
	}
	d := &docket{receipts: []points.Receipt{
		{Operation: points.OperationID(heldID), Kind: points.KindFreeze, Account: wallet, Reason: points.ReasonTakeover, Until: 1_760_000_900, Outcome: points.Accepted},
		{Operation: points.OperationID(unknownID), Kind: points.KindFreeze, Account: stranger, Reason: points.ReasonFraud, Until: 1_760_000_900, Outcome: points.Accepted},
	}}
	desk, err := abuse.New(abuse.Settings{
		Programme: "airline", MSP: "AirlineMSP", Rules: &abuse.Rules{}, DB: l.vault.DB, Secret: bytes.Repeat([]byte{7}, 32), Ledger: d, Receipts: d, Now: l.vault.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	l.server.people.Abuse = desk
	if err := desk.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := into[NoticeList](t, l.as(token, "GET", "/v1/me/notices", ""), http.StatusOK)
	if all.Security == nil || len(*all.Security) != 0 {
		t.Errorf("registering is nothing to be told of: %+v", all.Security)
	}
	list := all.Notices
	if len(list) != 1 || list[0].Account != wallet || list[0].Kind != "FROZEN" || list[0].Words["de"] == "" || *list[0].Until != 1_760_000_900 {
		t.Fatalf("%+v", list)
	}
	path := "/v1/me/notices/" + list[0].Id + "/objections"
	filed := into[ObjectionFiled](t, l.as(token, "POST", path, `{"words":"It was me."}`), http.StatusOK)
	l.problem(l.as(token, "POST", path, `{"words":"Again."}`), fault.AlreadyExists)
	eve := l.register("eve@example.com")
	l.problem(l.as(eve, "POST", path, `{"words":"Me too."}`), fault.NotFound)
	if others := into[NoticeList](t, l.as(eve, "GET", "/v1/me/notices", ""), http.StatusOK).Notices; len(others) != 0 {
		t.Errorf("somebody else reads %+v", others)
	}
	if err := desk.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(d.objected) != 1 || string(d.objected[0].ID) != filed.Id || d.objected[0].Decision != points.OperationID(heldID) {
		t.Errorf("on the ledger: %+v", d.objected)
	}
	if o := into[NoticeList](t, l.as(token, "GET", "/v1/me/notices", ""), http.StatusOK).Notices[0].Objection; o == nil || o.Words != "It was me." || !o.Recorded {
		t.Errorf("%+v", o)
	}
}

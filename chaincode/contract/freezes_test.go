package contract_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestABrandAsksTheIssuerAcceptsAndABatchFreezes(t *testing.T) {
	c := founded(t)
	c.must(t, c.batch(t, 0, 1, opening(1, 1), accrual(2, 1)), airline, hotel)
	request := wire.NewFreeze{ID: operationID(9), Account: accountID(1), Reason: points.ReasonTakeover, Evidence: strings.Repeat("e1", 32), Until: now.Unix() + 5000}
	ask := c.call("points-airline", c.client(hotel, "compliance"), wire.FnRequestFreeze, encode(t, request))
	tx := c.must(t, ask, airline, hotel)
	var asked points.FreezeRequest
	decode(t, tx.Event.GetPayload(), &asked)
	if tx.Event.GetEventName() != wire.EventFreezeChanged || asked.MSP != hotel || asked.Status != points.FreezeAsked {
		t.Errorf("told %s of %+v", tx.Event.GetEventName(), asked)
	}
	decision := c.call("points-airline", c.client(airline, "compliance"), wire.FnDecideFreeze, encode(t, wire.FreezeDecision{ID: operationID(9), Until: now.Unix() + 4000}))
	c.must(t, decision, airline, grocer)

	freeze := points.Operation{ID: operationID(3), Kind: points.KindFreeze, Account: accountID(1), Reason: points.ReasonTakeover, Request: operationID(9)}
	c.must(t, c.batch(t, 0, 2, freeze), airline, hotel)
	state := c.State("points-airline")
	var account points.Account
	decode(t, state[engine.AccountKey(accountID(1))], &account)
	if account.Status != points.StatusFrozen || account.FrozenUntil != now.Unix()+4000 {
		t.Errorf("%+v", account)
	}
	if !bytes.Contains(state[engine.FreezeKey(operationID(9))], []byte(`"APPLIED"`)) {
		t.Errorf("the request is %s", state[engine.FreezeKey(operationID(9))])
	}
}

func TestWhoAskedCantDecideAndNobodyElsesPeerMakesItTheIssuersWord(t *testing.T) {
	c := founded(t)
	c.must(t, c.batch(t, 0, 1, opening(1, 1)), airline, hotel)
	request := wire.NewFreeze{ID: operationID(9), Account: accountID(1), Reason: points.ReasonFraud, Evidence: strings.Repeat("e1", 32), Until: now.Unix() + 5000}
	c.must(t, c.call("points-airline", c.client(hotel, "compliance"), wire.FnRequestFreeze, encode(t, request)), airline, hotel)
	decision := encode(t, wire.FreezeDecision{ID: operationID(9), Until: now.Unix() + 4000})
	for _, who := range []struct{ msp, role string }{{hotel, "compliance"}, {airline, "operator"}, {airline, "gateway"}, {grocer, "compliance"}} {
		_, err := c.Endorse(c.call("points-airline", c.client(who.msp, who.role), wire.FnDecideFreeze, decision), airline, hotel)
		if got := refusalOf(t, err); got.Code != fault.Forbidden {
			t.Errorf("%s of %s: %v", who.role, who.msp, got)
		}
	}
}

func TestAnIssuersGatewayCantVoidAHoldOfItsPartnersTillAndThePartnersCan(t *testing.T) {
	c := trading(t)
	held := c.signed(t, "airline", points.Operation{
		ID: operationID(11), Kind: points.KindHold, Account: accountID(1), Points: 100, Until: now.Unix() + 600, Partner: "hotel",
	})
	event, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{held}})
	wantAccepted(t, event.Home.Receipts...)
	void := func(n int) points.Operation {
		return points.Operation{ID: operationID(n), Kind: points.KindVoid, Account: accountID(1), Hold: operationID(11), Partner: "hotel"}
	}
	refused, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 2, salt: 2, ops: []points.Operation{void(12)}})
	if r := refused.Home.Receipts[0]; r.Code != fault.SubmitterRefused {
		t.Errorf("the issuer took what the till relies on: %s", r.Code)
	}
	done, _ := c.done(t, exchangeDoc{by: hotel, home: "airline", seq: 1, salt: 3, ops: []points.Operation{void(13)}})
	wantAccepted(t, done.Home.Receipts...)
}

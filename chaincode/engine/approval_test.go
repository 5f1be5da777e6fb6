package engine_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func adjustment(n int, account points.AccountID, amount quantity.Points) pair {
	o := points.Operation{ID: operationID(n), Kind: points.KindAdjust, Account: account, Points: amount, Reason: points.ReasonGoodwill}
	return pair{o, points.Details{Operation: o.ID, Note: "for the delay"}}
}

func TestAnotherBrandsOperatorApproves(t *testing.T) {
	good := adjustment(9, accountID(1), 5).op
	cases := map[string]struct {
		caller    engine.Identity
		operation points.Operation
		code      fault.Code
	}{
		"another brand's operator":         {hotelOperator, good, fault.OK},
		"the issuer's own":                 {operator, good, fault.Forbidden},
		"another brand's gateway":          {engine.Identity{MSP: "HotelMSP", Role: engine.RoleGateway}, good, fault.Forbidden},
		"the regulator":                    {engine.Identity{MSP: "RegulatorMSP", Role: engine.RoleOperator}, good, fault.Forbidden},
		"somebody who is no member":        {engine.Identity{MSP: "BankMSP", Role: engine.RoleOperator}, good, fault.Forbidden},
		"what needs no approval":           {hotelOperator, accrual(9, accountID(1), 0).op, fault.InvalidValue},
		"an operation of the wrong form":   {hotelOperator, points.Operation{ID: "9", Kind: points.KindAdjust}, fault.InvalidValue},
		"an adjustment without its reason": {hotelOperator, points.Operation{ID: good.ID, Kind: points.KindAdjust, Account: good.Account, Points: 5}, fault.InvalidValue},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e, err := engine.Points(ask(t, wire.FnApprove, wire.Consent{Operation: c.operation}, c.caller), founded(t).state())
			wantCode(t, err, c.code)
			if err == nil && (len(e.Writes) != 1 || e.Writes[0].Key != engine.ApprovalKey(good.ID)) {
				t.Errorf("writes %+v", e.Writes)
			}
		})
	}
}

func TestApprovalIsForExactlyOneOperationOnce(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)), opening(2, accountID(2)))
	approved := adjustment(9, accountID(1), 5)
	if r := l.submit(t, 0, 2, approved)[0]; r.Code != fault.ApprovalMissing {
		t.Fatalf("before the approval: %s", r.Code)
	}
	l.do(t, wire.FnApprove, wire.Consent{Operation: approved.op}, hotelOperator)
	_, err := engine.Points(ask(t, wire.FnApprove, wire.Consent{Operation: approved.op}, hotelOperator), l.state())
	wantCode(t, err, fault.AlreadyExists)

	more, elsewhere := approved, approved
	more.op.Points, elsewhere.op.Account = 6, accountID(2)
	if a, b := l.submit(t, 0, 3, more)[0], l.submit(t, 0, 4, elsewhere)[0]; a.Code != fault.ApprovalMissing || b.Code != fault.ApprovalMissing {
		t.Errorf("more points: %s, another account: %s", a.Code, b.Code)
	}
	r := l.submit(t, 0, 5, approved)[0]
	if r.Code != fault.OK || r.Approver != "HotelMSP" || r.Reason != points.ReasonGoodwill || r.Posted != 5 {
		t.Errorf("the approved operation: %+v", r)
	}
	if r := l.submit(t, 0, 6, approved)[0]; r.Code != fault.ApprovalUsed {
		t.Errorf("again: %s", r.Code)
	}
	var kept points.Approval
	decodeRecord(t, l.points[engine.ApprovalKey(approved.op.ID)], &kept)
	if !kept.Used || kept.MSP != "HotelMSP" || kept.At != now {
		t.Errorf("the approval stands as %+v", kept)
	}
}

func TestShopsLimitsHoldAcrossBatchesAndChangesOfTheShop(t *testing.T) {
	l := founded(t)
	l.do(t, wire.FnPutShop, kiosk(), operator)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	sale := func(n int, pence int64) pair {
		p := accrual(n, accountID(1), pence)
		p.op.Shop, p.details.Merchant = "kiosk", "kiosk"
		return p
	}
	got := l.submit(t, 0, 2, sale(2, 700), sale(3, 400), sale(4, 300))
	if got[0].Code != fault.OK || got[1].Code != fault.Limit || got[2].Code != fault.OK || got[0].Shop != "kiosk" {
		t.Errorf("within one batch: %s, %s, %s", got[0].Code, got[1].Code, got[2].Code)
	}
	if r := l.submit(t, 1, 1, sale(5, 100))[0]; r.Code != fault.Limit {
		t.Errorf("in a later batch: %s", r.Code)
	}
	larger := kiosk()
	larger.AwardPerDay = 12
	l.do(t, wire.FnPutShop, larger, operator)
	if r := l.submit(t, 0, 3, sale(6, 300), sale(7, 200)); r[0].Code != fault.Limit || r[1].Code != fault.OK {
		t.Errorf("with 2 more: %s, %s", r[0].Code, r[1].Code)
	}
	l.advance(t, today()+1)
	if r := l.submit(t, 0, 4, sale(8, 1200))[0]; r.Code != fault.OK {
		t.Errorf("on the next day: %s", r.Code)
	}
	larger.Status = points.ShopSuspended
	l.do(t, wire.FnPutShop, larger, operator)
	elsewhere := accrual(9, accountID(1), 100)
	elsewhere.op.Shop, elsewhere.details.Merchant = "kiosk", "airline"
	if r := l.submit(t, 0, 5, sale(10, 100), elsewhere); r[0].Code != fault.ShopUnknown || r[1].Code != fault.ShopUnknown {
		t.Errorf("suspended: %s, at another merchant: %s", r[0].Code, r[1].Code)
	}
	stranger := kiosk()
	stranger.Sponsor = "HotelMSP"
	_, err := engine.Points(ask(t, wire.FnPutShop, stranger, operator), l.state())
	wantCode(t, err, fault.Forbidden)
}

func TestAnonymousReceiptIsClaimedOnce(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)), opening(2, accountID(2)))
	late := func(n, account int) pair {
		p := accrual(n, accountID(account), 1000)
		p.op.Claim = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
		return p
	}
	got := l.submit(t, 0, 2, late(3, 1), late(4, 2))
	if got[0].Code != fault.OK || got[1].Code != fault.ReceiptClaimed {
		t.Errorf("in one batch: %s, %s", got[0].Code, got[1].Code)
	}
	if r := l.submit(t, 1, 1, late(5, 2))[0]; r.Code != fault.ReceiptClaimed {
		t.Errorf("in a later batch: %s", r.Code)
	}
}

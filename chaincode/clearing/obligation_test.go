package clearing_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestEachServiceHasItsDebtorAndItsPrice(t *testing.T) {
	g := agreement(1)
	cases := []struct {
		issuer  string
		service clearing.Service
		points  quantity.Points
		want    clearing.Obligation
	}{
		// 100 points at 2/7 of a minor unit are 28.571428571..., the fee is 1/100 of that and 50 millionths.
		{"airline", clearing.ServiceRedemption, 100, clearing.Obligation{Debtor: "airline", Creditor: "hotel", Micro: 28_571_429, FeeDebtor: "hotel", Fee: 285_764}},
		{"airline", clearing.ServiceAward, 100, clearing.Obligation{Debtor: "hotel", Creditor: "airline", Micro: 42_857_143}},
		// Both pay a fee: 7 and 10, netted.
		{"airline", clearing.ServiceSwap, 100, clearing.Obligation{Debtor: "airline", Creditor: "hotel", Micro: 33_333_333, FeeDebtor: "hotel", Fee: 3}},
		{"hotel", clearing.ServiceRedemption, 3, clearing.Obligation{Debtor: "hotel", Creditor: "airline", Micro: 6_000_000}},
		{"hotel", clearing.ServiceAward, 3, clearing.Obligation{Debtor: "airline", Creditor: "hotel", Micro: 7_500_000, FeeDebtor: "hotel", Fee: 750_000}},
		{"hotel", clearing.ServiceSwap, 0, clearing.Obligation{Debtor: "hotel", Creditor: "airline"}},
	}
	for _, c := range cases {
		c.want.Service, c.want.Agreement = c.service, 1
		got, err := g.Price(c.issuer, c.service, c.points)
		if err != nil || got != c.want {
			t.Errorf("%d points of %s for %s: %+v, %v", c.points, c.issuer, c.service, got, err)
		}
	}
	for _, points := range []quantity.Points{-1, quantity.MaxPoints} {
		_, err := g.Price("airline", clearing.ServiceSwap, points)
		wantCode(t, err, fault.OutOfRange)
	}
}

func TestTheNetIsWhatOneOwesLessWhatTheOtherOwes(t *testing.T) {
	list := []clearing.Obligation{
		{Debtor: "airline", Micro: 100, FeeDebtor: "hotel", Fee: 7}, {Debtor: "hotel", Micro: 30}, {Debtor: "airline", Micro: -10, FeeDebtor: "hotel", Fee: -2}, {},
	}
	if net, err := clearing.ObligationsNet("airline", list); err != nil || net != 100-7-30-10+2 {
		t.Errorf("%d, %v", net, err)
	}
	_, err := clearing.ObligationsNet("airline", []clearing.Obligation{{Debtor: "airline", Micro: quantity.MaxMicro}, {Debtor: "airline", Micro: 1}})
	wantCode(t, err, fault.OutOfRange)
}

func TestThePartsOfAnObligationAddUpToIt(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		whole := quantity.Points(rapid.Int64Range(1, 1_000_000).Draw(r, "whole"))
		o := clearing.Obligation{
			Debtor: "airline", Micro: quantity.Micro(rapid.Int64Range(0, quantity.MaxMicro).Draw(r, "micro")), FeeDebtor: "hotel",
			Fee: quantity.Micro(rapid.Int64Range(0, quantity.MaxMicro).Draw(r, "fee")),
		}
		sum := clearing.Obligation{}
		for before := quantity.Points(0); before < whole; {
			after := min(whole, before+quantity.Points(rapid.Int64Range(1, int64(whole)).Draw(r, "step")))
			p, err := o.Part(before, after, whole)
			if err != nil || p.Micro < 0 || p.Fee < 0 {
				r.Fatalf("%+v, %v", p, err)
			}
			sum.Micro, sum.Fee, before = sum.Micro+p.Micro, sum.Fee+p.Fee, after
		}
		if sum.Micro != o.Micro || sum.Fee != o.Fee {
			r.Fatalf("the parts of %+v are %+v", o, sum)
		}
	})
	var none clearing.Obligation
	if p, err := none.Part(0, 0, 0); err != nil || p != none {
		t.Errorf("%+v, %v", p, err)
	}
	_, err := (clearing.Obligation{Micro: 5}).Part(0, 3, 2)
	wantCode(t, err, fault.OutOfRange)
}

package clearing_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func agreement(version int) clearing.Agreement {
	return clearing.Agreement{
		V: 1, Salt: strings.Repeat("5a", 32), Version: version, A: "airline", B: "hotel", Currency: "GBP", From: int64(version) * 1000, NoticeSeconds: 500,
		DisputeWindows: 2, Fraud: clearing.BearerIssuer, Offline: clearing.BearerPartner, Prose: map[string]string{"en": "As agreed."}, Calendar: "daily",
		Sides: [2]clearing.Side{
			{
				Offer: offer(version, int64(version)*1000), Acceptance: quantity.Ratio{Num: 2, Den: 7}, Sale: quantity.Ratio{Num: 3, Den: 7}, Swap: quantity.Ratio{Num: 1, Den: 3},
				Fees: []clearing.Fee{
					{Service: clearing.ServiceRedemption, Payer: clearing.BearerPartner, Share: quantity.Ratio{Num: 1, Den: 100}, PerOperation: 50},
					{Service: clearing.ServiceSwap, Payer: clearing.BearerIssuer, Share: quantity.Ratio{Num: 0, Den: 1}, PerOperation: 7},
					{Service: clearing.ServiceSwap, Payer: clearing.BearerPartner, Share: quantity.Ratio{Num: 0, Den: 1}, PerOperation: 10},
				},
			},
			{
				Offer: offer(version, int64(version)*1000), Acceptance: quantity.Ratio{Num: 2, Den: 1}, Sale: quantity.Ratio{Num: 5, Den: 2}, Swap: quantity.Ratio{Num: 11, Den: 7},
				Fees: []clearing.Fee{{Service: clearing.ServiceAward, Payer: clearing.BearerIssuer, Share: quantity.Ratio{Num: 1, Den: 10}}},
			},
		},
	}
}

func TestAnAgreementsFieldsLieWithinTheirBounds(t *testing.T) {
	cases := []struct {
		name   string
		change func(*clearing.Agreement)
		code   fault.Code
	}{
		{"as it is", func(*clearing.Agreement) {}, fault.OK},
		{"another form", func(g *clearing.Agreement) { g.V = 2 }, fault.InvalidValue},
		{"a short salt", func(g *clearing.Agreement) { g.Salt = g.Salt[1:] }, fault.InvalidValue},
		{"a salt in capitals", func(g *clearing.Agreement) { g.Salt = strings.ToUpper(g.Salt) }, fault.InvalidValue},
		{"members out of order", func(g *clearing.Agreement) { g.A, g.B = g.B, g.A }, fault.InvalidValue},
		{"one member", func(g *clearing.Agreement) { g.B = g.A }, fault.InvalidValue},
		{"no currency", func(g *clearing.Agreement) { g.Currency = "gbp" }, fault.InvalidValue},
		{"the most decimals", func(g *clearing.Agreement) { g.Scale = clearing.MaxScale }, fault.OK},
		{"too many decimals", func(g *clearing.Agreement) { g.Scale = clearing.MaxScale + 1 }, fault.InvalidValue},
		{"the longest notice", func(g *clearing.Agreement) { g.NoticeSeconds = clearing.MaxNoticeSeconds }, fault.OK},
		{"a notice too long", func(g *clearing.Agreement) { g.NoticeSeconds = clearing.MaxNoticeSeconds + 1 }, fault.InvalidValue},
		{"no dispute term", func(g *clearing.Agreement) { g.DisputeWindows = 0 }, fault.InvalidValue},
		{"the longest dispute term", func(g *clearing.Agreement) { g.DisputeWindows = clearing.MaxDisputeWindows }, fault.OK},
		{"a dispute term too long", func(g *clearing.Agreement) { g.DisputeWindows = clearing.MaxDisputeWindows + 1 }, fault.InvalidValue},
		{"nobody bears fraud", func(g *clearing.Agreement) { g.Fraud = "" }, fault.InvalidValue},
		{"no words", func(g *clearing.Agreement) { g.Prose = nil }, fault.InvalidValue},
		{"as many words as there can be", func(g *clearing.Agreement) { g.Prose["en"] = strings.Repeat("a", clearing.MaxAgreementProse-2) }, fault.OK},
		{"too many words", func(g *clearing.Agreement) { g.Prose["en"] = strings.Repeat("a", clearing.MaxAgreementProse-1) }, fault.InvalidValue},
		{"an offer of another version", func(g *clearing.Agreement) { g.Sides[1].Offer.Version++ }, fault.InvalidValue},
		{"an offer from another time", func(g *clearing.Agreement) { g.Sides[0].Offer.From++ }, fault.InvalidValue},
		{"an offer that can't be", func(g *clearing.Agreement) { g.Sides[0].Offer.AwardMax = -1 }, fault.OutOfRange},
		{"a price that can't be", func(g *clearing.Agreement) { g.Sides[0].Sale.Den = 0 }, fault.InvalidValue},
		{"too many fees", func(g *clearing.Agreement) { g.Sides[0].Fees = make([]clearing.Fee, clearing.MaxFees+1) }, fault.TooLarge},
		{"a fee for nothing", func(g *clearing.Agreement) { g.Sides[0].Fees[0].Service = "tea" }, fault.InvalidValue},
		{"a fee by nobody", func(g *clearing.Agreement) { g.Sides[0].Fees[0].Payer = "" }, fault.InvalidValue},
		{"a fee below zero", func(g *clearing.Agreement) { g.Sides[0].Fees[0].PerOperation = -1 }, fault.OutOfRange},
		{"a fee of the whole", func(g *clearing.Agreement) { g.Sides[0].Fees[0].Share.Num = 100 }, fault.OK},
		{"a fee of more than the whole", func(g *clearing.Agreement) { g.Sides[0].Fees[0].Share.Num = 101 }, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := agreement(1)
			c.change(&g)
			wantCode(t, g.Validate(), c.code)
		})
	}
}

func TestAnAgreementFollowsTheLastWithItsNotice(t *testing.T) {
	last := agreement(1)
	cases := []struct {
		name   string
		now    int64
		change func(*clearing.Agreement)
		code   fault.Code
	}{
		{"in time", 1500, func(*clearing.Agreement) {}, fault.OK},
		{"a second late", 1501, func(*clearing.Agreement) {}, fault.NoticeTooShort},
		{"by its own notice", 1501, func(g *clearing.Agreement) { g.NoticeSeconds = 0 }, fault.NoticeTooShort},
		{"a version left out", 0, func(g *clearing.Agreement) { g.Version, g.Sides[0].Offer.Version, g.Sides[1].Offer.Version = 3, 3, 3 }, fault.InvalidValue},
		{"another currency", 0, func(g *clearing.Agreement) { g.Currency = "EUR" }, fault.InvalidValue},
		{"another scale", 0, func(g *clearing.Agreement) { g.Scale++ }, fault.InvalidValue},
		{"another pair", 0, func(g *clearing.Agreement) { g.B = "grocer2" }, fault.InvalidValue},
		{"not after the last", -5000, func(g *clearing.Agreement) { g.From, g.Sides[0].Offer.From, g.Sides[1].Offer.From = 1000, 1000, 1000 }, fault.NoticeTooShort},
		{"in no form", 0, func(g *clearing.Agreement) { g.V = 0 }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := agreement(2)
			c.change(&g)
			wantCode(t, g.AdmitNext(&last, c.now), c.code)
		})
	}
	second := agreement(2)
	wantCode(t, second.AdmitNext(nil, 0), fault.InvalidValue)
	wantCode(t, last.AdmitNext(nil, 0), fault.OK)
}

func TestAPairIsNamedInOneOrder(t *testing.T) {
	if clearing.PairCollection("hotel", "airline") != "pair-airline-hotel" || clearing.PairCollection("airline", "hotel") != "pair-airline-hotel" {
		t.Error("a pair has two names")
	}
	g := agreement(1)
	if g.Other("airline") != "hotel" || g.Other("hotel") != "airline" || g.Side("hotel") != &g.Sides[1] || g.Side("airline") != &g.Sides[0] {
		t.Error("the sides are confused")
	}
	if !clearing.ValidName("airline2") || clearing.ValidName("a") || clearing.ValidName("Airline") || clearing.ValidName(clearing.EveryPartner) {
		t.Error("names are confused")
	}
}

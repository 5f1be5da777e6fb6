package points_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
)

func TestDetailsAreBounded(t *testing.T) {
	lines := func(n int) []points.Line { return make([]points.Line, n) }
	tags := func(n int) []string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("t%02d", i))
		}
		return list
	}
	cases := []struct {
		name   string
		kind   points.Kind
		change func(*points.Details)
		code   fault.Code
	}{
		{"a sale", points.KindEarn, func(*points.Details) {}, fault.OK},
		{"a sale of nothing", points.KindEarn, func(d *points.Details) { d.AmountMinor = 0 }, fault.OK},
		{"an event without money", points.KindEarn, func(d *points.Details) { d.AmountMinor, d.Currency, d.Event = 0, "", "review" }, fault.OK},
		{"negative amount", points.KindEarn, func(d *points.Details) { d.AmountMinor = -1 }, fault.OutOfRange},
		{"negative amount of a return", points.KindReturn, func(d *points.Details) { d.AmountMinor = -1 }, fault.OutOfRange},
		{"negative discount", points.KindRedeem, func(d *points.Details) { d.AmountMinor = -1 }, fault.OutOfRange},
		{"amount over the limit", points.KindEarn, func(d *points.Details) { d.AmountMinor = quantity.MaxMinor + 1 }, fault.OutOfRange},
		{"no currency", points.KindEarn, func(d *points.Details) { d.Currency = "" }, fault.InvalidValue},
		{"time without a zone", points.KindEarn, func(d *points.Details) { d.OccurredAt = "2011-03-13T09:30:00" }, fault.InvalidValue},
		{"no time", points.KindEarn, func(d *points.Details) { d.OccurredAt = "" }, fault.InvalidValue},
		{"no time of a return", points.KindReturn, func(d *points.Details) { d.OccurredAt = "" }, fault.InvalidValue},
		{"time before the epoch", points.KindEarn, func(d *points.Details) { d.OccurredAt = "1969-12-31T23:59:59Z" }, fault.InvalidValue},
		{"an opening needs no purchase", points.KindOpen, func(d *points.Details) { d.Currency, d.OccurredAt, d.AmountMinor = "", "", 0 }, fault.OK},
		{"unknown event", points.KindEarn, func(d *points.Details) { d.Event = "yawn" }, fault.InvalidValue},
		{"a referral as an accrual", points.KindEarn, func(d *points.Details) { d.Event = "referral" }, fault.InvalidValue},
		{"a referrer as an accrual", points.KindEarn, func(d *points.Details) { d.Event = "referrer" }, fault.InvalidValue},
		{"most lines", points.KindEarn, func(d *points.Details) { d.Lines, d.AmountMinor = lines(points.MaxLines), 0 }, fault.OK},
		{"a line too many", points.KindEarn, func(d *points.Details) { d.Lines, d.AmountMinor = lines(points.MaxLines+1), 0 }, fault.TooLarge},
		{"lines that add up", points.KindEarn, func(d *points.Details) { d.Lines = []points.Line{{AmountMinor: 60}, {AmountMinor: 40}} }, fault.OK},
		{"lines that don't", points.KindEarn, func(d *points.Details) { d.Lines = []points.Line{{AmountMinor: 60}, {AmountMinor: 39}} }, fault.InvalidValue},
		{"lines over the amount", points.KindEarn, func(d *points.Details) { d.Lines = []points.Line{{AmountMinor: 60}, {AmountMinor: 41}} }, fault.InvalidValue},
		{"a line below zero", points.KindEarn, func(d *points.Details) { d.Lines = []points.Line{{AmountMinor: 101}, {AmountMinor: -1}} }, fault.InvalidValue},
		{"most tags", points.KindEarn, func(d *points.Details) { d.Tags = tags(points.MaxTags) }, fault.OK},
		{"a tag too many", points.KindEarn, func(d *points.Details) { d.Tags = tags(points.MaxTags + 1) }, fault.TooLarge},
		{"tags out of order", points.KindEarn, func(d *points.Details) { d.Tags = []string{"b", "a"} }, fault.InvalidValue},
		{"a tag twice", points.KindEarn, func(d *points.Details) { d.Tags = []string{"a", "a"} }, fault.InvalidValue},
		{"a category that rules can't know", points.KindEarn, func(d *points.Details) {
			d.Lines = []points.Line{{Category: strings.Repeat("x", rules.MaxWordLength+1), AmountMinor: 100}}
		}, fault.InvalidValue},
		{"most pieces", points.KindRedeem, func(d *points.Details) { d.Pieces = terms.MaxItemQuantity }, fault.OK},
		{"a piece too many", points.KindRedeem, func(d *points.Details) { d.Pieces = terms.MaxItemQuantity + 1 }, fault.OutOfRange},
		{"pieces below zero", points.KindRedeem, func(d *points.Details) { d.Pieces = -1 }, fault.OutOfRange},
		{"disclosure by a return", points.KindReturn, func(d *points.Details) { d.Disclosed = disclosure(purchase(100)) }, fault.OK},
		{"disclosure by a sale", points.KindEarn, func(d *points.Details) { d.Disclosed = disclosure(purchase(100)) }, fault.InvalidValue},
		{"disclosure within a disclosure", points.KindReturn, func(d *points.Details) {
			d.Disclosed = disclosure(purchase(100))
			d.Disclosed.Details.Disclosed = disclosure(purchase(100))
		}, fault.InvalidValue},
		{"disclosure under a short salt", points.KindReturn, func(d *points.Details) {
			d.Disclosed = disclosure(purchase(100))
			d.Disclosed.Salt = "5a"
		}, fault.InvalidValue},
		{"disclosure of what can't have been", points.KindReturn, func(d *points.Details) { d.Disclosed = disclosure(purchase(-1)) }, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := purchase(100)
			c.change(&d)
			wantCode(t, d.Validate(c.kind), c.code)
		})
	}
}

func disclosure(d points.Details) *points.Disclosed {
	return &points.Disclosed{Salt: genesis, Details: d}
}

func TestEveryTextOfTheDetailsIsBounded(t *testing.T) {
	texts := map[string]func(*points.Details) *string{
		"merchant": func(d *points.Details) *string { return &d.Merchant }, "store": func(d *points.Details) *string { return &d.Store },
		"terminal": func(d *points.Details) *string { return &d.Terminal }, "placeSalt": func(d *points.Details) *string { return &d.PlaceSalt },
		"reference": func(d *points.Details) *string { return &d.Reference }, "challenge": func(d *points.Details) *string { return &d.Challenge },
		"natural": func(d *points.Details) *string { return &d.Natural }, "idempotency": func(d *points.Details) *string { return &d.Idempotency },
		"request": func(d *points.Details) *string { return &d.Request }, "lookup": func(d *points.Details) *string { return &d.Lookup },
		"event": func(d *points.Details) *string { return &d.Event }, "channel": func(d *points.Details) *string { return &d.Channel },
		"item": func(d *points.Details) *string { return &d.Item }, "claimCode": func(d *points.Details) *string { return &d.ClaimCode },
		"note": func(d *points.Details) *string { return &d.Note },
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			var d points.Details
			*text(&d) = strings.Repeat("x", points.MaxTextLength)
			wantCode(t, d.Validate(points.KindRedeem), fault.OK)
			*text(&d) += "x"
			wantCode(t, d.Validate(points.KindRedeem), fault.InvalidValue)
		})
	}
	long := strings.Repeat("x", points.MaxTextLength+1)
	wantCode(t, (&points.Details{Tags: []string{long}}).Validate(points.KindRedeem), fault.InvalidValue)
	wantCode(t, (&points.Details{Lines: []points.Line{{Category: long}}}).Validate(points.KindRedeem), fault.InvalidValue)
}

package points_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestOperationHasExactlyTheFieldsOfItsKind(t *testing.T) {
	h := ownHolder(1)
	auth := func() *points.Authorisation { return h.sign(h.mandate(points.KindRedeem, 1, 10, start)) }
	original := func() *points.Original {
		return &points.Original{Proof: points.InclusionProof{MSP: "AirlineMSP", Lane: 0, Seq: 1, Index: 0, Size: 1}}
	}
	changed := func(change func(*points.Mandate)) *points.Authorisation {
		a := auth()
		change(&a.Mandate)
		return a
	}
	proven := func(change func(*points.InclusionProof)) *points.Original {
		o := original()
		change(&o.Proof)
		return o
	}
	op := func(kind points.Kind, change func(*points.Operation)) points.Operation {
		o := points.Operation{ID: operationID(1), Kind: kind, Account: accountID(1)}
		change(&o)
		return o
	}
	cases := []struct {
		name string
		op   points.Operation
		code fault.Code
	}{
		{"open", op(points.KindOpen, func(o *points.Operation) { o.Controller = &h.controller }), fault.OK},
		{"open without a controller", op(points.KindOpen, func(*points.Operation) {}), fault.InvalidValue},
		{"open with points", op(points.KindOpen, func(o *points.Operation) { o.Controller, o.Points = &h.controller, 1 }), fault.InvalidValue},
		{"earn", op(points.KindEarn, func(*points.Operation) {}), fault.OK},
		{"earn with points", op(points.KindEarn, func(o *points.Operation) { o.Points = 1 }), fault.InvalidValue},
		{"earn with an authorisation", op(points.KindEarn, func(o *points.Operation) { o.Authorisation = auth() }), fault.InvalidValue},
		{"redeem", op(points.KindRedeem, func(o *points.Operation) { o.Points, o.Authorisation = 1, auth() }), fault.OK},
		{"redeem without an authorisation is a refusal with a receipt", op(points.KindRedeem, func(o *points.Operation) { o.Points = 1 }), fault.OK},
		{"redeem of nothing", op(points.KindRedeem, func(o *points.Operation) { o.Authorisation = auth() }), fault.OutOfRange},
		{"redeem of less than nothing", op(points.KindRedeem, func(o *points.Operation) { o.Points = -5 }), fault.OutOfRange},
		{"redeem of too much", op(points.KindRedeem, func(o *points.Operation) { o.Points = quantity.MaxPoints + 1 }), fault.OutOfRange},
		{"redeem to somebody", op(points.KindRedeem, func(o *points.Operation) { o.Points, o.To = 1, accountID(2) }), fault.InvalidValue},
		{"redeem with a receipt", op(points.KindRedeem, func(o *points.Operation) { o.Points, o.Original = 1, original() }), fault.InvalidValue},
		{"transfer", op(points.KindTransfer, func(o *points.Operation) { o.Points, o.To = 1, accountID(2) }), fault.OK},
		{"transfer to nobody", op(points.KindTransfer, func(o *points.Operation) { o.Points = 1 }), fault.InvalidValue},
		{"transfer with a controller", op(points.KindTransfer, func(o *points.Operation) {
			o.Points, o.To, o.Controller = 1, accountID(2), &h.controller
		}), fault.InvalidValue},
		{"return against a receipt", op(points.KindReturn, func(o *points.Operation) { o.Original = original() }), fault.OK},
		{"return with an authorisation", op(points.KindReturn, func(o *points.Operation) { o.Authorisation = auth() }), fault.OK},
		{"return with both", op(points.KindReturn, func(o *points.Operation) { o.Original, o.Authorisation = original(), auth() }), fault.InvalidValue},
		{"return with points", op(points.KindReturn, func(o *points.Operation) { o.Original, o.Points = original(), 1 }), fault.InvalidValue},
		{"unknown kind", op("mint", func(*points.Operation) {}), fault.InvalidValue},
		{"kind in capitals", op("EARN", func(*points.Operation) {}), fault.InvalidValue},
		{"no id", op(points.KindEarn, func(o *points.Operation) { o.ID = "" }), fault.InvalidValue},
		{"id in capitals", op(points.KindEarn, func(o *points.Operation) { o.ID = points.OperationID(strings.Repeat("AB", 16)) }), fault.InvalidValue},
		{"account with a separator", op(points.KindEarn, func(o *points.Operation) {
			o.Account = points.AccountID(strings.Repeat("a", 31) + "\x00")
		}), fault.InvalidValue},
		{"mandate of another format", op(points.KindRedeem, func(o *points.Operation) {
			o.Points, o.Authorisation = 1, changed(func(m *points.Mandate) { m.Format = 2 })
		}), fault.InvalidValue},
		{"mandate without an id", op(points.KindRedeem, func(o *points.Operation) {
			o.Points, o.Authorisation = 1, changed(func(m *points.Mandate) { m.ID = "" })
		}), fault.InvalidValue},
		{"mandate over less than nothing", op(points.KindRedeem, func(o *points.Operation) {
			o.Points, o.Authorisation = 1, changed(func(m *points.Mandate) { m.MaxPoints = -1 })
		}), fault.OutOfRange},
		{"proof of a leaf beyond the tree", op(points.KindReturn, func(o *points.Operation) {
			o.Original = proven(func(p *points.InclusionProof) { p.Index = 1 })
		}), fault.InvalidValue},
		{"proof of a negative leaf", op(points.KindReturn, func(o *points.Operation) {
			o.Original = proven(func(p *points.InclusionProof) { p.Index = -1 })
		}), fault.InvalidValue},
		{"proof of batch zero", op(points.KindReturn, func(o *points.Operation) {
			o.Original = proven(func(p *points.InclusionProof) { p.Seq = 0 })
		}), fault.InvalidValue},
		{"proof with a word for a hash", op(points.KindReturn, func(o *points.Operation) {
			o.Original = proven(func(p *points.InclusionProof) { p.Hashes = []string{"hash"} })
		}), fault.InvalidValue},
		{"proof with too many hashes", op(points.KindReturn, func(o *points.Operation) {
			o.Original = proven(func(p *points.InclusionProof) {
				for range points.MaxProofHashes + 1 {
					p.Hashes = append(p.Hashes, genesis)
				}
			})
		}), fault.InvalidValue},
		{"proof of an organisation that could build another key", op(points.KindReturn, func(o *points.Operation) {
			o.Original = proven(func(p *points.InclusionProof) { p.MSP = "Airline\x00MSP" })
		}), fault.InvalidValue},
		{"return of a receipt whose operation could build another key", op(points.KindReturn, func(o *points.Operation) {
			o.Original = original()
			o.Original.Receipt.Operation = "a\x00b"
		}), fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if strings.HasPrefix(c.name, "return") && c.op.Original != nil && c.op.Original.Receipt.Operation == "" {
				c.op.Original.Receipt.Operation = operationID(9)
			}
			wantCode(t, c.op.Validate(), c.code)
		})
	}
}

func TestDetailsAreBounded(t *testing.T) {
	long := strings.Repeat("x", points.MaxTextLength+1)
	cases := []struct {
		name   string
		kind   points.Kind
		change func(*points.Details)
		code   fault.Code
	}{
		{"a sale", points.KindEarn, func(*points.Details) {}, fault.OK},
		{"a sale of nothing", points.KindEarn, func(d *points.Details) { d.AmountMinor = 0 }, fault.OK},
		{"longest text", points.KindEarn, func(d *points.Details) { d.Reference = long[1:] }, fault.OK},
		{"negative amount", points.KindEarn, func(d *points.Details) { d.AmountMinor = -1 }, fault.OutOfRange},
		{"negative amount of a return", points.KindReturn, func(d *points.Details) { d.AmountMinor = -1 }, fault.OutOfRange},
		{"amount over the limit", points.KindEarn, func(d *points.Details) { d.AmountMinor = quantity.MaxMinor + 1 }, fault.OutOfRange},
		{"no currency", points.KindEarn, func(d *points.Details) { d.Currency = "" }, fault.InvalidValue},
		{"time without a zone", points.KindEarn, func(d *points.Details) { d.OccurredAt = "2011-03-13T09:30:00" }, fault.InvalidValue},
		{"no time", points.KindEarn, func(d *points.Details) { d.OccurredAt = "" }, fault.InvalidValue},
		{"time before the epoch", points.KindEarn, func(d *points.Details) { d.OccurredAt = "1969-12-31T23:59:59Z" }, fault.InvalidValue},
		{"an opening needs no purchase", points.KindOpen, func(d *points.Details) { d.Currency, d.OccurredAt = "", "" }, fault.OK},
		{"merchant too long", points.KindEarn, func(d *points.Details) { d.Merchant = long }, fault.InvalidValue},
		{"store too long", points.KindEarn, func(d *points.Details) { d.Store = long }, fault.InvalidValue},
		{"terminal too long", points.KindEarn, func(d *points.Details) { d.Terminal = long }, fault.InvalidValue},
		{"place salt too long", points.KindEarn, func(d *points.Details) { d.PlaceSalt = long }, fault.InvalidValue},
		{"reference too long", points.KindEarn, func(d *points.Details) { d.Reference = long }, fault.InvalidValue},
		{"challenge too long", points.KindRedeem, func(d *points.Details) { d.Challenge = long }, fault.InvalidValue},
		{"natural id too long", points.KindEarn, func(d *points.Details) { d.Natural = long }, fault.InvalidValue},
		{"idempotency too long", points.KindEarn, func(d *points.Details) { d.Idempotency = long }, fault.InvalidValue},
		{"request too long", points.KindEarn, func(d *points.Details) { d.Request = long }, fault.InvalidValue},
		{"lookup too long", points.KindOpen, func(d *points.Details) { d.Lookup = long }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := purchase(operationID(1), 100)
			c.change(&d)
			wantCode(t, d.Validate(c.kind), c.code)
		})
	}
}

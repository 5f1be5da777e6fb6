//go:build network

package e2e

import (
	"math/big"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// obliged is what a receipt makes the brands owe each other, by the agreement.
func (b *stormBooks) obliged(r *points.Receipt) (clearing.Obligation, bool) {
	if r.Outcome != points.Accepted {
		return clearing.Obligation{}, false
	}
	switch r.Kind {
	case points.KindRedeem, points.KindCapture:
		return b.priced(r.Programme, clearing.ServiceRedemption, r.Points), true
	case points.KindAward:
		return b.priced(r.Programme, clearing.ServiceAward, r.Points), true
	case points.KindSwap:
		return b.priced(r.Programme, clearing.ServiceSwap, r.Points), true
	case points.KindReturn, points.KindRefund:
		return b.takenBack(r)
	default:
		return clearing.Obligation{}, false
	}
}

// takenBack is what a return undoes of the original: of an award only what could be recovered, of a swap what goes back to where it came from.
func (b *stormBooks) takenBack(r *points.Receipt) (clearing.Obligation, bool) {
	ref := receiptRef{r.Programme, r.Original}
	original := b.earlier[ref]
	var whole clearing.Obligation
	all, part := original.Points, r.Points
	switch original.Kind {
	case points.KindAward:
		whole, part = b.priced(r.Programme, clearing.ServiceAward, all), r.Points-r.DebtIncurred
	case points.KindDeposit:
		all, part = original.PartnerPoints, r.PartnerPoints
		whole = b.priced(r.Partner, clearing.ServiceSwap, all)
	default:
		whole = b.priced(r.Programme, clearing.ServiceRedemption, all)
	}
	if part == 0 {
		return clearing.Obligation{}, false
	}
	before := b.returned[ref]
	b.returned[ref] = before + part
	share := func(m quantity.Micro) quantity.Micro {
		floor := func(points quantity.Points) int64 {
			product := new(big.Int).Mul(big.NewInt(int64(m)), big.NewInt(int64(points)))
			return product.Div(product, big.NewInt(int64(all))).Int64()
		}
		return quantity.Micro(floor(before+part) - floor(before))
	}
	whole.Micro, whole.Fee = -share(whole.Micro), -share(whole.Fee)
	return whole, true
}

// priced is what a service of an issuer's points is worth between the two, computed apart from the ledger's own arithmetic.
func (b *stormBooks) priced(issuer string, service clearing.Service, amount quantity.Points) clearing.Obligation {
	g := &b.agreement
	o := clearing.Obligation{Service: service, Debtor: issuer, Creditor: g.Other(issuer), Agreement: g.Version}
	price := g.Side(issuer).Acceptance
	switch service {
	case clearing.ServiceAward:
		o.Debtor, o.Creditor, price = o.Creditor, o.Debtor, g.Side(issuer).Sale
	case clearing.ServiceSwap:
		price = g.Side(issuer).Swap
	}
	o.Micro = nearest(int64(amount)*quantity.MicroPerMinor, price)
	for _, f := range g.Side(issuer).Fees {
		if f.Service != service {
			continue
		}
		o.Fee = nearest(int64(o.Micro), f.Share) + f.PerOperation
		o.FeeDebtor = issuer
		if f.Payer == clearing.BearerPartner {
			o.FeeDebtor = g.Other(issuer)
		}
	}
	return o
}

// nearest is value times ratio to the nearest whole number, halves to the even one.
func nearest(value int64, r quantity.Ratio) quantity.Micro {
	product := new(big.Int).Mul(big.NewInt(value), big.NewInt(r.Num))
	whole, rest := new(big.Int).DivMod(product, big.NewInt(r.Den), new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(big.NewInt(r.Den)) {
	case 1:
		whole.Add(whole, big.NewInt(1))
	case 0:
		whole.Add(whole, new(big.Int).And(whole, big.NewInt(1)))
	}
	return quantity.Micro(whole.Int64())
}

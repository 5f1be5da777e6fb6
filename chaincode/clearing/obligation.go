package clearing

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Obligation is what one operation makes two brands owe each other, in 10^-6 of the currency's minor unit. That of a return is negative: it takes back the original's.
type Obligation struct {
	Service   Service        `json:"service"`
	Debtor    string         `json:"debtor"`
	Creditor  string         `json:"creditor"`
	Micro     quantity.Micro `json:"micro"`
	FeeDebtor string         `json:"feeDebtor,omitempty"` // Who pays the fee to the other; empty without one.
	Fee       quantity.Micro `json:"fee,omitzero"`
	Agreement int            `json:"agreement"` // Version of the agreement whose rates these are.
}

// Price is what points of an issuer at its partner are worth between the two: OUT_OF_RANGE when that can't be counted. A fee that both sides pay for one service is netted.
func (g *Agreement) Price(issuer string, service Service, points quantity.Points) (Obligation, error) {
	side, partner := g.Side(issuer), g.Other(issuer)
	o := Obligation{Service: service, Debtor: issuer, Creditor: partner, Agreement: g.Version}
	price := side.Acceptance
	switch service {
	case ServiceAward:
		o.Debtor, o.Creditor, price = partner, issuer, side.Sale
	case ServiceSwap:
		price = side.Swap
	}
	var err error
	if o.Micro, err = price.Value(points); err != nil {
		return Obligation{}, err
	}
	return o, o.charge(side.Fees, issuer, partner)
}

// charge adds the fees of the obligation's service.
func (o *Obligation) charge(fees []Fee, issuer, partner string) error {
	var net quantity.Micro // What the issuer pays.
	for i := range fees {
		f := &fees[i]
		if f.Service != o.Service {
			continue
		}
		share, err := f.Share.Share(o.Micro)
		if err != nil {
			return err
		}
		if share, err = share.Add(f.PerOperation); err != nil {
			return err
		}
		if f.Payer == BearerPartner {
			share = -share
		}
		if net, err = net.Add(share); err != nil {
			return err
		}
	}
	switch {
	case net > 0:
		o.FeeDebtor, o.Fee = issuer, net
	case net < 0:
		o.FeeDebtor, o.Fee = partner, -net
	}
	return nil
}

// Part is the part of an obligation over whole points that falls on points from before to after: the parts of all points add up to the whole. 0 <= before <= after <= whole.
func (o Obligation) Part(before, after, whole quantity.Points) (Obligation, error) {
	var err error
	if o.Micro, err = part(o.Micro, before, after, whole); err != nil {
		return Obligation{}, err
	}
	o.Fee, err = part(o.Fee, before, after, whole)
	return o, err
}

func part(m quantity.Micro, before, after, whole quantity.Points) (quantity.Micro, error) {
	if whole == 0 {
		return 0, nil
	}
	upTo, err := quantity.Portion(int64(m), int64(after), int64(whole))
	if err != nil {
		return 0, err
	}
	already, err := quantity.Portion(int64(m), int64(before), int64(whole))
	return quantity.Micro(upTo - already), err
}

// Negative is the obligation of a return.
func (o Obligation) Negative() Obligation {
	o.Micro, o.Fee = -o.Micro, -o.Fee
	return o
}

// owed are what the obligation adds to what A owes B and to what B owes A.
func (o *Obligation) owed(a string) (aOwes, bOwes quantity.Micro, err error) {
	var sums [2]quantity.Micro
	for _, p := range []struct {
		debtor string
		micro  quantity.Micro
	}{{o.Debtor, o.Micro}, {o.FeeDebtor, o.Fee}} {
		i := direction(a, p.debtor)
		if sums[i], err = sums[i].Add(p.micro); err != nil {
			return 0, 0, err
		}
	}
	return sums[0], sums[1], nil
}

// direction is 0 for what A owes B and 1 for what B owes A.
func direction(a, debtor string) int {
	if debtor == a {
		return 0
	}
	return 1
}

// ObligationsNet is what A owes B over all obligations, less what B owes A; OUT_OF_RANGE when it can't be counted.
func ObligationsNet(a string, list []Obligation) (quantity.Micro, error) {
	var net quantity.Micro
	for i := range list {
		aOwes, bOwes, err := list[i].owed(a)
		if err != nil {
			return 0, err
		}
		if net, err = net.Add(aOwes); err != nil {
			return 0, err
		}
		if net, err = net.Sub(bOwes); err != nil {
			return 0, fault.New(fault.OutOfRange, "the pair's net can't be counted")
		}
	}
	return net, nil
}

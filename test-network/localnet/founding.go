package localnet

import (
	"context"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/founding"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/nodeconfig"
)

// firstTerms is the version of a programme's first terms.
const firstTerms = 1

// Found records the members in clearing and each brand's programme in its points chaincode, as the brands' operators.
func Found(ctx context.Context, c *Consortium) error {
	var brands []founding.Brand
	for _, member := range c.Membership.Brands() {
		brand, err := foundingOf(c, member, time.Now())
		if err != nil {
			return failure.Wrap(failure.FoundingFailed, err, "programme of %s", member.Name)
		}
		brands = append(brands, brand)
	}
	if err := founding.Bootstrap(ctx, brands); err != nil {
		return failure.Wrap(failure.FoundingFailed, err, "the consortium can't be founded")
	}
	return nil
}

// foundingOf gives a brand's part in founding.
func foundingOf(c *Consortium, member membership.Member, now time.Time) (founding.Brand, error) {
	settings, err := config.Load(nodeconfig.GatewayFiles(c.Dir, member.Name).Config, nil)
	if err != nil {
		return founding.Brand{}, err
	}
	programme, err := programmeOf(member, now)
	return founding.Brand{Config: settings, Programme: programme}, err
}

// programmeOf gives a brand's founding document; founding adds the custodian's key. A programme that names no first business
// day starts on the day of now, in UTC.
func programmeOf(member membership.Member, now time.Time) (wire.NewProgramme, error) {
	programme := member.Programme
	day := quantity.DayOf(now.Unix())
	if programme.BusinessDate != "" {
		named, err := quantity.ParseDay(programme.BusinessDate)
		if err != nil {
			return wire.NewProgramme{}, err
		}
		day = named
	}
	return wire.NewProgramme{
		Brand:        member.Name,
		DisplayName:  programme.DisplayName,
		Currency:     programme.Currency,
		Simulated:    programme.Simulated,
		BusinessDate: day,
		Terms: points.Terms{
			Version:             firstTerms,
			Rate:                quantity.Ratio{Num: programme.Rate.Points, Den: programme.Rate.PerMinor},
			MaxReceiptAgeDays:   programme.MaxReceiptAgeDays,
			UnreferencedReturns: programme.UnreferencedReturns,
			Prose:               prose(programme),
		},
	}, nil
}

// prose says the terms to a customer.
func prose(p *membership.Programme) string {
	returns := "A return needs its receipt."
	if p.UnreferencedReturns {
		returns = "A return without its receipt is taken when you agree to it."
	}
	return fmt.Sprintf("%s: you earn %d of them for every %d minor units of %s on a receipt, rounded down. "+
		"Receipts count up to %d days after the purchase. What you earned on goods that you return is taken back. %s",
		p.DisplayName, p.Rate.Points, p.Rate.PerMinor, p.Currency, p.MaxReceiptAgeDays, returns)
}

package clearing

import "github.com/tallystick/tallystick/chaincode/quantity"

// Standing is what clearing has settled for a member in one currency since it joined, and what of that isn't paid. None of its totals is netted.
type Standing struct {
	V          int            `json:"v"` // Record version, 1.
	Member     string         `json:"member"`
	Currency   string         `json:"currency"`
	Owes       quantity.Minor `json:"owes"`       // Bilateral obligations settled by netting that the member owed.
	Owed       quantity.Minor `json:"owed"`       // Those that it was owed.
	Payable    quantity.Minor `json:"payable"`    // Legs that it has to pay and that aren't final.
	Receivable quantity.Minor `json:"receivable"` // Legs that it is to receive and that aren't final.
	Paid       quantity.Minor `json:"paid"`       // Legs that it paid, final.
	Received   quantity.Minor `json:"received"`   // Legs that it received, final.
}

// NewStanding is a member's standing before anything was settled.
func NewStanding(member, currency string) *Standing {
	return &Standing{V: 1, Member: member, Currency: currency}
}

// add moves amounts; OUT_OF_RANGE when a total is.
func add(amount quantity.Minor, totals ...*quantity.Minor) error {
	for _, t := range totals {
		var err error
		if *t, err = t.Add(amount); err != nil {
			return err
		}
	}
	return nil
}

// Netted adds what a netting settled of the member's obligations, and the payments that follow.
func (s *Standing) Netted(n *Netting) error {
	for _, o := range n.Settled {
		if o.From == s.Member {
			if err := add(o.Amount, &s.Owes); err != nil {
				return err
			}
		}
		if o.To == s.Member {
			if err := add(o.Amount, &s.Owed); err != nil {
				return err
			}
		}
	}
	for _, p := range n.Payments {
		if p.From == s.Member {
			if err := add(p.Amount, &s.Payable); err != nil {
				return err
			}
		}
		if p.To == s.Member {
			if err := add(p.Amount, &s.Receivable); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle moves the amount of a final leg from what is open to what is done, at both ends.
func settle(payer, payee *Standing, amount quantity.Minor) error {
	if err := add(-amount, &payer.Payable, &payee.Receivable); err != nil {
		return err
	}
	return add(amount, &payer.Paid, &payee.Received)
}

// deferRest takes the rest of a leg that won't be paid now out of what is settled: it is owed again.
func deferRest(payer, payee *Standing, rest quantity.Minor) error {
	return add(-rest, &payer.Payable, &payer.Owes, &payee.Receivable, &payee.Owed)
}

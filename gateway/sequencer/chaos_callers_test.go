package sequencer

import (
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/random"
)

func (c *chaos) open() {
	in := opening()
	in.Operation.Account = points.AccountID(random.Hex(idBytes))
	in.Lookup = c.process.hasher.Lookup(string(in.Operation.Account))
	c.accounts = append(c.accounts, in.Operation.Account)
	c.want(in)
}

func (c *chaos) account() points.AccountID { return c.accounts[c.random.IntN(len(c.accounts))] }

func (c *chaos) amount(most int) quantity.Points { return quantity.Points(1 + c.random.IntN(most)) }

// want has an operation that is sent until it is decided.
func (c *chaos) want(in Intake) {
	c.wanted = append(c.wanted, in)
	c.deliver(in)
}

func (c *chaos) send() {
	key := fmt.Sprint("r", len(c.wanted))
	switch n := c.random.IntN(100); {
	case n < 3:
		c.open()
	case n < 55:
		c.atTill(key)
	case n < 77:
		c.between(key)
	default:
		c.atOffice(key)
	}
}

// atTill sends what has a till's receipt number.
func (c *chaos) atTill(reference string) {
	var in Intake
	switch n := c.random.IntN(20); {
	case n < 7:
		in = earn(c.account(), int64(1+c.random.IntN(9)), reference)
	case n < 9:
		in = redeem(c.account(), c.amount(5), reference)
	case n < 12:
		in = hold(c.account(), c.amount(5), c.world.now().Add(time.Duration(1+c.random.IntN(3000))*time.Second).Unix(), reference)
	case n < 17:
		if len(c.holds) == 0 {
			return
		}
		in = c.resolve(reference)
	default:
		var ok bool
		if in, ok = c.refund(reference); !ok {
			return
		}
	}
	if c.random.IntN(3) == 0 && (in.Operation.Kind == points.KindEarn || in.Operation.Kind == points.KindRedeem) {
		in = atShop(in)
	}
	in.IdempotencyKey = reference
	c.want(in)
}

// resolve captures part of a hold, or lets one go.
func (c *chaos) resolve(reference string) Intake {
	if c.random.IntN(5) < 3 {
		h := c.hold(func(k points.Kind) bool { return k == points.KindHold })
		return capture(h.in.Operation.Account, h.id, c.amount(3), reference)
	}
	h := c.hold(func(points.Kind) bool { return true })
	in := capture(h.in.Operation.Account, h.id, 0, reference)
	in.Operation.Kind, in.Custody = points.KindVoid, true
	return in
}

// refund returns something that the ledger has a receipt of: whole, or a purchase by amount.
func (c *chaos) refund(reference string) (Intake, bool) {
	var returnable []points.Receipt
	for _, r := range c.world.receipts() {
		if r.Code == fault.OK && (r.Kind == points.KindEarn || r.Kind.Redeems()) {
			returnable = append(returnable, r)
		}
	}
	if len(returnable) == 0 {
		return Intake{}, false
	}
	r := returnable[c.random.IntN(len(returnable))]
	in := earn(r.Account, 1, reference)
	in.Operation.Kind, in.Operation.Original = points.KindReturn, c.world.original(r.Operation)
	in.Operation.Whole = r.Kind.Redeems() || c.random.IntN(2) == 0
	return in, true
}

// between sends what one customer does with another.
func (c *chaos) between(key string) {
	from, to := c.account(), c.account()
	if from == to {
		return
	}
	var in Intake
	switch n := c.random.IntN(10); {
	case n < 3:
		in = transfer(from, to, c.amount(5), key)
	case n < 5:
		in = signed(points.Operation{Kind: points.KindGift, Account: from, Points: c.amount(5), Claim: points.ClaimHash(from, "code")})
	case n < 6:
		in = earn(from, 0, "")
		in.Operation.Kind, in.Operation.To = points.KindRefer, to
	case len(c.holds) > 0:
		h := c.hold(func(k points.Kind) bool { return k != points.KindHold })
		in = signed(points.Operation{Kind: points.KindAccept, Account: h.in.Operation.To, To: h.in.Operation.Account, Hold: h.id, Claim: h.in.Operation.Claim})
		if in.Operation.Account == "" {
			in.Operation.Account, in.Details.ClaimCode = to, "code"
		}
	}
	if in.Operation.Account == in.Operation.To {
		return
	}
	in.IdempotencyKey = key
	c.want(in)
}

// atOffice sends what the programme's operator and its custody do with an account.
func (c *chaos) atOffice(key string) {
	in := signed(points.Operation{Account: c.account()})
	o := &in.Operation
	switch n := c.random.IntN(20); {
	case n < 3:
		in = adjust(points.OperationID(random.Hex(idBytes)), o.Account, 5-2*c.amount(4))
	case n < 6:
		in = adjust(points.OperationID(random.Hex(idBytes)), o.Account, 0)
		o.Kind, o.Reason, o.Controller = points.KindRecover, "", c.nextController(o.Account)
	case n < 9:
		o.Kind, o.Account = points.KindVeto, c.prefer(func(a *points.Account) bool { return a.Recovery != nil })
	case n < 12:
		o.Kind, o.Account, in.Custody = points.KindComplete, c.prefer(func(a *points.Account) bool { return a.Recovery != nil }), false
	case n < 13:
		o.Kind, o.Controller = points.KindRekey, c.nextController(o.Account)
	case n < 15:
		o.Kind, o.Reason, in.Custody = points.KindFreeze, points.ReasonFraud, false
	case n < 19:
		o.Kind, o.Account = points.KindUnfreeze, c.prefer(func(a *points.Account) bool { return a.Status == points.StatusFrozen })
		o.Reason, in.Custody = points.ReasonResolution, false
	default:
		o.Kind, o.Account = points.KindClose, c.prefer(func(a *points.Account) bool {
			return a.Status == points.StatusActive && a.Debt == 0 && len(a.Holds) == 0
		})
		o.Points = max(0, c.world.posted(o.Account))
	}
	if o.ID != "" {
		c.world.approve(o)
	}
	in.IdempotencyKey = key
	c.want(in)
}

func (c *chaos) nextController(id points.AccountID) *points.Controller {
	return &points.Controller{Kind: points.ControllerCustodian, Version: c.world.account(id).Controller.Version + 1}
}

// hold gives an operation that made a hold, mostly one of the wanted kinds that is open.
func (c *chaos) hold(wanted func(points.Kind) bool) sent {
	var open []sent
	for _, h := range c.holds {
		here := func(x points.Hold) bool { return x.ID == h.id }
		if wanted(h.in.Operation.Kind) && slices.ContainsFunc(c.world.account(h.in.Operation.Account).Holds, here) {
			open = append(open, h)
		}
	}
	if len(open) > 0 && c.random.IntN(5) > 0 {
		return open[c.random.IntN(len(open))]
	}
	return c.holds[c.random.IntN(len(c.holds))]
}

// prefer gives an account that is as wanted, if there is one.
func (c *chaos) prefer(wanted func(*points.Account) bool) points.AccountID {
	for _, id := range c.accounts {
		if a := c.world.account(id); a.ID != "" && wanted(&a) {
			return id
		}
	}
	return c.account()
}

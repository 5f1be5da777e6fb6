package ledgertest

import (
	"strings"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// Shop is the sponsored shop of Everything.
const Shop = "corner"

// Everything founds a programme that publishes every kind of document and in which every kind of operation is applied, debts come and go, holds lapse, points expire, and
// some operations are refused. It returns the programme; what it does is in the blocks.
func (l *Ledger) Everything(brand int) *Programme {
	l.t.Helper()
	p := l.Create(brand, func(t *terms.Terms) {
		t.Expiry = lots.Expiry{Kind: lots.Rolling, Months: 2}
		t.Transfers = terms.Transfers{Customer: true, Gift: true, AcceptDays: 3}
		t.GraceDays, t.RecoveryWaitSeconds = 30, 60
	})
	a, b, c := p.Open(), p.Open(), p.OpenWithKey()
	s := &story{p, a.Operation.Account, b.Operation.Account, c.Operation.Account}
	p.commit(a, b, c)
	s.spend()
	s.send()
	p.PublishRuleSet(EventRules(1, quantity.DayOf(Start)))
	p.PublishPrices(&terms.PriceList{Version: 1, Effective: quantity.DayOf(Start), Discount: quantity.Ratio{Num: 1, Den: 1}, Items: []terms.Item{}})
	p.PutShop(Shop)
	p.RotateCustodian()
	s.award()
	s.correct()
	s.control()
	s.age()
	return p
}

// EventRules give a point per 100 minor units, as much again out of a campaign, and something to both sides of a referral.
func EventRules(version int, from quantity.Day) *rules.Set {
	return &rules.Set{
		V: 1, Version: version, Effective: from, Zone: "Europe/London", MinorPerUnit: 100, Prose: rules.Words{"en": "A point a pound, two in the campaign."},
		Counters:  []rules.Counter{{ID: "visits", Measure: rules.Visits, Types: []rules.EventType{rules.Purchase}, Period: rules.ByYear}},
		Tiers:     []rules.Tier{{ID: "silver", Counter: "visits", Threshold: 2}},
		Campaigns: []rules.Campaign{{ID: "double", From: from, Until: from + 365}},
		Rules: []rules.Rule{
			{ID: "base", Types: []rules.EventType{rules.Purchase}, Action: rules.Action{Rate: &quantity.Ratio{Num: 1, Den: 100}, Rounding: rules.Floor}},
			{ID: "more", Types: []rules.EventType{rules.Purchase}, Campaign: "double", Action: rules.Action{Rate: &quantity.Ratio{Num: 1, Den: 100}, Rounding: rules.Floor}},
			{ID: "referred", Types: []rules.EventType{rules.Referral}, Action: rules.Action{Fixed: 50}},
			{ID: "referrer", Types: []rules.EventType{rules.Referrer}, Action: rules.Action{Fixed: 20}},
		},
	}
}

// story has three accounts: a and b under custody, c with a key of its own.
type story struct {
	*Programme
	a, b, c points.AccountID
}

// commit submits a batch and cuts a block.
func (p *Programme) commit(items ...Item) {
	p.Batch(0, items)
	p.ledger.Cut()
}

func (s *story) spend() {
	s.commit(s.Earn(s.a, 10_000), s.Earn(s.b, 5_000), s.Earn(s.c, 20_000), s.Redeem(s.a, 10), s.Redeem(s.a, 1_000_000))
	held := s.Hold(s.a, 40, 600)
	s.commit(held)
	s.commit(s.Capture(held, 15))
	s.commit(s.Void(held))
}

func (s *story) send() {
	sent, given, back := s.Transfer(s.c, s.b, 30), s.Gift(s.c, "code", 25), s.Transfer(s.c, s.a, 7)
	s.commit(sent, given, back)
	s.commit(s.Accept(s.b, sent, ""), s.Accept(s.a, given, "code"), s.Void(back))
	next := terms.Terms{
		Version: 2, Effective: quantity.DayOf(Start), Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30, UnreferencedReturns: true,
		Prose: map[string]string{"en": "Transfers at once."}, Expiry: lots.Expiry{Kind: lots.Inactivity, Months: 2}, GraceDays: 30, Value: quantity.Ratio{Num: 1, Den: 2},
		Transfers: terms.Transfers{Customer: true}, HoldMaxSeconds: 3600, RecoveryWaitSeconds: 60,
	}
	s.PublishTerms(&next)
	s.commit(s.Transfer(s.c, s.b, 5))
}

func (s *story) award() {
	event, _ := s.Batch(0, []Item{
		s.Earn(s.a, 3_000), s.Refer(s.b, s.a), s.Redeem(s.a, 12), s.EarnInShop(s.b, Shop, 700), s.RedeemInShop(s.a, Shop, 3),
		s.ClaimLate(s.c, strings.Repeat("ab", 32), 900),
	})
	s.ledger.Cut()
	s.Batch(1, []Item{s.ReturnWhole(event, 0), s.GiveBack(event, 2, 5)})
	s.Batch(2, nil)
	s.ledger.Cut()
}

func (s *story) correct() {
	up, down, more := s.Adjust(s.a, 100), s.Adjust(s.b, -5_000), s.Adjust(s.b, 40)
	for _, item := range []Item{up, down, more} {
		s.Approve(item)
	}
	held := s.Hold(s.b, 9, 600)
	s.commit(up, held)
	s.commit(down)
	s.commit(more, s.Earn(s.b, 300), s.Transfer(s.c, s.b, 6), s.Void(held)) // All of it pays b's debt.
}

func (s *story) control() {
	first, second := s.Recover(s.b), s.Recover(s.b)
	s.Approve(first)
	s.Approve(second)
	s.commit(s.Rekey(s.a), first)
	s.commit(s.Veto(s.b), second)
	s.Now += 60
	s.commit(s.Complete(s.b), s.Freeze(s.c))
	s.commit(s.Earn(s.c, 400))
	s.commit(s.Unfreeze(s.c))
	s.guard()
}

// guard freezes on request, lets the freeze end by itself, and has a decision objected to.
func (s *story) guard() {
	accepted, declined := s.AskFreeze(s.c, 3600), s.AskFreeze(s.b, 3600)
	s.AcceptFreeze(accepted, 100)
	s.DeclineFreeze(declined)
	frozen := s.FreezeBy(s.c, accepted)
	s.commit(frozen, s.Earn(s.c, 300))
	s.Object(s.c, frozen.Operation.ID, points.ObjectionDismissed)
	s.Object(s.c, declined, points.ObjectionOpen)
	s.Now += 100
	s.commit(s.Redeem(s.c, 1))
}

func (s *story) age() {
	lapsing, d := s.Hold(s.a, 20, 60), s.Open()
	s.commit(lapsing, d)
	s.Now += 120
	s.commit(s.Expire(s.a), s.Earn(d.Operation.Account, 100))
	s.commit(s.Close(d.Operation.Account, 2))
	s.AdvanceTo(quantity.DayOf(Start) + 70)
	s.commit(s.Expire(s.a), s.Earn(s.c, 100), s.Hold(s.c, 1, 60))
}

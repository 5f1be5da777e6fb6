package points

import (
	"sort"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// CampaignFunding is the prefix of the funding reference of points that a campaign pays for; the campaign's id follows.
const CampaignFunding = "campaign:"

// BudgetUse is what a lane has awarded out of its slice of a campaign's budget.
type BudgetUse struct {
	Campaign string          `json:"campaign"`
	Points   quantity.Points `json:"points"`
}

// earn awards points for an event at the rules in force, or at the rate of the terms where there are none.
func (t *trial) earn() fault.Code {
	if t.op.Claim != "" {
		if t.book.Claimed[t.op.Claim] {
			return fault.ReceiptClaimed
		}
		t.claim = t.op.Claim
	}
	outcome, code := t.evaluate(t.from, t.facts.Assessment.Outcome, t.facts.Assessment.Event)
	if code != fault.OK {
		return code
	}
	total, code := t.award(t.from, outcome)
	if code != fault.OK {
		return code
	}
	t.receipt.Points = total
	if t.book.Rules != nil {
		t.receipt.Award = outcome
	}
	if code := t.inShop(&total, nil); code != fault.OK {
		return code
	}
	return t.tally(&t.totals.Issued, total)
}

// refer pays a referral to both sides, once for the account that was referred.
func (t *trial) refer() fault.Code {
	if t.account.Referred {
		return fault.EventRepeated
	}
	if c := t.account.Controller; c.Key != "" && c.Key == t.to.account.Controller.Key {
		return fault.SelfReferral
	}
	if t.book.Rules == nil {
		return fault.NothingAwarded
	}
	a := &t.facts.Assessment
	outcome, code := t.evaluate(t.from, a.Outcome, a.Event)
	if code != fault.OK {
		return code
	}
	points, code := t.award(t.from, outcome)
	if code != fault.OK {
		return code
	}
	other, code := t.evaluate(t.to, a.ToOutcome, a.ToEvent) // After the first award, which may have used up a campaign's budget.
	if code != fault.OK {
		return code
	}
	more, code := t.award(t.to, other)
	if code != fault.OK {
		return code
	}
	if points+more == 0 {
		return fault.NothingAwarded
	}
	t.account.Referred = true
	t.receipt.Points, t.receipt.ToPoints = points, more
	t.receipt.Award, t.receipt.ToAward = outcome, other
	if code := t.tally(&t.totals.Issued, points); code != fault.OK {
		return code
	}
	return t.tally(&t.totals.Issued, more)
}

// evaluate asks the rules, or takes the outcome that an observer saw.
func (t *trial) evaluate(s *side, observed *rules.Outcome, event *rules.Event) (*rules.Outcome, fault.Code) {
	if observed != nil {
		return observed, fault.OK
	}
	if event == nil {
		return nil, fault.RuleRefused // An observer's receipt says nothing that an accrual could follow from.
	}
	day := t.book.Programme.BusinessDate
	outcome, code := t.program().Evaluate(event, &s.account.Standing, day, t.budgetLeft)
	if code != fault.OK && code != fault.EventRepeated {
		code = fault.RuleRefused
	}
	return &outcome, code
}

// program is the rule set in force, or the terms' rate in the form of one.
func (t *trial) program() *rules.Program {
	if t.book.Rules != nil {
		return t.book.Rules
	}
	if t.book.standard == nil || t.book.standardRate != t.terms.Rate {
		t.book.standard, t.book.standardRate = rules.Standard(t.terms.Rate), t.terms.Rate
	}
	return t.book.standard
}

// award credits what the rules gave, by funding, and keeps the account's standing.
func (t *trial) award(s *side, outcome *rules.Outcome) (quantity.Points, fault.Code) {
	var total quantity.Points
	for _, a := range outcome.Awards {
		sum, err := total.Add(a.Points)
		if err != nil || a.Points < 0 {
			return 0, fault.Limit
		}
		total = sum
		if code := t.spendBudget(a.Campaign, a.Points); code != fault.OK {
			return 0, code
		}
	}
	list, err := t.newLots(outcome.Awards)
	if err != nil {
		return 0, fault.Limit
	}
	repaid, code := s.credit(list, lots.Accrued)
	if code != fault.OK {
		return 0, code
	}
	if s == t.from {
		t.receipt.DebtRepaid = repaid
	} else {
		t.receipt.ToDebtRepaid = repaid
	}
	if t.book.Rules != nil {
		standing, err := t.book.Rules.Apply(&s.account.Standing, outcome, t.book.Programme.BusinessDate)
		if err != nil {
			return 0, fault.Limit
		}
		s.account.Standing = standing
	}
	return total, fault.OK
}

// newLots are the lots of an award under the terms in force, one for each funding.
func (t *trial) newLots(awards []rules.Award) ([]lots.Lot, error) {
	key := t.newKey()
	var list []lots.Lot
	var err error
	for _, a := range awards {
		key.Funding = lots.FundingPurchase
		if a.Campaign != "" {
			key.Funding = CampaignFunding + a.Campaign
		}
		if list, err = lots.Add(list, lots.Lot{Key: key, Points: a.Points}); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// newKey is the key of points that are accrued today under the terms in force.
func (t *trial) newKey() lots.Key {
	p := t.book.Programme
	key := lots.Key{Terms: t.terms.Version, Expiry: t.terms.Expiry.On(p.BusinessDate)}
	if from := p.BusinessDate + quantity.Day(t.terms.PendingDays); t.terms.TransferFrom(from) > p.BusinessDate {
		key.From = min(from, quantity.LastDay)
	}
	return key
}

// budgetLeft is what the lane may still award out of a campaign's budget.
func (t *trial) budgetLeft(campaign string) quantity.Points {
	c := t.book.Rules.Campaign(campaign)
	if c == nil {
		return 0
	}
	left := c.Slice(t.book.Lane)
	list := t.budgets
	if list == nil {
		list = t.book.Budgets
	}
	if i := findBudget(list, campaign); i < len(list) && list[i].Campaign == campaign {
		left -= list[i].Points
	}
	return max(left, 0)
}

// spendBudget counts what a campaign with a budget has awarded in the lane.
func (t *trial) spendBudget(campaign string, points quantity.Points) fault.Code {
	if campaign == "" || points == 0 || t.book.Rules == nil {
		return fault.OK
	}
	if c := t.book.Rules.Campaign(campaign); c == nil || c.Budget == 0 {
		return fault.OK
	}
	if points > t.budgetLeft(campaign) {
		return fault.Limit
	}
	if t.budgets == nil {
		t.budgets = append([]BudgetUse{}, t.book.Budgets...)
	}
	i := findBudget(t.budgets, campaign)
	if i == len(t.budgets) || t.budgets[i].Campaign != campaign {
		t.budgets = append(t.budgets, BudgetUse{})
		copy(t.budgets[i+1:], t.budgets[i:])
		t.budgets[i] = BudgetUse{Campaign: campaign}
	}
	t.budgets[i].Points += points // Bounded by the budget.
	return fault.OK
}

func findBudget(list []BudgetUse, campaign string) int {
	return sort.Search(len(list), func(i int) bool { return list[i].Campaign >= campaign })
}

// redeem burns points, at the price of the list in force where there is one.
func (t *trial) redeem() fault.Code {
	if code := t.atPartner(); code != fault.OK {
		return code
	}
	if code := t.priced(); code != fault.OK {
		return code
	}
	if _, code := t.from.take(t.op.Points, nil, lots.Redeemed); code != fault.OK {
		return code
	}
	t.account.Active = t.activity()
	if code := t.inShop(nil, &t.op.Points); code != fault.OK {
		return code
	}
	if code := t.tally(&t.totals.Redeemed, t.op.Points); code != fault.OK {
		return code
	}
	return t.oblige(clearing.ServiceRedemption)
}

// priced checks that the points are what the price list asks for, or the partner's offer.
func (t *trial) priced() fault.Code {
	if t.offer != nil {
		return t.pricedAtPartner()
	}
	if t.book.Prices == nil {
		return fault.OK
	}
	t.receipt.Prices = t.book.Prices.Version
	if t.facts.Assessment.Trusted {
		return fault.OK
	}
	return t.facts.Assessment.Benefit.check(t.book.Prices, t.op.Points)
}

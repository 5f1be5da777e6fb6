package ledgertest

import (
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// call submits a function that an operator calls, and cuts a block.
func (p *Programme) call(caller *Identity, function string, document any) {
	p.ledger.t.Helper()
	p.Now++
	_, err := p.ledger.Submit(Proposal{
		Caller: caller, Chaincode: p.Chaincode(), Function: function, Document: p.ledger.Encode(document), Time: p.Now, Endorsers: p.Endorsers(),
	})
	must(p.ledger.t, err)
	p.ledger.Cut()
}

// PublishTerms publishes a version of the terms and cuts a block.
func (p *Programme) PublishTerms(t *terms.Terms) { p.call(p.Brand.Operator, wire.FnPublishTerms, t) }

// PublishRuleSet publishes a version of the rule set and cuts a block.
func (p *Programme) PublishRuleSet(s *rules.Set) { p.call(p.Brand.Operator, wire.FnPublishRuleSet, s) }

// PublishPrices publishes a version of the price list and cuts a block.
func (p *Programme) PublishPrices(l *terms.PriceList) {
	p.call(p.Brand.Operator, wire.FnPublishPrices, l)
}

// PutShop registers a shop that the brand sponsors, without narrow limits, and cuts a block.
func (p *Programme) PutShop(id string) {
	p.call(p.Brand.Operator, wire.FnPutShop, wire.NewShop{
		ID: id, DisplayName: "Shop " + id, Sponsor: p.Brand.MSP, Status: points.ShopOpen, AwardPerDay: 1_000_000, AcceptPerDay: 1_000_000,
	})
}

// Approve is the consent of another brand to an operation; it cuts a block.
func (p *Programme) Approve(item Item) {
	for _, b := range p.ledger.Brands {
		if b != p.Brand {
			p.call(b.Operator, wire.FnApprove, wire.Consent{Operation: item.Operation})
			return
		}
	}
}

// RotateCustodian gives the custodian a new key, which signs from then on, and cuts a block.
func (p *Programme) RotateCustodian() {
	key := newKey(p.ledger.t)
	encoded, err := points.EncodePublicKey(&key.PublicKey)
	must(p.ledger.t, err)
	p.call(p.Brand.Operator, wire.FnRotateCustodian, wire.NewCustodian{Key: encoded})
	p.Custodian, p.custodian = key, p.custodian+1
}

// AdvanceTo moves the business date, and the tills' time with it, and cuts a block.
func (p *Programme) AdvanceTo(day quantity.Day) {
	p.call(p.Brand.Operator, wire.FnAdvanceBusinessDate, wire.BusinessDate{Date: day})
	p.at = day.String() + "T10:00:00Z"
}

package ledgertest

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// AskFreeze has another brand ask for a freeze of some seconds, and cuts a block. It gives the request's id.
func (p *Programme) AskFreeze(account points.AccountID, seconds int64) points.OperationID {
	p.requests++
	id := points.OperationID(fmt.Sprintf("f%031x", p.requests))
	for _, b := range p.ledger.Brands {
		if b != p.Brand {
			p.call(b.Compliance, wire.FnRequestFreeze, wire.NewFreeze{
				ID: id, Account: account, Reason: points.ReasonFraud, Evidence: strings.Repeat("e1", 32), Until: p.Now + 1 + seconds,
			})
			return id
		}
	}
	p.ledger.t.Fatalf("there is no other brand that could ask")
	return ""
}

// AcceptFreeze accepts a request until so many seconds from now, and cuts a block.
func (p *Programme) AcceptFreeze(id points.OperationID, seconds int64) {
	p.call(p.Brand.Compliance, wire.FnDecideFreeze, wire.FreezeDecision{ID: id, Until: p.Now + 1 + seconds})
}

// DeclineFreeze declines a request, and cuts a block.
func (p *Programme) DeclineFreeze(id points.OperationID) {
	p.call(p.Brand.Compliance, wire.FnDecideFreeze, wire.FreezeDecision{ID: id, Declined: points.DeclineEvidence})
}

// FreezeBy is a freeze that follows an accepted request.
func (p *Programme) FreezeBy(account points.AccountID, request points.OperationID) Item {
	item := p.Freeze(account)
	item.Operation.Reason, item.Operation.Request = points.ReasonFraud, request
	return item
}

// Object records an objection to a decision and, with an outcome, its answer; each cuts a block.
func (p *Programme) Object(account points.AccountID, decision points.OperationID, outcome points.ObjectionOutcome) {
	p.requests++
	id := points.OperationID(fmt.Sprintf("0b%030x", p.requests))
	p.call(p.Brand.Gateway, wire.FnRecordObjection, wire.NewObjection{ID: id, Account: account, Decision: decision, Hash: strings.Repeat("d1", 32)})
	if outcome != points.ObjectionOpen {
		p.call(p.Brand.Compliance, wire.FnAnswerObjection, wire.ObjectionAnswer{ID: id, Outcome: outcome, Answer: strings.Repeat("c1", 32)})
	}
}

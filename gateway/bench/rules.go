package bench

import (
	"context"
	_ "embed"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/client"
)

// benchRules are a rule set with counters, tiers, conditions and a campaign with a budget.
//
//go:embed rules.json
var benchRules []byte

// Publisher publishes a rule set: ledger.Points under an operator's identity.
type Publisher interface {
	PublishRuleSet(ctx context.Context, set wire.NewRuleSet) (points.Publication, error)
}

// publish puts the benchmark's rule set in force, as the programme's next version.
func publish(ctx context.Context, p Publisher, programme *points.Programme) error {
	var set rules.Set
	if err := wire.Decode(benchRules, wire.MaxDocument, &set); err != nil {
		return err
	}
	set.Version, set.Effective = len(programme.RuleSets)+1, programme.BusinessDate
	_, err := p.PublishRuleSet(ctx, set)
	return err
}

// redeem is a redemption of one point that the custodian signs.
func (t *through) redeem(account string) (key string, o client.OperationRequest) {
	key, o = t.earn(account)
	one := int64(1)
	return key, client.OperationRequest{
		Kind: client.KindRedeem, Account: o.Account, Points: &one, Store: o.Store, Terminal: o.Terminal, ReceiptNumber: o.ReceiptNumber,
		Authentication: &client.Authentication{Method: "bench", Challenge: "none"},
	}
}

// mixed gives accruals and redemptions in turn.
func (t *through) mixed(account string) (key string, o client.OperationRequest) {
	if t.next.Load()%2 == 0 {
		return t.earn(account)
	}
	return t.redeem(account)
}

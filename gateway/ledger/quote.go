package ledger

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// QuoteExchange asks what an operation between two brands would cost or bring now, as a cross-brand batch of one; nothing is kept. The call, and with it the details, goes to
// the own peers only.
func (c *Clearing) QuoteExchange(ctx context.Context, doc wire.Exchange, details wire.BatchDetails) (wire.QuoteResult, error) {
	var result wire.QuoteResult
	secret, err := wire.Encode(details)
	if err != nil {
		return result, err
	}
	return result, c.client.queryWith(ctx, engine.ClearingChaincode, wire.FnQuoteExchange, doc, map[string][]byte{wire.DetailsTransient: secret}, &result)
}

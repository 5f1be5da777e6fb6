package ledger

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Exchange is what clearing offers two brands for operations between them: batches of one home programme with one partner. Every error is a *Failure.
type Exchange struct {
	client  *Client
	home    string
	partner string
}

// Exchange gives the facade of batches on accounts of home's programme with partner. One of the two is the own member.
func (c *Client) Exchange(home, partner string) *Exchange {
	return &Exchange{client: c, home: home, partner: partner}
}

// EndorseBatch has a cross-brand batch endorsed by the two brands and by nobody else: no other brand can take the place of one that can't be reached, unless the brands voted
// that it acts for it. The batch's document is a wire.Exchange, and its details are sent also when it is empty, since their salt covers what the batch writes. build is called
// as for a programme's own batches.
func (x *Exchange) EndorseBatch(ctx context.Context, build func() (Batch, error)) (*Endorsed, error) {
	if x.client.mspOf(x.home) == "" || x.client.mspOf(x.partner) == "" {
		return nil, &Failure{Refused, fault.NotFound, "the configuration names no brand " + x.home + " or " + x.partner, errNoIssuer}
	}
	e, err := x.client.endorseBy(ctx, func() (call, error) {
		b, err := build()
		return call{
			chaincode: engine.ClearingChaincode, function: wire.FnExchange, document: b.Document, notAfter: b.NotAfter,
			transient: map[string][]byte{wire.DetailsTransient: b.Details},
		}, err
	}, x.client.pair(x.home, x.partner))
	if err != nil {
		return nil, withoutSubstitute(err)
	}
	return &Endorsed{e}, nil
}

// withoutSubstitute makes a failure of the co-endorser one that is waited out: nobody else can be asked.
func withoutSubstitute(err error) error {
	var f *Failure
	if !errors.As(err, &f) || f.Class != CoEndorser {
		return err
	}
	return &Failure{Retry, f.Code, f.Text, err}
}

// Lanes reads what every lane of the pair may and does owe; AGREEMENT_MISSING while the two brands have no agreement.
func (x *Exchange) Lanes(ctx context.Context) ([]clearing.PairLane, error) {
	var lanes []clearing.PairLane
	query := wire.PairQuery{A: min(x.home, x.partner), B: max(x.home, x.partner)}
	return lanes, x.client.query(ctx, engine.ClearingChaincode, wire.FnGetPairLanes, query, &lanes)
}

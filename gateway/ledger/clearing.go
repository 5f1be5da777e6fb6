package ledger

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Administrative calls wait between attempts, up to so many.
const (
	administrativeAttempts = 8
	administrativePause    = 250 * time.Millisecond
)

// Clearing is the contract of what the members do together. Every error is a *Failure.
type Clearing struct{ client *Client }

// Clearing gives its facade.
func (c *Client) Clearing() *Clearing { return &Clearing{client: c} }

// Found records the consortium and waits until it is committed. The client's identity must be an operator of a brand, and a majority of the brands must
// endorse. ALREADY_EXISTS when it was founded before.
func (c *Clearing) Found(ctx context.Context, doc clearing.Consortium) error {
	document, err := wire.Encode(doc)
	if err != nil {
		return err
	}
	return c.client.retrying(ctx, func() error {
		e, err := c.client.endorseWithMajority(ctx, func() (call, error) {
			return call{chaincode: engine.ClearingChaincode, function: wire.FnFound, document: document}, nil
		})
		if err != nil {
			return err
		}
		return e.commit(ctx)
	})
}

// Consortium reads the founding document; NOT_FOUNDED before Found.
func (c *Clearing) Consortium(ctx context.Context) (clearing.Consortium, error) {
	var record clearing.Consortium
	return record, c.client.query(ctx, engine.ClearingChaincode, wire.FnGetConsortium, wire.Nothing{}, &record)
}

// Member reads one member; NOT_FOUND when there is none of this name.
func (c *Clearing) Member(ctx context.Context, name string) (clearing.Member, error) {
	var record clearing.Member
	return record, c.client.query(ctx, engine.ClearingChaincode, wire.FnGetMember, wire.MemberQuery{Name: name}, &record)
}

// endorseWithMajority has the own organisation and as many other brands endorse as make a majority of all brands. The others are tried in turn.
func (c *Client) endorseWithMajority(ctx context.Context, build func() (call, error)) (*endorsed, error) {
	others := c.partners.order()
	needed := len(c.brands) / 2 // Beside the own organisation.
	err := error(&Failure{Fatal, fault.Internal, "the configuration names no other brand that could co-endorse", errAlone})
	for i := range others {
		organisations := []string{c.msp}
		for j := range needed {
			organisations = append(organisations, others[(i+j)%len(others)])
		}
		var e *endorsed
		if e, err = c.endorse(ctx, build, organisations); err == nil || ClassOf(err) != CoEndorser {
			return e, err
		}
	}
	return nil, err
}

// retrying repeats an administrative call while its failure may pass by itself. The functions called this way refuse a second execution or change nothing by it, so an
// attempt that was thought lost does no harm.
func (c *Client) retrying(ctx context.Context, attempt func() error) error {
	var err error
	for i := range administrativeAttempts {
		err = attempt()
		if class := ClassOf(err); err == nil || class != Retry && class != CoEndorser {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(i+1) * administrativePause):
		}
	}
	return err
}

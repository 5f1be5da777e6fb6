package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// call names one invocation; only this package knows names of chaincodes and functions.
type call struct {
	chaincode, function string
	document            []byte
	transient           map[string][]byte
	notAfter            time.Time // When it must have been given a transaction time; zero: any time.
}

// query evaluates a function at a peer of the own organisation and decodes its answer into v: nobody else's peer is believed.
func (c *Client) query(ctx context.Context, chaincode, function string, document, v any) error {
	return c.queryWith(ctx, chaincode, function, document, nil, v)
}

// queryWith is query with transient data, which no other organisation's peer gets to see.
func (c *Client) queryWith(ctx context.Context, chaincode, function string, document any, transient map[string][]byte, v any) error {
	doc, err := wire.Encode(document)
	if err != nil {
		return err
	}
	options := []client.ProposalOption{client.WithBytesArguments(doc), client.WithEndorsingOrganizations(c.msp)}
	if len(transient) > 0 {
		options = append(options, client.WithTransient(transient))
	}
	var answer []byte
	ctx, cancel := context.WithTimeout(ctx, evaluateTimeout)
	defer cancel()
	err = c.each(ctx, func(n *node) (err error) {
		answer, err = n.session.Load().network.GetContract(chaincode).EvaluateWithContext(ctx, function, options...)
		return err
	})
	if err != nil {
		return classify(err, atEvaluate, c.msp)
	}
	return wire.DecodeRecord(answer, v)
}

// endorsed is a transaction that the named organisations have endorsed.
type endorsed struct {
	transaction *client.Transaction
	issuer      string
}

// maxStaleBuilds is how often a call is built again because it got old before its proposal was made: the machine stood still.
const maxStaleBuilds = 3

// endorse asks one peer of each of the organisations, and no other organisation, for its endorsement.
func (c *Client) endorse(ctx context.Context, build func() (call, error), organisations []string) (*endorsed, error) {
	ctx, cancel := context.WithTimeout(ctx, endorseTimeout)
	defer cancel()
	var transaction *client.Transaction
	err := c.each(ctx, func(n *node) error {
		proposal, err := c.propose(n, build, organisations)
		if err != nil {
			return unproposed{err}
		}
		transaction, err = proposal.EndorseWithContext(ctx)
		return err
	})
	var own unproposed
	if errors.As(err, &own) {
		return nil, own.error
	}
	if err != nil {
		return nil, classify(err, atEndorse, c.msp)
	}
	return &endorsed{transaction: transaction, issuer: c.msp}, nil
}

// unproposed is an error from before any peer was asked.
type unproposed struct{ error }

// propose builds the call and its proposal, which carries the transaction's time. An error is final.
func (c *Client) propose(n *node, build func() (call, error), organisations []string) (*client.Proposal, error) {
	for range maxStaleBuilds {
		k, err := build()
		if err != nil {
			return nil, err
		}
		options := []client.ProposalOption{client.WithBytesArguments(k.document), client.WithEndorsingOrganizations(organisations...)}
		if len(k.transient) > 0 {
			options = append(options, client.WithTransient(k.transient))
		}
		proposal, err := n.session.Load().network.GetContract(k.chaincode).NewProposal(k.function, options...)
		if err != nil {
			return nil, &Failure{Fatal, fault.Internal, "a proposal can't be made: " + err.Error(), err}
		}
		if k.notAfter.IsZero() || time.Now().Before(k.notAfter) {
			return proposal, nil
		}
	}
	return nil, &Failure{Retry, fault.LedgerUnavailable, "signed mandates lapse before they can be proposed", errStale}
}

// endorseWithPartner has the own organisation and one other brand endorse, falling over from one brand to the next.
func (c *Client) endorseWithPartner(ctx context.Context, build func() (call, error)) (*endorsed, error) {
	err := error(&Failure{Fatal, fault.Internal, "the configuration names no other brand that could co-endorse", errAlone})
	for _, partner := range c.partners.order() {
		var e *endorsed
		if e, err = c.endorse(ctx, build, []string{c.msp, partner}); err == nil {
			c.partners.worked(partner)
			return e, nil
		}
		if ClassOf(err) != CoEndorser || ctx.Err() != nil {
			return nil, err
		}
		c.partners.failed(partner)
	}
	return nil, err
}

// submit hands the transaction to the ordering service. Without an error it has been taken; with one it may have been.
func (e *endorsed) submit(ctx context.Context) (*client.Commit, error) {
	ctx, cancel := context.WithTimeout(ctx, submitTimeout)
	defer cancel()
	commit, err := e.transaction.SubmitWithContext(ctx)
	return commit, classify(err, atSubmit, e.issuer)
}

// commit submits and waits for the transaction's validity: for the few administrative calls. Batches never wait this way.
func (e *endorsed) commit(ctx context.Context) error {
	pending, err := e.submit(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	status, err := pending.StatusWithContext(ctx)
	if err != nil {
		return classify(err, atSubmit, e.issuer)
	}
	if !status.Successful {
		return &Failure{ClassOfValidation(status.Code), fault.LedgerUnavailable, "the transaction was invalidated: " + status.Code.String(), errInvalidated}
	}
	return nil
}

// Causes of failures that have no error of a peer behind them.
var (
	errInvalidated = errors.New("invalidated")
	errStale       = errors.New("stale")
	errAlone       = errors.New("no co-endorser")
	errNoIssuer    = errors.New("no issuer")
)

package ledger

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// dryRunLane is a lane that no gateway uses: its first sequence number always fits a batch that is only tried.
const dryRunLane = clearing.CrossLaneFirst - 1

// Points is the contract of one programme. Every error is a *Failure.
type Points struct {
	client    *Client
	chaincode string
	brand     string
}

// Points gives the facade of a brand's programme.
func (c *Client) Points(programme string) *Points {
	return &Points{client: c, chaincode: engine.PointsPrefix + programme, brand: programme}
}

// Endorsed is an endorsed batch, ready for the ordering service.
type Endorsed struct{ endorsed *endorsed }

// TxID is the transaction's id, under which blocks tell of it.
func (e *Endorsed) TxID() string { return e.endorsed.transaction.TransactionID() }

// Submit hands the batch to the ordering service. An error doesn't say that it won't be committed: only blocks tell.
func (e *Endorsed) Submit(ctx context.Context) error {
	_, err := e.endorsed.submit(ctx)
	return err
}

// Commit hands the batch to the ordering service and waits for the own peer's word on its validity. A gateway's batches never wait this way: only a client
// without a projection has to.
func (e *Endorsed) Commit(ctx context.Context) error { return e.endorsed.commit(ctx) }

// Batch is a batch ready to be proposed.
type Batch struct {
	Document []byte    // wire.BatchRequest.
	Details  []byte    // wire.BatchDetails; nil for an empty batch.
	NotAfter time.Time // When the first mandate in it that was signed for this proposal lapses; zero without one.
}

// EndorseBatch has a batch endorsed by the own organisation and another brand, with its private details in the transient field. build is called for every
// proposal, right before it, so that mandates signed in it are fresh; its error is returned as it is.
func (p *Points) EndorseBatch(ctx context.Context, build func() (Batch, error)) (*Endorsed, error) {
	e, err := p.client.endorseWithPartner(ctx, func() (call, error) {
		b, err := build()
		k := call{chaincode: p.chaincode, function: wire.FnSubmitBatch, document: b.Document, notAfter: b.NotAfter}
		if b.Details != nil {
			k.transient = map[string][]byte{wire.DetailsTransient: b.Details}
		}
		return k, err
	})
	if err != nil {
		return nil, err
	}
	return &Endorsed{e}, nil
}

// DryRun has an empty batch endorsed and throws the endorsement away: everything that a real one needs works, up to the ordering service.
func (p *Points) DryRun(ctx context.Context) error {
	document, err := wire.Encode(wire.BatchRequest{Lane: dryRunLane, Seq: 1, Operations: []points.Operation{}})
	if err != nil {
		return err
	}
	_, err = p.EndorseBatch(ctx, func() (Batch, error) { return Batch{Document: document}, nil })
	return err
}

// Programme reads the programme's record; NOT_FOUNDED before CreateProgramme.
func (p *Points) Programme(ctx context.Context) (points.Programme, error) {
	var record points.Programme
	return record, p.client.query(ctx, p.chaincode, wire.FnGetProgramme, wire.Nothing{}, &record)
}

// Account reads an account; NOT_FOUND when there is none.
func (p *Points) Account(ctx context.Context, id points.AccountID) (points.Account, error) {
	var record points.Account
	return record, p.client.query(ctx, p.chaincode, wire.FnGetAccount, wire.AccountQuery{Account: id}, &record)
}

// Lanes reads count lanes of a submitter from first on, at most wire.MaxLanesPerQuery; one that was never used has sequence 0.
func (p *Points) Lanes(ctx context.Context, msp string, first, count int) ([]points.Lane, error) {
	var records []points.Lane
	return records, p.client.query(ctx, p.chaincode, wire.FnGetLanes, wire.LanesQuery{MSP: msp, First: first, Count: count}, &records)
}

// Approval reads another brand's consent to an operation; NOT_FOUND when there is none.
func (p *Points) Approval(ctx context.Context, operation points.OperationID) (points.Approval, error) {
	var record points.Approval
	return record, p.client.query(ctx, p.chaincode, wire.FnGetApproval, wire.ApprovalQuery{Operation: operation}, &record)
}

// Quote asks what an operation would cost or award now; nothing is kept. The details are the operation's own, as those of a batch of one. The call, and with it the details,
// goes to the own peers only.
func (p *Points) Quote(ctx context.Context, query wire.QuoteQuery, details wire.BatchDetails) (wire.QuoteResult, error) {
	var result wire.QuoteResult
	secret, err := wire.Encode(details)
	if err != nil {
		return result, err
	}
	return result, p.client.queryWith(ctx, p.chaincode, wire.FnQuote, query, map[string][]byte{wire.DetailsTransient: secret}, &result)
}

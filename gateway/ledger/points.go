package ledger

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// dryRunLane is a lane that no gateway uses: its first sequence number always fits a batch that is only tried.
const dryRunLane = wire.MaxLane

// Points is the contract of one programme. Every error is a *Failure.
type Points struct {
	client    *Client
	chaincode string
}

// Points gives the facade of a brand's programme.
func (c *Client) Points(programme string) *Points {
	return &Points{client: c, chaincode: engine.PointsPrefix + programme}
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

// Batch reads what the ledger keeps of a batch; NOT_FOUND when there is none.
func (p *Points) Batch(ctx context.Context, msp string, lane int, seq int64) (points.Batch, error) {
	var record points.Batch
	return record, p.client.query(ctx, p.chaincode, wire.FnGetBatch, wire.BatchQuery{MSP: msp, Lane: lane, Seq: seq}, &record)
}

// Reversal reads what was taken back of an accrual; NOT_FOUND when nothing was.
func (p *Points) Reversal(ctx context.Context, operation points.OperationID) (points.Reversal, error) {
	var record points.Reversal
	return record, p.client.query(ctx, p.chaincode, wire.FnGetReversal, wire.ReversalQuery{Operation: operation}, &record)
}

// CreateProgramme founds the programme and waits until it is committed. The client's identity must be an operator of the brand. ALREADY_EXISTS when it
// was founded before.
func (p *Points) CreateProgramme(ctx context.Context, doc wire.NewProgramme) error {
	return p.administer(ctx, wire.FnCreateProgramme, doc)
}

// AdvanceBusinessDate moves the business date and waits until that is committed. The client's identity must be an operator of the brand.
// DATE_NOT_ALLOWED when the date isn't later, or too far from today for a programme that isn't simulated.
func (p *Points) AdvanceBusinessDate(ctx context.Context, day quantity.Day) error {
	before, err := p.Programme(ctx)
	if err != nil {
		return err
	}
	err = p.administer(ctx, wire.FnAdvanceBusinessDate, wire.BusinessDate{Date: day})
	if fault.CodeOf(err) != fault.DateNotAllowed || before.BusinessDate >= day {
		return err
	}
	// The date was earlier when this call began: an attempt that was thought lost may have moved it.
	if now, readErr := p.Programme(ctx); readErr != nil || now.BusinessDate != day {
		return err
	}
	return nil
}

func (p *Points) administer(ctx context.Context, function string, document any) error {
	doc, err := wire.Encode(document)
	if err != nil {
		return err
	}
	return p.client.retrying(ctx, func() error {
		e, err := p.client.endorseWithPartner(ctx, func() (call, error) {
			return call{chaincode: p.chaincode, function: function, document: doc}, nil
		})
		if err != nil {
			return err
		}
		return e.commit(ctx)
	})
}

package sequencer

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// Ledger is what the sequencer needs of the programme's contract. Errors have the classes of package ledger.
type Ledger interface {
	// EndorseBatch has the batch that build gives endorsed; build is called right before every proposal.
	EndorseBatch(ctx context.Context, build func() (ledger.Batch, error)) (Transaction, error)
}

// Pair is what the sequencer needs of two brands' clearing: cross-brand batches are endorsed like a programme's own.
type Pair interface {
	Ledger
	// Lanes reads what each lane of the pair owes; AGREEMENT_MISSING while there is no agreement.
	Lanes(ctx context.Context) ([]clearing.PairLane, error)
}

// Members reads who the members are: ledger.Clearing.
type Members interface {
	Consortium(ctx context.Context) (clearing.Consortium, error)
}

// Settlements knows the last window of a currency that is settled, 0 before the first: store.Reads.
type Settlements interface {
	Settled(ctx context.Context, currency string) (int64, error)
}

// Transaction is an endorsed batch.
type Transaction interface {
	TxID() string
	// Submit hands it to the ordering service. An error doesn't say that it won't be committed.
	Submit(ctx context.Context) error
}

// Programmes reads the programme's record as the own peer has it: store.Reads.
type Programmes interface {
	Programme(ctx context.Context, name string) (points.Programme, error)
}

// Disclosures gives details of an earlier operation with the salt of their own, as they can be held against its receipt: store.Reads. NOT_FOUND without them.
type Disclosures interface {
	Disclosed(ctx context.Context, operation points.OperationID) (*points.Disclosed, error)
}

// Records reads records of a programme as the own peer has them: store.Reads. NOT_FOUND when there is none.
type Records interface {
	Record(ctx context.Context, programme, object, id string) ([]byte, error)
}

// Administrator moves the business date: ledger.Points under the operator's identity.
type Administrator interface {
	AdvanceBusinessDate(ctx context.Context, day quantity.Day) error
}

// OverFabric gives the real ledger.
func OverFabric(contract *ledger.Points) Ledger { return fabric{contract} }

type fabric struct{ contract *ledger.Points }

func (f fabric) EndorseBatch(ctx context.Context, build func() (ledger.Batch, error)) (Transaction, error) {
	return asTransaction(f.contract.EndorseBatch(ctx, build))
}

// PairOverFabric gives the real clearing of two brands.
func PairOverFabric(contract *ledger.Exchange) Pair { return fabricPair{contract} }

type fabricPair struct{ *ledger.Exchange }

func (f fabricPair) EndorseBatch(ctx context.Context, build func() (ledger.Batch, error)) (Transaction, error) {
	return asTransaction(f.Exchange.EndorseBatch(ctx, build))
}

func asTransaction(endorsed *ledger.Endorsed, err error) (Transaction, error) {
	if err != nil {
		return nil, err
	}
	return endorsed, nil
}

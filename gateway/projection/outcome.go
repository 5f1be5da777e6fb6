package projection

import (
	"github.com/go-json-experiment/json"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// Outcome is what a block says of one batch of a programme: of a SubmitBatch transaction, or of one half of an Exchange, each of which has an outcome of its own in its
// programme. It is told after its effects are durable in the database.
type Outcome struct {
	Block     uint64
	TxID      string
	Code      peer.TxValidationCode // VALID, or why the transaction had no effect.
	Programme string
	MSP       string // The submitter's.
	Lane      int
	Seq       int64
	Receipts  []points.Receipt // Of a valid one, in the batch's order.
}

// Valid says whether the batch was applied.
func (o *Outcome) Valid() bool { return o.Code == peer.TxValidationCode_VALID }

// refused describes a SubmitBatch of the programme, or an Exchange, that had no effect, from what its submitter asked for; false when it isn't one or can't be read. An
// Exchange is one in its home programme.
func refused(block uint64, t *blocks.Transaction, programme string) (Outcome, bool) {
	home := t.Chaincode == engine.PointsPrefix+programme && calls(t, wire.FnSubmitBatch)
	if !home && !isExchange(t) {
		return Outcome{}, false
	}
	var place struct {
		Home string `json:"home"`
		Lane int    `json:"lane"`
		Seq  int64  `json:"seq"`
	}
	if len(t.Args[1]) > wire.MaxDocument || json.Unmarshal(t.Args[1], &place) != nil {
		return Outcome{}, false
	}
	if !home {
		programme = place.Home
	}
	return Outcome{
		Block: block, TxID: t.ID, Code: t.Code, Programme: programme, MSP: t.Creator.MSP, Lane: place.Lane, Seq: place.Seq,
	}, true
}

// calls says whether the transaction invokes a function with one document.
func calls(t *blocks.Transaction, function string) bool {
	return len(t.Args) == 2 && string(t.Args[0]) == function
}

func isExchange(t *blocks.Transaction) bool {
	return t.Chaincode == engine.ClearingChaincode && calls(t, wire.FnExchange)
}

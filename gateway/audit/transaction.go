package audit

import (
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/gateway/blocks"
)

// transaction checks one transaction against the state before it, and applies it when it is valid.
func (a *Auditor) transaction(j *job, i int) *Finding {
	t := &j.block.Transactions[i]
	if !isEndorsed(t) {
		return nil
	}
	find := finder(j.block, t)
	a.statement.Transactions++
	if !t.Valid() {
		a.statement.Invalid++
		return a.refusedRightly(j, i, find)
	}
	if err := j.refusals[i]; err != nil {
		return find(CheckSignature, "%v", err)
	}
	if namespace, key, stale := a.world.stale(t); stale {
		return find(CheckValidationCode, "it is marked valid, though it read another version than the one in force").at(namespace, key)
	}
	if f := a.replay(t, find); f != nil {
		return f
	}
	if f := a.checkTouched(t, find); f != nil {
		return f
	}
	if f := a.checkClearing(t, find); f != nil {
		return f
	}
	a.world.apply(t, blocks.Version{Block: j.block.Number, Tx: uint64(i)})
	detail := a.insufficient(t, j.checked[i].Peers())
	if detail == "" {
		detail = a.short(t, j.checked[i].Endorsers)
	}
	if detail != "" {
		return find(CheckEndorsement, "%s", detail)
	}
	return a.note(t, find)
}

// refusedRightly checks those refusals that can be told from the blocks alone. Whatever the code, an invalid transaction has no effects, and the commit hash
// covers every code.
func (a *Auditor) refusedRightly(j *job, i int, find findFunc) *Finding {
	t := &j.block.Transactions[i]
	_, _, stale := a.world.stale(t)
	switch t.Code {
	case peer.TxValidationCode_MVCC_READ_CONFLICT:
		if !stale {
			return find(CheckValidationCode, "it is marked as a read conflict, though everything it read was in force")
		}
	case peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE:
		if j.refusals[i] == nil && a.insufficient(t, j.checked[i].Peers()) == "" && a.short(t, j.checked[i].Endorsers) == "" {
			return find(CheckValidationCode, "it is marked as insufficiently endorsed, though all who had to endorse did")
		}
	default:
		a.statement.UnexplainedRefusals++
	}
	return nil
}

// finder makes findings of one transaction.
func finder(b *blocks.Block, t *blocks.Transaction) findFunc {
	return func(c Check, format string, args ...any) *Finding {
		return &Finding{Check: c, Block: b.Number, Index: t.Index, Transaction: t.ID, Detail: fmt.Sprintf(format, args...)}
	}
}

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
	if j.trusted {
		return a.believed(j.block, t, find)
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
	if j.trusted {
		return nil
	}
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

// believed takes a valid transaction over as a trusted checkpoint vouches for it: neither who signed and endorsed it nor what it did is checked. What the audit adds up by itself
// is added up all the same, so that the later blocks can be checked in full.
func (a *Auditor) believed(b *blocks.Block, t *blocks.Transaction, find findFunc) *Finding {
	a.statement.Believed++
	for _, step := range []func(*blocks.Transaction, findFunc) *Finding{checkPrivate, a.checkTouched, a.checkClearing} {
		if f := step(t, find); f != nil {
			return f
		}
	}
	a.world.apply(t, blocks.Version{Block: b.Number, Tx: uint64(t.Index)})
	return a.note(t, find)
}

package audit

import (
	"fmt"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// lifecycleChaincode is Fabric's own chaincode for definitions of chaincodes.
const lifecycleChaincode = "_lifecycle"

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
	a.world.apply(t, blocks.Version{Block: j.block.Number, Tx: uint64(i)})
	if detail := a.insufficient(t, j.checked[i].Peers()); detail != "" {
		return find(CheckEndorsement, "%s", detail)
	}
	if f := a.checkTouched(t, find); f != nil {
		return f
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
		if j.refusals[i] == nil && a.insufficient(t, j.checked[i].Peers()) == "" {
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

// insufficient says who is missing among the peers that endorsed; empty when nobody is. The rules are the consortium's, not whatever policy was in force:
// points need their issuer and another brand, clearing and definitions of chaincodes a majority of the brands, an organisation's approval that organisation.
func (a *Auditor) insufficient(t *blocks.Transaction, peers map[string]bool) string {
	for _, n := range t.Namespaces {
		if detail := a.insufficientFor(n, peers); detail != "" {
			return detail
		}
	}
	return ""
}

func (a *Auditor) insufficientFor(n blocks.Namespace, peers map[string]bool) string {
	if len(n.Writes) == 0 && len(n.Collections) == 0 {
		return ""
	}
	if brand, ok := strings.CutPrefix(n.Name, engine.PointsPrefix); ok {
		return a.insufficientForPoints(brand, peers)
	}
	if n.Name == lifecycleChaincode {
		for _, c := range n.Collections {
			if msp, ok := strings.CutPrefix(c.Name, "_implicit_org_"); ok && len(c.Writes) > 0 && !peers[msp] {
				return fmt.Sprintf("it writes for %s, whose peer didn't endorse it", msp)
			}
		}
	}
	if len(n.Writes) == 0 {
		return ""
	}
	if n.Name != lifecycleChaincode && n.Name != engine.ClearingChaincode {
		return ""
	}
	brands := a.brands()
	if len(brands) == 0 {
		brands = a.config.Orderers // Before the consortium is founded: each brand has an ordering node, the regulator has none.
	}
	if count, need := countIn(brands, peers), len(brands)/2+1; count < need {
		return fmt.Sprintf("%s changes with a majority of the brands, %d of %d; %d endorsed", n.Name, need, len(brands), count)
	}
	return ""
}

func (a *Auditor) insufficientForPoints(brand string, peers map[string]bool) string {
	consortium, err := a.consortium()
	if err != nil {
		return "points were written before the consortium was founded"
	}
	issuer, err := consortium.Find(brand)
	if err != nil {
		return fmt.Sprintf("the consortium has no member %q", brand)
	}
	if !peers[issuer.MSP] {
		return fmt.Sprintf("the issuer's peer (%s) didn't endorse it", issuer.MSP)
	}
	if countIn(a.brands(), peers) < 2 {
		return fmt.Sprintf("no brand's peer beside the issuer's (%s) endorsed it", issuer.MSP)
	}
	return ""
}

func countIn(msps []string, peers map[string]bool) int {
	n := 0
	for _, m := range msps {
		if peers[m] {
			n++
		}
	}
	return n
}

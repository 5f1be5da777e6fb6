package stubtest

import (
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// Block is an ordered list of transactions with the codes that validation gave them.
type Block struct {
	Number       uint64
	Transactions []*Transaction
	Codes        []peer.TxValidationCode
}

// Commit orders the transactions into one block, validates them in order, and delivers the block to every peer that isn't held.
// Events of invalid transactions are in the block too: look at the code.
func (c *Channel) Commit(transactions ...*Transaction) *Block {
	b := &Block{Number: c.height, Transactions: transactions}
	c.height++
	for i, t := range transactions {
		code := c.validate(t)
		b.Codes = append(b.Codes, code)
		if code == peer.TxValidationCode_VALID {
			c.ledger.apply(t, version{b.Number, uint64(i)}, nobody)
		}
		c.known[t.ID] = true
	}
	for _, p := range c.peers {
		if p.held {
			p.waiting = append(p.waiting, b)
			continue
		}
		c.deliver(p, b)
	}
	return b
}

// Submit endorses and commits a proposal in a block of its own.
func (c *Channel) Submit(p Proposal, organisations ...string) (*Transaction, peer.TxValidationCode, error) {
	t, err := c.Endorse(p, organisations...)
	if err != nil {
		return nil, peer.TxValidationCode_NOT_VALIDATED, err
	}
	return t, c.Commit(t).Codes[0], nil
}

func nobody(place) bool { return false }

func (c *Channel) deliver(p *node, b *Block) {
	member := func(where place) bool {
		col, err := c.collection(where)
		return err == nil && slices.Contains(col.Members, p.msp)
	}
	for i, t := range b.Transactions {
		if b.Codes[i] == peer.TxValidationCode_VALID {
			p.world.apply(t, version{b.Number, uint64(i)}, member)
		}
	}
}

func (c *Channel) validate(t *Transaction) peer.TxValidationCode {
	if c.known[t.ID] {
		return peer.TxValidationCode_DUPLICATE_TXID
	}
	if !c.endorsed(t) {
		return peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE
	}
	if !c.fresh(t.set) {
		return peer.TxValidationCode_MVCC_READ_CONFLICT
	}
	if !c.ranged(t.set) {
		return peer.TxValidationCode_PHANTOM_READ_CONFLICT
	}
	return peer.TxValidationCode_VALID
}

// endorsed checks the policy of every namespace and collection written. The invoked chaincode's own policy is also asked when the transaction writes nothing in
// its namespace; a collection with a policy of its own takes the place of the chaincode's.
func (c *Channel) endorsed(t *Transaction) bool {
	for namespace, writes := range t.set.writes {
		if len(writes) > 0 && !c.definitions[namespace].Policy(t.Endorsers) {
			return false
		}
	}
	invokedWritten := len(t.set.writes[t.Chaincode]) > 0
	for p := range t.set.private {
		invokedWritten = invokedWritten || p.namespace == t.Chaincode
		policy := c.definitions[p.namespace].Policy
		if col, err := c.collection(p); err != nil {
			return false
		} else if col.Policy != nil {
			policy = col.Policy
		}
		if !policy(t.Endorsers) {
			return false
		}
	}
	return invokedWritten || c.definitions[t.Chaincode].Policy(t.Endorsers)
}

// fresh says whether every key read still has the version it was read at.
func (c *Channel) fresh(set *readWriteSet) bool {
	for namespace, reads := range set.reads {
		for key, v := range reads {
			if !same(v, c.ledger.public[namespace], key) {
				return false
			}
		}
	}
	for p, reads := range set.hashedReads {
		for key, v := range reads {
			if !same(v, c.ledger.hashes[p], key) {
				return false
			}
		}
	}
	return true
}

func same(v *version, state map[string]entry, key string) bool {
	e, there := state[key]
	if v == nil || !there {
		return v == nil && !there
	}
	return *v == e.version
}

// ranged says whether every range read would find the same keys in the same versions.
func (c *Channel) ranged(set *readWriteSet) bool {
	for _, r := range set.ranges {
		state := c.ledger.public[r.namespace]
		now := keysBetween(state, r.start, r.end)
		if !slices.Equal(now[:min(len(now), totalQueryLimit)], r.found) {
			return false
		}
		for i, key := range r.found {
			if state[key].version != r.versions[i] {
				return false
			}
		}
	}
	return true
}

// All is the policy that each of these organisations has endorsed.
func All(wanted ...string) func([]string) bool { return OutOf(len(wanted), wanted...) }

// OutOf is the policy that at least n of these organisations have endorsed.
func OutOf(n int, wanted ...string) func([]string) bool {
	return func(endorsers []string) bool {
		count := 0
		for _, w := range wanted {
			if slices.Contains(endorsers, w) {
				count++
			}
		}
		return count >= n
	}
}

// Both is the policy that two policies hold.
func Both(a, b func([]string) bool) func([]string) bool {
	return func(endorsers []string) bool { return a(endorsers) && b(endorsers) }
}

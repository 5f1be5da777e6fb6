package audit

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// PeerPatience is how long another member's peer may take to answer at all.
const PeerPatience = 5 * time.Second

// Ledger is another peer's ledger; a blocks.Peer is one.
type Ledger interface {
	Blocks(ctx context.Context, from, last uint64, content blocks.Content) iter.Seq2[blocks.Delivered, error]
	Last(ctx context.Context) (*common.Block, error)
}

// Other is another peer to compare with.
type Other struct {
	Name   string
	Ledger Ledger
}

// comparison reads another peer's ledger beside the audit.
type comparison struct {
	Other
	prints []fingerprint
	err    error
}

// Comparisons read other members' ledgers while the audit runs.
type Comparisons struct {
	all   []*comparison
	group sync.WaitGroup
}

// ComparePeers begins to read the blocks 0 to count-1 of other members' peers.
func ComparePeers(ctx context.Context, others []Other, count uint64) *Comparisons {
	c := &Comparisons{}
	for _, o := range others {
		one := &comparison{Other: o}
		c.all = append(c.all, one)
		c.group.Go(func() { one.err = one.read(ctx, count) })
	}
	return c
}

func (c *comparison) read(ctx context.Context, count uint64) error {
	asking, cancel := context.WithTimeout(ctx, PeerPatience)
	defer cancel()
	last, err := c.Ledger.Last(asking)
	if err != nil {
		return err
	}
	for d, err := range c.Ledger.Blocks(ctx, 0, min(count-1, last.Header.Number), blocks.Public) {
		if err != nil {
			return err
		}
		b, err := d.Decode()
		if err != nil {
			return err
		}
		c.prints = append(c.prints, printOf(b))
	}
	return nil
}

// Peers waits for the other peers' ledgers and compares them with what was audited. A difference is a *Finding; a peer that can't be reached is told in the
// statement only.
func (a *Auditor) Peers(c *Comparisons) error {
	c.group.Wait()
	for _, one := range c.all {
		statement := PeerStatement{Name: one.Name}
		for i, theirs := range one.prints {
			if i >= len(a.prints) {
				break
			}
			if what := a.prints[i].differs(theirs); what != "" {
				return blockFinding(CheckPeers, uint64(i), "%s has %s", one.Name, what)
			}
			statement.Blocks++
		}
		switch {
		case one.err != nil && fault.CodeOf(one.err) == fault.BlockInvalid:
			return blockFinding(CheckPeers, uint64(len(one.prints)), "%s: %v", one.Name, one.err)
		case one.err != nil:
			statement.Error = one.err.Error()
		}
		a.statement.Peers = append(a.statement.Peers, statement)
	}
	return nil
}

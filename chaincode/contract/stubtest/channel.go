package stubtest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
)

// Organisation is a member of a channel, with one peer.
type Organisation struct {
	Authority *Authority
	ReadOnly  bool // It may not propose.
}

// Collection is a private data collection. Only clients of its members read and write it, whichever peer they ask.
type Collection struct {
	Name    string
	Members []string            // MSP ids whose peers hold the values.
	Policy  func([]string) bool // Endorsement policy over MSP ids; nil means the chaincode's.
}

// Definition is a chaincode as the channel has approved it.
type Definition struct {
	Name        string
	Label       string                          // Of its package; a chaincode can't call another one of the same package. The name when empty.
	New         func(msp string) shim.Chaincode // The instance of one organisation's peer.
	Policy      func([]string) bool             // Endorsement policy over the MSP ids that endorsed.
	Collections []Collection
}

// Channel is a ledger, the peers that keep it, and the chaincodes on it. It is not safe for concurrent use.
type Channel struct {
	name        string
	members     map[string]Organisation
	definitions map[string]Definition
	peers       map[string]*node
	ledger      *world // What every peer has once it has caught up, without private values.
	height      uint64
	known       map[string]bool // Transaction ids.
}

// node is one organisation's peer.
type node struct {
	msp        string
	world      *world
	chaincodes map[string]shim.Chaincode
	held       bool
	waiting    []*Block
}

// NewChannel founds a channel.
func NewChannel(name string, organisations ...Organisation) *Channel {
	c := &Channel{
		name: name, members: map[string]Organisation{}, definitions: map[string]Definition{}, peers: map[string]*node{},
		ledger: newWorld(), known: map[string]bool{},
	}
	for _, o := range organisations {
		c.members[o.Authority.MSP] = o
		c.peers[o.Authority.MSP] = &node{msp: o.Authority.MSP, world: newWorld(), chaincodes: map[string]shim.Chaincode{}}
	}
	return c
}

// Deploy defines a chaincode and starts it for every peer. A chaincode can be defined anew: then the peers of a collection's new members have at once what the others hold,
// which takes real ones some seconds.
func (c *Channel) Deploy(d Definition) {
	if d.Label == "" {
		d.Label = d.Name
	}
	before := c.definitions[d.Name]
	c.definitions[d.Name] = d
	for _, col := range before.Collections {
		c.reconcile(place{d.Name, col.Name}, col.Members)
	}
	for _, p := range c.peers {
		p.chaincodes[d.Name] = d.New(p.msp)
	}
}

// reconcile gives the members of a collection what one of those holds who were members before.
func (c *Channel) reconcile(p place, holders []string) {
	now, err := c.collection(p)
	if err != nil || len(holders) == 0 {
		return
	}
	held := c.peers[holders[0]].world.values[p]
	for _, msp := range now.Members {
		if !slices.Contains(holders, msp) {
			c.peers[msp].world.values[p] = maps.Clone(held)
		}
	}
}

// Hold keeps a peer at its height: it endorses on what it has. Release lets it catch up.
func (c *Channel) Hold(msp string) { c.peers[msp].held = true }

// Release lets a held peer catch up.
func (c *Channel) Release(msp string) {
	p := c.peers[msp]
	p.held = false
	for _, b := range p.waiting {
		c.deliver(p, b)
	}
	p.waiting = nil
}

// Seed commits a public value at every peer without a transaction: what a test takes as given.
func (c *Channel) Seed(namespace, key string, value []byte) {
	c.height++
	writes, v := map[string]change{key: {value: value}}, version{block: c.height}
	put(c.ledger.public, namespace, writes, v)
	for _, p := range c.peers {
		put(p.world.public, namespace, writes, v)
	}
}

// State copies the committed public state of a namespace.
func (c *Channel) State(namespace string) map[string][]byte { return c.ledger.snapshot(namespace) }

// PrivateValue is what an organisation's peer holds under a private key; nil when it isn't a member, or there is nothing.
func (c *Channel) PrivateValue(msp, namespace, collection, key string) []byte {
	return slices.Clone(c.peers[msp].world.values[place{namespace, collection}][key].value)
}

// PrivateHash is what an organisation's peer has of a private value, member or not: its SHA-256, or nil.
func (c *Channel) PrivateHash(msp, namespace, collection, key string) []byte {
	return slices.Clone(c.peers[msp].world.hashes[place{namespace, collection}][hash([]byte(key))].value)
}

func (c *Channel) collection(p place) (Collection, error) {
	for _, col := range c.definitions[p.namespace].Collections {
		if col.Name == p.collection {
			return col, nil
		}
	}
	return Collection{}, fmt.Errorf("collection %s/%s/%s could not be found", c.name, p.namespace, p.collection)
}

// admits is what a peer checks before it runs a chaincode: that the creator's organisation vouches for it and may propose.
func (c *Channel) admits(p *Proposal) error {
	o, there := c.members[p.Creator.MSP]
	if !there {
		return fmt.Errorf("access denied: channel %s creator org unknown, creator is malformed", c.name)
	}
	if err := o.Authority.vouches(p.Creator); err != nil {
		return err
	}
	if o.ReadOnly {
		return fmt.Errorf("access denied: %s has no right to propose on channel %s", p.Creator.MSP, c.name)
	}
	return nil
}

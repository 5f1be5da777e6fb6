package main

import (
	"context"
	"sync"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/fingerprint"
	"github.com/tallystick/tallystick/gateway/people/consent"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/keyring"
	"github.com/tallystick/tallystick/gateway/people/offers"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/store"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// people are the parts that keep customers' data.
type people struct {
	db      *sqlite.DB
	vault   *vault.Vault
	senders map[vault.Kind]signin.Sender // By which customers are written to; empty where they don't sign in.
	signIn  *signin.Service              // Nil where they don't.
	erasure *erasure.Desk
	compare *comparison
	runs    []func(context.Context) error // What they do beside answering, unless people.db is being compared; they may be begun again after their context has ended.
}

// buildPeople makes what keeps customers' data, where the configuration has a place for them.
func (g *gateway) buildPeople(ctx context.Context, parts *api.Parts, hasher *fingerprint.Hasher) error {
	if !g.cfg.People.Given() {
		return nil
	}
	master, err := keyring.Open(g.cfg.People.MasterKeys)
	if err != nil {
		return err
	}
	index, err := keyring.Open(g.cfg.People.IndexKeys)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, g.cfg.People.Database)
	if err != nil {
		return err
	}
	own := g.client.Points(g.cfg.Programme)
	inForce := &policies{points: own}
	g.people = &people{db: db, vault: vault.New(vault.Settings{
		Brand: g.cfg.Member, DB: db, Ledger: own, Schema: inForce, Master: master, Index: index, Region: g.cfg.People.Region, Log: g.log,
	})}
	v := g.people.vault
	v.RegisterExporter(histories{v, g.reads})
	linking := &openings{vault: v, reads: g.reads, hasher: hasher, programme: g.cfg.Programme, log: g.log}
	g.people.runs = append(g.people.runs, v.Run, linking.run)
	parts.People.Vault, parts.People.Purposes = v, inForce
	readings := &consent.Readings{DB: db}
	parts.Reports.Log = accessLog{v, readings}
	g.buildErasure(own, parts)
	g.people.compare = newComparison(v, g.people.erasure, g.reads, g.cfg.Programme, g.log, g.registry)
	parts.People.Open = g.people.compare.Open
	g.people.erasure.Retainers = append(g.people.erasure.Retainers, readings)
	if err := g.buildAbuse(ctx, parts, hasher); err != nil {
		return err
	}
	if err := g.buildOffers(parts, hasher.Key(offersKey)); err != nil {
		return err
	}
	return g.buildSignIn(parts, hasher.Key(signInKey))
}

// offersKey is the use of the gateway's secret under which customers' choices about offers are sealed.
const offersKey = "offers"

// buildOffers makes, where customers sign in, what remembers which offers they want to see no more.
func (g *gateway) buildOffers(parts *api.Parts, secret []byte) error {
	if g.cfg.People.Origin == "" {
		return nil
	}
	keeper, err := offers.New(g.people.db, secret)
	if err != nil {
		return err
	}
	g.people.vault.Register(keeper)
	parts.People.Offers = keeper
	return nil
}

// policyValid is how long a data policy that was read is taken for the one in force.
const policyValid = 10 * time.Second

// policySource is the ledger's part of it: ledger.Points.
type policySource interface {
	DataPolicyInForce(ctx context.Context) (privacy.Policy, wire.Published, error)
}

// policies reads what the data policy in force declares. Callers that come together share one answer.
type policies struct {
	points policySource

	mu     sync.Mutex
	read   time.Time
	policy privacy.Policy // Without anything where there is none.
}

// Declared implements vault.Schema.
func (p *policies) Declared(ctx context.Context) ([]privacy.AttributeSchema, error) {
	policy, err := p.inForce(ctx)
	return policy.Attributes, err
}

// Declares implements api.Purposes. As long as the ledger can't be asked, what it last said holds: nobody is refused a look at who is where because a peer restarts.
func (p *policies) Declares(ctx context.Context, code string) (bool, error) {
	policy, err := p.inForce(ctx)
	if err != nil && policy.Version == 0 {
		return false, err
	}
	return policy.HasPurpose(code), nil
}

// inForce also gives what was last read beside an error.
func (p *policies) inForce(ctx context.Context) (privacy.Policy, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.read) < policyValid {
		return p.policy, nil
	}
	policy, _, err := p.points.DataPolicyInForce(ctx)
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return p.policy, err
	}
	p.policy, p.read = policy, time.Now()
	return policy, nil
}

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/partners"
	"github.com/tallystick/tallystick/gateway/people/consent"
	"github.com/tallystick/tallystick/gateway/people/lookup"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
)

// consentInterval is how often it is looked which consents are due.
const consentInterval = 2 * time.Second

// buildConsents makes what keeps the own customers' consents and answers tills that want to know them.
func (g *gateway) buildConsents(parts *api.Parts, custodian sequencer.Signer, keyed func(string) string) {
	own, p := g.client.Points(g.cfg.Programme), g.people
	keeper := consent.New(consent.Settings{
		Brand: g.cfg.Programme, Names: g.displayNames, DB: p.db, Ledger: own, Vault: consent.OverVault(p.vault, g.cfg.Programme), Chain: homeChain{g.reads, g.cfg.Programme},
		Custodian: custody{custodian, g.cfg.Custodian.Version}, Rewarder: rewarder{g.sequencer}, Storage: "private collection of the recipient's peers",
		Withdrawal: "in the wallet, under consents, at any time", Interval: consentInterval, Log: g.log,
	})
	desk := lookup.New(lookup.Settings{
		Programme: g.cfg.Programme, DB: p.db, People: lookup.OverVault(p.vault, g.cfg.Programme, g.cfg.People.Region), Messenger: p.letters(g.cfg.People.Lookup.UnprovedAddresses), Keyed: keyed, Log: g.log,
	})
	p.vault.Register(keeper.Companion())
	p.erasure.Consents = keeper
	p.vault.Register(lookup.Companion{})
	p.runs = append(p.runs, keeper.Run, desk.Run)
	parts.People.Consents, parts.People.Desk = keeper, desk
}

// buildNeighbours makes what asks other brands' gateways about their customers.
func (g *gateway) buildNeighbours(parts *api.Parts) {
	parts.People.Elsewhere = map[string]api.PartnerGateway{}
	reader := &consent.Reader{Copies: copies{g.client, g.cfg.Programme}, Owners: map[string]consent.Owner{}, World: world{g.reads}, Open: consent.Open}
	if g.people != nil {
		reader.Tally = &consent.Readings{DB: g.people.db}
	}
	for _, m := range g.cfg.Brands() {
		if client := g.partners.Client(m.Name, partners.DefaultPause, g.log); client != nil {
			parts.People.Elsewhere[m.Name], reader.Owners[m.Name] = client, owner{client}
		}
	}
	parts.People.Shared = reader
}

// displayNames are all brands' names as customers know them, by member.
func (g *gateway) displayNames(ctx context.Context) (consent.Names, error) {
	programmes, err := g.reads.Programmes(ctx)
	if err != nil {
		return nil, err
	}
	names := consent.Names{}
	for _, m := range g.cfg.Brands() {
		names[m.Name] = m.Name
	}
	for i := range programmes {
		if p := &programmes[i]; names[p.Brand] != "" {
			names[p.Brand] = p.DisplayName
		}
	}
	return names, nil
}

// homeChain tells what the read model has of the own programme.
type homeChain struct {
	reads     *store.Reads
	programme string
}

// Programme implements consent.Chain.
func (c homeChain) Programme(ctx context.Context) (points.Programme, error) {
	return c.reads.Programme(ctx, c.programme)
}

// Account implements consent.Chain.
func (c homeChain) Account(ctx context.Context, id points.AccountID) (points.Account, error) {
	return world{c.reads}.Account(ctx, c.programme, id)
}

// world tells what the read model has of all programmes.
type world struct{ *store.Reads }

// Account implements consent.World.
func (w world) Account(ctx context.Context, programme string, id points.AccountID) (points.Account, error) {
	position, err := w.Reads.Account(ctx, id)
	if err == nil && position.Programme != programme {
		return points.Account{}, fault.New(fault.AccountUnknown, "the account belongs to another programme")
	}
	return position.Account, err
}

// custody signs consents of customers who have no key of their own.
type custody struct {
	signer  sequencer.Signer
	version int
}

// Sign implements consent.Custodian.
func (c custody) Sign(_ context.Context, digest []byte) (int, string, error) {
	r, s, err := c.signer.Sign(digest)
	if err != nil {
		return 0, "", fault.New(fault.Internal, "the custodian's key can't sign: %v", err)
	}
	return c.version, points.SignatureOver(r, s), nil
}

// rewardsCaller is whose the idempotency keys of surveys' rewards are; no API key has such a name.
const rewardsCaller = "job/surveys"

// rewarder gives accounts the events of surveys, as any other operation.
type rewarder struct{ sequencer *sequencer.Sequencer }

// RewardSurvey implements consent.Rewarder.
func (r rewarder) RewardSurvey(ctx context.Context, key string, account points.AccountID, survey string) error {
	in := sequencer.Intake{
		Caller: rewardsCaller, IdempotencyKey: key, RequestHash: sha256.Sum256([]byte(survey + "\x00" + string(account))),
		Operation: points.Operation{Kind: points.KindEarn, Account: account},
		Details:   points.Details{Event: string(rules.Survey), Tags: []string{consent.SurveyTag + survey}, OccurredAt: time.Now().UTC().Format(time.RFC3339)},
	}
	return r.sequencer.AcceptAll(ctx, []sequencer.Intake{in})[0].Err
}

// copies are what others share with the own brand, from the own peer.
type copies struct {
	client *ledger.Client
	brand  string
}

// Shared implements consent.Copies.
func (c copies) Shared(ctx context.Context, owner string, id privacy.ConsentID) (privacy.Shared, error) {
	return c.client.Points(owner).Shared(ctx, c.brand, id)
}

// owner asks an owner's gateway for secrets.
type owner struct{ client *partners.Client }

// Secrets implements consent.Owner.
func (o owner) Secrets(ctx context.Context, q consent.Question) ([]consent.Secret, error) {
	request := api.SecretsRequest{Consent: string(q.Consent), Purpose: q.Purpose, Entries: make([]api.ID, len(q.Keys))}
	for i, key := range q.Keys {
		request.Entries[i] = string(key)
	}
	document, err := json.Marshal(request)
	if err != nil {
		return nil, fault.New(fault.Internal, "a question can't be encoded")
	}
	answer, err := o.client.Ask(ctx, "/v1/partner/secrets", document)
	if err != nil {
		return nil, err
	}
	var secrets api.Secrets
	if err := json.Unmarshal(answer, &secrets); err != nil {
		return nil, fault.New(fault.IssuerUnavailable, "the owner's answer can't be read")
	}
	out := make([]consent.Secret, len(secrets.Secrets))
	for i, one := range secrets.Secrets {
		out[i] = consent.Secret{Key: privacy.EntryKey(one.Entry), Secret: one.Secret}
	}
	return out, nil
}

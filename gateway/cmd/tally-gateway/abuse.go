package main

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/fingerprint"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/people/abuse"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// abuseKey is the use of the gateway's secret from which words of objections are sealed.
const abuseKey = "abuse"

// complying is the ledger under the compliance identity.
type complying struct{ client *ledger.Client }

// RequestFreeze implements api.Compliance.
func (c complying) RequestFreeze(ctx context.Context, programme string, doc wire.NewFreeze) (points.FreezeRequest, error) {
	return c.client.Points(programme).RequestFreeze(ctx, doc)
}

// DecideFreeze implements api.Compliance.
func (c complying) DecideFreeze(ctx context.Context, programme string, doc wire.FreezeDecision) (points.FreezeRequest, error) {
	return c.client.Points(programme).DecideFreeze(ctx, doc)
}

// unfreezing brings the end of freezes to the ledger.
type unfreezing struct{ gateway *gateway }

// objectionCaller owns the idempotency keys of what follows from objections: no API key has such a name.
const objectionCaller = "gateway/objection"

// Unfreeze implements abuse.Unfreezer. The outcome is the ledger's: an account that is active already stays so.
func (u unfreezing) Unfreeze(ctx context.Context, account points.AccountID, key string) error {
	_, err := u.gateway.sequencer.Accept(ctx, sequencer.Intake{
		Caller: objectionCaller, IdempotencyKey: key, RequestHash: sha256.Sum256([]byte(key)),
		Operation: points.Operation{Kind: points.KindUnfreeze, Account: account, Reason: points.ReasonResolution},
	})
	return err
}

// noteController has the customer whose account it is told that another key controls it, or will.
func (g *gateway) noteController(ctx context.Context, tx *sqlite.Tx, r *points.Receipt, at int64) error {
	if g.people.signIn == nil {
		return nil
	}
	person, known, err := vault.OwnerIn(tx, g.cfg.Programme, r.Account)
	if err != nil || !known {
		return err
	}
	change := signin.KeyChange{Person: person, Kind: signin.ControllerChanged, At: time.Unix(at, 0)}
	if r.Kind == points.KindRecover {
		change.Kind = signin.RecoveryBegun
	}
	asked, err := g.store.Operation(ctx, r.Operation)
	if err != nil && fault.CodeOf(err) != fault.NotFound { // Another member's.
		return err
	}
	change.Request = asked.Idempotency
	return g.people.signIn.NoteController(tx, change)
}

// buildAbuse makes what looks for fraud and abuse, tells customers, and brings to the ledger what compliance decides.
func (g *gateway) buildAbuse(ctx context.Context, parts *api.Parts, hasher *fingerprint.Hasher) error {
	rules, err := abuse.LoadRules(g.cfg.People.AbuseRules)
	if err != nil {
		return err
	}
	settings := abuse.Settings{
		Programme: g.cfg.Programme, MSP: g.cfg.Represented().MSP, Rules: rules, DB: g.people.db, Secret: hasher.Key(abuseKey), Ledger: g.client.Points(g.cfg.Programme),
		Unfreezer: unfreezing{g}, Receipts: g.reads, Outbox: g.store, Terminal: hasher.Terminal, Controllers: g.noteController, Keep: time.Duration(g.cfg.People.AbuseDays) * 24 * time.Hour, Log: g.log,
	}
	if g.cfg.Compliance.Given() {
		client, err := g.speakAs("compliance", g.cfg.Compliance)
		if err != nil {
			return err
		}
		settings.Compliance, parts.People.Compliance = client.Points(g.cfg.Programme), complying{client}
	}
	service, err := abuse.New(settings)
	if err != nil {
		return err
	}
	if err := service.Load(ctx); err != nil {
		return err
	}
	g.people.vault.Register(service)
	g.people.erasure.Retainers = append(g.people.erasure.Retainers, service)
	g.people.runs = append(g.people.runs, func(ctx context.Context) error { return g.whenCaughtUp(ctx, service.Run) })
	parts.People.Abuse = service
	return nil
}

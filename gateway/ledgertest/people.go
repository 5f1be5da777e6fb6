package ledgertest

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

// People does what the gateway's facade of a programme does with personal data (ledger.Points), as one identity, on the channel in memory: each call is executed by the
// engine, endorsed as on a real channel, and cut into a block of its own.
type People struct {
	Fail  error            // Every call fails with it; nil lets them through.
	Clock func() time.Time // The transactions' time; nil counts on from the programme's last transaction.

	ledger    *Ledger
	caller    *Identity
	programme string
	mu        *sync.Mutex // Of the ledger: a call and the cut of its block are one.
}

// People gives the facade of a programme that was created, for an identity of any member.
func (l *Ledger) People(programme string, caller *Identity) *People {
	return &People{ledger: l, caller: caller, programme: programme, mu: &l.people}
}

// ChangeVault writes new entries to the vault and purges others.
func (p *People) ChangeVault(ctx context.Context, change privacy.Change) error {
	err := p.private(wire.FnChangeVault, privacy.VaultTransient, change)
	if fault.CodeOf(err) != fault.AlreadyExists {
		return err
	}
	for _, put := range change.Put {
		values, readErr := p.VaultEntries(ctx, []privacy.EntryKey{put.Key})
		if readErr != nil || !bytes.Equal(values[0], put.Value) {
			return err
		}
	}
	return nil
}

// VaultEntries reads entries of the vault, nil for what isn't there.
func (p *People) VaultEntries(_ context.Context, keys []privacy.EntryKey) ([][]byte, error) {
	var found privacy.Found
	reply := random.Hex(32)
	if err := p.sealed(wire.FnGetVault, privacy.VaultTransient, privacy.Lookup{V: 1, Keys: keys, Reply: reply}, reply, &found); err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	for i, v := range found.Values {
		if v != "" {
			values[i] = []byte(v)
		}
	}
	return values, nil
}

// Share copies entries to a grantee.
func (p *People) Share(_ context.Context, share privacy.Share) error {
	return p.private(wire.FnShareEntries, privacy.ShareTransient, share)
}

// Unshare purges a grantee's copies.
func (p *People) Unshare(_ context.Context, unshare privacy.Unshare) error {
	return p.private(wire.FnUnshare, privacy.ShareTransient, unshare)
}

// Shared reads what is shared with a grantee under a consent, at the caller's own peer.
func (p *People) Shared(_ context.Context, grantee string, id privacy.ConsentID) (privacy.Shared, error) {
	var shared privacy.Shared
	reply := random.Hex(32)
	lookup := privacy.SharedLookup{V: 1, Grantee: grantee, ID: id, Reply: reply}
	if err := p.sealed(wire.FnGetShared, privacy.ShareTransient, lookup, reply, &shared); err != nil {
		return privacy.Shared{}, err
	}
	var account points.Account
	if err := p.query(wire.FnGetAccount, wire.AccountQuery{Account: shared.Consent.Body.Account}, nil, &account); err != nil {
		return privacy.Shared{}, err
	}
	if err := shared.Consent.GivenBy(&account); err != nil {
		return privacy.Shared{}, err
	}
	return shared, nil
}

// PublishDataPolicy adds a version of the data policy.
func (p *People) PublishDataPolicy(_ context.Context, doc privacy.Policy) (kept wire.Published, err error) {
	return kept, p.public(wire.FnPublishDataPolicy, doc, &kept)
}

// DataPolicy reads a version of the data policy.
func (p *People) DataPolicy(_ context.Context, version int) (policy privacy.Policy, err error) {
	return policy, p.query(wire.FnGetDataPolicy, wire.VersionQuery{Version: version}, nil, &policy)
}

// DataPolicies lists the versions of the data policy.
func (p *People) DataPolicies(context.Context) (policies privacy.Policies, err error) {
	return policies, p.query(wire.FnGetDataPolicies, wire.Nothing{}, nil, &policies)
}

// DataPolicyInForce gives the version of the data policy that is in force on the programme's business date.
func (p *People) DataPolicyInForce(ctx context.Context) (privacy.Policy, wire.Published, error) {
	var programme points.Programme
	if err := p.query(wire.FnGetProgramme, wire.Nothing{}, nil, &programme); err != nil {
		return privacy.Policy{}, wire.Published{}, err
	}
	policies, err := p.DataPolicies(ctx)
	if err != nil {
		return privacy.Policy{}, wire.Published{}, err
	}
	published := points.InForce(policies.Versions, programme.BusinessDate)
	if published == nil {
		return privacy.Policy{}, wire.Published{}, fault.New(fault.NotFound, "no data policy is in force")
	}
	policy, err := p.DataPolicy(ctx, published.Version)
	return policy, *published, err
}

// RecordConsent records a consent.
func (p *People) RecordConsent(ctx context.Context, doc wire.NewConsent) (kept privacy.Consent, err error) {
	err = p.public(wire.FnRecordConsent, doc, &kept)
	if fault.CodeOf(err) != fault.AlreadyExists {
		return kept, err
	}
	if there, readErr := p.Consent(ctx, doc.ID); readErr == nil && there.Hash == doc.Hash && there.Grantee == doc.Grantee {
		return there, nil
	}
	return kept, err
}

// EndConsent ends a consent.
func (p *People) EndConsent(ctx context.Context, id privacy.ConsentID, reason privacy.EndReason) (kept privacy.Consent, err error) {
	err = p.public(wire.FnEndConsent, wire.ConsentEnd{ID: id, Reason: reason}, &kept)
	if fault.CodeOf(err) != fault.ConsentNotInForce {
		return kept, err
	}
	if there, readErr := p.Consent(ctx, id); readErr == nil && there.Status == privacy.StatusOf(reason) {
		return there, nil
	}
	return kept, err
}

// Consent reads a consent's public record.
func (p *People) Consent(_ context.Context, id privacy.ConsentID) (record privacy.Consent, err error) {
	return record, p.query(wire.FnGetConsent, wire.ConsentQuery{ID: id}, nil, &record)
}

// RecordErasures records the evidence of erasures.
func (p *People) RecordErasures(ctx context.Context, doc wire.NewErasures) (kept privacy.Erasures, err error) {
	err = p.public(wire.FnRecordErasures, doc, &kept)
	if fault.CodeOf(err) != fault.AlreadyExists {
		return kept, err
	}
	if there, readErr := p.Erasures(ctx, doc.ID); readErr == nil && there.Root == doc.Root && there.Count == doc.Count {
		return there, nil
	}
	return kept, err
}

// Erasures reads the evidence of erasures.
func (p *People) Erasures(_ context.Context, id privacy.ErasureID) (record privacy.Erasures, err error) {
	return record, p.query(wire.FnGetErasures, wire.ErasuresQuery{ID: id}, nil, &record)
}

// own is the peer of the caller's organisation.
func (p *People) own() *Identity {
	for _, o := range p.ledger.Organisations {
		if o.MSP == p.caller.MSP {
			return o.Peer
		}
	}
	return nil
}

// now is called with the lock held.
func (p *People) now() int64 {
	if p.Clock != nil {
		return p.Clock().Unix()
	}
	programme := p.ledger.programmes[p.programme]
	programme.Now++
	return programme.Now
}

func (p *People) public(function string, document, v any) error {
	answer, err := p.submit(function, document, nil, p.ledger.programmes[p.programme].Endorsers())
	if err != nil {
		return err
	}
	return wire.DecodeRecord(answer, v)
}

func (p *People) private(function, field string, secret any) error {
	_, err := p.submit(function, wire.PrivateCall{V: 1}, map[string][]byte{field: p.ledger.Encode(secret)}, []*Identity{p.own()})
	return err
}

func (p *People) submit(function string, document any, transient map[string][]byte, endorsers []*Identity) ([]byte, error) {
	if p.Fail != nil {
		return nil, p.Fail
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e, err := p.ledger.Endorse(Proposal{
		Caller: p.caller, Chaincode: engine.PointsPrefix + p.programme, Function: function, Document: p.ledger.Encode(document), Transient: transient, Time: p.now(), Endorsers: endorsers,
	})
	if err != nil {
		return nil, err
	}
	p.ledger.Queue(e)
	for _, code := range p.ledger.Cut().Block.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER] {
		if peer.TxValidationCode(code) != peer.TxValidationCode_VALID {
			return nil, fault.New(fault.LedgerUnavailable, "a transaction of the block was invalidated")
		}
	}
	return e.tx.simulation.effects.Response, nil
}

func (p *People) query(function string, document any, transient map[string][]byte, v any) error {
	if p.Fail != nil {
		return p.Fail
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	answer, err := p.ledger.Evaluate(Proposal{
		Caller: p.caller, Chaincode: engine.PointsPrefix + p.programme, Function: function, Document: p.ledger.Encode(document), Transient: transient, Time: p.now(), Endorsers: []*Identity{p.own()},
	})
	if err != nil {
		return err
	}
	return wire.DecodeRecord(answer, v)
}

func (p *People) sealed(function, field string, secret any, reply string, v any) error {
	var box privacy.Sealed
	if err := p.query(function, wire.PrivateCall{V: 1}, map[string][]byte{field: p.ledger.Encode(secret)}, &box); err != nil {
		return err
	}
	answer, err := privacy.Open(reply, box)
	if err != nil {
		return err
	}
	return wire.DecodeRecord(answer, v)
}

package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// SharedWith implements ReadModel over the records.
func (o *office) SharedWith(_ context.Context, programme, grantee string, now int64, after privacy.ConsentID, limit int) (list []privacy.Consent, err error) {
	for _, r := range o.records {
		var c privacy.Consent
		if r.programme != programme || r.object != engine.ObjectConsent || r.ID <= string(after) || len(list) == limit {
			continue
		}
		if err := wire.DecodeRecord(r.Body, &c); err != nil {
			return nil, err
		}
		if c.Grantee == grantee && c.InForce(now) == nil {
			list = append(list, c)
		}
	}
	return list, nil
}

// PublishDataPolicy implements Administrator.
func (c calendar) PublishDataPolicy(_ context.Context, doc privacy.Policy) (wire.Published, error) {
	if c.g.refusal != nil {
		return wire.Published{}, c.g.refusal
	}
	c.g.keep("airline", engine.ObjectDataPolicy, store.VersionID(doc.Version), doc)
	hash, err := wire.Hash(doc)
	return wire.Published{Version: doc.Version, Effective: doc.From, Hash: hash}, err
}

package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// PublishDataPolicy implements Administrator.
func (c calendar) PublishDataPolicy(_ context.Context, doc privacy.Policy) (wire.Published, error) {
	if c.g.refusal != nil {
		return wire.Published{}, c.g.refusal
	}
	c.g.keep("airline", engine.ObjectDataPolicy, store.VersionID(doc.Version), doc)
	hash, err := wire.Hash(doc)
	return wire.Published{Version: doc.Version, Effective: doc.From, Hash: hash}, err
}

package ledger

import (
	"context"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
)

func genesisHash(ctx context.Context, peer *blocks.Peer) (string, error) {
	for delivered, err := range peer.Blocks(ctx, 0, 0, blocks.Public) {
		if err != nil {
			return "", err
		}
		hash, err := blocks.HeaderHash(delivered.Block.GetHeader())
		return hex.EncodeToString(hash), err
	}
	return "", fault.New(fault.LedgerUnavailable, "peer %s delivered no block 0", peer.Name)
}

package blocks

import (
	"context"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// LatestConfig gives the configuration that is in force at the peer and the number of its block. When that is the block known already, it gives no configuration. Errors as of Blocks, and
// BLOCK_INVALID when the peer's answer makes no sense.
func (p *Peer) LatestConfig(ctx context.Context, known uint64) (*Config, uint64, error) {
	newest, err := p.Last(ctx)
	if err != nil {
		return nil, 0, err
	}
	number, err := configBefore(newest)
	if err != nil || number == known {
		return nil, number, err
	}
	for d, err := range p.Blocks(ctx, number, number, Public) {
		if err != nil {
			return nil, 0, err
		}
		b, err := d.Decode()
		if err != nil {
			return nil, 0, err
		}
		if b.Config != nil {
			return b.Config, number, nil
		}
	}
	return nil, 0, fault.New(fault.BlockInvalid, "peer %s names block %d as the last with a configuration, which has none", p.Name, number)
}

// configBefore is the number of the block with the configuration under which a block was made, or its own when it has one: what the ordering nodes sign with it.
func configBefore(b *common.Block) (uint64, error) {
	var metadata common.Metadata
	var signed common.OrdererBlockMetadata
	all := b.GetMetadata().GetMetadata()
	if len(all) <= int(common.BlockMetadataIndex_SIGNATURES) {
		return 0, fault.New(fault.BlockInvalid, "a block has no metadata")
	}
	if proto.Unmarshal(all[common.BlockMetadataIndex_SIGNATURES], &metadata) != nil || proto.Unmarshal(metadata.GetValue(), &signed) != nil {
		return 0, fault.New(fault.BlockInvalid, "a block's metadata can't be read")
	}
	return signed.GetLastConfig().GetIndex(), nil
}

package administration

import (
	"context"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
)

// awaitOthers waits until every ordering node of the channel but those at some addresses has the newest block that any of them had at first.
func (u *updater) awaitOthers(ctx context.Context, config *common.Config, but []string) error {
	others, err := u.orderingNodes(config)
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(n orderingNode) bool {
		return slices.Contains(but, membership.Address(u.m.OrdererPorts(n.of.Name, n.index).Listen))
	})
	var wanted uint64
	for _, node := range others {
		if has, err := u.newest(ctx, node); err == nil {
			wanted = max(wanted, has)
		}
	}
	for _, node := range others {
		if err := u.awaitBlock(ctx, node, wanted); err != nil {
			return err
		}
	}
	return nil
}

// orderingNodes are those of the brands that the channel names: one that failed may have none there any more.
func (u *updater) orderingNodes(config *common.Config) ([]orderingNode, error) {
	raft, _, err := raftOf(config)
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, c := range raft.GetConsenters() {
		named[addressOf(c)] = true
	}
	var nodes []orderingNode
	for _, brand := range u.orderers {
		for i := range brand.Orderers {
			if named[membership.Address(u.m.OrdererPorts(brand.Name, i).Listen)] {
				nodes = append(nodes, orderingNode{brand, i})
			}
		}
	}
	return nodes, nil
}

// orderingNode is one of a brand's, counted from 0.
type orderingNode struct {
	of    membership.Member
	index int
}

func (n orderingNode) name() string { return membership.OrdererNode(n.of.Name, n.index) }

// awaitBlock waits until an ordering node has a block.
func (u *updater) awaitBlock(ctx context.Context, node orderingNode, number uint64) error {
	for {
		has, err := u.newest(ctx, node)
		if err == nil && has >= number {
			return nil
		}
		if pause(ctx) != nil {
			return &failure.Error{Code: failure.ChannelUpdate, Detail: node.name() + " isn't up with the other ordering nodes", Cause: err}
		}
	}
}

// newest is the number of an ordering node's newest block.
func (u *updater) newest(ctx context.Context, node orderingNode) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	connection, err := lifecycle.Connect(u.dir, node.of.Name, u.m.OrdererPorts(node.of.Name, node.index).Listen)
	if err != nil {
		return 0, err
	}
	defer func() { _ = connection.Close() }()
	stream, err := orderer.NewAtomicBroadcastClient(connection).Deliver(ctx)
	if err != nil {
		return 0, failure.Wrap(failure.ChannelUpdate, err, "%s can't be reached", node.name())
	}
	asked, err := message(common.HeaderType_DELIVER_SEEK_INFO, u.m.Channel, newestBlock(), u.sender)
	if err != nil {
		return 0, err
	}
	if err := stream.Send(asked); err != nil {
		return 0, failure.Wrap(failure.ChannelUpdate, err, "%s took nothing", node.name())
	}
	answer, err := stream.Recv()
	if err != nil {
		return 0, failure.Wrap(failure.ChannelUpdate, err, "%s didn't answer", node.name())
	}
	if answer.GetBlock() == nil {
		return 0, failure.New(failure.ChannelUpdate, "%s answered %s", node.name(), answer.GetStatus())
	}
	return answer.GetBlock().GetHeader().GetNumber(), nil
}

// newestBlock asks for one block, the last.
func newestBlock() *orderer.SeekInfo {
	newest := &orderer.SeekPosition{Type: &orderer.SeekPosition_Newest{Newest: &orderer.SeekNewest{}}}
	return &orderer.SeekInfo{Start: newest, Stop: newest}
}

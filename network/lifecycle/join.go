package lifecycle

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"

	"github.com/hyperledger/fabric-admin-sdk/pkg/channel"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// maxAnswerBytes of an ordering node's refusal that an error repeats.
const maxAnswerBytes = 4 << 10

// JoinOrderer hands the first block to an ordering node's channel participation service.
func JoinOrderer(dir rundir.Dir, m *membership.Membership, member membership.Member, index int, block *common.Block) error {
	node := membership.OrdererNode(member.Name, index)
	roots, err := rootsOf(dir, member.Name)
	if err != nil {
		return err
	}
	files := dir.Identity(member.Name, node)
	certificate, err := tls.LoadX509KeyPair(files.TLSCertificate(), files.TLSKey())
	if err != nil {
		return failure.Wrap(failure.JoinFailed, err, "%s has no TLS certificate", node)
	}
	answer, err := channel.CreateChannel("https://"+membership.Address(m.OrdererPorts(member.Name, index).Admin), block, roots, certificate)
	if err != nil {
		return failure.Wrap(failure.JoinFailed, err, "%s didn't take the channel's first block", node)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusCreated {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes))
		return failure.New(failure.JoinFailed, "%s refused the channel's first block: %s: %s", node, answer.Status, said)
	}
	return nil
}

// JoinPeer hands the first block to a peer.
func JoinPeer(ctx context.Context, dir rundir.Dir, m *membership.Membership, member membership.Member, index int, block *common.Block) error {
	node := membership.PeerNode(member.Name, index)
	admin, err := Signer(dir, member, membership.AdminIdentity)
	if err != nil {
		return err
	}
	connection, err := Connect(dir, member.Name, m.PeerPorts(member.Name, index).Listen)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	if err := channel.JoinChannel(ctx, connection, admin, block); err != nil {
		return failure.Wrap(failure.JoinFailed, err, "%s didn't join channel %s", node, m.Channel)
	}
	return nil
}

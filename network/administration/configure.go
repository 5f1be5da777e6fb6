package administration

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/hyperledger/fabric-admin-sdk/pkg/channel"
	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

const (
	// retryInterval lies between two attempts while ordering nodes elect a leader or peers wait for a block.
	retryInterval = 200 * time.Millisecond
	// sendTimeout bounds one attempt at one ordering node.
	sendTimeout = 5 * time.Second
	// nonceBytes of a signature, as Fabric's own clients draw them.
	nonceBytes = 24
)

// Configure changes the channel until its policies and ordering nodes are those of the standing, signed by the
// administrators of the brands that speak for themselves, and gives how many updates that took. It may be repeated after any
// failure. It ends when the peers of these brands have the last update, or with ctx.
func Configure(ctx context.Context, dir rundir.Dir, m *membership.Membership, s membership.Standing) (int, error) {
	u := &updater{dir: dir, m: m, brands: m.Speaking(s)}
	for _, brand := range u.brands {
		admin, err := lifecycle.Signer(dir, brand, membership.AdminIdentity)
		if err != nil {
			return 0, err
		}
		u.admins = append(u.admins, admin)
	}
	u.orderers, u.signers, u.sender = u.brands, u.admins, u.admins[0]
	return steps{agreed: u.agreed, update: func(config *common.Config) ([]byte, error) { return Update(config, m, s) }, send: u.send}.bring(ctx)
}

// updater changes the channel's configuration.
type updater struct {
	dir      rundir.Dir
	m        *membership.Membership
	brands   []membership.Member        // Whose peers say what the configuration is.
	admins   []identity.SigningIdentity // Of these, in their order.
	orderers []membership.Member        // Whose ordering nodes are tried.
	signers  []identity.SigningIdentity // Of an update.
	given    []*common.ConfigSignature  // What others signed of it before.
	sender   identity.SigningIdentity   // Of an update: somebody who may write.
}

// agreed is the channel's configuration once all of the brands' peers have the same: the next step builds on it at each.
func (u *updater) agreed(ctx context.Context) (*common.Config, error) {
	for {
		config, same, err := u.read(ctx)
		if err == nil && same {
			return config, nil
		}
		if waitErr := pause(ctx); waitErr != nil {
			return nil, failure.Wrap(failure.ChannelUpdate, err, "the brands' peers don't agree on the channel's configuration")
		}
	}
}

// read asks the first peer of every brand, and says whether they gave the same.
func (u *updater) read(ctx context.Context) (*common.Config, bool, error) {
	var newest *common.Config
	same := true
	for i, brand := range u.brands {
		config, err := u.configAt(ctx, brand, u.admins[i])
		if err != nil {
			return nil, false, err
		}
		same = same && (newest == nil || newest.GetSequence() == config.GetSequence())
		if newest == nil || newest.GetSequence() < config.GetSequence() {
			newest = config
		}
	}
	return newest, same, nil
}

func (u *updater) configAt(ctx context.Context, brand membership.Member, admin identity.SigningIdentity) (*common.Config, error) {
	connection, err := lifecycle.Connect(u.dir, brand.Name, u.m.PeerPorts(brand.Name, 0).Listen)
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	block, err := channel.GetConfigBlock(ctx, connection, admin, u.m.Channel)
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "%s doesn't show the channel's configuration", membership.PeerNode(brand.Name, 0))
	}
	return ConfigOf(block)
}

// ConfigOf takes the configuration out of a configuration block.
func ConfigOf(block *common.Block) (*common.Config, error) {
	var envelope common.Envelope
	var payload common.Payload
	var wrapped common.ConfigEnvelope
	if len(block.GetData().GetData()) != 1 {
		return nil, failure.New(failure.ChannelUpdate, "not a configuration block")
	}
	for _, part := range []struct {
		data func() []byte
		into proto.Message
	}{
		{func() []byte { return block.GetData().GetData()[0] }, &envelope}, {envelope.GetPayload, &payload}, {payload.GetData, &wrapped},
	} {
		if err := proto.Unmarshal(part.data(), part.into); err != nil {
			return nil, failure.Wrap(failure.ChannelUpdate, err, "not a configuration block")
		}
	}
	return wrapped.GetConfig(), nil
}

// send tries the ordering nodes of the brands one after the other; the error is that of the last.
func (u *updater) send(ctx context.Context, update []byte) error {
	envelope, err := u.envelope(update)
	if err != nil {
		return err
	}
	err = failure.New(failure.ChannelUpdate, "none of the brands has an ordering node")
	for _, brand := range u.orderers {
		for i := range brand.Orderers {
			if err = u.broadcast(ctx, brand, i, envelope); err == nil {
				return nil
			}
		}
	}
	return err
}

// errRefused: the update isn't for the newest configuration, or lacks signatures.
var errRefused = errors.New("the ordering node refuses the update as it is")

func (u *updater) broadcast(ctx context.Context, brand membership.Member, index int, envelope *common.Envelope) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	node := membership.OrdererNode(brand.Name, index)
	connection, err := lifecycle.Connect(u.dir, brand.Name, u.m.OrdererPorts(brand.Name, index).Listen)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	stream, err := orderer.NewAtomicBroadcastClient(connection).Broadcast(ctx)
	if err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "%s can't be reached", node)
	}
	if err := stream.Send(envelope); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "%s took nothing", node)
	}
	answer, err := stream.Recv()
	if err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "%s didn't answer", node)
	}
	if answer.GetStatus() == common.Status_BAD_REQUEST {
		return failure.Wrap(failure.ChannelUpdate, errRefused, "%s answered %s", node, answer.GetInfo())
	}
	if answer.GetStatus() != common.Status_SUCCESS {
		return failure.New(failure.ChannelUpdate, "%s answered %s: %s", node, answer.GetStatus(), answer.GetInfo())
	}
	return nil
}

// envelope wraps an update with the signatures that it needs.
func (u *updater) envelope(update []byte) (*common.Envelope, error) {
	wrapped := &common.ConfigUpdateEnvelope{ConfigUpdate: update, Signatures: u.given}
	for _, admin := range u.signers {
		signature, err := Sign(update, admin)
		if err != nil {
			return nil, err
		}
		wrapped.Signatures = append(wrapped.Signatures, signature)
	}
	return Envelope(u.m.Channel, wrapped, u.sender)
}

// Sign gives an administrator's signature to an update.
func Sign(update []byte, admin identity.SigningIdentity) (*common.ConfigSignature, error) {
	header, err := signatureHeader(admin)
	if err != nil {
		return nil, err
	}
	raw, err := proto.Marshal(header)
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't encode a signature")
	}
	signature, err := admin.Sign(append(append([]byte{}, raw...), update...))
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "an administrator of %s can't sign", admin.MspID())
	}
	return &common.ConfigSignature{SignatureHeader: raw, Signature: signature}, nil
}

// Envelope is the message that brings a signed update to an ordering node.
func Envelope(channelID string, wrapped *common.ConfigUpdateEnvelope, sender identity.SigningIdentity) (*common.Envelope, error) {
	return message(common.HeaderType_CONFIG_UPDATE, channelID, wrapped, sender)
}

// message is what a sender says to an ordering node.
func message(kind common.HeaderType, channelID string, content proto.Message, sender identity.SigningIdentity) (*common.Envelope, error) {
	header, err := signatureHeader(sender)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append(append([]byte{}, header.GetNonce()...), header.GetCreator()...))
	channelHeader := &common.ChannelHeader{Type: int32(kind), ChannelId: channelID, Timestamp: timestamppb.Now(), TxId: hex.EncodeToString(sum[:])}
	var parts [3][]byte
	for i, part := range []proto.Message{channelHeader, header, content} {
		if parts[i], err = proto.Marshal(part); err != nil {
			return nil, failure.Wrap(failure.ChannelUpdate, err, "can't encode a message")
		}
	}
	payload, err := proto.Marshal(&common.Payload{Header: &common.Header{ChannelHeader: parts[0], SignatureHeader: parts[1]}, Data: parts[2]})
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't encode a message")
	}
	signature, err := sender.Sign(payload)
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "an administrator of %s can't sign", sender.MspID())
	}
	return &common.Envelope{Payload: payload, Signature: signature}, nil
}

func signatureHeader(by identity.SigningIdentity) (*common.SignatureHeader, error) {
	creator, err := proto.Marshal(&msp.SerializedIdentity{Mspid: by.MspID(), IdBytes: by.Credentials()})
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't encode an identity")
	}
	nonce := make([]byte, nonceBytes)
	if _, err := rand.Read(nonce); err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "no randomness")
	}
	return &common.SignatureHeader{Creator: creator, Nonce: nonce}, nil
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(retryInterval):
		return nil
	}
}

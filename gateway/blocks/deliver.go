package blocks

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Newest as the end of a range follows the chain as it grows.
const Newest = math.MaxUint64

// nonceLength is the length of a request's nonce in bytes, as Fabric's clients have it.
const nonceLength = 24

// Content says what a peer delivers.
type Content int

// Public asks for blocks, WithPrivate also for the private data of collections that the caller's organisation is a member of.
const (
	Public Content = iota
	WithPrivate
)

// Delivered is a block as a peer delivers it, with the private data by transaction index.
type Delivered struct {
	Block   *common.Block
	Private map[uint64]*rwset.TxPvtReadWriteSet
}

// Decode reads the block; see Decode.
func (d Delivered) Decode() (*Block, error) { return Decode(d.Block, d.Private) }

// Peer reads a channel's blocks from one peer. It speaks the deliver protocol itself: the client library's event streams end without saying why
// (a refused identity looks like a restart), can't stop at a block, and leave a goroutine behind when the reader stops early.
type Peer struct {
	Name    string // For people.
	Channel string
	Conn    grpc.ClientConnInterface
	ID      identity.Identity
	Sign    identity.Sign
	Signer  func() (identity.Identity, identity.Sign) // Instead of ID and Sign, where they are renewed: what it gives fits together.
}

// signer is under whom the next request is made.
func (p *Peer) signer() (identity.Identity, identity.Sign) {
	if p.Signer != nil {
		return p.Signer()
	}
	return p.ID, p.Sign
}

// Blocks delivers blocks from to last in order, or until the context ends or the loop is left; last = Newest goes on for ever.
// LEDGER_UNAVAILABLE when the peer can't be reached or ends the stream, FORBIDDEN when it refuses the identity, NOT_FOUND when it isn't on the channel.
func (p *Peer) Blocks(ctx context.Context, from, last uint64, content Content) iter.Seq2[Delivered, error] {
	return func(yield func(Delivered, error) bool) {
		start := &orderer.SeekPosition{Type: &orderer.SeekPosition_Specified{Specified: &orderer.SeekSpecified{Number: from}}}
		stop := &orderer.SeekPosition{Type: &orderer.SeekPosition_Specified{Specified: &orderer.SeekSpecified{Number: last}}}
		p.deliver(ctx, start, stop, content, yield)
	}
}

// Last returns the newest block that the peer has; errors as of Blocks.
func (p *Peer) Last(ctx context.Context) (*common.Block, error) {
	newest := &orderer.SeekPosition{Type: &orderer.SeekPosition_Newest{Newest: &orderer.SeekNewest{}}}
	var block *common.Block
	var failure error
	p.deliver(ctx, newest, newest, Public, func(d Delivered, err error) bool {
		block, failure = d.Block, err
		return false
	})
	if failure == nil && block.GetHeader() == nil {
		failure = fault.New(fault.LedgerUnavailable, "peer %s delivered no block", p.Name)
	}
	return block, failure
}

func (p *Peer) deliver(ctx context.Context, start, stop *orderer.SeekPosition, content Content, yield func(Delivered, error) bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := p.open(ctx, start, stop, content)
	if err != nil {
		yield(Delivered{}, err)
		return
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				err = ended(ctx, p.Name, err)
			} else {
				err = fault.New(fault.LedgerUnavailable, "peer %s ended the stream of blocks", p.Name)
			}
			yield(Delivered{}, err)
			return
		}
		d, finished, err := p.read(response)
		if finished || !yield(d, err) || err != nil {
			return
		}
	}
}

// ended says why a stream broke: the context's end is the caller's own doing and stays as it is.
func ended(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.New(fault.LedgerUnavailable, "peer %s: %v", name, err)
}

func (p *Peer) read(response *peer.DeliverResponse) (d Delivered, finished bool, err error) {
	switch r := response.GetType().(type) {
	case *peer.DeliverResponse_Block:
		return Delivered{Block: r.Block}, false, nil
	case *peer.DeliverResponse_BlockAndPrivateData:
		return Delivered{Block: r.BlockAndPrivateData.GetBlock(), Private: r.BlockAndPrivateData.GetPrivateDataMap()}, false, nil
	case *peer.DeliverResponse_Status:
		switch r.Status {
		case common.Status_SUCCESS:
			return Delivered{}, true, nil
		case common.Status_FORBIDDEN:
			return Delivered{}, false, fault.New(fault.Forbidden, "peer %s doesn't let this identity read channel %s", p.Name, p.Channel)
		case common.Status_NOT_FOUND:
			return Delivered{}, false, fault.New(fault.NotFound, "peer %s doesn't have channel %s or these blocks", p.Name, p.Channel)
		}
		return Delivered{}, false, fault.New(fault.LedgerUnavailable, "peer %s answered %s", p.Name, r.Status)
	default:
		return Delivered{}, false, fault.New(fault.LedgerUnavailable, "peer %s gave an answer of unknown form", p.Name)
	}
}

type deliverStream interface {
	Send(*common.Envelope) error
	CloseSend() error
	Recv() (*peer.DeliverResponse, error)
}

func (p *Peer) open(ctx context.Context, start, stop *orderer.SeekPosition, content Content) (deliverStream, error) {
	request, err := p.request(start, stop)
	if err != nil {
		return nil, err
	}
	client := peer.NewDeliverClient(p.Conn)
	var stream deliverStream
	if content == WithPrivate {
		stream, err = client.DeliverWithPrivateData(ctx)
	} else {
		stream, err = client.Deliver(ctx)
	}
	if err != nil {
		return nil, ended(ctx, p.Name, err)
	}
	if err := stream.Send(request); err != nil && !errors.Is(err, io.EOF) {
		return nil, ended(ctx, p.Name, err)
	}
	return stream, nil
}

// request is the signed wish for a range of blocks.
func (p *Peer) request(start, stop *orderer.SeekPosition) (*common.Envelope, error) {
	nonce := make([]byte, nonceLength)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	id, sign := p.signer()
	creator, err := proto.Marshal(&msp.SerializedIdentity{Mspid: id.MspID(), IdBytes: id.Credentials()})
	if err != nil {
		return nil, err
	}
	channel, err := proto.Marshal(&common.ChannelHeader{
		Type: int32(common.HeaderType_DELIVER_SEEK_INFO), ChannelId: p.Channel, Timestamp: timestamppb.Now(),
	})
	if err != nil {
		return nil, err
	}
	signer, err := proto.Marshal(&common.SignatureHeader{Creator: creator, Nonce: nonce})
	if err != nil {
		return nil, err
	}
	data, err := proto.Marshal(&orderer.SeekInfo{Start: start, Stop: stop, Behavior: orderer.SeekInfo_BLOCK_UNTIL_READY})
	if err != nil {
		return nil, err
	}
	payload, err := proto.Marshal(&common.Payload{Header: &common.Header{ChannelHeader: channel, SignatureHeader: signer}, Data: data})
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(payload)
	signature, err := sign(digest[:])
	if err != nil {
		return nil, fmt.Errorf("the request for blocks can't be signed: %w", err)
	}
	return &common.Envelope{Payload: payload, Signature: signature}, nil
}

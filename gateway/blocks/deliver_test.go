package blocks

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// deliverer answers the deliver protocol from recorded blocks, or as it is told.
type deliverer struct {
	peer.UnimplementedDeliverServer
	chain  []Delivered
	status common.Status // Answered instead of blocks, unless it is UNKNOWN.
	broken int           // The stream breaks after so many blocks; 0 for never.
	asked  chan *common.ChannelHeader
}

func (d *deliverer) Deliver(s grpc.BidiStreamingServer[common.Envelope, peer.DeliverResponse]) error {
	return d.serve(s, func(b Delivered) *peer.DeliverResponse {
		return &peer.DeliverResponse{Type: &peer.DeliverResponse_Block{Block: b.Block}}
	})
}

func (d *deliverer) DeliverWithPrivateData(s grpc.BidiStreamingServer[common.Envelope, peer.DeliverResponse]) error {
	return d.serve(s, func(b Delivered) *peer.DeliverResponse {
		return &peer.DeliverResponse{Type: &peer.DeliverResponse_BlockAndPrivateData{
			BlockAndPrivateData: &peer.BlockAndPrivateData{Block: b.Block, PrivateDataMap: b.Private},
		}}
	})
}

func (d *deliverer) serve(s grpc.BidiStreamingServer[common.Envelope, peer.DeliverResponse], wrap func(Delivered) *peer.DeliverResponse) error {
	request, err := s.Recv()
	if err != nil {
		return err
	}
	var payload common.Payload
	var channel common.ChannelHeader
	var seek orderer.SeekInfo
	if err := errors.Join(proto.Unmarshal(request.Payload, &payload), proto.Unmarshal(payload.Header.GetChannelHeader(), &channel), proto.Unmarshal(payload.Data, &seek)); err != nil {
		return err
	}
	d.asked <- &channel
	if d.status != common.Status_UNKNOWN {
		return s.Send(&peer.DeliverResponse{Type: &peer.DeliverResponse_Status{Status: d.status}})
	}
	newest := uint64(len(d.chain) - 1)
	from, last := newest, newest
	if p := seek.Start.GetSpecified(); p != nil {
		from, last = p.Number, seek.Stop.GetSpecified().GetNumber()
	}
	sent := 0
	for n := from; n <= last && n <= newest; n++ {
		if d.broken > 0 && sent == d.broken {
			return status.Error(codes.Unavailable, "going down")
		}
		if err := s.Send(wrap(d.chain[n])); err != nil {
			return err
		}
		sent++
	}
	if last > newest {
		<-s.Context().Done()
		return s.Context().Err()
	}
	return s.Send(&peer.DeliverResponse{Type: &peer.DeliverResponse_Status{Status: common.Status_SUCCESS}})
}

type anybody struct{}

func (anybody) MspID() string       { return "AirlineMSP" }
func (anybody) Credentials() []byte { return []byte("certificate") }

func serve(t *testing.T, d *deliverer) *Peer {
	t.Helper()
	d.asked = make(chan *common.ChannelHeader, 10)
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	peer.RegisterDeliverServer(server, d)
	go server.Serve(listener) //nolint:errcheck // It ends when it is stopped.
	conn, err := grpc.NewClient("passthrough:///peer", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return listener.Dial() }))
	check(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	t.Cleanup(func() {
		check(t, conn.Close())
		server.Stop()
	})
	return &Peer{Name: "peer0", Channel: "loyalty", Conn: conn, ID: anybody{}, Sign: func(digest []byte) ([]byte, error) {
		return ecdsa.SignASN1(rand.Reader, key, digest)
	}}
}

func TestBlocksAreDeliveredInOrderWithTheirPrivateData(t *testing.T) {
	chain := recorded(t)
	chain[3].Private = map[uint64]*rwset.TxPvtReadWriteSet{0: {NsPvtRwset: []*rwset.NsPvtReadWriteSet{{Namespace: "points-airline"}}}}
	d := &deliverer{chain: chain}
	p := serve(t, d)
	next := uint64(2)
	for got, err := range p.Blocks(t.Context(), 2, 5, WithPrivate) {
		check(t, err)
		if got.Block.Header.Number != next {
			t.Errorf("block %d came, %d is due", got.Block.Header.Number, next)
		}
		if next == 3 && got.Private[0].GetNsPvtRwset()[0].GetNamespace() != "points-airline" {
			t.Error("private data are missing")
		}
		next++
	}
	if next != 6 {
		t.Errorf("it ended before block %d", next)
	}
	if asked := <-d.asked; asked.ChannelId != "loyalty" || asked.Type != int32(common.HeaderType_DELIVER_SEEK_INFO) {
		t.Errorf("asked for %v", asked)
	}
	last, err := p.Last(t.Context())
	if err != nil || last.Header.Number != 13 {
		t.Errorf("the last block is %v, %v", last.GetHeader().GetNumber(), err)
	}
}

func TestReasonsOfPeersAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		peer deliverer
		code fault.Code
	}{
		"a refused identity":    {deliverer{status: common.Status_FORBIDDEN}, fault.Forbidden},
		"no such channel":       {deliverer{status: common.Status_NOT_FOUND}, fault.NotFound},
		"something else":        {deliverer{status: common.Status_BAD_REQUEST}, fault.LedgerUnavailable},
		"a peer that goes away": {deliverer{chain: recorded(t), broken: 2}, fault.LedgerUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			var last error
			count := 0
			for _, err := range serve(t, &c.peer).Blocks(t.Context(), 0, Newest, Public) {
				if last = err; err == nil {
					count++
				}
			}
			if fault.CodeOf(last) != c.code || count != c.peer.broken {
				t.Errorf("%d blocks, then %v", count, last)
			}
		})
	}
}

func TestReaderThatStopsLeavesNothingBehind(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	t.Run("read", func(t *testing.T) {
		p := serve(t, &deliverer{chain: recorded(t)})
		for range p.Blocks(t.Context(), 0, Newest, Public) {
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		count := 0
		for _, err := range p.Blocks(ctx, 0, Newest, Public) {
			if count++; count == 14 {
				cancel()
			}
			if count > 14 && !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
		}
	})
	goleak.VerifyNone(t, ignore)
}

func TestSavedBlocksComeBackAsTheyWere(t *testing.T) {
	chain := recorded(t)
	a := Archive{Dir: t.TempDir()}
	for _, d := range chain {
		check(t, a.Save(d))
	}
	n := 0
	for d, err := range a.Blocks(uint64(len(chain)) + 1) {
		if n == len(chain) {
			if fault.CodeOf(err) != fault.NotFound {
				t.Errorf("a missing block is told as %v", err)
			}
			break
		}
		check(t, err)
		if !proto.Equal(d.Block, chain[n].Block) {
			t.Errorf("block %d changed", n)
		}
		n++
	}
}

func TestForeignAndUnreadableCertificatesAreRefused(t *testing.T) {
	all := recorded(t)
	config := decode(t, all[0]).Config
	tx := decode(t, all[13]).Transactions[0]
	for name, id := range map[string]Identity{
		"no PEM":           {MSP: tx.Creator.MSP, Certificate: []byte("certificate")},
		"no certificate":   {MSP: tx.Creator.MSP, Certificate: []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")},
		"another member's": {MSP: "RegulatorMSP", Certificate: tx.Creator.Certificate},
		"a stranger's":     {MSP: "StrangerMSP", Certificate: tx.Creator.Certificate},
	} {
		if _, err := config.Signer(id); fault.CodeOf(err) != fault.SignatureInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	raw := marshal(t, &msp.MSPConfig{Config: marshal(t, &msp.FabricMSPConfig{Name: "X"})})
	if _, err := newMSP(raw); fault.CodeOf(err) != fault.BlockInvalid {
		t.Errorf("an MSP without roots: %v", err)
	}
}

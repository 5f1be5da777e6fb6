package stubtest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const nonceLength = 24

// Proposal is what a client asks peers to endorse.
type Proposal struct {
	Chaincode string
	Args      [][]byte // The function's name and its arguments.
	Creator   *Identity
	Transient map[string][]byte
	Time      time.Time // The client's, whatever the peers' clocks say.
}

// signedProposal is a proposal as peers receive it.
type signedProposal struct {
	Proposal
	id      string
	created *timestamppb.Timestamp
	nonce   []byte
	signed  *peer.SignedProposal
	hash    []byte
}

func (p Proposal) sign(channel string) *signedProposal {
	nonce := make([]byte, nonceLength)
	must(rand.Read(nonce))
	creator := p.Creator.Serialized()
	id := sha256.Sum256(append(append([]byte{}, nonce...), creator...))
	s := &signedProposal{Proposal: p, id: hex.EncodeToString(id[:]), created: timestamppb.New(p.Time), nonce: nonce}

	extension := must(proto.Marshal(&peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{Name: p.Chaincode}}))
	channelHeader := must(proto.Marshal(&common.ChannelHeader{
		Type: int32(common.HeaderType_ENDORSER_TRANSACTION), ChannelId: channel, TxId: s.id, Timestamp: s.created, Extension: extension,
	}))
	signatureHeader := must(proto.Marshal(&common.SignatureHeader{Creator: creator, Nonce: nonce}))
	header := must(proto.Marshal(&common.Header{ChannelHeader: channelHeader, SignatureHeader: signatureHeader}))
	input := must(proto.Marshal(&peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
		ChaincodeId: &peer.ChaincodeID{Name: p.Chaincode}, Input: &peer.ChaincodeInput{Args: p.Args},
	}}))
	payload := must(proto.Marshal(&peer.ChaincodeProposalPayload{Input: input, TransientMap: p.Transient}))
	proposal := must(proto.Marshal(&peer.Proposal{Header: header, Payload: payload}))
	digest := sha256.Sum256(proposal)
	s.signed = &peer.SignedProposal{ProposalBytes: proposal, Signature: must(ecdsa.SignASN1(rand.Reader, p.Creator.key, digest[:]))}

	public := must(proto.Marshal(&peer.ChaincodeProposalPayload{Input: input}))
	h := sha256.New()
	h.Write(channelHeader)
	h.Write(signatureHeader)
	h.Write(public)
	s.hash = h.Sum(nil)
	return s
}

// binding links transient data to the proposal, as the shim computes it.
func (s *signedProposal) binding() []byte {
	digest := sha256.Sum256(binary.LittleEndian.AppendUint64(append(append([]byte{}, s.nonce...), s.Creator.Serialized()...), 0))
	return digest[:]
}

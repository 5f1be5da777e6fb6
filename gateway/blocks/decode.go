package blocks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Decode reads a block and the private data delivered with it (nil without). Bytes that can't be read are BLOCK_INVALID, naming block and transaction;
// hashes and signatures are not checked here. An envelope that Fabric itself marked as unreadable stays as a transaction without content.
func Decode(b *common.Block, private map[uint64]*rwset.TxPvtReadWriteSet) (*Block, error) {
	if b.GetHeader() == nil {
		return nil, fault.New(fault.BlockInvalid, "a block without a header was delivered")
	}
	out := &Block{
		Number: b.Header.Number, PreviousHash: b.Header.PreviousHash, DataHash: b.Header.DataHash, data: b.GetData().GetData(),
	}
	var err error
	if out.header, err = headerBytes(b.Header); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(out.header)
	out.Hash = sum[:]
	filter, err := out.readMetadata(b.GetMetadata().GetMetadata())
	if err != nil {
		return nil, err
	}
	out.Transactions = make([]Transaction, len(out.data))
	for i, raw := range out.data {
		t := &out.Transactions[i]
		t.Index, t.Code = i, peer.TxValidationCode(filter[i])
		if err := out.decodeEnvelope(raw, private[uint64(i)], t); err != nil {
			return nil, fault.New(fault.BlockInvalid, "block %d, transaction %d: %v", out.Number, i, err)
		}
	}
	return out, nil
}

// readMetadata takes signatures, commit hash and validation codes out of the block's metadata.
func (b *Block) readMetadata(metadata [][]byte) ([]byte, error) {
	at := func(i common.BlockMetadataIndex) []byte {
		if int(i) < len(metadata) {
			return metadata[i]
		}
		return nil
	}
	b.signatures = &common.Metadata{}
	if err := proto.Unmarshal(at(common.BlockMetadataIndex_SIGNATURES), b.signatures); err != nil {
		return nil, fault.New(fault.BlockInvalid, "block %d: the signatures can't be read", b.Number)
	}
	var commit common.Metadata
	if err := proto.Unmarshal(at(common.BlockMetadataIndex_COMMIT_HASH), &commit); err != nil {
		return nil, fault.New(fault.BlockInvalid, "block %d: the commit hash can't be read", b.Number)
	}
	b.CommitHash = commit.Value
	filter := at(common.BlockMetadataIndex_TRANSACTIONS_FILTER)
	if len(filter) != len(b.data) {
		return nil, fault.New(fault.BlockInvalid, "block %d has %d transactions and %d validation codes: ask a peer for it, not an orderer",
			b.Number, len(b.data), len(filter))
	}
	return filter, nil
}

func (b *Block) decodeEnvelope(raw []byte, private *rwset.TxPvtReadWriteSet, t *Transaction) error {
	var envelope common.Envelope
	var payload common.Payload
	if err := proto.Unmarshal(raw, &envelope); err != nil {
		return unlessRefused(t, "the envelope can't be read")
	}
	if err := proto.Unmarshal(envelope.Payload, &payload); err != nil || payload.Header == nil {
		return unlessRefused(t, "the payload can't be read")
	}
	t.payload, t.signature = envelope.Payload, envelope.Signature
	var channel common.ChannelHeader
	var signer common.SignatureHeader
	if err := proto.Unmarshal(payload.Header.ChannelHeader, &channel); err != nil {
		return unlessRefused(t, "the channel header can't be read")
	}
	if err := proto.Unmarshal(payload.Header.SignatureHeader, &signer); err != nil {
		return unlessRefused(t, "the signature header can't be read")
	}
	t.ID, t.Channel, t.Kind, t.nonce = channel.TxId, channel.ChannelId, common.HeaderType(channel.Type), signer.Nonce
	t.Time, t.Nanos = channel.GetTimestamp().GetSeconds(), channel.GetTimestamp().GetNanos()
	var err error
	if t.Creator, err = decodeIdentity(signer.Creator); err != nil {
		return unlessRefused(t, "the creator can't be read")
	}
	switch t.Kind {
	case common.HeaderType_CONFIG:
		b.Config, err = decodeConfig(payload.Data)
		return err
	case common.HeaderType_ENDORSER_TRANSACTION:
		if err := t.decodeEndorsed(payload.Header, &channel, payload.Data); err != nil {
			return unlessRefused(t, err.Error())
		}
		return t.decodePrivate(private)
	default:
		return unlessRefused(t, fmt.Sprintf("transactions of type %d are unknown", channel.Type))
	}
}

// unlessRefused lets an unreadable transaction pass that had no effect.
func unlessRefused(t *Transaction, message string) error {
	if t.Valid() {
		return fmt.Errorf("%s", message)
	}
	return nil
}

func (t *Transaction) decodeEndorsed(header *common.Header, channel *common.ChannelHeader, data []byte) error {
	var tx peer.Transaction
	if err := proto.Unmarshal(data, &tx); err != nil {
		return fmt.Errorf("the transaction can't be read")
	}
	if len(tx.Actions) != 1 || tx.Actions[0] == nil {
		return fmt.Errorf("a transaction has exactly one action, this one has %d", len(tx.Actions))
	}
	var action peer.ChaincodeActionPayload
	if err := proto.Unmarshal(tx.Actions[0].Payload, &action); err != nil || action.Action == nil {
		return fmt.Errorf("the action can't be read")
	}
	if err := t.decodeInvocation(channel, action.ChaincodeProposalPayload); err != nil {
		return err
	}
	if err := t.decodeResult(action.Action.ProposalResponsePayload); err != nil {
		return err
	}
	h := sha256.New()
	for _, part := range [][]byte{header.ChannelHeader, tx.Actions[0].Header, action.ChaincodeProposalPayload} {
		h.Write(part)
	}
	t.proposed = h.Sum(nil)
	t.Endorsements = make([]Endorsement, 0, len(action.Action.Endorsements))
	for _, e := range action.Action.Endorsements {
		id, err := decodeIdentity(e.GetEndorser())
		if err != nil {
			return fmt.Errorf("an endorser's identity can't be read")
		}
		t.Endorsements = append(t.Endorsements, Endorsement{Endorser: id, signature: e.GetSignature()})
	}
	return nil
}

// decodeInvocation reads what the client asked for. The chaincode is the one that the signed header names; the invocation must name the same.
func (t *Transaction) decodeInvocation(channel *common.ChannelHeader, raw []byte) error {
	var extension peer.ChaincodeHeaderExtension
	if err := proto.Unmarshal(channel.Extension, &extension); err != nil {
		return fmt.Errorf("the header's extension can't be read")
	}
	var proposal peer.ChaincodeProposalPayload
	var invocation peer.ChaincodeInvocationSpec
	if err := proto.Unmarshal(raw, &proposal); err != nil {
		return fmt.Errorf("the proposal can't be read")
	}
	if err := proto.Unmarshal(proposal.Input, &invocation); err != nil {
		return fmt.Errorf("the invocation can't be read")
	}
	t.Chaincode = extension.GetChaincodeId().GetName()
	if named := invocation.GetChaincodeSpec().GetChaincodeId().GetName(); named != t.Chaincode {
		return fmt.Errorf("the header names chaincode %q, the invocation %q", t.Chaincode, named)
	}
	t.Args = invocation.GetChaincodeSpec().GetInput().GetArgs()
	return nil
}

// decodeResult reads what the endorsers signed.
func (t *Transaction) decodeResult(raw []byte) error {
	var response peer.ProposalResponsePayload
	var action peer.ChaincodeAction
	if err := proto.Unmarshal(raw, &response); err != nil {
		return fmt.Errorf("the proposal response can't be read")
	}
	if err := proto.Unmarshal(response.Extension, &action); err != nil {
		return fmt.Errorf("the chaincode's action can't be read")
	}
	t.endorsed, t.proposalHash = raw, response.ProposalHash
	t.Status, t.Response = action.GetResponse().GetStatus(), action.GetResponse().GetPayload()
	var event peer.ChaincodeEvent
	if err := proto.Unmarshal(action.Events, &event); err != nil {
		return fmt.Errorf("the chaincode event can't be read")
	}
	if event.EventName != "" || event.ChaincodeId != "" {
		t.Event = &Event{Chaincode: event.ChaincodeId, TxID: event.TxId, Name: event.EventName, Payload: event.Payload}
	}
	var err error
	t.Namespaces, err = decodeReadWriteSet(action.Results)
	return err
}

func decodeIdentity(raw []byte) (Identity, error) {
	var id msp.SerializedIdentity
	if err := proto.Unmarshal(raw, &id); err != nil {
		return Identity{}, err
	}
	return Identity{MSP: id.Mspid, Certificate: id.IdBytes, serialised: raw}, nil
}

// transactionID is what Fabric derives from a creator and its nonce.
func transactionID(nonce, creator []byte) string {
	h := sha256.New()
	h.Write(nonce)
	h.Write(creator)
	return hex.EncodeToString(h.Sum(nil))
}

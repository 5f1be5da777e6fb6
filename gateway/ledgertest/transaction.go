package ledgertest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tallystick/tallystick/chaincode/engine"
)

// envelope builds, endorses and signs a transaction.
func envelope(t testing.TB, p Proposal, channel string, results []byte, effects engine.Effects) ([]byte, string) {
	t.Helper()
	nonce := make([]byte, 24)
	_, err := rand.Read(nonce)
	must(t, err)
	creator := p.Caller.serialised(t)
	sum := sha256.Sum256(append(slices.Clone(nonce), creator...))
	id := hex.EncodeToString(sum[:])
	header := &common.Header{
		ChannelHeader: marshal(t, &common.ChannelHeader{
			Type: int32(common.HeaderType_ENDORSER_TRANSACTION), ChannelId: channel, TxId: id, Timestamp: &timestamppb.Timestamp{Seconds: p.Time},
			Extension: marshal(t, &peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{Name: p.Chaincode}}),
		}),
		SignatureHeader: marshal(t, &common.SignatureHeader{Creator: creator, Nonce: nonce}),
	}
	proposal := marshal(t, &peer.ChaincodeProposalPayload{Input: marshal(t, &peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
		ChaincodeId: &peer.ChaincodeID{Name: p.Chaincode}, Input: &peer.ChaincodeInput{Args: [][]byte{[]byte(p.Function), p.Document}},
	}})})
	hash := sha256.Sum256(slices.Concat(header.ChannelHeader, header.SignatureHeader, proposal))
	action := &peer.ChaincodeAction{
		Results: results, Response: &peer.Response{Status: 200, Payload: effects.Response}, ChaincodeId: &peer.ChaincodeID{Name: p.Chaincode},
	}
	if effects.EventName != "" {
		action.Events = marshal(t, &peer.ChaincodeEvent{ChaincodeId: p.Chaincode, TxId: id, EventName: effects.EventName, Payload: effects.EventPayload})
	}
	response := marshal(t, &peer.ProposalResponsePayload{ProposalHash: hash[:], Extension: marshal(t, action)})
	endorsed := &peer.ChaincodeEndorsedAction{ProposalResponsePayload: response}
	for _, e := range p.Endorsers {
		endorser := e.serialised(t)
		endorsed.Endorsements = append(endorsed.Endorsements, &peer.Endorsement{Endorser: endorser, Signature: e.sign(t, response, endorser)})
	}
	tx := marshal(t, &peer.Transaction{Actions: []*peer.TransactionAction{{
		Header:  header.SignatureHeader,
		Payload: marshal(t, &peer.ChaincodeActionPayload{ChaincodeProposalPayload: proposal, Action: endorsed}),
	}}})
	payload := marshal(t, &common.Payload{Header: header, Data: tx})
	return marshal(t, &common.Envelope{Payload: payload, Signature: p.Caller.sign(t, payload)}), id
}

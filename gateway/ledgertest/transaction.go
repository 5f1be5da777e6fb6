package ledgertest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tallystick/tallystick/chaincode/engine"
)

// simulation is what one execution read and wrote.
type simulation struct {
	reads   map[string]map[string]*kvrwset.Version // By namespace and key.
	effects engine.Effects
}

// encode gives the public read-write set and the private one (nil without private writes).
func (s *simulation) encode(t testing.TB, chaincode string) ([]byte, *rwset.TxPvtReadWriteSet) {
	namespaces := slices.Sorted(maps.Keys(s.reads))
	if !slices.Contains(namespaces, chaincode) {
		namespaces = append(namespaces, chaincode)
		slices.Sort(namespaces)
	}
	public := &rwset.TxReadWriteSet{DataModel: rwset.TxReadWriteSet_KV}
	var private *rwset.TxPvtReadWriteSet
	for _, name := range namespaces {
		kv := &kvrwset.KVRWSet{}
		for _, key := range slices.Sorted(maps.Keys(s.reads[name])) {
			kv.Reads = append(kv.Reads, &kvrwset.KVRead{Key: key, Version: s.reads[name][key]})
		}
		n := &rwset.NsReadWriteSet{Namespace: name}
		if name == chaincode {
			for _, w := range s.effects.Writes {
				kv.Writes = append(kv.Writes, &kvrwset.KVWrite{Key: w.Key, Value: w.Value})
			}
			n.CollectionHashedRwset, private = s.encodePrivate(t, name)
		}
		n.Rwset = marshal(t, kv)
		public.NsRwset = append(public.NsRwset, n)
	}
	return marshal(t, public), private
}

func (s *simulation) encodePrivate(t testing.TB, namespace string) ([]*rwset.CollectionHashedReadWriteSet, *rwset.TxPvtReadWriteSet) {
	if len(s.effects.Private) == 0 {
		return nil, nil
	}
	clear, hashed := &kvrwset.KVRWSet{}, &kvrwset.HashedRWSet{}
	collection := s.effects.Private[0].Collection
	for _, w := range s.effects.Private {
		key, value := sha256.Sum256([]byte(w.Key)), sha256.Sum256(w.Value)
		clear.Writes = append(clear.Writes, &kvrwset.KVWrite{Key: w.Key, Value: w.Value})
		hashed.HashedWrites = append(hashed.HashedWrites, &kvrwset.KVWriteHash{KeyHash: key[:], ValueHash: value[:]})
	}
	raw := marshal(t, clear)
	sum := sha256.Sum256(raw)
	return []*rwset.CollectionHashedReadWriteSet{{CollectionName: collection, HashedRwset: marshal(t, hashed), PvtRwsetHash: sum[:]}},
		&rwset.TxPvtReadWriteSet{NsPvtRwset: []*rwset.NsPvtReadWriteSet{{
			Namespace: namespace, CollectionPvtRwset: []*rwset.CollectionPvtReadWriteSet{{CollectionName: collection, Rwset: raw}},
		}}}
}

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

//go:build network

package localnet

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
)

const regulatorMSP = "RegulatorMSP"

// regulatorRestores tries what the regulator's own administrator could do to get its right to write back: set the rule, drop
// it so that it can be set afresh, and add a second rule to its group. A brand's administrator hands each change over, so that
// not the missing right to write but the rules' own mod_policy has to refuse it. A majority of brands may do the first.
func regulatorRestores(t *testing.T, c *Consortium) {
	writers := configtx.Policy{Type: configtx.SignaturePolicyType, Rule: "OutOf(1, 'RegulatorMSP.admin')", ModPolicy: configtx.AdminsPolicyKey}
	regulator := signer(t, c, "regulator", membership.AdminIdentity)
	airline := signer(t, c, "airline", membership.AdminIdentity)
	hotel := signer(t, c, "hotel", membership.AdminIdentity)
	restore := func(o *configtx.ApplicationOrg) error { return o.SetPolicy(configtx.WritersPolicyKey, writers) }
	for _, attempt := range []struct {
		name    string
		change  func(*configtx.ApplicationOrg) error
		signers []identity.SigningIdentity
		want    common.Status
	}{
		{"set", restore, []identity.SigningIdentity{regulator}, common.Status_BAD_REQUEST},
		{"drop", func(o *configtx.ApplicationOrg) error { return o.RemovePolicy(configtx.WritersPolicyKey) }, []identity.SigningIdentity{regulator}, common.Status_BAD_REQUEST},
		{"add", func(o *configtx.ApplicationOrg) error { return o.SetPolicy("Writers2", writers) }, []identity.SigningIdentity{regulator}, common.Status_BAD_REQUEST},
		{"endorse", func(o *configtx.ApplicationOrg) error { return o.SetPolicy(configtx.EndorsementPolicyKey, writers) }, []identity.SigningIdentity{regulator}, common.Status_BAD_REQUEST},
		{"guard the rule itself", func(o *configtx.ApplicationOrg) error {
			never := writers
			never.Rule, never.ModPolicy = "OutOf(2, 'RegulatorMSP.member')", configtx.AdminsPolicyKey
			return o.SetPolicy(configtx.WritersPolicyKey, never)
		}, []identity.SigningIdentity{regulator}, common.Status_BAD_REQUEST},
		{"guard its group itself", func(o *configtx.ApplicationOrg) error { return o.SetModPolicy(configtx.AdminsPolicyKey) }, []identity.SigningIdentity{regulator}, common.Status_BAD_REQUEST},
		{"set, with one brand", restore, []identity.SigningIdentity{regulator, airline}, common.Status_BAD_REQUEST},
		{"set, with two brands", restore, []identity.SigningIdentity{airline, hotel}, common.Status_SUCCESS},
	} {
		t.Run(attempt.name, func(t *testing.T) {
			update := updateOf(t, c, func(config *configtx.ConfigTx) error {
				return attempt.change(config.Application().Organization(regulatorMSP))
			})
			if status := broadcast(t, c, signedUpdate(t, c, airline, update, attempt.signers...)); status != attempt.want {
				t.Fatalf("the ordering service answered %s, want %s", status, attempt.want)
			}
		})
	}
}

// group is what the configuration library offers of a member's group in either part of the channel.
type group interface {
	SetPolicy(name string, rule configtx.Policy) error
	RemovePolicy(name string) error
	SetModPolicy(modPolicy string) error
}

// brandWidens tries what a brand's administrator could do alone to let more of its identities have transactions ordered: in both parts of the channel, set the rule,
// drop it, guard it or its group itself. A majority of brands may. What a member says of itself stays its own to change: its
// anchors here, its revocations and roots in tests of their own.
func brandWidens(t *testing.T, c *Consortium) {
	all := configtx.Policy{Type: configtx.SignaturePolicyType, Rule: "OutOf(1, 'AirlineMSP.member')", ModPolicy: configtx.AdminsPolicyKey}
	airline, hotel := signer(t, c, "airline", membership.AdminIdentity), signer(t, c, "hotel", membership.AdminIdentity)
	widen := func(g group) error { return g.SetPolicy(configtx.WritersPolicyKey, all) }
	attempt := func(name string, want common.Status, change func(*configtx.ConfigTx) error, signers ...identity.SigningIdentity) {
		t.Run(name, func(t *testing.T) {
			if status := broadcast(t, c, signedUpdate(t, c, airline, updateOf(t, c, change), signers...)); status != want {
				t.Fatalf("the ordering service answered %s, want %s", status, want)
			}
		})
	}
	for part, of := range map[string]func(*configtx.ConfigTx) group{
		"application": func(config *configtx.ConfigTx) group { return config.Application().Organization("AirlineMSP") },
		"ordering":    func(config *configtx.ConfigTx) group { return config.Orderer().Organization("AirlineMSP") },
	} {
		for name, change := range map[string]func(group) error{
			"set":                    widen,
			"drop":                   func(g group) error { return g.RemovePolicy(configtx.WritersPolicyKey) },
			"guard its group itself": func(g group) error { return g.SetModPolicy(configtx.AdminsPolicyKey) },
		} {
			attempt(part+", "+name, common.Status_BAD_REQUEST, func(config *configtx.ConfigTx) error { return change(of(config)) }, airline)
		}
	}
	attempt("proposers", common.Status_BAD_REQUEST, func(config *configtx.ConfigTx) error {
		return config.Application().Organization("AirlineMSP").SetPolicy("Proposers", all)
	}, airline)
	attempt("anchors alone", common.Status_SUCCESS, func(config *configtx.ConfigTx) error {
		return config.Application().Organization("AirlineMSP").AddAnchorPeer(configtx.Address{Host: "peer1.airline.example", Port: 7051})
	}, airline)
	attempt("set, with two brands", common.Status_SUCCESS, func(config *configtx.ConfigTx) error { return widen(config.Application().Organization("AirlineMSP")) }, airline, hotel)
}

// updateOf computes a change against the channel's first block: nothing has changed that part of it since.
func updateOf(t *testing.T, c *Consortium, change func(*configtx.ConfigTx) error) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), networkPatience)
	defer cancel()
	block := readBlock(ctx, t, c, signer(t, c, "regulator", string(membership.AuditorRole)), 0)
	var envelope common.Envelope
	var payload common.Payload
	var wrapped common.ConfigEnvelope
	decode(t, block.GetData().GetData()[0], &envelope)
	decode(t, envelope.GetPayload(), &payload)
	decode(t, payload.GetData(), &wrapped)
	config := configtx.New(wrapped.GetConfig())
	if err := change(&config); err != nil {
		t.Fatal(err)
	}
	update, err := config.ComputeMarshaledUpdate(c.Membership.Channel)
	if err != nil {
		t.Fatal(err)
	}
	return update
}

// signedUpdate wraps a change with its signatures into an envelope of a sender.
func signedUpdate(t *testing.T, c *Consortium, sender identity.SigningIdentity, update []byte, signers ...identity.SigningIdentity) *common.Envelope {
	t.Helper()
	wrapped := &common.ConfigUpdateEnvelope{ConfigUpdate: update}
	for _, s := range signers {
		header := encode(t, signatureHeader(t, s))
		wrapped.Signatures = append(wrapped.Signatures, &common.ConfigSignature{
			SignatureHeader: header, Signature: sign(t, s, append(append([]byte{}, header...), update...)),
		})
	}
	payload := payloadOf(t, c, sender, common.HeaderType_CONFIG_UPDATE, encode(t, wrapped))
	return &common.Envelope{Payload: payload, Signature: sign(t, sender, payload)}
}

// payloadOf is a message to the ordering service, ready to be signed.
func payloadOf(t *testing.T, c *Consortium, sender identity.SigningIdentity, kind common.HeaderType, data []byte) []byte {
	t.Helper()
	header := signatureHeader(t, sender)
	sum := sha256.Sum256(append(append([]byte{}, header.GetNonce()...), header.GetCreator()...))
	return encode(t, &common.Payload{
		Header: &common.Header{
			ChannelHeader: encode(t, &common.ChannelHeader{
				Type: int32(kind), ChannelId: c.Membership.Channel,
				Timestamp: timestamppb.Now(), TxId: hex.EncodeToString(sum[:]),
			}),
			SignatureHeader: encode(t, header),
		},
		Data: data,
	})
}

func signatureHeader(t *testing.T, s identity.SigningIdentity) *common.SignatureHeader {
	t.Helper()
	nonce := make([]byte, 24)
	if _, err := rand.Read(nonce); err != nil {
		t.Fatal(err)
	}
	return &common.SignatureHeader{Creator: encode(t, &msp.SerializedIdentity{Mspid: s.MspID(), IdBytes: s.Credentials()}), Nonce: nonce}
}

// broadcast hands an envelope to the airline's ordering node and gives its answer; it hands it over again while that node can't order anything, as when it knows no leader.
func broadcast(t *testing.T, c *Consortium, envelope *common.Envelope) common.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), networkPatience)
	defer cancel()
	for {
		status := broadcastOnce(ctx, t, c, envelope)
		if status != common.Status_SERVICE_UNAVAILABLE {
			return status
		}
		select {
		case <-ctx.Done():
			t.Fatal("the ordering node can't order anything")
		case <-time.After(readinessInterval):
		}
	}
}

func broadcastOnce(ctx context.Context, t *testing.T, c *Consortium, envelope *common.Envelope) common.Status {
	t.Helper()
	connection, err := lifecycle.Connect(c.Dir, "airline", c.Membership.OrdererPorts("airline", 0).Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	stream, err := orderer.NewAtomicBroadcastClient(connection).Broadcast(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(envelope); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %s", answer.GetStatus(), answer.GetInfo())
	return answer.GetStatus()
}

func encode(t *testing.T, message proto.Message) []byte {
	t.Helper()
	data, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t *testing.T, data []byte, message proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(data, message); err != nil {
		t.Fatal(err)
	}
}

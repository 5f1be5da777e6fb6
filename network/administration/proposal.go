package administration

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
)

// Proposal is a change of the channel on its way round the members, whose administrators sign it each where its keys are. Its bytes are Fabric's own form, which
// `peer channel signconfigtx` signs too.
type Proposal struct {
	channel string
	wrapped *common.ConfigUpdateEnvelope
}

// Propose begins the way of an update.
func Propose(channel string, update []byte) *Proposal {
	return &Proposal{channel: channel, wrapped: &common.ConfigUpdateEnvelope{ConfigUpdate: update}}
}

// ReadProposal reads one from the bytes of a file. CHANNEL_UPDATE when it is none, or not for this channel.
func ReadProposal(channel string, data []byte) (*Proposal, error) {
	var envelope common.Envelope
	var payload common.Payload
	var header common.ChannelHeader
	var update common.ConfigUpdate
	p := &Proposal{channel: channel, wrapped: new(common.ConfigUpdateEnvelope)}
	for _, part := range []struct {
		data func() []byte
		into proto.Message
	}{
		{func() []byte { return data }, &envelope}, {envelope.GetPayload, &payload}, {func() []byte { return payload.GetHeader().GetChannelHeader() }, &header},
		{payload.GetData, p.wrapped}, {p.wrapped.GetConfigUpdate, &update},
	} {
		if err := proto.Unmarshal(part.data(), part.into); err != nil {
			return nil, failure.Wrap(failure.ChannelUpdate, err, "not a change of a channel")
		}
	}
	if header.GetType() != int32(common.HeaderType_CONFIG_UPDATE) || update.GetWriteSet() == nil {
		return nil, failure.New(failure.ChannelUpdate, "not a change of a channel")
	}
	if header.GetChannelId() != channel || update.GetChannelId() != channel {
		return nil, failure.New(failure.ChannelUpdate, "a change of the channel %q, not of %q", update.GetChannelId(), channel)
	}
	return p, nil
}

// Bytes are those of its file.
func (p *Proposal) Bytes() ([]byte, error) {
	header, err := proto.Marshal(&common.ChannelHeader{Type: int32(common.HeaderType_CONFIG_UPDATE), ChannelId: p.channel})
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't encode a change")
	}
	content, err := proto.Marshal(p.wrapped)
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't encode a change")
	}
	payload, err := proto.Marshal(&common.Payload{Header: &common.Header{ChannelHeader: header}, Data: content})
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't encode a change")
	}
	return proto.Marshal(&common.Envelope{Payload: payload})
}

// Sign adds an administrator's signature; a member's earlier one makes way.
func (p *Proposal) Sign(admin identity.SigningIdentity) error {
	signature, err := Sign(p.wrapped.GetConfigUpdate(), admin)
	if err != nil {
		return err
	}
	p.wrapped.Signatures = slices.DeleteFunc(p.wrapped.GetSignatures(), func(s *common.ConfigSignature) bool { return signedBy(s) == admin.MspID() })
	p.wrapped.Signatures = append(p.wrapped.Signatures, signature)
	return nil
}

// Signers are the organisations that have signed, in their order, each once. Whether their signatures hold, the ordering nodes look.
func (p *Proposal) Signers() []string {
	var names []string
	for _, s := range p.wrapped.GetSignatures() {
		if name := signedBy(s); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Join takes the signatures of a copy that was signed elsewhere. Two different ones of a member are kept both, as one may be of a certificate that counts no more:
// ordering nodes pass over what doesn't hold. CHANNEL_UPDATE when it isn't of the same change.
func (p *Proposal) Join(other *Proposal) error {
	if !bytes.Equal(p.wrapped.GetConfigUpdate(), other.wrapped.GetConfigUpdate()) {
		return failure.New(failure.ChannelUpdate, "the files are of different changes")
	}
	for _, s := range other.wrapped.GetSignatures() {
		if !slices.ContainsFunc(p.wrapped.GetSignatures(), func(has *common.ConfigSignature) bool { return proto.Equal(has, s) }) {
			p.wrapped.Signatures = append(p.wrapped.Signatures, s)
		}
	}
	return nil
}

func signedBy(s *common.ConfigSignature) string {
	var header common.SignatureHeader
	var creator msp.SerializedIdentity
	if proto.Unmarshal(s.GetSignatureHeader(), &header) != nil || proto.Unmarshal(header.GetCreator(), &creator) != nil {
		return ""
	}
	return creator.GetMspid()
}

// Review is what an administrator learns of a change before it signs.
type Review struct {
	Made        bool // The channel has all of it already.
	Differences []Difference
	Deciders    Deciders
}

// Against says what it changes of the channel's newest configuration, and who has to sign it. CHANNEL_UPDATE when the channel has changed since, so that it has to be written anew.
func (s Site) Against(ctx context.Context, p *Proposal) (Review, error) {
	u, err := s.updater()
	if err != nil {
		return Review{}, err
	}
	config, err := u.agreed(ctx)
	if err != nil {
		return Review{}, err
	}
	return p.review(config)
}

func (p *Proposal) review(config *common.Config) (Review, error) {
	if done, err := made(config, p.wrapped.GetConfigUpdate()); done || err != nil {
		return Review{Made: done}, err
	}
	return ReviewOf(config, p.wrapped.GetConfigUpdate())
}

// ReviewOf an update that a configuration doesn't have yet.
func ReviewOf(config *common.Config, update []byte) (Review, error) {
	lines, err := Differences(config, update)
	if err != nil {
		return Review{}, err
	}
	deciders, err := DecidersOf(config, update)
	if len(lines) == 0 {
		lines = []Difference{{Text: "something of which nothing can be said: " + bytesInWords(update), Unexplained: true}}
	}
	return Review{Differences: lines, Deciders: deciders}, err
}

// Unexplained tells whether it changes something that has no words.
func (r Review) Unexplained() bool {
	return slices.ContainsFunc(r.Differences, func(d Difference) bool { return d.Unexplained })
}

// maxRefusals of one and the same update on one and the same configuration, after which it isn't tried again: the peer that says what the configuration is may be a little behind.
const maxRefusals = 5

// Submit hands a signed change over until the channel has it, and says whether it hadn't. wait is as for Carry. CHANNEL_UPDATE with the ordering nodes' refusal when
// too few have signed, or when the channel has changed since it was written.
func (s Site) Submit(ctx context.Context, p *Proposal, wait time.Duration) (bool, error) {
	u, err := s.updater()
	if err != nil {
		return false, err
	}
	u.signers, u.given = nil, p.wrapped.GetSignatures()
	if err := s.mayWrite(u); err != nil {
		return false, err
	}
	h := handingOver{update: p.wrapped.GetConfigUpdate(), to: u.send}
	changes, err := steps{agreed: u.agreed, ready: u.othersUp(wait), update: h.lacks, send: h.send}.bring(ctx)
	return changes > 0, err
}

// handingOver is an update that can't be made anew: others have signed it.
type handingOver struct {
	update   []byte
	to       func(context.Context, []byte) error
	refused  int
	sequence uint64 // Of the configuration on which it was refused.
	last     error
}

func (h *handingOver) lacks(config *common.Config) ([]byte, error) {
	if done, err := made(config, h.update); done || err != nil {
		return nil, err
	}
	if config.GetSequence() != h.sequence {
		h.refused, h.sequence = 0, config.GetSequence()
	}
	if h.refused >= maxRefusals {
		return nil, h.last
	}
	return h.update, nil
}

func (h *handingOver) send(ctx context.Context, update []byte) error {
	err := h.to(ctx, update)
	if errors.Is(err, errRefused) {
		h.refused, h.last = h.refused+1, err
	}
	return err
}

// Sign adds the signature of the member's administrator.
func (s Site) Sign(p *Proposal) error {
	admin, err := lifecycle.Signer(s.Dir, s.Member, membership.AdminIdentity)
	if err != nil {
		return err
	}
	return p.Sign(admin)
}

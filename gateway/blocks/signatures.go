package blocks

import (
	"bytes"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// CheckOrderers verifies every orderer signature over the block under the configuration in force before it: each is over metadata value, signature header
// and block header, by an identity with the Node OU orderer, and together they satisfy the channel's BlockValidation policy. SIGNATURE_INVALID otherwise.
// The genesis block has no signature: its hash is what members agreed on.
func (b *Block) CheckOrderers(c *Config) error {
	signers := make([]*Signer, 0, len(b.signatures.Signatures))
	for i, s := range b.signatures.Signatures {
		signer, err := b.orderer(c, s)
		if err != nil {
			return fault.New(fault.SignatureInvalid, "block %d, orderer signature %d: %v", b.Number, i, err)
		}
		signers = append(signers, signer)
	}
	ok, err := satisfied(c.root.GetGroups()[groupOrderer], policyBlocks, signers, 0)
	if err != nil {
		return fault.New(fault.SignatureInvalid, "block %d: the channel's %s policy: %v", b.Number, policyBlocks, err)
	}
	if !ok {
		return fault.New(fault.SignatureInvalid, "block %d: %d orderer signatures don't satisfy the channel's %s policy", b.Number, len(signers), policyBlocks)
	}
	return nil
}

func (b *Block) orderer(c *Config, s *common.MetadataSignature) (*Signer, error) {
	if len(s.GetSignatureHeader()) == 0 {
		return nil, fault.New(fault.SignatureInvalid, "it has no signature header")
	}
	var header common.SignatureHeader
	if err := proto.Unmarshal(s.SignatureHeader, &header); err != nil {
		return nil, fault.New(fault.SignatureInvalid, "its header can't be read")
	}
	id, err := decodeIdentity(header.Creator)
	if err != nil {
		return nil, fault.New(fault.SignatureInvalid, "its identity can't be read")
	}
	signer, err := c.Signer(id)
	if err != nil {
		return nil, err
	}
	if !signer.Has(RoleOrderer) {
		return nil, fault.New(fault.SignatureInvalid, "the signer of %s isn't an ordering node", id.MSP)
	}
	if !signer.verify(s.Signature, b.signatures.Value, s.SignatureHeader, b.header) {
		return nil, fault.New(fault.SignatureInvalid, "it isn't a signature of %s over this block", id.MSP)
	}
	return signer, nil
}

// Checked are the identities behind a transaction whose signatures hold.
type Checked struct {
	Creator   *Signer
	Endorsers []*Signer
}

// Peers returns the MSP ids of the endorsers that are peers, each once.
func (c *Checked) Peers() map[string]bool {
	out := map[string]bool{}
	for _, s := range c.Endorsers {
		if s.Has(RolePeer) {
			out[s.MSP] = true
		}
	}
	return out
}

// Check verifies an endorsed transaction: its id follows from creator and nonce, the creator signed it, and each endorser signed exactly this proposal's result.
// SIGNATURE_INVALID otherwise.
func (t *Transaction) Check(c *Config) (*Checked, error) {
	if t.ID != transactionID(t.nonce, t.Creator.serialised) {
		return nil, fault.New(fault.SignatureInvalid, "the transaction's id doesn't follow from its creator and nonce")
	}
	creator, err := c.Signer(t.Creator)
	if err != nil {
		return nil, err
	}
	if !creator.verify(t.signature, t.payload) {
		return nil, fault.New(fault.SignatureInvalid, "the transaction isn't signed by its creator")
	}
	if !bytes.Equal(t.proposalHash, t.proposed) {
		return nil, fault.New(fault.SignatureInvalid, "the endorsers answered another proposal than this one")
	}
	out := &Checked{Creator: creator, Endorsers: make([]*Signer, 0, len(t.Endorsements))}
	for _, e := range t.Endorsements {
		s, err := c.Signer(e.Endorser)
		if err != nil {
			return nil, err
		}
		if !s.verify(e.signature, t.endorsed, e.Endorser.serialised) {
			return nil, fault.New(fault.SignatureInvalid, "an endorsement isn't a signature of %s over this result", e.Endorser.MSP)
		}
		out.Endorsers = append(out.Endorsers, s)
	}
	return out, nil
}

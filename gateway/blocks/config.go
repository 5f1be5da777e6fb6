package blocks

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Names in Fabric's channel configuration.
const (
	groupOrderer     = "Orderer"
	groupApplication = "Application"
	valueMSP         = "MSP"
	policyBlocks     = "BlockValidation"
)

// Config is the channel's configuration, as a configuration block leaves it.
type Config struct {
	Sequence     uint64
	Applications []string // MSP ids of the members with peers, in order.
	Orderers     []string // MSP ids of the members with ordering nodes, in order.

	root *common.ConfigGroup
	msps map[string]*MSP
}

func decodeConfig(raw []byte) (*Config, error) {
	var envelope common.ConfigEnvelope
	if err := proto.Unmarshal(raw, &envelope); err != nil || envelope.GetConfig().GetChannelGroup() == nil {
		return nil, fmt.Errorf("the channel configuration can't be read")
	}
	c := &Config{Sequence: envelope.Config.Sequence, root: envelope.Config.ChannelGroup, msps: map[string]*MSP{}}
	var err error
	if c.Applications, err = c.addMembers(groupApplication); err != nil {
		return nil, err
	}
	if c.Orderers, err = c.addMembers(groupOrderer); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) addMembers(group string) ([]string, error) {
	var ids []string
	for name, org := range c.root.GetGroups()[group].GetGroups() {
		raw := org.GetValues()[valueMSP].GetValue()
		if raw == nil {
			return nil, fmt.Errorf("organisation %q of the channel has no MSP", name)
		}
		m, err := newMSP(raw)
		if err != nil {
			return nil, err
		}
		if _, ok := c.msps[m.ID]; !ok {
			c.msps[m.ID] = m
		}
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	return ids, nil
}

// Revoked says whether the member whose authority issued a certificate has revoked it: TLS certificates too, which the ledger itself never sees.
func (c *Config) Revoked(certificate *x509.Certificate) bool {
	for _, m := range c.msps {
		issued := slices.ContainsFunc(m.issuers, func(i *x509.Certificate) bool { return certificate.CheckSignatureFrom(i) == nil })
		if issued && slices.ContainsFunc(m.revoked, func(list *x509.RevocationList) bool { return m.lists(list, certificate) }) {
			return true
		}
	}
	return false
}

// Signer checks an identity against the MSP that it names; SIGNATURE_INVALID when the channel doesn't know that MSP or the certificate isn't good.
func (c *Config) Signer(id Identity) (*Signer, error) {
	m, ok := c.msps[id.MSP]
	if !ok {
		return nil, fault.New(fault.SignatureInvalid, "the channel has no organisation with MSP id %q", id.MSP)
	}
	return m.Signer(id)
}

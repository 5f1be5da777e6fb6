package administration

import (
	"crypto/x509"
	"encoding/pem"
	"slices"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

// Revoke brings a member's list of revocations (PEM) into the channel, from where every peer and ordering node takes it. The member's own administrator signs:
// its description in the channel is its own to change.
func Revoke(m *membership.Membership, member membership.Member, list []byte) Change {
	return Change{By: ItsOwn, Update: func(config *common.Config) ([]byte, error) { return Revocation(config, m.Channel, member.MSP(), list) }}
}

// Revocation is the update that sets an organisation's list of revocations wherever the channel describes it; nil when the channel knows of all of them. A list that
// is in the channel stays beside the new one
// as long as it names a certificate that the new one doesn't: nothing that was revoked comes back. CHANNEL_UPDATE when the list isn't signed by the organisation's authority.
func Revocation(config *common.Config, channel, organisation string, list []byte) ([]byte, error) {
	next := configtx.New(config)
	err := describe(&next, organisation, func(description *msp.FabricMSPConfig) error { return setRevocations(description, list) })
	if err != nil {
		return nil, err
	}
	return updateOf(&next, channel)
}

func setRevocations(description *msp.FabricMSPConfig, list []byte) error {
	fresh, err := parseRevocations(list)
	if err != nil {
		return err
	}
	if err := signedByAuthority(fresh, description.GetRootCerts()); err != nil {
		return err
	}
	lists, known := [][]byte{list}, new(x509.RevocationList)
	for _, old := range description.GetRevocationList() {
		parsed, err := parseRevocations(old)
		if err != nil {
			return err
		}
		known.RevokedCertificateEntries = append(known.RevokedCertificateEntries, parsed.RevokedCertificateEntries...)
		if !covers(fresh, parsed) {
			lists = append(lists, old)
		}
	}
	if !covers(known, fresh) {
		description.RevocationList = lists
	}
	return nil
}

func parseRevocations(list []byte) (*x509.RevocationList, error) {
	block, _ := pem.Decode(list)
	if block == nil {
		return nil, failure.New(failure.ChannelUpdate, "a list of revocations is PEM")
	}
	parsed, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "a list of revocations can't be read")
	}
	return parsed, nil
}

func signedByAuthority(list *x509.RevocationList, roots [][]byte) error {
	for _, root := range roots {
		block, _ := pem.Decode(root)
		if block == nil {
			continue
		}
		if authority, err := x509.ParseCertificate(block.Bytes); err == nil && list.CheckSignatureFrom(authority) == nil {
			return nil
		}
	}
	return failure.New(failure.ChannelUpdate, "the list of revocations isn't signed by the organisation's authority")
}

// covers says whether a list names every certificate that an older one names.
func covers(fresh, old *x509.RevocationList) bool {
	return !slices.ContainsFunc(old.RevokedCertificateEntries, func(was x509.RevocationListEntry) bool {
		return !slices.ContainsFunc(fresh.RevokedCertificateEntries, func(is x509.RevocationListEntry) bool { return is.SerialNumber.Cmp(was.SerialNumber) == 0 })
	})
}

package administration

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// mspValue is the name of the value that describes an organisation's identities.
const mspValue = "MSP"

// Revoke brings a member's list of revocations (PEM) into the channel, from where every peer and ordering node takes it, and says whether that changed anything. The member's own administrator signs:
// its description in the channel is its own to change. A regulator may write nothing, so that a brand's administrator hands its update over.
func Revoke(ctx context.Context, dir rundir.Dir, m *membership.Membership, member membership.Member, list []byte) (bool, error) {
	admin, err := lifecycle.Signer(dir, member, membership.AdminIdentity)
	if err != nil {
		return false, err
	}
	u := &updater{dir: dir, m: m, brands: []membership.Member{member}, orderers: m.Brands()}
	u.admins = append(u.admins, admin)
	u.signers, u.sender = u.admins, admin
	if !member.IsBrand() {
		if u.sender, err = lifecycle.Signer(dir, m.Brands()[0], membership.AdminIdentity); err != nil {
			return false, err
		}
	}
	config, err := u.agreed(ctx)
	if err != nil {
		return false, err
	}
	update, err := Revocation(config, m.Channel, member.MSP(), list)
	if err != nil || update == nil {
		return false, err
	}
	return true, u.submit(ctx, config.GetSequence(), update)
}

// Revocation is the update that sets an organisation's list of revocations wherever the channel describes it; nil when the channel knows of all of them. A list that is in the channel stays beside the new one
// as long as it names a certificate that the new one doesn't: nothing that was revoked comes back. CHANNEL_UPDATE when the list isn't signed by the organisation's authority.
func Revocation(config *common.Config, channel, organisation string, list []byte) ([]byte, error) {
	next := configtx.New(config)
	described := 0
	for _, section := range []string{"Application", "Orderer"} {
		value := next.UpdatedConfig().GetChannelGroup().GetGroups()[section].GetGroups()[organisation].GetValues()[mspValue]
		if value == nil {
			continue
		}
		described++
		if err := setRevocations(value, list); err != nil {
			return nil, err
		}
	}
	if described == 0 {
		return nil, failure.New(failure.ChannelUpdate, "the channel doesn't know %s", organisation)
	}
	return updateOf(&next, channel)
}

func setRevocations(value *common.ConfigValue, list []byte) error {
	var wrapped msp.MSPConfig
	var description msp.FabricMSPConfig
	if err := proto.Unmarshal(value.GetValue(), &wrapped); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "an organisation's description can't be read")
	}
	if err := proto.Unmarshal(wrapped.GetConfig(), &description); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "an organisation's description can't be read")
	}
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
	if covers(known, fresh) {
		return nil
	}
	description.RevocationList = lists
	if wrapped.Config, err = proto.Marshal(&description); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "an organisation's description can't be encoded")
	}
	if value.Value, err = proto.Marshal(&wrapped); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "an organisation's description can't be encoded")
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

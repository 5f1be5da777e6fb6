package administration

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/genesis"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
	"github.com/tallystick/tallystick/network/rundir"
)

// AddRoot has the channel believe a further authority of a member's beside those that it believes, and says whether that changed anything. The member's administrator
// signs alone. Nothing that the others issued ends by it.
func AddRoot(ctx context.Context, dir rundir.Dir, m *membership.Membership, member membership.Member, root *x509.Certificate) (bool, error) {
	return changeOwn(ctx, dir, m, member, func(config *common.Config) ([]byte, error) {
		return Roots(config, m.Channel, member, func(now []*x509.Certificate) []*x509.Certificate { return with(now, root) })
	})
}

// DropRoot ends that: whatever the authority issued is refused from then on. SETTING_INVALID while it issued anything among the member's identities in the run
// directory, the administrator who signs among them, or the
// certificate by which the channel knows an ordering node of the member's: these would be cut off. The error names them.
func DropRoot(ctx context.Context, dir rundir.Dir, m *membership.Membership, member membership.Member, root *x509.Certificate) (bool, error) {
	if err := requireNoFiles(dir, member, root); err != nil {
		return false, err
	}
	return changeOwn(ctx, dir, m, member, dropping(m, member, root))
}

func dropping(m *membership.Membership, member membership.Member, root *x509.Certificate) func(*common.Config) ([]byte, error) {
	return func(config *common.Config) ([]byte, error) {
		if err := requireNoConsenters(config, m, member, root); err != nil {
			return nil, err
		}
		return Roots(config, m.Channel, member, func(now []*x509.Certificate) []*x509.Certificate { return without(now, root) })
	}
}

func with(list []*x509.Certificate, root *x509.Certificate) []*x509.Certificate {
	if slices.ContainsFunc(list, root.Equal) {
		return list
	}
	return append(slices.Clone(list), root)
}

func without(list []*x509.Certificate, root *x509.Certificate) []*x509.Certificate {
	return slices.DeleteFunc(slices.Clone(list), root.Equal)
}

// Roots is the update that changes whose certificates the channel takes for a member's, for identities and for connections alike; nil when nothing changes. CHANNEL_UPDATE when none is left.
//
// A description with several roots can't name the authority of a unit (client, peer, admin, orderer), for which Fabric has room for one; the units are then those of
// whichever root. The rule about writers names each.
func Roots(config *common.Config, channel string, member membership.Member, change func([]*x509.Certificate) []*x509.Certificate) ([]byte, error) {
	next := configtx.New(config)
	var roots []*x509.Certificate
	err := describe(&next, member.MSP(), func(description *msp.FabricMSPConfig) error {
		now, err := parseRoots(description.GetRootCerts())
		if err != nil {
			return err
		}
		if roots = change(slices.Clone(now)); slices.EqualFunc(roots, now, (*x509.Certificate).Equal) {
			return nil
		}
		if len(roots) == 0 {
			return failure.New(failure.ChannelUpdate, "%s would have no authority", member.Name)
		}
		setRoots(description, roots)
		return nil
	})
	if err != nil {
		return nil, err
	}
	rules, _ := policy.ApplicationOrganisation(member)
	if err := setUnits(&next, member, rules, roots); err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't set the rules of %s", member.Name)
	}
	return updateOf(&next, channel)
}

func parseRoots(list [][]byte) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for _, raw := range list {
		block, _ := pem.Decode(raw)
		if block == nil {
			return nil, failure.New(failure.ChannelUpdate, "a root certificate in the channel is no PEM")
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, failure.Wrap(failure.ChannelUpdate, err, "a root certificate in the channel can't be read")
		}
		roots = append(roots, root)
	}
	return roots, nil
}

func setRoots(description *msp.FabricMSPConfig, roots []*x509.Certificate) {
	var encoded [][]byte
	for _, root := range roots {
		encoded = append(encoded, bytes.TrimSpace(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})))
	}
	description.RootCerts, description.TlsRootCerts = encoded, slices.Clone(encoded)
	units := description.GetFabricNodeOus()
	for _, unit := range []*msp.FabricOUIdentifier{units.GetClientOuIdentifier(), units.GetPeerOuIdentifier(), units.GetAdminOuIdentifier(), units.GetOrdererOuIdentifier()} {
		if unit != nil {
			unit.Certificate = nil
		}
	}
}

// setUnits writes the rules of a member that name units again, for these roots.
func setUnits(next *configtx.ConfigTx, member membership.Member, rules []policy.Rule, roots []*x509.Certificate) error {
	named := slices.DeleteFunc(slices.Clone(rules), func(r policy.Rule) bool { return len(r.Units) == 0 })
	for name, rule := range genesis.Policies(named) {
		if err := next.Application().Organization(member.MSP()).SetPolicy(name, rule); err != nil {
			return err
		}
	}
	group := next.UpdatedConfig().GetChannelGroup().GetGroups()[applicationGroup].GetGroups()[member.MSP()]
	return genesis.AddUnits(group, member.MSP(), rules, roots)
}

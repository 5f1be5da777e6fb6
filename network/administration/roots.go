package administration

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"slices"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// AddRoot has the channel believe a further authority of a member's beside those that it believes. The member's administrator signs alone. Nothing that the others
// issued ends by it; that the new one's units write is the brands' to say (Writers).
func AddRoot(m *membership.Membership, member membership.Member, root *x509.Certificate) Change {
	return Change{By: ItsOwn, Update: func(config *common.Config) ([]byte, error) {
		return Roots(config, m.Channel, member, func(now []*x509.Certificate) []*x509.Certificate { return with(now, root) })
	}}
}

// DropRoot ends that: whatever the authority issued is refused from then on. Its update is SETTING_INVALID while it issued anything among the member's identities in
// the run directory, the administrator who signs among them, or the
// certificate by which the channel knows an ordering node of the member's: these would be cut off. The error names them.
func DropRoot(dir rundir.Dir, m *membership.Membership, member membership.Member, root *x509.Certificate) Change {
	return Change{By: ItsOwn, Update: dropping(dir, m, member, root)}
}

func dropping(dir rundir.Dir, m *membership.Membership, member membership.Member, root *x509.Certificate) func(*common.Config) ([]byte, error) {
	return func(config *common.Config) ([]byte, error) {
		if err := requireNoFiles(dir, member, root); err != nil {
			return nil, err
		}
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
// whichever root.
func Roots(config *common.Config, channel string, member membership.Member, change func([]*x509.Certificate) []*x509.Certificate) ([]byte, error) {
	next := configtx.New(config)
	err := describe(&next, member.MSP(), func(description *msp.FabricMSPConfig) error {
		now, err := parseRoots(description.GetRootCerts())
		if err != nil {
			return err
		}
		roots := change(slices.Clone(now))
		if slices.EqualFunc(roots, now, (*x509.Certificate).Equal) {
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

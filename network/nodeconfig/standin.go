package nodeconfig

import (
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// StandIn is a gateway by which one brand acts for another that failed.
type StandIn struct {
	Failed, Administrator membership.Member
	// CustodianVersion is that of the failed brand's registered key in its programme's record.
	CustodianVersion int
}

// StandInFiles names the files of an administrator's gateway for a failed brand. Its custodian key is the one from escrow.
func StandInFiles(dir rundir.Dir, failed, administrator string) GatewayPaths {
	files := filesIn(filepath.Join(dir.Organisation(administrator), "gateway-"+failed))
	files.Custodian = dir.AdministratorKey(failed)
	return files
}

// StandInFor gives the configuration: the administrator's identities and peers, the failed brand's programme and lanes.
func StandInFor(dir rundir.Dir, m *membership.Membership, s StandIn, logLevel string) Gateway {
	files := StandInFiles(dir, s.Failed.Name, s.Administrator.Name)
	config := GatewayFor(dir, m, s.Administrator, logLevel)
	api, partners := m.StandInPorts(s.Failed.Name)
	config.Programme, config.ActsFor = s.Failed.Name, s.Failed.Name
	config.Listen, config.PartnerListen = membership.Address(api), membership.Address(partners)
	config.Partners = gatewayPartners(dir, m, s.Failed)
	config.Database, config.Secret, config.APIKeys = files.Database, files.Secret, files.Keys
	config.People = nil // The failed brand's customers' data stay its own.
	config.Custodian = &Custodian{Key: files.Custodian, Version: s.CustodianVersion}
	return config
}

// WriteStandIn writes the gateway.yaml of an administrator's gateway with fresh keys and secrets beside it. Tills and systems of
// the failed brand get new API keys: the old ones were its gateway's.
func WriteStandIn(dir rundir.Dir, m *membership.Membership, s StandIn, logLevel string) error {
	files := StandInFiles(dir, s.Failed.Name, s.Administrator.Name)
	if err := writeConfig(dir, files.Config, StandInFor(dir, m, s, logLevel)); err != nil {
		return err
	}
	if err := writeSecret(dir, files.Secret); err != nil {
		return err
	}
	return writeAPIKeys(dir, files, scopesOf(s.Administrator))
}

// Redirect has a brand's gateway find the administrator's where it found the failed brand's, from its next start on, and says
// whether that is new. The entry comes last: a call from the administrator, whose certificates fit two entries, is the administrator's own.
func Redirect(dir rundir.Dir, m *membership.Membership, s StandIn, of membership.Member) (changed bool, err error) {
	file := GatewayFiles(dir, of.Name).Config
	raw, err := os.ReadFile(file)
	if err != nil {
		return false, failure.Wrap(failure.RunDirectory, err, "can't read a gateway's configuration")
	}
	var config Gateway
	if err := yaml.Unmarshal(raw, &config); err != nil {
		return false, failure.Wrap(failure.RunDirectory, err, "%s can't be read", file)
	}
	_, port := m.StandInPorts(s.Failed.Name)
	there := GatewayPartner{
		Member: s.Failed.Name, Endpoint: membership.Address(port), TLSRoot: dir.CACertificate(s.Administrator.Name), ServerName: string(membership.GatewayRole),
	}
	if slices.Contains(config.Partners, there) {
		return false, nil
	}
	config.Partners = slices.DeleteFunc(config.Partners, func(p GatewayPartner) bool { return p.Member == s.Failed.Name })
	config.Partners = append(config.Partners, there)
	return true, writeConfig(dir, file, config)
}

func writeConfig(dir rundir.Dir, file string, config Gateway) error {
	data, err := config.YAML()
	if err != nil {
		return err
	}
	return dir.Write(file, data, rundir.PrivateMode)
}

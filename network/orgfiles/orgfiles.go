package orgfiles

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/network/ca"
	"github.com/tallystick/tallystick/network/collections"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/nodeconfig"
	"github.com/tallystick/tallystick/network/policy"
	"github.com/tallystick/tallystick/network/rundir"
)

// Folders, from the top of the repository.
const (
	organizationsFolder = "organizations"
	collectionsFolder   = "collections"
)

// Names of the generated files; nothing else in these folders is touched.
const (
	policiesFile = "policies.yaml"
	caFile       = "fabric-ca-server-config.yaml"
	gatewayFile  = "gateway.yaml"
)

// runVariable stands for the run directory in checked-in files.
const runVariable = "${TALLY_RUN}"

const gatewayLogLevel = "info"

const header = "# Generated from organizations/membership.yaml by `tallynet generate`. Don't edit.\n"

// Render gives every generated file by its path from the top of the repository.
func Render(m *membership.Membership) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, chaincode := range m.Chaincodes() {
		data, err := collections.JSON(m, chaincode)
		if err != nil {
			return nil, err
		}
		files[filepath.Join(collectionsFolder, chaincode.Name+".json")] = data
	}
	shared, err := withHeader(channelPolicies(m))
	if err != nil {
		return nil, err
	}
	files[filepath.Join(organizationsFolder, policiesFile)] = shared
	for _, member := range m.Members {
		if err := renderMember(files, m, member); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func renderMember(files map[string][]byte, m *membership.Membership, member membership.Member) error {
	folder := filepath.Join(organizationsFolder, member.Name)
	own, err := withHeader(memberPolicies(member))
	if err != nil {
		return err
	}
	authority, err := ca.SecretlessConfig(m, member)
	if err != nil {
		return err
	}
	gateway, err := nodeconfig.GatewayFor(rundir.Dir{Root: runVariable}, m, member, gatewayLogLevel).YAML()
	if err != nil {
		return err
	}
	files[filepath.Join(folder, policiesFile)] = own
	files[filepath.Join(folder, caFile)] = append([]byte(header), authority...)
	files[filepath.Join(folder, gatewayFile)] = append([]byte(header), gateway...)
	return nil
}

// Write brings the files under top up to date: it writes what differs and deletes generated files of former members. It
// gives the paths that changed.
func Write(top string, m *membership.Membership) ([]string, error) {
	stale, files, err := compare(top, m)
	if err != nil {
		return nil, err
	}
	for _, path := range stale {
		full := filepath.Join(top, path)
		data, wanted := files[path]
		if !wanted {
			if err := os.Remove(full); err != nil {
				return nil, failure.Wrap(failure.Stale, err, "can't delete a generated file")
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return nil, failure.Wrap(failure.Stale, err, "can't make a folder")
		}
		if err := os.WriteFile(full, data, rundir.PublicMode); err != nil {
			return nil, failure.Wrap(failure.Stale, err, "can't write a generated file")
		}
	}
	return stale, nil
}

// Check fails with GENERATED_FILE_STALE when a checked-in file differs from what the membership gives.
func Check(top string, m *membership.Membership) error {
	stale, _, err := compare(top, m)
	if err != nil {
		return err
	}
	if len(stale) > 0 {
		return failure.New(failure.Stale, "%v differ from organizations/membership.yaml: run `tallynet generate`", stale)
	}
	return nil
}

func compare(top string, m *membership.Membership) (stale []string, files map[string][]byte, err error) {
	files, err = Render(m)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		onDisk, err := os.ReadFile(filepath.Join(top, path))
		if err != nil && !os.IsNotExist(err) {
			return nil, nil, failure.Wrap(failure.Stale, err, "can't read a generated file")
		}
		if err != nil || !bytes.Equal(onDisk, files[path]) {
			stale = append(stale, path)
		}
	}
	leftOver, err := leftOver(top, files)
	return append(stale, leftOver...), files, err
}

// leftOver finds generated files that the membership no longer gives.
func leftOver(top string, files map[string][]byte) ([]string, error) {
	var found []string
	patterns := []string{filepath.Join(collectionsFolder, "*.json")}
	for _, name := range []string{policiesFile, caFile, gatewayFile} {
		patterns = append(patterns, filepath.Join(organizationsFolder, "*", name))
	}
	for _, pattern := range patterns {
		matches, err := filepath.Glob(filepath.Join(top, pattern))
		if err != nil {
			return nil, failure.Wrap(failure.Stale, err, "can't list generated files")
		}
		for _, match := range matches {
			path, err := filepath.Rel(top, match)
			if err != nil {
				return nil, failure.Wrap(failure.Stale, err, "can't name a generated file")
			}
			if _, wanted := files[path]; !wanted {
				found = append(found, path)
			}
		}
	}
	return found, nil
}

// group is one group of the channel's configuration as it is checked in.
type group struct {
	Path string `yaml:"path"`
	// ModPolicy says who may add to the group or take from it.
	ModPolicy string        `yaml:"modPolicy"`
	Policies  []policy.Rule `yaml:"policies"`
}

func channelPolicies(m *membership.Membership) any {
	return struct {
		Channel string            `yaml:"channel"`
		Groups  []group           `yaml:"groups"`
		ACLs    map[string]string `yaml:"acls"`
	}{m.Channel, []group{
		{"/Channel", "Admins", policy.Channel(m, membership.Standing{})},
		{"/Channel/Application", "Admins", policy.Application(m, membership.Standing{})},
		{"/Channel/Orderer", "Admins", policy.Orderer(m, membership.Standing{})},
	}, policy.ACLs()}
}

func memberPolicies(member membership.Member) any {
	rules, modPolicy := policy.ApplicationOrganisation(member)
	groups := []group{{"/Channel/Application/" + member.MSP(), modPolicy, rules}}
	if member.IsBrand() {
		rules, modPolicy = policy.OrdererOrganisation(member)
		groups = append(groups, group{"/Channel/Orderer/" + member.MSP(), modPolicy, rules})
	}
	return struct {
		MSP    string  `yaml:"msp"`
		Groups []group `yaml:"groups"`
	}{member.MSP(), groups}
}

func withHeader(document any) ([]byte, error) {
	data, err := yaml.Marshal(document)
	if err != nil {
		return nil, failure.Wrap(failure.Stale, err, "can't encode a generated file")
	}
	return append([]byte(header), data...), nil
}

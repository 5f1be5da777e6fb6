package nodeconfig

import (
	"bytes"
	"embed"
	"io/fs"
	"path/filepath"
	"text/template"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

//go:embed templates
var templateFiles embed.FS

//go:embed builder
var builderFiles embed.FS

var templates = template.Must(template.New("").Option("missingkey=error").ParseFS(templateFiles, "templates/*.tmpl"))

// ConnectionsVariable names the folder of a peer's connection files to the external builder's scripts.
const ConnectionsVariable = "TALLY_CONNECTIONS"

const executableMode = 0o700

func render(name string, values any) ([]byte, error) {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, values); err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "can't write %s", name)
	}
	return out.Bytes(), nil
}

// WriteBuilder puts the external builder's scripts into the run directory.
func WriteBuilder(dir rundir.Dir) error {
	return fs.WalkDir(builderFiles, "builder", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := builderFiles.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel("builder", path)
		if err != nil {
			return err
		}
		return dir.Write(filepath.Join(dir.Builder(), relative), data, executableMode)
	})
}

// WritePeer writes a peer's core.yaml into its configuration folder.
func WritePeer(dir rundir.Dir, m *membership.Membership, member membership.Member, index int) error {
	node := membership.PeerNode(member.Name, index)
	ports := m.PeerPorts(member.Name, index)
	identity := dir.Identity(member.Name, node)
	core, err := render("core.yaml.tmpl", map[string]any{
		"Node":                node,
		"MSP":                 member.MSP(),
		"MSPFolder":           identity.MSP(),
		"Listen":              membership.Address(ports.Listen),
		"ChaincodeListen":     membership.Address(ports.Chaincode),
		"Operations":          membership.Address(ports.Operations),
		"Bootstrap":           membership.Address(m.PeerPorts(member.Name, 0).Listen),
		"Data":                dir.Data(node),
		"Builder":             dir.Builder(),
		"ConnectionsVariable": ConnectionsVariable,
		"TLSCertificate":      identity.TLSCertificate(),
		"TLSKey":              identity.TLSKey(),
		"TLSRoot":             dir.CACertificate(member.Name),
	})
	if err != nil {
		return err
	}
	return dir.Write(filepath.Join(dir.Config(node), "core.yaml"), core, rundir.PrivateMode)
}

// WriteOrderer writes an ordering node's orderer.yaml into its configuration folder.
func WriteOrderer(dir rundir.Dir, m *membership.Membership, member membership.Member, index int) error {
	node := membership.OrdererNode(member.Name, index)
	ports := m.OrdererPorts(member.Name, index)
	identity := dir.Identity(member.Name, node)
	var roots []string
	for _, brand := range m.Brands() {
		roots = append(roots, dir.CACertificate(brand.Name))
	}
	config, err := render("orderer.yaml.tmpl", map[string]any{
		"Node":           node,
		"Host":           membership.Host,
		"Listen":         ports.Listen,
		"Admin":          membership.Address(ports.Admin),
		"Operations":     membership.Address(ports.Operations),
		"MSP":            member.MSP(),
		"MSPFolder":      identity.MSP(),
		"Data":           dir.Data(node),
		"ClusterRoots":   roots,
		"TLSCertificate": identity.TLSCertificate(),
		"TLSKey":         identity.TLSKey(),
		"TLSRoot":        dir.CACertificate(member.Name),
	})
	if err != nil {
		return err
	}
	return dir.Write(filepath.Join(dir.Config(node), "orderer.yaml"), config, rundir.PrivateMode)
}

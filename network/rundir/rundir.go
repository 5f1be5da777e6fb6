package rundir

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/tallystick/tallystick/network/failure"
)

// marker tells a run directory from any other folder, so that `down` never deletes a folder that isn't ours.
const marker = ".tallystick-run"

// Permissions. Private files are keys, passwords and ledgers.
const (
	FolderMode  = 0o700
	PrivateMode = 0o600
	PublicMode  = 0o644
)

// Dir is the run directory of one consortium; its path is absolute.
type Dir struct{ Root string }

// At names a run directory without touching it.
func At(path string) (Dir, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return Dir{}, failure.Wrap(failure.RunDirectory, err, "run directory %q", path)
	}
	if strings.ContainsAny(absolute, "\"\n\\") {
		return Dir{}, failure.New(failure.RunDirectory, "run directory %q: quotes, backslashes and line ends aren't allowed", absolute)
	}
	return Dir{Root: absolute}, nil
}

// Create makes the folder and marks it as ours. A folder that holds anything else is refused.
func (d Dir) Create() error {
	entries, err := os.ReadDir(d.Root)
	if err != nil && !os.IsNotExist(err) {
		return failure.Wrap(failure.RunDirectory, err, "can't read the run directory")
	}
	if len(entries) > 0 && !d.Ours() {
		return failure.New(failure.RunDirectory, "%s holds other files: choose an empty folder with --run or TALLY_RUN", d.Root)
	}
	if err := os.MkdirAll(d.Root, FolderMode); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't make the run directory")
	}
	return d.Write(d.path(marker), nil, PublicMode)
}

// Ours tells whether the folder is a run directory.
func (d Dir) Ours() bool {
	_, err := os.Stat(d.path(marker))
	return err == nil
}

// Remove deletes the run directory and all that is in it. Only a marked folder is deleted; a missing one is no error.
func (d Dir) Remove() error {
	if _, err := os.Stat(d.Root); os.IsNotExist(err) {
		return nil
	}
	if !d.Ours() {
		return failure.New(failure.RunDirectory, "%s isn't a run directory of this program, so it isn't deleted", d.Root)
	}
	if err := os.RemoveAll(d.Root); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't delete the run directory")
	}
	return nil
}

// Write writes a file and the folders above it. Readers see the old file or the new one, never a part.
func (d Dir) Write(file string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), FolderMode); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't make a folder")
	}
	fresh := file + ".new"
	if err := os.WriteFile(fresh, data, mode); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't write a file")
	}
	if err := os.Rename(fresh, file); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't put a file in its place")
	}
	return nil
}

// Membership is the copy of the membership that the consortium was started with.
func (d Dir) Membership() string { return d.path("membership.yaml") }

// Nodes lists the consortium's processes and how to start them.
func (d Dir) Nodes() string { return d.path("nodes.json") }

// Builder is the folder of the external builder's scripts.
func (d Dir) Builder() string { return d.path("builder") }

// Genesis is the channel's first block.
func (d Dir) Genesis() string { return d.path("channel", "genesis.block") }

// Package is a chaincode's package.
func (d Dir) Package(chaincode string) string { return d.path("packages", chaincode+".tar.gz") }

// Config is the folder of a node's configuration.
func (d Dir) Config(node string) string { return d.path("config", node) }

// Data is the folder of a node's ledger and other data.
func (d Dir) Data(node string) string { return d.path("data", node) }

// Pids is the folder of the pid files.
func (d Dir) Pids() string { return d.path("pids") }

// Logs is the folder of the nodes' output.
func (d Dir) Logs() string { return d.path("logs") }

// Log is a node's output.
func (d Dir) Log(node string) string { return filepath.Join(d.Logs(), node+".log") }

// Scratch is where the nodes put temporary files.
func (d Dir) Scratch() string { return d.path("scratch") }

// Pid names a node's process.
func (d Dir) Pid(node string) string { return d.path("pids", node+".json") }

// Organisation is the folder of a member's identities.
func (d Dir) Organisation(member string) string { return d.path("organizations", member) }

// CA is the home of a member's certificate authority.
func (d Dir) CA(member string) string { return filepath.Join(d.Organisation(member), "ca") }

// CACertificate is the member's root for enrolment and TLS.
func (d Dir) CACertificate(member string) string { return filepath.Join(d.CA(member), "ca-cert.pem") }

// Identity is the folder of an enrolled node or user: its msp, and for nodes its TLS files.
func (d Dir) Identity(member, name string) Identity {
	return Identity{Folder: filepath.Join(d.Organisation(member), "identities", name)}
}

// Gateway is the folder of a member's gateway: configuration, database, secrets.
func (d Dir) Gateway(member string) string { return filepath.Join(d.Organisation(member), "gateway") }

// AdministratorKey is where the key lies to which a brand's custody passes when it fails. It is in escrow: neither the brand nor
// its administrator has it before.
func (d Dir) AdministratorKey(member string) string {
	return d.path("escrow", member, "administrator.pem")
}

func (d Dir) path(parts ...string) string {
	return filepath.Join(append([]string{d.Root}, parts...)...)
}

// Identity is one enrolled identity on disk.
type Identity struct{ Folder string }

// MSP is the folder that a node reads as its local MSP.
func (i Identity) MSP() string { return filepath.Join(i.Folder, "msp") }

// Certificate is the enrolment certificate.
func (i Identity) Certificate() string { return filepath.Join(i.MSP(), "signcerts", "cert.pem") }

// Key is the enrolment key (PKCS#8 PEM).
func (i Identity) Key() string { return filepath.Join(i.MSP(), "keystore", "key.pem") }

// TLSCertificate is the node's TLS certificate, for both sides of a connection.
func (i Identity) TLSCertificate() string { return filepath.Join(i.Folder, "tls", "server.crt") }

// TLSKey is the TLS certificate's key.
func (i Identity) TLSKey() string { return filepath.Join(i.Folder, "tls", "server.key") }

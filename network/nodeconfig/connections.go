package nodeconfig

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/rundir"
)

// RenewConnections puts a peer's present TLS certificate and key into its connection files, by which it calls its chaincode servers: those that its builder reads, and those that
// the peer has kept of packages built before. The peer reads them when it starts. Other nodes have none, and nothing happens.
func RenewConnections(dir rundir.Dir, member, node string) error {
	var files []string
	for _, pattern := range []string{
		filepath.Join(connections(dir, node), "*.json"),
		filepath.Join(builds(dir, node), "bld", "connection.json"),
		filepath.Join(builds(dir, node), "release", "chaincode", "server", "connection.json"),
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return failure.Wrap(failure.RunDirectory, err, "can't look for connection files")
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil
	}
	peer := dir.Identity(member, node)
	key, err := os.ReadFile(peer.TLSKey())
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't read the peer's TLS key")
	}
	certificate, err := os.ReadFile(peer.TLSCertificate())
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't read the peer's TLS certificate")
	}
	for _, file := range files {
		if err := renewConnection(dir, file, string(key), string(certificate)); err != nil {
			return err
		}
	}
	return nil
}

func renewConnection(dir rundir.Dir, file, key, certificate string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't read a connection file")
	}
	var c connection
	if err := json.Unmarshal(data, &c); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "%s is no connection file", file)
	}
	c.ClientKey, c.ClientCert = key, certificate
	if data, err = json.Marshal(c); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't encode a connection file")
	}
	return dir.Write(file, data, rundir.PrivateMode)
}

func connections(dir rundir.Dir, node string) string {
	return filepath.Join(dir.Config(node), "connections")
}

// builds is the pattern of the folders in which a peer keeps what its external builder made, one for each package.
func builds(dir rundir.Dir, node string) string {
	return filepath.Join(dir.Data(node), "externalbuilder", "builds", "*")
}

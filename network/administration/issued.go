package administration

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// requireNoFiles refuses while a member has a certificate of an authority's among its identities: whoever shows it would be refused.
func requireNoFiles(dir rundir.Dir, member membership.Member, root *x509.Certificate) error {
	held, err := issuedFiles(dir, member, root)
	if err != nil || len(held) == 0 {
		return err
	}
	return failure.New(failure.SettingInvalid, "the authority issued what %s still has as %s: enrol these at the new one into their files first, and delete what nobody uses", member.Name, strings.Join(held, ", "))
}

// issuedFiles names what an authority issued among a member's identities, as admin/msp or peer0.airline/tls.
func issuedFiles(dir rundir.Dir, member membership.Member, root *x509.Certificate) ([]string, error) {
	identities := filepath.Dir(dir.Identity(member.Name, membership.AdminIdentity).Folder)
	entries, err := os.ReadDir(identities)
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "the identities of %s can't be listed", member.Name)
	}
	var held []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") { // A renewal under way.
			continue
		}
		files := dir.Identity(member.Name, entry.Name())
		for _, part := range []struct{ name, file string }{{"msp", files.Certificate()}, {"tls", files.TLSCertificate()}} {
			encoded, err := os.ReadFile(part.file)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, failure.Wrap(failure.RunDirectory, err, "a certificate can't be read")
			}
			issued, err := issuedBy(root, encoded)
			if err != nil {
				return nil, failure.Wrap(failure.RunDirectory, err, "%s", part.file)
			}
			if issued {
				held = append(held, entry.Name()+"/"+part.name)
			}
		}
	}
	return held, nil
}

// requireNoConsenters refuses while the channel knows an ordering node of the member's by a certificate of the authority's: the others would refuse the node.
func requireNoConsenters(config *common.Config, m *membership.Membership, member membership.Member, root *x509.Certificate) error {
	raft, _, err := raftOf(config)
	if err != nil {
		return err
	}
	own := map[string]string{}
	for i := range member.Orderers {
		own[membership.Address(m.OrdererPorts(member.Name, i).Listen)] = membership.OrdererNode(member.Name, i)
	}
	var known []string
	for _, c := range raft.GetConsenters() {
		node, its := own[addressOf(c)]
		if !its {
			continue
		}
		server, err := issuedBy(root, c.GetServerTlsCert())
		if err != nil {
			return failure.Wrap(failure.ChannelUpdate, err, "%s in the channel", node)
		}
		client, err := issuedBy(root, c.GetClientTlsCert())
		if err != nil {
			return failure.Wrap(failure.ChannelUpdate, err, "%s in the channel", node)
		}
		if server || client {
			known = append(known, node)
		}
	}
	if len(known) > 0 {
		return failure.New(failure.SettingInvalid, "the channel knows %s by a certificate of the authority: rekey with one of the new authority's first", strings.Join(known, ", "))
	}
	return nil
}

func issuedBy(root *x509.Certificate, encoded []byte) (bool, error) {
	block, _ := pem.Decode(encoded)
	if block == nil {
		return false, errors.New("no PEM of a certificate")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return false, err
	}
	return certificate.CheckSignatureFrom(root) == nil, nil
}

package nodeconfig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/sumdb/note"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// Sizes in bytes of what is drawn at random.
const (
	secretBytes = 32
	apiKeyBytes = 32
)

// firstKey is the first file of a folder of rotatable keys: they are named for their version.
const firstKey = "1.key"

// GatewayPaths are the files of a gateway's folder.
type GatewayPaths struct {
	Config, Database, Custodian, Secret, Keys string
	// ReportKey signs reports; whoever is to believe them gets PublicReportKey.
	ReportKey, PublicReportKey string
	// PlainKeys holds the API keys themselves (name: key), for the person who runs the consortium.
	PlainKeys string
	// People is the database of customers; MasterKeys and IndexKeys are folders of its keys.
	People, MasterKeys, IndexKeys string
	// Messages is the folder of what would be sent to customers.
	Messages string
}

// GatewayFiles names a gateway's files.
func GatewayFiles(dir rundir.Dir, member string) GatewayPaths {
	return filesIn(dir.Gateway(member))
}

func filesIn(folder string) GatewayPaths {
	return GatewayPaths{
		Config:    filepath.Join(folder, "gateway.yaml"),
		Database:  filepath.Join(folder, "gateway.db"),
		Custodian: filepath.Join(folder, "custodian.pem"),
		Secret:    filepath.Join(folder, "secret"),
		Keys:      filepath.Join(folder, "api-keys.yaml"),
		PlainKeys: filepath.Join(folder, "api-keys.txt"),

		ReportKey:       filepath.Join(folder, "reports.secret"),
		PublicReportKey: filepath.Join(folder, "reports.pub"),

		Messages:   filepath.Join(folder, "people", "messages"),
		People:     filepath.Join(folder, "people", "people.db"),
		MasterKeys: filepath.Join(folder, "master-keys"),
		IndexKeys:  filepath.Join(folder, "index-keys"),
	}
}

// apiKey is one line of the gateway's key file: the key's hash, never the key.
type apiKey struct {
	Name   string   `yaml:"name"`
	SHA256 string   `yaml:"sha256"`
	Scopes []string `yaml:"scopes,flow"`
}

// WriteGateway writes a member's gateway.yaml with fresh keys and secrets beside it.
func WriteGateway(dir rundir.Dir, m *membership.Membership, member membership.Member, logLevel string) error {
	config, err := GatewayFor(dir, m, member, logLevel).YAML()
	if err != nil {
		return err
	}
	files := GatewayFiles(dir, member.Name)
	if err := dir.Write(files.Config, config, rundir.PrivateMode); err != nil {
		return err
	}
	if err := writeSecret(dir, files.Secret); err != nil {
		return err
	}
	if err := writeAPIKeys(dir, files, scopesOf(member)); err != nil {
		return err
	}
	if err := writeReportKey(dir, files, member.Name); err != nil {
		return err
	}
	if !member.IsBrand() {
		return nil
	}
	for _, folder := range []string{files.MasterKeys, files.IndexKeys} {
		if err := writeSecret(dir, filepath.Join(folder, firstKey)); err != nil {
			return err
		}
	}
	if err := writeKey(dir, files.Custodian); err != nil {
		return err
	}
	return writeKey(dir, dir.AdministratorKey(member.Name))
}

// scopesOf says which API keys a member's gateway gets: one for each scope, named for it.
func scopesOf(member membership.Member) []string {
	if member.IsBrand() {
		return []string{"till", "operator", "read", "audit", "treasury:read", "treasury:write", "governance", "customers", "compliance"}
	}
	return []string{"read", "treasury:read", "audit"}
}

// keyName is the name of the API key for a scope: names have no colons.
func keyName(scope string) string { return strings.ReplaceAll(scope, ":", "-") }

func writeSecret(dir rundir.Dir, file string) error {
	secret := make([]byte, secretBytes)
	if _, err := rand.Read(secret); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "no randomness")
	}
	return dir.Write(file, []byte(hex.EncodeToString(secret)+"\n"), rundir.PrivateMode)
}

// writeReportKey draws the key of a member's reports, which is named for the member.
func writeReportKey(dir rundir.Dir, files GatewayPaths, member string) error {
	secret, public, err := note.GenerateKey(rand.Reader, member+"/reports")
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't draw a key")
	}
	if err := dir.Write(files.ReportKey, []byte(secret+"\n"), rundir.PrivateMode); err != nil {
		return err
	}
	return dir.Write(files.PublicReportKey, []byte(public+"\n"), rundir.PrivateMode)
}

func writeAPIKeys(dir rundir.Dir, files GatewayPaths, scopes []string) error {
	var keys []apiKey
	var plain strings.Builder
	for _, scope := range scopes {
		drawn := make([]byte, apiKeyBytes)
		if _, err := rand.Read(drawn); err != nil {
			return failure.Wrap(failure.RunDirectory, err, "no randomness")
		}
		key := base64.RawURLEncoding.EncodeToString(drawn)
		sum := sha256.Sum256([]byte(key))
		keys = append(keys, apiKey{Name: keyName(scope), SHA256: hex.EncodeToString(sum[:]), Scopes: []string{scope}})
		fmt.Fprintf(&plain, "%s: %s\n", keyName(scope), key)
	}
	hashed, err := yaml.Marshal(keys)
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't encode the API keys")
	}
	if err := dir.Write(files.Keys, hashed, rundir.PrivateMode); err != nil {
		return err
	}
	return dir.Write(files.PlainKeys, []byte(plain.String()), rundir.PrivateMode)
}

// writeKey draws a P-256 key.
func writeKey(dir rundir.Dir, file string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't draw a key")
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't encode a key")
	}
	return dir.Write(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), rundir.PrivateMode)
}

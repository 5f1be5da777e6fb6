package nodeconfig

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/sumdb/note"

	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

func consortium() *membership.Membership {
	return &membership.Membership{Channel: "loyalty", PortBase: 27000, Members: []membership.Member{
		{Name: "airline", Kind: membership.Brand, Peers: 2, Orderers: 1},
		{Name: "hotel", Kind: membership.Brand, Peers: 1, Orderers: 1, Account: &membership.Account{Name: "Hotel Treasury", IBAN: "DE89370400440532013000"}},
		{Name: "regulator", Kind: membership.Regulator, Peers: 1},
	}}
}

func runDir(t *testing.T) rundir.Dir {
	t.Helper()
	dir, err := rundir.At(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// at follows keys into a decoded YAML file.
func at(t *testing.T, file string, keys ...string) any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal(data, &value); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, key := range keys {
		fields, ok := value.(map[string]any)
		if !ok {
			t.Fatalf("%s: nothing under %s", file, key)
		}
		value = fields[key]
	}
	return value
}

func TestPeersListenOnLoopbackWithTLSEverywhere(t *testing.T) {
	dir, m := runDir(t), consortium()
	if err := WritePeer(dir, m, m.Members[0], 1); err != nil {
		t.Fatal(err)
	}
	core := filepath.Join(dir.Config("peer1.airline"), "core.yaml")
	for _, c := range []struct {
		want any
		keys []string
	}{
		{"127.0.0.1:27040", []string{"peer", "listenAddress"}},
		{"127.0.0.1:27041", []string{"peer", "chaincodeListenAddress"}},
		{"127.0.0.1:27042", []string{"operations", "listenAddress"}},
		{"127.0.0.1:27020", []string{"peer", "gossip", "bootstrap"}},
		{"AirlineMSP", []string{"peer", "localMspId"}},
		{true, []string{"peer", "tls", "enabled"}},
		{true, []string{"operations", "tls", "enabled"}},
		{"", []string{"vm", "endpoint"}},
		{"2s", []string{"peer", "gossip", "reconnectInterval"}},
		{"8s", []string{"peer", "gossip", "aliveExpirationTimeout"}},
	} {
		if got := at(t, core, c.keys...); got != c.want {
			t.Errorf("%v is %v, want %v", c.keys, got, c.want)
		}
	}
}

// Otherwise whoever broadcasts an old transaction again stops every peer that holds its collection for as long as peers ask for missing private data.
func TestPeersDoNotWaitForPrivateDataOfInvalidTransactions(t *testing.T) {
	dir, m := runDir(t), consortium()
	if err := WritePeer(dir, m, m.Members[0], 0); err != nil {
		t.Fatal(err)
	}
	core := filepath.Join(dir.Config("peer0.airline"), "core.yaml")
	if at(t, core, "peer", "gossip", "pvtData", "skipPullingInvalidTransactionsDuringCommit") != true {
		t.Error("peers look for private data of transactions that change nothing")
	}
}

func TestOrderersWantClientCertificatesOfAdministrators(t *testing.T) {
	dir, m := runDir(t), consortium()
	if err := WriteOrderer(dir, m, m.Members[1], 0); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir.Config("orderer0.hotel"), "orderer.yaml")
	for _, c := range []struct {
		want any
		keys []string
	}{
		{27110, []string{"General", "ListenPort"}},
		{"none", []string{"General", "BootstrapMethod"}},
		{true, []string{"General", "TLS", "Enabled"}},
		{true, []string{"Admin", "TLS", "ClientAuthRequired"}},
		{true, []string{"ChannelParticipation", "Enabled"}},
	} {
		if got := at(t, config, c.keys...); got != c.want {
			t.Errorf("%v is %v, want %v", c.keys, got, c.want)
		}
	}
	if roots := at(t, config, "General", "Cluster", "RootCAs").([]any); len(roots) != 2 {
		t.Errorf("cluster roots %v: want one of each brand", roots)
	}
}

func TestAuthorityNamesEveryIdentityWithItsAttributes(t *testing.T) {
	m := consortium()
	data, err := Authority(m, m.Members[0], []Enrollee{{
		Name: "gateway", Type: "client", Secret: "s3cret", Attributes: []Attribute{{"tally.role", "gateway:ecert"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.yaml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	identity := at(t, file, "registry", "identities").([]any)[0].(map[string]any)
	if identity["pass"] != "s3cret" || identity["attrs"].(map[string]any)["tally.role"] != "gateway:ecert" {
		t.Errorf("identity %v", identity)
	}
	if at(t, file, "tls", "enabled") != true || at(t, file, "port") != 27001 {
		t.Error("TLS or port")
	}
}

func TestWriterAndReaderGatewaysDiffer(t *testing.T) {
	dir, m := rundir.Dir{Root: "/run"}, consortium()
	writer := GatewayFor(dir, m, m.Members[0], "info")
	reader := GatewayFor(dir, m, m.Members[2], "info")
	if writer.Mode != "writer" || writer.Programme != "airline" || writer.Operator == nil || writer.Custodian == nil ||
		!strings.Contains(writer.Identity.Cert, "/gateway/") {
		t.Errorf("writer %+v", writer)
	}
	if reader.Mode != "reader" || reader.Programme != "" || reader.Operator != nil || reader.Custodian != nil ||
		!strings.Contains(reader.Identity.Cert, "/auditor/") {
		t.Errorf("reader %+v", reader)
	}
	hotel := GatewayPartner{Member: "hotel", Endpoint: "127.0.0.1:27103", TLSRoot: dir.CACertificate("hotel"), ServerName: "gateway"}
	if len(writer.Partners) != 1 || writer.Partners[0] != hotel || writer.PartnerListen != "127.0.0.1:27003" || !strings.Contains(writer.PartnerTLS.Cert, "/gateway/tls/") {
		t.Errorf("the writer's partners are %+v at %s with %+v", writer.Partners, writer.PartnerListen, writer.PartnerTLS)
	}
	if reader.Partners != nil || reader.PartnerListen != "" || reader.PartnerTLS != nil {
		t.Errorf("the reader's partners are %+v", reader.Partners)
	}
	if writer.Bank == nil || len(writer.Bank.Accounts) != 1 || writer.Bank.Accounts[0] != (GatewayAccount{Member: "hotel", Name: "Hotel Treasury", IBAN: "DE89370400440532013000"}) || reader.Bank != nil {
		t.Errorf("accounts of the writer's %+v, of the reader's %+v", writer.Bank, reader.Bank)
	}
	if len(writer.Peers) != 4 || writer.Peers[1].Name != "peer1.airline" || reader.Peers[0].Name != "peer0.regulator" {
		t.Error("a gateway's own peers come first, then everybody's")
	}
}

func TestKeyFileHoldsHashesOfThePlainKeys(t *testing.T) {
	dir, m := runDir(t), consortium()
	if err := WriteGateway(dir, m, m.Members[0], "info"); err != nil {
		t.Fatal(err)
	}
	files := GatewayFiles(dir, "airline")
	plain, err := os.ReadFile(files.PlainKeys)
	if err != nil {
		t.Fatal(err)
	}
	hashed, err := os.ReadFile(files.Keys)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(plain)), "\n")
	if len(lines) != 9 {
		t.Fatalf("%d keys", len(lines))
	}
	for _, scope := range []string{"till", "operator", "read", "audit", "'treasury:read'", "'treasury:write'", "governance", "customers", "compliance"} {
		if !strings.Contains(string(hashed), "scopes: ["+scope+"]") {
			t.Errorf("no key has the scope %s: %s", scope, hashed)
		}
	}
	for _, line := range lines {
		_, key, _ := strings.Cut(line, ": ")
		sum := sha256.Sum256([]byte(key))
		if !strings.Contains(string(hashed), hex.EncodeToString(sum[:])) || strings.Contains(string(hashed), key) {
			t.Errorf("key file %s", hashed)
		}
	}
	secret, errSecret := os.ReadFile(files.ReportKey)
	public, errPublic := os.ReadFile(files.PublicReportKey)
	signer, errSigner := note.NewSigner(strings.TrimSpace(string(secret)))
	verifier, errVerifier := note.NewVerifier(strings.TrimSpace(string(public)))
	if err := errors.Join(errSecret, errPublic, errSigner, errVerifier); err != nil || signer.Name() != "airline/reports" || signer.KeyHash() != verifier.KeyHash() {
		t.Errorf("the key of reports: %v", err)
	}
	for _, file := range []string{files.Config, files.Secret, files.Custodian, files.Keys, files.PlainKeys, files.ReportKey} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", file, info, err)
		}
	}
}

// builder runs one of the external builder's scripts.
func builder(t *testing.T, dir rundir.Dir, script string, args ...string) (string, error) {
	t.Helper()
	command := exec.Command(filepath.Join(dir.Builder(), "bin", script), args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), ConnectionsVariable + "=" + filepath.Join(dir.Root, "connections")}
	output, err := command.CombinedOutput()
	return string(output), err
}

func TestBuilderGivesEachPeerItsOwnConnection(t *testing.T) {
	dir := runDir(t)
	if err := WriteBuilder(dir); err != nil {
		t.Fatal(err)
	}
	metadata, output, release := t.TempDir(), t.TempDir(), t.TempDir()
	files := map[string]string{
		filepath.Join(metadata, "metadata.json"):                      `{"type":"ccaas","label":"points-airline","path":""}`,
		filepath.Join(dir.Root, "connections", "points-airline.json"): `{"address":"127.0.0.1:1"}`,
	}
	for file, text := range files {
		if err := dir.Write(file, []byte(text), rundir.PrivateMode); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range [][]string{{"detect", t.TempDir(), metadata}, {"build", t.TempDir(), metadata, output}, {"release", output, release}} {
		if said, err := builder(t, dir, step[0], step[1:]...); err != nil {
			t.Fatalf("%s: %v %s", step[0], err, said)
		}
	}
	got, err := os.ReadFile(filepath.Join(release, "chaincode", "server", "connection.json"))
	if err != nil || string(got) != `{"address":"127.0.0.1:1"}` {
		t.Fatalf("connection %s, %v", got, err)
	}
}

// TestARenewedPeerShowsItsNewCertificateToItsChaincodes: what the peer has kept of a package is another file than the one that its builder reads.
func TestARenewedPeerShowsItsNewCertificateToItsChaincodes(t *testing.T) {
	const node = "peer0.airline"
	dir := runDir(t)
	peer := dir.Identity("airline", node)
	kept := filepath.Join(dir.Data(node), "externalbuilder", "builds", "points-airline-0011")
	read := filepath.Join(ConnectionsFolder(dir, "airline", 0), "points-airline.json")
	all := []string{read, filepath.Join(kept, "bld", "connection.json"), filepath.Join(kept, "release", "chaincode", "server", "connection.json")}
	for _, file := range all {
		if err := dir.Write(file, []byte(`{"address":"127.0.0.1:1","client_cert":"old","client_key":"old","root_cert":"root"}`), rundir.PrivateMode); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(dir.Write(peer.TLSCertificate(), []byte("new"), rundir.PublicMode), dir.Write(peer.TLSKey(), []byte("new key"), rundir.PrivateMode)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(RenewConnections(dir, "airline", node), RenewConnections(dir, "airline", "chaincode0.airline")); err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		data, err := os.ReadFile(file)
		var c connection
		if err := errors.Join(err, json.Unmarshal(data, &c)); err != nil {
			t.Fatal(err)
		}
		if c.ClientCert != "new" || c.ClientKey != "new key" || c.Address != "127.0.0.1:1" || c.RootCert != "root" {
			t.Errorf("%s: %s", file, data)
		}
	}
}

func TestBuilderRefusesOtherTypesAndUnknownLabels(t *testing.T) {
	dir := runDir(t)
	if err := WriteBuilder(dir); err != nil {
		t.Fatal(err)
	}
	metadata := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(metadata, "metadata.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"type":"golang","label":"ccaas"}`)
	if _, err := builder(t, dir, "detect", t.TempDir(), metadata); err == nil {
		t.Error("a Go package is detected as ours")
	}
	write(`{"type":"ccaas","label":"../../secret"}`)
	if said, err := builder(t, dir, "build", t.TempDir(), metadata, t.TempDir()); err == nil || !strings.Contains(said, "serves no chaincode") {
		t.Errorf("a label with a path: %v %s", err, said)
	}
	write(`{"type":"ccaas","label":"points-cinema"}`)
	if said, err := builder(t, dir, "build", t.TempDir(), metadata, t.TempDir()); err == nil || !strings.Contains(said, "points-cinema") {
		t.Errorf("an unknown label: %v %s", err, said)
	}
}

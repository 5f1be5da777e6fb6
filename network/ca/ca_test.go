package ca

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

func consortium() *membership.Membership {
	return &membership.Membership{Channel: "loyalty", PortBase: 27000, Members: []membership.Member{
		{Name: "airline", Kind: membership.Brand, Peers: 2, Orderers: 1},
		{Name: "hotel", Kind: membership.Brand, Peers: 1, Orderers: 1},
		{Name: "regulator", Kind: membership.Regulator, Peers: 1},
	}}
}

func TestEveryNodeAndRoleOfAMemberEnrols(t *testing.T) {
	m := consortium()
	for i, want := range map[int]string{
		0: "registrar admin orderer0.airline peer0.airline chaincode0.airline peer1.airline chaincode1.airline gateway operator treasurer compliance auditor",
		2: "registrar admin peer0.regulator auditor",
	} {
		var names []string
		for _, e := range enrolments(m.Members[i]) {
			names = append(names, e.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestOnlyRolesCarryTheRoleAttribute(t *testing.T) {
	for _, e := range enrolments(consortium().Members[0]) {
		var role string
		for _, a := range e.Attributes {
			if a.Name == membership.RoleAttribute {
				role = a.Value
			}
		}
		isRole := e.Type == clientType && e.certificates != tlsOnly && e.Name != membership.RegistrarIdentity
		if speaksTLS := e.certificates != signing; isRole && speaksTLS != (e.Name == string(membership.GatewayRole)) {
			t.Errorf("%s has a certificate for TLS: %v", e.Name, speaksTLS)
		}
		if isRole && role != e.Name+":ecert" || !isRole && role != "" {
			t.Errorf("%s (%s) has role %q", e.Name, e.Type, role)
		}
	}
}

// fakeClient is a fabric-ca-client that leaves the files of an enrolment and notes how it was called.
const fakeClient = `#!/bin/sh
while [ $# -gt 0 ]; do
  [ "$1" = --mspdir ] && folder=$2
  words="$words $1"
  shift
done
mkdir -p "$folder/keystore" "$folder/signcerts" "$folder/cacerts" "$folder/user"
echo key > "$folder/keystore/abc_sk"
echo "$words" > "$folder/signcerts/cert.pem"
echo root > "$folder/cacerts/127-0-0-1.pem"
`

// refusingClient is a fabric-ca-client whose server refuses, and that repeats what it was given.
const refusingClient = "#!/bin/sh\necho \"Error: 401 for $FABRIC_CA_CLIENT_URL\"\nexit 1\n"

func authority(t *testing.T, program string) *Authority {
	t.Helper()
	client := filepath.Join(t.TempDir(), "fabric-ca-client")
	if err := os.WriteFile(client, []byte(program), 0o700); err != nil {
		t.Fatal(err)
	}
	dir, err := rundir.At(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := consortium()
	a, err := Prepare(dir, m, m.Members[0], client)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEnrolmentLeavesFixedNames(t *testing.T) {
	a := authority(t, fakeClient)
	if err := a.EnrolAll(context.Background()); err != nil {
		t.Fatal(err)
	}
	peer := a.dir.Identity("airline", "peer1.airline")
	for _, file := range []string{
		peer.Certificate(), peer.Key(), peer.TLSCertificate(), peer.TLSKey(),
		filepath.Join(peer.MSP(), "config.yaml"), filepath.Join(peer.MSP(), "cacerts", "ca.pem"), filepath.Join(peer.MSP(), "tlscacerts", "ca.pem"),
		a.dir.Identity("airline", "gateway").Key(), a.dir.Identity("airline", "chaincode0.airline").TLSKey(),
	} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(peer.Folder, "tls", "enrolment")); !os.IsNotExist(err) {
		t.Error("the TLS enrolment's own folder is left")
	}
	if _, err := os.Stat(a.dir.Identity("airline", "chaincode0.airline").MSP()); !os.IsNotExist(err) {
		t.Error("a chaincode server got an identity that signs")
	}
}

func TestSecretsAreOnNoCommandLine(t *testing.T) {
	a := authority(t, fakeClient)
	if err := a.EnrolAll(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, e := range a.enrolments {
		if e.certificates == tlsOnly {
			continue
		}
		words, err := os.ReadFile(a.dir.Identity("airline", e.Name).Certificate())
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Secret) != 2*secretBytes || strings.Contains(string(words), e.Secret) {
			t.Errorf("%s: secret of %d characters on the command line %s", e.Name, len(e.Secret), words)
		}
	}
}

func TestRefusedEnrolmentNamesIdentityAndCAButNoSecret(t *testing.T) {
	a := authority(t, refusingClient)
	err := a.EnrolAll(context.Background())
	if failure.CodeOf(err) != failure.EnrolFailed || !strings.Contains(err.Error(), "ca.airline") || !strings.Contains(err.Error(), "401") {
		t.Fatalf("got %v", err)
	}
	for _, e := range a.enrolments {
		if strings.Contains(err.Error(), e.Secret) {
			t.Error("the error holds a secret")
		}
	}
}

func TestConfigurationWithSecretsIsPrivate(t *testing.T) {
	a := authority(t, fakeClient)
	info, err := os.Stat(ConfigFile(a.dir, "airline"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
}

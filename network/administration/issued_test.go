package administration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// issue gives a certificate of the authority's.
func (a *authority) issue(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	issued, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func TestARootIsKeptWhileAnIdentityOfTheMembersHangsOnIt(t *testing.T) {
	m, first, second := consortium(1), newAuthority(t, "first"), newAuthority(t, "second")
	brand, _ := m.Member("brandb")
	dir, err := rundir.At(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put := func(file string, certificate *x509.Certificate) {
		t.Helper()
		if err := dir.Write(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}), rundir.PublicMode); err != nil {
			t.Fatal(err)
		}
	}
	admin, peer, chaincode := dir.Identity("brandb", membership.AdminIdentity), dir.Identity("brandb", "peer0.brandb"), dir.Identity("brandb", "chaincode0.brandb")
	for _, step := range []struct {
		moves string // To the second authority, before the root of the first is dropped.
		named []string
	}{
		{"", []string{"admin/msp", "chaincode0.brandb/tls", "peer0.brandb/msp", "peer0.brandb/tls"}},
		{admin.Certificate(), []string{"chaincode0.brandb/tls", "peer0.brandb/msp", "peer0.brandb/tls"}},
		{peer.Certificate(), []string{"chaincode0.brandb/tls", "peer0.brandb/tls"}},
		{peer.TLSCertificate(), []string{"chaincode0.brandb/tls"}},
	} {
		if step.moves == "" {
			for _, file := range []string{admin.Certificate(), peer.Certificate(), peer.TLSCertificate(), chaincode.TLSCertificate()} {
				put(file, first.issue(t, "x"))
			}
			put(dir.Identity("brandb", ".renewal-1").Certificate(), first.issue(t, "x"))
			put(dir.Identity("branda", membership.AdminIdentity).Certificate(), first.issue(t, "x"))
		} else {
			put(step.moves, second.issue(t, "x"))
		}
		if held, err := issuedFiles(dir, brand, first.certificate); err != nil || !slices.Equal(held, step.named) {
			t.Errorf("%v, want %v (%v)", held, step.named, err)
		}
		if _, err := DropRoot(dir, m, brand, first.certificate).Update(new(common.Config)); failure.CodeOf(err) != failure.SettingInvalid || !strings.Contains(err.Error(), strings.Join(step.named, ", ")+":") {
			t.Errorf("with %v: %v", step.named, err)
		}
	}
	put(chaincode.TLSCertificate(), second.issue(t, "x"))
	if err := requireNoFiles(dir, brand, first.certificate); err != nil {
		t.Errorf("once all have moved: %v", err)
	}
	if err := dir.Write(filepath.Join(admin.MSP(), "signcerts", "cert.pem"), []byte("none"), rundir.PublicMode); err != nil {
		t.Fatal(err)
	}
	if err := requireNoFiles(dir, brand, first.certificate); failure.CodeOf(err) != failure.RunDirectory {
		t.Errorf("what can't be read: %v", err)
	}
}

func TestARootIsKeptWhileTheChannelKnowsAnOrderingNodeByIt(t *testing.T) {
	m, first, second := consortium(2), newAuthority(t, "first"), newAuthority(t, "second")
	brand, _ := m.Member("brandb")
	config, empty := foundedBy(t, m, "brandb", first), t.TempDir()
	if err := os.MkdirAll(filepath.Dir(rundir.Dir{Root: empty}.Identity("brandb", "x").Folder), rundir.FolderMode); err != nil {
		t.Fatal(err)
	}
	change := func(update []byte, err error) {
		t.Helper()
		if err != nil || update == nil {
			t.Fatalf("%v, update of %d bytes", err, len(update))
		}
		config = updated(t, config, update)
	}
	known := func(index int, by *authority) {
		t.Helper()
		change(ConsenterTLS(config, m.Channel, membership.Address(m.OrdererPorts("brandb", index).Listen), by.issue(t, "x")))
	}
	change(Roots(config, m.Channel, brand, func(now []*x509.Certificate) []*x509.Certificate { return with(now, second.certificate) }))
	known(0, first)
	known(1, first)
	drop := func() ([]byte, error) {
		return DropRoot(rundir.Dir{Root: empty}, m, brand, first.certificate).Update(config)
	}
	refused := func(nodes string) {
		t.Helper()
		if update, err := drop(); failure.CodeOf(err) != failure.SettingInvalid || update != nil || !strings.Contains(err.Error(), "the channel knows "+nodes+" by") {
			t.Errorf("update of %d bytes, %v", len(update), err)
		}
	}
	refused("orderer0.brandb, orderer1.brandb")
	known(0, second)
	refused("orderer1.brandb")
	known(1, second)
	change(drop())
	if got := described(t, config, "Application", "BrandbMSP").GetRootCerts(); len(got) != 1 {
		t.Errorf("%d roots are left", len(got))
	}
}

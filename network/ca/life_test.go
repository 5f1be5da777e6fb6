//go:build network

package ca

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// lifePorts lie apart from those of the networks that other tests start.
const lifePorts = 23800

// running is a real certificate authority with a member's identities enrolled.
func running(t *testing.T) *Authority {
	t.Helper()
	programs := os.Getenv("FABRIC_BIN")
	if programs == "" {
		programs = "../build/fabric"
	}
	programs, err := filepath.Abs(programs)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := rundir.At(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, err := consortium().WithPortBase(lifePorts)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Prepare(dir, m, m.Members[1], filepath.Join(programs, "fabric-ca-client"))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := exec.Command(filepath.Join(programs, "fabric-ca-server"), "start", "--home", dir.CA("hotel"), "--address", membership.Host)
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("the CA's log:\n%s", log.Bytes()[max(0, log.Len()-4000):])
		}
	})
	for deadline := time.Now().Add(time.Minute); ; {
		roots := x509.NewCertPool()
		if root, err := os.ReadFile(dir.CACertificate("hotel")); err == nil && roots.AppendCertsFromPEM(root) {
			if connection, err := tls.Dial("tcp", a.address, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}); err == nil {
				_ = connection.Close()
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the CA doesn't start")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := a.EnrolAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// pair gives an identity's certificate and checks that its key fits.
func (c *Client) pair(t *testing.T, files string, purpose Purpose) *x509.Certificate {
	t.Helper()
	certificate, key := pairOf(c.dir.Identity(c.member.Name, files), purpose)
	if _, err := tls.LoadX509KeyPair(certificate, key); err != nil {
		t.Fatalf("%s: %v", files, err)
	}
	parsed, err := readCertificate(certificate)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func samePublicKey(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo)
}

func TestLifeOfAnIdentityAtARealAuthority(t *testing.T) {
	a := running(t)
	ctx := t.Context()
	for name, step := range map[string]func(*testing.T){
		"enrol":  func(t *testing.T) { a.testEnrol(ctx, t) },
		"renew":  func(t *testing.T) { a.testRenew(ctx, t) },
		"rekey":  func(t *testing.T) { a.testRekey(ctx, t) },
		"revoke": func(t *testing.T) { a.testRevoke(ctx, t) },
	} {
		t.Run(name, step)
	}
}

func (c *Client) testEnrol(ctx context.Context, t *testing.T) {
	if err := c.Enrol(ctx, Identity{Name: "desk-2", Role: membership.TreasurerRole}); err != nil {
		t.Fatal(err)
	}
	got := c.pair(t, "desk-2", Signing)
	if RoleOf(got) != membership.TreasurerRole || PurposeOf(got) != Signing || got.Subject.CommonName != "desk-2" || !slices.Contains(got.Subject.OrganizationalUnit, "client") {
		t.Errorf("role %q, purpose %q, subject %s", RoleOf(got), PurposeOf(got), got.Subject)
	}
	if !slices.Equal(got.Subject.OrganizationalUnit, []string{"client", membership.WritersUnit}) {
		t.Errorf("a treasurer's units are %v", got.Subject.OrganizationalUnit)
	}
	for name, want := range map[string]bool{"gateway": true, "operator": true, "compliance": true, "auditor": false, membership.RegistrarIdentity: false, membership.AdminIdentity: false} {
		if units := c.pair(t, name, Signing).Subject.OrganizationalUnit; slices.Contains(units, membership.WritersUnit) != want {
			t.Errorf("units of %s are %v", name, units)
		}
	}
	if err := c.Enrol(ctx, Identity{Name: "desk-2", Role: membership.OperatorRole}); failure.CodeOf(err) != failure.EnrolFailed {
		t.Errorf("a name that is taken: %v", err)
	}
	for _, wrong := range []Identity{{Name: "../x", Role: membership.OperatorRole}, {Name: "x", Role: "king"}, {Name: "x", Files: ".."}} {
		if err := c.Enrol(ctx, wrong); failure.CodeOf(err) != failure.SettingInvalid {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if gateway := c.pair(t, "gateway", TLS); RoleOf(gateway) != membership.GatewayRole {
		t.Errorf("the TLS certificate of a gateway, which other brands' gateways ask for its role, says %q", RoleOf(gateway))
	}
	if err := c.Enrol(ctx, Identity{Name: "gateway-2", Role: membership.GatewayRole, Files: "treasurer", TLS: true}); err != nil {
		t.Fatal(err)
	}
	c.testNameWithoutRole(ctx, t)
	if signing, tls := c.pair(t, "treasurer", Signing), c.pair(t, "treasurer", TLS); signing.Subject.CommonName != "gateway-2" || PurposeOf(tls) != TLS || RoleOf(tls) != membership.GatewayRole || tls.VerifyHostname("treasurer") != nil {
		t.Errorf("in another identity's place: %s, %v", signing.Subject, tls.DNSNames)
	}
}

// testNameWithoutRole: whoever enrols chooses the names in its TLS certificate, not the role.
func (c *Client) testNameWithoutRole(ctx context.Context, t *testing.T) {
	t.Helper()
	if err := c.Enrol(ctx, Identity{Name: "auditor-2", Role: membership.AuditorRole, Files: "gateway-x", TLS: true}); err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	renamed := c.pair(t, "gateway-x", TLS)
	renamed.DNSNames = []string{string(membership.GatewayRole)}
	certificate, key := pairOf(c.dir.Identity(c.member.Name, "gateway-x"), TLS)
	if err := copyPair(c.dir, certificate, key, scratch); err != nil {
		t.Fatal(err)
	}
	if err := c.reenroll(ctx, Renewal{Files: "gateway-x", Purpose: TLS, Key: FreshKey}, scratch, renamed); err != nil {
		t.Fatal(err)
	}
	got, err := readCertificate(filepath.Join(scratch, "signcerts", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if units := got.Subject.OrganizationalUnit; got.VerifyHostname(string(membership.GatewayRole)) != nil || RoleOf(got) != membership.AuditorRole || !slices.Equal(units, []string{"client"}) {
		t.Errorf("an auditor got a certificate for %v with role %q and units %v", got.DNSNames, RoleOf(got), units)
	}
}

func (c *Client) testRenew(ctx context.Context, t *testing.T) {
	for _, r := range []Renewal{
		{Files: "operator", Purpose: Signing, Key: FreshKey}, {Files: "operator", Purpose: Signing, Key: SameKey}, {Files: "orderer0.hotel", Purpose: TLS, Key: SameKey},
		{Files: "gateway", Purpose: TLS, Key: FreshKey}, {Files: "chaincode0.hotel", Purpose: TLS, Key: FreshKey}, {Files: "peer0.hotel", Purpose: Signing, Key: FreshKey},
	} {
		t.Run(fmt.Sprintf("%s %s %s", r.Files, r.Purpose, r.Key), func(t *testing.T) {
			before := c.pair(t, r.Files, r.Purpose)
			if err := c.Renew(ctx, r); err != nil {
				t.Fatal(err)
			}
			after := c.pair(t, r.Files, r.Purpose)
			if before.SerialNumber.Cmp(after.SerialNumber) == 0 || samePublicKey(before, after) != (r.Key == SameKey) {
				t.Errorf("serials %x and %x, same key %v", before.SerialNumber, after.SerialNumber, samePublicKey(before, after))
			}
			if RoleOf(before) != RoleOf(after) || PurposeOf(before) != PurposeOf(after) || before.Subject.String() != after.Subject.String() || !slices.Equal(names(before), names(after)) {
				t.Errorf("%s %v became %s %v", before.Subject, names(before), after.Subject, names(after))
			}
		})
	}
	entries, err := filepath.Glob(filepath.Join(c.dir.Organisation("hotel"), "identities", ".*"))
	if err != nil || len(entries) > 0 {
		t.Errorf("renewals left %v (%v)", entries, err)
	}
}

func (c *Client) testRekey(ctx context.Context, t *testing.T) {
	const node = "orderer0.hotel"
	before := c.pair(t, node, TLS)
	unasked := func(context.Context, *x509.Certificate) (bool, error) {
		t.Error("the channel is asked about the authority's own")
		return false, nil
	}
	fresh, err := c.NextTLS(ctx, node, unasked)
	if err != nil {
		t.Fatal(err)
	}
	if samePublicKey(before, fresh) || !slices.Equal(names(before), names(fresh)) || before.Subject.String() != fresh.Subject.String() || PurposeOf(fresh) != TLS {
		t.Errorf("%s %v is followed by %s %v", before.Subject, names(before), fresh.Subject, names(fresh))
	}
	if still := c.pair(t, node, TLS); !still.Equal(before) {
		t.Error("the certificate in use was replaced before others know the next")
	}
	if again, err := c.NextTLS(ctx, node, unasked); err != nil || !again.Equal(fresh) {
		t.Errorf("repeated, it is another certificate (%v): the channel may know the first", err)
	}
	if err := c.TakeNextTLS(node); err != nil {
		t.Fatal(err)
	}
	c.testStrangersPair(ctx, t, node)
	if now := c.pair(t, node, TLS); !now.Equal(fresh) {
		t.Error("the next certificate isn't in use")
	}
	if err := c.TakeNextTLS(node); failure.CodeOf(err) != failure.EnrolFailed {
		t.Errorf("with nothing to take: %v", err)
	}
}

// testStrangersPair: a pair that is kept, of an authority that isn't in use, gives way to one of the one that is.
func (c *Client) testStrangersPair(ctx context.Context, t *testing.T, node string) {
	t.Helper()
	_, next := c.next(node)
	kept := newIssuer(t, "stranger").issue(t, nodeForm(nil)).write(t, c.dir, next)
	fresh, err := c.NextTLS(ctx, node, func(context.Context, *x509.Certificate) (bool, error) { return false, nil })
	if err != nil || fresh.Equal(kept) || !slices.Equal(names(fresh), names(c.pair(t, node, TLS))) {
		t.Errorf("it gives way to %v (%v)", fresh, err)
	}
	if err := os.RemoveAll(next.Folder); err != nil {
		t.Fatal(err)
	}
}

func (c *Client) testRevoke(ctx context.Context, t *testing.T) {
	old := c.pair(t, "compliance", Signing)
	if err := c.Renew(ctx, Renewal{Files: "compliance", Purpose: Signing, Key: FreshKey}); err != nil {
		t.Fatal(err)
	}
	if n, err := c.RevokeSuperseded(ctx, "compliance"); err != nil || n != 1 {
		t.Fatalf("%d revoked: %v", n, err)
	}
	if _, err := c.RevokeSuperseded(ctx, "nobody"); failure.CodeOf(err) != failure.EnrolFailed || !strings.Contains(err.Error(), "has no certificate") {
		t.Errorf("files that aren't there: %v", err)
	}
	gone := c.pair(t, "auditor", Signing)
	if err := c.RevokeIdentity(ctx, "auditor", "whim"); failure.CodeOf(err) != failure.SettingInvalid {
		t.Errorf("a reason that isn't one: %v", err)
	}
	if err := c.RevokeIdentity(ctx, "auditor", "keycompromise"); err != nil {
		t.Fatal(err)
	}
	raw, err := c.RevocationList(ctx)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, entry := range list.RevokedCertificateEntries {
		listed[entry.SerialNumber.String()] = true
	}
	now := c.pair(t, "compliance", Signing)
	if !listed[old.SerialNumber.String()] || !listed[gone.SerialNumber.String()] || listed[now.SerialNumber.String()] {
		t.Errorf("the list has %v", listed)
	}
	if err := c.Renew(ctx, Renewal{Files: "auditor", Purpose: Signing, Key: FreshKey}); failure.CodeOf(err) != failure.EnrolFailed {
		t.Errorf("a revoked identity was renewed: %v", err)
	}
	if still := c.pair(t, "auditor", Signing); still.SerialNumber.Cmp(gone.SerialNumber) != 0 {
		t.Error("a failed renewal changed the files")
	}
	all, err := c.Certificates(ctx)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, certificate := range all {
		if certificate.SerialNumber.Cmp(old.SerialNumber) == 0 || certificate.SerialNumber.Cmp(gone.SerialNumber) == 0 {
			t.Errorf("%s is listed though it is revoked", certificate.Subject.CommonName)
		}
		if certificate.SerialNumber.Cmp(now.SerialNumber) == 0 && RoleOf(certificate) == membership.ComplianceRole {
			found++
		}
	}
	if found != 1 {
		t.Errorf("the certificate in use is listed %d times among %d", found, len(all))
	}
}

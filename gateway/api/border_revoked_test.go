package api

import (
	"context"
	"crypto/x509"
	"log/slog"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/partners"
)

// issuedBy says of certificates whether a member's authority issued them: as if it had revoked them all.
func (b *border) issuedBy(member string) func(*x509.Certificate) bool {
	return func(c *x509.Certificate) bool { return c.CheckSignatureFrom(b.authorities[member].certificate) == nil }
}

func TestARevokedGatewaysCertificateIsRefusedOnBothSides(t *testing.T) {
	b := newBorder(t)
	to := config.Partner{Member: "airline", Endpoint: b.endpoint, TLSRoot: b.authorities["airline"].root(), ServerName: gatewayName}
	hotel, err := partners.Open(b.authorities["hotel"].issue(gatewayName, time.Hour), []config.Partner{to})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() fault.Code {
		client := hotel.Client("airline", 0, slog.New(slog.DiscardHandler))
		defer client.Close()
		_, err := client.Operation(context.Background(), points.OperationID(hexOf("a1")))
		return fault.CodeOf(err)
	}
	for name, c := range map[string]struct {
		atAirline, atHotel string // Whose certificates are revoked, as either side knows.
		refused            bool
	}{
		"nobody's":                     {"", "", false},
		"another brand's":              {"grocer", "grocer", false},
		"the caller's":                 {"hotel", "", true},
		"that of the gateway it calls": {"", "airline", true},
	} {
		for directory, member := range map[*partners.Directory]string{b.directory: c.atAirline, hotel: c.atHotel} {
			if member == "" {
				directory.Revoke(func(*x509.Certificate) bool { return false })
			} else {
				directory.Revoke(b.issuedBy(member))
			}
		}
		if got := ask(); (got == fault.IssuerUnavailable) != c.refused || !c.refused && got != fault.NotFound {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestARevocationEndsWhatAnOpenConnectionMayAsk(t *testing.T) {
	b := newBorder(t)
	client := b.client(t, "hotel", b.authorities["hotel"].issue(gatewayName, time.Hour))
	if _, err := client.Operation(context.Background(), points.OperationID(hexOf("a1"))); fault.CodeOf(err) != fault.NotFound {
		t.Fatal(err)
	}
	b.directory.Revoke(b.issuedBy("hotel"))
	if _, err := client.Operation(context.Background(), points.OperationID(hexOf("a1"))); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("over a connection from before: %v", err)
	}
}

func TestNobodyElseOfTheIssuersIsTakenForItsGateway(t *testing.T) {
	for role, want := range map[string]fault.Code{engine.RoleGateway: fault.NotFound, "auditor": fault.IssuerUnavailable, "": fault.IssuerUnavailable} {
		b := newBorderAs(t, role)
		if _, err := b.client(t, "hotel", b.authorities["hotel"].issue(gatewayName, time.Hour)).Operation(context.Background(), points.OperationID(hexOf("a1"))); fault.CodeOf(err) != want {
			t.Errorf("role %q: %v, want %s", role, err, want)
		}
	}
}

func TestARevokedIssuerIsntBelievedOverAConnectionFromBefore(t *testing.T) {
	b := newBorder(t)
	to := config.Partner{Member: "airline", Endpoint: b.endpoint, TLSRoot: b.authorities["airline"].root(), ServerName: gatewayName}
	hotel, err := partners.Open(b.authorities["hotel"].issue(gatewayName, time.Hour), []config.Partner{to})
	if err != nil {
		t.Fatal(err)
	}
	client := hotel.Client("airline", 0, slog.New(slog.DiscardHandler))
	defer client.Close()
	ask := func() fault.Code {
		_, err := client.Operation(context.Background(), points.OperationID(hexOf("a1")))
		return fault.CodeOf(err)
	}
	if got := ask(); got != fault.NotFound {
		t.Fatal(got)
	}
	hotel.Revoke(b.issuedBy("airline"))
	if got := ask(); got != fault.IssuerUnavailable {
		t.Errorf("after it was revoked: %s", got)
	}
	hotel.Revoke(func(*x509.Certificate) bool { return false })
	if got := ask(); got != fault.NotFound {
		t.Fatal(got)
	}
	revoke := func() { hotel.Revoke(b.issuedBy("airline")) }
	b.meanwhile.Store(&revoke)
	if got := ask(); got != fault.IssuerUnavailable {
		t.Errorf("while it answered: %s", got)
	}
}

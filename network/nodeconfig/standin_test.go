package nodeconfig

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/network/rundir"
)

func TestAdministratorsGatewaySequencesTheFailedBrandsProgramme(t *testing.T) {
	dir, m := rundir.Dir{Root: t.TempDir()}, consortium()
	failed, administrator := m.Members[0], m.Members[1]
	s := StandIn{Failed: failed, Administrator: administrator, CustodianVersion: 2}
	if err := WriteStandIn(dir, m, s, "info"); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(StandInFiles(dir, failed.Name, administrator.Name).Config)
	if err != nil {
		t.Fatal(err)
	}
	var config Gateway
	if err := yaml.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	own := GatewayFor(dir, m, administrator, "info")
	if config.Member != administrator.Name || config.ActsFor != failed.Name || config.Programme != failed.Name || config.Identity != own.Identity {
		t.Errorf("it is %+v", config)
	}
	if config.Custodian.Version != 2 || config.Custodian.Key != dir.AdministratorKey(failed.Name) || config.Database == own.Database || config.Listen == own.Listen {
		t.Errorf("it is %+v", config)
	}
	for _, p := range config.Partners {
		if p.Member == failed.Name {
			t.Error("it is its own partner")
		}
	}
}

func TestPartnersFindTheAdministratorWhereTheFailedBrandWas(t *testing.T) {
	dir, m := rundir.Dir{Root: t.TempDir()}, consortium()
	failed, administrator := m.Members[0], m.Members[1]
	s := StandIn{Failed: failed, Administrator: administrator, CustodianVersion: 2}
	if err := WriteGateway(dir, m, administrator, "info"); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false} {
		if changed, err := Redirect(dir, m, s, administrator); err != nil || changed != want {
			t.Fatalf("time %d: changed %v, %v", i+1, changed, err)
		}
	}
	raw, err := os.ReadFile(GatewayFiles(dir, administrator.Name).Config)
	if err != nil {
		t.Fatal(err)
	}
	var config Gateway
	if err := yaml.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	last := config.Partners[len(config.Partners)-1]
	if last.Member != failed.Name || last.TLSRoot != dir.CACertificate(administrator.Name) || strings.Count(string(raw), "member: "+failed.Name) < 1 {
		t.Errorf("the partners are %+v", config.Partners)
	}
}

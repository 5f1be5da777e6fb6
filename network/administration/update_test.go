package administration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/genesis"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
)

func consortium(orderersOfB int) *membership.Membership {
	m := &membership.Membership{Channel: "loyalty", PortBase: 27000}
	for i, name := range []string{"branda", "brandb", "brandc", "brandd"} {
		member := membership.Member{Name: name, Kind: membership.Brand, Peers: 1, Orderers: 1}
		if i == 1 {
			member.Orderers = orderersOfB
		}
		m.Members = append(m.Members, member)
	}
	m.Members = append(m.Members, membership.Member{Name: "regulator", Kind: membership.Regulator, Peers: 1})
	return m
}

// foundedOn is the configuration of the consortium's first block.
func foundedOn(t *testing.T, m *membership.Membership) *common.Config {
	t.Helper()
	material := genesis.Material{Roots: map[string]*x509.Certificate{}, OrdererTLS: map[string]*x509.Certificate{}}
	for _, member := range m.Members {
		material.Roots[member.Name] = certificate(t, member.Name)
		for i := range member.Orderers {
			node := membership.OrdererNode(member.Name, i)
			material.OrdererTLS[node] = certificate(t, node)
		}
	}
	block, err := genesis.Block(m, material)
	if err != nil {
		t.Fatal(err)
	}
	config, err := ConfigOf(block)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func certificate(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte(name),
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// updated is the configuration that an ordering node would make of an update: what the write set names takes its place.
func updated(t *testing.T, config *common.Config, update []byte) *common.Config {
	t.Helper()
	var decoded common.ConfigUpdate
	if err := proto.Unmarshal(update, &decoded); err != nil {
		t.Fatal(err)
	}
	next := proto.Clone(config).(*common.Config)
	merge(next.GetChannelGroup(), decoded.GetReadSet(), decoded.GetWriteSet())
	next.Sequence++
	return next
}

// merge writes what a write set says into a group. Members of a group whose version rises, and that it doesn't name, go.
func merge(group, read, written *common.ConfigGroup) {
	if written.GetVersion() != read.GetVersion() {
		for name := range group.GetGroups() {
			if written.GetGroups()[name] == nil {
				delete(group.GetGroups(), name)
			}
		}
		group.Version, group.ModPolicy = written.GetVersion(), written.GetModPolicy()
	}
	for name, value := range written.GetValues() {
		if before := read.GetValues()[name]; before == nil || before.GetVersion() != value.GetVersion() {
			if group.Values == nil {
				group.Values = map[string]*common.ConfigValue{}
			}
			group.Values[name] = value
		}
	}
	for name, rule := range written.GetPolicies() {
		if before := read.GetPolicies()[name]; before == nil || before.GetVersion() != rule.GetVersion() {
			group.Policies[name] = rule
		}
	}
	for name, inner := range written.GetGroups() {
		merge(group.GetGroups()[name], read.GetGroups()[name], inner)
	}
}

func orderers(t *testing.T, config *common.Config) (consenters int, organisations map[string]bool) {
	t.Helper()
	now := configtx.New(config)
	ordering, err := now.Orderer().Configuration()
	if err != nil {
		t.Fatal(err)
	}
	organisations = map[string]bool{}
	for _, o := range ordering.Organizations {
		organisations[o.Name] = true
	}
	return len(ordering.EtcdRaft.Consenters), organisations
}

func TestUpdatesBringTheChannelToItsStandingOneOrderingNodeAtATime(t *testing.T) {
	for name, s := range map[string]membership.Standing{
		"failed": {Administrators: map[string]string{"brandb": "branda"}}, "left": {Left: []string{"brandb"}},
	} {
		for nodes := 1; nodes <= 2; nodes++ {
			t.Run(fmt.Sprint(name, nodes), func(t *testing.T) {
				m := consortium(nodes)
				config := foundedOn(t, m)
				for step := 1; step <= nodes; step++ {
					update, err := Update(config, m, s)
					if err != nil || update == nil {
						t.Fatalf("step %d: %v, update of %d bytes", step, err, len(update))
					}
					config = updated(t, config, update)
					consenters, organisations := orderers(t, config)
					if consenters != 3+nodes-step || organisations["BrandbMSP"] != (step < nodes) || len(organisations) < 3 {
						t.Errorf("step %d leaves %d ordering nodes of %v", step, consenters, organisations)
					}
				}
				if update, err := Update(config, m, s); err != nil || update != nil {
					t.Errorf("then: %v, update of %d bytes", err, len(update))
				}
				requirePolicies(t, config, m, s)
			})
		}
	}
}

func requirePolicies(t *testing.T, config *common.Config, m *membership.Membership, s membership.Standing) {
	t.Helper()
	want := configtx.New(config)
	if err := setPolicies(&want, m, s); err != nil {
		t.Fatal(err)
	}
	for _, rule := range policy.Application(m, s) {
		got := config.GetChannelGroup().GetGroups()["Application"].GetPolicies()[rule.Name]
		wanted := want.UpdatedConfig().GetChannelGroup().GetGroups()["Application"].GetPolicies()[rule.Name]
		if !proto.Equal(got.GetPolicy(), wanted.GetPolicy()) || got.GetModPolicy() != rule.ModPolicy {
			t.Errorf("%s is not %s", rule.Name, rule.Rule)
		}
	}
}

func TestUpdateOfAChannelThatIsAsItShouldBeIsNone(t *testing.T) {
	m := consortium(1)
	if update, err := Update(foundedOn(t, m), m, membership.Standing{}); err != nil || update != nil {
		t.Errorf("%v, update of %d bytes", err, len(update))
	}
}

func TestUpdateForAnImpossibleStandingIsRefused(t *testing.T) {
	m := consortium(1)
	s := membership.Standing{Administrators: map[string]string{"brandb": "brandb"}}
	if _, err := Update(foundedOn(t, m), m, s); failure.CodeOf(err) != failure.MembershipInvalid {
		t.Errorf("%v", err)
	}
}

func TestReinstatedBrandGetsItsPoliciesBack(t *testing.T) {
	m := consortium(1)
	s := membership.Standing{Administrators: map[string]string{"brandb": "branda"}}
	before := foundedOn(t, m)
	update, err := Update(before, m, s)
	if err != nil {
		t.Fatal(err)
	}
	failed := updated(t, before, update)
	update, err = Update(failed, m, membership.Standing{})
	if err != nil || update == nil {
		t.Fatalf("%v, update of %d bytes", err, len(update))
	}
	requirePolicies(t, updated(t, failed, update), m, membership.Standing{})
}

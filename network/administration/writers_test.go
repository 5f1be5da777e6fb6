package administration

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
)

// beforeUnits is the configuration of a channel that was founded before there was a unit of writers: every client of a brand's writes, who writes may propose, and its
// administrator alone may change both.
func beforeUnits(t *testing.T, m *membership.Membership) *common.Config {
	t.Helper()
	old := configtx.New(foundedOn(t, m))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	own := func(rule string) configtx.Policy {
		return configtx.Policy{Type: "Signature", Rule: rule, ModPolicy: "Admins"}
	}
	must(old.Application().SetACLs(map[string]string{
		"_lifecycle/QueryChaincodeDefinition": "/Channel/Application/Readers", "_lifecycle/QueryChaincodeDefinitions": "/Channel/Application/Readers", "event/Block": "/Channel/Application/Readers",
	}))
	must(old.Application().RemovePolicy("Proposers"))
	for _, member := range m.Members {
		must(old.Application().Organization(member.MSP()).RemovePolicy("Proposers"))
	}
	for _, brand := range m.Brands() {
		application, ordering := old.Application().Organization(brand.MSP()), old.Orderer().Organization(brand.MSP())
		must(application.SetPolicy("Writers", own("OutOf(1, '"+brand.MSP()+".admin', '"+brand.MSP()+".client')")))
		must(ordering.SetPolicy("Writers", own("OutOf(1, '"+brand.MSP()+".orderer')")))
		must(application.SetModPolicy("Admins"))
		must(ordering.SetModPolicy("Admins"))
	}
	return old.UpdatedConfig()
}

func TestAChannelFromBeforeTheWritersUnitGetsTheRulesOfANewOne(t *testing.T) {
	m := consortium(1)
	old := beforeUnits(t, m)
	update, err := WritersUpdate(old, m)
	if err != nil || update == nil {
		t.Fatalf("%v, update of %d bytes", err, len(update))
	}
	next := updated(t, old, update)
	if again, err := WritersUpdate(next, m); err != nil || again != nil {
		t.Errorf("once more: %v, update of %d bytes", err, len(again))
	}
	groups := next.GetChannelGroup().GetGroups()
	for _, brand := range m.Brands() {
		if got := writers(t, next, brand.MSP()); len(got) != 1 {
			t.Errorf("units of %d authorities of %s write", len(got), brand.Name)
		}
		for section, by := range map[string]string{applicationGroup: policy.ApplicationAdmins, ordererGroup: policy.OrdererAdmins} {
			group := groups[section].GetGroups()[brand.MSP()]
			if group.GetModPolicy() != by || group.GetPolicies()["Writers"].GetModPolicy() != by {
				t.Errorf("%s of %s is changed by %s, its writers by %s", section, brand.Name, group.GetModPolicy(), group.GetPolicies()["Writers"].GetModPolicy())
			}
		}
	}
	if groups[applicationGroup].GetPolicies()["Proposers"] == nil || groups[applicationGroup].GetGroups()["RegulatorMSP"].GetPolicies()["Proposers"].GetModPolicy() != policy.ApplicationAdmins {
		t.Error("nobody is told who proposes")
	}
	var acls peer.ACLs
	if err := proto.Unmarshal(groups[applicationGroup].GetValues()[aclsValue].GetValue(), &acls); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(acls.GetAcls())); !slices.Equal(got, []string{
		"_lifecycle/QueryChaincodeDefinition", "_lifecycle/QueryChaincodeDefinitions", "event/Block", "peer/ChaincodeToChaincode", "peer/Propose",
	}) {
		t.Errorf("access rules %v", got)
	}
}

func TestWhatTheUpdateOfWritersChangesIsSaidBefore(t *testing.T) {
	m := consortium(1)
	old := beforeUnits(t, m)
	update, err := WritersUpdate(old, m)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := Differences(old, update)
	if err != nil {
		t.Fatal(err)
	}
	said := textOf(lines)
	for _, want := range []string{
		"/Channel/Application/BrandaMSP: changed by Admins -> changed by /Channel/Application/Admins\n",
		"/Channel/Application/BrandaMSP/Writers: OutOf(1, 'BrandaMSP.admin', 'BrandaMSP.client'), changed by Admins -> OutOf(1, OutOf(1, 'BrandaMSP.admin'), unit writers of BrandaMSP by authority ",
		"/Channel/Application/Proposers: nothing -> ANY Proposers, changed by Admins\n",
		"/Channel/Orderer/BranddMSP/Writers: OutOf(1, 'BranddMSP.orderer'), changed by Admins -> OutOf(1, 'BranddMSP.orderer'), changed by /Channel/Orderer/Admins\n",
		"/Channel/Application/ACLs acls peer/Propose policy_ref: nothing -> \"/Channel/Application/Proposers\"\n",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %s", want)
		}
	}
	if strings.Contains(said, "MSP: certificate") || strings.Contains(said, "Endorsement") || strings.Contains(said, "gone") {
		t.Error("more is said than changes")
	}
	if t.Failed() {
		t.Log(said)
	}
}

// TestWhatIsTheMembersOwnStaysAsItIs also where a new channel would have it otherwise.
func TestWhatIsTheMembersOwnStaysAsItIs(t *testing.T) {
	m := consortium(1)
	changed := configtx.New(beforeUnits(t, m))
	for _, own := range []string{"Readers", "Admins", "Endorsement"} {
		err := changed.Application().Organization("BrandaMSP").SetPolicy(own, configtx.Policy{Type: "Signature", Rule: "OutOf(1, 'BrandaMSP.member')", ModPolicy: "Admins"})
		if err != nil {
			t.Fatal(err)
		}
	}
	update, err := WritersUpdate(changed.UpdatedConfig(), m)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := Differences(changed.UpdatedConfig(), update)
	if err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{"Readers", "Admins", "Endorsement"} {
		if strings.Contains(textOf(lines), "/Channel/Application/BrandaMSP/"+own) {
			t.Errorf("%s is written", own)
		}
	}
}

func TestEachBrandSignsWhatIsStillItsOwnToChange(t *testing.T) {
	m := consortium(1)
	old := beforeUnits(t, m)
	brands := []string{"BrandaMSP", "BrandbMSP", "BrandcMSP", "BranddMSP"}
	update, err := WritersUpdate(old, m)
	if err != nil {
		t.Fatal(err)
	}
	deciders, err := DecidersOf(old, update)
	if err != nil || !slices.Equal(deciders.Members, brands) || !slices.Equal(deciders.Rules, []string{"/Channel/Application/Admins"}) {
		t.Errorf("before: %s (%v)", deciders, err)
	}
	if lacking := deciders.Lacking(brands[:3]); !slices.Equal(lacking, brands[3:]) {
		t.Errorf("%v lack", lacking)
	}
	guarded := updated(t, old, update)
	b, _ := m.Member("brandb")
	for want, change := range map[string]Change{
		"those who meet /Channel/Orderer/Admins (": Rekey(m, b, 0, certificate(t, "fresh")),
		"the administrator of each of BrandbMSP":   AddRoot(m, b, certificate(t, "second")),
	} {
		update, err := change.Update(guarded)
		if err != nil {
			t.Fatal(err)
		}
		if deciders, err := DecidersOf(guarded, update); err != nil || !strings.HasPrefix(deciders.String(), want) {
			t.Errorf("%s; want %s (%v)", deciders, want, err)
		}
	}
	if _, err := DecidersOf(old, []byte{0xff}); failure.CodeOf(err) != failure.ChannelUpdate {
		t.Errorf("what is no update: %v", err)
	}
}

func TestANewChannelHasTheRulesOfWritersFromItsFirstBlock(t *testing.T) {
	m := consortium(2)
	if update, err := WritersUpdate(foundedOn(t, m), m); err != nil || update != nil {
		t.Errorf("%v, update of %d bytes", err, len(update))
	}
	left, err := Update(foundedOn(t, m), m, membership.Standing{Left: []string{"brandc"}})
	if err != nil {
		t.Fatal(err)
	}
	if update, err := WritersUpdate(updated(t, foundedOn(t, m), left), m); err != nil || update != nil {
		t.Errorf("once a brand has left: %v, update of %d bytes", err, len(update))
	}
}

package administration

import (
	"slices"
	"testing"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

func TestAFreshTLSKeyTakesItsNodesPlaceAndNoOther(t *testing.T) {
	m := consortium(1)
	config, fresh := foundedOn(t, m), certificate(t, "fresh")
	at := func(name string) string { return membership.Address(m.OrdererPorts(name, 0).Listen) }
	update, err := ConsenterTLS(config, m.Channel, at("brandb"), fresh)
	if err != nil || update == nil {
		t.Fatalf("%v, update of %d bytes", err, len(update))
	}
	next := updated(t, config, update)
	was, is := configtx.New(config), configtx.New(next)
	before, err := was.Orderer().Configuration()
	if err != nil {
		t.Fatal(err)
	}
	after, err := is.Orderer().Configuration()
	if err != nil {
		t.Fatal(err)
	}
	if len(after.EtcdRaft.Consenters) != len(before.EtcdRaft.Consenters) || after.EtcdRaft.Options != before.EtcdRaft.Options || after.State != before.State {
		t.Errorf("%+v became %+v", before.EtcdRaft, after.EtcdRaft)
	}
	for i, c := range after.EtcdRaft.Consenters {
		old := before.EtcdRaft.Consenters[i]
		if c.Address != old.Address {
			t.Errorf("place %d is %v's, was %v's: Raft takes another place for another node", i, c.Address, old.Address)
		}
		if changed := c.Address.Port == m.OrdererPorts("brandb", 0).Listen; c.ServerTLSCert.Equal(fresh) != changed || c.ClientTLSCert.Equal(fresh) != changed || c.ServerTLSCert.Equal(old.ServerTLSCert) == changed {
			t.Errorf("%v has a fresh certificate: %v", c.Address, c.ServerTLSCert.Equal(fresh))
		}
	}
	if !proto.Equal(config.GetChannelGroup().GetGroups()["Application"], next.GetChannelGroup().GetGroups()["Application"]) {
		t.Error("more than the ordering nodes changed")
	}
	if again, err := ConsenterTLS(next, m.Channel, at("brandb"), fresh); err != nil || again != nil {
		t.Errorf("once more: %v, update of %d bytes", err, len(again))
	}
	if _, err := ConsenterTLS(config, m.Channel, at("regulator"), fresh); failure.CodeOf(err) != failure.ChannelUpdate {
		t.Errorf("who orders nothing: %v", err)
	}
}

func TestOnlyOrderingNodesThatTheChannelNamesAreWaitedFor(t *testing.T) {
	m := consortium(1)
	config := foundedOn(t, m)
	update, err := Update(config, m, membership.Standing{Administrators: map[string]string{"brandb": "branda"}})
	if err != nil {
		t.Fatal(err)
	}
	u := &updater{m: m, orderers: m.Brands()}
	for config, want := range map[*common.Config]string{
		config: "orderer0.branda orderer0.brandb orderer0.brandc orderer0.brandd ", updated(t, config, update): "orderer0.branda orderer0.brandc orderer0.brandd ",
	} {
		nodes, err := u.orderingNodes(config)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		for _, n := range nodes {
			got += n.name() + " "
		}
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestTheOthersAreWaitedForOnlyWhenANodeIsTakenAway(t *testing.T) {
	m := consortium(1)
	brand, _ := m.Member("brandb")
	config, address := foundedOn(t, m), membership.Address(m.OrdererPorts("brandb", 0).Listen)
	second := certificate(t, "second")
	for name, c := range map[string]struct {
		change Change
		want   []string
	}{
		"a fresh key":   {Rekey(m, brand, 0, certificate(t, "fresh")), []string{address}},
		"a second root": {AddRoot(m, brand, second), nil},
	} {
		update, err := c.change.Update(config)
		if err != nil || update == nil {
			t.Fatalf("%s: %v, update of %d bytes", name, err, len(update))
		}
		if got, err := replaced(config, update); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s takes %v away (%v), want %v", name, got, err, c.want)
		}
	}
}

package administration

import (
	"encoding/pem"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/etcdraft"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

func textOf(lines []Difference) string {
	var all strings.Builder
	for _, line := range lines {
		all.WriteString(line.Text + "\n")
	}
	return all.String()
}

func TestTheWordsForAChangeNameWhatItChanges(t *testing.T) {
	m := consortium(1)
	b, _ := m.Member("brandb")
	founded := foundedOn(t, m)
	node, fresh, second := membership.Address(m.OrdererPorts("brandb", 0).Listen), certificate(t, "fresh"), certificate(t, "second")
	for want, change := range map[string]Change{
		"/Channel/Orderer/ConsensusType metadata consenters " + node + " server_tls_cert: certificate 1 of orderer0.brandb, SHA-256 ": Rekey(m, b, 0, fresh),
		" -> certificate 1 of fresh, SHA-256 " + digest(fresh.Raw) + "\n":                                                             Rekey(m, b, 0, fresh),
		"/Channel/Application/BrandbMSP/MSP config root_certs: [certificate 1 of brandb, SHA-256 ":                                    AddRoot(m, b, second),
		", certificate 1 of second, SHA-256 " + digest(second.Raw) + "]\n":                                                            AddRoot(m, b, second),
	} {
		update, err := change.Update(founded)
		if err != nil {
			t.Fatal(err)
		}
		review, err := ReviewOf(founded, update)
		if err != nil || !strings.Contains(textOf(review.Differences), want) || review.Unexplained() {
			t.Errorf("%v: %s; want %s, all of it explained", err, textOf(review.Differences), want)
		}
	}
	if _, err := Differences(founded, []byte{0xff}); failure.CodeOf(err) != failure.ChannelUpdate {
		t.Errorf("what is no update: %v", err)
	}
}

// rewritten has one message that is encoded in another's place be otherwise.
func rewritten[M proto.Message](t *testing.T, data *[]byte, into M, change func(M)) {
	t.Helper()
	if err := proto.Unmarshal(*data, into); err != nil {
		t.Fatal(err)
	}
	change(into)
	var err error
	if *data, err = proto.Marshal(into); err != nil {
		t.Fatal(err)
	}
}

func TestNothingThatAChangeDoesIsHidden(t *testing.T) {
	m := consortium(1)
	consensus := func(change func(*orderer.ConsensusType)) func(*common.ConfigGroup) {
		return func(channel *common.ConfigGroup) {
			rewritten(t, &channel.GetGroups()[ordererGroup].GetValues()[consensusTypeValue].Value, new(orderer.ConsensusType), change)
		}
	}
	raft := func(change func(*etcdraft.ConfigMetadata)) func(*common.ConfigGroup) {
		return consensus(func(c *orderer.ConsensusType) { rewritten(t, &c.Metadata, new(etcdraft.ConfigMetadata), change) })
	}
	described := func(change func(*msp.FabricMSPConfig)) func(*common.ConfigGroup) {
		return func(channel *common.ConfigGroup) {
			value := channel.GetGroups()[applicationGroup].GetGroups()["BrandaMSP"].GetValues()[mspValue]
			rewritten(t, &value.Value, new(msp.MSPConfig), func(w *msp.MSPConfig) { rewritten(t, &w.Config, new(msp.FabricMSPConfig), change) })
		}
	}
	rule := func(change func(*common.SignaturePolicyEnvelope)) func(*common.ConfigGroup) {
		return func(channel *common.ConfigGroup) {
			rewritten(t, &channel.GetGroups()[applicationGroup].GetPolicies()["Admins"].GetPolicy().Value, new(common.SignaturePolicyEnvelope), change)
		}
	}
	other := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t, "other").Raw})
	for want, c := range map[string]struct {
		change      func(*common.ConfigGroup)
		unexplained bool
	}{
		"ConsensusType: changed by Admins -> changed by Readers": {change: func(channel *common.ConfigGroup) {
			channel.GetGroups()[ordererGroup].GetValues()[consensusTypeValue].ModPolicy = "Readers"
		}},
		"state: STATE_NORMAL -> STATE_MAINTENANCE": {change: consensus(func(c *orderer.ConsensusType) { c.State = orderer.ConsensusType_STATE_MAINTENANCE })},
		`type: "etcdraft" -> "BFT"`:                {change: consensus(func(c *orderer.ConsensusType) { c.Type = "BFT" }), unexplained: true},
		"client_tls_cert: certificate 1 of orderer0.branda": {change: raft(func(r *etcdraft.ConfigMetadata) {
			r.Consenters[0].ClientTlsCert = other
		})},
		"options election_tick: ": {change: raft(func(r *etcdraft.ConfigMetadata) { r.Options.ElectionTick = 99 })},
		" server_tls_cert again: nothing -> ": {change: raft(func(r *etcdraft.ConfigMetadata) {
			r.Consenters = append(r.Consenters, proto.Clone(r.GetConsenters()[0]).(*etcdraft.Consenter))
		})},
		"config admins: nothing -> [certificate 1 of other":             {change: described(func(d *msp.FabricMSPConfig) { d.Admins = [][]byte{other} })},
		"config intermediate_certs: nothing -> [certificate 1 of other": {change: described(func(d *msp.FabricMSPConfig) { d.IntermediateCerts = [][]byte{other} })},
		"config tls_root_certs: ":                                       {change: described(func(d *msp.FabricMSPConfig) { d.TlsRootCerts = [][]byte{other} })},
		"admin_ou_identifier organizational_unit_identifier: \"admin\" -> \"client\"": {change: described(func(d *msp.FabricMSPConfig) {
			d.FabricNodeOus.AdminOuIdentifier.OrganizationalUnitIdentifier = "client"
		})},
		"config admins: nothing -> [": {change: described(func(d *msp.FabricMSPConfig) { d.Admins = [][]byte{append([]byte("more\n"), other...)} }), unexplained: true},
		"config unknown: nothing -> ": {change: described(func(d *msp.FabricMSPConfig) { d.ProtoReflect().SetUnknown([]byte{0xf8, 0x07, 1}) }), unexplained: true},
		"BatchSize max_message_count: ": {change: func(channel *common.ConfigGroup) {
			rewritten(t, &channel.GetGroups()[ordererGroup].GetValues()["BatchSize"].Value, new(orderer.BatchSize), func(b *orderer.BatchSize) { b.MaxMessageCount = 12345 })
		}},
		"Strange: nothing -> 3 bytes, SHA-256 ": {change: func(channel *common.ConfigGroup) {
			channel.GetValues()["Strange"] = &common.ConfigValue{Value: []byte("abc"), ModPolicy: "Admins"}
		}, unexplained: true},
		"/Admins: OutOf(3, ": {change: rule(func(e *common.SignaturePolicyEnvelope) { e.Version = 7 }), unexplained: true},
		"IDENTITY of ": {change: rule(func(e *common.SignaturePolicyEnvelope) {
			e.Identities[0] = &msp.MSPPrincipal{PrincipalClassification: msp.MSPPrincipal_IDENTITY, Principal: []byte("somebody")}
		}), unexplained: true},
	} {
		founded := foundedOn(t, m)
		next := configtx.New(founded)
		c.change(next.UpdatedConfig().GetChannelGroup())
		update, err := next.ComputeMarshaledUpdate(m.Channel)
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		review, err := ReviewOf(founded, update)
		if err != nil || !strings.Contains(textOf(review.Differences), want) || review.Unexplained() != c.unexplained {
			t.Errorf("want %s, unexplained %v: %v %+v", want, c.unexplained, err, review.Differences)
		}
	}
}

func TestAChangeThatSaysNothingIsUnexplained(t *testing.T) {
	m := consortium(1)
	update, err := proto.Marshal(&common.ConfigUpdate{ReadSet: &common.ConfigGroup{}, WriteSet: &common.ConfigGroup{}})
	if err != nil {
		t.Fatal(err)
	}
	review, err := ReviewOf(foundedOn(t, m), update)
	if err != nil || !review.Unexplained() {
		t.Errorf("%+v, %v", review, err)
	}
}

package administration

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/etcdraft"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
)

// Differences says in words what an update changes of a configuration, a line for each thing, in the order of their paths.
func Differences(config *common.Config, update []byte) ([]string, error) {
	var wanted common.ConfigUpdate
	if err := proto.Unmarshal(update, &wanted); err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "the update can't be read")
	}
	var d differences
	d.group("/Channel", config.GetChannelGroup(), wanted.GetReadSet(), wanted.GetWriteSet())
	return d, nil
}

type differences []string

func (d *differences) add(path, was, is string) {
	if was == "" {
		was = "nothing"
	}
	*d = append(*d, fmt.Sprintf("%s: %s -> %s", path, was, is))
}

func (d *differences) group(path string, now, read, written *common.ConfigGroup) {
	if written.GetVersion() != read.GetVersion() || read == nil {
		d.membership(path, now, written)
	}
	for _, name := range slices.Sorted(maps.Keys(written.GetValues())) {
		value, before := written.GetValues()[name], read.GetValues()[name]
		if before == nil || before.GetVersion() != value.GetVersion() {
			d.value(path+"/"+name, name, now.GetValues()[name], value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(written.GetPolicies())) {
		rule, before := written.GetPolicies()[name], read.GetPolicies()[name]
		if before == nil || before.GetVersion() != rule.GetVersion() {
			d.add(path+"/"+name, ruleInWords(now.GetPolicies()[name]), ruleInWords(rule))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(written.GetGroups())) {
		d.group(path+"/"+name, now.GetGroups()[name], read.GetGroups()[name], written.GetGroups()[name])
	}
}

// membership is what a group loses as a whole, and who may change it.
func (d *differences) membership(path string, now, written *common.ConfigGroup) {
	if now.GetModPolicy() != written.GetModPolicy() {
		d.add(path, "changed by "+now.GetModPolicy(), "changed by "+written.GetModPolicy())
	}
	gone := append(append(missing(now.GetGroups(), written.GetGroups()), missing(now.GetPolicies(), written.GetPolicies())...), missing(now.GetValues(), written.GetValues())...)
	for _, name := range gone {
		d.add(path+"/"+name, "there", "gone")
	}
}

func missing[V any](was, is map[string]V) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(was)), func(name string) bool { _, there := is[name]; return there })
}

func (d *differences) value(path, name string, now, written *common.ConfigValue) {
	switch name {
	case mspValue:
		d.add(path, descriptionInWords(now), descriptionInWords(written))
	case consensusTypeValue:
		d.consenters(path, now, written)
	default:
		d.add(path, bytesInWords(now.GetValue()), bytesInWords(written.GetValue()))
	}
}

func (d *differences) consenters(path string, now, written *common.ConfigValue) {
	before, after := consentersIn(now), consentersIn(written)
	for _, address := range slices.Sorted(maps.Keys(before)) {
		if before[address] != after[address] {
			is := after[address]
			if is == "" {
				is = "gone"
			}
			d.add(path+" "+address, before[address], is)
		}
	}
	for _, address := range missing(after, before) {
		d.add(path+" "+address, "", after[address])
	}
}

func consentersIn(value *common.ConfigValue) map[string]string {
	section := &common.ConfigGroup{Groups: map[string]*common.ConfigGroup{ordererGroup: {Values: map[string]*common.ConfigValue{consensusTypeValue: value}}}}
	raft, _, err := raftOf(&common.Config{ChannelGroup: section})
	if err != nil {
		raft = new(etcdraft.ConfigMetadata)
	}
	named := map[string]string{}
	for _, c := range raft.GetConsenters() {
		named[addressOf(c)] = certificateInWords(c.GetServerTlsCert())
	}
	return named
}

func descriptionInWords(value *common.ConfigValue) string {
	var wrapped msp.MSPConfig
	var description msp.FabricMSPConfig
	if value == nil {
		return ""
	}
	if proto.Unmarshal(value.GetValue(), &wrapped) != nil || proto.Unmarshal(wrapped.GetConfig(), &description) != nil {
		return bytesInWords(value.GetValue())
	}
	var roots []string
	for _, root := range description.GetRootCerts() {
		roots = append(roots, certificateInWords(root))
	}
	revoked := 0
	for _, list := range description.GetRevocationList() {
		if parsed, err := parseRevocations(list); err == nil {
			revoked += len(parsed.RevokedCertificateEntries)
		}
	}
	return fmt.Sprintf("authorities [%s], %d revocations", strings.Join(roots, ", "), revoked)
}

func certificateInWords(encoded []byte) string {
	block, _ := pem.Decode(encoded)
	if block == nil {
		return bytesInWords(encoded)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return bytesInWords(encoded)
	}
	return fmt.Sprintf("certificate %x of %s", certificate.SerialNumber, certificate.Subject.CommonName)
}

func bytesInWords(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	return fmt.Sprintf("%d bytes", len(data))
}

// ruleInWords is a rule in Fabric's text, as far as that has words, and who may change it.
func ruleInWords(rule *common.ConfigPolicy) string {
	if rule == nil {
		return ""
	}
	text := bytesInWords(rule.GetPolicy().GetValue())
	switch rule.GetPolicy().GetType() {
	case int32(common.Policy_SIGNATURE):
		var envelope common.SignaturePolicyEnvelope
		if proto.Unmarshal(rule.GetPolicy().GetValue(), &envelope) == nil {
			text = signaturesInWords(envelope.GetRule(), envelope.GetIdentities())
		}
	case int32(common.Policy_IMPLICIT_META):
		var meta common.ImplicitMetaPolicy
		if proto.Unmarshal(rule.GetPolicy().GetValue(), &meta) == nil {
			text = meta.GetRule().String() + " " + meta.GetSubPolicy()
		}
	}
	return text + ", changed by " + rule.GetModPolicy()
}

func signaturesInWords(rule *common.SignaturePolicy, principals []*msp.MSPPrincipal) string {
	several := rule.GetNOutOf()
	if several == nil {
		at := int(rule.GetSignedBy())
		if at < 0 || at >= len(principals) {
			return "?"
		}
		return principalInWords(principals[at])
	}
	var parts []string
	for _, part := range several.GetRules() {
		parts = append(parts, signaturesInWords(part, principals))
	}
	return fmt.Sprintf("OutOf(%d, %s)", several.GetN(), strings.Join(parts, ", "))
}

// certifierBytes of an authority's identifier are enough to tell two apart.
const certifierBytes = 4

func principalInWords(principal *msp.MSPPrincipal) string {
	switch principal.GetPrincipalClassification() {
	case msp.MSPPrincipal_ROLE:
		var role msp.MSPRole
		if proto.Unmarshal(principal.GetPrincipal(), &role) == nil {
			return fmt.Sprintf("'%s.%s'", role.GetMspIdentifier(), strings.ToLower(role.GetRole().String()))
		}
	case msp.MSPPrincipal_ORGANIZATION_UNIT:
		var unit msp.OrganizationUnit
		if proto.Unmarshal(principal.GetPrincipal(), &unit) == nil {
			certifiers := unit.GetCertifiersIdentifier()
			return fmt.Sprintf("unit %s of %s by authority %s", unit.GetOrganizationalUnitIdentifier(), unit.GetMspIdentifier(), hex.EncodeToString(certifiers[:min(certifierBytes, len(certifiers))]))
		}
	}
	return principal.GetPrincipalClassification().String()
}

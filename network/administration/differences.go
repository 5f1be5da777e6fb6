package administration

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
)

// Difference is one thing that an update changes of a configuration.
type Difference struct {
	Text string
	// Unexplained is set where the words don't say what it means: only that something differs.
	Unexplained bool
}

// Differences says in words everything that an update changes of a configuration, in the order of their paths.
func Differences(config *common.Config, update []byte) ([]Difference, error) {
	var wanted common.ConfigUpdate
	if err := proto.Unmarshal(update, &wanted); err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "the update can't be read")
	}
	var d differences
	d.group("/Channel", config.GetChannelGroup(), wanted.GetReadSet(), wanted.GetWriteSet())
	for _, name := range slices.Sorted(maps.Keys(wanted.GetIsolatedData())) {
		d.unexplained("isolated data "+name, "", bytesInWords(wanted.GetIsolatedData()[name]))
	}
	return d, nil
}

type differences []Difference

func (d *differences) add(path, was, is string) {
	*d = append(*d, Difference{Text: change(path, was, is)})
}

func (d *differences) unexplained(path, was, is string) {
	*d = append(*d, Difference{Text: change(path, was, is), Unexplained: true})
}

func change(path, was, is string) string {
	return fmt.Sprintf("%s: %s -> %s", path, orNothing(was), orNothing(is))
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
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
			d.rule(path+"/"+name, now.GetPolicies()[name], rule)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(written.GetGroups())) {
		d.group(path+"/"+name, now.GetGroups()[name], read.GetGroups()[name], written.GetGroups()[name])
	}
}

// membership is what a group loses as a whole, and who may change it. What it gains is said where that is.
func (d *differences) membership(path string, now, written *common.ConfigGroup) {
	d.modPolicy(path, now.GetModPolicy(), written.GetModPolicy())
	gone := append(append(missing(now.GetGroups(), written.GetGroups()), missing(now.GetPolicies(), written.GetPolicies())...), missing(now.GetValues(), written.GetValues())...)
	for _, name := range gone {
		d.add(path+"/"+name, "there", "gone")
	}
	if now != nil && now.GetModPolicy() == written.GetModPolicy() && sameNames(now, written) {
		d.add(path, "as it is", "the same, written anew")
	}
}

func (d *differences) modPolicy(path, was, is string) {
	if was != is {
		d.add(path, byInWords(was), byInWords(is))
	}
}

func byInWords(modPolicy string) string {
	if modPolicy == "" {
		return ""
	}
	return "changed by " + modPolicy
}

func missing[V any](was, is map[string]V) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(was)), func(name string) bool { _, there := is[name]; return there })
}

func (d *differences) value(path, name string, now, written *common.ConfigValue) {
	d.modPolicy(path, now.GetModPolicy(), written.GetModPolicy())
	if bytes.Equal(now.GetValue(), written.GetValue()) {
		if now.GetModPolicy() == written.GetModPolicy() {
			d.add(path, "as it is", "the same, written anew")
		}
		return
	}
	before, after, said := partsOf(name, now.GetValue()), partsOf(name, written.GetValue()), false
	for _, at := range slices.Sorted(maps.Keys(both(before, after))) {
		was, is := before[at], after[at]
		if was == is {
			continue
		}
		said = true
		*d = append(*d, Difference{Text: change(strings.TrimSuffix(path+" "+at, " "), was.text, is.text), Unexplained: was.opaque || is.opaque})
	}
	if !said {
		d.unexplained(path, bytesInWords(now.GetValue()), bytesInWords(written.GetValue()))
	}
}

func both[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// rule says what becomes of a rule. One whose words stay the same though it doesn't is told by its bytes.
func (d *differences) rule(path string, now, written *common.ConfigPolicy) {
	was, wasTold := ruleInWords(now)
	is, isTold := ruleInWords(written)
	switch {
	case proto.Equal(now.GetPolicy(), written.GetPolicy()) && now.GetModPolicy() == written.GetModPolicy():
		d.add(path, "as it is", "the same, written anew")
	case was == is && now != nil:
		d.unexplained(path, was+", "+bytesInWords(now.GetPolicy().GetValue()), is+", "+bytesInWords(written.GetPolicy().GetValue()))
	case wasTold && isTold:
		d.add(path, was, is)
	default:
		d.unexplained(path, was, is)
	}
}

// digestDigits of a SHA-256, in hexadecimal, tell two certificates or contents apart.
const digestDigits = 16

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:digestDigits]
}

// certificateInWords names a certificate by what it says of itself, which others may say too, and by its SHA-256.
func certificateInWords(encoded []byte) (string, bool) {
	block, _ := pem.Decode(encoded)
	if block == nil || !bytes.Equal(bytes.TrimSpace(pem.EncodeToMemory(block)), bytes.TrimSpace(encoded)) {
		return "", false // Something stands beside the certificate, or isn't one.
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", false
	}
	return fmt.Sprintf("certificate %x of %s, SHA-256 %s", certificate.SerialNumber, certificate.Subject.CommonName, digest(block.Bytes)), true
}

func bytesInWords(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	return fmt.Sprintf("%d bytes, SHA-256 %s", len(data), digest(data))
}

// ruleInWords is a rule in Fabric's text and who may change it, and whether the text says all of it.
func ruleInWords(rule *common.ConfigPolicy) (string, bool) {
	if rule == nil {
		return "", true
	}
	text, told := fmt.Sprintf("rule of type %d, %s", rule.GetPolicy().GetType(), orNothing(bytesInWords(rule.GetPolicy().GetValue()))), false
	switch rule.GetPolicy().GetType() {
	case int32(common.Policy_SIGNATURE):
		var envelope common.SignaturePolicyEnvelope
		if proto.Unmarshal(rule.GetPolicy().GetValue(), &envelope) == nil {
			text, told = signaturesInWords(envelope.GetRule(), envelope.GetIdentities())
		}
	case int32(common.Policy_IMPLICIT_META):
		var meta common.ImplicitMetaPolicy
		if proto.Unmarshal(rule.GetPolicy().GetValue(), &meta) == nil {
			text, told = meta.GetRule().String()+" "+meta.GetSubPolicy(), true
		}
	}
	return text + ", " + orNothing(byInWords(rule.GetModPolicy())), told
}

func signaturesInWords(rule *common.SignaturePolicy, principals []*msp.MSPPrincipal) (string, bool) {
	several := rule.GetNOutOf()
	if several == nil {
		at := int(rule.GetSignedBy())
		if at < 0 || at >= len(principals) {
			return "?", false
		}
		return principalInWords(principals[at])
	}
	var parts []string
	told := true
	for _, part := range several.GetRules() {
		text, ok := signaturesInWords(part, principals)
		parts, told = append(parts, text), told && ok
	}
	return fmt.Sprintf("OutOf(%d, %s)", several.GetN(), strings.Join(parts, ", ")), told
}

// certifierBytes of an authority's identifier are enough to tell two apart.
const certifierBytes = 8

func principalInWords(principal *msp.MSPPrincipal) (string, bool) {
	switch principal.GetPrincipalClassification() {
	case msp.MSPPrincipal_ROLE:
		var role msp.MSPRole
		if proto.Unmarshal(principal.GetPrincipal(), &role) == nil {
			return fmt.Sprintf("'%s.%s'", role.GetMspIdentifier(), strings.ToLower(role.GetRole().String())), true
		}
	case msp.MSPPrincipal_ORGANIZATION_UNIT:
		var unit msp.OrganizationUnit
		if proto.Unmarshal(principal.GetPrincipal(), &unit) == nil {
			certifiers := unit.GetCertifiersIdentifier()
			authority := hex.EncodeToString(certifiers[:min(certifierBytes, len(certifiers))])
			return fmt.Sprintf("unit %s of %s by authority %s", unit.GetOrganizationalUnitIdentifier(), unit.GetMspIdentifier(), orNothing(authority)), true
		}
	}
	return principal.GetPrincipalClassification().String() + " of " + orNothing(bytesInWords(principal.GetPrincipal())), false
}

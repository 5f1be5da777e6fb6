package administration

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
)

// Deciders are those who have to sign an update, by who may change at present what it writes.
type Deciders struct {
	// Members are the organisations whose own administrator has to sign, by their names in the channel.
	Members []string
	// Rules are rules that several organisations meet together, by their paths.
	Rules []string
	texts map[string]string // Of the rules.
}

// DecidersOf an update on a configuration. Things that an update adds are decided by who may change the group that gets them. CHANNEL_UPDATE when it can't be read.
func DecidersOf(config *common.Config, update []byte) (Deciders, error) {
	var wanted common.ConfigUpdate
	if err := proto.Unmarshal(update, &wanted); err != nil {
		return Deciders{}, failure.Wrap(failure.ChannelUpdate, err, "the update can't be read")
	}
	found := deciding{}
	found.group("/Channel", config.GetChannelGroup(), wanted.GetWriteSet())
	d := Deciders{texts: map[string]string{}}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if member, ok := ownRule(path); ok {
			if !slices.Contains(d.Members, member) {
				d.Members = append(d.Members, member)
			}
			continue
		}
		d.Rules = append(d.Rules, path)
		d.texts[path], _ = ruleInWords(ruleAt(config.GetChannelGroup(), path))
	}
	slices.Sort(d.Members)
	return d, nil
}

// Lacking are the members whose own signature an update needs and that aren't among the signers.
func (d Deciders) Lacking(signers []string) []string {
	return slices.DeleteFunc(slices.Clone(d.Members), func(member string) bool { return slices.Contains(signers, member) })
}

// String says who has to sign.
func (d Deciders) String() string {
	var all []string
	if len(d.Members) > 0 {
		all = append(all, "the administrator of each of "+strings.Join(d.Members, ", "))
	}
	for _, path := range d.Rules {
		all = append(all, fmt.Sprintf("those who meet %s (%s)", path, orNothing(d.texts[path])))
	}
	return strings.Join(all, "; and by ")
}

// deciding are the paths of rules that decide.
type deciding map[string]bool

func (d deciding) add(group, modPolicy string) {
	if !strings.HasPrefix(modPolicy, "/") {
		modPolicy = group + "/" + modPolicy
	}
	d[modPolicy] = true
}

func (d deciding) group(path string, now, written *common.ConfigGroup) {
	if now == nil {
		return
	}
	if written.GetVersion() != now.GetVersion() {
		d.add(path, now.GetModPolicy())
	}
	for name, value := range written.GetValues() {
		if is := now.GetValues()[name]; is != nil && is.GetVersion() != value.GetVersion() {
			d.add(path, is.GetModPolicy())
		}
	}
	for name, rule := range written.GetPolicies() {
		if is := now.GetPolicies()[name]; is != nil && is.GetVersion() != rule.GetVersion() {
			d.add(path, is.GetModPolicy())
		}
	}
	for name, inner := range written.GetGroups() {
		d.group(path+"/"+name, now.GetGroups()[name], inner)
	}
}

// ownRule tells whether a rule is in the group of one organisation, /Channel/<section>/<organisation>/<rule>, and of which.
func ownRule(path string) (string, bool) {
	steps := strings.Split(strings.TrimPrefix(path, "/"), "/")
	const length, organisation = 4, 2
	if len(steps) != length {
		return "", false
	}
	return steps[organisation], true
}

func ruleAt(group *common.ConfigGroup, path string) *common.ConfigPolicy {
	steps := strings.Split(strings.TrimPrefix(path, "/Channel/"), "/")
	for _, name := range steps[:len(steps)-1] {
		group = group.GetGroups()[name]
	}
	return group.GetPolicies()[steps[len(steps)-1]]
}

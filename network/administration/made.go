package administration

import (
	"bytes"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
)

// made tells whether a configuration has everything that an update writes. CHANNEL_UPDATE when it fits the configuration no more: somebody changed what it builds on,
// and ordering nodes would refuse it.
func made(config *common.Config, update []byte) (bool, error) {
	var wanted common.ConfigUpdate
	if err := proto.Unmarshal(update, &wanted); err != nil {
		return false, failure.Wrap(failure.ChannelUpdate, err, "the update can't be read")
	}
	var p progress
	p.group(config.GetChannelGroup(), wanted.GetReadSet(), wanted.GetWriteSet())
	switch {
	case p.open == 0 && p.other == 0:
		return true, nil
	case p.done > 0 || p.other > 0:
		return false, failure.New(failure.ChannelUpdate, "the channel has changed since this was written: write it anew, and have it signed anew")
	}
	return false, nil
}

// progress counts what an update writes: what a configuration has already, what it may get, and what has become something else.
type progress struct{ done, open, other int }

func (p *progress) group(now, read, written *common.ConfigGroup) {
	if written.GetVersion() != read.GetVersion() || read == nil {
		p.element(now != nil, now.GetVersion(), written.GetVersion(), now.GetModPolicy() == written.GetModPolicy() && sameNames(now, written))
	}
	for name, value := range written.GetValues() {
		if before := read.GetValues()[name]; before == nil || before.GetVersion() != value.GetVersion() {
			is := now.GetValues()[name]
			p.element(is != nil, is.GetVersion(), value.GetVersion(), bytes.Equal(is.GetValue(), value.GetValue()) && is.GetModPolicy() == value.GetModPolicy())
		}
	}
	for name, rule := range written.GetPolicies() {
		if before := read.GetPolicies()[name]; before == nil || before.GetVersion() != rule.GetVersion() {
			is := now.GetPolicies()[name]
			p.element(is != nil, is.GetVersion(), rule.GetVersion(), proto.Equal(is.GetPolicy(), rule.GetPolicy()) && is.GetModPolicy() == rule.GetModPolicy())
		}
	}
	for name, inner := range written.GetGroups() {
		p.group(now.GetGroups()[name], read.GetGroups()[name], inner)
	}
}

// element is one thing that is written with the version that follows the present one.
func (p *progress) element(there bool, version, written uint64, equal bool) {
	switch {
	case there && version == written && equal:
		p.done++
	case there && version+1 == written, !there && written == 0:
		p.open++
	default:
		p.other++
	}
}

// sameNames tells whether two groups hold things of the same names.
func sameNames(a, b *common.ConfigGroup) bool {
	return sameKeys(a.GetGroups(), b.GetGroups()) && sameKeys(a.GetPolicies(), b.GetPolicies()) && sameKeys(a.GetValues(), b.GetValues())
}

func sameKeys[V any](a, b map[string]V) bool {
	for name := range a {
		if _, there := b[name]; !there {
			return false
		}
	}
	return len(a) == len(b)
}

package audit

import (
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"

	"github.com/tallystick/tallystick/gateway/blocks"
)

func TestCrossBrandOperationsAreReplayedInFullWhereThePairsDataIsHeld(t *testing.T) {
	m := trade(t)
	m.everything()
	s := audit(t, m.saved(t), Options{})
	if s.Verdict != VerdictPassed {
		t.Fatalf("%v", s.Finding)
	}
	pair := s.Clearing[0].Pairs[0]
	if !pair.Held || pair.FullReplays != 11 || pair.PublicReplays != 0 || len(pair.Booked) != 1 || len(pair.Services) == 0 {
		t.Errorf("%+v", pair)
	}
	for _, p := range s.Programmes {
		if p.PublicReplays != 0 {
			t.Errorf("%s: %d public replays", p.Programme, p.PublicReplays)
		}
	}
}

func TestCrossBrandOperationsAreReplayedPubliclyElsewhere(t *testing.T) {
	m := trade(t)
	m.everything()
	s := audit(t, m.saved(t, m.pair.Collection()), Options{})
	if s.Verdict != VerdictPassed {
		t.Fatalf("%v", s.Finding)
	}
	pair := s.Clearing[0].Pairs[0]
	if pair.Held || pair.FullReplays != 0 || pair.PublicReplays != 11 || len(pair.Booked) != 0 || len(pair.Services) != 0 {
		t.Errorf("%+v", pair)
	}
}

// A node that got a pair's data from some time on only.
func TestPairWhoseDataIsHeldInPartIsReplayedPubliclyWhereItIsNot(t *testing.T) {
	m := trade(t)
	m.everything()
	a := m.saved(t)
	for n := range m.beforeTrading {
		change(t, a, n, func(d *blocks.Delivered) { d.Private = nil })
	}
	s := audit(t, a, Options{})
	if s.Verdict != VerdictPassed {
		t.Fatalf("%v", s.Finding)
	}
	if pair := s.Clearing[0].Pairs[0]; pair.Held || pair.PublicReplays == 0 {
		t.Errorf("%+v", pair)
	}
}

func TestPairsDataThatDoesNotHaveItsHashesIsFound(t *testing.T) {
	m := trade(t)
	m.everything()
	for name, alter := range map[string]func(*kvrwset.KVRWSet){
		"changed":      func(kv *kvrwset.KVRWSet) { kv.Writes[0].Value = append(kv.Writes[0].Value, ' ') },
		"one left out": func(kv *kvrwset.KVRWSet) { kv.Writes = kv.Writes[1:] },
		"deleted":      func(kv *kvrwset.KVRWSet) { kv.Writes[0].IsDelete, kv.Writes[0].Value = true, nil },
	} {
		a := m.saved(t)
		change(t, a, m.beforeTrading, func(d *blocks.Delivered) {
			c := d.Private[0].NsPvtRwset[0].CollectionPvtRwset[0]
			kv := new(kvrwset.KVRWSet)
			unmarshal(t, c.Rwset, kv)
			alter(kv)
			c.Rwset = remarshal(t, kv)
		})
		if f := audit(t, a, Options{}).Finding; f == nil || f.Check != CheckPrivateHash || f.Block != m.beforeTrading {
			t.Errorf("%s: found %v", name, f)
		}
	}
}

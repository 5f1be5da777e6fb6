package sequencer

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/store"
)

func TestFoldsTakeWhatCameFirstAndLeaveAloneWhatIsBeingFolded(t *testing.T) {
	_, p := start(t)
	f := &Folder{Sequencer: p.Sequencer}
	f.errands = errands{sequencer: p.Sequencer}
	var waiting []store.Waiting
	place := func(n int) points.InboxPlace { return points.InboxPlace{MSP: "HotelMSP", Lane: 1032, Seq: 1, N: n} }
	for n := range 2*points.MaxFold + 4 {
		account := points.AccountID("a")
		if n%(points.MaxFold+2) == 1 {
			account = "b"
		}
		waiting = append(waiting, store.Waiting{Place: place(n), Entry: points.InboxEntry{Account: account}})
	}
	folds := f.folds(waiting, map[points.InboxPlace]bool{place(0): true})
	var shape []string
	seen := map[points.InboxPlace]bool{}
	for _, one := range folds {
		shape = append(shape, fmt.Sprint(one.operation.Account, len(one.operation.Entries)))
		for _, e := range one.operation.Entries {
			if seen[e] || e == place(0) {
				t.Errorf("credit %v is folded twice", e)
			}
			seen[e] = true
		}
	}
	if want := "[b2 a32 a32 a1]"; fmt.Sprint(shape) != want || len(seen) != len(waiting)-1 {
		t.Errorf("the folds are %v, want %s", shape, want)
	}
	if again := f.folds(waiting, map[points.InboxPlace]bool{place(0): true}); !reflect.DeepEqual(folds, again) {
		t.Error("the same folds have other keys the second time")
	}
	if other := f.folds(waiting[:5], nil); other[0].key == folds[0].key || other[1].key == folds[0].key {
		t.Error("other folds have the same keys")
	}
}
